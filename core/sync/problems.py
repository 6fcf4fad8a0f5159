"""The list of what a source sent and could not be read: `SyncProblem`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from core.sources.fields import FieldProblem
from core.store import SyncProblem, Unit, chunks, table

__all__ = ["forget_unseen", "note_problems", "see_again"]

Row = dict[str, Any]
KEY = ("source", "entity", "source_id", "field")
WRITTEN = ("reason", "value", "run_id", "seen_at")


def note_problems(
    unit: Unit, source: str, run_id: int, problems: Iterable[FieldProblem]
) -> list[Row]:
    """Enter problems that are new or have changed; answers with those that are neither."""
    now = datetime.now(UTC)
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
    stored = _stored(unit, source, sorted({source_id for _, source_id, _ in rows}))
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
        .where(
            problem.c.account_id == unit.account_id,
            *(problem.c[name] == bindparam(f"key_{name}") for name in KEY),
        )
        .values({name: bindparam(f"new_{name}") for name in WRITTEN}),
        [
            {f"key_{name}": row[name] for name in KEY}
            | {f"new_{name}": row[name] for name in WRITTEN}
            for row in rows
        ],
    )


def forget_unseen(unit: Unit, source: str, run_id: int) -> None:
    """Remove the problems of a source that a run which read everything did not meet."""
    problem = table(SyncProblem)
    unit.session.connection().execute(
        delete(problem).where(
            problem.c.account_id == unit.account_id,
            problem.c.source == source,
            problem.c.run_id != run_id,
        )
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
