"""How often intervals hold the truth: seeded simulations of 2,000 samples, 500 of the slow ones."""

from functools import cache

import numpy as np
import pytest

from core.base import stats
from tests.draws import draws, within

RUNS = 2_000
# What chance alone makes of 2,000 samples: two points are four of its standard deviations.
NEAR = 0.02


@pytest.mark.parametrize(
    ("n", "share"), [(20, 0.5), (30, 0.9), (60, 0.9), (73, 0.95), (200, 0.97), (500, 0.95)]
)
def test_wilson_covers(n, share):
    bounds = cache(lambda k: stats.proportion_estimate(int(k), n))
    drawn = np.random.default_rng(1).binomial(n, share, RUNS)
    hits = np.mean([bounds(int(k)).low <= share <= bounds(int(k)).high for k in drawn])
    assert 0.95 - NEAR <= hits <= 0.98


def test_wilson_covers_95_percent_on_average_over_shares():
    rng = np.random.default_rng(2)
    n, shares = 40, rng.uniform(0, 1, RUNS)
    bounds = {k: stats.proportion_estimate(k, n) for k in range(n + 1)}
    drawn = rng.binomial(n, shares)
    hits = [
        bounds[k].low <= share <= bounds[k].high for k, share in zip(drawn, shares, strict=True)
    ]
    assert abs(np.mean(hits) - 0.95) < NEAR


@pytest.mark.parametrize(
    ("weights", "n", "least"),
    # From all but indifferent to all but enthusiastic; of the last, few answers are not 5.
    [
        ((0.10, 0.15, 0.25, 0.30, 0.20), 14, 0.93),
        ((0.02, 0.05, 0.13, 0.30, 0.50), 14, 0.93),
        ((0.02, 0.05, 0.13, 0.30, 0.50), 100, 0.93),
        ((0.01, 0.02, 0.02, 0.10, 0.85), 14, 0.95),
        ((0.01, 0.02, 0.02, 0.10, 0.85), 40, 0.93),
        ((0.01, 0.02, 0.02, 0.10, 0.85), 100, 0.90),
    ],
)
def test_t_covers_the_mean_of_ratings(weights, n, least):
    rng = np.random.default_rng(3)
    truth, hits = np.dot(weights, (1, 2, 3, 4, 5)), 0
    for _ in range(draws(RUNS)):
        found = stats.mean_estimate(rng.choice((1, 2, 3, 4, 5), n, p=weights))
        hits += (found.low or 0) <= truth <= (found.high or 9)
    assert hits / draws(RUNS) >= least


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("n", [50, 400])
def test_order_statistics_cover_whatever_the_distribution(share, n):
    rng = np.random.default_rng(4)
    truth = float(np.exp(3 + 0.8 * {0.5: 0.0, 0.95: 1.6448536, 0.99: 2.3263479}[share]))
    hits = 0
    for _ in range(draws(RUNS)):
        found = stats.quantile_estimate(rng.lognormal(3, 0.8, n), share)
        hits += (found.low or 0) <= truth <= (np.inf if found.high is None else found.high)
    assert hits / draws(RUNS) >= 0.95 - 0.005


def lognormal(rng, median, spread, n):
    return rng.lognormal(np.log(median), spread, n)


def covered(draw, runs, resamples=400):
    rng, hits = np.random.default_rng(5), 0
    for seed in range(runs):
        found = stats.reduction_estimate(draw(rng), resamples=resamples, seed=seed)
        hits += found.low <= 0.25 <= found.high
    return hits / runs


@pytest.mark.parametrize(
    ("spread", "n", "least"),
    [(0.6, 30, 0.93), (1.0, 30, 0.92), (1.0, 300, 0.93), (1.5, 30, 0.89), (1.5, 300, 0.91)],
)
def test_a_naive_reduction_covers(spread, n, least):
    found = covered(
        lambda rng: {"": (lognormal(rng, 100, spread, n), lognormal(rng, 75, spread, n))},
        draws(RUNS),
    )
    assert least <= found <= 0.97


@pytest.mark.parametrize("spread", [0.6, 1.0])
@pytest.mark.parametrize("n", [2, 6])
def test_a_reduction_within_many_small_strata_covers(spread, n):
    def draw(rng):
        return {
            median: (
                lognormal(rng, median, spread, n),
                lognormal(rng, 0.75 * median, spread, n + median % 3),
            )
            for median in range(50, 410, 15)
        }

    assert 0.93 <= covered(draw, draws(RUNS)) <= 0.98


def test_a_reduction_within_uneven_strata_covers():
    def draw(rng):
        return {
            "hard": (lognormal(rng, 400, 1.0, 60), lognormal(rng, 300, 1.0, 90)),
            "easy": (lognormal(rng, 80, 1.0, 90), lognormal(rng, 60, 1.0, 40)),
        }

    assert 0.92 <= covered(draw, draws(RUNS)) <= 0.97


@pytest.mark.parametrize(("tickets", "seconds"), [(3_000, 0.1), (25_000, 1.0)])
@pytest.mark.parametrize("strata", [1, 24])
def test_a_reduction_is_quick(tickets, seconds, strata):
    rng = np.random.default_rng(6)
    n = tickets // strata // 2
    drawn = {k: (lognormal(rng, 100, 1, n), lognormal(rng, 75, 1, n)) for k in range(strata)}
    with within(seconds):
        found = stats.reduction_estimate(drawn)
    assert found.low < found.high


def test_many_values_are_resampled_as_groups_with_the_same_interval(monkeypatch):
    rng = np.random.default_rng(7)
    drawn = {"": (lognormal(rng, 100, 1, 3_000), lognormal(rng, 75, 1, 3_000))}
    grouped = stats.reduction_estimate(drawn)
    monkeypatch.setattr(stats, "GROUPS", 10_000)
    whole = stats.reduction_estimate(drawn, resamples=500)
    assert grouped.value == whole.value
    assert grouped.high - grouped.low == pytest.approx(whole.high - whole.low, rel=0.12)
