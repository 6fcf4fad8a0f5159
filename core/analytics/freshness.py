"""Data age: through which day the data runs, when it was last synced, and whether that is late."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select

from core.analytics.account_settings import LeaderboardSettings, settings_of
from core.analytics.definitions import FACTS
from core.analytics.filters import Plan, in_accounts
from core.analytics.joins import JOINS, FactJoins
from core.analytics.sql import SqlRunner
from core.base import clock, text
from core.store import (
    FACT_TABLES,
    CounterIncrement,
    Feedback,
    GaugeReading,
    Scope,
    ScrapeSpan,
    SyncRun,
    instant_of,
    on_enhancer,
    table,
)

TESTIO, PROMETHEUS = "testio", "prometheus"
PLATFORM_METRICS = "Platform metrics"
# Those that a synchronisation brings, and not a person or an import.
SYNCED = {"Test cycles": TESTIO, "Bug reports": TESTIO, PLATFORM_METRICS: PROMETHEUS}
# What is not synchronised is as fresh as its newest record: runs come in all day, tickets and
# opinions with the working week.
TARGETS = {
    "Enhancement runs": timedelta(days=1),
    "Tickets": timedelta(days=3),
    "Feedback": timedelta(days=7),
}
ON_TIME, LATE = "\N{BLACK CIRCLE} On time", "\N{MULTIPLICATION X} Late"
NO_TARGET, NO_DATA = "\N{EN DASH} No target", "\N{EN DASH} No data"


def known_through(scope: Scope, today: date) -> date:
    """The day up to which synchronised data is known: that of the last sync, at most today."""
    synced = last_synced(scope)
    return min(today, synced.astimezone(scope.zone).date()) if synced else today


def maturing_since(scope: Scope, today: date, days: int | None = None) -> date:
    """Bugs of cycles that ended after this day are still being decided: no part of a judgement.

    `days` is how long that takes, by default by the account's settings; older bugs are settled.
    """
    days = settings_of(scope, LeaderboardSettings).maturing_days if days is None else days
    return known_through(scope, today) - timedelta(days=days)


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
    states, account = [], (scope.account,)
    with scope.facts() as facts:
        for fact in (one for one in FACTS.values() if one.source):
            joins = JOINS[fact.key]
            reader = facts if joins.base in FACT_TABLES else facts.stored
            counted = select(func.count()).where(*_own(joins.base, account))
            newest = reader.execute(_newest(joins, account, now)).scalar()
            states.append(SourceState(fact.source, reader.execute(counted).scalar_one(), newest))
        states.append(_platform_metrics(facts.stored, scope.account))
    return states


def _own(rows: FromClause, accounts: tuple[str, ...]) -> list[ColumnElement[bool]]:
    """The conditions of a source's rows: a vote on a page of this product is none."""
    own = in_accounts(rows, accounts)
    return [own, on_enhancer()] if rows is table(Feedback) else [own]


def _newest(joins: FactJoins, accounts: tuple[str, ...], until: datetime) -> Select[Any]:
    """The newest instant of a fact's clock that is not ahead.

    A cycle that runs now ends later: its end says nothing of how far the data runs.
    """
    day = joins.clock
    at, rows = instant_of(day), day.table
    found = select(at).where(*_own(rows, accounts), at <= until)
    if rows is not joins.base:  # the cycles of bugs
        children, parent = joins.base.c, joins.parents[rows]
        of_row = select(parent).where(children.account_id == rows.c.account_id, parent == rows.c.id)
        found = found.where(of_row.exists())
    # By the day, which has an index.
    return found.order_by(day.desc(), at.desc()).limit(1)


def _platform_metrics(connection: Connection, account: str) -> SourceState:
    """The samples of Prometheus, and until when it was read: a quiet time has been read as well."""
    samples = (table(model).c.account_id for model in (CounterIncrement, GaugeReading))
    counts = (select(func.count()).where(of_account == account) for of_account in samples)
    rows = sum(connection.execute(counted).scalar_one() for counted in counts)
    span = table(ScrapeSpan).c
    read = select(func.max(span.to_at)).where(span.account_id == account)
    return SourceState(PLATFORM_METRICS, rows, connection.execute(read).scalar())


def sources_through(
    states: Iterable[SourceState], *, names: frozenset[str], zone: ZoneInfo
) -> date | None:
    """The day through which the named sources run: the oldest counts; None where all are empty."""
    known = [s.through for s in states if s.name in names and s.through is not None]
    return min(known).astimezone(zone).date() if known else None


def syncs(connection: Connection, accounts: tuple[str, ...]) -> dict[tuple[str, str], datetime]:
    """When the last run of each account and source ended that brought data in, or found none."""
    run = table(SyncRun)
    latest = (
        select(run.c.account_id, run.c.source, func.max(run.c.finished_at))
        .where(in_accounts(run, accounts), run.c.finished_at.is_not(None))
        .where(run.c.status.in_(("done", "partial")))
        .group_by(run.c.account_id, run.c.source)
    )
    return {(account, source): at for account, source, at in connection.execute(latest)}


def last_synced(scope: Scope, *, source: str = TESTIO) -> datetime | None:
    """When the last sync with a source ended that brought data in; None: never."""
    with scope.read() as session:
        return syncs(session.connection(), (scope.account,)).get((scope.account, source))


def fresh_sources(
    states: Iterable[SourceState],
    *,
    synced_at: Mapping[str, datetime | None],
    sync_targets: Mapping[str, timedelta | None],
    now: datetime,
) -> list[FreshSource]:
    """Each source against its target: the age of the last sync, else that of the newest record.

    A sync that finds nothing new is as good as one that does. `synced_at` and `sync_targets` are by
    what is synchronised, None where that is not set up.
    """
    found = []
    for state in states:
        run = SYNCED.get(state.name)
        target = TARGETS.get(state.name) if run is None else sync_targets[run]
        at = state.through if run is None else synced_at[run]
        said = "none" if run is None else "no sync is set up"
        if target is not None:
            within = text.duration(target.total_seconds())
            said = f"{'last sync' if run else 'newest record'} within {within}"
        verdict = ON_TIME
        if not state.rows:
            verdict = NO_DATA
        elif target is None:
            verdict = NO_TARGET
        elif at is None or now - at > target:
            verdict = LATE
        found.append(FreshSource(state, at if run else None, said, verdict))
    return found


def data_through(runner: SqlRunner, plan: Plan, today: date, zone: ZoneInfo) -> date | None:
    """The day of the newest row of each fact that is not ahead: of several facts the oldest."""
    end = datetime.combine(today + timedelta(days=1), time(), zone) - timedelta(microseconds=1)
    until = min(clock.now(), end)
    newest = []
    for fact in plan.query.facts:
        found = runner.facts.execute(_newest(plan.joins(fact), plan.accounts, until)).scalar()
        newest += [] if found is None else [found.astimezone(zone).date()]
    return min(newest, default=None)


def synced_at(runner: SqlRunner, plan: Plan) -> datetime | None:
    """When the accounts' last finished sync of the facts ended: of several the oldest."""
    sources = {FACTS[fact].run_source for fact in plan.query.facts}
    found = syncs(runner.facts.stored, plan.accounts)
    return min((at for (_, source), at in found.items() if source in sources), default=None)
