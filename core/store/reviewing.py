"""The weekly review: who met, what was written, what was agreed, and how it was when it closed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from core.store.columns import CLUSTERED, Base, account_key, own_key


class Review(Base, table=True):
    """The review of an ISO week, such as 2026-W47; once closed, `content` holds what was shown."""

    __table_args__ = CLUSTERED

    account_id: str = account_key()
    week: str = Field(primary_key=True)
    opened_by: str
    opened_at: datetime
    # Role and name of each: [["Product manager", "Ann"], ...].
    attendees: list[list[str]] = Field(default_factory=list, sa_type=JSON)
    closed_by: str | None = None
    closed_at: datetime | None = None
    content: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class ReviewNote(Base, table=True):
    """What was written in a section of a review; each saved text is a version of its own."""

    __tablename__ = "review_note"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    week: str = Field(primary_key=True)
    section: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: str
    written_by: str
    written_at: datetime


class ReviewAction(Base, table=True):
    """What someone will do by when, and which criterion is to move; status open, done, dropped."""

    __tablename__ = "review_action"
    __table_args__ = (Index("ix_review_action_status", "account_id", "status", "due"), CLUSTERED)

    account_id: str = account_key()
    id: int = own_key()
    week: str
    text: str
    owner: str
    due: date
    criterion_key: str | None = None
    # What the criterion is expected to do: rise or fall; None without one.
    expected: str | None = None
    status: str = "open"
    outcome: str | None = None
    decided_by: str
    decided_at: datetime
    closed_by: str | None = None
    closed_at: datetime | None = None


class ReviewEscalation(Base, table=True):
    """A message that was sent about a criterion, recorded by who sent it."""

    __tablename__ = "review_escalation"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    id: int = own_key()
    week: str
    severity: str
    criterion_key: str
    text: str
    sent_to: str
    sent_by: str
    sent_at: datetime
