"""Intervals against published tables and simulation; verdicts; how much more is needed."""

from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest

from core.base import stats
from core.base.stats import Estimate, Leaning, Verdict


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, table I, method 5
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_clopper_pearson_agrees_with_newcombe(successes, n, low, high):
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


def test_zero_failures_prove_95_percent_from_72_runs():
    # log(0.025) / log(0.95) = 71.9
    met = [n for n in range(1, 100) if stats.proportion_estimate(n, n).low > 0.95]
    assert met[0] == 72


@pytest.mark.parametrize(("zeros", "ones"), [(0, 1), (0, 20), (5, 15), (10, 190), (699, 1)])
def test_a_scale_of_two_answers_has_the_bounds_of_a_share(zeros, ones):
    mean = stats.rating_estimate([0] * zeros + [1] * ones, (0, 1))
    share = stats.proportion_estimate(ones, zeros + ones)
    assert mean.value == share.value
    assert mean.bounds == pytest.approx(share.bounds, abs=0.003)
    assert mean.likely == pytest.approx(share.likely, abs=0.003)


@pytest.mark.parametrize("counts", [(2, 1, 2, 5, 10), (1, 0, 0, 0, 4), (3, 0, 0, 190, 7)])
def test_the_bounds_of_ratings_are_quantiles_of_dirichlet_means(counts):
    drawn = np.random.default_rng(1).standard_gamma(counts, (100_000, 5))
    more = np.random.default_rng(2).standard_gamma(1, 100_000)
    means = [(drawn @ np.arange(1, 6) + end * more) / (drawn.sum(axis=1) + more) for end in (1, 5)]
    found = stats.rating_estimate(np.repeat(np.arange(1, 6), counts))
    assert found.low == pytest.approx(np.quantile(means[0], 0.025), abs=0.02)
    assert found.high == pytest.approx(np.quantile(means[1], 0.975), abs=0.02)


@pytest.mark.parametrize(
    ("answers", "proven"),
    [
        ([5], False),
        ([5] * 12, False),  # of a mean of 4, 0.75 ** 12 = 3.2 % are all fives
        ([5] * 13, True),  # and 0.75 ** 13 = 2.4 %
        ([4] * 700, False),
        ([5] * 40 + [4, 4, 3, 5], True),
        ([1, 5], False),
    ],
)
def test_equal_ratings_prove_what_their_number_allows(answers, proven):
    found = stats.rating_estimate(answers)
    assert 1 <= found.low <= found.value <= found.high <= 5
    assert (stats.verdict(found, "above", 4) is Verdict.MET) == proven


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
        stats.rating_estimate([]),
        stats.daily_estimate({}, [], counted=True),
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
        (0.90, 0.949, "above", Verdict.MISSED),
        (0.90, 0.95, "above", Verdict.NOT_PROVEN),  # nor is it under 95 %
        (0.95, 0.95, "above", Verdict.NOT_PROVEN),
        (0.95, 0.95, "below", Verdict.NOT_PROVEN),
        (0.90, 0.949, "below", Verdict.MET),
        (0.90, 0.95, "below", Verdict.NOT_PROVEN),
        (0.95, 0.99, "below", Verdict.NOT_PROVEN),
        (0.951, 0.99, "below", Verdict.MISSED),
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


@pytest.mark.parametrize(
    ("likely", "direction", "expected"),
    [
        ((0.96, 0.98), "above", Leaning.LIKELY_MET),
        ((0.92, 0.949), "above", Leaning.LIKELY_MISSED),
        ((0.94, 0.96), "above", Leaning.CLOSE),
        ((0.96, 0.98), "below", Leaning.LIKELY_MISSED),
        ((0.92, 0.94), "below", Leaning.LIKELY_MET),
        ((0.96, None), "above", Leaning.LIKELY_MET),
        ((0.94, None), "above", None),
        ((None, None), "below", None),
    ],
)
def test_what_is_not_proven_leans_by_the_60_percent_interval(likely, direction, expected):
    estimate = Estimate(value=0.95, low=0.9, high=0.99, n=9, method="", likely=likely)
    assert stats.leaning(estimate, direction, 0.95) is expected
    assert stats.leaning(estimate, "above", 0.5) is None
    assert stats.leaning(estimate, "above", 0.995) is None


def test_both_intervals_are_of_one_method():
    values = np.random.default_rng(4).lognormal(3, 0.4, 200)
    share, quantile = stats.proportion_estimate(97, 100), stats.quantile_estimate(values, 0.95)
    for confidence, of_share, of_quantile in (
        (0.95, share.bounds, quantile.bounds),
        (0.6, share.likely, quantile.likely),
    ):
        assert of_share == stats.proportion_bounds(0.97, 100, confidence)
        assert of_quantile == stats.quantile_bounds(values, 0.95, 200, confidence)
    strata = {"a": (values, values[:90] * 0.9), "b": (values + 3, values[90:] * 0.9)}
    for estimate in (stats.mean_estimate(values), stats.reduction_estimate(strata)):
        assert estimate.low < estimate.likely[0] < estimate.value < estimate.likely[1]
        assert estimate.likely[1] < estimate.high


def test_a_forecast_spans_from_a_chance_of_a_third_to_one_of_two_thirds():
    rng = np.random.default_rng(7)
    now = stats.mean_estimate(rng.normal(3.9, 1, 100))
    target = now.high - 0.05
    few, many = stats.more_needed(now, "below", target, lambda n: stats.scaled_bounds(now, n))
    assert 0 < few < many
    margin = (now.high - now.low) / 2
    for more, chance in ((few, 1 / 3), (many, 2 / 3)):
        truths = rng.normal(now.value, margin / 1.96, 20_000)
        later = rng.normal(truths, margin / 1.96 * np.sqrt(100 / more))
        means = (now.value * 100 + later * more) / (100 + more)
        decided = np.abs(means - target) > margin * np.sqrt(100 / (100 + more))
        assert decided.mean() == pytest.approx(chance, abs=0.04)


def test_a_forecast_moves_little_with_the_value():
    spans = []
    for failed in (49, 52):  # a figure moved by less than half of its standard error
        share = 1 - failed / 1_240
        found = stats.proportion_estimate(1_240 - failed, 1_240)
        assert stats.verdict(found, "above", 0.95) is Verdict.NOT_PROVEN
        bounds = partial(stats.proportion_bounds, share)
        spans.append(stats.more_needed(found, "above", 0.95, bounds))
    (few, many), (later, latest) = spans
    assert few <= later < many <= latest < 5 * many


@pytest.mark.parametrize("value", [30.0, 55.0, 75.0])
def test_a_forecast_for_a_range(value):
    wide = Estimate(value=value, low=value - 35, high=value + 35, n=10, method="")
    few, many = stats.more_needed(wide, "within", 50, partial(stats.scaled_bounds, wide), 100)
    assert 1 <= few < many


def test_a_forecast_of_a_quantile_waits_for_its_bound():
    values = np.random.default_rng(4).lognormal(3, 0.4, 61)
    estimate = stats.quantile_estimate(values, 0.95)
    assert estimate.high is None
    few, _ = stats.more_needed(estimate, "below", 60, partial(stats.quantile_bounds, values, 0.95))
    assert 11 <= few <= 13


def test_a_forecast_has_no_answer_where_nothing_would_help():
    decided = stats.proportion_estimate(500, 500)
    assert stats.more_needed(decided, "above", 0.95, lambda n: (0.9, 1.0)) is None
    unseen = Estimate(value=10.0, low=10.0, high=None, n=50, method="")
    assert stats.more_needed(unseen, "below", 60, lambda n: (10.0, None)) is None
    assert stats.more_needed(stats.mean_estimate([]), "above", 4, lambda n: (None, None)) is None


def days(*levels, first=date(2026, 11, 2)):
    return {first + timedelta(n): level for n, level in enumerate(levels) if level is not None}


WEEK = list(days(*range(7)))


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [
        ((105, 98, 110, 101, 112, 0, 0), Verdict.MET),
        ((140, 115, 100, 95, 75, 0, 0), Verdict.MET),  # busy Mondays
        ((110, 100, 105, None, 108, 1, 2), Verdict.MET),  # a day is not known
        ((60, 150, 30, 160, 125, 0, 0), Verdict.NOT_PROVEN),  # no pattern explains that
        ((50, 48, 52, 47, 53, 50, 49), Verdict.NOT_PROVEN),
        ((20, 22, 19, 24, 21, 2, 1), Verdict.MISSED),
        ((180, 170, 190, 185, 175, 160, 150), Verdict.MISSED),
    ],
)
def test_the_weekday_pattern_is_no_noise(levels, verdict):
    found = stats.daily_estimate(days(*levels), WEEK, counted=True)
    assert stats.verdict(found, "within", 50, 100) is verdict


def test_a_day_that_is_not_known_has_the_level_of_its_kind():
    whole = stats.daily_estimate(days(100, 100, 100, 100, 100, 0, 0), WEEK, counted=True)
    assert whole.value == pytest.approx(500 / 7)
    for gone in ((None, 100, 100, 100, 100, 0, 0), (100, 100, 100, 100, 100, 0, None)):
        found = stats.daily_estimate(days(*gone), WEEK, counted=True)
        assert found.value == pytest.approx(whole.value)
        assert (found.n, found.high >= whole.high * 0.999) == (6, True)
    # Of weekends nothing is known.
    assert stats.daily_estimate(days(*[100] * 5), WEEK, counted=True).value == 100
    alone = stats.daily_estimate(days(140), WEEK, counted=True)
    assert (alone.value, alone.bounds, alone.method) == (
        140,
        (None, None),
        "no interval: too few days",
    )


def test_from_four_weeks_on_each_weekday_has_its_level():
    rng = np.random.default_rng(1)
    usual = np.tile([200, 60, 90, 20, 120, 30, 5], 4)
    by_day = days(*rng.poisson(usual))
    found = stats.daily_estimate(by_day, list(by_day), counted=True)
    # The standard error of independent arrivals is sqrt(75 / 28) = 1.64.
    assert found.value == np.mean([*by_day.values()])
    assert 2 * 1.64 < (found.high - found.low) / 2 < 2 * 1.64 * 1.5


def test_counted_days_spread_at_least_as_arrivals_do():
    found = stats.daily_estimate(days(*[60] * 7), WEEK, counted=True)
    # t with 4 degrees of freedom is 2.776: 60 * exp(2.776 * sqrt(60 / 7) / 60) = 68.7
    assert found.high > 68
    still = stats.daily_estimate(days(*[0.5] * 7), WEEK, counted=False)
    assert still.bounds == pytest.approx((0.5, 0.5))
    nothing = stats.daily_estimate(days(*[0] * 7), WEEK, counted=False)
    assert (nothing.value, nothing.bounds) == (0, (0, 0))


def test_a_week_without_an_outage_does_not_prove_995_per_mille():
    # No outage in a week is believable of -log(0.025) = 3.69 a week; here of two hours each.
    week = stats.uptime_estimate(7 * 1440, 7 * 1440, [])
    assert (week.value, week.high) == (1, 1)
    assert week.low == pytest.approx(1 + np.log(0.025) * 120 / (7 * 1440))
    assert stats.leaning(week, "above", 0.995) is stats.Leaning.LIKELY_MET
    for days, is_proven in ((61, False), (62, True)):
        assert (stats.uptime_estimate(days * 1440, days * 1440, []).low > 0.995) is is_proven
    # One outage of a minute, or ten of them, or one of a day, prove no more than none.
    for outages in ([1], [1] * 10, [1440]):
        some = stats.uptime_estimate(7 * 1440, 7 * 1440 - sum(outages), outages)
        assert (some.low < week.low, some.high < 1) == (True, True)
    # Four hours in one piece prove less than in 48 pieces.
    one, many = (stats.uptime_estimate(7 * 1440, 7 * 1440 - 240, [240 / n] * n) for n in (1, 48))
    assert one.value == many.value
    assert one.low < many.low < many.high < one.high
    assert stats.uptime_estimate(1440, 0, [1440]).high < 0.995


def test_the_interval_of_equal_outages_is_that_of_their_number():
    # Garwood 1936: 10 events are believable of a mean of 4.795 to 18.39, and one more at the end.
    found = stats.uptime_estimate(100_000, 100_000 - 10 * 300, [300] * 10)
    assert found.bounds == pytest.approx((1 - 18.39 * 0.003, 1 - 4.795 * 0.003), abs=1e-5)


def test_a_perfect_week_is_met_after_two_months():
    week = 7 * 1440
    few, many = stats.more_needed(
        stats.uptime_estimate(week, week, []),
        "above",
        0.995,
        lambda n: stats.uptime_estimate(n, n, []).bounds,
    )
    assert 30 * 1440 < few < 55 * 1440 < many < 100 * 1440


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
