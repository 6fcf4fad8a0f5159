"""Reading feedback: the opinion as it stands, its history, and what is there to rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select
from sqlmodel import Session

from core.base.fields import clean
from core.feedback.opinions import Vote, feedback_id
from core.store import Enhancement, Feedback, FeedbackVote, Scope, Store, chunks, on_enhancer, table

MOST_ROWS = 1_000


@dataclass(frozen=True, kw_only=True)
class RatedEnhancement:
    """A run of the ticket enhancer and the given rater's vote on it (None: no vote yet)."""

    id: str
    ticket_id: str | None
    status: str
    seconds: float | None
    created_at: datetime
    vote: Vote | None


def current_vote(scope: Scope, subject: str, rater: str) -> Vote | None:
    """The rater's opinion on the subject; None when there is none."""
    key = feedback_id(clean(subject.strip()), clean(rater.strip()))
    with scope.read() as session:
        return votes_by_id(session, scope.account, [key]).get(key)


def vote_history(scope: Scope, subject: str, rater: str) -> list[Vote]:
    """The rater's opinion after each vote on the subject, the first one first."""
    now = current_vote(scope, subject, rater)
    if now is None:
        return []
    votes = table(FeedbackVote).c
    statement = (
        select(votes.thumb, votes.rating, votes.comment, votes.cast_at)
        .where(votes.account_id == scope.account, votes.feedback_id == now.id)
        .order_by(votes.cast_at, votes.id)
    )
    with scope.read() as session:
        rows = session.connection().execute(statement).all()
    return [
        Vote(
            id=now.id,
            subject=now.subject,
            rater=now.rater,
            ticket_id=now.ticket_id,
            enhancement_id=now.enhancement_id,
            thumb=thumb,
            rating=rating,
            comment=comment,
            created_at=now.created_at,
            updated_at=cast_at,
        )
        for thumb, rating, comment, cast_at in rows
    ]


def recent_comments(
    scope: Scope,
    limit: int = 20,
    search: str | None = None,
    thumb: str | None = None,
) -> list[Vote]:
    """The votes on enhancements and tickets with a comment, the latest first.

    `search` finds text in the comments; `thumb` (up or down) takes only votes with that thumb.
    """
    votes = table(Feedback).c
    statement = (
        select(table(Feedback))
        .where(
            votes.account_id == scope.account,
            votes.comment.is_not(None),
            on_enhancer(),
        )
        .order_by(votes.updated_at.desc(), votes.id)
        .limit(_limit(limit))
    )
    if search and search.strip():
        statement = statement.where(_contains(votes.comment, search))
    if thumb is not None:
        statement = statement.where(votes.thumb == thumb)
    with scope.read() as session:
        return [vote_of(row) for row in session.connection().execute(statement).mappings()]


def recent_enhancements(
    scope: Scope,
    *,
    rater: str | None = None,
    search: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[RatedEnhancement]:
    """The enhancer's runs, the latest first, each with the rater's current vote.

    `search` finds parts of the ticket's or the run's id; at most 1,000 rows at a time.
    """
    statement = _runs(scope.account, rater, search).limit(_limit(limit)).offset(max(offset, 0))
    return _rated(scope.store, statement)


def enhancement_of(
    scope: Scope, *, run_id: str = "", ticket_id: str = "", rater: str
) -> RatedEnhancement | None:
    """The run with that id, else the ticket's latest one, with the rater's vote; None: unknown."""
    runs = table(Enhancement).c
    named = runs.id == run_id if run_id else runs.ticket_id == ticket_id
    found = _rated(scope.store, _runs(scope.account, rater, None).where(named).limit(1))
    return found[0] if found else None


def _rated(store: Store, statement: Select[Any]) -> list[RatedEnhancement]:
    with store.read() as session:
        rows = session.connection().execute(statement).mappings().all()
    return [
        RatedEnhancement(
            id=row["run_id"],
            ticket_id=row["run_ticket_id"],
            status=row["run_status"],
            seconds=None if row["run_ms"] is None else row["run_ms"] / 1000,
            created_at=row["run_created_at"],
            vote=None if row["id"] is None else vote_of(row),
        )
        for row in rows
    ]


def votes_by_id(session: Session, account_id: str, ids: Sequence[str]) -> dict[str, Vote]:
    """The current opinions by the ids of their rows."""
    votes = table(Feedback)
    found = {}
    for some in chunks(ids):
        stored = select(votes).where(votes.c.account_id == account_id, votes.c.id.in_(some))
        for row in session.connection().execute(stored).mappings():
            found[row["id"]] = vote_of(row)
    return found


def _runs(account_id: str, rater: str | None, search: str | None) -> Select[Any]:
    runs, votes = table(Enhancement).c, table(Feedback).c
    own_vote = and_(
        votes.account_id == runs.account_id,
        votes.subject == literal("enhancement:") + runs.id,
        votes.rater == clean((rater or "").strip()),
    )
    statement = (
        select(
            runs.id.label("run_id"),
            runs.ticket_id.label("run_ticket_id"),
            runs.status.label("run_status"),
            runs.processing_time_ms.label("run_ms"),
            runs.created_at.label("run_created_at"),
            table(Feedback),
        )
        .select_from(table(Enhancement).outerjoin(table(Feedback), own_vote))
        .where(runs.account_id == account_id)
        # The day leads because it has an index.
        .order_by(runs.created_day.desc(), runs.created_at.desc(), runs.id)
    )
    if search and search.strip():
        found = or_(_contains(runs.ticket_id, search), _contains(runs.id, search))
        statement = statement.where(found)
    return statement


def _contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return column.icontains(clean(text.strip()), autoescape=True)


def _limit(limit: int) -> int:
    return min(max(limit, 1), MOST_ROWS)


def vote_of(row: Any) -> Vote:
    """The opinion in a row of its table."""
    return Vote(**{name: row[name] for name in Vote.__dataclass_fields__})
