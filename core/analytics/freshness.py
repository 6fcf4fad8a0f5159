"""How old what is shown is: through which day the data runs, and when each source last came in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

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


@dataclass(frozen=True)
class SourceState:
    """One source: how many rows are stored, and the newest instant in them that is not ahead."""

    name: str
    rows: int
    through: datetime | None


def source_states(scope: Scope, *, now: datetime) -> list[SourceState]:
    """Every source of an account, also those that are empty."""
    states = []
    with scope.read() as session, scope.store.read_facts(session) as copy:
        for name, model, column in SOURCES:
            rows = table(model)
            connection = session.connection()
            if copy is not None and rows in FACT_TABLES:
                connection = copy
            # A cycle that runs now ends later: its end says nothing of how far the data runs.
            newest = func.max(rows.c[column]).filter(rows.c[column] <= now)
            found = select(func.count(), newest).where(rows.c.account_id == scope.account)
            number, through = connection.execute(found).one()
            states.append(SourceState(name, number, through))
        states.append(_platform_metrics(session.connection(), scope.account))
    return states


def _platform_metrics(connection: Connection, account: str) -> SourceState:
    """What Prometheus told, and until when it was read: a quiet time has been read as well."""
    rows = 0
    for model in (CounterIncrement, GaugeReading):
        of = table(model)
        counted = select(func.count()).select_from(of).where(of.c.account_id == account)
        rows += connection.execute(counted).scalar_one()
    span = table(ScrapeSpan).c
    read = select(func.max(span.to_at)).where(span.account_id == account)
    return SourceState(PLATFORM_METRICS, rows, connection.execute(read).scalar())


def data_through(
    states: Iterable[SourceState], *, names: frozenset[str], zone: ZoneInfo
) -> date | None:
    """The day through which the named sources run: the oldest counts; None where all are empty."""
    known = [s.through for s in states if s.name in names and s.through is not None]
    return min(known).astimezone(zone).date() if known else None


def last_synced(scope: Scope, *, source: str = TESTIO) -> datetime | None:
    """When the last synchronisation with a source ended that brought data in; None: never."""
    runs = table(SyncRun)
    last = select(func.max(runs.c.finished_at)).where(
        runs.c.account_id == scope.account,
        runs.c.source == source,
        runs.c.status.in_(("done", "partial")),
    )
    with scope.read() as session:
        at: datetime | None = session.connection().execute(last).scalar()
    return at
