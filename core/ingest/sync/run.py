"""A synchronisation as it goes: its record, its progress events, and the report at its end.

The record is written quietly, so that a run which finds nothing new leaves the data version alone:
what shows the last run reads it afresh. A problem that is new, changed or gone counts as data; that
it was seen once more does not.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

from sqlalchemy import update

from core.base import clock
from core.base.errors import SourceUnreadable, StoreError
from core.base.fields import ANONYMOUS, FieldProblem, Parsed
from core.ingest.clients.http import SourceClient, SourceFailed
from core.ingest.save import SaveResult
from core.ingest.sync.lease import Holder, renew_lease, return_lease, take_lease
from core.ingest.sync.problems import forget_unseen, note_problems, see_again
from core.store import Store, SyncRun, Unit, table

REASONS_SHOWN = 20
# How often a run that waits looks up whether it is to end, and how often it says that it lives.
LOOK_UP_SECONDS = 0.1
RENEW_SECONDS = 2.0
# Who waits to write into SQLite looks again after some milliseconds: a run that writes one unit
# after the other leaves that long to others.
YIELD_SECONDS = 0.003
# Steps of one kind are told no more often than this.
TOLD_SECONDS = 0.1
# Of these a problem belongs to the object of that id, and is gone when the object can be read.
READ_WHOLE = ("feature", "test_cycle", "bug")
INTERRUPTED = "It was interrupted before its end; what was read until then is in. Sync again."


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is: `done` of `total` things in a step, and the words for a person."""

    account_id: str
    step: str
    done: int
    total: int | None
    text: str

    @property
    def fraction(self) -> float | None:
        """From 0 to 1 within the step; None where the total is not known."""
        return min(self.done / self.total, 1.0) if self.total else None


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What became of a run; `counts` by table: added, changed, unchanged, removed, refused.

    `status` is done, partial (the `reasons` say what is missing, the first of them), failed,
    stopped by someone, or busy (another process synchronises the account); `problems` is how many
    there were in all; `run_id` is None where no run was recorded.
    """

    account_id: str
    source: str
    run_id: int | None
    status: str
    message: str
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    problems: int = 0
    reasons: tuple[str, ...] = ()
    requests: int = 0
    seconds: float = 0.0

    @property
    def has_written(self) -> bool:
        """Whether anything of what the source sent came into the store, or was there already."""
        return any(any(numbers.values()) for numbers in self.counts.values())


class Busy(StoreError):
    """Another process synchronises the account."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(
            f"This account is being synchronised already, by {holder.words}: wait for it to end."
        )


class Run:
    """One synchronisation of one account; as a context it leaves no record behind as running.

    It holds the account's lease, and looks at it in each unit that it writes. Writes nothing while
    the source is asked: each `write` is a short unit of its own.
    """

    def __init__(
        self,
        store: Store,
        account_id: str,
        source: str,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Take the lease and enter the run's record. Raises Busy where another holds the lease."""
        self.store = store
        self.account_id = account_id
        self.source = source
        self.client: SourceClient | None = None
        self.counts: dict[str, dict[str, int]] = {}
        self.problems = 0
        self.complete = True
        self._on_progress = on_progress or (lambda _: None)
        self._reasons: list[str] = []
        self._pending: list[FieldProblem] = []
        self._seen_again: list[dict[str, Any]] = []
        self._started = self._renewed = monotonic()
        self._told_step, self._told_at = "", 0.0
        self._running = True
        with store.write(account_id, quiet=True) as unit:
            lease = take_lease(unit)
            if isinstance(lease, Holder):
                raise Busy(lease)
            self._lease = lease
            self._end_stale(unit)
            self.id = unit.next_id(SyncRun)
            row = {"id": self.id, "source": source, "status": "running", "step": ""}
            times = {"started_at": clock.now(), "finished_at": None}
            unit.upsert(SyncRun, [row | times | self._state(0, None, "")])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._running:
            # Nobody is told: it may be whoever follows the run that ended it.
            with suppress(StoreError):
                self._end("failed", INTERRUPTED)

    def write(
        self, *works: Callable[[Unit], SaveResult], reads: Iterable[tuple[str, Parsed[Any]]] = ()
    ) -> None:
        """Do the works in one unit, with the problems that they and the parsers found.

        `reads` are what the works write, by table name.
        """
        reads = list(reads)
        problems = self._pending + [p for _, parsed in reads for p in parsed.problems]
        objects: dict[str, set[str]] = {}
        for name, parsed in reads:
            if name in READ_WHOLE:
                objects.setdefault(name, set()).update(str(item.id) for item in parsed.items)
        sleep(max(0.0, self._renewed + YIELD_SECONDS - monotonic()))
        with self._unit() as unit:
            saved = [work(unit) for work in works]
            problems += [p for result in saved for p in result.problems]
            again = note_problems(unit, self.source, self.id, problems, objects)
        self._pending = []
        self._seen_again += again
        self.problems += len(problems)
        room = REASONS_SHOWN - len(self._reasons)
        self._reasons += [_sentence(p) for p in problems[:room]]
        for result in saved:
            for name, counts in result.counts.items():
                self._count(name, counts._asdict())
        for name, parsed in reads:
            self._count(name, {"refused": parsed.refused})

    def wait(self, *futures: Future[Any]) -> None:
        """Wait until one of the futures is done. Raises the reason where the run is to end."""
        while True:
            if self.client is not None:
                self.client.limiter.check()
            if monotonic() - self._renewed > RENEW_SECONDS:
                with self._unit(quiet=True) as unit:
                    unit.upsert(SyncRun, [{"id": self.id, "requests": self._requests}])
            if wait(futures, timeout=LOOK_UP_SECONDS, return_when=FIRST_COMPLETED).done:
                return

    def progress(self, step: str, done: int, total: int | None, text: str) -> None:
        """Record how far the run is, and tell whoever follows it; not each of many small steps."""
        now = monotonic()
        if step == self._told_step and done != total and now - self._told_at < TOLD_SECONDS:
            return
        self._told_step, self._told_at = step, now
        with self._unit(quiet=True) as unit:
            see_again(unit, self._seen_again)
            unit.upsert(SyncRun, [{"id": self.id, "step": step} | self._state(done, total, text)])
        self._seen_again = []
        self._on_progress(
            Progress(account_id=self.account_id, step=step, done=done, total=total, text=text)
        )

    @contextmanager
    def skipping(self, entity: str, source_id: int | str, name: str) -> Iterator[None]:
        """Go on where the source fails at one thing."""
        try:
            yield
        except (SourceFailed, SourceUnreadable) as error:
            self.lack(entity, source_id, name, str(error))

    def note_refused(self, name: str, parsed: Parsed[Any]) -> None:
        """Note the objects of a list that cannot be kept at all."""
        self._pending += [p for p in parsed.problems if p.source_id.startswith(ANONYMOUS)]
        self._count(name, {"refused": parsed.refused})

    def note(self, problem: FieldProblem) -> None:
        """Note something that could not be read, and is written with what comes next."""
        self._pending.append(problem)

    def lack(self, entity: str, source_id: int | str, name: str, reason: str) -> None:
        """Note that something was not read, so that the run is no witness of what is gone."""
        self.complete = False
        self._pending.append(FieldProblem(entity, str(source_id), name, "", reason))

    def finish(
        self,
        message: Callable[["Run"], str],
        *,
        whole: Collection[str] = (),
        nameless: Collection[str] = (),
    ) -> SyncReport:
        """End the run, done or partial, with what the message says of it.

        Of a complete run, `whole` and `nameless` say what it would have met: see `forget_unseen`.
        """
        self.write()
        if self.complete:
            self.progress("finish", 0, None, "Looking for problems that are gone")
            with self._unit() as unit:
                forget_unseen(unit, self.source, self.id, whole=whole, nameless=nameless)
        status, text = ("partial" if self.problems else "done"), message(self)
        self._end(status, text)
        return self._report(status, text)

    def fail(self, message: str, *, status: str = "failed") -> SyncReport:
        """End the run as failed or stopped, with a sentence; also where no more can be written."""
        with suppress(StoreError):
            self.write()
            self._end(status, message)
        self._running = False
        return self._report(status, message)

    @contextmanager
    def _unit(self, *, quiet: bool = False) -> Iterator[Unit]:
        """A unit of a run that still holds its lease. Raises LeaseLost, before anything is kept."""
        with self.store.write(self.account_id, quiet=quiet) as unit:
            renew_lease(unit, self._lease)
            yield unit
        self._renewed = monotonic()

    def _end(self, status: str, message: str) -> None:
        with self._unit(quiet=True) as unit:
            see_again(unit, self._seen_again)
            ended = {"id": self.id, "status": status, "finished_at": clock.now()}
            unit.upsert(SyncRun, [ended | self._told(message)])
            return_lease(unit, self._lease)
        self._running = False

    def _report(self, status: str, message: str) -> SyncReport:
        self._on_progress(
            Progress(account_id=self.account_id, step=status, done=1, total=1, text=message)
        )
        return SyncReport(
            account_id=self.account_id,
            source=self.source,
            run_id=self.id,
            status=status,
            message=message,
            counts=self.counts,
            problems=self.problems,
            reasons=tuple(self._reasons),
            requests=self._requests,
            seconds=monotonic() - self._started,
        )

    def _end_stale(self, unit: Unit) -> None:
        run = table(SyncRun)
        unit.session.connection().execute(
            update(run)
            .where(
                run.c.account_id == self.account_id,
                run.c.source == self.source,
                run.c.status == "running",
            )
            .values(status="failed", finished_at=clock.now(), message=INTERRUPTED)
        )

    def _state(self, done: int, total: int | None, text: str) -> dict[str, Any]:
        return {"done": done, "total": total} | self._told(text)

    def _told(self, message: str) -> dict[str, Any]:
        return {"message": message, "requests": self._requests, "counts": self.counts}

    @property
    def _requests(self) -> int:
        return 0 if self.client is None else self.client.requests

    def _count(self, name: str, numbers: Mapping[str, int]) -> None:
        sums = self.counts.setdefault(
            name, {"added": 0, "changed": 0, "unchanged": 0, "removed": 0, "refused": 0}
        )
        for kind, number in numbers.items():
            sums[kind] += number


def _sentence(problem: FieldProblem) -> str:
    sent = f" (sent: {problem.value})" if problem.value else ""
    return f"{problem.entity} {problem.source_id}, {problem.field}: {problem.reason}{sent}"
