"""Interval estimates and verdicts about targets; thin over scipy.

Intervals are two-sided, 95 % unless said otherwise. An estimate without data is None with a
reason, never 0.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy  # its statistics are loaded when they are first asked for: 50 MB
from scipy import special

CONFIDENCE = 0.95
# What is not proven is likely where the interval of this confidence is on one side of the target.
LIKELY = 0.6
RESAMPLES = 2_000
# With fewer values on either side, the interval of a reduction covers too little to be shown; and
# so does that of a mean with fewer answers that differ from the commonest one.
LEAST_COMPARED = 30
LEAST_DIFFERING = 5
# More values than this are resampled as means of that many random groups at most: these have the
# variance and the skewness that the mean of all needs, at a fraction of the draws.
GROUPS = 128
UPTIME = "gamma interval of outages"
# Minutes of one more outage: at most four hours, from which on a window is restarted, unless a
# longer one was seen; at least half an hour in the 60 % interval, two hours in that of 95 %.
LONGEST_OUTAGE, UNSEEN_OUTAGE = 240, (30, 120)
# From so many days on, each weekday has a level of its own.
DAYS_OF_WEEKDAYS = 28
# Cosines of a week and longer, a day.
WAVES_A_DAY = 2 / 7
# Added to what is divided by, which is 0 where all levels are.
TINY = float(np.finfo(float).tiny)
# A forecast spans from a chance of a third to one of two thirds that the verdict is decided, of
# samples that are up to 10,000 times as large: beyond, a question is not open for lack of data.
CHANCES = (1 / 3, 2 / 3)
SHARES = tuple(0.01 * 1.1**step for step in range(146))

Direction = Literal["above", "below", "within"]
Sample = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Bounds = tuple[float | None, float | None]
# From so many to so many; None beyond any number.
Span = tuple[int, int | None]
Values = Sequence[float] | Sample
Strata = Mapping[Any, tuple[Values, Values]]
# The interval of a confidence from 0 to 1.
BoundsOf = Callable[[float], Bounds]


class Verdict(StrEnum):
    """Verdict of an interval estimate about a target."""

    MET = "Met"
    MISSED = "Missed"
    NOT_PROVEN = "Not proven"
    NO_DATA = "No data"


class Leaning(StrEnum):
    """Direction of what is Not proven."""

    LIKELY_MET = "Likely met"
    CLOSE = "Too close to call"
    LIKELY_MISSED = "Likely missed"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its 95 % interval and the sample behind it.

    `low` or `high` is None where the sample sets no bound on that side; `likely` is the 60 %
    interval by the same method; `reason` says why there is no value.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    method: str
    reason: str = ""
    likely: Bounds = (None, None)

    @classmethod
    def of(cls, value: float, bounds: BoundsOf, *, n: int, method: str) -> "Estimate":
        """A value with both intervals of one method; `bounds` gives that of a confidence."""
        low, high = bounds(CONFIDENCE)
        return cls(value=value, low=low, high=high, n=n, method=method, likely=bounds(LIKELY))

    @property
    def bounds(self) -> Bounds:
        """The ends of the interval."""
        return self.low, self.high


def proportion_estimate(successes: int, n: int) -> Estimate:
    """A share with its Clopper-Pearson interval (1934): at most 2.5 % wrong on either side."""
    method = "Clopper-Pearson interval"
    if n == 0:
        return Estimate(method=method, reason="none counted")
    share = successes / n
    return Estimate.of(share, partial(proportion_bounds, share, n), n=n, method=method)


def proportion_bounds(share: float, n: float, confidence: float = CONFIDENCE) -> Bounds:
    """The Clopper-Pearson bounds of a share of n; with the same share, those of a larger sample."""
    yes, tail = share * n, (1 - confidence) / 2
    low = special.betaincinv(yes, n - yes + 1, tail) if share > 0 else 0.0
    high = special.betaincinv(yes + 1, n - yes, 1 - tail) if share < 1 else 1.0
    return float(low), float(high)


def uptime_estimate(minutes: float, up: float, outages: Values) -> Estimate:
    """A share of time with the gamma interval of a sum of outages that come at random times.

    After Fay and Feuer 1997 (Statistics in Medicine 16): the upper bound of the minutes missed has
    one more outage, longer than the longest seen, the more so the fewer were seen. No outage in a
    week proves 95.6 %, none in 62 days 99.5 %.
    """
    down, length = minutes - up, np.sum(np.square(outages)) / (np.sum(outages) or 1.0)
    longest, n = float(np.max(outages, initial=0)), int(np.count_nonzero(outages))
    longer = max(longest, min(LONGEST_OUTAGE, longest * (2 + 8 / max(n, 1))))

    def bounds(confidence: float) -> Bounds:
        tail = (1 - confidence) / 2
        more = max(longer, UNSEEN_OUTAGE[confidence > LIKELY])
        means = np.array([down, down + more]) + TINY
        scales = (np.array([0, more**2]) + down * length) / means
        least, most = special.gammaincinv(means / (scales + TINY), [tail, 1 - tail]) * scales
        return max(0.0, float(1 - most / minutes)), float(1 - least / minutes)

    return Estimate.of(up / minutes, bounds, n=round(minutes), method=UPTIME)


def rating_estimate(answers: Values, ends: tuple[float, float] = (1, 5)) -> Estimate:
    """A mean of answers on a scale with Gaffke's interval, which assumes no distribution.

    The lower bound is the quantile of the mean under Dirichlet weights of the answers and one more
    at the lowest end of the scale, the upper one likewise at the highest: of yes and no, it is that
    of Clopper and Pearson. After Gaffke 2005 (Mathematical Methods of Statistics 14) and Phan,
    Thomas and Learned-Miller 2021 (ICML); nothing is proven by few answers, however equal.
    """
    method = "Gaffke interval"
    n = len(answers)
    if n == 0:
        return Estimate(method=method, reason="none counted")
    values, counts = np.unique(np.asarray(answers, dtype=float), return_counts=True)
    span = ends[1] - ends[0]
    low = _weighted_means(values - ends[0], counts, span)
    high = _weighted_means(ends[1] - values, counts, span)

    def bounds(confidence: float) -> Bounds:
        score = special.ndtri((1 - confidence) / 2)
        return ends[0] + float(np.interp(score, *low)), ends[1] - float(np.interp(score, *high))

    return Estimate.of(float(np.mean(answers)), bounds, n=n, method=method)


def _weighted_means(
    values: Sample, counts: npt.NDArray[np.int_], span: float
) -> tuple[Sample, Sample]:
    """Normal scores of low means under Dirichlet weights of values and one more 0, and the means.

    By the saddlepoint approximation r* (Butler 2007, Saddlepoint Approximations with Applications,
    section 1.2) to sums of gamma variables. Each pole below 0 is a tilt, and has its mean.
    """
    if not values.any():
        return np.zeros(1), np.zeros(1)
    values, weights = np.append(values, 0.0), np.append(counts, 1.0)
    pole = -span * np.geomspace(1e-5, 1e5, 200)[:, np.newaxis]
    gap = values - pole
    mean = ((weights * values / gap).sum(axis=1) / (weights / gap).sum(axis=1))[:, np.newaxis]
    tilt = (mean - pole) / gap
    root = -np.sqrt(-2 * (weights * np.log(tilt)).sum(axis=1))
    spread = np.sqrt((weights * ((values - mean) * tilt) ** 2).sum(axis=1))
    # Near the middle the correction is a difference of nearly equal numbers.
    is_low = root < -0.1
    root, slope = root[is_low], (spread / (pole - mean)[:, 0])[is_low]
    return root + np.log(slope / root) / root, mean[is_low, 0]


def mean_estimate(values: Values) -> Estimate:
    """A mean with its t interval; it has no bounds where fewer than five values differ.

    Values that differ are those besides the commonest one: five equal ones prove no mean.
    """
    n = len(values)
    method = "t interval"
    if n == 0:
        return Estimate(method=method, reason="none counted")
    mean = float(np.mean(values))
    commonest = int(np.unique(np.asarray(values), return_counts=True)[1].max())
    if n - commonest < LEAST_DIFFERING:
        why = "all answers are equal" if n == commonest > 1 else "too few answers that differ"
        return Estimate(value=mean, n=n, method=f"no interval: {why}")
    error = float(scipy.stats.sem(values))

    def bounds(confidence: float) -> Bounds:
        margin = float(scipy.stats.t.ppf((1 + confidence) / 2, n - 1)) * error
        return mean - margin, mean + margin

    return Estimate.of(mean, bounds, n=n, method=method)


def daily_estimate(
    by_day: Mapping[date, float], days: Sequence[date], *, counted: bool
) -> Estimate:
    """The mean of days from the levels (0 or more) of those that are known, with a t interval.

    The weekday pattern is no noise: working days and weekends have a level each, from four weeks on
    each weekday; a day that is not known has that of its kind. Spread is taken to grow with the
    level. Numbers that are `counted` are independent from day to day, may rise or fall over the
    working week, and spread at least as chance arrivals do (Poisson). Other levels follow
    themselves: their spread is that of the waves of a week and longer alone (Lazarus, Lewis, Stock
    and Watson 2018, Journal of Business & Economic Statistics 36, the equal-weighted cosine test),
    which show too little of it: the lower bound has half of the tail.
    """
    method = "t interval beside the weekday pattern" if counted else "t interval of weekly waves"
    n = len(by_day)
    if n == 0:
        return Estimate(method=method, reason="none counted")
    values = np.array([by_day[day] for day in sorted(by_day)])
    is_known = np.array([day in by_day for day in days])
    pattern = _weekday_pattern(days, is_known, sloped=counted)
    # A kind of day of which none is known is left out.
    is_known, pattern = is_known[pattern.any(axis=1)], pattern[pattern.any(axis=1)]
    known = pattern[is_known]
    inverse = np.linalg.pinv(known)
    usual = np.maximum(pattern @ inverse @ values, 0)
    mean = float((values.sum() + usual[~is_known].sum()) / len(usual))
    if n == known.shape[1]:
        return Estimate(value=mean, n=n, method="no interval: too few days")
    contrasts = np.eye(n) - known @ inverse
    if not counted:
        slowest = np.arange(1, max(1, round(WAVES_A_DAY * n)) + 1)
        waves = np.cos(np.pi * np.outer(np.arange(n) + 0.5, slowest) / n)
        contrasts = np.linalg.qr(contrasts @ waves)[0]
    scale = (contrasts.T * usual[is_known]) @ contrasts
    spread = ((contrasts.T @ values) ** 2).sum() / (np.trace(scale) + TINY)
    variance = (pattern.mean(axis=0) @ inverse) ** 2 @ usual[is_known] * max(spread, float(counted))
    freedom = max(1.0, np.trace(scale) ** 2 / ((scale**2).sum() + TINY))
    error = math.sqrt(variance) / (mean + TINY)

    def bounds(confidence: float) -> Bounds:
        tail = (1 - confidence) / 2
        tails = np.array([tail if counted else tail / 2, tail])
        margins = special.stdtrit(freedom, 1 - tails) * error
        # Levels lean to the right, those that follow themselves the most: bounds are ratios.
        below, above = np.exp(-margins) if counted else np.maximum(1 - margins, 0.0)
        return float(mean * below), float(mean / above) if above else None

    return Estimate.of(mean, bounds, n=n, method=method)


def _weekday_pattern(days: Sequence[date], is_known: Flags, *, sloped: bool) -> Sample:
    """The columns of the weekday pattern that the known days tell, a row a day."""
    weekdays = np.array([day.weekday() for day in days])
    works = weekdays < 5
    columns = [works, ~works]
    if len(days) >= DAYS_OF_WEEKDAYS:
        columns = [weekdays == weekday for weekday in range(7)]
    elif sloped and (works & is_known).any():
        columns.append(np.where(works, weekdays - weekdays[works & is_known].mean(), 0))
    pattern = np.column_stack(columns).astype(float)
    return pattern[:, pattern[is_known].any(axis=0)]


def quantile_estimate(values: Values, share: float) -> Estimate:
    """A quantile (linear between closest ranks) with its order-statistic interval.

    The bounds are observed values whose ranks the binomial distribution gives (Conover 1999,
    section 3.2); a small sample sets no upper bound: for p95 it takes 72 values. Whatever the
    distribution, they cover at least 95 %: simulated, 95.4 % (p50 of 150) to 99.1 % (p99 of 50).
    """
    n = len(values)
    method = "order statistics"
    if n == 0:
        return Estimate(method=method, reason="none counted")
    value = float(np.quantile(values, share))
    return Estimate.of(value, partial(quantile_bounds, values, share, n), n=n, method=method)


def quantile_bounds(values: Values, share: float, n: int, confidence: float = CONFIDENCE) -> Bounds:
    """The order-statistic bounds that a sample of n would show, were it distributed like values."""
    ordered = np.sort(np.asarray(values, dtype=float))
    low, high = (
        None if rank is None else float(ordered[math.ceil(rank * len(ordered) / n) - 1])
        for rank in quantile_ranks(share, n, confidence)
    )
    return low, high


def quantile_ranks(
    share: float, n: int, confidence: float = CONFIDENCE
) -> tuple[int | None, int | None]:
    """The ranks, from 1 to n, of the values that bound a quantile; None where n has no such one."""
    tail = (1 - confidence) / 2
    below = int(scipy.stats.binom.ppf(tail, n, share))
    above = int(scipy.stats.binom.ppf(1 - tail, n, share)) + 1
    return below if below >= 1 else None, above if above <= n else None


def reduction(strata: Strata) -> float | None:
    """Relative reduction of the mean from the first samples to the second.

    `strata` maps a stratum to its values (without, with). Strata with fewer than two values on a
    side are left out, for nothing is known of their spread; the others count with the weight of
    their values "with". One stratum alone is the naive comparison.
    """
    usable = _both_sides(strata)
    before = sum(a.mean() * len(b) for a, b in usable)
    after = sum(b.sum() for _, b in usable)
    return float(1 - after / before) if before > 0 else None


def reduction_estimate(
    strata: Strata, *, resamples: int = RESAMPLES, seed: int = 20_261
) -> Estimate:
    """The reduction with a seeded bootstrap interval that reckons with one longer value.

    Drawn within strata, one value fewer than there are (Rao and Wu 1988, Journal of the American
    Statistical Association 83); `n` counts the values "with". As in Gaffke's interval of a mean, a
    bound has one more value at the far end of one side. Times have no such end: it is the longest
    of either side, as a multiple of the others' mean. With fewer than 30 values on a side, or
    without spread, there are no bounds.
    """
    method = "bootstrap with one more value"
    usable = _both_sides(strata)
    n = sum(len(b) for _, b in usable)
    value = reduction(strata)
    if value is None:
        why = "no category has resolved tickets both with and without" if not n else "no time taken"
        return Estimate(n=n, method=method, reason=why)
    if min(n, sum(len(a) for a, _ in usable)) < LEAST_COMPARED:
        why = f"no interval: fewer than {LEAST_COMPARED} on a side"
        return Estimate(value=value, n=n, method=why)
    bounds = _reduction_bounds(usable, resamples, np.random.default_rng(seed))
    found = Estimate.of(value, bounds, n=n, method=method)
    return found if found.low is not None else replace(found, method="no interval: no spread")


def _both_sides(strata: Strata) -> list[tuple[Sample, Sample]]:
    return [
        (np.asarray(without, dtype=float), np.asarray(with_, dtype=float))
        for without, with_ in strata.values()
        if min(len(without), len(with_)) > 1
    ]


def _reduction_bounds(
    strata: Sequence[tuple[Sample, Sample]], resamples: int, rng: np.random.Generator
) -> BoundsOf:
    sides = [[(pair[i], len(pair[1])) for pair in strata] for i in (0, 1)]
    with np.errstate(all="ignore"):  # where all but one value, or all of a resample, are 0
        longest = max(map(_longest, sides))
        (before, more_before), (after, more_after) = (
            _resampled(side, longest, resamples, rng) for side in sides
        )
        ratios = np.sort([after / (before + more_before), (after + more_after) / before])

    def bounds(confidence: float) -> Bounds:
        rank = round((1 - confidence) / 2 * resamples)
        low, high = 1 - float(ratios[1, -1 - rank]), 1 - float(ratios[0, rank])
        return (low, high) if math.isfinite(low) and low < high else (None, None)

    return bounds


def _longest(side: Sequence[tuple[Sample, int]]) -> Any:
    """The longest value per mean of the others, all relative to the means of their strata."""
    sizes = np.array([len(values) for values, _ in side])
    most = np.array([values.max() / (values.mean() + TINY) for values, _ in side])
    longest = 1 + ((most - 1) * sizes / (sizes - 1)).max()
    return longest * (sizes.sum() - 1) / max(sizes.sum() - longest, TINY)


def _resampled(
    side: Sequence[tuple[Sample, int]], longest: float, resamples: int, rng: np.random.Generator
) -> tuple[Sample, Sample]:
    """Resampled weighted sums of the means of strata, and what a longest value adds to each."""
    totals, total, influence = np.zeros(resamples), 0.0, 0.0
    for values, weight in side:
        groups = _grouped(values, rng)
        n = len(groups)
        means = groups[rng.integers(0, n, (resamples, n - 1))].mean(axis=1)
        of_stratum = float(values.mean()) * weight
        totals += means / (groups.mean() + TINY) * of_stratum
        total += of_stratum
        influence += of_stratum**2 / len(values)
    # In the stratum of a usual minute, and as heavy as Dirichlet's weights are.
    return totals, rng.exponential((longest - 1) * influence / (total + TINY), resamples)


def _grouped(values: Sample, rng: np.random.Generator) -> Sample:
    size = -(-len(values) // GROUPS)
    if size == 1:
        return values
    count = len(values) // size
    means: Sample = rng.permutation(values)[: count * size].reshape(count, size).mean(axis=1)
    return means


def verdict(
    estimate: Estimate, direction: Direction, target: float, upper: float | None = None
) -> Verdict:
    """Judge an estimate: Met or Missed where the whole interval is on one side of the target.

    An interval that only touches the target is on neither side. Within a range is from `target` to
    `upper`, both of them good; only that direction has an `upper`.
    """
    if (direction == "within") != (upper is not None):
        raise ValueError("A range, and nothing else, has an upper target.")
    if estimate.value is None:
        return Verdict.NO_DATA
    low = -math.inf if estimate.low is None else estimate.low
    high = math.inf if estimate.high is None else estimate.high
    if upper is not None:
        is_met, is_missed = target <= low and high <= upper, high < target or low > upper
    elif direction == "below":
        is_met, is_missed = high < target, low > target
    else:
        is_met, is_missed = low > target, high < target
    if is_met:
        return Verdict.MET
    return Verdict.MISSED if is_missed else Verdict.NOT_PROVEN


def leaning(
    estimate: Estimate, direction: Direction, target: float, upper: float | None = None
) -> Leaning | None:
    """Direction of an estimate that is Not proven, by its 60 % interval.

    None for the other verdicts, and where the interval lacks a bound that would tell.
    """
    if verdict(estimate, direction, target, upper) is not Verdict.NOT_PROVEN:
        return None
    low, high = estimate.likely
    likely = verdict(replace(estimate, low=low, high=high), direction, target, upper)
    if likely is Verdict.NOT_PROVEN:
        return None if low is None or high is None else Leaning.CLOSE
    return Leaning.LIKELY_MET if likely is Verdict.MET else Leaning.LIKELY_MISSED


def scaled_bounds(estimate: Estimate, n: int) -> Bounds:
    """The bounds that n observations would show: an interval of a mean shrinks with their root."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None, None
    shrink = math.sqrt(estimate.n / n)
    low = estimate.value - (estimate.value - estimate.low) * shrink
    return low, estimate.value + (estimate.high - estimate.value) * shrink


def more_needed(
    estimate: Estimate,
    direction: Direction,
    target: float,
    bounds: Callable[[int], Bounds],
    upper: float | None = None,
) -> Span | None:
    """Further observations that decide the verdict with a chance of a third, and of two thirds.

    `bounds(n)` answers with the interval of a sample of n like the present one, about whose value
    the later one is expected to lie: predictive power (Spiegelhalter, Freedman and Blackburn 1986),
    by the normal distribution. Unlike the number that would do if the value stayed as it is, it
    moves little with the value. None where the verdict is decided or no sample would do; its second
    number is None where only that is.
    """
    is_open = verdict(estimate, direction, target, upper) is Verdict.NOT_PROVEN
    # The 60 % interval, where it is known, is less of a precaution.
    confidence = CONFIDENCE if estimate.likely == (None, None) else LIKELY
    ends = estimate.likely if confidence == LIKELY else estimate.bounds
    reach = [abs(end - (estimate.value or 0)) for end in ends if end is not None]
    if not is_open or not estimate.n or not any(reach):
        return None
    n, error = estimate.n, np.mean(reach) / special.ndtri((1 + confidence) / 2)
    upper_end = target if upper is None else upper

    def chance(more: int) -> float:
        low, high = bounds(n + more)
        low, high = -math.inf if low is None else low, math.inf if high is None else high
        spread = error * math.sqrt(more / (n + more))
        gaps = np.array([low - upper_end, target - high, upper_end - high, target - low])
        missed, under, inside, outside = special.ndtr(gaps / spread)
        met = 0.0 if upper is None else max(0.0, inside - outside)
        return float(missed + under + met)

    steps = [max(1, round(n * share)) for share in SHARES]
    few, many = (bisect_left(steps, wanted, key=chance) for wanted in CHANCES)
    if few == len(steps):
        return None
    return steps[few], steps[many] if many < len(steps) else None
