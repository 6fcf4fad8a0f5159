"""One synchronisation: its record in the store, its progress events and its report.

The record is written quietly, so that a run that finds nothing new leaves the data version alone:
pages read the last run afresh. A problem that is new, changed or gone counts as data; that it was
seen once more does not.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, NamedTuple, TypeVar

from core.base import clock
from core.base.errors import SourceUnreadable, StoreError, TouchstoneError
from core.base.fields import FieldProblem, Parsed
from core.base.settings import TestioAccount
from core.ingest.clients.concurrency import Stopped
from core.ingest.clients.http import ClientOptions, SourceClient, SourceFailed
from core.ingest.save.platform import SaveResult
from core.ingest.sync.history import forget_unseen, note_problems, rows_of, start_run
from core.ingest.sync.lease import Busy, renew_lease, return_lease, take_lease
from core.store import Scope, Store, SyncProblem, SyncRun, Unit, table

Names = tuple[str, ...]
T = TypeVar("T")
REASONS_SHOWN = 20
# How often a waiting run checks whether it is to end, and how often it renews its lease.
POLL_SECONDS = 0.1
RENEW_SECONDS = 2.0
# A writer that waits for SQLite tries again after some milliseconds: a run that writes unit after
# unit leaves that long to others.
YIELD_SECONDS = 0.003
# The least time between progress events of one step.
PROGRESS_SECONDS = 0.1
# Entities whose problems are forgotten once the object of that id can be read.
READ_WHOLE = ("feature", "test_cycle", "bug")
INTERRUPTED = "It was interrupted before its end; what was read until then is in. Sync again."


class Progress(NamedTuple):
    """A progress event: `done` of `total` items of a step, with a text to show."""

    account_id: str
    step: str
    done: int
    total: int | None
    text: str


OnProgress = Callable[[Progress], None]
Work = Callable[[Unit], SaveResult | None]


class SyncOptions(ClientOptions, total=False):
    """Options of a synchronisation; `full` also reads what is final and was read before."""

    full: bool
    on_progress: OnProgress | None


@dataclass(kw_only=True)
class SyncReport:
    """A run, and in the end its outcome; `counts` by table: added, changed, ..., refused.

    `status` is done, partial (`reasons` holds the first of what is missing), failed, stopped on
    request, or busy (another process synchronises the account); `problems` counts all of them;
    `run_id` is None where no run was recorded.
    """

    account_id: str
    source: str
    run_id: int | None = None
    status: str = "running"
    message: str = ""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: int = 0
    reasons: tuple[str, ...] = ()
    requests: int = 0
    seconds: float = 0.0

    @property
    def has_written(self) -> bool:
        """Whether anything that the source sent is in the store, new or from before."""
        return any(any(numbers.values()) for numbers in self.counts.values())


def record_run(
    store: Store,
    account: TestioAccount,
    source: str,
    on_progress: OnProgress | None,
    read: Callable[["Run"], SyncReport],
) -> SyncReport:
    """Run `read` under the account's lease; failures become the report's status and message."""
    started = monotonic()
    report = SyncReport(account_id=account.id, source=source)
    try:
        store.ensure_account(account.id, account.name)
        run = Run(Scope(store, account.id), report, on_progress)
    except StoreError as error:
        report.status = "busy" if isinstance(error, Busy) else "failed"
        report.message, report.seconds = str(error), monotonic() - started
        return report
    try:
        return read(run)
    except Stopped as error:
        return run.fail(str(error), status="stopped")
    except TouchstoneError as error:
        return run.fail(str(error))
    except BaseException:
        run.interrupt()
        raise


def summary(report: SyncReport, read: str, tables: Collection[str], then: str = "") -> str:
    """Summarise a run: what was read, what changed in these tables, and the problems."""
    kinds = (("added", "new"), ("changed", "changed"), ("removed", "removed"))
    changes = [f"{rows_of(report.counts, [kind], tables):,} {word}" for kind, word in kinds]
    said = f"Read {read}: {', '.join(changes)}.{then}"
    if report.problems:
        said += f" Problems noted: {report.problems:,}; everything else is in."
    return said


class Run:
    """One synchronisation of one account, and its report.

    It holds the account's lease, and checks it in each unit that it writes. Nothing is written
    while the source is asked: each `write` is a short unit of its own.
    """

    def __init__(
        self, scope: Scope, report: SyncReport, on_progress: OnProgress | None = None
    ) -> None:
        """Take the lease and insert the run's record. Raises Busy where another holds the lease."""
        self.scope, self.report = scope, report
        self.client: SourceClient | None = None
        self.complete = True
        self._on_progress = on_progress or (lambda _: None)
        self._pending: list[FieldProblem] = []
        self._seen_again: list[dict[str, Any]] = []
        self._started = self._renewed = monotonic()
        self._last_step, self._last_progress = "", 0.0
        with scope.write(quiet=True) as unit:
            self._lease = take_lease(unit)
            stale = {"status": "failed", "finished_at": clock.now(), "message": INTERRUPTED}
            run = table(SyncRun).c
            unit.update(SyncRun, stale, run.source == report.source, run.status == "running")
            self.id = report.run_id = start_run(unit, report.source)

    def write(self, *works: Work, **reads: Parsed) -> None:
        """Run the works in one unit, and record their problems and those of the parsers.

        `reads` are the parsed objects that the works write, by table name.
        """
        problems = self._pending + [p for parsed in reads.values() for p in parsed.problems]
        whole = [name for name in READ_WHOLE if name in reads]
        objects = {name: {str(item.id) for item in reads[name].items} for name in whole}
        sleep(max(0.0, self._renewed + YIELD_SECONDS - monotonic()))
        with self._unit() as unit:
            results = [result for work in works if (result := work(unit)) is not None]
            problems += [p for result in results for p in result.problems]
            again = note_problems(unit, self.report.source, self.id, problems, objects)
        self._pending, self._seen_again = [], self._seen_again + again
        self.report.problems += len(problems)
        room = REASONS_SHOWN - len(self.report.reasons)
        self.report.reasons += tuple(
            f"{p.entity} {p.source_id}, {p.field}: {p.reason}"
            + (f" (sent: {p.value})" if p.value else "")
            for p in problems[:room]
        )
        for name, counts in (pair for result in results for pair in result.counts.items()):
            self._count(name, counts._asdict())
        for name, parsed in reads.items():
            self._count(name, {"refused": len(parsed.refused)})

    def result_of(self, future: Future[T]) -> T:
        """Wait for a request's result. Raises as `wait` does."""
        self.wait(future)
        return future.result()

    def wait(self, *futures: Future[Any]) -> None:
        """Wait until one of the futures is done. Raises the reason where the run is to end."""
        while True:
            if self.client is not None:
                self.client.limiter.check()
            if monotonic() - self._renewed > RENEW_SECONDS:
                with self._unit(quiet=True) as unit:
                    unit.upsert(SyncRun, [{"id": self.id, "requests": self._requests}])
            if wait(futures, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED).done:
                return

    def progress(self, step: str, done: int, total: int | None, text: str) -> None:
        """Record the progress and send the event; of many small steps only some."""
        now = monotonic()
        is_soon = now - self._last_progress < PROGRESS_SECONDS
        if step == self._last_step and done != total and is_soon:
            return
        self._last_step, self._last_progress = step, now
        with self._unit(quiet=True) as unit:
            self._record(unit, text, step=step, done=done, total=total)
        self._on_progress(Progress(self.scope.account, step, done, total, text))

    @contextmanager
    def skip_failures(self, entity: str, source_id: int | str, name: str) -> Iterator[None]:
        """Note a failed request for one object or list, and continue."""
        try:
            yield
        except (SourceFailed, SourceUnreadable) as error:
            self.note_unread(entity, source_id, name, str(error))

    def note(self, *problems: FieldProblem) -> None:
        """Note problems, to be written with the next unit."""
        self._pending += problems

    def note_refused(self, name: str, parsed: Parsed) -> None:
        """Note the objects of a list that were refused as a whole."""
        self.note(*parsed.refused)
        self._count(name, {"refused": len(parsed.refused)})

    def note_unread(self, entity: str, source_id: int | str, name: str, reason: str) -> None:
        """Note that something was not read, so that the run proves no deletion."""
        self.complete = False
        self.note(FieldProblem(entity, str(source_id), name, "", reason))

    def finish(
        self, message: Callable[[SyncReport], str], whole: Names, nameless: Names = ()
    ) -> SyncReport:
        """End the run as done or partial; a complete one does `forget_unseen`."""
        self.write()
        if self.complete:
            self.progress("finish", 0, None, "Looking for problems that are gone")
            with self._unit() as unit:
                source = self.report.source
                forget_unseen(unit, source, self.id, whole=whole, nameless=nameless)
        status, text = ("partial" if self.report.problems else "done"), message(self.report)
        self._end(status, text)
        return self._ended(status, text)

    def fail(self, message: str, *, status: str = "failed") -> SyncReport:
        """End the run as failed or stopped; also where no more can be written."""
        with suppress(StoreError):
            self.write()
            self._end(status, message)
        return self._ended(status, message)

    def interrupt(self) -> None:
        """End the run as failed without an event: its follower may be what ended it."""
        with suppress(StoreError):
            self._end("failed", INTERRUPTED)

    @contextmanager
    def _unit(self, *, quiet: bool = False) -> Iterator[Unit]:
        """Open a unit under the lease. Raises LeaseLost before anything is written."""
        with self.scope.write(quiet=quiet) as unit:
            renew_lease(unit, self._lease)
            yield unit
        self._renewed = monotonic()

    def _end(self, status: str, message: str) -> None:
        with self._unit(quiet=True) as unit:
            self._record(unit, message, status=status, finished_at=clock.now())
            return_lease(unit, self._lease)

    def _record(self, unit: Unit, message: str, **changed: Any) -> None:
        """Write the state of the run, and which problems it has seen again."""
        unit.change(SyncProblem, self._seen_again)
        self._seen_again = []
        state = {"message": message, "requests": self._requests, "counts": self.report.counts}
        unit.upsert(SyncRun, [{"id": self.id} | changed | state])

    def _ended(self, status: str, message: str) -> SyncReport:
        self._on_progress(Progress(self.scope.account, status, 1, 1, message))
        self.report.status, self.report.message = status, message
        self.report.requests, self.report.seconds = self._requests, monotonic() - self._started
        return self.report

    @property
    def _requests(self) -> int:
        return 0 if self.client is None else self.client.requests

    def _count(self, name: str, numbers: Mapping[str, int]) -> None:
        none = dict.fromkeys(("added", "changed", "unchanged", "removed", "refused"), 0)
        sums = self.report.counts.setdefault(name, none)
        for kind, number in numbers.items():
            sums[kind] += number
