"""The platform's records (enhancements, feedback) and service-desk tickets: parsers of objects.

An object comes from JSON or from a row of a CSV file, so numbers and truth values may be text, and
blank text says nothing. Each `parse_*` answers with the object or with the problem that refuses it.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.sources.fields import FieldProblem, Fields, clean, refusal

__all__ = [
    "ParsedEnhancement",
    "ParsedFeedback",
    "ParsedTicket",
    "parse_enhancement",
    "parse_feedback",
    "parse_ticket",
]

Problems = tuple[FieldProblem, ...]

LONGEST_ID = 500
LONGEST_COMMENT = 5_000
LARGEST_MS = 2**31 - 1
STATUSES = {"pending", "completed", "failed"}
THUMBS = {"thumbs_up": "up", "thumbs_down": "down"}
FLAGS = dict.fromkeys(("true", "yes", "y", "1"), True) | dict.fromkeys(
    ("false", "no", "n", "0"), False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEnhancement:
    """A run of the ticket enhancer; `processing_time_ms` in milliseconds, instants in UTC."""

    id: str
    tenant_id: str | None
    ticket_id: str | None
    status: str
    processing_time_ms: int | None
    created_at: datetime
    completed_at: datetime | None
    error_message: str | None
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTicket:
    """A service-desk ticket; instants in UTC."""

    id: str
    opened_at: datetime | None
    resolved_at: datetime | None
    category: str | None
    priority: str | None
    technician: str | None
    enhanced: bool | None
    minutes_spent: float | None
    reopened: bool | None
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeedback:
    """One vote of the platform's feedback API: a thumb (up, down) or a rating, maybe words.

    `id` and `rater` are None where the record names none.
    """

    id: str | None
    tenant_id: str | None
    ticket_id: str | None
    enhancement_id: str | None
    rater: str | None
    thumb: str | None
    rating: int | None
    comment: str | None
    created_at: datetime
    problems: Problems


def parse_enhancement(obj: Any) -> ParsedEnhancement | FieldProblem:
    """Read a run; refused without a usable id, a status and the time it was created."""
    read = _begin("enhancement", obj)
    if isinstance(read, FieldProblem):
        return read
    status = read.word(_given(obj, "status"), "status")
    created_at = read.instant(_given(obj, "created_at"), "created_at")
    if status is None:
        return _refused(read, obj, "status", "it has no status, so it was left out")
    if created_at is None:
        return _refused(read, obj, "created_at", "it has no usable time, so it was left out")
    return ParsedEnhancement(
        id=read.source_id,
        tenant_id=_id(read, obj, "tenant_id"),
        ticket_id=_id(read, obj, "ticket_id"),
        status=status.lower() if status.lower() in STATUSES else status,
        processing_time_ms=_milliseconds(read, obj, "processing_time_ms"),
        created_at=created_at,
        completed_at=_not_before(created_at, read, obj, "completed_at"),
        error_message=read.word(_given(obj, "error_message"), "error_message"),
        problems=tuple(read.problems),
    )


def parse_ticket(obj: Any) -> ParsedTicket | FieldProblem:
    """Read a ticket whose columns have this product's names; refused without a usable id."""
    read = _begin("ticket", obj)
    if isinstance(read, FieldProblem):
        return read
    opened_at = read.instant(_given(obj, "opened_at"), "opened_at")
    return ParsedTicket(
        id=read.source_id,
        opened_at=opened_at,
        resolved_at=_not_before(opened_at, read, obj, "resolved_at"),
        category=read.word(_given(obj, "category"), "category"),
        priority=_id(read, obj, "priority"),
        technician=_id(read, obj, "technician"),
        enhanced=_flag(read, obj, "enhanced"),
        minutes_spent=_amount(read, obj, "minutes_spent"),
        reopened=_flag(read, obj, "reopened"),
        problems=tuple(read.problems),
    )


def parse_feedback(
    obj: Any, *, received_at: datetime | None = None
) -> ParsedFeedback | FieldProblem:
    """Read a vote; refused when it rates nothing, or says nothing.

    A vote that is only now received needs no id and no time of its own: give `received_at`.
    """
    read = _begin("feedback", obj, needs_id=received_at is None)
    if isinstance(read, FieldProblem):
        return read
    created_at = read.instant(_given(obj, "created_at"), "created_at") or received_at
    ticket_id = _id(read, obj, "ticket_id")
    enhancement_id = _id(read, obj, "enhancement_id")
    thumb, rating = _opinion(read, obj)
    if created_at is None:
        return _refused(read, obj, "created_at", "it has no usable time, so it was left out")
    if ticket_id is None and enhancement_id is None:
        return _refused(read, obj, "ticket_id", "it rates no ticket, so it was left out")
    if thumb is None and rating is None:
        return _refused(
            read,
            obj,
            "feedback_type",
            "it is neither thumbs_up, thumbs_down nor a rating with a rating_value from 1 to 5, "
            "so it was left out",
        )
    return ParsedFeedback(
        id=read.source_id or None,
        tenant_id=_id(read, obj, "tenant_id"),
        ticket_id=ticket_id,
        enhancement_id=enhancement_id,
        rater=_id(read, obj, "technician_email"),
        thumb=thumb,
        rating=rating,
        comment=_comment(read, obj, "feedback_comment"),
        created_at=created_at,
        problems=tuple(read.problems),
    )


def _begin(entity: str, obj: Any, *, needs_id: bool = True) -> Fields | FieldProblem:
    if not isinstance(obj, dict):
        return refusal(entity, obj, "id", "it is no object, so it was left out")
    read = Fields(entity, "")
    read.source_id = _id(read, obj, "id") or ""
    if needs_id and not read.source_id:
        return refusal(entity, obj, "id", "it has no usable id, so the object was left out")
    return read


def _refused(read: Fields, obj: Any, name: str, reason: str) -> FieldProblem:
    problem = refusal(read.entity, obj, name, reason)
    if not read.source_id:
        return problem
    return FieldProblem(read.entity, read.source_id, name, problem.value, reason)


def _given(obj: dict[str, Any], name: str) -> Any:
    value = obj.get(name)
    return None if isinstance(value, str) and not value.strip() else value


def _id(read: Fields, obj: dict[str, Any], name: str) -> str | None:
    """A short name; ticket numbers and priorities are often sent as numbers."""
    value = _given(obj, name)
    if value is None:
        return None
    if type(value) is int:
        value = str(value)
    if isinstance(value, str) and len(value) <= LONGEST_ID:
        return clean(value)
    read.note(name, value, f"it is no text of at most {LONGEST_ID} characters")
    return None


def _number(value: Any) -> float | None:
    """A finite number of at least 0; a number in text counts, a truth value does not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _amount(read: Fields, obj: dict[str, Any], name: str) -> float | None:
    value = _given(obj, name)
    number = _number(value)
    if number is None and value is not None:
        read.note(name, value, "it is no number from 0 up")
    return number


def _milliseconds(read: Fields, obj: dict[str, Any], name: str) -> int | None:
    number = _amount(read, obj, name)
    if number is not None and number > LARGEST_MS:
        read.note(name, obj.get(name), "it is longer than any run can be")
        return None
    return None if number is None else round(number)


def _flag(read: Fields, obj: dict[str, Any], name: str) -> bool | None:
    value = _given(obj, name)
    if value is None or isinstance(value, bool):
        return value
    known = FLAGS.get(str(value).strip().lower()) if isinstance(value, int | str) else None
    if known is None:
        read.note(name, value, "it is neither true nor false")
    return known


def _not_before(
    start: datetime | None, read: Fields, obj: dict[str, Any], name: str
) -> datetime | None:
    end = read.instant(_given(obj, name), name)
    if start is not None and end is not None and end < start:
        read.note(name, obj.get(name), "it is before the beginning")
        return None
    return end


def _opinion(read: Fields, obj: dict[str, Any]) -> tuple[str | None, int | None]:
    """The thumb or the rating: `rating_value` belongs to a rating only."""
    kind = read.word(_given(obj, "feedback_type"), "feedback_type")
    value = _given(obj, "rating_value")
    if kind == "rating":
        number = _number(value)
        return None, int(number) if number in (1, 2, 3, 4, 5) else None
    if value is not None:
        read.note("rating_value", value, "only a rating has one")
    return THUMBS.get(kind or ""), None


def _comment(read: Fields, obj: dict[str, Any], name: str) -> str | None:
    comment = read.text(_given(obj, name), name)
    if comment is not None and len(comment) > LONGEST_COMMENT:
        read.note(name, comment, f"it was cut at {LONGEST_COMMENT:,} characters")
        return comment[:LONGEST_COMMENT]
    return comment
