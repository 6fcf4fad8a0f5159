"""Deletions at the source: rows moved out of the fact tables, and kept as they were last read."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, insert, select
from sqlmodel import SQLModel

from core.base import clock
from core.ingest.save.testio import SaveResult, stored_rows
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

Row = dict[str, Any]


def move_cycles(unit: Unit, ids: Collection[int]) -> SaveResult:
    """Move deleted test cycles with their bugs, features and platforms."""
    bugs = move_bugs_of_cycles(unit, ids)
    features = _children(unit, TestFeature, "cycle_id", ids)
    platforms = _children(unit, CyclePlatform, "cycle_id", ids)
    contents = [
        {
            "row": _as_json(row),
            "features": features.get(row["id"], []),
            "platforms": [child["platform"] for child in platforms.get(row["id"], [])],
        }
        for row in stored_rows(unit, TestCycle, "id", ids)
    ]
    _insert(unit, "test_cycle", contents)
    links = _delete(unit, TestFeature, "cycle_id", ids)
    systems = _delete(unit, CyclePlatform, "cycle_id", ids)
    cycles = _delete(unit, TestCycle, "id", ids)
    _delete(unit, CycleReading, "cycle_id", ids)
    return SaveResult(
        bugs.counts | {"test_feature": links, "cycle_platform": systems, "test_cycle": cycles}
    )


def move_bugs_of_cycles(
    unit: Unit, cycle_ids: Collection[int], keep: Collection[int] = ()
) -> SaveResult:
    """Move the bugs of these test cycles, except `keep`."""
    gone: list[int] = []
    for some in chunks(sorted(cycle_ids)):
        gone += _bugs(unit, table(Bug).c.cycle_id.in_(some), keep)
    return _move_bugs(unit, gone)


def move_bugs_without_cycle(unit: Unit, keep: Collection[int]) -> SaveResult:
    """Move the bugs that belong to no test cycle, except `keep`."""
    return _move_bugs(unit, _bugs(unit, table(Bug).c.cycle_id.is_(None), keep))


def forget_deletions(unit: Unit, kind: str, ids: Collection[int]) -> None:
    """Drop the record of deletions, for objects that the source has again."""
    _delete(unit, Vanished, "id", ids, table(Vanished).c.kind == kind)


def _bugs(unit: Unit, where: ColumnElement[bool], keep: Collection[int]) -> list[int]:
    bug = table(Bug).c
    stored = select(bug.id).where(bug.account_id == unit.account_id, where)
    found = unit.session.connection().execute(stored).scalars()
    return [number for number in found if number not in keep]


def _move_bugs(unit: Unit, ids: Collection[int]) -> SaveResult:
    devices = _children(unit, BugDevice, "bug_id", ids)
    contents = [
        {
            "row": _as_json(row),
            "platforms": [child["platform"] for child in devices.get(row["id"], [])],
        }
        for row in stored_rows(unit, Bug, "id", ids)
    ]
    _insert(unit, "bug", contents)
    removed = _delete(unit, BugDevice, "bug_id", ids)
    return SaveResult({"bug": _delete(unit, Bug, "id", ids), "bug_device": removed})


def _insert(unit: Unit, kind: str, contents: list[Row]) -> None:
    if not contents:
        return
    now, ids = clock.now(), [content["row"]["id"] for content in contents]
    forget_deletions(unit, kind, ids)
    unit.session.connection().execute(
        insert(table(Vanished)),
        [
            {
                "account_id": unit.account_id,
                "kind": kind,
                "id": content["row"]["id"],
                "noticed_at": now,
                "title": content["row"]["title"],
                "content": content,
            }
            for content in contents
        ],
    )
    # Problems of a deleted object can no longer be corrected.
    of_kind = table(SyncProblem).c.entity == kind
    _delete(unit, SyncProblem, "source_id", [str(number) for number in ids], of_kind)


def _children(
    unit: Unit, model: type[SQLModel], column: str, ids: Collection[int]
) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in stored_rows(unit, model, column, ids):
        found.setdefault(row[column], []).append(_as_json(row))
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
    model: type[SQLModel],
    column: str,
    values: Collection[Any],
    *where: ColumnElement[bool],
) -> Counts:
    target = table(model)
    removed = 0
    for some in chunks(sorted(values)):
        gone = delete(target).where(
            target.c.account_id == unit.account_id, target.c[column].in_(some), *where
        )
        removed += unit.session.connection().execute(gone).rowcount
    return Counts(removed=removed)
