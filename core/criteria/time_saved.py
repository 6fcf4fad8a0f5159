"""Does enhancement save time: tickets with and without it, alike and unlike, and go-live."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, select

from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded
from core.analytics.sql import epoch_microseconds
from core.base import stats, text
from core.base.stats import Estimate
from core.criteria import time_comparison
from core.criteria.time_comparison import (
    Compared,
    GoLive,
    Kind,
    Preferred,
    Strata,
    Stratum,
    compared_alike,
    compared_naively,
    overlap_of,
    stratum_of,
)
from core.feedback.surveys import survey_answers
from core.store import Scope, Ticket, table

MINUTE = 60_000_000  # microseconds
MOST_WEEKS = 8


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What enhancement makes of the time to resolution, by every way to tell.

    `overlap` is the share of the enhanced tickets in strata with two tickets on either side;
    `survey` are minutes saved for each ticket, as people say; `left_out` are resolved tickets of
    the window that cannot be compared.
    """

    naive: Compared
    stratified: Compared
    overlap: float | None
    strata: tuple[Stratum, ...]
    go_live: GoLive | None
    survey: Estimate
    left_out: int
    warnings: tuple[str, ...]
    preferred: Preferred


def compare(
    scope: Scope,
    *,
    window: Window,
    go_live: date | None = None,
    without: Excluded = NOTHING,
) -> Comparison:
    """Compare tickets with and without enhancement; a ticket counts at the day of its resolution.

    Naive, within category and priority, and before and after a go-live date: all are shown, also
    those that speak against it. Tickets that were resolved before they were opened are refused.
    """
    enhanced = table(Ticket).c.enhanced
    found = _tickets(scope, (window.start, window.end), without, enhanced)
    naive, stratified = compared_naively(found.strata), compared_alike(found.strata)
    overlap = overlap_of(found.strata)
    live = None if go_live is None else _go_live(scope, window, go_live, without)
    answers = survey_answers(scope, ["minutes_saved"], window=window, without=without)
    survey = stats.mean_estimate([answer for (answer,) in answers if answer is not None])
    return Comparison(
        naive=naive,
        stratified=stratified,
        overlap=overlap,
        strata=tuple(stratum_of(kind, *sides) for kind, sides in _in_order(found.strata)),
        go_live=live,
        survey=survey,
        left_out=found.left_out,
        warnings=(
            *time_comparison.warnings(naive, stratified, overlap, live, survey),
            *_left_out(found.left_out),
        ),
        preferred=time_comparison.preferred(naive, stratified, overlap, live),
    )


def _left_out(tickets: int) -> Iterator[str]:
    if tickets:
        verb = "is" if tickets == 1 else "are"
        yield (
            f"{text.times(tickets, 'resolved ticket')} {verb} left out: not said whether "
            "enhanced, without an opening, or resolved before it."
        )


@dataclass(frozen=True)
class _Found:
    strata: Strata
    left_out: int
    # Of either side, which tickets are enhanced.
    enhanced: tuple[list[bool], list[bool]]


def _tickets(
    scope: Scope,
    days: tuple[date | None, date | None],
    without: Excluded,
    side: ColumnElement[Any],
) -> _Found:
    """The minutes of resolved tickets by category and priority; `side` is false or true."""
    ticket = table(Ticket).c
    took = epoch_microseconds(ticket.resolved_at) - epoch_microseconds(ticket.opened_at)
    statement = select(ticket.category, ticket.priority, side, took, ticket.enhanced).where(
        ticket.account_id == scope.account, ticket.resolved_at.is_not(None)
    )
    first, last = days
    if first is not None:
        statement = statement.where(ticket.day >= first)
    if last is not None:
        statement = statement.where(ticket.day <= last)
    kept = without.keeps(ticket.resolved_at, ticket=ticket.id)
    if kept is not None:
        statement = statement.where(kept)
    found: dict[Kind, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    enhanced: tuple[list[bool], list[bool]] = ([], [])
    left_out = 0
    with scope.read() as session:
        for category, priority, after, micros, is_enhanced in session.connection().execute(
            statement
        ):
            if after is None or micros is None or micros < 0:
                left_out += 1
                continue
            found[category, priority][bool(after)].append(micros)
            enhanced[bool(after)].append(bool(is_enhanced))
    # In order, so that a seeded draw takes the same ones of the same tickets.
    strata = {
        kind: (np.sort(np.array(a)) / MINUTE, np.sort(np.array(b)) / MINUTE)
        for kind, (a, b) in _in_order(found)
    }
    return _Found(strata, left_out, enhanced)


def _in_order(strata: Mapping[Kind, Any]) -> list[tuple[Kind, Any]]:
    """By category and priority; those without one come last."""
    return sorted(strata.items(), key=lambda item: [(part is None, part or "") for part in item[0]])


def _go_live(scope: Scope, window: Window, day: date, without: Excluded) -> GoLive:
    ticket = table(Ticket).c
    asked = select(func.min(ticket.day), func.max(ticket.day)).where(
        ticket.account_id == scope.account, ticket.resolved_at.is_not(None)
    )
    with scope.read() as session:
        first, last = session.connection().execute(asked).one()
    weeks = 0
    if first is not None:
        last = last if window.end is None else min(last, window.end)
        weeks = max(0, min((day - first).days // 7, ((last - day).days + 1) // 7, MOST_WEEKS))
    span = timedelta(weeks=weeks)
    days = day - span, day + span - timedelta(days=1)
    found = _tickets(scope, days, without, ticket.day >= day) if weeks else _Found({}, 0, ([], []))
    before, after = (sum(flags) / len(flags) if flags else None for flags in found.enhanced)
    return GoLive(
        day=day,
        weeks=weeks,
        compared=compared_alike(found.strata),
        overlap=overlap_of(found.strata),
        enhanced_before=before,
        enhanced_after=after,
    )
