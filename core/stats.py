"""Estimates with their intervals, and what they prove about a target; thin over scipy.

Intervals are two-sided, 95 % unless said otherwise. An estimate without data is None with a
reason, never 0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = [
    "Bounds",
    "Direction",
    "Estimate",
    "Verdict",
    "mean_estimate",
    "more_needed",
    "proportion_bounds",
    "proportion_estimate",
    "quantile_bounds",
    "quantile_estimate",
    "reduction",
    "reduction_estimate",
    "scaled_bounds",
    "verdict",
]

CONFIDENCE = 0.95
RESAMPLES = 2_000
# Beyond this many more observations, a question is not open for lack of data.
SEARCH_LIMIT = 10_000_000

Direction = Literal["above", "below"]
Sample = npt.NDArray[np.float64]
Bounds = tuple[float | None, float | None]
Strata = Mapping[Any, tuple[Sequence[float], Sequence[float]]]


class Verdict(StrEnum):
    """What an estimate with its interval says about a target."""

    MET = "Met"
    MISSED = "Missed"
    NOT_PROVEN = "Not proven"
    NO_DATA = "No data"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its 95 % interval and the sample behind it.

    `low` or `high` is None where the sample sets no bound on that side; `reason` says why there is
    no value.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    reason: str = ""


def proportion_estimate(successes: int, n: int) -> Estimate:
    """A share with its Wilson score interval (Wilson 1927)."""
    method = "Wilson score interval"
    if n == 0:
        return Estimate(value=None, low=None, high=None, n=0, method=method, reason="none counted")
    low, high = proportion_bounds(successes / n, n)
    return Estimate(value=successes / n, low=low, high=high, n=n, method=method)


def proportion_bounds(share: float, n: int) -> Bounds:
    """The Wilson bounds of a share of n; with the same share, what a larger sample would show."""
    interval = stats.binomtest(round(share * n), n).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def mean_estimate(values: Sequence[float]) -> Estimate:
    """A mean with its t interval; with fewer than two or only equal values it has no bounds.

    Equal answers have no spread to measure, and five times five stars do not prove a mean of 5.
    """
    n = len(values)
    method = "t interval"
    if n == 0:
        return Estimate(value=None, low=None, high=None, n=0, method=method, reason="none counted")
    mean = float(np.mean(values))
    error = float(stats.sem(values)) if n > 1 else 0.0
    if error == 0:
        why = "all answers are equal" if n > 1 else "one answer has no spread"
        return Estimate(value=mean, low=None, high=None, n=n, method=f"no interval: {why}")
    margin = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    return Estimate(value=mean, low=mean - margin, high=mean + margin, n=n, method=method)


def quantile_estimate(values: Sequence[float], share: float) -> Estimate:
    """A quantile (linear between closest ranks) with its order-statistic interval.

    The bounds are observed values whose ranks the binomial distribution gives (Conover 1999,
    section 3.2); a small sample sets no upper bound: for p95 it takes 72 values.
    """
    n = len(values)
    method = "order statistics"
    if n == 0:
        return Estimate(value=None, low=None, high=None, n=0, method=method, reason="none counted")
    low, high = quantile_bounds(values, share, n)
    value = float(np.quantile(values, share))
    return Estimate(value=value, low=low, high=high, n=n, method=method)


def quantile_bounds(values: Sequence[float], share: float, n: int) -> Bounds:
    """The order-statistic bounds that a sample of n would show, were it distributed like values."""
    tail = (1 - CONFIDENCE) / 2
    ordered = np.sort(np.asarray(values, dtype=float))
    below = int(stats.binom.ppf(tail, n, share))
    above = int(stats.binom.ppf(1 - tail, n, share)) + 1

    def ranked(rank: int) -> float | None:
        position = math.ceil(rank * len(ordered) / n)
        return float(ordered[position - 1]) if 1 <= rank <= n else None

    return ranked(below), ranked(above)


def reduction(strata: Strata) -> float | None:
    """How much shorter the second samples are than the first, as a share of the first.

    `strata` maps a stratum to its values (without, with). Strata that lack one of the two say
    nothing and are left out; the others count with the weight of their values "with". One stratum
    alone is the naive comparison.
    """
    usable = _both_sides(strata, at_least=1)
    before = sum(a.mean() * len(b) for a, b in usable)
    after = sum(b.mean() * len(b) for _, b in usable)
    return float(1 - after / before) if before > 0 else None


def reduction_estimate(
    strata: Strata, *, resamples: int = RESAMPLES, seed: int = 20_261
) -> Estimate:
    """The reduction with its seeded percentile bootstrap interval, drawn within strata.

    After Efron and Tibshirani 1993, chapter 13. A stratum with one value on a side has no spread
    to draw from and widens no interval: with none but such strata, or without resamples, there are
    no bounds.
    """
    method = "bootstrap within strata" if len(strata) > 1 else "bootstrap"
    n = sum(len(b) for _, b in _both_sides(strata, at_least=1))
    value = reduction(strata)
    if value is None:
        why = "no category has resolved tickets both with and without" if not n else "no time taken"
        return Estimate(value=None, low=None, high=None, n=n, method=method, reason=why)
    usable = _both_sides(strata, at_least=2)
    if not usable or not resamples:
        return Estimate(value=value, low=None, high=None, n=n, method="no interval")
    rng = np.random.default_rng(seed)
    befores = sum(_resampled_means(a, resamples, rng) * len(b) for a, b in usable)
    afters = sum(_resampled_means(b, resamples, rng) * len(b) for _, b in usable)
    draws = 1 - afters / np.maximum(befores, np.finfo(float).tiny)
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value=value, low=float(low), high=float(high), n=n, method=method)


def _both_sides(strata: Strata, *, at_least: int) -> list[tuple[Sample, Sample]]:
    return [
        (np.asarray(without, dtype=float), np.asarray(with_, dtype=float))
        for without, with_ in strata.values()
        if min(len(without), len(with_)) >= at_least
    ]


def _resampled_means(values: Sample, resamples: int, rng: np.random.Generator) -> Sample:
    """Means of draws with replacement, a few draws at a time to keep memory small."""
    at_once = max(1, 2_000_000 // len(values))
    means = np.empty(resamples)
    for start in range(0, resamples, at_once):
        stop = min(start + at_once, resamples)
        picks = rng.integers(0, len(values), size=(stop - start, len(values)))
        means[start:stop] = values[picks].mean(axis=1)
    return means


def verdict(estimate: Estimate, direction: Direction, target: float) -> Verdict:
    """Met needs the whole interval on the good side of the target, Missed all of it on the bad."""
    if estimate.value is None:
        return Verdict.NO_DATA
    good, bad = estimate.low, estimate.high
    if direction == "below":
        # Mirrored, so that good is always above.
        good, bad = (None if x is None else -x for x in (estimate.high, estimate.low))
        target = -target
    if good is not None and good > target:
        return Verdict.MET
    if bad is not None and bad <= target:
        return Verdict.MISSED
    return Verdict.NOT_PROVEN


def scaled_bounds(estimate: Estimate, n: int) -> Bounds:
    """The bounds that n observations would show: an interval of a mean shrinks with their root."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None, None
    shrink = math.sqrt(estimate.n / n)
    low = estimate.value - (estimate.value - estimate.low) * shrink
    return low, estimate.value + (estimate.high - estimate.value) * shrink


def more_needed(
    estimate: Estimate, direction: Direction, target: float, bounds: Callable[[int], Bounds]
) -> int | None:
    """How many more observations would decide the verdict, if they were like those so far.

    `bounds(n)` answers with the interval of a sample of n. None where the verdict is decided, where
    nothing was observed, or where the value lies so near the target that no sample would do.
    """

    def decided(n: int) -> bool:
        low, high = bounds(n)
        seen = replace(estimate, low=low, high=high, n=n)
        return verdict(seen, direction, target) is not Verdict.NOT_PROVEN

    if verdict(estimate, direction, target) is not Verdict.NOT_PROVEN:
        return None
    open_at, closed_at = estimate.n, estimate.n * 2
    while not decided(closed_at):
        if closed_at > SEARCH_LIMIT:
            return None
        open_at, closed_at = closed_at, closed_at * 2
    while closed_at - open_at > 1:
        middle = (open_at + closed_at) // 2
        open_at, closed_at = (open_at, middle) if decided(middle) else (middle, closed_at)
    return closed_at - estimate.n
