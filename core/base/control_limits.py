"""Process-behaviour limits: which points of a series are signals, and which its usual noise.

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
from itertools import groupby, pairwise
from statistics import fmean, median
from typing import Literal

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
    """What a rule marks: the points from position `first` to `last`, and the rule in words."""

    rule: Rule
    side: Side
    first: int
    last: int
    words: str


@dataclass(frozen=True)
class Behaviour:
    """What a series says of itself.

    `limits` has a pair for every point that was judged, None for the others. `spread` says how
    much more a share varies than its samples explain, 1 where it does not and for counts.
    `alarms` is how many signals to expect where nothing has changed; `reason` says why there are
    no limits.
    """

    method: str
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
        """The signals that reach to the newest point that was judged: those that are news."""
        last = max((n for n, limits in enumerate(self.limits) if limits), default=None)
        return [signal for signal in self.signals if signal.last == last]


def behaviour(points: Sequence[Point], *, is_share: bool, period: str = "week") -> Behaviour:
    """The centre, the limits of each point and the signals of a series.

    `points` are all periods of the series in order, also those without a value; `period` is what
    one of them is called. Shares are fractions from 0 to 1 and need their samples.
    """
    known = [_is_known(point, is_share=is_share) for point in points]
    method = "p-chart" if is_share else "XmR chart"
    judged, nothing = sum(known), (None,) * len(points)
    if judged < FEWEST:
        why = f"limits take {FEWEST} finished {period}s with data, and there are {judged}"
        return Behaviour(method, None, nothing, (), judged, reason=why)
    if not any(a and b for a, b in pairwise(known)):
        why = f"no two {period}s in a row have data, and the limits rest on what they differ by"
        return Behaviour(method, None, nothing, (), judged, reason=why)
    values = [point.value if k else None for point, k in zip(points, known, strict=True)]
    samples = [point.n or 0 for point in points]
    centre, limits, spread = _of_shares(values, samples) if is_share else _of_counts(values)
    middle = _middle(values, samples, centre, limits, is_share=is_share)
    return Behaviour(
        method="Laney's p' chart" if spread > 1 else method,
        centre=centre,
        limits=limits,
        signals=(*_beyond(values, limits, period), *_runs(values, middle, period)),
        judged=judged,
        spread=spread,
        alarms=expected_alarms(judged),
    )


def expected_alarms(judged: int) -> float:
    """How many marks so many points have on average, if they are independent and nothing changes.

    A point is beyond three deviations in 0.27 % of the cases; a run of eight begins at the first
    point with 1/128, and at each later one with 1/256.
    """
    runs = 1 / 2 ** (RUN - 1) + (judged - RUN) / 2**RUN if judged >= RUN else 0.0
    return 2 * TAIL * judged + runs


def _is_known(point: Point, *, is_share: bool) -> bool:
    return point.is_whole and point.value is not None and (not is_share or bool(point.n))


def _ranges(values: Sequence[float | None]) -> list[float]:
    """What neighbours differ by; a period without a value has no neighbours."""
    return [abs(b - a) for a, b in pairwise(values) if a is not None and b is not None]


def _of_counts(values: Sequence[float | None]) -> tuple[float, tuple[Limits | None, ...], float]:
    known = [value for value in values if value is not None]
    centre = fmean(known)
    reach = MOVING_RANGES * fmean(_ranges(values))
    low, high = max(centre - reach, 0.0), centre + reach
    if centre < FEW:
        high = max(high, float(stats.poisson.isf(TAIL, centre)))
    return centre, tuple(None if value is None else (low, high) for value in values), 1.0


def _of_shares(
    values: Sequence[float | None], samples: Sequence[int]
) -> tuple[float, tuple[Limits | None, ...], float]:
    known = [(v, n) for v, n in zip(values, samples, strict=True) if v is not None]
    centre = sum(v * n for v, n in known) / sum(n for _, n in known)
    if not ROUNDING < centre < 1 - ROUNDING:
        centre = float(round(centre))
        return centre, tuple(None if v is None else (centre, centre) for v in values), 1.0
    deviations = [(centre * (1 - centre) / max(n, 1)) ** 0.5 for n in samples]
    scaled = [
        None if v is None else (v - centre) / deviation
        for v, deviation in zip(values, deviations, strict=True)
    ]
    spread = max(fmean(_ranges(scaled)) / D2, 1.0)
    return (
        centre,
        tuple(
            None if v is None else _share_limits(centre, n, DEVIATIONS * spread * deviation)
            for v, n, deviation in zip(values, samples, deviations, strict=True)
        ),
        spread,
    )


def _share_limits(centre: float, n: int, reach: float) -> Limits:
    low, high = centre - reach, centre + reach
    if n * min(centre, 1 - centre) < FEW:
        low = min(low, float(stats.binom.ppf(TAIL, n, centre)) / n)
        high = max(high, float(stats.binom.isf(TAIL, n, centre)) / n)
    return max(low, 0.0), min(high, 1.0)


def _middle(
    values: Sequence[float | None],
    samples: Sequence[int],
    centre: float,
    limits: Sequence[Limits | None],
    *,
    is_share: bool,
) -> Limits:
    """What a point has to be under or over to be on a side of the centre.

    It is on a side of the centre only if it is on that side without the points beyond the limits
    as well: a single outlier moves the mean, and would put all others into a run. Where few are
    expected, much more than half of what chance gives lies on one side of the mean, and the median
    has to be on its other side too.
    """
    known = [
        (v, n if is_share else 1, pair)
        for v, n, pair in zip(values, samples, limits, strict=True)
        if v is not None and pair is not None
    ]
    usual = [(v, n) for v, n, (low, high) in known if low - ROUNDING <= v <= high + ROUNDING]
    centres = [centre]
    if usual:
        centres.append(sum(v * n for v, n in usual) / sum(n for _, n in usual))
    expected = median(n for _, n, _ in known) * min(centre, 1 - centre) if is_share else centre
    if expected < FEW:
        centres.append(median(v for v, _, _ in known))
    return min(centres), max(centres)


def _beyond(
    values: Sequence[float | None], limits: Sequence[Limits | None], period: str
) -> Iterator[Signal]:
    for at, (value, pair) in enumerate(zip(values, limits, strict=True)):
        if value is None or pair is None:
            continue
        low, high = pair
        if value > high + ROUNDING:
            yield Signal(Rule.BEYOND, "above", at, at, f"one {period} above the upper limit")
        elif value < low - ROUNDING:
            yield Signal(Rule.BEYOND, "below", at, at, f"one {period} below the lower limit")


def _runs(values: Sequence[float | None], middle: Limits, period: str) -> Iterator[Signal]:
    """Each run of eight or more; a point on the centre and one without a value end a run."""

    def side(value: float | None) -> Side | None:
        if value is None:
            return None
        if value > middle[1] + ROUNDING:
            return "above"
        return "below" if value < middle[0] - ROUNDING else None

    for found, run in groupby(enumerate(values), lambda pair: side(pair[1])):
        at = [n for n, _ in run]
        if found is not None and len(at) >= RUN:
            said = f"{len(at)} {period}s in a row {found} the centre"
            yield Signal(Rule.RUN, found, at[0], at[-1], said)
