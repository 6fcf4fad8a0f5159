"""Resolution times of two groups of tickets: what they show, and what speaks against it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.base import stats, text
from core.base.stats import LEAST_COMPARED, Estimate

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


# Of the enhanced tickets, this share has tickets of its kind to be compared with: below the first
# nothing is claimed, below the second it is said.
LEAST_OVERLAP, GOOD_OVERLAP = 0.5, 0.8
# Tickets are the hard ones when their median is more than this many times that of the others.
HARD = 1.5
# By so much the share of enhanced tickets rises on a go-live date that deserves the name.
LEAST_RISE = 0.25


def preferred(
    naive: Compared, stratified: Compared, overlap: float | None, live: GoLive | None
) -> Preferred:
    """A rule that looks at the tickets and at agreement, never at which figure is the better."""
    doubt = _doubt(naive, stratified, overlap)
    of_live = live.compared if live is not None and _may_carry(live) else None
    if not doubt and of_live is not None and _apart(stratified, of_live):
        doubt = "the figure within category and priority and that of the go-live date disagree"
    if not doubt:
        why = (
            f"It compares tickets of the same category and priority, which "
            f"{text.share(overlap or 0)} of the enhanced tickets have."
        )
        return _carried("stratified", stratified, why)
    if live is not None and of_live is not None:
        why = (
            f"Tickets before and after the go-live date carry it, over "
            f"{text.times(live.weeks, 'week')} on either side, because {doubt}."
        )
        return _carried("go_live", of_live, why)
    why = f"No saving can be claimed, and none denied: {doubt}."
    n = stratified.estimate.n
    refused = Estimate(value=None, low=None, high=None, n=n, method="refused", reason=why)
    return Preferred(figure=None, estimate=refused, minutes_without=None, why=why)


def _carried(figure: Literal["stratified", "go_live"], compared: Compared, why: str) -> Preferred:
    return Preferred(
        figure=figure,
        estimate=compared.estimate,
        minutes_without=compared.without.mean,
        why=why,
    )


def _may_carry(live: GoLive) -> bool:
    has_interval = live.compared.estimate.low is not None
    return has_interval and (live.overlap or 0) >= LEAST_OVERLAP and _rise(live) >= LEAST_RISE


def _rise(live: GoLive) -> float:
    return (live.enhanced_after or 0) - (live.enhanced_before or 0)


def _doubt(naive: Compared, stratified: Compared, overlap: float | None) -> str:
    """Why tickets with and without enhancement cannot be compared; blank where they can."""
    sides = {"with": naive.enhanced.tickets, "without": naive.without.tickets}
    for name, tickets in sides.items():
        if tickets < LEAST_COMPARED:
            number = text.times(tickets, "ticket") if tickets else "no ticket"
            verb = "was" if tickets < 2 else "were"
            return f"{number} {name} enhancement {verb} resolved, and it takes {LEAST_COMPARED}"
    if overlap is None or overlap < LEAST_OVERLAP:
        return (
            f"only {text.share(overlap or 0)} of the enhanced tickets have tickets of their "
            "category and priority without enhancement"
        )
    if stratified.estimate.low is None:
        return (
            f"fewer than {LEAST_COMPARED} tickets on a side have tickets of their category and "
            "priority on the other, or all took as long"
        )
    if _are_hard(naive):
        return (
            "enhanced tickets are the hard ones, so what makes them hard and what enhancement "
            "does cannot be told apart"
        )
    if _apart(naive, stratified):
        return "the naive figure and that within category and priority contradict each other"
    return ""


def _are_hard(naive: Compared) -> bool:
    without, enhanced = naive.without.median, naive.enhanced.median
    return None not in {without, enhanced} and (enhanced or 0) > HARD * (without or 0)


def _apart(one: Compared, other: Compared) -> bool:
    """Whether one says that time is saved and the other that it is not."""
    a, b = one.estimate.value, other.estimate.value
    return a is not None and b is not None and (a > 0) != (b > 0)


def warnings(
    naive: Compared,
    stratified: Compared,
    overlap: float | None,
    live: GoLive | None,
    survey: Estimate,
) -> Iterator[str]:
    """What a person should know before believing any of the figures, in sentences."""
    if _are_hard(naive):
        yield (
            "Enhanced tickets are the hard ones: their median is "
            f"{text.count(naive.enhanced.median or 0)} minutes, and "
            f"{text.count(naive.without.median or 0)} without enhancement."
        )
    if overlap is not None and overlap < GOOD_OVERLAP:
        yield (
            f"Only {text.share(overlap)} of the enhanced tickets have tickets of their category "
            "and priority without enhancement; the others are not in the figure within them."
        )
    figures = {"naive": naive, "within category and priority": stratified}
    if live is not None:
        figures["before and after go-live"] = live.compared
    yield from _disagreements(figures)
    if live is not None:
        yield from _live_warnings(live)
    seen = stratified.estimate.value
    if survey.value is not None and seen is not None and (survey.value > 0) != (seen > 0):
        yield (
            f"People say that {survey.value:.1f} minutes are saved for each ticket; within "
            f"category and priority the tickets say {text.share(seen)}."
        )


def _disagreements(figures: Mapping[str, Compared]) -> Iterator[str]:
    for (first, one), (second, other) in combinations(figures.items(), 2):
        a, b = one.estimate, other.estimate
        if a.value is None or b.value is None:
            continue
        said = f"The reduction is {text.share(a.value)} {first} and {text.share(b.value)} {second}"
        if _apart(one, other):
            yield f"{said}: they disagree on whether time is saved."
        elif _miss(a, b):
            yield f"{said}: their intervals do not overlap."
    for name, compared in figures.items():
        ratio, value = compared.median_ratio, compared.estimate.value
        if ratio is not None and value is not None and (ratio < 1) != (value > 0):
            yield (
                f"Means and medians disagree on whether time is saved ({name}): the mean falls by "
                f"{text.share(value)}, the median by {text.share(1 - ratio)}."
            )


def _miss(a: Estimate, b: Estimate) -> bool:
    """Whether both have an interval, and these have nothing in common."""
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return False
    return a.high < b.low or b.high < a.low


def _live_warnings(live: GoLive) -> Iterator[str]:
    if not live.weeks:
        yield (
            f"Before or after the go-live date {live.day} there is no whole week of resolved "
            "tickets, so there is nothing to compare."
        )
        return
    if _rise(live) < LEAST_RISE:
        yield (
            f"{text.share(live.enhanced_before or 0)} of the tickets before the go-live date are "
            f"enhanced and {text.share(live.enhanced_after or 0)} from it on: that is no change "
            "to learn from, and the comparison carries nothing."
        )
    elif live.enhanced_before:
        yield (
            f"{text.share(live.enhanced_before)} of the tickets before the go-live date are "
            "enhanced, so that comparison shows too little."
        )
    if live.enhanced_after is not None and live.enhanced_after < GOOD_OVERLAP:
        yield (
            f"{text.share(live.enhanced_after)} of the tickets from the go-live date on are "
            "enhanced: the figure before and after it is that of all tickets."
        )
