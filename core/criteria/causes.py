"""What gaps come with: errors, hours, events and kinds of tickets; never what caused them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

import numpy as np
from scipy import stats
from sqlalchemy import func, select

from core.base import text
from core.criteria.window_data import COMPLETED, FAILED, WindowData, instants
from core.store import Annotation, Enhancement, Exclusion, Feedback, Ticket, on_enhancer, table

# Smaller groups are not broken down: they would tell who said what, or be chance.
LEAST_GROUP = 5
MOST_LISTED = 3
LONGEST_QUOTE = 160
# A run that takes longer is slow, where no target says otherwise.
SLOW_SECONDS = 60.0
# The share of false finds among all that are told (Benjamini and Hochberg 1995).
FALSE_SHARE = 0.05
MOST_TOLD = 3
# Fewer marked rows in one place are an anecdote, whatever the odds.
LEAST_MARKED = 3
# Hours of one day that follow each other are looked at together, up to so many.
LONGEST_SPAN = 8

Marked = Sequence[tuple[datetime, bool]]
# By day and hour, the numbers of the rows.
Hours = dict[tuple[date, int], list[int]]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A time with more marked rows than chance puts there.

    `start` and `end` are None for an hour of every day; `p_value` is adjusted for all that was
    looked at.
    """

    label: str
    start: datetime | None
    end: datetime | None
    rows: int
    marked: int
    rows_elsewhere: int
    marked_elsewhere: int
    p_value: float


@dataclass(frozen=True)
class _Place:
    """Hours of a day, from the first up to and without the last; of every day without a day."""

    day: date | None
    first: int
    last: int
    rows: tuple[int, ...]


def clusters(rows: Marked) -> list[Cluster]:
    """Where in local time the marked rows crowd together; at most three, the surest first.

    Every span of hours of a day, every day, and every hour of the day is compared with the rest by
    Fisher's exact test (one-sided, the hypergeometric tail); Benjamini and Hochberg's adjustment
    over all of them keeps false finds below 5 %. A place of which most is told already is not told
    again.
    """
    total, marked = len(rows), sum(is_marked for _, is_marked in rows)
    if not 0 < marked < total:
        return []
    places = list(_places(rows))
    sizes = np.array([len(place.rows) for place in places])
    hits = np.array([sum(rows[n][1] for n in place.rows) for place in places])
    chances = np.asarray(stats.hypergeom.sf(hits - 1, total, marked, sizes))
    adjusted = np.asarray(stats.false_discovery_control(np.clip(chances, 0.0, 1.0)))
    is_found = (adjusted <= FALSE_SHARE) & (hits >= LEAST_MARKED) & (sizes < total)
    # Of places that are as sure, the one with the fewest rows says the most.
    surest = sorted(np.flatnonzero(is_found), key=lambda n: (chances[n], sizes[n], n))
    told: set[int] = set()
    found: list[Cluster] = []
    for n in surest:
        own = {row for row in places[n].rows if rows[row][1]}
        if len(own - told) > len(own) / 2:
            told |= own
            found.append(_cluster(places[n], rows, len(own), marked, float(adjusted[n])))
    return found[:MOST_TOLD]


def _places(rows: Marked) -> Iterator[_Place]:
    hours: Hours = defaultdict(list)
    for n, (at, _) in enumerate(rows):
        hours[at.date(), at.hour].append(n)
    days = sorted({day for day, _ in hours})
    for day in days:
        own = sorted(hour for other, hour in hours if other == day)
        for n, first in enumerate(own):
            for last in own[n:]:
                if last - first < LONGEST_SPAN:
                    yield _place(hours, day, first, last + 1)
        yield _place(hours, day, 0, 24)
    for hour in sorted({hour for _, hour in hours}):
        some = tuple(n for day in days for n in hours.get((day, hour), ()))
        yield _Place(None, hour, hour + 1, some)


def _place(hours: Hours, day: date, first: int, last: int) -> _Place:
    inside = tuple(n for hour in range(first, last) for n in hours.get((day, hour), ()))
    return _Place(day, first, last, inside)


def _cluster(place: _Place, rows: Marked, hits: int, marked: int, p_value: float) -> Cluster:
    clock = f"{place.first:02}:00 to {place.last:02}:00"
    start = end = None
    if place.day is None:
        label = f"Every day from {clock}"
    else:
        zone = rows[place.rows[0]][0].tzinfo
        start = datetime.combine(place.day, time(place.first), zone)
        after = place.day + timedelta(days=place.last // 24)
        end = datetime.combine(after, time(place.last % 24), zone)
        label = f"{place.day:%A}, {text.day(place.day)}"
        label += "" if (place.first, place.last) == (0, 24) else f", {clock}"
    return Cluster(
        label=label,
        start=start,
        end=end,
        rows=len(place.rows),
        marked=hits,
        rows_elsewhere=len(rows) - len(place.rows),
        marked_elsewhere=marked - hits,
        p_value=p_value,
    )


@dataclass(frozen=True)
class Cause:
    """What was found beside a gap, in a sentence with its numbers.

    `criteria` are the keys of the criteria whose rows it is about; `kind` is errors, failures,
    slow runs, slow categories or ratings.
    """

    kind: str
    criteria: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class _Run:
    at: datetime
    seconds: float | None
    error: str | None
    is_failed: bool


def causes(data: WindowData, *, slow_seconds: float = SLOW_SECONDS) -> list[Cause]:
    """What the failed, the slow and the badly rated have in common in a window.

    All rows of the window count, those that are excluded as well, so that an exclusion can be seen
    beside what it leaves out.
    """
    every = data.all_of_it
    runs = _runs(every)
    happened = _happened(every)
    return [
        *_errors(runs),
        *_when(runs, happened, is_slow=False, slow_seconds=slow_seconds),
        *_when(runs, happened, is_slow=True, slow_seconds=slow_seconds),
        *_slow_categories(every),
        *_low_ratings(every),
    ]


def _runs(data: WindowData) -> list[_Run]:
    runs = table(Enhancement).c
    statement = select(
        runs.created_at, runs.processing_time_ms, runs.error_message, runs.status
    ).where(
        runs.account_id == data.scope.account,
        runs.created_day.between(data.window.start, data.window.end),
        runs.status.in_((COMPLETED, FAILED)),
    )
    with data.scope.read() as session:
        return [
            _Run(
                at=at.astimezone(data.scope.zone),
                seconds=None if took is None else took / 1_000,
                error=error,
                is_failed=status == FAILED,
            )
            for at, took, error, status in session.connection().execute(statement)
        ]


def _errors(runs: Sequence[_Run]) -> Iterator[Cause]:
    """The commonest messages of failed runs."""
    failed = [run for run in runs if run.is_failed]
    said = Counter(" ".join(run.error.split()) for run in failed if run.error)
    # Of messages as common as each other, the first in the alphabet.
    common = sorted(said.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LISTED]
    for message, number in common:
        of = f"{text.count(number)} of the {text.times(len(failed), 'failed run')}"
        yield Cause(
            "errors",
            ("success_rate",),
            f"{of} ({text.share(number / len(failed))}) say: {_short(message)}.",
        )
    silent = len(failed) - said.total()
    if silent:
        of = f"{text.count(silent)} of the {text.times(len(failed), 'failed run')}"
        yield Cause("errors", ("success_rate",), f"{of} have no error message.")


def _short(text: str) -> str:
    cut = text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"
    return f"\N{LEFT DOUBLE QUOTATION MARK}{cut.rstrip('.')}\N{RIGHT DOUBLE QUOTATION MARK}"


def _when(
    runs: Sequence[_Run], happened: Sequence["_Event"], *, is_slow: bool, slow_seconds: float
) -> Iterator[Cause]:
    """Where in time failures, or slow runs, are more than chance would have them."""
    if is_slow:
        asked = [(r.at, r.seconds > slow_seconds) for r in runs if r.seconds is not None]
        what = f"took longer than {text.duration(slow_seconds)}"
        keys: tuple[str, ...] = ("latency_p50", "latency_p95", "latency_p99")
    else:
        asked = [(run.at, run.is_failed) for run in runs]
        what, keys = "failed", ("success_rate",)
    for found in clusters(asked):
        here = text.share(found.marked / found.rows)
        rest = (
            f"{text.count(found.marked_elsewhere)} of {text.count(found.rows_elsewhere)} "
            f"({text.share(found.marked_elsewhere / found.rows_elsewhere)}) at all other times"
        )
        sentence = (
            f"{found.label}: {text.count(found.marked)} of {text.times(found.rows, 'run')} "
            f"({here}) {what}, against {rest}. More than chance: {_sure(found.p_value)}, adjusted "
            "for all hours and days."
        )
        beside = _beside(found, happened)
        if beside:
            sentence += f" In the same hours as: {'; '.join(beside)}."
        yield Cause("slow runs" if is_slow else "failures", keys, sentence)


def _sure(p_value: float) -> str:
    return "p below 0.001" if p_value < 0.001 else f"p {p_value:.3f}"


@dataclass(frozen=True)
class _Event:
    start: datetime
    end: datetime
    text: str


def _happened(data: WindowData) -> list[_Event]:
    """Annotations and exclusions in force that touch the window, in the store's zone."""
    start, end = instants(data.scope.zone, data.window)
    noted, entry = table(Annotation).c, table(Exclusion).c
    until = func.coalesce(noted.to_at, noted.from_at)
    marks = select(noted.from_at, until, noted.kind, noted.text).where(
        noted.account_id == data.scope.account,
        noted.withdrawn_at.is_(None),
        noted.from_at < end,
        until >= start,
    )
    out = select(entry.from_at, entry.to_at, entry.kind, entry.reason).where(
        entry.account_id == data.scope.account,
        entry.withdrawn_at.is_(None),
        entry.subject.is_(None),
        entry.from_at < end,
        entry.to_at > start,
    )
    with data.scope.read() as session:
        noted_rows = session.connection().execute(marks.order_by(noted.from_at, noted.id)).all()
        out_rows = session.connection().execute(out.order_by(entry.from_at, entry.id)).all()
    return [_event(data, row, "") for row in noted_rows] + [
        _event(data, row, "excluded as ") for row in out_rows
    ]


def _event(data: WindowData, row: Any, named: str) -> _Event:
    start, end, kind, sentence = row
    local = start.astimezone(data.scope.zone)
    said = f"{named}{kind}, {sentence} ({local:%H:%M} on {text.day(local.date())})"
    return _Event(local, end.astimezone(data.scope.zone), said)


def _beside(found: Cluster, happened: Sequence[_Event]) -> list[str]:
    """What happened in the hours of a cluster; of a day of the week or an hour nothing is said."""
    if found.start is None or found.end is None:
        return []
    return [e.text for e in happened if e.start < found.end and max(e.end, e.start) >= found.start]


def _slow_categories(data: WindowData) -> Iterator[Cause]:
    """The categories of tickets that take the longest: medians, which no single ticket moves."""
    ticket = table(Ticket).c
    statement = select(ticket.category, ticket.opened_at, ticket.resolved_at).where(
        ticket.account_id == data.scope.account,
        ticket.day.between(data.window.start, data.window.end),
        ticket.opened_at.is_not(None),
        ticket.resolved_at >= ticket.opened_at,
    )
    by: dict[str, list[float]] = {}
    with data.scope.read() as session:
        for category, opened, resolved in session.connection().execute(statement):
            minutes = (resolved - opened) / timedelta(minutes=1)
            by.setdefault(category or "no category", []).append(minutes)
    every = [minutes for some in by.values() for minutes in some]
    large = {name: some for name, some in by.items() if len(some) >= LEAST_GROUP}
    if len(large) < 2:
        return
    usual = median(every)
    slowest = sorted(large.items(), key=lambda pair: (-median(pair[1]), pair[0]))[:MOST_LISTED]
    for name, some in slowest:
        if median(some) > usual:
            yield Cause(
                "slow categories",
                ("time_reduction", "roi"),
                f"{name}: half of {text.times(len(some), 'resolved ticket')} took "
                f"{text.amount(median(some), 'minutes')} or longer; of all "
                f"{text.count(len(every))} it is {text.amount(usual, 'minutes')}.",
            )


def _low_ratings(data: WindowData) -> Iterator[Cause]:
    """The categories of tickets whose enhancements are rated lowest."""
    votes, ticket = table(Feedback), table(Ticket)
    joined = votes.join(
        ticket,
        (ticket.c.account_id == votes.c.account_id) & (ticket.c.id == votes.c.ticket_id),
    )
    statement = (
        select(
            ticket.c.category,
            func.sum(votes.c.rating),
            func.count(),
            func.count(votes.c.rater.distinct()),
        )
        .select_from(joined)
        .where(
            votes.c.account_id == data.scope.account,
            votes.c.created_day.between(data.window.start, data.window.end),
            votes.c.rating.is_not(None),
            on_enhancer(),
        )
        .group_by(ticket.c.category)
    )
    with data.scope.read() as session:
        rows = session.connection().execute(statement).all()
    # Votes of a few people would tell who said what.
    large = [
        (int(total) / n, name or "no category", n)
        for name, total, n, raters in rows
        if raters >= LEAST_GROUP
    ]
    if not large:
        return
    mean = sum(int(row[1]) for row in rows) / sum(row[2] for row in rows)
    for of_category, name, n in sorted(large)[:MOST_LISTED]:
        if of_category < mean and len(large) > 1:
            yield Cause(
                "ratings",
                ("satisfaction", "positive_feedback"),
                f"{name}: {text.amount(of_category, 'stars')} stars on average of "
                f"{text.times(n, 'rating')}; over all categories it is "
                f"{text.amount(mean, 'stars')}.",
            )
