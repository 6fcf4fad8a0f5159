"""What the store knows of earlier readings of an account: what need not be asked for again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, delete, func, insert, select, update

from core.base import clock
from core.ingest.save import SaveResult
from core.store import (
    BUG_DECIDED,
    Bug,
    CycleReading,
    ListReading,
    Scope,
    TestCycle,
    Unit,
    Vanished,
    table,
)

FEATURES, REJECT_REASONS, TEST_CYCLES = "features", "reject_reasons", "test_cycles"
# Every other status can still change.
FINAL = frozenset({"archived", "cancelled"})
# How old a list may become before it is read to its end again.
LIST_AGE = timedelta(days=1)


class Known(NamedTuple):
    """A test cycle that is stored; one that `is_settled` cannot change any more."""

    product_id: int | None
    is_settled: bool


@dataclass(frozen=True)
class State:
    """What is stored, and what was read when; `vanished` by kind and id."""

    cycles: dict[int, Known]
    lists: Mapping[tuple[str, int], datetime]
    vanished: frozenset[tuple[str, int]]
    bugs: int

    def is_due(self, kind: str, parent_id: int = 0) -> bool:
        """Whether a list is to be read to its end: never read, or too long ago."""
        read_at = self.lists.get((kind, parent_id))
        return read_at is None or clock.now() - read_at > LIST_AGE


def load_state(scope: Scope) -> State:
    """The state of an account, as of now."""
    cycle, reading = table(TestCycle).c, table(CycleReading).c
    listed, gone, bug = table(ListReading).c, table(Vanished).c, table(Bug).c
    with scope.read() as session:
        connection = session.connection()
        cycles = connection.execute(
            select(cycle.id, cycle.product_id, func.coalesce(reading.is_settled, False))
            .outerjoin_from(
                table(TestCycle),
                table(CycleReading),
                and_(reading.account_id == cycle.account_id, reading.cycle_id == cycle.id),
            )
            .where(cycle.account_id == scope.account)
        )
        known = {row[0]: Known(row[1], bool(row[2])) for row in cycles}
        lists = connection.execute(
            select(listed.kind, listed.parent_id, listed.read_at).where(
                listed.account_id == scope.account
            )
        )
        return State(
            cycles=known,
            lists={(row.kind, row.parent_id): row.read_at for row in lists},
            vanished=frozenset(
                (row.kind, row.id)
                for row in connection.execute(
                    select(gone.kind, gone.id).where(gone.account_id == scope.account)
                )
            ),
            bugs=connection.execute(
                select(func.count()).where(bug.account_id == scope.account)
            ).scalar_one(),
        )


def forget_readings(unit: Unit) -> SaveResult:
    """Take nothing as settled or listed any more: this run, or the one after it, reads all."""
    reading, listed = table(CycleReading), table(ListReading)
    connection = unit.session.connection()
    connection.execute(
        update(reading).where(reading.c.account_id == unit.account_id).values(is_settled=False)
    )
    connection.execute(delete(listed).where(listed.c.account_id == unit.account_id))
    return SaveResult({})


def note_readings(unit: Unit, settled: Mapping[int, bool]) -> SaveResult:
    """Note that test cycles were read now with their bugs, and whether each is settled."""
    now = clock.now()
    unit.upsert(
        CycleReading,
        [
            {"cycle_id": number, "read_at": now, "is_settled": is_settled}
            for number, is_settled in settled.items()
        ],
    )
    return SaveResult({})


def note_list(unit: Unit, kind: str, parent_id: int, read_at: datetime) -> SaveResult:
    """Note that a list was read to its end, with all that it names."""
    forget_lists(unit, kind, [parent_id])
    row = {"kind": kind, "parent_id": parent_id, "read_at": read_at}
    unit.session.connection().execute(
        insert(table(ListReading)), {"account_id": unit.account_id} | row
    )
    return SaveResult({})


def forget_lists(unit: Unit, kind: str, parent_ids: Collection[int]) -> SaveResult:
    """Have lists read to their end by the next run, unless this one notes them."""
    listed = table(ListReading)
    unit.session.connection().execute(
        delete(listed).where(
            listed.c.account_id == unit.account_id,
            listed.c.kind == kind,
            listed.c.parent_id.in_(parent_ids),
        )
    )
    return SaveResult({})


def are_decided(statuses: Iterable[str | None]) -> bool:
    """Whether nothing is left to decide of bugs with these statuses."""
    return all(status in BUG_DECIDED for status in statuses)
