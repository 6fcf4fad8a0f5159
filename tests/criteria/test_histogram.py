"""Quantiles from buckets: never surer than the values that they stand for."""

import random
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base import stats
from core.base.stats import Verdict
from core.criteria import histogram

BOUNDS = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0)


def buckets_of(values, bounds=BOUNDS):
    return {bound: float(sum(v <= bound for v in values)) for bound in (*bounds, inf)}


def test_a_p95_beyond_buckets_that_end_below_the_target_is_never_met():
    rng = random.Random(1)
    for slow in (0.06, 0.2, 0.9):
        for n in (5, 100, 5_000):
            values = [rng.uniform(11, 59) if rng.random() < slow else 3 for _ in range(n)]
            found, note = histogram.bucket_quantile_estimate(buckets_of(values, (5.0, 10.0)), 0.95)
            if sum(v > 10 for v in values) > 0.05 * n:
                assert note == "at least 10 s: the histogram cannot see further"
                assert (found.value, found.high) == (10, None)
                assert stats.verdict(found, "below", 60) is Verdict.NOT_PROVEN


def test_what_lies_within_the_buckets_can_be_judged():
    fast, note = histogram.bucket_quantile_estimate(buckets_of([4.0] * 200, (5.0, 10.0)), 0.95)
    assert (fast.low, fast.high, note) == (0.0, 5.0, "")
    assert stats.verdict(fast, "below", 60) is Verdict.MET
    slow, _ = histogram.bucket_quantile_estimate(buckets_of([99.0] * 200, (30.0, 60.0)), 0.95)
    assert stats.verdict(slow, "below", 59) is Verdict.MISSED
    assert stats.verdict(slow, "below", 61) is Verdict.NOT_PROVEN


@pytest.mark.parametrize(
    ("buckets", "reason"),
    [
        ({}, "none counted"),
        ({inf: 0.0}, "none counted"),
        ({1.0: 3.0}, "no bucket for the rest"),
        ({inf: 3.0}, "the histogram has no bucket with an end"),
    ],
)
def test_without_data_there_is_a_reason(buckets, reason):
    found, note = histogram.bucket_quantile_estimate(buckets, 0.95)
    assert (found.value, found.low, found.high, found.reason, note) == (
        None,
        None,
        None,
        reason,
        "",
    )
    assert stats.verdict(found, "below", 60) is Verdict.NO_DATA
    assert histogram.bucket_quantile_bounds(buckets, 0.95, 0) == (None, None)


def test_the_share_within_a_target_is_exact_or_unknown():
    buckets = buckets_of([3, 60, 61, 400])
    exact = histogram.share_within(buckets, 60)
    assert (exact.value, exact.n, exact.bounds) == (0.5, 4, stats.proportion_bounds(0.5, 4))
    # Between 60 and 120 s it is that of either end.
    between = histogram.share_within(buckets, 90)
    assert between.value == pytest.approx((2 + 1 / 2) / 4)
    assert between.low == exact.low
    assert between.high == stats.proportion_bounds(0.75, 4)[1]
    beyond = histogram.share_within(buckets, 300)
    assert (beyond.value, beyond.low, beyond.high) == (0.75, stats.proportion_bounds(0.75, 4)[0], 1)
    assert histogram.share_within({60.0: 2.0}, 60).value is None


def test_counts_that_fall_are_those_known_not_to_exceed():
    # Half of the runs were counted without the buckets from 30 s on.
    mixed = {10.0: 150.0, 30.0: 60.0, 60.0: 100.0, inf: 200.0}
    assert histogram.share_within(mixed, 60).value == 150 / 200
    assert histogram.bucket_quantile_estimate(mixed, 0.5)[0].high == 10


@given(
    st.lists(st.floats(0.01, 200), min_size=1, max_size=300),
    st.sampled_from([0.5, 0.95, 0.99]),
    st.sampled_from([*BOUNDS, 0.5, 45, 90, 150]),
)
def test_the_share_within_a_target_judges_as_the_values_would(values, share, target):
    found = histogram.share_within(buckets_of(values), target)
    exact = stats.proportion_estimate(sum(v <= target for v in values), len(values))
    assert found.low <= exact.low
    assert exact.high <= found.high
    if target in BOUNDS:
        assert found.bounds == exact.bounds
    # The same as by the ranks of the values, which are within the target or beyond it.
    low, high = stats.quantile_bounds(values, share, len(values))
    if found.low > share:
        assert high is not None
        assert high <= target
    if found.high < share:
        assert low is not None
        assert low > target


@given(
    st.lists(st.floats(0.01, 200), min_size=1, max_size=300),
    st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99]),
    st.sampled_from([1, 2, 5]),
)
def test_the_interval_holds_that_of_the_values_themselves(values, share, times):
    n = len(values) * times
    low, high = histogram.bucket_quantile_bounds(buckets_of(values), share, n)
    exact_low, exact_high = stats.quantile_bounds(values, share, n)
    if exact_low is None:
        assert low is None
    else:
        assert low <= exact_low
    if high is not None:
        assert exact_high is not None
        assert exact_high <= high
    found, note = histogram.bucket_quantile_estimate(buckets_of(values), share)
    assert found.n == len(values)
    assert bool(note) == (sum(v <= 120 for v in values) < share * len(values))
