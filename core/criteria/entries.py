"""What people enter beside the data: exclusions and annotations, each kept with who and when."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from core.analytics.account_settings import note_change
from core.base.errors import InputError
from core.base.given import given_text
from core.store import Annotation, Exclusion, Scope, Unit, table

# Keys as they are stored, and what a person reads.
EXCLUSION_KINDS = {
    "outage": "Outage",
    "deployment": "Deployment",
    "volume": "Unusual volume",
    "external": "External failure",
    "other": "Other",
}
ANNOTATION_KINDS = {"deployment": "Deployment", "incident": "Incident", "other": "Other"}
SUBJECTS = ("enhancement", "ticket", "rater")


@dataclass(frozen=True, kw_only=True)
class ExclusionEntry:
    """An exclusion of the ledger, in force until it is withdrawn; instants in UTC."""

    id: int
    from_at: datetime
    to_at: datetime
    kind: str
    reason: str
    subject: str | None
    finding: str | None
    entered_by: str
    entered_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AnnotationEntry:
    """Something that happened at an instant, or from one to another; in UTC."""

    id: int
    kind: str
    from_at: datetime
    to_at: datetime | None
    text: str
    entered_by: str
    entered_at: datetime


def exclude(
    scope: Scope,
    *,
    from_at: datetime,
    to_at: datetime,
    kind: str,
    reason: str,
    by: str,
    subject: str | None = None,
    finding: str | None = None,
) -> int:
    """Enter an exclusion and answer with its id; the excluded rows stay in the store.

    `to_at` is the first instant that counts again. Raises InputError for a time without sense, a
    kind that is none, or a missing reason; an equal exclusion in force is not entered twice.
    """
    _span(from_at, to_at)
    _one_of(kind, EXCLUSION_KINDS, "kind of exclusion")
    if subject is not None and subject.partition(":")[0] not in SUBJECTS:
        raise InputError(f"{subject[:80]!r} cannot be excluded: name a run, a ticket or a rater.")
    row = {
        "from_at": from_at.astimezone(UTC),
        "to_at": to_at.astimezone(UTC),
        "kind": kind,
        "reason": given_text(reason, "the reason"),
        "subject": subject,
        "finding": finding,
    }
    with scope.write() as unit:
        entry = table(Exclusion)
        same = select(entry.c.id).where(
            entry.c.account_id == scope.account,
            entry.c.withdrawn_at.is_(None),
            *(entry.c[name] == row[name] for name in ("from_at", "to_at", "kind")),
            entry.c.subject == subject if subject else entry.c.subject.is_(None),
        )
        known = unit.session.connection().execute(same).scalar()
        return int(known) if known is not None else _enter(unit, Exclusion, row, by)


def withdraw_exclusion(scope: Scope, exclusion_id: int, *, by: str) -> None:
    """Have an exclusion leave nothing out any more; it stays in the ledger."""
    _withdraw(scope, Exclusion, exclusion_id, by)


def exclusions(scope: Scope) -> list[ExclusionEntry]:
    """The whole ledger, the latest entry first; those withdrawn as well."""
    entry = table(Exclusion)
    found = select(entry).where(entry.c.account_id == scope.account).order_by(entry.c.id.desc())
    with scope.read() as session:
        rows = session.connection().execute(found).mappings().all()
    return [_entry(ExclusionEntry, row) for row in rows]


def annotate(
    scope: Scope,
    *,
    from_at: datetime,
    kind: str,
    text: str,
    by: str,
    to_at: datetime | None = None,
) -> int:
    """Enter an annotation and answer with its id; raises InputError like `exclude`."""
    if to_at is not None:
        _span(from_at, to_at)
    _one_of(kind, ANNOTATION_KINDS, "kind of annotation")
    row = {
        "from_at": from_at.astimezone(UTC),
        "to_at": to_at and to_at.astimezone(UTC),
        "kind": kind,
        "text": given_text(text, "what happened"),
    }
    with scope.write() as unit:
        return _enter(unit, Annotation, row, by)


def withdraw_annotation(scope: Scope, annotation_id: int, *, by: str) -> None:
    """Take an annotation off the charts; the store keeps it."""
    _withdraw(scope, Annotation, annotation_id, by)


def annotations(scope: Scope, *, start: datetime, end: datetime) -> list[AnnotationEntry]:
    """What happened in a time, from `start` to before `end`, in its order."""
    entry = table(Annotation)
    found = (
        select(entry)
        .where(
            entry.c.account_id == scope.account,
            entry.c.withdrawn_at.is_(None),
            entry.c.from_at < end,
            entry.c.from_at >= start,
        )
        .order_by(entry.c.from_at, entry.c.id)
    )
    with scope.read() as session:
        rows = session.connection().execute(found).mappings().all()
    return [_entry(AnnotationEntry, row) for row in rows]


def _entry(kind: type[Any], row: Any) -> Any:
    return kind(**{name: row[name] for name in kind.__dataclass_fields__})


def _enter(unit: Unit, model: type[SQLModel], row: dict[str, Any], by: str) -> int:
    number = unit.next_id(model)
    unit.upsert(model, [row | {"id": number, "entered_by": by, "entered_at": datetime.now(UTC)}])
    note_change(unit, _subject(model, number), by=by, before=None, after=_plain(row))
    return number


def _withdraw(scope: Scope, model: type[SQLModel], number: int, by: str) -> None:
    with scope.write() as unit:
        known = unit.session.get(model, (scope.account, number))
        if known is None:
            raise InputError("There is no such entry: someone may have changed the list. Reload.")
        if known.withdrawn_at is not None:  # type: ignore[attr-defined]  # both models have it
            return
        now = datetime.now(UTC)
        unit.upsert(model, [{"id": number, "withdrawn_by": by, "withdrawn_at": now}])
        before, after = {"withdrawn": False}, {"withdrawn": True}
        note_change(unit, _subject(model, number), by=by, before=before, after=after)


def _subject(model: type[SQLModel], number: int) -> str:
    return f"{table(model).name} {number}"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The row as JSON has it."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def _span(from_at: datetime, to_at: datetime) -> None:
    if from_at.utcoffset() is None or to_at.utcoffset() is None:
        raise InputError("Give both times with their zone.")
    # In UTC: within a zone Python compares what clocks show, also where they are turned.
    if to_at.astimezone(UTC) <= from_at.astimezone(UTC):
        raise InputError("The end lies before the beginning: swap them.")


def _one_of(value: str, known: dict[str, str], what: str) -> None:
    if value not in known:
        raise InputError(f"{value!r} is no {what}: choose {', '.join(known)}.")
