"""Patterns in failed, slow and badly rated runs; they accompany a gap, and prove no cause."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from statistics import median
from typing import Any

import numpy as np
from scipy import stats
from sqlalchemy import func

from core.base import text
from core.criteria.ledger import exclusions_in_force
from core.criteria.platform import COMPLETED, FAILED
from core.criteria.time_saved import select_tickets
from core.criteria.window_data import WindowData
from core.store import Annotation, Enhancement, Feedback, Ticket, table

# Smaller groups would reveal their authors, or be chance.
LEAST_GROUP = 5
MOST_LISTED = 3
LONGEST_QUOTE = 160
# A run that takes longer is slow, where no target says otherwise.
SLOW_SECONDS = 60.0
# The false discovery rate (Benjamini and Hochberg 1995).
FALSE_SHARE = 0.05
MOST_TOLD = 3
# Fewer marked rows in one place are an anecdote, whatever their p-value.
LEAST_MARKED = 3
# The longest span of hours of a day that is tested.
LONGEST_SPAN = 8

Marked = Sequence[tuple[datetime, bool]]
# Hours from the first up to, and without, the last, of one day or (None) of every day.
Place = tuple[date | None, int, int]
# The beginning and end of something that happened, and what it was.
Event = tuple[datetime, datetime, str]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A time with more marked rows than by chance.

    `start` and `end` are None for an hour of every day; `p_value` is adjusted for all tests.
    """

    label: str
    start: datetime | None
    end: datetime | None
    rows: int
    marked: int
    rows_elsewhere: int
    marked_elsewhere: int
    p_value: float


def clusters(rows: Marked) -> list[Cluster]:
    """Times in which marked rows concentrate; at most three, the smallest p-value first.

    Every span of hours of a day, every day, and every hour of the day is compared with the rest by
    Fisher's exact test (one-sided, the hypergeometric tail); Benjamini and Hochberg's adjustment
    over all of them keeps the false discovery rate below 5 %. A time that mostly repeats one
    already found is left out.
    """
    total, marked = len(rows), sum(is_marked for _, is_marked in rows)
    if not 0 < marked < total:
        return []
    places = _places(rows)
    sizes = np.array([len(inside) for _, inside in places])
    hits = np.array([sum(rows[n][1] for n in inside) for _, inside in places])
    chances = np.asarray(stats.hypergeom.sf(hits - 1, total, marked, sizes))
    adjusted = np.asarray(stats.false_discovery_control(np.clip(chances, 0.0, 1.0)))
    is_found = (adjusted <= FALSE_SHARE) & (hits >= LEAST_MARKED) & (sizes < total)
    # At equal p-values, the place with the fewest rows is the most specific.
    surest = sorted(np.flatnonzero(is_found), key=lambda n: (chances[n], sizes[n], n))
    told: set[int] = set()
    found: list[Cluster] = []
    for n in surest:
        place, inside = places[n]
        own = {row for row in inside if rows[row][1]}
        if len(own - told) > len(own) / 2:
            told |= own
            zone = rows[0][0].tzinfo
            others = {"rows_elsewhere": total - len(inside), "marked_elsewhere": marked - len(own)}
            counts = {"rows": len(inside), "marked": len(own), **others}
            found.append(_cluster(place, zone, p_value=float(adjusted[n]), **counts))
    return found[:MOST_TOLD]


def _places(rows: Marked) -> list[tuple[Place, list[int]]]:
    """Every span of hours of a day, every day, and every hour of the day, with their rows."""
    hours: dict[tuple[date, int], list[int]] = defaultdict(list)
    for n, (at, _) in enumerate(rows):
        hours[at.date(), at.hour].append(n)
    days = sorted({day for day, _ in hours})
    places: list[Place] = []
    for day in days:
        own = sorted(hour for other, hour in hours if other == day)
        places += [
            (day, first, last + 1)
            for n, first in enumerate(own)
            for last in own[n:]
            if last - first < LONGEST_SPAN
        ]
        places.append((day, 0, 24))
    places += [(None, hour, hour + 1) for hour in sorted({hour for _, hour in hours})]

    def inside(place: Place) -> list[int]:
        own, first, last = place
        some = (
            (day, hour) for day in (days if own is None else [own]) for hour in range(first, last)
        )
        return [n for key in some for n in hours.get(key, ())]

    return [(place, inside(place)) for place in places]


def _cluster(place: Place, zone: tzinfo | None, **counts: Any) -> Cluster:
    day, first, last = place
    clock = f"{first:02}:00 to {last:02}:00"
    if day is None:
        return Cluster(label=f"Every day from {clock}", start=None, end=None, **counts)
    return Cluster(
        label=f"{day:%A}, {text.day(day)}" + ("" if (first, last) == (0, 24) else f", {clock}"),
        start=datetime.combine(day, time(first), zone),
        end=datetime.combine(day + timedelta(days=last // 24), time(last % 24), zone),
        **counts,
    )


@dataclass(frozen=True)
class Cause:
    """A pattern, in a sentence with its numbers.

    `criteria` are the keys of the criteria that rest on the same rows; `kind` is errors, failures,
    slow runs, slow categories or ratings.
    """

    kind: str
    criteria: tuple[str, ...]
    text: str


def causes(data: WindowData, *, slow_seconds: float = SLOW_SECONDS) -> list[Cause]:
    """What failed runs, slow runs and low ratings of a window have in common.

    Excluded rows count as well, so that an exclusion can be compared with what it leaves out.
    """
    every = data.with_excluded
    run = table(Enhancement).c
    columns = (run.created_at, run.processing_time_ms, run.error_message, run.status)
    finished = every.select_runs(*columns).where(run.status.in_((COMPLETED, FAILED)))
    runs = data.scope.rows(finished)
    return [
        *_errors(runs),
        *_concentrations(runs, data.scope.zone, _events(every), slow_seconds),
        *_slow_categories(every),
        *_low_ratings(every),
    ]


def _errors(runs: Sequence[Any]) -> Iterator[Cause]:
    """The most common messages of failed runs."""
    failed = [run.error_message for run in runs if run.status == FAILED]
    said = Counter(" ".join(error.split()) for error in failed if error)
    common = sorted(said.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LISTED]
    of = f"of the {text.times(len(failed), 'failed run')}"
    for message, number in common:
        quote = text.quoted(message.rstrip("."), LONGEST_QUOTE)
        said_by = f"{text.count(number)} {of} ({text.share(number / len(failed))})"
        yield Cause("errors", ("success_rate",), f"{said_by} say: {quote}.")
    if silent := len(failed) - said.total():
        sentence = f"{text.count(silent)} {of} have no error message."
        yield Cause("errors", ("success_rate",), sentence)


def _concentrations(
    runs: Sequence[Any], zone: tzinfo, events: Sequence[Event], slow_seconds: float
) -> Iterator[Cause]:
    """The times with more failures, or more slow runs, than by chance."""
    timed = [(run.created_at.astimezone(zone), run) for run in runs]
    failed = [(at, run.status == FAILED) for at, run in timed]
    slow = [
        (at, run.processing_time_ms / 1_000 > slow_seconds)
        for at, run in timed
        if run.processing_time_ms is not None
    ]
    slowly = f"took longer than {text.duration(slow_seconds)}"
    latencies = ("latency_p50", "latency_p95", "latency_p99")
    for kind, keys, what, rows in (
        ("failures", ("success_rate",), "failed", failed),
        ("slow runs", latencies, slowly, slow),
    ):
        for found in clusters(rows):
            yield Cause(kind, keys, _concentration(found, what, _beside(found, events)))


def _concentration(found: Cluster, what: str, beside: Sequence[str]) -> str:
    here = text.share(found.marked / found.rows)
    elsewhere = text.share(found.marked_elsewhere / found.rows_elsewhere)
    p_value = "p below 0.001" if found.p_value < 0.001 else f"p {found.p_value:.3f}"
    said = (
        f"{found.label}: {text.count(found.marked)} of {text.times(found.rows, 'run')} "
        f"({here}) {what}, against {text.count(found.marked_elsewhere)} of "
        f"{text.count(found.rows_elsewhere)} ({elsewhere}) at all other times. More than "
        f"chance: {p_value}, adjusted for all hours and days."
    )
    return f"{said} In the same hours as: {'; '.join(beside)}." if beside else said


def _events(data: WindowData) -> list[Event]:
    """Annotations and exclusions in force that touch the window."""
    start, end = data.window.instants(data.scope.zone)
    entry = table(Annotation).c
    until = func.coalesce(entry.to_at, entry.from_at)
    touching = [entry.withdrawn_at.is_(None), entry.from_at < end, until >= start]
    noted = data.scope.objects(Annotation, *touching, order_by=[entry.from_at, entry.id])
    excluded = sorted(exclusions_in_force(data.scope), key=lambda one: (one.from_at, one.id))
    return [
        *((one.from_at, one.to_at or one.from_at, f"{one.kind}, {one.text}") for one in noted),
        *(
            (one.from_at, one.to_at, f"excluded as {one.kind}, {one.reason}")
            for one in excluded
            if one.subject is None and one.touches(start, end)
        ),
    ]


def _beside(found: Cluster, events: Sequence[Event]) -> list[str]:
    """The events in the hours of a cluster; none for an hour of every day."""
    if found.start is None or found.end is None:
        return []
    zone = found.start.tzinfo
    inside = [
        (start.astimezone(zone), what)
        for start, end, what in events
        if start < found.end and end >= found.start
    ]
    return [f"{what} ({at:%H:%M} on {text.day(at.date())})" for at, what in inside]


def _slow_categories(data: WindowData) -> Iterator[Cause]:
    """The categories of tickets with the longest median time to resolution."""
    ticket = table(Ticket).c
    columns = (ticket.category, ticket.opened_at, ticket.resolved_at)
    resolved = select_tickets(data.scope, data.window, data.without, *columns).where(
        ticket.resolved_at >= ticket.opened_at
    )
    by_category: dict[str, list[float]] = defaultdict(list)
    for category, opened_at, resolved_at in data.scope.rows(resolved):
        minutes = (resolved_at - opened_at) / timedelta(minutes=1)
        by_category[category or "no category"].append(minutes)
    every = [minutes for some in by_category.values() for minutes in some]
    large = {name: some for name, some in by_category.items() if len(some) >= LEAST_GROUP}
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
        ticket, (ticket.c.account_id == votes.c.account_id) & (ticket.c.id == votes.c.ticket_id)
    )
    raters = func.count(votes.c.rater.distinct())
    rated = (
        data.select_votes(ticket.c.category, func.sum(votes.c.rating), func.count(), raters)
        .select_from(joined)
        .where(votes.c.rating.is_not(None))
        .group_by(ticket.c.category)
    )
    rows = data.scope.rows(rated)
    # Votes of a few people would reveal their authors.
    large = [
        (int(total) / n, name or "no category", n)
        for name, total, n, people in rows
        if people >= LEAST_GROUP
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
