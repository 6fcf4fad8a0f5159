"""Tables of what people enter: votes, survey answers, themes, criteria, baselines, reviews.

It cannot be rebuilt from a source, so nothing may lose it.
"""

import math
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, Index, UniqueConstraint, or_
from sqlmodel import Field

from core.store.columns import Entered, Internal, own_key, reference, table, within_account

# How the subject of a vote begins that rates a page of this product, and no enhancement.
PAGES = "page:"


class Withdrawable(Entered):
    """Rows that people entered and may withdraw; a withdrawn one stays."""

    entered_by: str
    entered_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


class Feedback(Entered, table=True):
    """The current opinion of one rater on one subject: a thumb, one to five stars, words.

    `subject` is `enhancement:<id>`, `ticket:<id>` or `page:<path>`; `thumb` is up or down.
    """

    __constraints__ = (
        UniqueConstraint("account_id", "subject", "rater"),
        Index("ix_feedback_created_day", "account_id", "created_day"),
    )

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


class FeedbackVote(Entered, table=True):
    """Every vote as it was cast, the current one included."""

    __constraints__ = (
        within_account("feedback", "feedback_id"),
        Index("ix_feedback_vote_feedback", "account_id", "feedback_id"),
    )

    id: int = own_key()
    feedback_id: str
    thumb: str | None = None
    rating: int | None = None
    comment: str | None = None
    cast_at: datetime


class FeedbackReceipt(Internal, table=True):
    """How a vote that was sent with a key was answered, so that its repeat is answered alike.

    `key` and `content` are digests; `result` is new, changed or unchanged.
    """

    __constraints__ = (Index("ix_feedback_receipt_received", "account_id", "received_at"),)

    key: str = Field(primary_key=True)
    feedback_id: str
    content: str
    result: str
    received_at: datetime


class RaterSalt(Internal, table=True):
    """What the names of anonymous raters are made with in one ISO week, such as 2026-W47."""

    week: str = Field(primary_key=True)
    salt: str
    created_at: datetime


class ApiToken(Internal, table=True):
    """A token of the account's HTTP API; only its SHA-256 is kept, as hexadecimal digits.

    `per_second` is how many requests it may make; `last_used_at` is right to the minute.
    """

    __constraints__ = (Index("ix_api_token_hash", "hash", unique=True),)

    id: int = own_key()
    name: str
    hash: str
    per_second: int
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class SurveyInvitation(Entered, table=True):
    """One person who was asked to answer; the id is the secret part of their link."""

    __constraints__ = (UniqueConstraint("account_id", "respondent"),)

    id: str = Field(primary_key=True)
    respondent: str
    invited_by: str
    invited_at: datetime
    answered_at: datetime | None = None


class SurveyDraft(Entered, table=True):
    """Answers that were not sent yet, by the invitation or the visit they belong to."""

    id: str = Field(primary_key=True)
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    updated_at: datetime


class SurveyResponse(Entered, table=True):
    """One person's answers: ratings 1 to 5, `renewal` 0 to 10, what was not answered is None.

    `better_resolution` is yes, no or unsure; `minutes_saved` are minutes for each ticket.
    """

    __constraints__ = (Index("ix_survey_response_answered_day", "account_id", "answered_day"),)

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


class Theme(Entered, table=True):
    """A theme that someone made, or took over from the model; `origin` is hand or model.

    One that was deleted or merged into another stays, so that the model does not bring it back.
    """

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


class ThemeRule(Withdrawable, table=True):
    """Words and phrases by which comments belong to a theme; withdrawn, it gives it none."""

    __constraints__ = (within_account("theme", "theme_id"),)

    id: int = own_key()
    theme_id: int = Field(sa_type=BigInteger)
    any_of: list[str] = Field(default_factory=list, sa_type=JSON)
    all_of: list[str] = Field(default_factory=list, sa_type=JSON)
    none_of: list[str] = Field(default_factory=list, sa_type=JSON)


class ThemeAssignment(Entered, table=True):
    """The theme of a comment: `how` is hand, also for none at all, or model.

    `comment` is `feedback:<id>`, or `survey:<id>:<question>`; `said` tells its words from other
    words. Rules are applied when they are read, and leave no rows.
    """

    __constraints__ = (within_account("theme", "theme_id"),)

    comment: str = Field(primary_key=True)
    theme_id: int | None = reference()
    how: str
    said: str
    assigned_by: str
    assigned_at: datetime


class Opportunity(Entered, table=True):
    """Something worth improving: its reach as counted when it was entered, and what is decided.

    `evidence` holds the keys of the comments and the tickets that were counted from `reach_from`
    to `reach_to`; impact, confidence and effort are as people score them.
    """

    __constraints__ = (
        within_account("theme", "theme_id"),
        Index("ix_opportunity_theme", "account_id", "theme_id"),
    )

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


class Criterion(Entered, table=True):
    """A success criterion: a target, the side of it that is good, and who answers for it.

    `direction` is above, below or within: from `target` to `upper_target`.
    """

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


class Exclusion(Withdrawable, table=True):
    """What figures leave out when they are shown "without exclusions"; the rows stay.

    From `from_at` up to, and without, `to_at`; `subject` narrows it to `enhancement:<id>`,
    `ticket:<id>` or `rater:<name>`. A withdrawn one leaves nothing out and stays in the ledger.
    """

    id: int = own_key()
    from_at: datetime
    to_at: datetime
    kind: str
    reason: str
    subject: str | None = None
    # The finding that it was made from, so that the finding is not offered again.
    finding: str | None = None

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether it leaves out a part of the time from `start` up to, and without, `end`."""
        return self.from_at < end and self.to_at > start


class BaselineWindow(Entered, table=True):
    """Whole days over which a baseline is measured; once frozen, `content` holds what was shown."""

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

    @property
    def days(self) -> int:
        """Its number of days."""
        return (self.last_day - self.first_day).days + 1

    def state(self, today: date) -> str:
        """planned, collecting, complete, frozen or given up."""
        if self.frozen_at is not None:
            return "frozen"
        if self.restarted_as is not None:
            return "given up"
        if today < self.first_day:
            return "planned"
        return "collecting" if today <= self.last_day else "complete"

    def day_number(self, today: date) -> int:
        """The number of today among its days, from 1; 0 before them, and the last one after."""
        return min(max((today - self.first_day).days + 1, 0), self.days)


class Annotation(Withdrawable, table=True):
    """Something that happened and may explain a chart: `kind` is deployment, incident or other.

    A comment is on the `figure` of that name.
    """

    __constraints__ = (Index("ix_annotation_from", "account_id", "from_at"),)

    id: int = own_key()
    kind: str
    from_at: datetime
    to_at: datetime | None = None
    text: str
    figure: str | None = None


class Review(Entered, table=True):
    """The review of an ISO week, such as 2026-W47; once closed, `content` holds what was shown."""

    week: str = Field(primary_key=True)
    opened_by: str
    opened_at: datetime
    # Role and name of each: [["Product manager", "Ann"], ...].
    attendees: list[list[str]] = Field(default_factory=list, sa_type=JSON)
    closed_by: str | None = None
    closed_at: datetime | None = None
    content: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class ReviewNote(Entered, table=True):
    """What was written in a section of a review; each saved text is a version of its own."""

    week: str = Field(primary_key=True)
    section: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: str
    written_by: str
    written_at: datetime


class ReviewAction(Entered, table=True):
    """What someone will do by when, and which criterion is to move; status open, done, dropped."""

    __constraints__ = (Index("ix_review_action_status", "account_id", "status", "due"),)

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


class ReviewEscalation(Entered, table=True):
    """A message that was sent about a criterion, recorded by who sent it."""

    id: int = own_key()
    week: str
    severity: str
    criterion_key: str
    text: str
    sent_to: str
    sent_by: str
    sent_at: datetime


class AccountSetting(Entered, table=True):
    """Thresholds and weights of an account: see `core.analytics.account_settings`."""

    key: str = Field(primary_key=True)
    value: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class SavedView(Entered, table=True):
    """A view of the explorer that someone named: the query part of its link."""

    name: str = Field(primary_key=True)
    query: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSON)
    saved_at: datetime


class AuditEntry(Entered, table=True):
    """Who changed what people decide, when, from what and to what; None where there was nothing."""

    __constraints__ = (Index("ix_audit_entry_subject", "account_id", "subject", "id"),)

    id: int = own_key()
    subject: str
    at: datetime
    by: str
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)


def on_enhancer() -> ColumnElement[bool]:
    """Condition: a vote on an enhancement or a ticket, not on a page of this product."""
    return table(Feedback).c.subject.not_like(f"{PAGES}%")


def has_content() -> ColumnElement[bool]:
    """Condition: a vote holds a thumb, a rating or a comment; one taken back holds none."""
    votes = table(Feedback).c
    return or_(*(part.is_not(None) for part in (votes.thumb, votes.rating, votes.comment)))
