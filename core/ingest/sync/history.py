"""Reads for the data page: runs, problems, deletions and freshness of an account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from core.base.settings import Settings, TestioAccount
from core.store import Scope, SyncProblem, SyncRun, Vanished, table

MOST_LISTED = 1_000
# The tables whose rows count as objects read: facts and readings, not links between them.
OBJECTS = ("product", "feature", "test_cycle", "bug", "counter_increment", "gauge_reading")
READ = ("added", "changed", "unchanged")
# One run may fail or be slow: data is late after two intervals without any.
INTERVALS = 2
# Without unattended synchronisation a person is expected to sync once a day.
MANUAL_TARGET = timedelta(days=1)


class ProblemGroup(NamedTuple):
    """The number of objects with one problem: an entity, a field and a reason."""

    entity: str
    field: str
    reason: str
    number: int


@dataclass(frozen=True)
class Freshness:
    """The end of the last run that brought data in (None: never), and its largest allowed age."""

    at: datetime | None
    target: timedelta
    is_late: bool


def runs(scope: Scope, *, source: str | None = None, limit: int = 20) -> list[SyncRun]:
    """The account's latest runs, newest first; with `source` those of one source."""
    run = table(SyncRun)
    latest = (
        select(run)
        .where(run.c.account_id == scope.account)
        .order_by(run.c.started_at.desc(), run.c.id.desc())
        .limit(limit)
    )
    if source is not None:
        latest = latest.where(run.c.source == source)
    with scope.read() as session:
        return [SyncRun(**row) for row in session.connection().execute(latest).mappings()]


def rows_of(run: SyncRun, kind: str) -> int:
    """Rows of all tables that a run added, changed, left unchanged, removed or refused."""
    return sum(numbers.get(kind, 0) for numbers in run.counts.values())


def objects_read(run: SyncRun) -> int:
    """Objects that a run read: products, features, test cycles and bugs, or readings."""
    return sum(run.counts.get(name, {}).get(kind, 0) for name in OBJECTS for kind in READ)


def objects_a_second(run: SyncRun, now: datetime) -> float | None:
    """The pace of a run until its end, or until now; None where no time has passed."""
    seconds = ((run.finished_at or now) - run.started_at).total_seconds()
    return objects_read(run) / seconds if seconds > 0 else None


def seconds_left(run: SyncRun, now: datetime) -> float | None:
    """The remaining seconds of a run at its pace so far; None where that is unknown."""
    if run.finished_at or not run.total or not run.done:
        return None
    return (now - run.started_at).total_seconds() * (run.total - run.done) / run.done


def problem_groups(scope: Scope) -> list[ProblemGroup]:
    """What could not be read, by cause, most frequent first."""
    found = table(SyncProblem).c
    cause = (found.entity, found.field, found.reason)
    number = func.count()
    counted = (
        select(*cause, number)
        .where(found.account_id == scope.account)
        .group_by(*cause)
        .order_by(number.desc(), *cause)
    )
    with scope.read() as session:
        return [ProblemGroup(*row) for row in session.connection().execute(counted)]


def problems(scope: Scope, *, group: ProblemGroup | None = None) -> list[SyncProblem]:
    """The first `MOST_LISTED` problems, or those of one cause."""
    found = table(SyncProblem)
    listed = (
        select(found)
        .where(found.c.account_id == scope.account)
        .order_by(found.c.entity, found.c.source_id, found.c.field)
        .limit(MOST_LISTED)
    )
    if group is not None:
        listed = listed.where(
            found.c.entity == group.entity,
            found.c.field == group.field,
            found.c.reason == group.reason,
        )
    with scope.read() as session:
        return [SyncProblem(**row) for row in session.connection().execute(listed).mappings()]


def deletions(scope: Scope) -> list[Vanished]:
    """Test cycles and bugs that the source has deleted, latest first, at most `MOST_LISTED`.

    `content`, the stored rows, is left out.
    """
    gone = table(Vanished).c
    listed = (
        select(gone.kind, gone.id, gone.title, gone.noticed_at)
        .where(gone.account_id == scope.account)
        .order_by(gone.noticed_at.desc(), gone.kind.desc(), gone.id.desc())
        .limit(MOST_LISTED)
    )
    with scope.read() as session:
        return [
            Vanished(account_id=scope.account, **row)
            for row in session.connection().execute(listed).mappings()
        ]


def freshness(
    settings: Settings,
    account_id: str,
    at: datetime | None,
    now: datetime,
    *,
    source: str = "testio",
) -> Freshness | None:
    """The freshness of a source last synchronised `at`; None where the account lacks the source."""
    account = next((a for a in settings.accounts if a.id == account_id), None)
    if account is None or source not in account.sources:
        return None
    target = INTERVALS * sync_interval(settings, account) or MANUAL_TARGET
    return Freshness(at, target, is_late=at is None or now - at > target)


def sync_interval(settings: Settings, account: TestioAccount) -> timedelta:
    """The account's own interval between unattended runs, or that of all; 0 for none."""
    own = account.sync_interval_seconds
    return timedelta(seconds=settings.sync_interval_seconds if own is None else own)
