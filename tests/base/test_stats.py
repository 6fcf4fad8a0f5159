"""Intervals against published tables and simulation; verdicts; how much more is needed."""

import numpy as np
import pytest

from core.base import stats
from core.base.stats import Estimate, Verdict


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


def test_ranks_of_other_quantiles_are_those_of_the_binomial():
    # Hahn and Meeker 1991, section 5.2: the smallest samples whose largest value bounds a quantile
    # with 97.5 % on its side, log(0.025) / log(share).
    for share, least in ((0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368)):
        assert stats.quantile_estimate(range(least - 1), share).high is None
        assert stats.quantile_estimate(range(least), share).high == least - 1
        # And the smallest value bounds it from below at the other end.
        assert stats.quantile_estimate(range(least - 1), 1 - share).low is None


def test_t_agrees_with_the_table():
    # Student's own data (1908, Biometrika 6): ten extra hours of sleep, t at 97.5 % with 9 degrees
    # of freedom is 2.262.
    hours = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = stats.mean_estimate(hours)
    assert found.value == pytest.approx(2.33)
    margin = 2.262 * 2.002 / 10**0.5
    assert (found.low, found.high) == pytest.approx((2.33 - margin, 2.33 + margin), abs=2e-3)


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


@pytest.mark.parametrize("answers", [[5], [5, 5, 5, 5], [5] * 40 + [4, 4, 3, 5]])
def test_equal_answers_and_few_beside_them_prove_nothing(answers):
    estimate = stats.mean_estimate(answers)
    assert estimate.value == pytest.approx(sum(answers) / len(answers))
    assert (estimate.low, estimate.high) == (None, None)
    assert estimate.method.startswith("no interval: ")
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


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (50, 100, Verdict.MET),  # both ends are good
        (60, 70, Verdict.MET),
        (49, 70, Verdict.NOT_PROVEN),
        (60, 101, Verdict.NOT_PROVEN),
        (40, 120, Verdict.NOT_PROVEN),
        (40, 49, Verdict.MISSED),
        (40, 50, Verdict.NOT_PROVEN),
        (101, 120, Verdict.MISSED),
        (None, 49, Verdict.MISSED),
        (101, None, Verdict.MISSED),
        (60, None, Verdict.NOT_PROVEN),
        (None, None, Verdict.NOT_PROVEN),
    ],
)
def test_a_range_is_met_from_inside_and_missed_from_outside(low, high, expected):
    estimate = Estimate(value=75, low=low, high=high, n=9, method="")
    assert stats.verdict(estimate, "within", 50, 100) is expected
    nothing = Estimate(value=None, low=None, high=None, n=0, method="")
    assert stats.verdict(nothing, "within", 50, 100) is Verdict.NO_DATA


def test_only_a_range_has_an_upper_target():
    estimate = Estimate(value=75, low=70, high=80, n=9, method="")
    for direction, upper in (("within", None), ("above", 100), ("below", 100)):
        with pytest.raises(ValueError, match="upper target"):
            stats.verdict(estimate, direction, 50, upper)


def test_more_needed_for_a_range():
    wide = Estimate(value=75, low=40, high=110, n=10, method="")
    more = stats.more_needed(wide, "within", 50, lambda n: stats.scaled_bounds(wide, n), 100)
    assert stats.scaled_bounds(wide, 10 + more)[0] >= 50
    assert stats.scaled_bounds(wide, 9 + more)[0] < 50
    outside = Estimate(value=30, low=5, high=55, n=10, method="")
    more = stats.more_needed(outside, "within", 50, lambda n: stats.scaled_bounds(outside, n), 100)
    assert stats.scaled_bounds(outside, 10 + more)[1] < 50
    on_edge = Estimate(value=50, low=5, high=95, n=10, method="")
    bounds = lambda n: stats.scaled_bounds(on_edge, n)  # noqa: E731
    assert stats.more_needed(on_edge, "within", 50, bounds, 100) is None


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
    strata = {"a": ([1.0, 5.0, 9.0] * 10, [1.0, 2.0, 3.0] * 10)}
    assert stats.reduction_estimate(strata).low is not None
    assert stats.reduction_estimate(strata) == stats.reduction_estimate(strata)


def test_reduction_of_no_time_is_unknown():
    assert stats.reduction_estimate({"a": ([0.0, 0.0], [0.0, 0.0])}).value is None


def test_a_reduction_of_few_or_equal_tickets_has_no_interval():
    few = {"a": (list(range(1, 30)), list(range(1, 60)))}
    assert stats.reduction_estimate(few).method == "no interval: fewer than 30 on a side"
    equal = stats.reduction_estimate({"a": ([40.0] * 50, [30.0] * 50)})
    assert (equal.value, equal.low, equal.method) == (0.25, None, "no interval: no spread")
    at_once = stats.reduction_estimate({"a": (list(range(50)), [0.0] * 50)})
    assert (at_once.value, at_once.low, at_once.high) == (1, None, None)


def test_a_stratum_with_one_ticket_on_a_side_says_nothing():
    pairs = {"a": ([40.0, 50.0] * 20, [30.0, 20.0] * 20)}
    odd = pairs | {"b": ([1.0], [900.0] * 30), "c": ([], [900.0]), "d": ([900.0], [1.0])}
    assert stats.reduction_estimate(odd).value == stats.reduction(pairs)
    assert stats.reduction_estimate(odd).n == 40


def test_most_zeros_on_a_side_still_give_an_interval_or_none():
    strata = {"a": ([0.0] * 35 + [90.0] * 5, [0.0] * 38 + [10.0, 20.0])}
    found = stats.reduction_estimate(strata)
    assert found.low is None or found.low < found.value < found.high
