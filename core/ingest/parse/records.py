"""Parsers of the platform's records (enhancements, feedback) and of service-desk tickets.

An object comes from JSON or from a row of a CSV file, so numbers and booleans may be text, and
blank text is missing. Each `parse_*` returns the object, or the problem that refuses it.
"""

import re
from datetime import datetime
from typing import Any

from core.base.fields import Cells, FieldProblem, ParsedRow, number_in
from core.feedback import Cast, is_anonymous, subject_of
from core.feedback.raters import ANONYMOUS, RESERVED

LARGEST_MS = 2**31 - 1
STATUSES = {"pending", "completed", "failed"}
THUMBS = {"thumbs_up": "up", "thumbsup": "up", "up": "up", "👍": "up"}
THUMBS |= {"thumbs_down": "down", "thumbsdown": "down", "down": "down", "👎": "down"}


def parse_enhancement(obj: Any) -> ParsedRow | FieldProblem:
    """Parse a run of the enhancer; refused without a usable id, a status and a creation time.

    The row also has `tenant_id`, which is not stored.
    """
    read = Cells.read("enhancement", obj)
    if isinstance(read, FieldProblem):
        return read
    status = read.word("status")
    created_at = read.instant("created_at")
    if status is None:
        return read.refused("status", "it has no status, so it was left out")
    if created_at is None:
        return read.refused("created_at", "it has no usable time, so it was left out")
    return read.parsed(
        id=read.source_id,
        tenant_id=read.short("tenant_id"),
        ticket_id=read.reference("ticket_id"),
        status=status.lower() if status.lower() in STATUSES else status,
        processing_time_ms=_milliseconds(read, "processing_time_ms"),
        created_at=created_at,
        completed_at=_not_before(created_at, read, "completed_at"),
        error_message=read.word("error_message"),
    )


def parse_ticket(obj: Any) -> ParsedRow | FieldProblem:
    """Parse a ticket with this product's field names; refused without a usable id."""
    read = Cells.read("ticket", obj)
    if isinstance(read, FieldProblem):
        return read
    opened_at = read.instant("opened_at")
    return read.parsed(
        id=read.source_id,
        opened_at=opened_at,
        resolved_at=_not_before(opened_at, read, "resolved_at"),
        category=read.word("category"),
        priority=read.short("priority"),
        technician=read.short("technician"),
        enhanced=read.flag("enhanced", counts=True),
        minutes_spent=read.amount("minutes_spent"),
        reopened=read.flag("reopened", counts=True),
    )


def parse_feedback(obj: Any) -> ParsedRow | FieldProblem:
    """Parse a vote; refused without an id, a time or a subject, or without a thumb or rating.

    Its link is the vote as it is `cast`; without a rater it has an anonymous one of its own.
    """
    read = Cells.read("feedback", obj)
    if isinstance(read, FieldProblem):
        return read
    created_at = read.instant("created_at")
    ticket_id = read.reference("ticket_id")
    enhancement_id = read.reference("enhancement_id")
    technician = read.short("technician_email")
    thumb, rating = _opinion(read)
    if created_at is None:
        return read.refused("created_at", "it has no usable time, so it was left out")
    if ticket_id is None and enhancement_id is None:
        return read.refused("ticket_id", "it rates no ticket, so it was left out")
    if thumb is None and rating is None:
        return read.refused(
            "feedback_type",
            "it is neither thumbs_up, thumbs_down nor a rating with a rating_value from 1 to 5, "
            "so it was left out",
        )
    if technician is not None and is_anonymous(technician):
        return read.refused("technician_email", RESERVED)
    cast = Cast(
        subject=subject_of(enhancement=enhancement_id, ticket=ticket_id),
        rater=technician or f"{ANONYMOUS}{read.source_id}",
        at=created_at,
        thumb=thumb,
        rating=rating,
        comment=read.comment("feedback_comment"),
        ticket_id=ticket_id,
    )
    return read.parsed({"cast": cast}, id=read.source_id)


def _milliseconds(read: Cells, name: str) -> int | None:
    number = read.amount(name)
    if number is None or number <= LARGEST_MS:
        return None if number is None else round(number)
    read.note(name, "it is longer than any run can be")
    return None


def _not_before(start: datetime | None, read: Cells, name: str) -> datetime | None:
    end = read.instant(name)
    if start is not None and end is not None and end < start:
        read.note(name, "it is before the beginning")
        return None
    return end


def _opinion(read: Cells) -> tuple[str | None, int | None]:
    """The thumb or the rating; `rating_value` belongs to a rating only."""
    kind = re.sub(r"[\s_-]+", "_", (read.word("feedback_type") or "").strip().lower())
    value = read.value("rating_value")
    if kind == "rating":
        number = number_in(value)
        return None, int(number) if number in (1, 2, 3, 4, 5) else None
    if value is not None:
        read.note("rating_value", "only a rating has one")
    return THUMBS.get(kind), None
