"""Themes of what people write, what people decided about them, and what came of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index
from sqlmodel import Field

from core.store.columns import CLUSTERED, Base, account_key, own_key, reference, within_account


class Theme(Base, table=True):
    """A theme that someone made, or took over from the model; `origin` is hand or model.

    One that was deleted or merged into another stays, so that the model does not bring it back.
    """

    __table_args__ = CLUSTERED

    account_id: str = account_key()
    id: int = own_key()
    name: str
    origin: str
    is_pinned: bool = False
    terms: list[str] = Field(default_factory=list, sa_type=JSON)
    made_by: str
    made_at: datetime
    merged_into: int | None = reference()
    deleted_by: str | None = None
    deleted_at: datetime | None = None


class ThemeRule(Base, table=True):
    """Words and phrases by which comments belong to a theme; withdrawn, it gives it none."""

    __tablename__ = "theme_rule"
    __table_args__ = (within_account("theme", "theme_id"), CLUSTERED)

    account_id: str = account_key()
    id: int = own_key()
    theme_id: int = Field(sa_type=BigInteger)
    any_of: list[str] = Field(default_factory=list, sa_type=JSON)
    all_of: list[str] = Field(default_factory=list, sa_type=JSON)
    none_of: list[str] = Field(default_factory=list, sa_type=JSON)
    entered_by: str
    entered_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


class ThemeAssignment(Base, table=True):
    """The theme of a comment: `how` is hand, also for none at all, or model.

    `comment` is `feedback:<id>`, or `survey:<id>:<question>`; `said` tells its words from other
    words. Rules are applied when they are read, and leave no rows.
    """

    __tablename__ = "theme_assignment"
    __table_args__ = (within_account("theme", "theme_id"), CLUSTERED)

    account_id: str = account_key()
    comment: str = Field(primary_key=True)
    theme_id: int | None = reference()
    how: str
    said: str
    assigned_by: str
    assigned_at: datetime


class Opportunity(Base, table=True):
    """Something worth improving: its reach as counted when it was entered, and what is decided.

    `evidence` holds the keys of the comments and the tickets that were counted from `reach_from`
    to `reach_to`; impact, confidence and effort are as people score them.
    """

    __table_args__ = (
        within_account("theme", "theme_id"),
        Index("ix_opportunity_theme", "account_id", "theme_id"),
        CLUSTERED,
    )

    account_id: str = account_key()
    id: int = own_key()
    title: str
    problem: str
    theme_id: int | None = reference()
    reach_from: date | None = None
    reach_to: date | None = None
    reach_comments: int | None = None
    reach_raters: int | None = None
    reach_tickets: int | None = None
    evidence: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    criterion_key: str | None = None
    impact: float | None = None
    confidence: float | None = None
    effort: float | None = None
    metric: str | None = None
    direction: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    status: str = "open"
    note: str | None = None
    created_by: str
    created_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
