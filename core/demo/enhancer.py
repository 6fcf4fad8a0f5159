"""The demo's ticket enhancer: its runs, and the tickets with and without them, day by day.

A day is made by a generator of its own, so that it looks the same tomorrow; only the bad deployment
moves on, to stay in the last complete week, and the week of outdated articles, to stay before it.
"""

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from core.demo.texts import TEXTS
from core.demo.world import World

WEEKS = 8
EFFECT = 0.68  # of the minutes that a ticket like it takes without
STALE_EFFECT = 1.0  # the same with articles that are out of date
STALE_WEEKS_AGO = 3
SPREAD = 0.6
# Half of the runs take less than 18 s, 95 of 100 less than 43 s.
MEDIAN_SECONDS, SECONDS_SPREAD = 18.0, 0.53
FAILURES = 0.026
BAD_HOURS = (10, 15)
BAD_FAILURES, BAD_SLOWNESS = 0.45, 3.0
PENDING = 3
# The fewest and the most tickets of a working day, with and without enhancement.
A_DAY = (60, 88), (34, 52)
NAMESPACE = uuid.UUID("0e6f7f0e-9d7b-4a39-8a0f-3f0a5d7c1b52")


@dataclass(frozen=True)
class Handled:
    """A completed run and the ticket it was made for, as far as feedback is concerned.

    `trouble` is what was wrong with it: slow, stale, or blank.
    """

    run_id: str
    ticket_id: str
    technician: str
    read_at: datetime
    trouble: str


@dataclass(frozen=True)
class EnhancerDay:
    """One day's records, in the shapes of the platform and of a ticket export."""

    runs: list[dict[str, Any]]
    tickets: list[dict[str, Any]]
    handled: list[Handled]


@dataclass(frozen=True)
class _Run:
    id: str
    created_at: datetime
    seconds: float
    error: str | None
    bad: bool


def days(world: World) -> list[date]:
    """The days with records: whole ISO weeks, and this one up to today."""
    monday = world.today - timedelta(days=world.today.weekday())
    first = monday - timedelta(weeks=WEEKS)
    return [first + timedelta(days=n) for n in range((world.today - first).days + 1)]


def bad_day(world: World) -> date:
    """The Wednesday of the last complete week, when the deployment went wrong."""
    return world.today - timedelta(days=world.today.weekday() + 5)


def is_stale(world: World, at: datetime) -> bool:
    """Whether the articles were out of date then: for a week, until a review saw it."""
    first = world.today - timedelta(days=world.today.weekday(), weeks=STALE_WEEKS_AGO)
    return timedelta() <= at.astimezone(world.zone).date() - first < timedelta(weeks=1)


def enhancer_day(world: World, day: date) -> EnhancerDay:
    """The runs and tickets of one day, none of them later than the demo's present."""
    rng = world.rng("enhancer", day)
    working = day.weekday() < 5
    enhanced, plain = (rng.randint(*A_DAY[0]), rng.randint(*A_DAY[1])) if working else (9, 6)
    found = EnhancerDay([], [], [])
    number = (day.toordinal() - date(2020, 1, 1).toordinal()) * 250
    for n in range(enhanced + plain):
        # Drawn for every ticket, so that what the present cuts off changes nothing before it.
        own = world.rng("ticket", day, n)
        opened = _opened(own, day, world)
        if opened <= world.now:
            _add_ticket(world, own, found, f"TKT-{number + n}", opened, enhanced=n < enhanced)
    return _held_back(found) if day == world.today else found


def _held_back(found: EnhancerDay) -> EnhancerDay:
    """The day with its latest runs not done yet."""
    runs = sorted(found.runs, key=lambda run: (run["created_at"], run["id"]))
    waiting = {run["id"]: run["ticket_id"] for run in runs[-PENDING:]}
    not_yet = {"processing_time_ms": None, "completed_at": None, "error_message": None}
    runs[-PENDING:] = [run | not_yet | {"status": "pending"} for run in runs[-PENDING:]]
    return EnhancerDay(
        runs=runs,
        tickets=[
            ticket | {"enhanced": False} if ticket["id"] in waiting.values() else ticket
            for ticket in found.tickets
        ],
        handled=[handled for handled in found.handled if handled.run_id not in waiting],
    )


def _opened(rng: Random, day: date, world: World) -> datetime:
    """Most tickets come in the middle of the morning and of the afternoon."""
    hour = rng.gauss(10.2, 1.3) if rng.random() < 0.55 else rng.gauss(14.6, 1.6)
    minutes = min(max(hour, 6.5), 20.5) * 60
    midnight = datetime.combine(day, time(), world.zone)
    return (midnight + timedelta(minutes=minutes)).astimezone(UTC).replace(microsecond=0)


def _add_ticket(
    world: World,
    rng: Random,
    found: EnhancerDay,
    ticket_id: str,
    opened: datetime,
    *,
    enhanced: bool,
) -> None:
    runs = _runs(world, rng, opened) if enhanced else []
    ranks = range(len(world.technicians))
    technician = rng.choices(world.technicians, [(rank + 4) ** -0.6 for rank in ranks])[0]
    done = [run for run in runs if run.error is None and _end(run) <= world.now]
    ticket = {
        "id": ticket_id,
        "technician": technician,
        "enhanced": bool(done),
        **_work(world, rng, opened, hard=enhanced, helped=bool(done)),
    }
    found.tickets.append(ticket)
    found.runs.extend(_run_object(world, ticket_id, run) for run in runs)
    if done:
        read_at = max(opened + timedelta(minutes=rng.uniform(4, 90)), _end(done[-1]))
        trouble = "slow" if done[-1].bad else "stale" if is_stale(world, opened) else ""
        found.handled.append(Handled(done[-1].id, ticket_id, technician, read_at, trouble))


def _runs(world: World, rng: Random, opened: datetime) -> list[_Run]:
    """The run for a ticket, and often one more after a failure."""
    first = _run(world, rng, opened + timedelta(seconds=rng.randint(1, 4)))
    again = _run(world, rng, _end(first) + timedelta(minutes=rng.randint(5, 40)))
    if first.error and rng.random() < 0.6 and again.created_at <= world.now:
        return [first, again]
    return [first]


def _run(world: World, rng: Random, created_at: datetime) -> _Run:
    chance, seconds = rng.random(), rng.lognormvariate(math.log(MEDIAN_SECONDS), SECONDS_SPREAD)
    key = uuid.UUID(int=rng.getrandbits(128), version=4)
    local = created_at.astimezone(world.zone)
    bad = local.date() == bad_day(world) and BAD_HOURS[0] <= local.hour < BAD_HOURS[1]
    if bad:
        seconds *= BAD_SLOWNESS
    error = rng.choice(TEXTS["errors"])
    failed = chance < (BAD_FAILURES if bad else FAILURES)
    return _Run(str(key), created_at, seconds, error if failed else None, bad)


def _end(run: _Run) -> datetime:
    return run.created_at + timedelta(seconds=run.seconds)


def _run_object(world: World, ticket_id: str, run: _Run) -> dict[str, Any]:
    ended = _end(run) <= world.now
    status = "failed" if run.error else "completed"
    return {
        "id": run.id,
        "tenant_id": "demo",
        "ticket_id": ticket_id,
        "status": status if ended else "pending",
        "processing_time_ms": round(run.seconds * 1000) if ended else None,
        "created_at": run.created_at.isoformat(),
        "completed_at": _end(run).isoformat() if ended else None,
        "error_message": run.error if ended else None,
    }


def _work(
    world: World, rng: Random, opened: datetime, *, hard: bool, helped: bool
) -> dict[str, Any]:
    """What a ticket is about and how long it took: the hard ones are those that get enhanced."""
    category, usual = _drawn(rng, TEXTS["categories"], hard=hard)
    priority, factor = _drawn(rng, TEXTS["priorities"], hard=hard)
    effect = STALE_EFFECT if is_stale(world, opened) else EFFECT
    minutes = usual * factor * (effect if helped else 1.0) * rng.lognormvariate(0, SPREAD)
    resolved = opened + timedelta(minutes=max(3.0, minutes))
    left_open, recorded, reopened = (rng.random() < share for share in (0.025, 0.6, 0.05))
    solved = not left_open and resolved <= world.now
    return {
        "opened_at": opened.isoformat(),
        "resolved_at": resolved.isoformat() if solved else None,
        "category": category,
        "priority": priority,
        "minutes_spent": round(minutes * 0.22, 1) if recorded and solved else None,
        "reopened": reopened if solved else None,
    }


def _drawn(
    rng: Random, table: Sequence[tuple[str, float, int, int]], *, hard: bool
) -> tuple[str, float]:
    often = [among_hard if hard else usually for _, _, among_hard, usually in table]
    name, factor, _, _ = rng.choices(table, often)[0]
    return name, factor
