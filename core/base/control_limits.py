"""Process-behaviour limits: signals of a series, told from its usual noise.

Counts have the natural limits of an XmR chart: the mean and 2.66 mean moving ranges to either side
(Wheeler 2000, Understanding Variation), no lower than 0. Shares have the limits of a p-chart, three
binomial standard deviations for the sample of each point (Shewhart 1931); where neighbouring points
differ by more than their samples explain, Laney's p' chart widens them by that much (Laney 2002,
Quality Engineering 14), and they are never narrower than chance. Where fewer than `FEW` of
something are expected, chance is skewed, and the limits lie no closer than those that a Poisson or
binomial count passes in 0.135 % of the periods to either side.

The rules are tests 1 and 4 of Western Electric (1956, Statistical Quality Control Handbook), which
are Wheeler's rules 1 and 4: a point beyond the limits, and eight in a row on one side of the
centre. Two of three beyond two deviations is left out: it would give as many false alarms again,
and more in skewed series.

False alarms: `expected_alarms` says how many marks to expect in a series of independent and evenly
spread periods that nothing has changed (0.15 in 26 periods). Simulated with limits from the same
series there are fewer: 0.10 for normal, 0.01 to 0.12 for Poisson counts, 0.01 to 0.07 for shares
of binomial samples, 0.10 to 0.17 where the shares vary by themselves. Counts of work that comes in
batches are skewed and give up to 0.34; periods that follow the one before give more runs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from statistics import fmean
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

# Fewer points have no limits at all; from `SETTLED` on the limits are no longer provisional.
FEWEST = 6
SETTLED = 12
RUN = 8
# Deviations to either side, and the chance to be beyond them on one side, if all is normal.
DEVIATIONS = 3
TAIL = float(stats.norm.sf(DEVIATIONS))
# The mean range of two normal values, in standard deviations.
D2 = 1.128
MOVING_RANGES = 2.66
FEW = 5
# Sums of shares are not exact: what is beyond a limit by less than this is on it.
ROUNDING = 1e-9

Side = Literal["above", "below"]
Limits = tuple[float, float]
Numbers = npt.NDArray[np.float64]
Sides = npt.NDArray[np.int_]

SIDES: dict[int, Side] = {1: "above", -1: "below"}


@dataclass(frozen=True)
class Point:
    """A period of a series; a value of None is unknown, and not 0.

    `n` is the sample behind a share. A period that is not `is_whole`, as it is not over or what it
    counts is still being decided, is never judged and never part of the limits.
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
    much more a share varies than its samples explain, 1 where it does not and for counts.
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


def behaviour(points: Sequence[Point], *, is_share: bool, period: str = "week") -> Behaviour:
    """The centre, the limits of each point and the signals of a series.

    `points` are all periods of the series in order, also those without a value; `period` is what
    one of them is called. Shares are fractions from 0 to 1 and need their samples.
    """
    values = np.array([point.value for point in points], dtype=float)
    samples = np.array([point.n or 0 for point in points], dtype=float)
    is_judged = np.array([point.is_whole for point in points], dtype=bool)
    if is_share:
        is_judged &= samples > 0
    values[~is_judged] = np.nan
    known = ~np.isnan(values)
    judged, why = int(known.sum()), ""
    if judged < FEWEST:
        why = f"limits take {FEWEST} finished {period}s with data, and there are {judged}"
    elif not (known[:-1] & known[1:]).any():
        why = f"no two {period}s in a row have data, and the limits rest on what they differ by"
    if why:
        return Behaviour(None, (None,) * len(points), (), judged, reason=why)
    weights = samples if is_share else np.ones_like(values)
    centre, spread = fmean(values[known], weights[known]), 1.0
    if is_share:
        centre, low, high, spread = _share_limits(centre, values, samples)
        expected = float(np.median(samples[known])) * min(centre, 1 - centre)
    else:
        low, high = _count_limits(centre, values)
        expected = centre
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


def _mean_range(values: Numbers) -> float:
    """Mean moving range; a period without a value has no neighbours."""
    ranges = np.abs(np.diff(values))
    return fmean(ranges[~np.isnan(ranges)])


def _count_limits(centre: float, values: Numbers) -> tuple[Numbers, Numbers]:
    reach = MOVING_RANGES * _mean_range(values)
    low, high = max(centre - reach, 0.0), centre + reach
    if centre < FEW:
        high = max(high, float(stats.poisson.isf(TAIL, centre)))
    return np.full_like(values, low), np.full_like(values, high)


def _share_limits(
    centre: float, values: Numbers, samples: Numbers
) -> tuple[float, Numbers, Numbers, float]:
    """The centre, the limits, and how much more the shares vary than their samples explain."""
    if not ROUNDING < centre < 1 - ROUNDING:
        centre = float(round(centre))
        return centre, np.full_like(values, centre), np.full_like(values, centre), 1.0
    n = np.maximum(samples, 1)
    deviations = np.sqrt(centre * (1 - centre) / n)
    spread = max(_mean_range((values - centre) / deviations) / D2, 1.0)
    reach = DEVIATIONS * spread * deviations
    low, high = centre - reach, centre + reach
    few = n * min(centre, 1 - centre) < FEW
    low = np.where(few, np.minimum(low, stats.binom.ppf(TAIL, n, centre) / n), low)
    high = np.where(few, np.maximum(high, stats.binom.isf(TAIL, n, centre) / n), high)
    return centre, np.maximum(low, 0.0), np.minimum(high, 1.0), spread


def _other_centres(
    values: Numbers, weights: Numbers, usual: npt.NDArray[np.bool_], expected: float
) -> Iterator[float]:
    """The centres that a point has to be beyond, besides the mean, to be on a side of it.

    It is on a side of the centre only if it is on that side without the points beyond the limits
    as well: a single outlier moves the mean, and would put all others into a run. Where few are
    expected, much more than half of what chance gives lies on one side of the mean, and the median
    has to be on its other side too.
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
