"""The list of objects and fields that a source sent and that could not be read: `SyncProblem`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, or_, update

from core.base import clock
from core.base.fields import ANONYMOUS, FieldProblem
from core.ingest.save.testio import stored_rows
from core.store import SyncProblem, Unit, table

Row = dict[str, Any]
KEY = ("source", "entity", "source_id", "field")
WRITTEN = ("reason", "value", "run_id", "seen_at")


class SeenItems(NamedTuple):
    """Entities that a complete run has seen: those of `whole` in every object.

    Of those in `nameless` it saw every object that has no id, or every one that is missing.
    """

    whole: Collection[str]
    nameless: Collection[str] = ()


def note_problems(
    unit: Unit,
    source: str,
    run_id: int,
    problems: Iterable[FieldProblem],
    read: Mapping[str, Collection[str]],
) -> list[Row]:
    """Write problems that are new or have changed, and return the rows of the unchanged ones.

    `read` are the ids of the objects that were read, by entity: their other problems are deleted.
    """
    now = clock.now()
    rows = {
        (p.entity, p.source_id, p.field): {
            "source": source,
            "entity": p.entity,
            "source_id": p.source_id,
            "field": p.field,
            "reason": p.reason,
            "value": p.value,
            "run_id": run_id,
            "seen_at": now,
        }
        for p in problems
    }
    ids = {source_id for _, source_id, _ in rows}.union(*read.values())
    stored = {
        (row["entity"], row["source_id"], row["field"]): {name: row[name] for name in KEY + WRITTEN}
        for row in stored_rows(unit, SyncProblem, "source_id", ids)
        if row["source"] == source
    }
    same = {
        key: row
        for key, row in rows.items()
        if key in stored and all(stored[key][name] == row[name] for name in ("reason", "value"))
    }
    if rows or stored:
        kept = {
            key: row
            for key, row in stored.items()
            if key in same or (key not in rows and key[1] not in read.get(key[0], ()))
        }
        written = {key: row for key, row in rows.items() if key not in same}
        of_source = table(SyncProblem).c.source == source
        unit.replace(
            SyncProblem, "source_id", ids, [*kept.values(), *written.values()], within=of_source
        )
    return list(same.values())


def see_again(unit: Unit, rows: Sequence[Row]) -> None:
    """Update stored problems with the run that saw them last, and when."""
    if not rows:
        return
    problem = table(SyncProblem).c
    unit.session.connection().execute(
        update(table(SyncProblem))
        .where(
            problem.account_id == unit.account_id,
            *(problem[name] == bindparam(f"key_{name}") for name in KEY),
        )
        .values({name: bindparam(f"new_{name}") for name in WRITTEN}),
        [
            {f"key_{name}": row[name] for name in KEY}
            | {f"new_{name}": row[name] for name in WRITTEN}
            for row in rows
        ],
    )


def forget_unseen(unit: Unit, source: str, run_id: int, seen: SeenItems) -> None:
    """Delete problems that a run would have seen again, and has not."""
    problem = table(SyncProblem)
    without_id: ColumnElement[bool] = or_(
        problem.c.source_id == "", problem.c.source_id.startswith(ANONYMOUS)
    )
    unit.session.connection().execute(
        delete(problem).where(
            problem.c.account_id == unit.account_id,
            problem.c.source == source,
            problem.c.run_id != run_id,
            or_(problem.c.entity.in_(seen.whole), without_id & problem.c.entity.in_(seen.nameless)),
        )
    )
