"""Quantiles and shares from a cumulative histogram, as exact as its buckets allow.

Buckets map an upper bound to how many observations do not exceed it; the last bound is infinity,
and with it stands the number of all. Counts that fall from a bound to the next are taken as the
greatest so far: as many are known not to exceed it.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from core.base.stats import CONFIDENCE, Bounds, Estimate, Sample, proportion_bounds, quantile_ranks

Buckets = Mapping[float, float]
METHOD = "order statistics within buckets"


class HistogramQuantile(NamedTuple):
    """A quantile, and a sentence where the histogram limits what it can say ("" where not)."""

    estimate: Estimate
    note: str


def bucket_quantile_estimate(buckets: Buckets, share: float) -> HistogramQuantile:
    """A quantile of seconds, interpolated within its bucket as Prometheus does, with its interval.

    One that lies beyond the highest finite bound is at least that bound, has no upper limit, and
    the note says so.
    """
    ends, counts = _cumulative(buckets)
    n, reason = _total(ends, counts), ""
    if n == 0:
        reason = "none counted" if not buckets or math.inf in buckets else "no bucket for the rest"
    elif len(ends) == 1:
        reason = "the histogram has no bucket with an end"
    if reason:
        return HistogramQuantile(Estimate(n=n, method=METHOD, reason=reason), "")
    rank, highest, note = share * counts[-1], float(ends[-2]), ""
    if rank > counts[-2]:
        note = f"at least {highest:g} s: the histogram cannot see further"
    value = highest if note else _interpolated(ends, counts, rank)
    bounds = partial(bucket_quantile_bounds, buckets, share, n)
    return HistogramQuantile(Estimate.of(value, bounds, n=n, method=METHOD), note)


def bucket_quantile_bounds(
    buckets: Buckets, share: float, n: int, confidence: float = CONFIDENCE
) -> Bounds:
    """The bounds that a sample of n would show, were it distributed like the histogram.

    The lower rank gives the lower bound of its bucket, the upper one the upper bound, None where
    that is infinite.
    """
    ends, counts = _cumulative(buckets)
    total = _total(ends, counts)
    if not total or not n:
        return None, None
    below, above = (
        None if rank is None else int(np.searchsorted(counts.round(), math.ceil(rank * total / n)))
        for rank in quantile_ranks(share, n, confidence)
    )
    high = math.inf if above is None else float(ends[above])
    return None if below is None else _start(ends, below), None if high == math.inf else high


def share_within(buckets: Buckets, target: float) -> Estimate:
    """The share of observations within a target: exact where a bucket ends there.

    Elsewhere it is interpolated, and bounded by those of the bucket's ends, which are certain.
    """
    ends, counts = _cumulative(buckets)
    n, method = _total(ends, counts), "Clopper-Pearson interval"
    if not n:
        return Estimate(method=method, reason="none counted")
    share = float(np.interp(target, [0.0, *ends[:-1]], [0.0, *counts[:-1]])) / n
    bounds = partial(share_bounds, buckets, target, n)
    return Estimate.of(share, bounds, n=n, method=method)


def share_bounds(buckets: Buckets, target: float, n: int, confidence: float = CONFIDENCE) -> Bounds:
    """The bounds of the share within a target that a sample of n would show."""
    ends, counts = _cumulative(buckets)
    certain = counts[ends <= target].max(initial=0.0)
    possible = counts[ends >= target].min()
    low, _ = proportion_bounds(certain / counts[-1], n, confidence)
    _, high = proportion_bounds(possible / counts[-1], n, confidence)
    return low, high


def _cumulative(buckets: Buckets) -> tuple[Sample, Sample]:
    """The bounds in ascending order, and the counts up to each, which never fall."""
    ends = np.array(sorted(buckets), dtype=float)
    return ends, np.maximum.accumulate([0.0, *(buckets[end] for end in ends)])[1:]


def _total(ends: Sample, counts: Sample) -> int:
    """The number of all observations; 0 where it is not told."""
    return round(float(counts[-1])) if len(ends) and ends[-1] == math.inf else 0


def _start(ends: Sample, at: int) -> float | None:
    """Where a bucket begins: the first one at 0, unless it ends there or below."""
    if at:
        return float(ends[at - 1])
    return 0.0 if ends[0] > 0 else None


def _interpolated(ends: Sample, counts: Sample, rank: float) -> float:
    """As `histogram_quantile`: linear in the first bucket that reaches the rank."""
    at = int(np.searchsorted(counts, rank))
    start, before = _start(ends, at), counts[at - 1] if at else 0.0
    if start is None or counts[at] == before:
        return float(ends[at])
    return float(start + (ends[at] - start) * (rank - before) / (counts[at] - before))
