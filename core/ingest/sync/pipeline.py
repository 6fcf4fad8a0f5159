"""Pipeline of test cycles: request their bugs in batches, and write each batch in short units.

Several batches are in flight at a time, and are written in the order in which their test cycles
were added: a test cycle is never without its bugs, and answers do not pile up in memory.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from time import monotonic
from typing import NamedTuple, TypeVar

from core.base.errors import SourceError
from core.base.fields import Parsed, ParsedRow, parse_all
from core.ingest.clients.concurrency import WIDTH, Workers
from core.ingest.clients.http import SourceClient
from core.ingest.clients.testio import fetch_bugs
from core.ingest.parse.testio import Reasons, parse_bug
from core.ingest.save.testio import save_bugs, save_cycles
from core.ingest.sync.run import Run
from core.ingest.sync.state import (
    FINAL,
    StoredState,
    forget_deletions,
    move_bugs_of_cycles,
    note_readings,
)
from core.store import BUG_DECIDED

T = TypeVar("T")
# Bugs in an answer, about: few requests, short units, and little memory.
BATCH_BUGS = 500
BATCH_SECONDS = 8.0
MOST_CYCLES = 200
# Test cycles in the first request, and such requests at once, while no size is known: one can have
# thousands of bugs.
FIRST_CYCLES = 8
FIRST_BATCHES = 1
# Answers without a split in a row after which a larger size is tried again.
WHOLE_ANSWERS = 20
# Test cycles that may be listed before their bugs are read.
MOST_WAITING = 5_000
# Test cycles and bugs written as one unit, about: votes wait as long as one takes.
UNIT_OBJECTS = 250


class BatchSize:
    """Number of test cycles in the next request for bugs, sized by the answers so far.

    `cycles` and `bugs` are how many the store has already.
    """

    def __init__(self, cycles: int = 0, bugs: int = 0) -> None:
        self.is_known = cycles > 0
        self.cycles = self._fitting(cycles, bugs) if self.is_known else FIRST_CYCLES
        self._most, self._whole = MOST_CYCLES, 0

    def record_answer(self, cycles: int, bugs: int, seconds: float, *, largest: int) -> None:
        """Adapt to an answer after `seconds`; `largest` is the size of its largest request."""
        fits = self._fitting(cycles, bugs)
        if seconds > BATCH_SECONDS:
            fits = min(fits, int(cycles * BATCH_SECONDS / seconds))
        if largest < cycles:
            self._most, self._whole = largest, 0
        else:
            self._whole += 1
            if self._whole >= WHOLE_ANSWERS:
                self._most, self._whole = min(MOST_CYCLES, self._most + self._most // 2 + 1), 0
        # At most doubled: a few empty cycles say nothing about the next ones.
        self.cycles = max(1, min(fits, 2 * max(cycles, self.cycles), self._most))
        self.is_known = True

    def _fitting(self, cycles: int, bugs: int) -> int:
        return max(1, min(cycles * BATCH_BUGS // bugs, MOST_CYCLES)) if bugs else MOST_CYCLES


class _Answer(NamedTuple):
    """The bugs of some test cycles, and the test cycles for which the request failed.

    `largest` is the number of test cycles in the largest request.
    """

    bugs: Parsed
    failed: dict[int, SourceError]
    seconds: float
    largest: int


class Pipeline:
    """The test cycles that a run reads.

    `without_cycle` are the ids of bugs that belong to none of them; `unread_new` those of test
    cycles that are not stored yet, and whose bugs could not be read.
    """

    def __init__(self, run: Run, workers: Workers, state: StoredState, reasons: Reasons) -> None:
        self.without_cycle: set[int] = set()
        self.unread_new: set[int] = set()
        self.run, self.workers, self.state = run, workers, state
        self._reasons = reasons
        self._size = BatchSize(len(state.cycles), sum(state.bugs.values()))
        self._waiting: deque[ParsedRow] = deque()
        self._requested: deque[tuple[list[ParsedRow], Future[_Answer]]] = deque()
        self._written: set[int] = set()
        self._bugs = 0
        self._all_added = False

    def add(self, cycle: ParsedRow) -> None:
        """Queue a test cycle; it is written by `finish` at the latest."""
        self._waiting.append(cycle)

    def result_of(self, future: Future[T]) -> T:
        """Wait for a future, and write finished batches meanwhile."""
        self._request()
        while len(self._waiting) > MOST_WAITING:
            self._write_oldest()
        while not future.done():
            self.run.wait(future, *(oldest for _, oldest in [*self._requested][:1]))
            if self._requested and self._requested[0][1].done():
                self._write_oldest()
        return future.result()

    def finish(self) -> None:
        """Write everything that was added."""
        self._all_added = True
        self._request()
        while self._requested:
            self._write_oldest()
        self._report_progress()

    def _request(self) -> None:
        most = WIDTH if self._size.is_known else FIRST_BATCHES
        while self._waiting and len(self._requested) < most:
            if len(self._waiting) < self._size.cycles and not self._all_added:
                return
            size = min(self._size.cycles, len(self._waiting))
            some = [self._waiting.popleft() for _ in range(size)]
            ids, known = [cycle.id for cycle in some], self.state.bugs
            request = self.workers.submit(_fetch_bugs, ids, self._reasons, known)
            self._requested.append((some, request))

    def _write_oldest(self) -> None:
        cycles, future = self._requested[0]
        answer = self.run.result_of(future)
        self._requested.popleft()
        self._size.record_answer(
            len(cycles), len(answer.bugs.items), answer.seconds, largest=answer.largest
        )
        self._request()
        for number, error in answer.failed.items():
            self.run.note_unread("test_cycle", number, "bugs", str(error))
            if number not in self.state.cycles:
                self.unread_new.add(number)
        self._write([cycle for cycle in cycles if cycle.id not in answer.failed], answer.bugs)
        self._report_progress()

    def _write(self, cycles: Sequence[ParsedRow], bugs: Parsed) -> None:
        keep = {bug.id for bug in bugs.items}
        settled = _settled(cycles, bugs)
        self._written.update(settled)
        self._bugs += len(keep)
        cycle_of = ((bug.id, bug.row["cycle_id"]) for bug in bugs.items)
        known = (self._written, self.state.cycles)
        self.without_cycle |= {number for number, of in cycle_of if all(of not in k for k in known)}
        for some, its in _units(cycles, bugs):
            ids = [cycle.id for cycle in some]
            own = [bug.id for bug in its.items]
            again = [
                partial(forget_deletions, kind=kind, ids=found)
                for kind, read in (("test_cycle", ids), ("bug", own))
                if (found := [n for n in read if (kind, n) in self.state.deleted])
            ]
            self.run.write(
                partial(save_cycles, cycles=some),
                partial(save_bugs, bugs=its.items),
                partial(move_bugs_of_cycles, cycle_ids=ids, keep=keep),
                partial(note_readings, settled={number: settled[number] for number in ids}),
                *again,
                test_cycle=Parsed(tuple(some)),
                bug=its,
            )

    def _report_progress(self) -> None:
        done = len(self._written)
        left = len(self._waiting) + sum(len(cycles) for cycles, _ in self._requested)
        self.run.progress(
            "cycles",
            done,
            done + left if self._all_added else None,
            f"{done:,} test cycles and {self._bugs:,} bugs read",
        )


def _fetch_bugs(
    client: SourceClient,
    cycle_ids: Sequence[int],
    reasons: Reasons,
    known: Mapping[int | None, int],
) -> _Answer:
    """Request the bugs of test cycles; they are returned in the order of the cycles."""
    started = monotonic()
    failed, largest = {}, 1
    every: list[Parsed] = []
    for batch in fetch_bugs(client, cycle_ids, known=known):
        if batch.error is not None:
            failed[batch.cycle_ids[0]] = batch.error
            continue
        largest = max(largest, len(batch.cycle_ids))
        every.append(parse_all(partial(parse_bug, reasons=reasons), batch.bugs))
    seconds = monotonic() - started
    places = {number: place for place, number in enumerate(cycle_ids)}
    # The same order however the batches are cut, so that units are written alike.
    items = sorted(
        (bug for parsed in every for bug in parsed.items),
        key=lambda bug: (places.get(bug.row["cycle_id"] or 0, len(places)), bug.id),
    )
    refused = tuple(problem for parsed in every for problem in parsed.refused)
    return _Answer(Parsed(tuple(items), refused), failed, seconds, largest)


def _units(
    cycles: Sequence[ParsedRow], bugs: Parsed
) -> Iterator[tuple[Sequence[ParsedRow], Parsed]]:
    """Split test cycles and their bugs into parts that take a moment to write.

    Bugs of other test cycles and refused objects are in the last part.
    """
    of_cycle: dict[int | None, list[ParsedRow]] = defaultdict(list)
    for bug in bugs.items:
        of_cycle[bug.row["cycle_id"]].append(bug)
    some: list[ParsedRow] = []
    own: list[ParsedRow] = []
    for cycle in cycles:
        its = of_cycle.pop(cycle.id, [])
        if some and len(some) + 1 + len(own) + len(its) >= UNIT_OBJECTS:
            yield some, Parsed(tuple(own))
            some, own = [], []
        some.append(cycle)
        own += its
    if not some:
        return
    own += [bug for rest in of_cycle.values() for bug in rest]
    yield some, Parsed(tuple(own), bugs.refused)


def _settled(cycles: Sequence[ParsedRow], bugs: Parsed) -> dict[int, bool]:
    """Whether each test cycle is final and all its bugs are triaged.

    None is where a bug was refused: without an id it may belong to any of them.
    """
    statuses = defaultdict(list)
    for bug in bugs.items:
        statuses[bug.row["cycle_id"]].append(bug.row["status"])
    return {
        cycle.id: cycle.row["status"] in FINAL
        and not bugs.refused
        and all(status in BUG_DECIDED for status in statuses[cycle.id])
        for cycle in cycles
    }
