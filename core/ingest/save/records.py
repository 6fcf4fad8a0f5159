"""Writing parsed records of the platform and tickets into the store, wherever they came from.

Each `save_*` takes one unit of work and whole lists; saving the same again changes nothing.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256

from core.feedback import Cast, record_votes, subject_of
from core.feedback.surveys import ParsedSurvey, record_responses
from core.ingest.parse.records import ParsedEnhancement, ParsedFeedback, ParsedTicket
from core.ingest.save.testio import SaveResult
from core.store import Enhancement, Ticket, Unit


def save_enhancements(unit: Unit, runs: Iterable[ParsedEnhancement]) -> SaveResult:
    """Enter runs of the ticket enhancer; of one id the last counts."""
    counts = unit.upsert(
        Enhancement,
        [
            {
                "id": run.id,
                "ticket_id": run.ticket_id,
                "status": run.status,
                "processing_time_ms": run.processing_time_ms,
                "created_at": run.created_at,
                "completed_at": run.completed_at,
                "error_message": run.error_message,
            }
            for run in runs
        ],
    )
    return SaveResult({"enhancement": counts})


def save_tickets(unit: Unit, tickets: Iterable[ParsedTicket]) -> SaveResult:
    """Enter service-desk tickets; of one id the last counts."""
    counts = unit.upsert(
        Ticket,
        [
            {
                "id": ticket.id,
                "opened_at": ticket.opened_at,
                "resolved_at": ticket.resolved_at,
                "category": ticket.category,
                "priority": ticket.priority,
                "technician": ticket.technician,
                "enhanced": ticket.enhanced,
                "minutes_spent": ticket.minutes_spent,
                "reopened": ticket.reopened,
            }
            for ticket in tickets
        ],
    )
    return SaveResult({"ticket": counts})


def save_surveys(unit: Unit, responses: Iterable[ParsedSurvey]) -> SaveResult:
    """Enter survey responses; of one id the last counts."""
    return SaveResult({"survey": record_responses(unit, responses)})


def imported_vote_id(source_id: str) -> int:
    """The id of a vote that has one at its source: below 0, and the same for the same vote."""
    return -1 - int.from_bytes(sha256(source_id.encode()).digest()[:7])


def save_feedback(
    unit: Unit,
    votes: Iterable[ParsedFeedback],
    *,
    vote_id: Callable[[str], int] = imported_vote_id,
) -> SaveResult:
    """Enter votes of the platform into the current opinions and their history; counts opinions.

    A vote that names no rater is the opinion of someone of its own.
    """
    counts, _ = record_votes(
        unit,
        [
            Cast(
                subject=subject_of(enhancement=vote.enhancement_id, ticket=vote.ticket_id),
                rater=vote.rater or f"anonymous:{vote.id or vote.created_at.isoformat()}",
                at=vote.created_at,
                thumb=vote.thumb,
                rating=vote.rating,
                comment=vote.comment,
                ticket_id=vote.ticket_id,
                vote_id=None if vote.id is None else vote_id(vote.id),
            )
            for vote in votes
        ],
    )
    return SaveResult({"feedback": counts})
