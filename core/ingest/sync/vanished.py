"""What the source no longer has: moved out of the tables of figures, and kept with a mark."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select
from sqlmodel import SQLModel

from core.base import clock
from core.ingest.save import SaveResult
from core.store import (
    Bug,
    BugDevice,
    Counts,
    CyclePlatform,
    CycleReading,
    Scope,
    SyncProblem,
    TestCycle,
    TestFeature,
    Unit,
    Vanished,
    chunks,
    table,
)

MOST_LISTED = 1_000
Row = dict[str, Any]


@dataclass(frozen=True)
class VanishedRecord:
    """One test cycle or bug that the source no longer has (`kind` test_cycle or bug)."""

    kind: str
    id: int
    title: str | None
    noticed_at: datetime


def vanished(scope: Scope) -> list[VanishedRecord]:
    """What is no longer in the source, the latest first, at most `MOST_LISTED`."""
    gone = table(Vanished).c
    names = list(VanishedRecord.__dataclass_fields__)
    listed = (
        select(*(gone[name] for name in names))
        .where(gone.account_id == scope.account)
        .order_by(gone.noticed_at.desc(), gone.kind.desc(), gone.id.desc())
        .limit(MOST_LISTED)
    )
    with scope.read() as session:
        return [VanishedRecord(**row) for row in session.connection().execute(listed).mappings()]


def count_vanished(scope: Scope) -> dict[str, int]:
    """How many test cycles and bugs are no longer in the source, by kind."""
    gone = table(Vanished).c
    counted = (
        select(gone.kind, func.count()).where(gone.account_id == scope.account).group_by(gone.kind)
    )
    with scope.read() as session:
        return {row[0]: row[1] for row in session.connection().execute(counted)}


def move_cycles(unit: Unit, ids: Collection[int]) -> SaveResult:
    """Move test cycles with their bugs and all that belongs to them."""
    bugs = move_other_bugs(unit, ids)
    features = _children(unit, TestFeature, "cycle_id", ids)
    platforms = _children(unit, CyclePlatform, "cycle_id", ids)
    _enter(
        unit,
        "test_cycle",
        [
            {
                "row": _plain(row),
                "features": features.get(row["id"], []),
                "platforms": [child["platform"] for child in platforms.get(row["id"], [])],
            }
            for row in _rows(unit, TestCycle, "id", ids)
        ],
    )
    links = _delete(unit, TestFeature, "cycle_id", ids)
    systems = _delete(unit, CyclePlatform, "cycle_id", ids)
    cycles = _delete(unit, TestCycle, "id", ids)
    _delete(unit, CycleReading, "cycle_id", ids)
    return SaveResult(
        bugs.counts | {"test_feature": links, "cycle_platform": systems, "test_cycle": cycles}
    )


def move_other_bugs(
    unit: Unit, cycle_ids: Collection[int], keep: Collection[int] = ()
) -> SaveResult:
    """Move the bugs of these test cycles, all but `keep`."""
    gone: list[int] = []
    for some in chunks(sorted(cycle_ids)):
        gone += _bugs(unit, table(Bug).c.cycle_id.in_(some), keep)
    return _move_bugs(unit, gone)


def move_bugs_without_cycle(unit: Unit, keep: Collection[int]) -> SaveResult:
    """Move the bugs that belong to no test cycle, all but `keep`."""
    return _move_bugs(unit, _bugs(unit, table(Bug).c.cycle_id.is_(None), keep))


def found_again(unit: Unit, kind: str, ids: Iterable[int]) -> SaveResult:
    """Take the mark from what the source has again; its rows are written as any others."""
    _forget(unit, kind, sorted(ids))
    return SaveResult({})


def _bugs(unit: Unit, where: ColumnElement[bool], keep: Collection[int]) -> list[int]:
    bug = table(Bug).c
    stored = select(bug.id).where(bug.account_id == unit.account_id, where)
    found = unit.session.connection().execute(stored).scalars()
    return [number for number in found if number not in keep]


def _move_bugs(unit: Unit, ids: Collection[int]) -> SaveResult:
    devices = _children(unit, BugDevice, "bug_id", ids)
    _enter(
        unit,
        "bug",
        [
            {
                "row": _plain(row),
                "platforms": [child["platform"] for child in devices.get(row["id"], [])],
            }
            for row in _rows(unit, Bug, "id", ids)
        ],
    )
    removed = _delete(unit, BugDevice, "bug_id", ids)
    return SaveResult({"bug": _delete(unit, Bug, "id", ids), "bug_device": removed})


def _enter(unit: Unit, kind: str, contents: list[Row]) -> None:
    if not contents:
        return
    now, ids = clock.now(), [content["row"]["id"] for content in contents]
    _forget(unit, kind, ids)
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
    # What could not be read of it can be corrected no more.
    problem = table(SyncProblem)
    for some in chunks([str(number) for number in ids]):
        unit.session.connection().execute(
            delete(problem).where(
                problem.c.account_id == unit.account_id,
                problem.c.entity == kind,
                problem.c.source_id.in_(some),
            )
        )


def _forget(unit: Unit, kind: str, ids: list[int]) -> None:
    gone = table(Vanished)
    for some in chunks(ids):
        unit.session.connection().execute(
            delete(gone).where(
                gone.c.account_id == unit.account_id, gone.c.kind == kind, gone.c.id.in_(some)
            )
        )


def _children(
    unit: Unit, model: type[SQLModel], column: str, ids: Collection[int]
) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in _rows(unit, model, column, ids):
        found.setdefault(row[column], []).append(_plain(row))
    return found


def _rows(
    unit: Unit, model: type[SQLModel], column: str, ids: Collection[int]
) -> Iterable[RowMapping]:
    target = table(model)
    for some in chunks(sorted(ids)):
        rows = select(target).where(
            target.c.account_id == unit.account_id, target.c[column].in_(some)
        )
        yield from unit.session.connection().execute(rows).mappings().all()


def _plain(row: RowMapping) -> Row:
    """The row as JSON takes it; instants and days as ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
        if name != "account_id"
    }


def _delete(unit: Unit, model: type[SQLModel], column: str, values: Collection[int]) -> Counts:
    target = table(model)
    removed = 0
    for some in chunks(sorted(values)):
        gone = delete(target).where(
            target.c.account_id == unit.account_id, target.c[column].in_(some)
        )
        removed += unit.session.connection().execute(gone).rowcount
    return Counts(removed=removed)
