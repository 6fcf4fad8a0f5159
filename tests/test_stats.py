"""Intervals against published tables and simulation; verdicts; how much more is needed."""

import numpy as np
import pytest

from core import stats
from core.stats import Estimate, Verdict


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombe(successes, n, low, high):
    estimate = stats.proportion_estimate(successes, n)
    assert (round(estimate.low, 4), round(estimate.high, 4)) == (low, high)
    assert estimate.value == successes / n


@pytest.mark.parametrize(
    ("n", "ranks"),
    # Ranks of the 95 % interval of a median: Conover 1999, and Altman et al. 2000, table 18.4
    [(10, (2, 9)), (20, (6, 15)), (30, (10, 21)), (50, (18, 33)), (100, (40, 61))],
)
def test_median_ranks_agree_with_the_tables(n, ranks):
    estimate = stats.quantile_estimate([float(rank) for rank in range(1, n + 1)], 0.5)
    assert (estimate.low, estimate.high) == ranks


def test_an_upper_bound_for_p95_takes_72_values():
    assert stats.quantile_estimate(range(71), 0.95).high is None
    assert stats.quantile_estimate(range(72), 0.95).high == 71


def test_zero_failures_prove_95_percent_from_73_runs():
    met = [n for n in range(1, 100) if stats.proportion_estimate(n, n).low > 0.95]
    assert met[0] == 73


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_quantile_interval_covers(share):
    rng = np.random.default_rng(1)
    truth = float(np.exp(3 + 0.5 * {0.5: 0.0, 0.95: 1.6448536}[share]))
    hits = 0
    for _ in range(1_000):
        estimate = stats.quantile_estimate(rng.lognormal(3, 0.5, 150), share)
        hits += (estimate.low or 0) <= truth <= (estimate.high or np.inf)
    assert hits / 1_000 >= 0.94  # order statistics are conservative


def test_wilson_and_t_intervals_cover():
    rng = np.random.default_rng(2)
    shares = means = 0
    for _ in range(1_000):
        share = stats.proportion_estimate(int(rng.binomial(200, 0.9)), 200)
        shares += share.low <= 0.9 <= share.high
        mean = stats.mean_estimate(rng.normal(4, 1, 12))
        means += mean.low <= 4 <= mean.high
    assert abs(shares / 1_000 - 0.95) < 0.02
    assert abs(means / 1_000 - 0.95) < 0.02


def test_reduction_interval_covers():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(300):
        strata = {
            "hard": (rng.exponential(400, 60), rng.exponential(300, 90)),
            "easy": (rng.exponential(80, 90), rng.exponential(60, 40)),
        }
        estimate = stats.reduction_estimate(strata, resamples=400)
        hits += estimate.low <= 0.25 <= estimate.high
    assert 0.91 <= hits / 300 <= 0.98


def test_no_data_is_none_with_a_reason():
    for estimate in (
        stats.proportion_estimate(0, 0),
        stats.mean_estimate([]),
        stats.quantile_estimate([], 0.95),
        stats.reduction_estimate({}),
        stats.reduction_estimate({"only": ([1.0], [])}),
    ):
        assert estimate.value is estimate.low is estimate.high is None
        assert estimate.reason
        assert stats.verdict(estimate, "above", 0.5) is Verdict.NO_DATA


@pytest.mark.parametrize("answers", [[5], [5, 5, 5, 5]])
def test_equal_answers_prove_nothing(answers):
    estimate = stats.mean_estimate(answers)
    assert (estimate.value, estimate.low, estimate.high) == (5, None, None)
    assert stats.verdict(estimate, "above", 4) is Verdict.NOT_PROVEN


@pytest.mark.parametrize(
    ("low", "high", "direction", "expected"),
    [
        (0.951, 0.99, "above", Verdict.MET),
        (0.95, 0.99, "above", Verdict.NOT_PROVEN),  # over 95 % is not 95 %
        (0.90, 0.99, "above", Verdict.NOT_PROVEN),
        (0.90, 0.95, "above", Verdict.MISSED),
        (0.90, 0.949, "below", Verdict.MET),
        (0.90, 0.95, "below", Verdict.NOT_PROVEN),
        (0.95, 0.99, "below", Verdict.MISSED),
        (None, 0.94, "above", Verdict.MISSED),
        (0.96, None, "above", Verdict.MET),
        (0.90, None, "above", Verdict.NOT_PROVEN),
        (0.90, None, "below", Verdict.NOT_PROVEN),
        (None, None, "above", Verdict.NOT_PROVEN),
    ],
)
def test_verdicts(low, high, direction, expected):
    estimate = Estimate(value=0.95, low=low, high=high, n=9, method="")
    assert stats.verdict(estimate, direction, 0.95) is expected


def test_more_needed_is_enough_and_not_too_much():
    estimate = stats.proportion_estimate(97, 100)
    assert stats.verdict(estimate, "above", 0.95) is Verdict.NOT_PROVEN
    more = stats.more_needed(estimate, "above", 0.95, lambda n: stats.proportion_bounds(0.97, n))
    assert stats.proportion_bounds(0.97, 100 + more)[0] > 0.95
    assert stats.proportion_bounds(0.97, 100 + more // 2)[0] <= 0.95


def test_more_needed_of_a_quantile():
    values = np.random.default_rng(4).lognormal(3, 0.4, 61)
    estimate = stats.quantile_estimate(values, 0.95)
    assert estimate.high is None
    more = stats.more_needed(
        estimate, "below", 60, lambda n: stats.quantile_bounds(values, 0.95, n)
    )
    assert more == 11


def test_more_needed_has_no_answer_where_nothing_would_help():
    decided = stats.proportion_estimate(500, 500)
    assert stats.more_needed(decided, "above", 0.95, lambda n: (0.9, 1.0)) is None
    on_target = stats.proportion_estimate(95, 100)
    assert (
        stats.more_needed(on_target, "above", 0.95, lambda n: stats.proportion_bounds(0.95, n))
        is None
    )
    assert stats.more_needed(stats.mean_estimate([]), "above", 4, lambda n: (None, None)) is None


def test_reduction_within_strata_sees_what_the_naive_figure_hides():
    # Enhanced tickets are the hard ones: each kind is a quarter shorter, the whole looks longer.
    strata = {
        "hard": ([400.0, 400.0] * 5, [300.0, 300.0] * 50),
        "easy": ([40.0, 40.0] * 50, [30.0, 30.0] * 5),
    }
    naive = ([*strata["hard"][0], *strata["easy"][0]], [*strata["hard"][1], *strata["easy"][1]])
    assert stats.reduction(strata) == pytest.approx(0.25)
    assert stats.reduction({"all": naive}) < -1


def test_reduction_is_the_same_each_time():
    strata = {"a": ([1.0, 5.0, 9.0], [1.0, 2.0, 3.0])}
    assert stats.reduction_estimate(strata) == stats.reduction_estimate(strata)


def test_reduction_of_no_time_is_unknown():
    assert stats.reduction_estimate({"a": ([0.0, 0.0], [0.0, 0.0])}).value is None
