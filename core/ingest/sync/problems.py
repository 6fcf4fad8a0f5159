"""The list of what a source sent and could not be read: `SyncProblem`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, or_, select, update

from core.base import clock
from core.base.fields import ANONYMOUS, FieldProblem
from core.store import SyncProblem, Unit, chunks, table

Row = dict[str, Any]
KEY = ("source", "entity", "source_id", "field")
WRITTEN = ("reason", "value", "run_id", "seen_at")


def note_problems(
    unit: Unit,
    source: str,
    run_id: int,
    problems: Iterable[FieldProblem],
    read: Mapping[str, Collection[str]],
) -> list[Row]:
    """Enter problems that are new or have changed; answers with those that are neither.

    `read` are the ids of the objects that were read, by entity: what is no longer wrong with them
    is forgotten.
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
    of = {source_id for _, source_id, _ in rows}.union(*read.values())
    stored = _stored(unit, source, sorted(of))
    gone = [
        dict(zip(KEY, (source, *key), strict=True))
        for key in stored
        if key not in rows and key[1] in read.get(key[0], ())
    ]
    if gone:
        unit.session.connection().execute(
            delete(table(SyncProblem)).where(_is_key(unit)),
            [{f"key_{name}": value for name, value in row.items()} for row in gone],
        )
    new = [{"account_id": unit.account_id} | row for key, row in rows.items() if key not in stored]
    known = [row for key, row in rows.items() if key in stored]
    same = [row for row in known if stored[_key(row)] == (row["reason"], row["value"])]
    if new:
        unit.session.connection().execute(insert(table(SyncProblem)), new)
    see_again(unit, [row for row in known if row not in same])
    return same


def see_again(unit: Unit, rows: Sequence[Row]) -> None:
    """Write over stored problems that they were seen, in which run and when."""
    if not rows:
        return
    problem = table(SyncProblem)
    unit.session.connection().execute(
        update(problem)
        .where(_is_key(unit))
        .values({name: bindparam(f"new_{name}") for name in WRITTEN}),
        [
            {f"key_{name}": row[name] for name in KEY}
            | {f"new_{name}": row[name] for name in WRITTEN}
            for row in rows
        ],
    )


def forget_unseen(
    unit: Unit,
    source: str,
    run_id: int,
    *,
    whole: Collection[str] = (),
    nameless: Collection[str] = (),
) -> None:
    """Remove problems that a run did not meet although it would have.

    `whole` are entities of which it read every object; of those in `nameless` it met every object
    that has no id to be told by, or every one that is missing.
    """
    problem = table(SyncProblem)
    without_id: ColumnElement[bool] = or_(
        problem.c.source_id == "", problem.c.source_id.startswith(ANONYMOUS)
    )
    unit.session.connection().execute(
        delete(problem).where(
            problem.c.account_id == unit.account_id,
            problem.c.source == source,
            problem.c.run_id != run_id,
            or_(problem.c.entity.in_(whole), without_id & problem.c.entity.in_(nameless)),
        )
    )


def _is_key(unit: Unit) -> ColumnElement[bool]:
    problem = table(SyncProblem)
    return and_(
        problem.c.account_id == unit.account_id,
        *(problem.c[name] == bindparam(f"key_{name}") for name in KEY),
    )


def _stored(
    unit: Unit, source: str, source_ids: Sequence[str]
) -> dict[tuple[str, str, str], tuple[str, str | None]]:
    """The reason and value of stored problems, by entity, source id and field."""
    problem = table(SyncProblem).c
    found = {}
    for some in chunks(source_ids):
        rows = select(
            problem.entity, problem.source_id, problem.field, problem.reason, problem.value
        ).where(
            problem.account_id == unit.account_id,
            problem.source == source,
            problem.source_id.in_(some),
        )
        for row in unit.session.connection().execute(rows):
            found[row.entity, row.source_id, row.field] = (row.reason, row.value)
    return found


def _key(row: Row) -> tuple[str, str, str]:
    return row["entity"], row["source_id"], row["field"]
