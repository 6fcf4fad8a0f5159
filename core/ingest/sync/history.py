"""Records of runs and of what they could not read, and reads for the data page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select

from core.base import clock
from core.base.fields import ANONYMOUS, FieldProblem, Row
from core.base.settings import Settings, TestioAccount
from core.ingest.sync.lease import DURATION, held_lease
from core.store import Scope, SyncProblem, SyncRun, Unit, Vanished, table

MOST_LISTED, MOST_RUNS = 1_000, 20
# The tables whose rows count as objects read: facts and readings, not links between them.
OBJECTS = ("product", "feature", "test_cycle", "bug", "counter_increment", "gauge_reading")
# What is told of a run that ended before its end.
REST = "What is counted here is in, the rest is not: start it again."
LOST = f"It did not end. {REST}"
READ = ("added", "changed", "unchanged")
# One run may fail or be slow: data is late after two intervals without any.
INTERVALS = 2
# Without unattended synchronisation a person is expected to sync once a day.
MANUAL_TARGET = timedelta(days=1)
PROBLEM = table(SyncProblem).c


class ProblemGroup(NamedTuple):
    """The number of objects with one problem: an entity, a field and a reason."""

    entity: str
    field: str
    reason: str
    number: int

    @property
    def words(self) -> str:
        """What the problem is, and how many objects have it."""
        return f"{self.entity}, {self.field}: {self.reason} ({self.number:,})"


def start_run(unit: Unit, source: str, message: str = "") -> int:
    """Insert the record of a run that begins now; returns its id."""
    number, now = unit.next_id(SyncRun), clock.now()
    run = {"source": source, "status": "running", "started_at": now, "message": message}
    unit.upsert(SyncRun, [{"id": number, "step": "", "done": 0, "requests": 0, "counts": {}} | run])
    return number


def note_problems(
    unit: Unit,
    source: str,
    run_id: int,
    problems: Iterable[FieldProblem],
    read: Mapping[str, Collection[str]],
) -> list[Row]:
    """Write problems that are new or have changed, and return the rows of the unchanged ones.

    `read` are the ids of the objects that were read, by entity: their other problems are deleted.
    """
    seen = {"source": source, "run_id": run_id, "seen_at": clock.now()}
    rows = {(p.entity, p.source_id, p.field): seen | asdict(p) for p in problems}
    ids = {source_id for _, source_id, _ in rows}.union(*read.values())
    stored = {
        (row["entity"], row["source_id"], row["field"]): (row["reason"], row["value"])
        for row in unit.stored(PROBLEM.source_id, ids, within=PROBLEM.source == source)
    }
    for entity, source_id, field in stored.keys() - rows.keys():
        if source_id in read.get(entity, ()):
            own = (PROBLEM.entity == entity, PROBLEM.source_id == source_id, PROBLEM.field == field)
            unit.delete(SyncProblem, PROBLEM.source == source, *own)
    same = {key for key, row in rows.items() if stored.get(key) == (row["reason"], row["value"])}
    unit.upsert(SyncProblem, [row for key, row in rows.items() if key not in same])
    return [rows[key] for key in same]


def forget_unseen(
    unit: Unit, source: str, run_id: int, *, whole: Collection[str], nameless: Collection[str]
) -> None:
    """Delete problems that a complete run would have seen again, and has not.

    It has seen every object of the entities `whole`. Of those in `nameless` it saw every object
    that has no id, or every one that is missing.
    """
    is_nameless = or_(PROBLEM.source_id == "", PROBLEM.source_id.startswith(ANONYMOUS))
    unit.delete(
        SyncProblem,
        PROBLEM.source == source,
        PROBLEM.run_id != run_id,
        or_(PROBLEM.entity.in_(whole), is_nameless & PROBLEM.entity.in_(nameless)),
    )


def runs(scope: Scope, *, source: str | None = None) -> list[SyncRun]:
    """The account's latest runs, newest first; with `source` those of one source.

    The status of one that was killed is "did not end".
    """
    run = table(SyncRun).c
    of_source = [] if source is None else [run.source == source]
    latest_first = [run.started_at.desc(), run.id.desc()]
    found = scope.objects(SyncRun, *of_source, order_by=latest_first, limit=MOST_RUNS)
    is_leased, now = held_lease(scope) is not None, clock.now()
    for one in (run for run in found if run.status == "running"):
        # A sync works under the lease, of several the newest; an import says when it last wrote.
        is_sync = one.finished_at is None
        is_at_work = is_leased if is_sync else now - (one.finished_at or now) < DURATION
        is_leased = is_leased and not is_sync
        if not is_at_work:
            one.status, one.message = "did not end", f"{one.message} {LOST}".lstrip()
    return found


def rows_of(
    counts: Mapping[str, Mapping[str, int]],
    kinds: Iterable[str],
    tables: Iterable[str] | None = None,
) -> int:
    """Rows of some tables, or of all, that a run added, changed, removed ..., by its `counts`."""
    named = counts if tables is None else tables
    return sum(counts.get(name, {}).get(kind, 0) for name in named for kind in kinds)


def objects_read(run: SyncRun) -> int:
    """Objects that a run read: products, features, test cycles and bugs, or readings."""
    return rows_of(run.counts, READ, OBJECTS)


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
    cause = (PROBLEM.entity, PROBLEM.field, PROBLEM.reason)
    number = func.count()
    counted = select(*cause, number).where(PROBLEM.account_id == scope.account).group_by(*cause)
    return [ProblemGroup(*row) for row in scope.rows(counted.order_by(number.desc(), *cause))]


def problems(scope: Scope, *, group: ProblemGroup | None = None) -> list[SyncProblem]:
    """The first `MOST_LISTED` problems, or those of one cause."""
    names = () if group is None else ("entity", "field", "reason")
    of_cause = [PROBLEM[name] == getattr(group, name) for name in names]
    order = [PROBLEM.entity, PROBLEM.source_id, PROBLEM.field]
    return scope.objects(SyncProblem, *of_cause, order_by=order, limit=MOST_LISTED)


def deletions(scope: Scope) -> Sequence[Any]:
    """Test cycles and bugs that the source has deleted, latest first, at most `MOST_LISTED`.

    Each has kind, id, title and `noticed_at`.
    """
    gone = table(Vanished).c
    latest_first = (
        select(gone.kind, gone.id, gone.title, gone.noticed_at)
        .where(gone.account_id == scope.account)
        .order_by(gone.noticed_at.desc(), gone.kind.desc(), gone.id.desc())
        .limit(MOST_LISTED)
    )
    return scope.rows(latest_first)


def sync_target(settings: Settings, account_id: str, *, source: str = "testio") -> timedelta | None:
    """The greatest age of a source's last sync; None where the account lacks the source."""
    account = next((a for a in settings.accounts if a.id == account_id), None)
    if account is None or source not in account.sources:
        return None
    return INTERVALS * sync_interval(settings, account) or MANUAL_TARGET


def sync_interval(settings: Settings, account: TestioAccount) -> timedelta:
    """The account's own interval between unattended runs, or that of all; 0 for none."""
    own = account.sync_interval_seconds
    return timedelta(seconds=settings.sync_interval_seconds if own is None else own)
