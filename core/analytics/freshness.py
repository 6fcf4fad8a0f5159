"""Data age: through which day the data runs, when it was last synced, and whether that is late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from core.analytics.definitions import FACTS
from core.analytics.filters import Plan, in_accounts
from core.analytics.sql import SqlRunner
from core.base import text
from core.store import (
    FACT_TABLES,
    Bug,
    CounterIncrement,
    Enhancement,
    Feedback,
    GaugeReading,
    Scope,
    ScrapeSpan,
    SurveyResponse,
    SyncRun,
    TestCycle,
    Ticket,
    table,
)

# A source, the table it fills, and the instant that tells how far its data runs.
SOURCES: tuple[tuple[str, type[SQLModel], str], ...] = (
    ("Test cycles", TestCycle, "end_at"),
    ("Bug reports", Bug, "reported_at"),
    ("Enhancement runs", Enhancement, "created_at"),
    ("Tickets", Ticket, "opened_at"),
    ("Feedback", Feedback, "created_at"),
    ("Surveys", SurveyResponse, "answered_at"),
)
# Those that a synchronisation brings, and not a person or an import.
SYNCED = frozenset({"Test cycles", "Bug reports"})
TESTIO, PROMETHEUS = "testio", "prometheus"
PLATFORM_METRICS = "Platform metrics"
# What is not synchronised is as fresh as its newest record: runs come in all day, tickets and
# opinions with the working week.
TARGETS = {
    "Enhancement runs": timedelta(days=1),
    "Tickets": timedelta(days=3),
    "Feedback": timedelta(days=7),
}
ON_TIME, LATE = "\N{BLACK CIRCLE} On time", "\N{MULTIPLICATION X} Late"
NO_TARGET, NO_DATA = "\N{EN DASH} No target", "\N{EN DASH} No data"


@dataclass(frozen=True)
class SourceState:
    """One source: how many rows are stored, and the newest instant in them that is not ahead."""

    name: str
    rows: int
    through: datetime | None


@dataclass(frozen=True)
class FreshSource:
    """A source with its target and whether it is met, in words; `synced_at` where it is synced."""

    state: SourceState
    synced_at: datetime | None
    target: str
    verdict: str


def source_states(scope: Scope, *, now: datetime) -> list[SourceState]:
    """Every source of an account, also those that are empty."""
    states = []
    with scope.read() as session, scope.store.read_facts(session) as facts:
        for name, model, column in SOURCES:
            rows = table(model)
            connection = facts if rows in FACT_TABLES else session.connection()
            # A cycle that runs now ends later: its end says nothing of how far the data runs.
            newest = func.max(rows.c[column]).filter(rows.c[column] <= now)
            found = select(func.count(), newest).where(rows.c.account_id == scope.account)
            number, through = connection.execute(found).one()
            states.append(SourceState(name, number, through))
        states.append(_platform_metrics(session.connection(), scope.account))
    return states


def _platform_metrics(connection: Connection, account: str) -> SourceState:
    """The samples of Prometheus, and until when it was read: a quiet time has been read as well."""
    rows = 0
    for model in (CounterIncrement, GaugeReading):
        of = table(model)
        counted = select(func.count()).select_from(of).where(of.c.account_id == account)
        rows += connection.execute(counted).scalar_one()
    span = table(ScrapeSpan).c
    read = select(func.max(span.to_at)).where(span.account_id == account)
    return SourceState(PLATFORM_METRICS, rows, connection.execute(read).scalar())


def sources_through(
    states: Iterable[SourceState], *, names: frozenset[str], zone: ZoneInfo
) -> date | None:
    """The day through which the named sources run: the oldest counts; None where all are empty."""
    known = [s.through for s in states if s.name in names and s.through is not None]
    return min(known).astimezone(zone).date() if known else None


def last_synced(scope: Scope, *, source: str = TESTIO) -> datetime | None:
    """When the last sync with a source ended that brought data in; None: never."""
    run = table(SyncRun).c
    last = select(func.max(run.finished_at)).where(
        run.account_id == scope.account, run.source == source, run.status.in_(("done", "partial"))
    )
    (found,) = scope.rows(last)
    at: datetime | None = found[0]
    return at


def fresh_sources(
    states: Iterable[SourceState],
    *,
    synced_at: datetime | None,
    sync_target: timedelta | None,
    now: datetime,
) -> list[FreshSource]:
    """Each source against its target: the age of the last sync, else that of the newest record.

    A sync that finds nothing new is as good as one that does. `sync_target` is None where the
    account has no source that is synchronised from here.
    """
    found = []
    for state in states:
        is_synced = state.name in SYNCED
        target = sync_target if is_synced else TARGETS.get(state.name)
        at = synced_at if is_synced else state.through
        said = "no sync is set up"
        if target is not None:
            within = text.duration(target.total_seconds())
            said = f"{'last sync' if is_synced else 'newest record'} within {within}"
        verdict = _verdict(state, at, target, now)
        found.append(FreshSource(state, synced_at if is_synced else None, said, verdict))
    return found


def _verdict(
    state: SourceState, at: datetime | None, target: timedelta | None, now: datetime
) -> str:
    if not state.rows:
        return NO_DATA
    if target is None:
        return NO_TARGET
    return LATE if at is None or now - at > target else ON_TIME


def data_through(runner: SqlRunner, plan: Plan, today: date) -> date | None:
    """The newest day, not after today, with a row of each fact: of several facts the oldest."""
    newest = []
    for fact in plan.query.facts:
        clock: Any = plan.joins(fact).clock
        days = select(func.max(clock).label("day"))
        days = days.where(in_accounts(clock.table, plan.accounts), clock <= today)
        newest.append(runner.one(days)["day"])
    return min((day for day in newest if day is not None), default=None)


def synced_at(runner: SqlRunner, plan: Plan) -> datetime | None:
    """When the accounts' last finished sync of the facts ended: of several the oldest."""
    run = table(SyncRun)
    sources = {FACTS[fact].run_source for fact in plan.query.facts}
    latest = (
        select(func.max(run.c.finished_at).label("at"))
        .where(in_accounts(run, plan.accounts), run.c.source.in_(sources))
        .where(run.c.status.in_(("done", "partial")))
        .group_by(run.c.account_id, run.c.source)
    )
    found: Iterable[Any] = (row["at"] for row in runner.stored(latest))
    return min((at for at in found if at is not None), default=None)
