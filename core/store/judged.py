"""What people decide about a baseline: its windows, exclusions and annotations; and surveys."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from core.store.columns import CLUSTERED, Base, account_key, own_key, reference


class Exclusion(Base, table=True):
    """What figures leave out when they are shown "without exclusions"; the rows stay.

    From `from_at` up to, and without, `to_at`; `subject` narrows it to `enhancement:<id>`,
    `ticket:<id>` or `rater:<name>`. A withdrawn one leaves nothing out and stays in the ledger.
    """

    __table_args__ = CLUSTERED

    account_id: str = account_key()
    id: int = own_key()
    from_at: datetime
    to_at: datetime
    kind: str
    reason: str
    subject: str | None = None
    # The finding that it was made from, so that the finding is not offered again.
    finding: str | None = None
    entered_by: str
    entered_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


class BaselineWindow(Base, table=True):
    """Whole days over which a baseline is measured; once frozen, `content` holds what was shown."""

    __tablename__ = "baseline_window"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    id: int = own_key()
    name: str
    first_day: date
    last_day: date
    planned_by: str
    planned_at: datetime
    # The window that took its place, where this one was given up.
    restarted_as: int | None = reference()
    frozen_by: str | None = None
    frozen_at: datetime | None = None
    content: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class Annotation(Base, table=True):
    """Something that happened and may explain a chart: `kind` is deployment, incident or other."""

    __table_args__ = (Index("ix_annotation_from", "account_id", "from_at"), CLUSTERED)

    account_id: str = account_key()
    id: int = own_key()
    kind: str
    from_at: datetime
    to_at: datetime | None = None
    text: str
    entered_by: str
    entered_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


class SurveyResponse(Base, table=True):
    """One person's answers: ratings 1 to 5, `renewal` 0 to 10, what was not answered is None.

    `better_resolution` is yes, no or unsure; `minutes_saved` are minutes for each ticket.
    """

    __tablename__ = "survey_response"
    __table_args__ = (
        Index("ix_survey_response_answered_day", "account_id", "answered_day"),
        CLUSTERED,
    )

    account_id: str = account_key()
    id: str = Field(primary_key=True)
    respondent: str | None = None
    answered_at: datetime
    answered_day: date
    relevance: int | None = None
    accuracy: int | None = None
    usefulness: int | None = None
    overall: int | None = None
    minutes_saved: float | None = None
    better_resolution: str | None = None
    what_helps: str | None = None
    what_to_improve: str | None = None
    renewal: int | None = None
    may_interview: bool | None = None
