"""Stored state of an account: what earlier runs read, and need not be requested again.

What the source has deleted moves out of the fact tables, and is kept as it was last read.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, RowMapping, and_, func, select

from core.base import clock
from core.base.fields import Row
from core.ingest.save.platform import SaveResult
from core.store import (
    Bug,
    BugDevice,
    Counts,
    CyclePlatform,
    CycleReading,
    ListReading,
    Scope,
    SyncProblem,
    TestCycle,
    TestFeature,
    Unit,
    Vanished,
    chunks,
    table,
)

FEATURES, REJECT_REASONS, TEST_CYCLES = "features", "reject_reasons", "test_cycles"
# Every other status can still change.
FINAL = frozenset({"archived", "cancelled"})
# Age at which a list is read to its end again.
LIST_AGE = timedelta(days=1)
BUG, DEVICE = table(Bug).c, table(BugDevice).c
CYCLE, FEATURE, PLATFORM = (table(m).c for m in (TestCycle, TestFeature, CyclePlatform))


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
    reading, gone = table(CycleReading).c, table(Vanished).c
    own_reading = and_(reading.account_id == CYCLE.account_id, reading.cycle_id == CYCLE.id)
    cycles = (
        select(CYCLE.id, CYCLE.product_id, func.coalesce(reading.is_settled, False))
        .outerjoin_from(table(TestCycle), table(CycleReading), own_reading)
        .where(CYCLE.account_id == scope.account)
    )
    deleted = select(gone.kind, gone.id).where(gone.account_id == scope.account)
    of_cycle = select(BUG.cycle_id, func.count()).where(BUG.account_id == scope.account)
    return StoredState(
        cycles={
            number: StoredCycle(product_id, bool(is_settled))
            for number, product_id, is_settled in scope.rows(cycles)
        },
        lists={(row.kind, row.parent_id): row.read_at for row in scope.objects(ListReading)},
        deleted=frozenset((kind, number) for kind, number in scope.rows(deleted)),
        bugs=dict(scope.rows(of_cycle.group_by(BUG.cycle_id))),
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


def move_cycles(unit: Unit, ids: Collection[int]) -> SaveResult:
    """Move deleted test cycles with their bugs, features and platforms."""
    bugs = move_bugs_of_cycles(unit, ids)
    features = _children(unit, FEATURE.cycle_id, ids)
    platforms = _platforms(unit, PLATFORM.cycle_id, ids)
    contents = [
        {"row": _as_json(row), "features": features[row["id"]], "platforms": platforms[row["id"]]}
        for row in unit.stored(CYCLE.id, ids)
    ]
    _keep(unit, "test_cycle", contents)
    removed = {
        "test_feature": _delete(unit, TestFeature, FEATURE.cycle_id, ids),
        "cycle_platform": _delete(unit, CyclePlatform, PLATFORM.cycle_id, ids),
        "test_cycle": _delete(unit, TestCycle, CYCLE.id, ids),
    }
    _delete(unit, CycleReading, table(CycleReading).c.cycle_id, ids)
    return SaveResult(bugs.counts | removed)


def move_bugs_of_cycles(
    unit: Unit, cycle_ids: Collection[int], keep: Collection[int] = ()
) -> SaveResult:
    """Move the bugs of these test cycles, except `keep`."""
    found = unit.stored(BUG.cycle_id, cycle_ids, BUG.id)
    return _move_bugs(unit, [row["id"] for row in found if row["id"] not in keep])


def move_bugs_without_cycle(unit: Unit, keep: Collection[int]) -> SaveResult:
    """Move the bugs that belong to no test cycle, except `keep`."""
    stray = select(BUG.id).where(BUG.account_id == unit.account_id, BUG.cycle_id.is_(None))
    found = unit.connection.execute(stray).scalars()
    return _move_bugs(unit, [number for number in found if number not in keep])


def forget_deletions(unit: Unit, kind: str, ids: Collection[int]) -> None:
    """Drop the record of deletions, for objects that the source has again."""
    gone = table(Vanished).c
    _delete(unit, Vanished, gone.id, ids, gone.kind == kind)


def _move_bugs(unit: Unit, ids: Collection[int]) -> SaveResult:
    platforms = _platforms(unit, DEVICE.bug_id, ids)
    found = unit.stored(BUG.id, ids)
    contents = [{"row": _as_json(row), "platforms": platforms[row["id"]]} for row in found]
    _keep(unit, "bug", contents)
    removed = _delete(unit, BugDevice, DEVICE.bug_id, ids)
    return SaveResult({"bug": _delete(unit, Bug, BUG.id, ids), "bug_device": removed})


def _keep(unit: Unit, kind: str, contents: list[Row]) -> None:
    now = clock.now()
    rows = [
        {"kind": kind, "noticed_at": now, "content": content}
        | {name: content["row"][name] for name in ("id", "title")}
        for content in contents
    ]
    unit.upsert(Vanished, rows)
    # Problems of a deleted object can no longer be corrected.
    problem = table(SyncProblem).c
    ids = [str(row["id"]) for row in rows]
    _delete(unit, SyncProblem, problem.source_id, ids, problem.entity == kind)


def _children(unit: Unit, parent: Column[Any], ids: Collection[int]) -> dict[int, list[Row]]:
    found = defaultdict(list)
    for row in unit.stored(parent, ids):
        found[row[parent.name]].append(_as_json(row))
    return found


def _platforms(unit: Unit, parent: Column[Any], ids: Collection[int]) -> dict[int, list[str]]:
    children = _children(unit, parent, ids)
    return defaultdict(list, {n: [one["platform"] for one in of] for n, of in children.items()})


def _as_json(row: RowMapping) -> Row:
    """The row without its account; instants and days as ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
        if name != "account_id"
    }


def _delete(
    unit: Unit,
    model: type[Any],
    by: Column[Any],
    values: Collection[Any],
    *where: ColumnElement[bool],
) -> Counts:
    some = (unit.delete(model, by.in_(few), *where) for few in chunks(sorted(values)))
    return Counts(removed=sum(some))
