"""Process-behaviour limits: signals of a series, told from its usual noise.

What a figure is decides its limits (`Kind`), and none lie outside its scale.

- Counts, sums, medians and other quantiles have the natural limits of an XmR chart: the mean and
  2.66 mean moving ranges to either side (Wheeler 2000, Understanding Variation).
- Shares have the limits of a p-chart, three binomial standard deviations for the sample of each
  point, and rates (so many for each test or day) those of a u-chart, three Poisson ones (Shewhart
  1931). Where neighbouring points differ by more than that, Laney's p' and u' charts widen them by
  as much (Laney 2002, Quality Engineering 14); they are never narrower than chance.
- Means have the limits of an X-bar chart for samples of any size: three standard errors, with the
  spread taken from how neighbouring points differ, each by the root of its sample. On a scale with
  two ends, such as 1 to 5 stars, they are the quantiles of the beta distribution with that mean and
  error, and what two answers can do is never beyond them.

Where fewer than `FEW` of something are expected, chance is skewed, and the limits of counts, shares
and rates lie no closer than those that a Poisson or binomial count passes in 0.135 % of the periods
to either side.

The rules are tests 1 and 4 of Western Electric (1956, Statistical Quality Control Handbook), which
are Wheeler's rules 1 and 4: a point beyond the limits, and eight in a row on one side of the
centre. Two of three beyond two deviations is left out: it would give as many false alarms again,
and more in skewed series.

False alarms: `expected_alarms` says how many marks to expect in a series of independent and evenly
spread periods that nothing has changed (0.15 in 26 periods). Simulated with limits from the same
series there are fewer: 0.10 for normal, 0.01 to 0.12 for Poisson counts, 0.01 to 0.07 for shares
of binomial samples, 0.10 to 0.17 where the shares vary by themselves, 0.02 to 0.05 for rates, 0.02
to 0.11 for mean ratings, 0.11 to 0.15 for skewed durations and their quantiles. Counts of work that
comes in batches are skewed and give up to 0.34; periods that follow the one before give more runs.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from statistics import fmean
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy  # its statistics are loaded when they are first asked for: 50 MB
from scipy import special

# Fewer points have no limits at all; from `SETTLED` on the limits are no longer provisional.
FEWEST = 6
SETTLED = 12
RUN = 8
# Deviations to either side, and the chance to be beyond them on one side, if all is normal.
DEVIATIONS = 3
TAIL = float(special.ndtr(-DEVIATIONS))
# The mean range of two normal values, in standard deviations.
D2 = 1.128
MOVING_RANGES = 2.66
FEW = 5
# So many answers alone, from one end of their scale to the other, are no signal.
TOO_FEW = 2
# Sums of shares are not exact: what is beyond a limit by less than this is on it.
ROUNDING = 1e-9
# The least variance of a mean on a scale from 0 to 1: where all are alike, none is seen.
LEAST_VARIANCE = 1e-8

Side = Literal["above", "below"]
# What a figure is; "value" is any whose chance nothing is known of: a sum, a median, a quantile.
Kind = Literal["count", "share", "rate", "mean", "value"]
SAMPLED = frozenset({"share", "rate", "mean"})
Limits = tuple[float, float]
Numbers = npt.NDArray[np.float64]
Sides = npt.NDArray[np.int_]

SIDES: dict[int, Side] = {1: "above", -1: "below"}
# The ends of the scale of a unit, where it has two.
SCALES: Mapping[str, Limits] = {"fraction": (0.0, 1.0), "stars": (1.0, 5.0), "of 10": (0.0, 10.0)}


@dataclass(frozen=True)
class Point:
    """A period of a series; a value of None is unknown, and not 0.

    `n` is the sample behind a share or a mean, and what a rate is of. A period that is not
    `is_whole`, as it is not over or what it counts is still being decided, is never judged and
    never part of the limits.
    """

    period: str
    value: float | None
    n: int | None = None
    is_whole: bool = True


class Rule(StrEnum):
    """Why a point is marked."""

    BEYOND = "beyond the limits"
    RUN = "eight in a row on one side"


@dataclass(frozen=True)
class Signal:
    """Points marked by a rule, from position `first` to `last`, and the rule in words."""

    rule: Rule
    side: Side
    first: int
    last: int
    words: str


@dataclass(frozen=True)
class Behaviour:
    """Centre, limits and signals of a series.

    `limits` has a pair for every point that was judged, None for the others. `spread` says how
    much more a share or a rate varies than its samples explain, 1 where it does not, else 1.
    `alarms` is how many signals to expect where nothing has changed; `reason` says why there are
    no limits.
    """

    centre: float | None
    limits: tuple[Limits | None, ...]
    signals: tuple[Signal, ...]
    judged: int
    spread: float = 1.0
    alarms: float = 0.0
    reason: str = ""

    @property
    def is_provisional(self) -> bool:
        """Whether the limits rest on so few points that they will still move."""
        return self.judged < SETTLED

    def newest(self) -> list[Signal]:
        """The signals that reach to the newest judged point."""
        last = max((n for n, limits in enumerate(self.limits) if limits), default=None)
        return [signal for signal in self.signals if signal.last == last]


def behaviour(
    points: Sequence[Point], *, kind: Kind, scale: Limits | None = None, period: str = "week"
) -> Behaviour:
    """The centre, the limits of each point and the signals of a series.

    `points` are all periods of the series in order, also those without a value; `period` is what
    one of them is called. Shares are fractions from 0 to 1; shares, rates and means need their
    samples. `scale` has the ends of the values' scale, if there are two; without it, what was never
    below 0 has no limit below 0.
    """
    values = np.array([point.value for point in points], dtype=float)
    samples = np.array([point.n or 0 for point in points], dtype=float)
    is_judged = np.array([point.is_whole for point in points], dtype=bool)
    if kind in SAMPLED:
        is_judged &= samples > 0
    values[~is_judged] = np.nan
    known = ~np.isnan(values)
    judged, why = int(known.sum()), ""
    if judged < FEWEST:
        why = f"limits take {FEWEST} finished {period}s with data, and there are {judged}"
    elif not (known[:-1] & known[1:]).any() or (kind in {"mean", "value"} and _is_flat(values)):
        why = f"no two {period}s in a row differ, and the limits rest on what they differ by"
    if why:
        return Behaviour(None, (None,) * len(points), (), judged, reason=why)
    weights = np.maximum(samples, 1) if kind in SAMPLED else np.ones_like(values)
    centre = fmean(values[known], weights[known])
    scale = scale or (-math.inf if (values[known] < 0).any() else 0.0, math.inf)
    low, high, spread = _limits(kind, centre, values, weights, scale)
    low, high = np.clip(low, *scale), np.clip(high, *scale)
    # How many are expected in a usual period, of those that are counted.
    each = {"count": centre, "rate": centre, "share": min(centre, 1 - centre)}.get(kind, 0.0)
    expected = float(np.median(weights[known])) * each
    beyond = _sides(values, low, high)
    centres = [centre, *_other_centres(values, weights, known & (beyond == 0), expected)]
    pairs = zip(low.tolist(), high.tolist(), known, strict=True)
    return Behaviour(
        centre=centre,
        limits=tuple((a, b) if k else None for a, b, k in pairs),
        signals=(
            *_beyond(beyond, period),
            *_runs(_sides(values, min(centres), max(centres)), period),
        ),
        judged=judged,
        spread=spread,
        alarms=expected_alarms(judged),
    )


def expected_alarms(judged: int) -> float:
    """Expected number of marks among independent points where nothing changes.

    A point is beyond three deviations in 0.27 % of the cases; a run of eight begins at the first
    point with 1/128, and at each later one with 1/256.
    """
    runs = 1 / 2 ** (RUN - 1) + (judged - RUN) / 2**RUN if judged >= RUN else 0.0
    return 2 * TAIL * judged + runs


def _is_flat(values: Numbers) -> bool:
    """Whether values differ across gaps alone."""
    return bool(np.nanmin(values) < np.nanmax(values) and not np.nansum(np.abs(np.diff(values))))


def _mean_range(values: Numbers) -> float:
    """Mean moving range; a period without a value has no neighbours."""
    ranges = np.abs(np.diff(values))
    return fmean(ranges[~np.isnan(ranges)])


def _limits(
    kind: Kind, centre: float, values: Numbers, n: Numbers, scale: Limits
) -> tuple[Numbers, Numbers, float]:
    """The limits, and how much more shares and rates vary than their samples explain."""
    if kind == "mean":
        return *_mean_limits(centre, values, n, scale), 1.0
    if kind in {"count", "value"}:
        reach = np.full_like(values, MOVING_RANGES * _mean_range(values))
        low, high = centre - reach, centre + reach
        if kind == "count" and centre < FEW:
            high = np.maximum(high, scipy.stats.poisson.isf(TAIL, centre))
        return low, high, 1.0
    is_share = kind == "share"
    if centre < ROUNDING or (is_share and centre > 1 - ROUNDING):
        centre = float(round(centre))
        return np.full_like(values, centre), np.full_like(values, centre), 1.0
    deviations = np.sqrt(centre * (1 - centre if is_share else 1) / n)
    spread = max(_mean_range((values - centre) / deviations) / D2, 1.0)
    reach = DEVIATIONS * spread * deviations
    low, high = centre - reach, centre + reach
    chance = scipy.stats.binom(n, centre) if is_share else scipy.stats.poisson(n * centre)
    few = n * (min(centre, 1 - centre) if is_share else centre) < FEW
    low = np.where(few, np.minimum(low, chance.ppf(TAIL) / n), low)
    high = np.where(few, np.maximum(high, chance.isf(TAIL) / n), high)
    return low, high, spread


def _mean_limits(
    centre: float, values: Numbers, n: Numbers, scale: Limits
) -> tuple[Numbers, Numbers]:
    errors = _mean_range((values - centre) * np.sqrt(n)) / D2 / np.sqrt(n)
    width = scale[1] - scale[0]
    at = (centre - scale[0]) / width
    if not (math.isfinite(width) and ROUNDING < at < 1 - ROUNDING):
        return centre - DEVIATIONS * errors, centre + DEVIATIONS * errors
    weight = at * (1 - at) / np.maximum((errors / width) ** 2, LEAST_VARIANCE) - 1
    chance = scipy.stats.beta(*(np.maximum(weight, ROUNDING) * part for part in (at, 1 - at)))
    low, high = (scale[0] + width * end for end in (chance.ppf(TAIL), chance.isf(TAIL)))
    least = TOO_FEW * width / n
    return np.minimum(low, centre - least), np.maximum(high, centre + least)


def _other_centres(
    values: Numbers, weights: Numbers, usual: npt.NDArray[np.bool_], expected: float
) -> Iterator[float]:
    """The centres that a point has to be beyond, besides the mean, to be on a side of it.

    It is on a side of the centre only if it is on that side without the points beyond the limits
    as well: a single outlier moves the mean, and would put all others into a run. Where few are
    expected, much more than half of what chance gives lies on one side of the mean, and the median
    has to be on its other side too; so it has for means and other values, which may be skewed.
    """
    if usual.any():
        yield fmean(values[usual], weights[usual])
    if expected < FEW:
        yield float(np.nanmedian(values))


def _sides(values: Numbers, low: Numbers | float, high: Numbers | float) -> Sides:
    """For each value 1 above, -1 below, 0 between the two or unknown."""
    above, below = values > high + ROUNDING, values < low - ROUNDING
    return above.astype(int) - below


def _beyond(sides: Sides, period: str) -> Iterator[Signal]:
    for at, side in enumerate(sides.tolist()):
        if side:
            limit = "upper" if side > 0 else "lower"
            words = f"one {period} {SIDES[side]} the {limit} limit"
            yield Signal(Rule.BEYOND, SIDES[side], at, at, words)


def _runs(sides: Sides, period: str) -> Iterator[Signal]:
    """Each run of eight or more; a point on the centre and one without a value end a run."""
    for side, run in groupby(enumerate(sides.tolist()), lambda pair: pair[1]):
        at = [n for n, _ in run]
        if side and len(at) >= RUN:
            words = f"{len(at)} {period}s in a row {SIDES[side]} the centre"
            yield Signal(Rule.RUN, SIDES[side], at[0], at[-1], words)
