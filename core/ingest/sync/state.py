"""Stored state of an account: what earlier runs read, and need not be requested again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, delete, func, insert, select, update

from core.base import clock
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
# Age at which a list is read to its end again.
LIST_AGE = timedelta(days=1)


class StoredCycle(NamedTuple):
    """A stored test cycle; one that `is_settled` cannot change any more."""

    product_id: int | None
    is_settled: bool


@dataclass(frozen=True)
class StoredState:
    """Stored test cycles, lists by kind and parent with the time of reading, and deletions."""

    cycles: dict[int, StoredCycle]
    lists: Mapping[tuple[str, int], datetime]
    deleted: frozenset[tuple[str, int]]
    bugs: int

    def is_due(self, kind: str, parent_id: int = 0) -> bool:
        """Whether a list has to be read to its end: never read, or older than `LIST_AGE`."""
        read_at = self.lists.get((kind, parent_id))
        return read_at is None or clock.now() - read_at > LIST_AGE


def load_state(scope: Scope) -> StoredState:
    """Load the present state of an account."""
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
        known = {row[0]: StoredCycle(row[1], bool(row[2])) for row in cycles}
        lists = connection.execute(
            select(listed.kind, listed.parent_id, listed.read_at).where(
                listed.account_id == scope.account
            )
        )
        return StoredState(
            cycles=known,
            lists={(row.kind, row.parent_id): row.read_at for row in lists},
            deleted=frozenset(
                (row.kind, row.id)
                for row in connection.execute(
                    select(gone.kind, gone.id).where(gone.account_id == scope.account)
                )
            ),
            bugs=connection.execute(
                select(func.count()).where(bug.account_id == scope.account)
            ).scalar_one(),
        )


def forget_readings(unit: Unit) -> None:
    """Mark nothing as settled or listed: this run, or the next, reads everything."""
    reading, listed = table(CycleReading), table(ListReading)
    connection = unit.session.connection()
    connection.execute(
        update(reading).where(reading.c.account_id == unit.account_id).values(is_settled=False)
    )
    connection.execute(delete(listed).where(listed.c.account_id == unit.account_id))


def note_readings(unit: Unit, settled: Mapping[int, bool]) -> None:
    """Record that test cycles were read now with their bugs, and whether each is settled."""
    now = clock.now()
    unit.upsert(
        CycleReading,
        [
            {"cycle_id": number, "read_at": now, "is_settled": is_settled}
            for number, is_settled in settled.items()
        ],
    )


def note_list(unit: Unit, kind: str, parent_id: int, read_at: datetime) -> None:
    """Record that a list was read to its end, with everything on it."""
    forget_lists(unit, kind, [parent_id])
    row = {"kind": kind, "parent_id": parent_id, "read_at": read_at}
    unit.session.connection().execute(
        insert(table(ListReading)), {"account_id": unit.account_id} | row
    )


def forget_lists(unit: Unit, kind: str, parent_ids: Collection[int]) -> None:
    """Have the next run read lists to their end, unless this one records them."""
    listed = table(ListReading)
    unit.session.connection().execute(
        delete(listed).where(
            listed.c.account_id == unit.account_id,
            listed.c.kind == kind,
            listed.c.parent_id.in_(parent_ids),
        )
    )


def are_decided(statuses: Iterable[str | None]) -> bool:
    """Whether every bug with these statuses has been triaged."""
    return all(status in BUG_DECIDED for status in statuses)
