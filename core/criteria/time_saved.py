"""Time saved by enhancement: resolved tickets with and without it, and before and after go-live."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, func, select

from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded
from core.analytics.sql import epoch_microseconds
from core.base import stats, text
from core.base.stats import Estimate
from core.criteria import time_comparison
from core.criteria.time_comparison import Compared, GoLive, Judge, Kind, Preferred, Strata, Stratum
from core.feedback.surveys import survey_answers
from core.store import Scope, Ticket, table

MINUTE = 60_000_000  # microseconds
MOST_WEEKS = 8
# Work on a ticket takes no longer than a shift on average, and of more than an hour not nearly all
# of the time to resolution: such minutes are waiting time.
SHIFT_MINUTES, SHORT_MINUTES, NO_WORK = 480, 60, 0.9


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect of enhancement on the minutes of tickets, by every method.

    `overlap` is the share of the enhanced tickets in strata with two tickets on either side;
    `left_out` counts resolved tickets of the window that cannot be compared.
    """

    naive: Compared
    stratified: Compared
    overlap: float | None
    strata: tuple[Stratum, ...]
    go_live: GoLive | None
    left_out: int
    preferred: Preferred

    @property
    def methods(self) -> dict[str, Compared]:
        """The comparisons by method; empty where no ticket says whether it was enhanced."""
        found = {"Within category and priority": self.stratified, "All tickets, naive": self.naive}
        if self.go_live is not None:
            found["Before and after go-live"] = self.go_live.compared
        has_tickets = any(one.without.tickets or one.enhanced.tickets for one in found.values())
        return found if has_tickets else {}


@dataclass(frozen=True, kw_only=True)
class Comparison(Effect):
    """The effect on the time to resolution, and on the minutes of work.

    `work` is that on the minutes that people recorded, None where `work_missing` says why; `survey`
    are the minutes saved for each ticket by people's answers. `waiting` tickets were opened in the
    window and are not resolved yet.
    """

    survey: Estimate
    warnings: tuple[str, ...]
    work: Effect | None = None
    work_missing: str = ""
    waiting: int = 0

    @property
    def survey_words(self) -> str:
        """The minutes saved by the survey, in a sentence."""
        survey = self.survey
        if survey.value is None:
            return "No survey answer says how many minutes are saved."
        bounds = text.between(survey.low, survey.high, "minutes")
        interval = survey.method if survey.low is None else f"95 % interval {bounds}"
        return (
            f"Survey: {text.amount(survey.value, 'minutes')} saved for each ticket, "
            f"{text.times(survey.n, 'answer')}; {interval}."
        )


def compare(
    scope: Scope,
    *,
    window: Window,
    go_live: date | None = None,
    without: Excluded = NOTHING,
    judge: Judge | None = None,
) -> Comparison:
    """Compare tickets with and without enhancement; a ticket counts on the day of its resolution.

    Naive, within category and priority, and before and after a go-live date: unfavourable figures
    are kept as well. Tickets that were resolved before they were opened are left out. `judge` gives
    the verdict on a reduction of the time to resolution.
    """
    ticket = table(Ticket).c
    took = epoch_microseconds(ticket.resolved_at) - epoch_microseconds(ticket.opened_at)
    found = _effect(scope, window, without, took, go_live, judge)
    spent = ticket.minutes_spent
    ((recorded,),) = scope.rows(select_tickets(scope, window, without, func.count(spent)))
    work = _effect(scope, window, without, spent * MINUTE, go_live, None) if recorded else None
    answers = survey_answers(scope, ["minutes_saved"], window=window, without=without)
    survey = stats.mean_estimate([answer for (answer,) in answers if answer is not None])
    of = (found.naive, found.stratified, found.overlap, found.go_live)
    warnings = [*time_comparison.warnings(*of, survey)]
    if found.left_out:
        verb = "is" if found.left_out == 1 else "are"
        warnings.append(
            f"{text.times(found.left_out, 'resolved ticket')} {verb} left out: not said whether "
            "enhanced, without an opening, or resolved before it."
        )
    missing = _no_work(work, found)
    opened = select_tickets(scope, window, without, func.count(), are_resolved=False)
    return Comparison(
        **vars(found),
        survey=survey,
        warnings=tuple(warnings),
        work=None if missing else work,
        work_missing=missing,
        waiting=scope.rows(opened)[0][0],
    )


def _no_work(work: Effect | None, elapsed: Effect) -> str:
    """Why there are no minutes of work; blank where there are."""
    if work is None:
        return "no resolved ticket has minutes of work"
    for recorded, whole in (
        (work.naive.without.mean or 0, elapsed.naive.without.mean or 0),
        (work.naive.enhanced.mean or 0, elapsed.naive.enhanced.mean or 0),
    ):
        if recorded > SHIFT_MINUTES or SHORT_MINUTES < recorded > NO_WORK * whole:
            return "the minutes of work on the tickets are their time to resolution"
    return ""


def _effect(
    scope: Scope,
    window: Window,
    without: Excluded,
    took: ColumnElement[Any],
    go_live: date | None,
    judge: Judge | None,
) -> Effect:
    """The effect on what a ticket `took`, in microseconds."""
    found = _tickets(scope, window, without, took, table(Ticket).c.enhanced)
    naive = time_comparison.compare_all(found.strata)
    stratified = time_comparison.compare_within(found.strata)
    overlap = time_comparison.overlap(found.strata)
    live = None if go_live is None else _go_live(scope, window, go_live, without, took)
    return Effect(
        naive=naive,
        stratified=stratified,
        overlap=overlap,
        strata=tuple(time_comparison.stratum(*item) for item in found.strata.items()),
        go_live=live,
        left_out=found.left_out,
        preferred=time_comparison.preferred(naive, stratified, overlap, live, judge),
    )


@dataclass(frozen=True)
class _Found:
    strata: Strata
    left_out: int
    # Whether each ticket is enhanced, by side.
    enhanced: tuple[list[bool], list[bool]]


def select_tickets(
    scope: Scope,
    window: Window,
    without: Excluded,
    *columns: ColumnElement[Any],
    are_resolved: bool = True,
) -> Select[Any]:
    """Select these columns of a window's resolved tickets, without what is excluded.

    Those that are not resolved are of the window in which they were opened.
    """
    ticket = table(Ticket).c
    at = ticket.resolved_at if are_resolved else ticket.opened_at
    return select(*columns).where(
        ticket.account_id == scope.account,
        ticket.resolved_at.is_not(None) if are_resolved else ticket.resolved_at.is_(None),
        window.contains(ticket.day),
        without.keeps(at, ticket=ticket.id),
    )


def _tickets(
    scope: Scope,
    window: Window,
    without: Excluded,
    took: ColumnElement[Any],
    side: ColumnElement[Any],
) -> _Found:
    """The minutes of resolved tickets by category and priority; `side` is false or true."""
    ticket = table(Ticket).c
    columns = (ticket.category, ticket.priority, side, took, ticket.enhanced)
    found: dict[Kind, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    enhanced: tuple[list[bool], list[bool]] = ([], [])
    left_out = 0
    rows = scope.rows(select_tickets(scope, window, without, *columns))
    for category, priority, after, micros, is_enhanced in rows:
        if after is None or micros is None or micros < 0:
            left_out += 1
            continue
        found[category, priority][bool(after)].append(micros)
        enhanced[bool(after)].append(bool(is_enhanced))
    # Sorted, so that a seeded bootstrap draws the same sample of the same tickets; strata without
    # a category or priority come last.
    kinds = sorted(found, key=lambda kind: [(part is None, part or "") for part in kind])
    strata: dict[Kind, Any] = {
        kind: tuple(np.sort(np.array(side)) / MINUTE for side in found[kind]) for kind in kinds
    }
    return _Found(strata, left_out, enhanced)


def _go_live(
    scope: Scope, window: Window, day: date, without: Excluded, took: ColumnElement[Any]
) -> GoLive:
    ticket = table(Ticket).c
    ends = (func.min(ticket.day), func.max(ticket.day))
    ((first, last),) = scope.rows(select_tickets(scope, Window(), NOTHING, *ends))
    weeks = 0
    if first is not None:
        last = last if window.end is None else min(last, window.end)
        weeks = max(0, min((day - first).days // 7, ((last - day).days + 1) // 7, MOST_WEEKS))
    span = timedelta(weeks=weeks)
    around = Window(day - span, day + span - timedelta(days=1))
    found = _Found({}, 0, ([], []))
    if weeks:
        found = _tickets(scope, around, without, took, ticket.day >= day)
    before, after = (sum(flags) / len(flags) if flags else None for flags in found.enhanced)
    return GoLive(
        day=day,
        weeks=weeks,
        compared=time_comparison.compare_within(found.strata),
        overlap=time_comparison.overlap(found.strata),
        enhanced_before=before,
        enhanced_after=after,
    )
