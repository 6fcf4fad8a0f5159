"""Stored state of an account: what earlier runs read, and need not be requested again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, func, select

from core.base import clock
from core.store import Bug, CycleReading, ListReading, Scope, TestCycle, Unit, Vanished, table

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
    """Stored test cycles, lists by kind and parent with the time of reading, and deletions.

    `bugs` is how many bugs each test cycle has.
    """

    cycles: dict[int, StoredCycle]
    lists: Mapping[tuple[str, int], datetime]
    deleted: frozenset[tuple[str, int]]
    bugs: Mapping[int | None, int]

    def is_due(self, kind: str, parent_id: int = 0) -> bool:
        """Whether a list has to be read to its end: never read, or older than `LIST_AGE`."""
        read_at = self.lists.get((kind, parent_id))
        return read_at is None or clock.now() - read_at > LIST_AGE


def load_state(scope: Scope) -> StoredState:
    """Load the present state of an account."""
    cycle, reading, bug = table(TestCycle).c, table(CycleReading).c, table(Bug).c
    cycles = (
        select(cycle.id, cycle.product_id, func.coalesce(reading.is_settled, False))
        .outerjoin_from(
            table(TestCycle),
            table(CycleReading),
            and_(reading.account_id == cycle.account_id, reading.cycle_id == cycle.id),
        )
        .where(cycle.account_id == scope.account)
    )
    gone = table(Vanished).c
    deleted = select(gone.kind, gone.id).where(gone.account_id == scope.account)
    of_cycle = select(bug.cycle_id, func.count()).where(bug.account_id == scope.account)
    return StoredState(
        cycles={
            number: StoredCycle(product_id, bool(is_settled))
            for number, product_id, is_settled in scope.rows(cycles)
        },
        lists={(row.kind, row.parent_id): row.read_at for row in scope.objects(ListReading)},
        deleted=frozenset((kind, number) for kind, number in scope.rows(deleted)),
        bugs=dict(scope.rows(of_cycle.group_by(bug.cycle_id))),
    )


def forget_readings(unit: Unit) -> None:
    """Mark nothing as settled or listed: this run, or the next, reads everything."""
    unit.update(CycleReading, {"is_settled": False})
    unit.delete(ListReading)


def note_readings(unit: Unit, settled: Mapping[int, bool]) -> None:
    """Record that test cycles were read now with their bugs, and whether each is settled."""
    now = clock.now()
    rows = [{"cycle_id": n, "read_at": now, "is_settled": done} for n, done in settled.items()]
    unit.upsert(CycleReading, rows)


def note_list(unit: Unit, kind: str, parent_id: int, read_at: datetime) -> None:
    """Record that a list was read to its end, with everything on it."""
    unit.upsert(ListReading, [{"kind": kind, "parent_id": parent_id, "read_at": read_at}])


def forget_lists(unit: Unit, kind: str, parent_ids: Collection[int]) -> None:
    """Have the next run read lists to their end, unless this one records them."""
    listed = table(ListReading).c
    unit.delete(ListReading, listed.kind == kind, listed.parent_id.in_(parent_ids))
