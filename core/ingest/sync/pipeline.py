"""Reading test cycles with their bugs, batch by batch, and writing each batch in short units.

Several batches are asked for at a time and written in the order in which their test cycles were
added, so that a test cycle is never without its bugs, and what was read does not pile up.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TypeVar

from core.base.errors import SourceError
from core.base.fields import FieldProblem, Parsed, parse_all
from core.ingest.clients.concurrency import WIDTH, Workers
from core.ingest.clients.http import SourceClient
from core.ingest.clients.testio import fetch_bugs
from core.ingest.parse.testio import ParsedBug, ParsedCycle, ParsedReason, parse_bug
from core.ingest.save import save_bugs, save_cycles
from core.ingest.sync.batches import BatchSize
from core.ingest.sync.run import Run
from core.ingest.sync.state import FINAL, State, are_decided, note_readings
from core.ingest.sync.vanished import found_again, move_other_bugs

T = TypeVar("T")
# So many test cycles may be listed before their bugs are read.
MOST_WAITING = 5_000
# About so many test cycles and bugs are written as one unit: votes wait as long as one takes.
UNIT_OBJECTS = 250
# As long as the size of an answer is not known at all.
FIRST_BATCHES = 2


@dataclass(frozen=True)
class _Answer:
    """The bugs of test cycles, and those test cycles at which the source failed.

    `largest` is how many test cycles the largest of its requests was for.
    """

    bugs: Parsed[ParsedBug]
    failed: dict[int, SourceError]
    seconds: float
    largest: int


class Pipeline:
    """The test cycles that a run reads; `without_cycle` are bugs that belong to none of them.

    `unread_new` are test cycles that are not stored yet, and whose bugs could not be read.
    """

    def __init__(
        self,
        client: SourceClient,
        run: Run,
        workers: Workers,
        state: State,
        reasons: Sequence[ParsedReason],
    ) -> None:
        self.without_cycle: set[int] = set()
        self.unread_new: set[int] = set()
        self.client, self.run, self.workers, self.state = client, run, workers, state
        self._reasons = reasons
        self._size = BatchSize(len(state.cycles), state.bugs)
        self._waiting: deque[ParsedCycle] = deque()
        self._asked: deque[tuple[list[ParsedCycle], Future[_Answer]]] = deque()
        self._written: set[int] = set()
        self._bugs = 0
        self._all_added = False

    def add(self, cycle: ParsedCycle) -> None:
        """Have a test cycle read with its bugs; written at last by `finish`."""
        self._waiting.append(cycle)

    def until(self, future: Future[T]) -> T:
        """The future's answer; until it is there, write what comes in."""
        self._ask()
        while len(self._waiting) > MOST_WAITING:
            self._write_oldest()
        while not future.done():
            self.run.wait(future, *(asked for _, asked in [*self._asked][:1]))
            if self._asked and self._asked[0][1].done():
                self._write_oldest()
        return future.result()

    def finish(self) -> None:
        """Write all that was added."""
        self._all_added = True
        self._ask()
        while self._asked:
            self._write_oldest()
        self._tell()

    def _ask(self) -> None:
        most = WIDTH if self._size.is_known else FIRST_BATCHES
        while self._waiting and len(self._asked) < most:
            if len(self._waiting) < self._size.cycles and not self._all_added:
                return
            some = [
                self._waiting.popleft() for _ in range(min(self._size.cycles, len(self._waiting)))
            ]
            ids = [cycle.id for cycle in some]
            read = partial(_read_bugs, self.client, ids, self._reasons)
            self._asked.append((some, self.workers.submit(read)))

    def _write_oldest(self) -> None:
        cycles, future = self._asked[0]
        self.run.wait(future)
        answer = future.result()
        self._asked.popleft()
        self._size.answered(
            len(cycles), len(answer.bugs.items), answer.seconds, largest=answer.largest
        )
        self._ask()
        for number, error in answer.failed.items():
            self.run.lack("test_cycle", number, "bugs", str(error))
            if number not in self.state.cycles:
                self.unread_new.add(number)
        self._write([cycle for cycle in cycles if cycle.id not in answer.failed], answer.bugs)
        self._tell()

    def _write(self, cycles: Sequence[ParsedCycle], bugs: Parsed[ParsedBug]) -> None:
        keep = {bug.id for bug in bugs.items}
        settled = _settled(cycles, bugs)
        self._written.update(cycle.id for cycle in cycles)
        self._bugs += len(keep)
        self.without_cycle |= {
            bug.id
            for bug in bugs.items
            if bug.cycle_id not in self._written and bug.cycle_id not in self.state.cycles
        }
        for some, with_bugs in _units(cycles, bugs):
            self._write_unit(some, with_bugs, keep, settled)

    def _write_unit(
        self,
        cycles: Sequence[ParsedCycle],
        bugs: Parsed[ParsedBug],
        keep: set[int],
        settled: Mapping[int, bool],
    ) -> None:
        ids = [cycle.id for cycle in cycles]
        own = [bug.id for bug in bugs.items]
        again = [
            partial(found_again, kind=kind, ids=found)
            for kind, read in (("test_cycle", ids), ("bug", own))
            if (found := [n for n in read if (kind, n) in self.state.vanished])
        ]
        problems = tuple(p for cycle in cycles for p in cycle.problems)
        self.run.write(
            partial(save_cycles, cycles=cycles),
            partial(save_bugs, bugs=bugs.items),
            partial(move_other_bugs, cycle_ids=ids, keep=keep),
            partial(note_readings, settled={number: settled[number] for number in ids}),
            *again,
            reads=[("test_cycle", Parsed(tuple(cycles), problems)), ("bug", bugs)],
        )

    def _tell(self) -> None:
        done = len(self._written)
        left = len(self._waiting) + sum(len(cycles) for cycles, _ in self._asked)
        self.run.progress(
            "cycles",
            done,
            done + left if self._all_added else None,
            f"{done:,} test cycles and {self._bugs:,} bugs read",
        )


def _read_bugs(
    client: SourceClient, cycle_ids: Sequence[int], reasons: Sequence[ParsedReason]
) -> _Answer:
    """Ask for the bugs of test cycles; answers with them in the order of these."""
    started = monotonic()
    failed, largest = {}, 1
    items: list[ParsedBug] = []
    problems: list[FieldProblem] = []
    refused = 0
    for batch in fetch_bugs(client, cycle_ids):
        if batch.error is not None:
            failed[batch.cycle_ids[0]] = batch.error
            continue
        largest = max(largest, len(batch.cycle_ids))
        parsed = parse_all(partial(parse_bug, reasons=reasons), batch.bugs)
        items += parsed.items
        problems += parsed.problems
        refused += parsed.refused
    seconds = monotonic() - started
    places = {number: place for place, number in enumerate(cycle_ids)}
    # However the batches are cut: what is written first is the same.
    items.sort(key=lambda bug: (places.get(bug.cycle_id or 0, len(places)), bug.id))
    return _Answer(Parsed(tuple(items), tuple(problems), refused), failed, seconds, largest)


def _units(
    cycles: Sequence[ParsedCycle], bugs: Parsed[ParsedBug]
) -> Iterator[tuple[Sequence[ParsedCycle], Parsed[ParsedBug]]]:
    """The test cycles with their bugs in parts that take a moment to write.

    What belongs to none of them, bugs of other test cycles and refused objects, is in the last.
    """
    of_cycle: dict[int | None, list[ParsedBug]] = defaultdict(list)
    for bug in bugs.items:
        of_cycle[bug.cycle_id].append(bug)
    some: list[ParsedCycle] = []
    own: list[ParsedBug] = []
    for cycle in cycles:
        its = of_cycle.pop(cycle.id, [])
        if some and len(some) + len(own) + len(its) >= UNIT_OBJECTS:
            yield some, Parsed(tuple(own), _problems(own))
            some, own = [], []
        some.append(cycle)
        own += its
    if not some:
        return
    own += [bug for rest in of_cycle.values() for bug in rest]
    read = {str(bug.id) for bug in bugs.items}
    of_refused = tuple(p for p in bugs.problems if p.source_id not in read)
    yield some, Parsed(tuple(own), _problems(own) + of_refused, bugs.refused)


def _problems(bugs: Sequence[ParsedBug]) -> tuple[FieldProblem, ...]:
    return tuple(problem for bug in bugs for problem in bug.problems)


def _settled(cycles: Sequence[ParsedCycle], bugs: Parsed[ParsedBug]) -> dict[int, bool]:
    """Whether each test cycle is final and its bugs are decided.

    An object without an id may be a bug of any of them.
    """
    statuses = defaultdict(list)
    for bug in bugs.items:
        statuses[bug.cycle_id].append(bug.status)
    return {
        cycle.id: cycle.status in FINAL
        and not bugs.refused
        and are_decided(statuses.get(cycle.id, ()))
        for cycle in cycles
    }
