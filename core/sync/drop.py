"""Removing from the store what the test IO Customer API no longer has."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlmodel import SQLModel

from core.save import Saved
from core.store import (
    Bug,
    BugDevice,
    Counts,
    CyclePlatform,
    TestCycle,
    TestFeature,
    Unit,
    chunks,
    table,
)

__all__ = ["drop_bugs", "drop_cycles", "drop_loose_bugs"]


def drop_bugs(unit: Unit, cycle_ids: Collection[int], keep: Collection[int] = ()) -> Saved:
    """Remove the bugs of these test cycles, all but `keep`."""
    gone: list[int] = []
    for some in chunks(sorted(cycle_ids)):
        gone += _bugs(unit, table(Bug).c.cycle_id.in_(some), keep)
    return _drop(unit, gone)


def drop_loose_bugs(unit: Unit, keep: Collection[int]) -> Saved:
    """Remove the bugs that belong to no test cycle, all but `keep`."""
    return _drop(unit, _bugs(unit, table(Bug).c.cycle_id.is_(None), keep))


def drop_cycles(unit: Unit, ids: Collection[int]) -> Saved:
    """Remove test cycles with all that belongs to them."""
    bugs = drop_bugs(unit, ids)
    links = _delete(unit, TestFeature, "cycle_id", ids)
    platforms = _delete(unit, CyclePlatform, "cycle_id", ids)
    cycles = _delete(unit, TestCycle, "id", ids)
    return Saved(
        bugs.counts | {"test_feature": links, "cycle_platform": platforms, "test_cycle": cycles}
    )


def _bugs(unit: Unit, where: ColumnElement[bool], keep: Collection[int]) -> list[int]:
    bug = table(Bug).c
    stored = select(bug.id).where(bug.account_id == unit.account_id, where)
    found = unit.session.connection().execute(stored).scalars()
    return [number for number in found if number not in keep]


def _drop(unit: Unit, bug_ids: Collection[int]) -> Saved:
    devices = _delete(unit, BugDevice, "bug_id", bug_ids)
    return Saved({"bug": _delete(unit, Bug, "id", bug_ids), "bug_device": devices})


def _delete(unit: Unit, model: type[SQLModel], column: str, values: Collection[Any]) -> Counts:
    target = table(model)
    removed = 0
    for some in chunks(sorted(values)):
        gone = delete(target).where(
            target.c.account_id == unit.account_id, target.c[column].in_(some)
        )
        removed += unit.session.connection().execute(gone).rowcount
    return Counts(removed=removed)
