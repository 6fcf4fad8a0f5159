"""Quantiles and shares from a cumulative histogram, no surer than its buckets allow.

Buckets map an upper bound to how many observations do not exceed it; the last bound is infinity,
and with it stands the number of all. Counts that fall from a bound to the next are taken as the
greatest so far: as many are known not to exceed it.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from scipy import stats

from core.base.stats import CONFIDENCE, Bounds, Estimate

Buckets = Mapping[float, float]
METHOD = "order statistics within buckets"


class HistogramQuantile(NamedTuple):
    """A quantile, and a sentence where the histogram limits what it can say ("" where not)."""

    estimate: Estimate
    note: str


class Within(NamedTuple):
    """How many of `n` observations are within a target."""

    within: int
    n: int


def quantile_estimate(buckets: Buckets, share: float, unit: str = "s") -> HistogramQuantile:
    """A quantile, interpolated within its bucket as Prometheus does, with its interval.

    One that lies beyond the highest finite bound is at least that bound, has no upper limit, and
    the note says so.
    """
    counts = _monotone(buckets)
    n = round(counts[-1][1]) if counts and counts[-1][0] == math.inf else 0
    if n == 0:
        why = "none counted" if not buckets or math.inf in buckets else "no bucket for the rest"
        empty = Estimate(value=None, low=None, high=None, n=0, method=METHOD, reason=why)
        return HistogramQuantile(empty, "")
    highest = counts[-2][0] if len(counts) > 1 else None
    value = _interpolated(counts, share * counts[-1][1])
    if highest is None or value is None:
        why = "the histogram has no bucket with an end"
        nothing = Estimate(value=None, low=None, high=None, n=n, method=METHOD, reason=why)
        return HistogramQuantile(nothing, "")
    low, high = quantile_bounds(buckets, share, n)
    note = ""
    if share * counts[-1][1] > counts[-2][1]:
        note = f"at least {highest:g} {unit}: the histogram cannot see further"
    found = Estimate(value=value, low=low, high=high, n=n, method=METHOD)
    return HistogramQuantile(found, note)


def quantile_bounds(buckets: Buckets, share: float, n: int) -> Bounds:
    """The bounds that a sample of n would show, were it distributed like the histogram.

    The ranks are those of `core.base.stats.quantile_bounds`; the lower one gives the lower bound of
    its bucket, the upper one the upper bound, None where that is infinite.
    """
    counts = _monotone(buckets)
    total = counts[-1][1] if counts and counts[-1][0] == math.inf else 0.0
    if not total or not n:
        return None, None
    tail = (1 - CONFIDENCE) / 2
    below = int(stats.binom.ppf(tail, n, share))
    above = int(stats.binom.ppf(1 - tail, n, share)) + 1

    def bucket(rank: int) -> tuple[float | None, float]:
        position = math.ceil(rank * round(total) / n)
        at = next(i for i, (_, count) in enumerate(counts) if round(count) >= position)
        return _lower(counts, at), counts[at][0]

    low = bucket(below)[0] if 1 <= below <= n else None
    high = bucket(above)[1] if 1 <= above <= n else math.inf
    return low, None if high == math.inf else high


def share_within(buckets: Buckets, target: float) -> Within | None:
    """The exact number within a target; None where no bucket ends there."""
    counts = dict(_monotone(buckets))
    if target not in counts or math.inf not in counts:
        return None
    return Within(round(counts[target]), round(counts[math.inf]))


def _monotone(buckets: Buckets) -> list[tuple[float, float]]:
    most, found = 0.0, []
    for bound in sorted(buckets):
        most = max(most, buckets[bound])
        found.append((bound, most))
    return found


def _lower(counts: list[tuple[float, float]], at: int) -> float | None:
    """Where a bucket begins: the first one at 0, unless it ends there or below."""
    if at:
        return counts[at - 1][0]
    return 0.0 if counts[0][0] > 0 else None


def _interpolated(counts: list[tuple[float, float]], rank: float) -> float | None:
    """As `histogram_quantile`: linear in its bucket; beyond the last finite one, its bound."""
    at = next(i for i, (_, count) in enumerate(counts) if count >= rank)
    upper = counts[at][0]
    if upper == math.inf:
        return counts[at - 1][0] if at else None
    lower, before = _lower(counts, at), counts[at - 1][1] if at else 0.0
    if lower is None or counts[at][1] == before:
        return upper
    return lower + (upper - lower) * (rank - before) / (counts[at][1] - before)
