"""What is said of testers; above all that the arithmetic shown can be redone by hand."""

import re
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core.analytics.account_settings import LeaderboardSettings, settings_from
from core.base.text import UNKNOWN
from core.testers import words as tester_words
from core.testers.leaderboard import Leaderboard, explain_rank
from core.testers.ranking import rank_testers
from core.testers.triage_rates import rates
from tests.draws import draws
from tests.testers.test_ranking import frame, plain


def board(*people, newcomer_below=10, without_tester=0, order="contribution"):
    """Testers by their accepted and decided bugs of a weight of 1, or by triples of `frame`."""
    triples = [plain(*bugs) if isinstance(bugs, tuple) else bugs for bugs in people]
    found, prior = rank_testers(frame(*triples), newcomer_below=newcomer_below, order=order)
    return Leaderboard(found.assign(reported=found["decided"]), prior, without_tester, order)


def reason(found, tester_id, severities, weights):
    bugs = pd.DataFrame(severities, columns=["key", "accepted", "decided"])
    bugs = bugs.astype({"key": object})
    return explain_rank(found, tester_id=tester_id, bugs=bugs, weights=weights)


def redone(text):
    """A sum as a person types it into a calculator, without its units."""
    plain = (
        re.sub("bugs?|points?", "", text)
        .replace(tester_words.TIMES, "*")
        .replace(tester_words.DIVIDED, "/")
        .replace(",", "")
    )
    return eval(plain)  # what the page shows, and nothing else


@pytest.mark.parametrize("order", ["contribution", "quality"])
@pytest.mark.parametrize("seed", range(draws(12)))
def test_the_arithmetic_can_be_redone_by_hand(seed, order):
    rng = np.random.default_rng(seed)
    weights = {"critical": 5, "high": 2.5, "low": 0.1}
    decided = {name: int(rng.integers(1, 4_000)) for name in (*weights, "custom", None)}
    severities = [
        (name, int(rng.integers(0, number + 1)), number) for name, number in decided.items()
    ]
    own = [(weights.get(name, 0), accepted, number) for name, accepted, number in severities]
    found = board(own, (30, 44), (3, 12), order=order)
    steps = tester_words.arithmetic(reason(found, 1, severities, weights))
    total = 0.0
    for what, how, result in steps:
        shown = float(result.replace(",", ""))
        if what == "Points earned":
            assert shown == pytest.approx(total, abs=1e-6)
        else:
            decimals = len(result.partition(".")[2])
            assert redone(how) == pytest.approx(shown, abs=0.5000001 * 10**-decimals)
        if what.endswith(", accepted"):
            total += shown
    said = [what for what, _, _ in steps[len(severities) :]]
    last = ["Contribution"] if order == "contribution" else []
    assert said == ["Points earned", "Points decided", "Share of points", "Quality", *last]
    assert redone(steps[-1][1]) == pytest.approx(
        found.people.set_index("tester_id").loc[1, "score"], abs=1e-8
    )


def test_one_without_a_decided_bug_has_no_share():
    found = board((0, 0))
    steps = {what: result for what, _, result in tester_words.arithmetic(reason(found, 1, [], {}))}
    assert steps["Share of points"] == UNKNOWN
    assert steps["Contribution"] == "0.00"


def test_the_answer_names_the_first_the_order_and_how_sure_that_is():
    clear = board((90, 100), (10, 50), (3, 3))
    assert tester_words.testers_answer(clear, 10) == (
        "T001 leads 2 ranked testers by contribution; 1 newcomer not ranked yet."
    )
    close = board((80, 100), (81, 101), (79, 100), (10, 20), order="quality")
    said = tester_words.testers_answer(close, 10)
    assert "4 ranked testers by quality; 0" in said or ", surely among the first " in said
    many = board((80, 100), (80, 101), (80, 102), (10, 50))
    assert "by contribution, surely among the first 3" in (tester_words.testers_answer(many, 10))
    tied = board((40, 50), (40, 50))
    assert tester_words.testers_answer(tied, 10).startswith("T001 and T002 lead 2 ranked testers")
    nobody = board((3, 3))
    assert "so no fair rank can be given" in tester_words.testers_answer(nobody, 10)
    alone = board((3, 3), newcomer_below=1)
    assert tester_words.testers_answer(alone, 1).startswith("T001 leads 1 ranked tester by")


def test_places_and_intervals():
    assert tester_words.rank_label(3, tied=False) == "3"
    assert tester_words.rank_label(1_203, tied=True) == "1,203="
    assert tester_words.rank_label(pd.NA, tied=False) == "new"
    assert tester_words.rank_range(2, 6) == "2 to 6"
    assert tester_words.rank_range(1, 1) == "1"
    assert tester_words.rank_range(pd.NA, pd.NA) == UNKNOWN


def test_a_tie_is_said_with_whom():
    found = board(*[(40, 50)] * 6, (5, 12))
    said = tester_words.tied(reason(found, 2, [("low", 40, 50)], {"low": 1}))
    assert said == "The same score as T001, T003, T004 and 2 more."
    assert tester_words.tied(reason(found, 7, [("low", 5, 12)], {"low": 1})) == ""


def test_what_separates_neighbours_is_said_from_the_right_side():
    for order in ("contribution", "quality"):
        found = board((40, 60), (45, 60), (30, 60), order=order)
        assert found.people["tester"].tolist() == ["T002", "T001", "T003"]
        middle = reason(found, 1, [("low", 40, 60)], {"low": 1})
        above = tester_words.neighbour(middle.above, order, is_above=True)
        below = tester_words.neighbour(middle.below, order, is_above=False)
        gap = found.people["score"].diff().abs().tolist()
        if order == "quality":
            assert above.startswith(f"{middle.above.score:.2%}".replace("%", " %, "))
            assert f"{gap[2] * 100:.2f} % behind; " in below
            continue
        assert above.startswith(f"{middle.above.score:.2f}, {gap[1]:.2f} ahead (+")
        points, share = middle.below.by_points, middle.below.by_share
        assert points + share == pytest.approx(gap[2])
        said = f"{gap[2]:.2f} behind (+{points:.2f} by points, +{share:.2f} by quality)"
        assert said in below


def test_bugs_of_a_severity_without_a_weight_are_told():
    found = board((30, 40), (20, 30))
    known = Leaderboard(found.people.assign(unknown=[0, 0]), found.prior, 0)
    assert tester_words.unknown_note(known) == ""
    some = Leaderboard(found.people.assign(unknown=[2, 1]), found.prior, 0)
    assert tester_words.unknown_note(some) == (
        "3 decided bugs of a severity without a weight: no points."
    )


def test_a_newcomer_is_told_what_is_missing():
    found = board((3, 3), (60, 70))
    said = tester_words.rank_sentence(reason(found, 1, [("low", 3, 3)], {"low": 1}), 10)
    assert said == "Not ranked yet: 3 decided bugs of the 10 that it takes."
    row = next(found.newcomers.itertuples(index=False))
    assert tester_words.person_answer("T1", row, found, 10) == (
        "T1 reported 3 bugs, 100 % of 3 decided ones accepted; 7 decided bugs short of a rank."
    )
    untried = SimpleNamespace(reported=1, decided=0, weighed=0, acceptance=None, newcomer=True)
    assert "1 bug, none of them decided yet" in tester_words.person_answer("X", untried, found, 10)


def test_what_a_trial_changes_is_said():
    own = LeaderboardSettings()
    tried = LeaderboardSettings(
        weights={**own.weights, "critical": 8, "odd": 0.5}, newcomer_below=5, most_rejected=0.125
    )
    assert tester_words.settings_changed(own, tried) == [
        "critical weighs 8 instead of 5",
        "odd weighs 0.5 instead of 0",
        "newcomers have fewer than 5 decided bugs instead of 10",
        "healthy: rejected under 12.5 % instead of 20 %",
    ]
    assert tester_words.settings_changed(own, own) == []
    assert settings_from(LeaderboardSettings, None) == own
    stored = {"newcomer_below": 4, "gone": 1}
    assert settings_from(LeaderboardSettings, stored).newcomer_below == 4


def test_the_field_is_told_in_one_sentence():
    day = pd.Timestamp("2024-01-01").date()
    days = pd.DataFrame(
        [
            (day, "accepted", None, 900),
            (day, "rejected", None, 60),
            (day, "auto_accepted", None, 400),
        ],
        columns=["day", "status", "reason", "bugs"],
        dtype=object,
    )
    found = rates(days, LeaderboardSettings(), since=day)
    assert tester_words.field_answer(found) == (
        "Rejected is healthy; "
        "reviewed by a person and accepted automatically are outside their range."
    )
    said = [tester_words.rate_sentence(rate) for rate in found]
    assert said[0].startswith("95 % interval")
    assert said[1].startswith("Healthy over 80 %; 95 % interval")
    none = rates(days.head(0), LeaderboardSettings(), since=day)
    assert "No bug was reported" in tester_words.field_answer(none)
    assert tester_words.rate_sentence(none[0]) == "No settled decided bugs in this period."
    young = rates(days, LeaderboardSettings(), since=day - timedelta(days=1))
    assert [rate.waiting for rate in young] == [1_360] * 4
    assert tester_words.field_answer(young) == "Every bug of this period is still being decided."
