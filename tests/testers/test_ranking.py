"""Shrunk shares of points, rank intervals and ties: closed forms, brute force and simulation."""

import math
import random
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy.optimize import check_grad, minimize
from scipy.special import betaln
from scipy.stats import beta, betabinom

from core.testers import ranking
from core.testers.ranking import (
    SHARES,
    Prior,
    effective_counts,
    fit_mixture,
    fit_prior,
    rank_intervals,
    rank_testers,
    score_difference,
    win_probability,
)
from tests.draws import draws
from tests.testers.fields import FIELDS, covered

CLOSE = pytest.approx
ORDERS = ("contribution", "quality")
CRITICAL, HIGH, LOW = 5, 3, 1


def floats(*values):
    return np.array(values, dtype=float)


def mixed(first, second):
    """A prior whose mixture is a beta distribution, on the grid in steps of the arcsine."""
    mixture = SHARES ** (first - 0.5) * (1 - SHARES) ** (second - 0.5)
    return Prior(first, second, mixture=mixture / mixture.sum())


USUAL = mixed(4, 1)


def someone(earned, points, prior=USUAL):
    """A tester whose bugs all weigh 1."""
    shrunk = prior.shrunk(earned, points)
    return SimpleNamespace(earned=earned, points=points, squares=points, shrunk=shrunk)


def frame(*people):
    """Testers of whom each has triples of a weight, the accepted bugs of it and the decided."""
    rows = [
        {
            "tester_id": number,
            "tester": f"T{number:03}",
            "accepted": sum(a for _, a, _ in bugs),
            "decided": sum(n for _, _, n in bugs),
            "weighed": sum(n for w, _, n in bugs if w),
            "earned": sum(w * a for w, a, _ in bugs),
            "points": sum(w * n for w, _, n in bugs),
            "squares": sum(w * w * n for w, _, n in bugs),
            "earned_squares": sum(w * w * a for w, a, _ in bugs),
        }
        for number, bugs in enumerate(people, 1)
    ]
    columns = ["tester_id", "tester", "accepted", "decided", "weighed", "earned", "points"]
    return pd.DataFrame(rows, columns=[*columns, "squares", "earned_squares"])


def plain(accepted, decided, weight=LOW):
    return [(weight, accepted, decided)]


def ranked(*people, order="contribution", newcomer_below=10):
    return rank_testers(frame(*people), newcomer_below=newcomer_below, order=order)[0]


def fitted(accepted, decided):
    return fit_prior(accepted, decided, decided, 1.0)


def field(rng, number, mean, strength, size, least=0):
    decided = rng.geometric(1 / size, number) + least
    true = rng.beta(mean * strength, (1 - mean) * strength, number)
    return rng.binomial(decided, true).astype(float), decided.astype(float), true


def loss(prior, accepted, decided):
    """The penalised likelihood once more, from scipy's own beta-binomial."""
    a, b = prior
    mean, strength = a / (a + b), a + b
    found = betabinom.logpmf(accepted, decided, a, b).sum()
    pull = ranking.MEAN_PULL * (np.log(mean) + np.log(1 - mean))
    off = np.log(strength / ranking.USUAL_STRENGTH) / ranking.STRENGTH_SPREAD
    return -(found + pull - off**2 / 2)


@pytest.mark.parametrize(
    ("mean", "strength", "size"), [(0.83, 8, 40), (0.6, 4, 15), (0.95, 60, 90)]
)
def test_the_prior_is_where_the_likelihood_is_highest(mean, strength, size):
    accepted, decided, _ = field(np.random.default_rng(3), 60, mean, strength, size)
    prior = fitted(accepted, decided)
    best = loss((prior.accepted, prior.rejected), accepted, decided)
    for by in (0.9, 0.97, 1.03, 1.1):
        for first, second in ((by, 1), (1, by), (by, by), (by, 1 / by)):
            moved = (prior.accepted * first, prior.rejected * second)
            # Rounding to four digits costs next to nothing.
            assert loss(moved, accepted, decided) > best - 1e-3


def test_the_slopes_are_those_of_the_loss():
    accepted, decided, _ = field(np.random.default_rng(3), 30, 0.8, 8, 20)
    for where in (floats(1.4, 2.0), floats(-1, 0.1), floats(0, 5)):
        off = check_grad(
            lambda x: ranking._loss(x, accepted, decided - accepted)[0],
            lambda x: ranking._loss(x, accepted, decided - accepted)[1],
            where,
        )
        assert off < 1e-3


def test_the_prior_of_a_large_field_is_found_again():
    accepted, decided, _ = field(np.random.default_rng(4), 5_000, 0.83, 8.0, 150)
    prior = fitted(accepted, decided)
    assert prior.accepted / prior.strength == CLOSE(0.83, abs=0.006)
    assert prior.strength == CLOSE(8.0, rel=0.06)


def test_shrinkage_beats_raw_shares_and_full_pooling():
    rng = np.random.default_rng(5)
    off = {"raw": 0.0, "pooled": 0.0, "shrunk": 0.0}
    for _ in range(20):
        accepted, decided, true = field(rng, 60, 0.8, 10, 20)
        prior = fitted(accepted, decided)
        off["raw"] += ((accepted / decided - true) ** 2).mean()
        off["pooled"] += ((accepted.sum() / decided.sum() - true) ** 2).mean()
        off["shrunk"] += ((prior.shrunk(accepted, decided) - true) ** 2).mean()
    assert off["shrunk"] < 0.9 * min(off["raw"], off["pooled"])


@pytest.mark.parametrize(
    ("accepted", "decided"),
    [
        ([], []),
        ([0], [0]),
        ([1], [1]),
        ([500, 40, 3], [500, 40, 3]),  # all accepted
        ([0, 0, 0], [500, 40, 3]),  # all rejected
        ([0, 1000], [1000, 1000]),  # as different as can be
        ([90] * 50, [100] * 50),  # all alike
        ([0, 0], [0, 0]),
        ([10**7], [10**7]),
    ],
)
def test_the_prior_stays_finite_where_the_field_says_little(accepted, decided):
    accepted, decided = floats(*accepted), floats(*decided)
    prior = fitted(accepted, decided)
    assert min(prior.accepted, prior.rejected) > 0
    assert 0.49 <= prior.strength <= 1_001
    assert 0 < prior.shrunk(0, 0) < 1
    mixture = fit_mixture(prior, accepted, decided, decided).mixture
    assert mixture.sum() == CLOSE(1)
    assert (mixture > 0).all()


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
@settings(max_examples=draws(80))
def test_shrunk_lies_between_the_own_share_and_the_fields(counts):
    accepted = floats(*(a for a, _ in counts))
    decided = accepted + floats(*(r for _, r in counts))
    prior = fitted(accepted, decided)
    again = fitted(accepted[::-1], decided[::-1])
    assert prior.accepted == CLOSE(again.accepted, rel=2e-3)
    middle = prior.shrunk(0, 0)
    for a, n in zip(accepted, decided, strict=True):
        own = a / n if n else middle
        low, high = sorted((own, middle))
        assert low - 1e-12 <= prior.shrunk(a, n) <= high + 1e-12


def test_unequal_weights_tell_less():
    """Kish 1965: one critical and nine low bugs tell as much as 14^2 / 34 equal ones."""
    accepted, rejected = effective_counts(floats(14, 30, 9, 0), [14, 50, 14, 0], [34, 250, 34, 0])
    assert accepted + rejected == CLOSE(floats(196 / 34, 10, 196 / 34, 0))
    assert accepted == CLOSE(floats(196 / 34, 6, 9 * 14 / 34, 0))
    # A share of such points varies as that of so many bugs does.
    rng = np.random.default_rng(6)
    drawn = (rng.random((20_000, 10)) < 0.8) @ floats(5, *[1] * 9) / 14
    assert drawn.var() == CLOSE(0.8 * 0.2 / (196 / 34), rel=0.05)


def evan_miller(one, other):
    """P(p1 > p2) for whole parameters: Miller 2015, Formulas for Bayesian A/B Testing."""
    (a1, b1), (a2, b2) = one, other
    i = np.arange(a1)
    terms = betaln(a2 + i, b1 + b2) - np.log(b1 + i) - betaln(1 + i, b1) - betaln(a2, b2)
    return float(np.exp(terms).sum())


@pytest.mark.parametrize(
    ("one", "other"),
    [((9, 10), (8, 10)), ((180, 200), (3, 3)), ((5, 20), (15, 20)), ((0, 4), (4, 4))],
)
def test_certainty_agrees_with_millers_sum(one, other):
    shapes = [(a + 4, n - a + 1) for a, n in (one, other)]
    found = win_probability(someone(*one), someone(*other), USUAL, "quality")
    assert found == CLOSE(evan_miller(*shapes), abs=2e-3)


def test_certainty_with_different_points_is_the_double_integral():
    prior = mixed(6.81, 1.52)
    one, other = someone(20, 30, prior), someone(18, 19, prior)
    density = beta(20 + 6.81, 10 + 1.52).pdf
    below = beta(18 + 6.81, 1 + 1.52).cdf
    expected, _ = integrate.quad(lambda x: density(x) * below(min(1, x * 20 / 18)), 0, 1)
    assert win_probability(one, other, prior) == CLOSE(expected, abs=2e-3)
    both = win_probability(one, other, prior) + win_probability(other, one, prior)
    assert both == CLOSE(1)
    assert win_probability(someone(0, 2), someone(1, 2), prior) == 0
    assert win_probability(someone(1, 2), someone(0, 2), prior) == CLOSE(1)
    assert win_probability(someone(0, 2), someone(0, 9), prior) == CLOSE(0.5)


def test_drawn_ranks_have_the_mean_that_the_pairs_give():
    """The expected rank is 1 and the chance of each other one to be above: Lin et al. 2006."""
    prior = mixed(6.81, 1.52)
    rows = floats((64, 73), (55, 58), (50, 51), (53, 53), (60, 90), (9, 10))
    counts = np.column_stack([rows, rows[:, 1]])
    first, last = ranking._simulated_ranks(rows[:, 0], prior.posterior(*counts.T), 20_000, 0.0)
    people = [someone(*row, prior) for row in rows]
    for n, one in enumerate(people):
        expected = 1 + sum(win_probability(o, one, prior) for m, o in enumerate(people) if m != n)
        assert (first[:, n] + last[:, n]).mean() / 2 == CLOSE(expected, abs=0.03)
    assert (np.sort(first, axis=1) <= np.arange(1, 7)).all()
    assert (np.sort(last, axis=1) >= np.arange(1, 7)).all()


def test_the_posterior_is_that_of_the_textbook():
    """Gelman et al., Bayesian Data Analysis, section 2.4: 437 girls of 980 births."""
    (found,) = mixed(1, 1).posterior([437.0], [980.0], [980.0])
    at = np.searchsorted(found.cumsum(), [0.025, 0.975])
    assert (found @ SHARES, *SHARES[at]) == CLOSE((0.446, 0.415, 0.477), abs=6e-3)
    assert Prior(1, 1).shrunk(437, 980) == CLOSE(beta(438, 544).mean())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", FIELDS)
def test_intervals_hold_the_true_rank_as_often_as_they_say(kind, order):
    """At full size, and with the widths, in `tests.bench.ranks`."""
    found = covered(kind, order, seeds=draws(24))
    assert found["one"] >= 0.93
    # Those who are truly equal are seldom told apart.
    assert min(found["first"], found["last"]) >= 0.75
    assert found["lucky"] <= (0 if order == "contribution" else 0.34)


def test_intervals_are_the_same_for_the_same_data_in_any_order():
    accepted, decided, _ = field(np.random.default_rng(6), 40, 0.8, 8, 30)
    counts = zip(accepted, decided, strict=True)
    people = frame(*(plain(int(a), int(n)) for a, n in counts))
    first, prior = rank_testers(people, newcomer_below=10)
    again, same = rank_testers(people.sample(frac=1, random_state=1), newcomer_below=10)
    assert prior == same
    pd.testing.assert_frame_equal(first, again)


def test_fewer_draws_for_very_many_and_none_for_nobody(monkeypatch):
    monkeypatch.setattr(ranking, "MOST_RANKS", 300 * 40)
    accepted, decided, _ = field(np.random.default_rng(6), 40, 0.8, 8, 30)
    counts = np.column_stack([accepted, decided, decided])
    low, high = rank_intervals(accepted, counts, USUAL)
    assert ((low >= 1) & (low <= high) & (high <= 40)).all()
    low, high = rank_intervals(floats(), counts[:0], USUAL)
    assert len(low) == len(high) == 0


@pytest.mark.parametrize("order", ORDERS)
def test_ties_share_a_rank_and_an_interval(order):
    trio = [plain(20, 25)] * 3
    found = ranked(plain(60, 62), *trio, plain(9, 12), plain(0, 20), order=order)
    assert found["rank"].tolist() == [1, 2, 2, 2, 5, 6]
    assert found["tied"].tolist() == [False, True, True, True, False, False]
    trio = found[found["tied"]]
    assert trio["rank_low"].nunique() == trio["rank_high"].nunique() == 1
    assert found.iloc[-1][["rank_low", "rank_high"]].tolist() == [6, 6]


def test_those_who_earned_nothing_are_all_tied_at_the_end():
    found = ranked(plain(0, 20), plain(0, 20, CRITICAL), plain(1, 20, HIGH))
    assert found["rank"].tolist() == [1, 2, 2]
    assert found["score"].tolist()[1:] == [0, 0]
    assert found["rank_low"].tolist() == [1, 2, 2]
    assert found["rank_high"].tolist() == [1, 3, 3]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("people", [[], [plain(0, 0)], [plain(3, 3)]])
def test_nobody_or_only_newcomers_have_no_rank(people, order):
    found = ranked(*people, order=order)
    assert found["rank"].isna().all()
    assert found["rank_low"].isna().all()
    assert not found["tied"].any()
    assert len(found) == len(people)


def test_one_tester_is_first_for_sure():
    found = ranked(plain(15, 20))
    assert found[["rank", "rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1, 1]]


@pytest.mark.parametrize("order", ORDERS)
def test_a_newcomer_never_leads_by_luck(order):
    veterans = [plain(180, 200), plain(150, 180), plain(70, 110)]
    lucky = [plain(9, 9, CRITICAL), [(CRITICAL, 4, 4), (LOW, 5, 5)], [(0, 30, 30), (LOW, 9, 9)]]
    found = ranked(*veterans, *lucky, order=order)
    assert found["tester"].tolist()[0] == "T001"
    assert found.iloc[3:]["newcomer"].all()
    assert found.iloc[3:]["rank"].isna().all()


def test_three_of_three_do_not_beat_180_of_200():
    assert ranked(plain(3, 3), plain(180, 200), newcomer_below=1)["tester_id"].tolist() == [2, 1]
    field = [plain(a, 40) for a in (20, 24, 28, 30, 32)]
    found = ranked(plain(3, 3), plain(180, 200), *field, newcomer_below=1, order="quality")
    assert found["tester_id"].tolist()[0] == 2


def test_points_are_earned_by_accepted_bugs():
    """Twenty rejected critical bugs with twenty accepted low ones, and the reverse."""
    wrong = [(CRITICAL, 0, 20), (LOW, 20, 20)]
    right = [(CRITICAL, 20, 20), (LOW, 0, 20)]
    field = [[(HIGH, 14, 20), (LOW, 14, 20)]] * 10
    for order in ORDERS:
        found = ranked(wrong, right, *field, order=order).set_index("tester_id")
        assert found.loc[2, "rank"] == 1
        assert found.loc[1, "rank"] == 12
    alone = ranked(plain(20, 20), right, *field).set_index("tester_id")["score"]
    assert alone[1] > found["shrunk"][1] * 20


weights = st.sampled_from([CRITICAL, HIGH, LOW, 0.5])
bugs = st.tuples(weights, st.integers(0, 30), st.integers(0, 30))
people = st.lists(bugs, max_size=3).map(lambda all_: [(w, a, a + r) for w, a, r in all_])


@given(st.lists(people, min_size=1, max_size=6), weights)
@settings(max_examples=draws(200))
def test_a_rejected_bug_never_raises_a_score_and_an_accepted_one_never_lowers_it(field, weight):
    def scores(*more):
        table = frame([*field[0], *more], *field[1:])
        counts = table[["earned", "points", "squares"]].to_numpy(dtype=float)
        earned = table["earned"].sum()
        unit = table["earned_squares"].sum() / earned if earned else 1.0
        share = fit_prior(*counts.T, unit).shrunk(*counts[0, :2])
        return share, counts[0, 0] * share

    quality, contribution = scores()
    less = scores(*plain(0, 1, weight))
    assert less[0] <= quality + 1e-9
    assert less[1] <= contribution + 1e-9
    assert scores(*plain(1, 1, weight))[1] >= contribution - 1e-9


def brute_fit(rows):
    """The prior in bugs once more: plain sums of log-gammas, and a search without slopes."""
    gamma = math.lgamma

    def lost(where):
        mean, strength = 1 / (1 + math.exp(-where[0])), math.exp(where[1])
        a, b = mean * strength, (1 - mean) * strength
        said = 0.0
        for earned, points, squares in rows:
            if not squares:
                continue
            yes, no = earned * points / squares, (points - earned) * points / squares
            said += gamma(a + yes) + gamma(b + no) - gamma(a + b + yes + no)
            said += gamma(a + b) - gamma(a) - gamma(b)
        said += 0.5 * (math.log(mean) + math.log(1 - mean))
        return -said + (math.log(strength / 10) / 1.5) ** 2 / 2

    return minimize(lost, [1.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-6}).x


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(draws(12)))
def test_ranks_are_those_of_a_second_implementation(seed, order):
    """Counts, prior, scores and ranks in plain Python, and intervals from drawn ranks."""
    rng = random.Random(seed)
    people = [
        [(w, rng.randint(n // 2, n), n) for w in (5, 3, 1) for n in [rng.randint(2, 40)]]
        for _ in range(rng.randint(1, 9))
    ]
    table = frame(*people)
    found, prior = rank_testers(table, newcomer_below=10, order=order)
    rows = table[["earned", "points", "squares"]].to_numpy().tolist()
    unit = table["earned_squares"].sum() / table["earned"].sum()
    logit, log = brute_fit(rows)
    strength = math.exp(log) * unit
    assert prior.strength == CLOSE(strength, rel=0.01)
    assert prior.accepted == CLOSE(strength / (1 + math.exp(-logit)), rel=0.01)
    scores = {}
    for number, (earned, points, _) in enumerate(rows, 1):
        share = (earned + prior.accepted) / (points + prior.accepted + prior.rejected)
        scores[number] = share if order == "quality" else earned * share
    draws_of = [
        rng.choices(
            range(len(SHARES)),
            [
                m * math.exp((e * math.log(q) + (p - e) * math.log(1 - q)) * p / s + 50)
                for m, q in zip(prior.mixture, SHARES, strict=True)
            ],
            k=2_000,
        )
        for e, p, s in rows
    ]
    apart = ranking.APART if order == "quality" else 0
    worth = [1 if order == "quality" else e for e, _, _ in rows]
    values = [[w * SHARES[g] for g in of] for w, of in zip(worth, draws_of, strict=True)]
    for row in found.to_dict("records"):
        own = row["tester_id"]
        assert row["score"] == CLOSE(scores[own])
        assert row["rank"] == 1 + sum(s > scores[own] + 1e-9 for s in scores.values())
        firsts, lasts = [], []
        for draw in zip(*values, strict=True):
            mine = draw[own - 1]
            firsts.append(1 + sum(other > mine + apart + 1e-12 for other in draw))
            lasts.append(sum(other >= mine - apart - 1e-12 for other in draw))
        low, high = sorted(firsts)[50], sorted(lasts)[-51]
        assert abs(min(low, row["rank"]) - row["rank_low"]) <= 1
        assert abs(max(high, row["rank"]) - row["rank_high"]) <= 1


@given(st.lists(people, max_size=9), st.integers(1, 20), st.sampled_from(ORDERS))
@settings(max_examples=draws(60))
def test_ranks_are_those_that_a_person_would_count(field, newcomer_below, order):
    found = ranked(*field, order=order, newcomer_below=newcomer_below)
    scores = {
        row["tester_id"]: row["shrunk"] * (1 if order == "quality" else row["earned"])
        for row in found.to_dict("records")
        if row["weighed"] >= newcomer_below
    }
    for row in found.to_dict("records"):
        own = row["tester_id"]
        assert row["newcomer"] == (own not in scores)
        if own not in scores:
            assert pd.isna(row["rank"])
            continue
        above = [n for n in scores if scores[n] > scores[own] + 1e-9]
        same = [n for n in scores if abs(scores[n] - scores[own]) <= 1e-9]
        assert row["rank"] == 1 + len(above)
        assert row["tied"] == (len(same) > 1)
        assert 1 <= row["rank_low"] <= row["rank"] <= row["rank_high"] <= len(scores)
        assert row["score"] == CLOSE(scores[own])
    ranks = [row for row in found["rank"] if not pd.isna(row)]
    assert ranks == sorted(ranks)
    assert found["newcomer"].is_monotonic_increasing


def test_what_separates_two_adds_up():
    people = [someone(*row) for row in ((60, 70), (40, 61), (70, 70), (0, 0))]
    for one, other in permutations(people, 2):
        gap = one.earned * one.shrunk - other.earned * other.shrunk
        assert sum(score_difference(one, other)) == CLOSE(gap)
    by_points, by_share = score_difference(someone(70, 70), someone(70, 90))
    assert by_points == 0
    assert by_share > 0
