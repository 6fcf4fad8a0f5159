"""The list of objects and fields that a source sent and that could not be read: `SyncProblem`."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlalchemy import or_

from core.base import clock
from core.base.fields import ANONYMOUS, FieldProblem
from core.store import SyncProblem, Unit, table

PROBLEM = table(SyncProblem).c


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
) -> list[dict[str, Any]]:
    """Write problems that are new or have changed, and return the rows of the unchanged ones.

    `read` are the ids of the objects that were read, by entity: their other problems are deleted.
    """
    seen = {"source": source, "run_id": run_id, "seen_at": clock.now()}
    rows = {(p.entity, p.source_id, p.field): seen | asdict(p) for p in problems}
    ids = {source_id for _, source_id, _ in rows}.union(*read.values())
    stored = {
        (row["entity"], row["source_id"], row["field"]): (row["reason"], row["value"])
        for row in unit.stored(PROBLEM.source_id, ids, within=PROBLEM.source == source)
    }
    for entity, source_id, field in stored.keys() - rows.keys():
        if source_id in read.get(entity, ()):
            own = (PROBLEM.entity == entity, PROBLEM.source_id == source_id, PROBLEM.field == field)
            unit.delete(SyncProblem, PROBLEM.source == source, *own)
    same = {key for key, row in rows.items() if stored.get(key) == (row["reason"], row["value"])}
    unit.upsert(SyncProblem, [row for key, row in rows.items() if key not in same])
    return [rows[key] for key in same]


def forget_unseen(unit: Unit, source: str, run_id: int, seen: SeenItems) -> None:
    """Delete problems that a run would have seen again, and has not."""
    is_nameless = or_(PROBLEM.source_id == "", PROBLEM.source_id.startswith(ANONYMOUS))
    unit.delete(
        SyncProblem,
        PROBLEM.source == source,
        PROBLEM.run_id != run_id,
        or_(PROBLEM.entity.in_(seen.whole), is_nameless & PROBLEM.entity.in_(seen.nameless)),
    )
