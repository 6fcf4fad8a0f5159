"""What imports and people enter: it cannot be rebuilt, and nothing may lose it."""

import math
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Index, UniqueConstraint
from sqlmodel import Field

from core.store.columns import CLUSTERED, Base, account_key, own_key, table, within_account

# How the subject of a vote begins that rates a page of this product, and no enhancement.
PAGES = "page:"


class Enhancement(Base, table=True):
    """One run of the ticket enhancer; status is pending, completed or failed."""

    # Holds all that a criterion reads of a run, so that a week of many runs is one short reading.
    __table_args__ = (
        Index(
            *("ix_enhancement_created_day", "account_id", "created_day"),
            *("status", "processing_time_ms"),
        ),
        CLUSTERED,
    )

    account_id: str = account_key()
    id: str = Field(primary_key=True)
    ticket_id: str | None = None
    status: str
    processing_time_ms: int | None = None
    created_at: datetime
    created_day: date
    completed_at: datetime | None = None
    error_message: str | None = None


class Ticket(Base, table=True):
    """A service-desk ticket; `day` is the day it was resolved, else opened."""

    __table_args__ = (Index("ix_ticket_day", "account_id", "day"), CLUSTERED)

    account_id: str = account_key()
    id: str = Field(primary_key=True)
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    day: date | None = None
    category: str | None = None
    priority: str | None = None
    technician: str | None = None
    enhanced: bool | None = None
    minutes_spent: float | None = None
    reopened: bool | None = None


class Feedback(Base, table=True):
    """The current opinion of one rater on one subject: a thumb, one to five stars, words.

    `subject` is `enhancement:<id>`, `ticket:<id>` or `page:<path>`; `thumb` is up or down.
    """

    __table_args__ = (
        UniqueConstraint("account_id", "subject", "rater"),
        Index("ix_feedback_created_day", "account_id", "created_day"),
        CLUSTERED,
    )

    account_id: str = account_key()
    id: str = Field(primary_key=True)
    subject: str
    rater: str
    ticket_id: str | None = None
    enhancement_id: str | None = None
    thumb: str | None = None
    rating: int | None = None
    comment: str | None = None
    created_at: datetime
    created_day: date
    updated_at: datetime


class FeedbackVote(Base, table=True):
    """Every vote as it was cast, the current one included."""

    __tablename__ = "feedback_vote"
    __table_args__ = (
        within_account("feedback", "feedback_id"),
        Index("ix_feedback_vote_feedback", "account_id", "feedback_id"),
        CLUSTERED,
    )

    account_id: str = account_key()
    id: int = own_key()
    feedback_id: str
    thumb: str | None = None
    rating: int | None = None
    comment: str | None = None
    cast_at: datetime


class Criterion(Base, table=True):
    """A success criterion: a target, the side of it that is good, and who answers for it.

    `direction` is above, below or within: from `target` to `upper_target`.
    """

    __table_args__ = CLUSTERED

    account_id: str = account_key()
    key: str = Field(primary_key=True)
    label: str
    direction: str
    target: float
    upper_target: float | None = None
    unit: str
    owner: str
    rationale: str
    is_guardrail: bool = False
    position: int = 0

    def is_on_target(self, value: float) -> bool:
        """Whether a value, however uncertain, lies on the good side."""
        if self.direction == "within":
            return self.target <= value <= (self.upper_target or math.inf)
        return value < self.target if self.direction == "below" else value > self.target


class AccountSetting(Base, table=True):
    """What an account decides for itself, such as its thresholds: see `core.account_settings`."""

    __tablename__ = "account_setting"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    key: str = Field(primary_key=True)
    value: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class AuditEntry(Base, table=True):
    """Who changed what people decide, when, from what and to what; None where there was nothing."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "account_id", "subject", "id"), CLUSTERED)

    account_id: str = account_key()
    id: int = own_key()
    subject: str
    at: datetime
    by: str
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class SavedView(Base, table=True):
    """A view of the explorer that someone named: the query part of its link."""

    __tablename__ = "saved_view"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    name: str = Field(primary_key=True)
    query: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSON)
    saved_at: datetime


def on_enhancer() -> ColumnElement[bool]:
    """Votes on enhancements and tickets, and not on pages of this product."""
    return table(Feedback).c.subject.not_like(f"{PAGES}%")
