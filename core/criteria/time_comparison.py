"""Minutes of tickets with and without enhancement: figures, doubts, preference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.base import stats, text
from core.base.stats import LEAST_COMPARED, Estimate, Verdict

# The share of enhanced tickets that have comparable ones: below the first nothing is concluded,
# below the second a warning says so.
LEAST_OVERLAP, GOOD_OVERLAP = 0.5, 0.8
# Enhanced tickets are harder when their median is this many times that of the others.
HARDER = 1.5
# The share of enhanced tickets rises at least so much on a go-live date that can be compared.
LEAST_RISE = 0.25

# Category and priority.
Kind = tuple[str | None, str | None]
Minutes = npt.NDArray[np.float64]
Strata = Mapping[Kind, tuple[Minutes, Minutes]]
Judge = Callable[[Estimate], Verdict]


@dataclass(frozen=True, kw_only=True)
class Side:
    """Resolved tickets and their minutes; None without tickets."""

    tickets: int
    mean: float | None
    median: float | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two sides, and the reduction of the mean from the first to the second as a share of it.

    Over strata, the means and medians of both sides are weighted by the second side's tickets, and
    strata with fewer than two tickets on a side are left out.
    """

    estimate: Estimate
    without: Side
    enhanced: Side

    @property
    def median_ratio(self) -> float | None:
        """The second median per first; None where either is missing, or the first is 0."""
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
    """All tickets resolved in as many whole weeks before `day` as from it on, within strata.

    `compared` has the weeks before as `without` and those after as `enhanced`; the two shares are
    those of tickets that were in fact enhanced.
    """

    day: date
    weeks: int
    compared: Compared
    overlap: float | None
    enhanced_before: float | None
    enhanced_after: float | None

    @property
    def words(self) -> str:
        """The date, the weeks and the shares in a sentence."""
        before, after = (
            text.amount(share, "fraction") for share in (self.enhanced_before, self.enhanced_after)
        )
        return (
            f"Go-live on {text.day(self.day)}: {text.times(self.weeks, 'whole week')} on either "
            f"side; enhanced {before} before and {after} after."
        )

    @property
    def rise(self) -> float:
        """By how much the share of enhanced tickets rose on the day."""
        return (self.enhanced_after or 0) - (self.enhanced_before or 0)

    @property
    def is_conclusive(self) -> bool:
        """Whether the comparison has an interval, enough overlap and a clear change."""
        has_interval = self.compared.estimate.low is not None
        return has_interval and (self.overlap or 0) >= LEAST_OVERLAP and self.rise >= LEAST_RISE


@dataclass(frozen=True, kw_only=True)
class Preferred:
    """The figure that the criterion uses, and why; without one, `why` says what is missing.

    `minutes_without` is the mean that the reduction is a share of.
    """

    figure: Literal["stratified", "go_live"] | None
    estimate: Estimate
    minutes_without: float | None
    why: str


def compare_all(strata: Strata) -> Compared:
    """Compare all tickets of one side with all of the other: the naive figure."""
    befores, afters = (
        np.concatenate([sides[number] for sides in strata.values()]) if strata else np.empty(0)
        for number in (0, 1)
    )
    return Compared(
        estimate=stats.reduction_estimate({"all": (befores, afters)}),
        without=_side(befores),
        enhanced=_side(afters),
    )


def compare_within(strata: Strata) -> Compared:
    """Compare tickets of the same category and priority: the stratified figure."""
    usable = [sides for sides in strata.values() if min(map(len, sides)) > 1]
    weights = [len(after) for _, after in usable]
    return Compared(
        estimate=stats.reduction_estimate(strata),
        without=_weighted([before for before, _ in usable], weights),
        enhanced=_weighted([after for _, after in usable], weights),
    )


def overlap(strata: Strata) -> float | None:
    """The share of the second side's tickets in strata with two tickets on either side."""
    tickets = sum(len(after) for _, after in strata.values())
    alike = sum(len(after) for before, after in strata.values() if min(len(before), len(after)) > 1)
    return alike / tickets if tickets else None


def stratum(kind: Kind, sides: tuple[Minutes, Minutes]) -> Stratum:
    """The row of one category and priority."""
    without, enhanced = sides
    return Stratum(
        category=kind[0],
        priority=kind[1],
        without=_side(without),
        enhanced=_side(enhanced),
        reduction=stats.reduction({kind: sides}),
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


def preferred(
    naive: Compared,
    stratified: Compared,
    shared: float | None,
    live: GoLive | None,
    judge: Judge | None = None,
) -> Preferred:
    """Choose the figure by the tickets and by agreement, never by its favour.

    `shared` is the overlap of the strata. Figures whose intervals exclude each other contradict
    each other, unless `judge` gives both the same verdict.
    """
    doubt = _doubt(naive, stratified, shared)
    if not doubt and _contradict(naive, stratified, judge):
        doubt = "the naive figure and that within category and priority contradict each other"
    usable = live if live is not None and live.is_conclusive else None
    if not doubt and usable is not None and _contradict(stratified, usable.compared, judge):
        doubt = "the figure within category and priority and that of the go-live date disagree"
    if not doubt:
        why = (
            "It compares tickets of the same category and priority, which "
            f"{text.share(shared or 0)} of the enhanced tickets have."
        )
        return _preferred("stratified", stratified, why)
    if usable is not None:
        why = (
            "It compares tickets before and after the go-live date, over "
            f"{text.times(usable.weeks, 'week')} on either side, because {doubt}."
        )
        return _preferred("go_live", usable.compared, why)
    why = f"No conclusion either way: {doubt}."
    refused = Estimate(n=stratified.estimate.n, method="refused", reason=why)
    return Preferred(figure=None, estimate=refused, minutes_without=None, why=why)


def _preferred(figure: Literal["stratified", "go_live"], compared: Compared, why: str) -> Preferred:
    minutes = compared.without.mean
    return Preferred(figure=figure, estimate=compared.estimate, minutes_without=minutes, why=why)


def _doubt(naive: Compared, stratified: Compared, shared: float | None) -> str:
    """The reason against comparing tickets with and without enhancement; blank without one."""
    sides = {"with": naive.enhanced.tickets, "without": naive.without.tickets}
    for name, tickets in sides.items():
        if tickets < LEAST_COMPARED:
            number = text.times(tickets, "ticket") if tickets else "no ticket"
            return (
                f"{number} {name} enhancement can be compared; at least {LEAST_COMPARED} are needed"
            )
    if shared is None or shared < LEAST_OVERLAP:
        return (
            f"only {text.share(shared or 0)} of the enhanced tickets have tickets of their "
            "category and priority without enhancement"
        )
    if stratified.estimate.low is None:
        return (
            f"fewer than {LEAST_COMPARED} tickets on a side have tickets of their category and "
            "priority on the other, or all took equally long"
        )
    if _are_harder(naive):
        return (
            "enhanced tickets are the harder ones, so the effect of enhancement cannot be "
            "separated from theirs"
        )
    return ""


def _are_harder(naive: Compared) -> bool:
    without, enhanced = naive.without.median, naive.enhanced.median
    return without is not None and enhanced is not None and enhanced > HARDER * without


def _contradict(one: Compared, other: Compared, judge: Judge | None) -> bool:
    """Whether the intervals exclude each other, and the verdicts are not the same."""
    a, b = one.estimate, other.estimate
    return _are_disjoint(a, b) and (judge is None or judge(a) is not judge(b))


def warnings(
    naive: Compared,
    stratified: Compared,
    shared: float | None,
    live: GoLive | None,
    survey: Estimate,
) -> Iterator[str]:
    """Sentences that a reader needs beside the figures."""
    if _are_harder(naive):
        yield (
            "Enhanced tickets are the harder ones: their median is "
            f"{text.count(naive.enhanced.median or 0)} minutes, and "
            f"{text.count(naive.without.median or 0)} without enhancement."
        )
    if shared is not None and shared < GOOD_OVERLAP:
        yield (
            f"Only {text.share(shared)} of the enhanced tickets have tickets of their category "
            "and priority without enhancement; the figure within them leaves out the others."
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
            f"The survey says that {survey.value:.1f} minutes are saved for each ticket; within "
            f"category and priority the reduction is {text.share(seen)}."
        )


def _disagreements(figures: Mapping[str, Compared]) -> Iterator[str]:
    for (first, one), (second, other) in combinations(figures.items(), 2):
        a, b = one.estimate, other.estimate
        if a.value is None or b.value is None:
            continue
        said = f"The reduction is {text.share(a.value)} {first} and {text.share(b.value)} {second}"
        if _are_disjoint(a, b):
            yield f"{said}: their intervals do not overlap."
        elif (a.value > 0) != (b.value > 0):
            yield f"{said}: the difference may be chance."
    for name, compared in figures.items():
        ratio, value = compared.median_ratio, compared.estimate.value
        if ratio is not None and value is not None and (ratio < 1) != (value > 0):
            yield (
                f"Means and medians disagree on whether time is saved ({name}): the mean falls by "
                f"{text.share(value)}, the median by {text.share(1 - ratio)}."
            )


def _are_disjoint(a: Estimate, b: Estimate) -> bool:
    """Whether both have an interval, and the two do not overlap."""
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return False
    return a.high < b.low or b.high < a.low


def _live_warnings(live: GoLive) -> Iterator[str]:
    if not live.weeks:
        yield (
            f"There is no whole week of resolved tickets before or after the go-live date "
            f"{live.day}, so nothing can be compared."
        )
        return
    if live.rise < LEAST_RISE:
        yield (
            f"{text.share(live.enhanced_before or 0)} of the tickets before the go-live date are "
            f"enhanced and {text.share(live.enhanced_after or 0)} from it on: too small a change "
            "for the comparison to be used."
        )
    elif live.enhanced_before:
        yield (
            f"{text.share(live.enhanced_before)} of the tickets before the go-live date are "
            "enhanced, so that comparison understates the effect."
        )
    if live.enhanced_after is not None and live.enhanced_after < GOOD_OVERLAP:
        yield (
            f"{text.share(live.enhanced_after)} of the tickets from the go-live date on are "
            "enhanced: the figure before and after it is that of all tickets."
        )
