"""The survey as it is answered: who is invited, and answers that are still being written."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from core.store.columns import CLUSTERED, Base, account_key


class SurveyInvitation(Base, table=True):
    """One person who was asked to answer; the id is the secret part of their link."""

    __tablename__ = "survey_invitation"
    __table_args__ = (UniqueConstraint("account_id", "respondent"), CLUSTERED)

    account_id: str = account_key()
    id: str = Field(primary_key=True)
    respondent: str
    invited_by: str
    invited_at: datetime
    answered_at: datetime | None = None


class SurveyDraft(Base, table=True):
    """Answers that were not sent yet, by the invitation or the visit they belong to."""

    __tablename__ = "survey_draft"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    id: str = Field(primary_key=True)
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    updated_at: datetime
