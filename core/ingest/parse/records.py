"""Parsers of the platform's records (enhancements, feedback) and of service-desk tickets.

An object comes from JSON or from a row of a CSV file, so numbers and booleans may be text, and
blank text is missing. Each `parse_*` returns the object, or the problem that refuses it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.base.fields import (
    FieldProblem,
    Fields,
    amount,
    begin,
    comment,
    flag,
    given,
    number_in,
    refused,
    short,
)

Problems = tuple[FieldProblem, ...]

LARGEST_MS = 2**31 - 1
STATUSES = {"pending", "completed", "failed"}
THUMBS = {"thumbs_up": "up", "thumbs_down": "down"}


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
    """One vote of the platform's feedback API: a thumb (up, down) or a rating, maybe a comment.

    `id` and `rater` are None where the record has none.
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
    """Parse a run; refused without a usable id, a status and the time of its creation."""
    read = begin("enhancement", obj)
    if isinstance(read, FieldProblem):
        return read
    status = read.word(given(obj, "status"), "status")
    created_at = read.instant(given(obj, "created_at"), "created_at")
    if status is None:
        return refused(read, obj, "status", "it has no status, so it was left out")
    if created_at is None:
        return refused(read, obj, "created_at", "it has no usable time, so it was left out")
    return ParsedEnhancement(
        id=read.source_id,
        tenant_id=short(read, obj, "tenant_id"),
        ticket_id=short(read, obj, "ticket_id"),
        status=status.lower() if status.lower() in STATUSES else status,
        processing_time_ms=_milliseconds(read, obj, "processing_time_ms"),
        created_at=created_at,
        completed_at=_not_before(created_at, read, obj, "completed_at"),
        error_message=read.word(given(obj, "error_message"), "error_message"),
        problems=tuple(read.problems),
    )


def parse_ticket(obj: Any) -> ParsedTicket | FieldProblem:
    """Parse a ticket with this product's field names; refused without a usable id."""
    read = begin("ticket", obj)
    if isinstance(read, FieldProblem):
        return read
    opened_at = read.instant(given(obj, "opened_at"), "opened_at")
    return ParsedTicket(
        id=read.source_id,
        opened_at=opened_at,
        resolved_at=_not_before(opened_at, read, obj, "resolved_at"),
        category=read.word(given(obj, "category"), "category"),
        priority=short(read, obj, "priority"),
        technician=short(read, obj, "technician"),
        enhanced=flag(read, obj, "enhanced"),
        minutes_spent=amount(read, obj, "minutes_spent"),
        reopened=flag(read, obj, "reopened"),
        problems=tuple(read.problems),
    )


def parse_feedback(
    obj: Any, *, received_at: datetime | None = None
) -> ParsedFeedback | FieldProblem:
    """Parse a vote; refused without a subject, or without a thumb or rating.

    A vote received just now needs no id and no time of its own: give `received_at`.
    """
    read = begin("feedback", obj, needs_id=received_at is None)
    if isinstance(read, FieldProblem):
        return read
    created_at = read.instant(given(obj, "created_at"), "created_at") or received_at
    ticket_id = short(read, obj, "ticket_id")
    enhancement_id = short(read, obj, "enhancement_id")
    thumb, rating = _opinion(read, obj)
    if created_at is None:
        return refused(read, obj, "created_at", "it has no usable time, so it was left out")
    if ticket_id is None and enhancement_id is None:
        return refused(read, obj, "ticket_id", "it rates no ticket, so it was left out")
    if thumb is None and rating is None:
        return refused(
            read,
            obj,
            "feedback_type",
            "it is neither thumbs_up, thumbs_down nor a rating with a rating_value from 1 to 5, "
            "so it was left out",
        )
    return ParsedFeedback(
        id=read.source_id or None,
        tenant_id=short(read, obj, "tenant_id"),
        ticket_id=ticket_id,
        enhancement_id=enhancement_id,
        rater=short(read, obj, "technician_email"),
        thumb=thumb,
        rating=rating,
        comment=comment(read, obj, "feedback_comment"),
        created_at=created_at,
        problems=tuple(read.problems),
    )


def _milliseconds(read: Fields, obj: dict[str, Any], name: str) -> int | None:
    number = amount(read, obj, name)
    if number is not None and number > LARGEST_MS:
        read.note(name, obj.get(name), "it is longer than any run can be")
        return None
    return None if number is None else round(number)


def _not_before(
    start: datetime | None, read: Fields, obj: dict[str, Any], name: str
) -> datetime | None:
    end = read.instant(given(obj, name), name)
    if start is not None and end is not None and end < start:
        read.note(name, obj.get(name), "it is before the beginning")
        return None
    return end


def _opinion(read: Fields, obj: dict[str, Any]) -> tuple[str | None, int | None]:
    """The thumb or the rating; `rating_value` belongs to a rating only."""
    kind = read.word(given(obj, "feedback_type"), "feedback_type")
    value = given(obj, "rating_value")
    if kind == "rating":
        number = number_in(value)
        return None, int(number) if number in (1, 2, 3, 4, 5) else None
    if value is not None:
        read.note("rating_value", value, "only a rating has one")
    return THUMBS.get(kind or ""), None
