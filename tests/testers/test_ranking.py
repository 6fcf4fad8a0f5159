"""Shrunk acceptance, rank intervals and ties: against closed forms, brute force and simulation."""

from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy.optimize import check_grad
from scipy.special import betaln
from scipy.stats import beta, betabinom

from core.testers import ranking
from core.testers.ranking import (
    Prior,
    fit_prior,
    rank_intervals,
    rank_testers,
    score_difference,
    win_probability,
)
from tests.draws import draws

CLOSE = pytest.approx


def floats(*values):
    return np.array(values, dtype=float)


USUAL = Prior(4, 1)


def someone(points, accepted, decided, prior=USUAL):
    shrunk = prior.shrunk(accepted, decided)
    return SimpleNamespace(points=points, accepted=accepted, decided=decided, shrunk=shrunk)


def frame(rows):
    people = pd.DataFrame(rows, columns=["points", "accepted", "decided"])
    people.insert(0, "tester_id", range(1, len(people) + 1))
    people.insert(1, "tester", [f"T{n:03}" for n in range(1, len(people) + 1)])
    return people


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
    prior = fit_prior(accepted, decided)
    best = loss((prior.accepted, prior.rejected), accepted, decided)
    for by in (0.9, 0.97, 1.03, 1.1):
        for first, second in ((by, 1), (1, by), (by, by), (by, 1 / by)):
            moved = (prior.accepted * first, prior.rejected * second)
            # Rounding to hundredths costs next to nothing.
            assert loss(moved, accepted, decided) > best - 1e-3


def test_the_slopes_are_those_of_the_loss():
    accepted, decided, _ = field(np.random.default_rng(3), 30, 0.8, 8, 20)
    once = np.ones(30)
    for where in (floats(1.4, 2.0), floats(-1, 0.1), floats(0, 5)):
        off = check_grad(
            lambda x: ranking._loss(x, accepted, decided, once)[0],
            lambda x: ranking._loss(x, accepted, decided, once)[1],
            where,
        )
        assert off < 1e-3


def test_the_prior_of_a_large_field_is_found_again():
    accepted, decided, _ = field(np.random.default_rng(4), 5_000, 0.83, 8.0, 150)
    prior = fit_prior(accepted, decided)
    assert prior.accepted / prior.strength == CLOSE(0.83, abs=0.006)
    assert prior.strength == CLOSE(8.0, rel=0.06)


def test_shrinkage_beats_raw_shares_and_full_pooling():
    rng = np.random.default_rng(5)
    off = {"raw": 0.0, "pooled": 0.0, "shrunk": 0.0}
    for _ in range(20):
        accepted, decided, true = field(rng, 60, 0.8, 10, 20)
        prior = fit_prior(accepted, decided)
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
    prior = fit_prior(floats(*accepted), floats(*decided))
    assert prior.accepted >= 0.01
    assert prior.rejected >= 0.01
    assert 0.5 <= prior.strength <= 1_000.1
    assert 0 < prior.shrunk(0, 0) < 1


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
@settings(max_examples=draws(80), deadline=None)
def test_shrunk_lies_between_the_own_share_and_the_fields(counts):
    accepted = floats(*(a for a, _ in counts))
    decided = accepted + floats(*(r for _, r in counts))
    prior = fit_prior(accepted, decided)
    assert prior == fit_prior(accepted[::-1], decided[::-1])
    assert (prior.accepted, prior.rejected) == (round(prior.accepted, 2), round(prior.rejected, 2))
    middle = prior.shrunk(0, 0)
    for a, n in zip(accepted, decided, strict=True):
        own = a / n if n else middle
        low, high = sorted((own, middle))
        assert low - 1e-12 <= prior.shrunk(a, n) <= high + 1e-12


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
    prior = Prior(4, 1)
    shapes = [(a + 4, n - a + 1) for a, n in (one, other)]
    found = win_probability(someone(7, *one), someone(7, *other), prior)
    assert found == CLOSE(evan_miller(*shapes), abs=2e-4)


def test_certainty_with_different_points_is_the_double_integral():
    prior = Prior(6.81, 1.52)
    one, other = someone(70, 20, 30), someone(55, 18, 19)
    density = beta(20 + 6.81, 10 + 1.52).pdf
    below = beta(18 + 6.81, 1 + 1.52).cdf
    expected, _ = integrate.quad(lambda x: density(x) * below(min(1, x * 70 / 55)), 0, 1)
    assert win_probability(one, other, prior) == CLOSE(expected, abs=2e-4)
    assert win_probability(one, other, prior) + win_probability(other, one, prior) == CLOSE(
        1, abs=4e-4
    )
    assert win_probability(someone(0, 1, 2), someone(5, 1, 2), prior) == 0
    assert win_probability(someone(5, 1, 2), someone(0, 1, 2), prior) == 1
    assert win_probability(someone(0, 1, 2), someone(0, 9, 9), prior) == 0.5


def test_drawn_ranks_have_the_mean_that_the_pairs_give():
    """The expected rank is 1 and the chance of each other one to be above: Lin et al. 2006."""
    prior = Prior(6.81, 1.52)
    rows = [(100, 64, 73), (95, 40, 43), (90, 30, 31), (80, 33, 33), (120, 30, 61), (60, 9, 10)]
    points, accepted, decided = (floats(*column) for column in zip(*rows, strict=True))
    drawn = ranking._simulated_ranks(
        points, accepted + prior.accepted, decided - accepted + prior.rejected, 20_000
    )
    people = [someone(*row, prior) for row in rows]
    for n, one in enumerate(people):
        expected = 1 + sum(win_probability(o, one, prior) for m, o in enumerate(people) if m != n)
        assert drawn[n].mean() == CLOSE(expected, abs=0.03)
    assert (np.sort(drawn, axis=0) == np.arange(1, 7)[:, None]).all()


def test_the_posterior_is_that_of_the_textbook():
    """Gelman et al., Bayesian Data Analysis, section 2.4: 437 girls of 980 births."""
    posterior = beta(437 + 1, 980 - 437 + 1)
    assert (posterior.mean(), *posterior.interval(0.95)) == CLOSE((0.446, 0.415, 0.477), abs=5e-4)
    assert Prior(1, 1).shrunk(437, 980) == CLOSE(posterior.mean())


def covered(rng, *, number, mean, strength, size, rounds, spread):
    inside = total = 0
    for _ in range(rounds):
        accepted, decided, true = field(rng, number, mean, strength, size, least=9)
        points = (
            np.round(decided * rng.uniform(1, 2.5, number)) if spread else np.full(number, 90.0)
        )
        low, high = rank_intervals(points, accepted, decided, fit_prior(accepted, decided))
        truly = pd.Series(points * true).rank(ascending=False, method="min").to_numpy()
        inside += int(((low <= truly) & (truly <= high)).sum())
        total += number
    return inside / total


@pytest.mark.parametrize(
    ("number", "rounds", "spread", "least", "most"),
    [
        (200, 10, False, 0.935, 0.975),  # many who overlap: as nominal
        (200, 8, True, 0.94, 0.985),
        (30, 20, False, 0.94, 0.99),
        (4, 60, False, 0.96, 1.0),  # whole ranks of few leave no room between 95 and 100 %
    ],
)
def test_intervals_cover_the_true_rank_as_often_as_they_say(number, rounds, spread, least, most):
    rng = np.random.default_rng(11)
    shape = {"mean": 0.83, "strength": 8, "size": 40, "rounds": rounds}
    assert least <= covered(rng, number=number, spread=spread, **shape) <= most


def test_intervals_are_the_same_for_the_same_data_in_any_order():
    accepted, decided, _ = field(np.random.default_rng(6), 40, 0.8, 8, 30)
    people = frame(np.stack([decided * 2, accepted, decided], axis=1))
    first, prior = rank_testers(people, newcomer_below=10)
    again, same = rank_testers(people.sample(frac=1, random_state=1), newcomer_below=10)
    assert prior == same
    pd.testing.assert_frame_equal(first, again)


def test_fewer_draws_for_very_many_and_none_for_nobody(monkeypatch):
    monkeypatch.setattr(ranking, "MOST_RANKS", 300 * 40)
    monkeypatch.setattr(ranking, "AT_ONCE", 100)
    accepted, decided, _ = field(np.random.default_rng(6), 40, 0.8, 8, 30)
    low, high = rank_intervals(decided, accepted, decided, Prior(8, 2))
    assert ((low >= 1) & (low <= high) & (high <= 40)).all()
    low, high = rank_intervals(floats(), floats(), floats(), Prior(8, 2))
    assert len(low) == len(high) == 0


def test_ties_share_a_rank_and_an_interval():
    found, _ = rank_testers(
        frame([(50, 40, 45), (30, 20, 25), (30, 20, 25), (30, 20, 25), (9, 9, 12), (0, 20, 20)]),
        newcomer_below=10,
    )
    assert found["rank"].tolist() == [1, 2, 2, 2, 5, 6]
    assert found["tied"].tolist() == [False, True, True, True, False, False]
    trio = found[found["tied"]]
    assert trio["rank_low"].nunique() == trio["rank_high"].nunique() == 1
    assert found.iloc[-1][["rank_low", "rank_high"]].tolist() == [6, 6]


def test_those_without_points_are_all_tied_at_the_end():
    found, _ = rank_testers(frame([(0, 5, 20), (0, 20, 20), (12, 1, 20)]), newcomer_below=10)
    assert found["rank"].tolist() == [1, 2, 2]
    assert found["rank_low"].tolist() == [1, 2, 2]
    assert found["rank_high"].tolist() == [1, 2, 2]


@pytest.mark.parametrize("rows", [[], [(0, 0, 0)], [(3, 3, 3)]])
def test_nobody_or_only_newcomers_have_no_rank(rows):
    found, _ = rank_testers(frame(rows), newcomer_below=10)
    assert found["rank"].isna().all()
    assert found["rank_low"].isna().all()
    assert not found["tied"].any()
    assert len(found) == len(rows)


def test_one_tester_is_first_for_sure():
    found, _ = rank_testers(frame([(20, 15, 20)]), newcomer_below=10)
    assert found[["rank", "rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1, 1]]


def test_three_of_three_do_not_beat_180_of_200():
    found, _ = rank_testers(frame([(3, 3, 3), (200, 180, 200)]), newcomer_below=1)
    assert found["tester_id"].tolist() == [2, 1]
    shrunk = found.set_index("tester_id")["shrunk"]
    assert shrunk[1] < 1


counts = st.tuples(st.integers(0, 40), st.integers(0, 25), st.integers(0, 25))


@given(st.lists(counts, max_size=9), st.integers(1, 20))
@settings(max_examples=draws(60), deadline=None)
def test_ranks_are_those_that_a_person_would_count(rows, newcomer_below):
    people = frame([(points, a, a + r) for points, a, r in rows])
    found, prior = rank_testers(people, newcomer_below=newcomer_below)
    scores = {
        n: p * (a + prior.accepted) / (a + r + prior.accepted + prior.rejected)
        for n, (p, a, r) in enumerate(rows, 1)
        if a + r >= newcomer_below
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
    people = [someone(*row) for row in ((78, 60, 70), (95, 40, 61), (78, 70, 70), (0, 0, 0))]
    for one, other in permutations(people, 2):
        gap = one.points * one.shrunk - other.points * other.shrunk
        assert sum(score_difference(one, other)) == CLOSE(gap)
    by_points, by_acceptance = score_difference(people[2], people[0])
    assert by_points == 0
    assert by_acceptance > 0
