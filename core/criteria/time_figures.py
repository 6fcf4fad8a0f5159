"""The time to resolution of two groups of tickets: means, medians and the reduction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.base import stats
from core.base.stats import Estimate

# Category and priority.
Kind = tuple[str | None, str | None]
Minutes = npt.NDArray[np.float64]
Strata = Mapping[Kind, tuple[Minutes, Minutes]]


@dataclass(frozen=True, kw_only=True)
class Side:
    """Resolved tickets and their minutes from opening to resolution; None without tickets."""

    tickets: int
    mean: float | None
    median: float | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two sides and the reduction of the mean from one to the other, a share of the first.

    Over strata, the means and medians of both sides are weighted by the second side's tickets, and
    strata with fewer than two tickets on a side are left out.
    """

    estimate: Estimate
    without: Side
    enhanced: Side

    @property
    def median_ratio(self) -> float | None:
        """The second median per first; None where there is none, or the first is 0."""
        first, second = self.without.median, self.enhanced.median
        return second / first if first and second is not None else None


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """One category and priority; `reduction` is None with fewer than two tickets on a side."""

    category: str | None
    priority: str | None
    without: Side
    enhanced: Side
    reduction: float | None


@dataclass(frozen=True, kw_only=True)
class GoLive:
    """All tickets resolved in as many whole weeks before `day` as from it on, like with like.

    `compared` has the weeks before as `without` and those after as `enhanced`; the shares say how
    many of the tickets were in fact enhanced.
    """

    day: date
    weeks: int
    compared: Compared
    overlap: float | None
    enhanced_before: float | None
    enhanced_after: float | None


@dataclass(frozen=True, kw_only=True)
class Preferred:
    """The figure that may carry the criterion and why; without one, `why` is the refusal.

    `minutes_without` is the mean that the reduction is a share of.
    """

    figure: Literal["stratified", "go_live"] | None
    estimate: Estimate
    minutes_without: float | None
    why: str


def compared_naively(strata: Strata) -> Compared:
    """All tickets of one side with all of the other, whatever they are about."""
    befores, afters = (
        np.concatenate([sides[number] for sides in strata.values()]) if strata else np.empty(0)
        for number in (0, 1)
    )
    return Compared(
        estimate=stats.reduction_estimate({"all": (befores, afters)}),
        without=_side(befores),
        enhanced=_side(afters),
    )


def compared_alike(strata: Strata) -> Compared:
    """Tickets of one side with those of the other of the same category and priority."""
    usable = [sides for sides in strata.values() if min(map(len, sides)) > 1]
    weights = [len(after) for _, after in usable]
    return Compared(
        estimate=stats.reduction_estimate(strata),
        without=_weighted([before for before, _ in usable], weights),
        enhanced=_weighted([after for _, after in usable], weights),
    )


def overlap_of(strata: Strata) -> float | None:
    """The share of the second side's tickets in strata with two tickets on either side."""
    tickets = sum(len(after) for _, after in strata.values())
    alike = sum(len(after) for before, after in strata.values() if min(len(before), len(after)) > 1)
    return alike / tickets if tickets else None


def stratum_of(kind: Kind, without: Minutes, enhanced: Minutes) -> Stratum:
    """The row of one category and priority."""
    return Stratum(
        category=kind[0],
        priority=kind[1],
        without=_side(without),
        enhanced=_side(enhanced),
        reduction=stats.reduction({kind: (without, enhanced)}),
    )


def _side(values: Minutes) -> Side:
    return _weighted([values] if len(values) else [], [1])


def _weighted(strata: Sequence[Minutes], weights: Sequence[int]) -> Side:
    if not strata:
        return Side(tickets=0, mean=None, median=None)
    return Side(
        tickets=sum(map(len, strata)),
        mean=float(np.average([values.mean() for values in strata], weights=weights)),
        median=float(np.average([np.median(values) for values in strata], weights=weights)),
    )
