"""Deletions at the source: rows moved out of the fact tables, and kept as they were last read."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, select

from core.base import clock
from core.base.fields import Row
from core.ingest.save.testio import SaveResult
from core.store import (
    Bug,
    BugDevice,
    Counts,
    CyclePlatform,
    CycleReading,
    SyncProblem,
    TestCycle,
    TestFeature,
    Unit,
    Vanished,
    chunks,
    table,
)

BUG, DEVICE = table(Bug).c, table(BugDevice).c
CYCLE, FEATURE, PLATFORM = (table(m).c for m in (TestCycle, TestFeature, CyclePlatform))


def move_cycles(unit: Unit, ids: Collection[int]) -> SaveResult:
    """Move deleted test cycles with their bugs, features and platforms."""
    bugs = move_bugs_of_cycles(unit, ids)
    features = _children(unit, FEATURE.cycle_id, ids)
    platforms = _children(unit, PLATFORM.cycle_id, ids)
    contents = [
        {
            "row": _as_json(row),
            "features": features.get(row["id"], []),
            "platforms": [child["platform"] for child in platforms.get(row["id"], [])],
        }
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
    devices = _children(unit, DEVICE.bug_id, ids)
    contents = [
        {
            "row": _as_json(row),
            "platforms": [child["platform"] for child in devices.get(row["id"], [])],
        }
        for row in unit.stored(BUG.id, ids)
    ]
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
    found: dict[int, list[Row]] = {}
    for row in unit.stored(parent, ids):
        found.setdefault(row[parent.name], []).append(_as_json(row))
    return found


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
