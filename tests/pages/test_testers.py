"""The tester leaderboard under AppTest: ranks, why, raw counts, the field, weights, one tester."""

import json
from datetime import timedelta

import pandas as pd
import pytest

from core.analytics.account_settings import LeaderboardSettings, changes, save_settings, settings_of
from core.base import clock
from core.base.text import UNKNOWN
from core.ingest.parse.testio import parse_bug, parse_cycle, parse_product, parse_reject_reason
from core.ingest.save.testio import save_bugs, save_cycles, save_products, save_reject_reasons
from core.store import Scope, User, table
from tests.stores import open_store

HOSTILE = 'O"Neil *bold* [x](javascript:1) $1$ :red[a] <b> | |'
NOON = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
DUPLICATE = "This was reported before: "


def ago(days):
    return (NOON - timedelta(days=days)).isoformat()


def cycle(number, ended):
    return {
        "id": number,
        "title": f"Cycle {number}",
        "status": "archived",
        "created_by": "Ann",
        "submitted_by": "Ann",
        "end_at": ago(ended),
        "product": {"id": 1, "name": "Shop"},
        "features": [],
    }


def bug(number, author, severity, status, *, auto=False, test=1, known=False, comments=()):
    return {
        "id": number,
        "title": f"Bug {number}",
        "severity": severity,
        "status": status,
        "auto_accepted": auto,
        "author": author and {"name": author},
        "reported_at": ago(4),
        "known": known,
        "test": {"id": test},
        "product": {"id": 1, "name": "Shop"},
        "comments": [{"body": body, "author": {"name": "Triage"}} for body in comments],
    }


BUGS = [
    *(bug(n, "Ravi", "low", "accepted", known=n < 4) for n in range(1, 13)),
    *(bug(n, "Mia", "critical", "accepted", auto=True) for n in range(13, 21)),
    *(bug(n, "Mia", "critical", "rejected", comments=[DUPLICATE]) for n in range(21, 23)),
    *(bug(n, "Mia", "critical", "rejected") for n in range(23, 25)),
    *(bug(n, HOSTILE, "low", "accepted") for n in range(30, 42)),
    bug(25, "Newt", "high", "accepted"),
    bug(26, None, "low", "forwarded"),
    bug(27, "Ravi", "low", "accepted", test=2),  # of a cycle 100 days ago
    bug(28, "Olga", "low", "accepted", test=2),
]


@pytest.fixture
def acme(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    store.ensure_account("acme", "Acme")
    reason = {"key": "duplicate", "name": "Duplicate", "default_comment": DUPLICATE}
    with store.write("acme") as unit:
        save_products(unit, [parse_product({"id": 1, "name": "Shop"})])
        save_reject_reasons(unit, [parse_reject_reason(reason)])
        save_cycles(unit, [parse_cycle(obj) for obj in (cycle(1, 5), cycle(2, 100))])
        save_bugs(unit, [parse_bug(obj, {"duplicate": DUPLICATE}) for obj in BUGS])
    yield store
    store.close()


def ids(store):
    users = table(User)
    with store.engine.connect() as connection:
        found = connection.execute(users.select().where(users.c.kind == "tester"))
        return {row.name: row.id for row in found}


def answer(app):
    said = app.header[0].value
    return said.replace("\\", "")


def text(app):
    return " ".join(e.value for e in [*app.markdown, *app.caption]).replace("\\", "")


def table_of(app, column):
    return next(d.value for d in app.dataframe if column in d.value)


def open_tab(run_page, name, **query):
    return run_page("tester_leaderboard", testers_tab=name, **query)


def test_ranks_with_ties_newcomers_and_intervals(acme, run_page):
    app = run_page("tester_leaderboard")
    assert not app.exception
    assert answer(app) == ("Mia leads 3 ranked testers by contribution; 1 newcomer not ranked yet.")
    people = table_of(app, "place").set_index("tester")
    places = people["place"].str.strip().str.rstrip("\N{FIGURE SPACE}")
    assert places.to_dict() == {"Mia": "1", "Ravi": "2=", HOSTILE: "2="}
    assert people["place"].tolist() == sorted(people["place"])  # as text it sorts like numbers
    assert people.loc["Mia", ["earned", "points", "decided"]].tolist() == [40, 60, 12]
    bands = people["band"].map(list).to_dict()
    assert bands["Ravi"] == bands[HOSTILE] != bands["Mia"] == ["A"]
    assert people.loc["Ravi", "between"] == people.loc[HOSTILE, "between"] == "2 to 3"
    apart = [d.value for d in app.dataframe if list(d.value.get("tester", [])) == ["Newt"]]
    assert len(apart) == 1
    assert not {"place", "between"} & set(apart[0])
    assert "1 newcomer, not ranked" in [s.value.replace("\\", "") for s in app.subheader]
    assert "Fewer than 10 decided bugs" in text(app)
    assert "1 bug of this period without a known tester: not ranked." in text(app)
    assert "38 bugs of cycles that ended after" in text(app)
    assert "still maturing, 1 undecided" in text(app)
    assert {m.label: m.value for m in app.metric}["Bugs"] == "38"


def test_why_this_rank_is_told_with_all_its_numbers(acme, run_page):
    app = run_page("tester_leaderboard")
    shown = text(app)
    assert "Rank 1 of 3 by contribution, which is clear." in shown
    assert "| critical, accepted | 8 bugs \N{MULTIPLICATION SIGN} 5 points | 40 |" in shown.replace(
        "  ", " "
    )
    assert "| **Points earned** | their sum | **40** |" in shown
    assert "| Points decided | 12 bugs \N{MULTIPLICATION SIGN} 5 points | 60 |" in shown.replace(
        "  ", " "
    )
    app.selectbox(key="testers_why").select(ids(acme)["Ravi"]).run()
    assert not app.exception
    assert "Rank 2= of 3 by contribution, surely 2 to 3." in text(app)
    assert f"The same score as {' '.join(HOSTILE.split())}." in text(app)
    app.selectbox(key="testers_why").select(ids(acme)["Newt"]).run()
    assert "Not ranked yet: 1 decided bug of the 10 that it takes." in text(app)


def test_two_testers_are_compared_by_their_settled_bugs(acme, run_page):
    app = open_tab(run_page, "Compare")
    assert not app.exception
    assert "A comparison takes two testers with settled bugs" in text(app)
    save_settings(Scope(acme, "acme", "Ann"), LeaderboardSettings(maturing_days=4), seen={})
    with acme.write("acme") as unit:
        save_cycles(unit, [parse_cycle(cycle(3, 1))])
        newer = [bug(n, "Ravi", "critical", "accepted", test=3) for n in range(60, 63)]
        save_bugs(unit, [parse_bug(one, {}) for one in newer])
    app = open_tab(run_page, "Compare", compare="Mia", **{"with": "Ravi"})
    assert not app.exception
    said = [one.value.replace("\\", "") for one in app.subheader]
    assert said[0].startswith("Mia is above Ravi by ")
    assert "more points, lower acceptance; the order is clear, over 99.9 %." in said[0]
    shown = text(app)
    assert "| Critical, accepted | 8 of 12, 40 points | \N{EN DASH} |" in shown
    assert "| Points earned | 40 points | 12 points |" in shown
    assert "3 newer decided bugs of theirs left out." in shown
    app.selectbox(key="testers_with").select(ids(acme)["Mia"]).run()
    assert "Choose two different testers." in text(app)
    # Before: all of the period's decided bugs rank.
    assert table_of(run_page("tester_leaderboard"), "place")["earned"].tolist()[:2] == [40, 27]


def test_the_order_of_quality_is_in_the_link(acme, run_page):
    app = run_page("tester_leaderboard", testers_rank_by="Quality")
    assert not app.exception
    assert answer(app).endswith("3 ranked testers by quality; 1 newcomer not ranked yet.")
    people = table_of(app, "place").set_index("tester")
    assert people["place"].str.strip().str.rstrip("\N{FIGURE SPACE}")["Mia"] == "3"
    assert 60 < people.loc["Mia", "score"] < 80
    app.selectbox(key="testers_why").select(ids(acme)["Mia"]).run()
    assert "Rank 3 of 3 by quality" in text(app)
    assert "| **Quality** | (40 + " in text(app)
    assert "Contribution" not in [m.value for m in app.markdown]
    app.button_group(key="testers_rank_by").set_value("Contribution").run()
    assert answer(app).startswith("Mia leads")
    app.button_group(key="testers_rank_by").set_value("Quality").run()
    app.button(key="testers_reset").click().run()
    assert answer(app).startswith("Mia leads")


def test_bugs_of_a_severity_without_a_weight_are_told(acme, run_page):
    with acme.write("acme") as unit:
        save_bugs(unit, [parse_bug(bug(n, "Ravi", "odd", "accepted"), {}) for n in range(50, 53)])
    app = run_page("tester_leaderboard")
    assert not app.exception
    assert "3 decided bugs of a severity without a weight: no points." in text(app)


def test_last_active_is_a_report_and_never_ahead(acme, run_page):
    with acme.write("acme") as unit:
        save_cycles(unit, [parse_cycle(cycle(1, -20))])
    app = open_tab(run_page, "Raw counts", testers_period="All time")
    people = table_of(app, "reported").set_index("tester")
    assert set(people["last_active"]) == {(NOON - timedelta(days=4)).date()}


def test_raw_counts_in_each_order(acme, run_page):
    app = open_tab(run_page, "Raw counts")
    assert not app.exception
    people = table_of(app, "reported")
    assert people["reported"].tolist() == [12, 12, 12, 1]
    own = people.set_index("tester")
    assert own.loc["Mia", ["accepted", "auto_accepted", "rejected"]].tolist() == [8, 8, 4]
    assert own.loc["Ravi", "known_share"] == 25
    assert own.loc["Ravi", "first_share"] == 75
    assert own.loc["Mia", "first_share"] == pytest.approx(100 * 10 / 12)
    app.button_group(key="testers_order").set_value("Bugs accepted").run()
    assert table_of(app, "reported")["accepted"].tolist() == [12, 12, 8, 1]
    app.button_group(key="testers_order").set_value("Fair score").run()
    assert table_of(app, "reported")["tester"].tolist()[0] == "Mia"


def test_the_field_with_verdicts_and_unknown_reasons(acme, run_page):
    save_settings(Scope(acme, "acme", "Ann"), LeaderboardSettings(maturing_days=4), seen={})
    app = open_tab(run_page, "The field")
    assert not app.exception
    values = {m.label: m.value for m in app.metric}
    assert values == {
        "Acceptance": "89.2 %",  # 33 of 37 decided
        "Reviewed by a person": "76.3 %",  # 29 of 38
        "Accepted automatically": "24.2 %",  # 8 of 33
        "Rejected": "10.5 %",  # 4 of 38
    }
    assert "of 2 it is not known" in text(app)
    assert "Not proven" in " ".join(str(b) for b in app.get("badge")) or "not proven" in text(app)
    save_settings(Scope(acme, "acme", "Ann"), LeaderboardSettings(), seen={"maturing_days": 4})
    app = open_tab(run_page, "The field")
    assert {m.value for m in app.metric} == {UNKNOWN}
    assert "Every bug of this period is still being decided." in text(app)
    assert "38 newer bugs left out: still being decided" in text(app)


def test_a_trial_is_in_the_link_and_says_so(acme, run_page):
    trial = json.dumps({"weights": {"low": 30, "critical": 0}, "newcomer_below": 1})
    app = run_page("tester_leaderboard", trial=trial)
    assert not app.exception
    assert "Critical weighs 0 instead of 5; low weighs 30 instead of 1" in text(app)
    assert "Nothing is saved" in text(app)
    assert answer(app).endswith("lead 3 ranked testers by contribution; 1 newcomer not ranked yet.")
    assert "without a weight: no points" not in text(app)
    assert settings_of(Scope(acme, "acme"), LeaderboardSettings) == LeaderboardSettings()
    app.button(key="testers_untry").click().run()
    assert "trial" not in app.query_params
    assert answer(app).startswith("Mia leads")


def test_a_trial_that_cannot_be_read_is_left_out(acme, run_page):
    for trial in (
        *("{", "[]", "1", '{"weights": 3}', '{"weights": {"low": -1}}', '{"newcomer_below": 0}'),
        *('{"weights": {"low": NaN}}', '{"nonsense": 1}', "[" * 3_000, '{"newcomer_below": true}'),
        *('{"KEY": 1}', "x" * 5_000, '{"weights": {"low": "5"}}'),
    ):
        app = run_page("tester_leaderboard", trial=trial)
        assert not app.exception, trial
        assert "cannot be read" in app.warning[0].value, trial
        assert answer(app).startswith("Mia leads"), trial


def box(app, label):
    return next(n for n in app.number_input if n.label.replace("\\", "") == label)


def in_link(app, name):
    found = app.query_params[name]
    return found if isinstance(found, str) else found[0]


def press(app, label):
    next(b for b in app.button if b.label == label).click()
    return app.run()


def test_weights_are_tried_and_then_saved_with_who_did_it(acme, run_page):
    app = open_tab(run_page, "Weights")
    assert not app.exception
    assert "Never changed" in text(app)
    box(app, "low").set_value(30.0)
    press(app, "Try")
    assert json.loads(in_link(app, "trial")) == {"weights": {"low": 30}}
    assert "Low weighs 30 instead of 1" in text(app)
    box(app, "Healthy: rejected under, %").set_value(12.5)
    press(app, "Save for the account")
    assert not app.exception
    assert "trial" not in app.query_params
    kept = settings_of(Scope(acme, "acme"), LeaderboardSettings)
    assert (kept.weights["low"], kept.most_rejected) == (30, 0.125)
    (change,) = changes(Scope(acme, "acme"), subject="settings of testers")
    assert change.by == "someone on this machine"
    history = table_of(app, "Who")
    assert history["What"].tolist() == [
        "low weighs 30 instead of 1; healthy: rejected under 12.5 % instead of 20 %"
    ]
    assert answer(app).endswith("lead 3 ranked testers by contribution; 1 newcomer not ranked yet.")


def test_who_is_no_editor_can_try_but_not_save(acme, run_page, tmp_path):
    (tmp_path / "secrets.toml").write_text('editors = ["boss@example.com"]')
    app = open_tab(run_page, "Weights")
    assert not app.exception
    assert next(b for b in app.button if b.label == "Save for the account").disabled
    assert "takes an editor" in text(app)


def test_one_testers_own_page_by_its_link(acme, run_page):
    mia = ids(acme)["Mia"]
    app = run_page("tester_leaderboard", person=str(mia))
    assert not app.exception
    assert answer(app) == (
        "Mia has rank 1 of 3 by contribution, which is clear: 12 bugs, 66.7 % of 12 decided ones "
        "accepted."
    )
    values = {m.label: m.value for m in app.metric}
    assert values["Bugs"] == "12"
    assert values["First to find"] == "83.3 %"
    assert values["Known bugs"] == "0 %"
    bugs = table_of(app, "title")
    assert set(bugs["reason"]) == {"Duplicate", "\N{EN DASH}"}
    assert len(bugs) == 12
    app.button(key="testers_back").click().run()
    assert "person" not in app.query_params
    assert answer(app).startswith("Mia leads")


def test_the_page_of_a_hostile_name_and_of_one_without_bugs_in_the_period(acme, run_page):
    app = run_page("tester_leaderboard", person=str(ids(acme)[HOSTILE]))
    assert not app.exception
    assert answer(app).startswith(" ".join(HOSTILE.split()))
    app = run_page("tester_leaderboard", person=str(ids(acme)["Olga"]))
    assert not app.exception
    assert answer(app) == "Olga reported no bug in this period."
    assert "Choose a longer period" in text(app)


def test_a_link_to_nobody_gets_a_sentence_and_the_way_back(acme, run_page):
    for link in ("12", "x", "-1", "²", "9" * 400, "<b>"):
        app = run_page("tester_leaderboard", person=link)
        assert not app.exception, link
        assert answer(app).startswith("Mia leads"), link
        (warning,) = app.warning
        said = f"The link asks for the tester “{link[:60]}”, not found in Acme. Shown instead: "
        assert f"{said}everyone" in warning.value.replace("\\", ""), link


def test_the_box_opens_a_page_and_reset_closes_it_and_the_trial(acme, run_page):
    app = run_page("tester_leaderboard", trial='{"newcomer_below":5}')
    app.selectbox(key="testers_person").select(ids(acme)["Ravi"]).run()
    assert in_link(app, "person") == "Ravi"
    assert answer(app).startswith("Ravi has rank 2=")
    app.button(key="testers_reset").click().run()
    assert "person" not in app.query_params
    assert "trial" not in app.query_params
    assert answer(app).startswith("Mia leads")


def test_thousands_of_ranks_sort_as_numbers_and_newcomers_after_them():
    from pages.ui.tables import places

    ranks = pd.Series(pd.array([1, 2, 2, 10, 999, 1_000, 12_345, None], dtype="Int64"))
    shown = places(ranks, [rank == 2 for rank in (1, 2, 2, 4, 5, 6, 7, 8)])
    assert shown == sorted(shown)


def test_a_period_without_bugs(acme, run_page):
    with acme.write("acme") as unit:
        save_cycles(unit, [parse_cycle(cycle(1, 400))])
    app = run_page("tester_leaderboard", period="Last 30 days")
    assert not app.exception
    assert "No bug report of a known tester in this period" in text(app)


def test_the_download_has_every_term(acme, run_page):
    from core.analytics.dates import Window
    from core.testers.leaderboard import leaderboard
    from pages.testers import ranking
    from pages.testers.shared import View
    from pages.ui.filters import Filters

    class Page:
        scope = Scope(acme, "acme")
        account = type("Account", (), {"id": "acme"})

    chosen = Filters(Page, "", Window(None, None, "All time"))
    view = View(chosen, LeaderboardSettings(), LeaderboardSettings())
    found = leaderboard(Page.scope, selection=view.selection)
    frame = ranking._every_term(view, found)
    mia = frame.set_index("tester").loc["Mia"]
    quality = mia["earned"] + mia["prior_accepted"]
    quality /= mia["points"] + mia["prior_accepted"] + mia["prior_rejected"]
    assert mia["score"] == mia["contribution score"] == pytest.approx(mia["earned"] * quality)
    assert mia["quality score"] == pytest.approx(quality)
    assert (mia["contribution rank"], mia["quality rank"]) == (1, 3)
    assert (mia["place"], mia["rank"], mia["rank_low"], mia["rank_high"]) == ("1", 1, 1, 1)
    assert mia["decided critical"] == 12
    assert mia["products"] == 1
    assert pd.isna(frame.set_index("tester").loc["Newt", "rank"])
