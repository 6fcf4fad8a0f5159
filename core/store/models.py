"""Every table of the store.

Each table leads with the account, and each key is unique within one account, so that a store can
be split by account. Ids of synced rows are the source's own. Instants are aware UTC; a `..._day`
column is the same instant's date in the account's business time zone, written by
`core.store.days`, so that a query groups and filters by day without computing with time zones.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

__all__ = [
    "BOOKKEEPING",
    "FACT_TABLES",
    "Account",
    "AccountSetting",
    "AuditEntry",
    "Base",
    "Bug",
    "BugDevice",
    "CalendarDay",
    "Criterion",
    "CyclePlatform",
    "CycleReading",
    "Enhancement",
    "Feature",
    "Feedback",
    "FeedbackVote",
    "ListReading",
    "Product",
    "RejectionReason",
    "SavedView",
    "SyncLease",
    "SyncProblem",
    "SyncRun",
    "TestCycle",
    "TestFeature",
    "Ticket",
    "User",
    "Vanished",
    "table",
]


class Base(SQLModel, registry=registry()):
    """A registry of our own: re-importing on a hot reload does not define a table twice."""


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a model, for statements in Core."""
    found: Table = model.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    return found


# Rows live in their primary key's own tree, which leads with the account: no second tree to keep.
CLUSTERED = {"sqlite_with_rowid": False}


def _account_id() -> Any:
    return Field(primary_key=True, foreign_key="account.id")


def _key() -> Any:
    return Field(primary_key=True, sa_type=BigInteger)


def _ref() -> Any:
    return Field(default=None, sa_type=BigInteger)


def _to(model: str, column: str) -> ForeignKeyConstraint:
    """A reference that cannot leave its account."""
    return ForeignKeyConstraint(["account_id", column], [f"{model}.account_id", f"{model}.id"])


class Account(Base, table=True):
    """A customer account (tenant).

    `data_version` grows with every write that a page could show, `facts_version` with those that
    touch a table of `FACT_TABLES`.
    """

    __table_args__ = CLUSTERED

    id: str = Field(primary_key=True)
    name: str
    is_demo: bool = False
    timezone: str
    data_version: int = Field(default=0, sa_type=BigInteger)
    facts_version: int = Field(
        default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"}
    )
    created_at: datetime


class CalendarDay(Base, table=True):
    """A day and the periods it belongs to; weeks are ISO weeks, `weekday` is 1 for Monday."""

    __tablename__ = "calendar"
    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    day: date = Field(primary_key=True)
    week: str
    month: str
    quarter: str
    year: str
    weekday: int


class Product(Base, table=True):
    """`in_catalogue` is false when only a test cycle or a bug still names it."""

    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    id: int = _key()
    name: str | None = None
    type: str | None = None
    in_catalogue: bool = True


class Feature(Base, table=True):
    """`in_catalogue` is false when only a test cycle or a bug still names it."""

    __table_args__ = (_to("product", "product_id"), CLUSTERED)

    account_id: str = _account_id()
    id: int = _key()
    product_id: int | None = _ref()
    title: str | None = None
    in_catalogue: bool = True


class User(Base, table=True):
    """A person, known by name only: `kind` is customer or tester, and one name can be both."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("account_id", "kind", "name"), CLUSTERED)

    account_id: str = _account_id()
    id: int = _key()
    kind: str
    name: str


class TestCycle(Base, table=True):
    """A crowd-test cycle, drafts included."""

    __test__ = False  # the name starts with "Test", and this is no test class
    __tablename__ = "test_cycle"
    __table_args__ = (
        _to("product", "product_id"),
        _to("users", "created_by_id"),
        _to("users", "submitted_by_id"),
        Index("ix_test_cycle_end_day", "account_id", "end_day"),
        Index("ix_test_cycle_created_by", "account_id", "created_by_id"),
        Index("ix_test_cycle_submitted_by", "account_id", "submitted_by_id"),
        CLUSTERED,
    )

    account_id: str = _account_id()
    id: int = _key()
    title: str | None = None
    status: str | None = None
    review_status: str | None = None
    testing_type: str | None = None
    test_environment: str | None = None
    product_id: int | None = _ref()
    created_by_id: int | None = _ref()
    submitted_by_id: int | None = _ref()
    start_at: datetime | None = None
    start_day: date | None = None
    end_at: datetime | None = None
    end_day: date | None = None


class TestFeature(Base, table=True):
    """A feature in a test cycle; `test_feature_id` is the source's id of the pair."""

    __test__ = False  # the name starts with "Test", and this is no test class
    __tablename__ = "test_feature"
    __table_args__ = (
        _to("test_cycle", "cycle_id"),
        _to("feature", "feature_id"),
        Index("ix_test_feature_feature", "account_id", "feature_id"),
        Index("ix_test_feature_test_feature_id", "account_id", "test_feature_id"),
        CLUSTERED,
    )

    account_id: str = _account_id()
    cycle_id: int = _key()
    feature_id: int = _key()
    test_feature_id: int | None = _ref()
    title: str | None = None


class CyclePlatform(Base, table=True):
    """An operating system that a test cycle asks for."""

    __tablename__ = "cycle_platform"
    __table_args__ = (_to("test_cycle", "cycle_id"), CLUSTERED)

    account_id: str = _account_id()
    cycle_id: int = _key()
    platform: str = Field(primary_key=True)


class Bug(Base, table=True):
    """A bug report; status `auto_accepted` is an accepted bug that nobody reviewed."""

    __table_args__ = (
        _to("test_cycle", "cycle_id"),
        _to("product", "product_id"),
        _to("feature", "feature_id"),
        _to("users", "tester_id"),
        Index("ix_bug_cycle", "account_id", "cycle_id"),
        Index("ix_bug_tester", "account_id", "tester_id"),
        Index("ix_bug_reported_day", "account_id", "reported_day"),
        CLUSTERED,
    )

    account_id: str = _account_id()
    id: int = _key()
    title: str | None = None
    cycle_id: int | None = _ref()
    product_id: int | None = _ref()
    feature_id: int | None = _ref()
    tester_id: int | None = _ref()
    severity: str | None = None
    status: str | None = None
    known: bool | None = None
    rejection_reason: str | None = None
    reported_at: datetime | None = None
    reported_day: date | None = None


class BugDevice(Base, table=True):
    """An operating system on which a bug was seen."""

    __tablename__ = "bug_device"
    __table_args__ = (_to("bug", "bug_id"), CLUSTERED)

    account_id: str = _account_id()
    bug_id: int = _key()
    platform: str = Field(primary_key=True)


class RejectionReason(Base, table=True):
    """The source's list of reasons; a rejection's comment starts from `default_comment`."""

    __tablename__ = "rejection_reason"
    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    key: str = Field(primary_key=True)
    name: str | None = None
    default_comment: str | None = None


class SyncRun(Base, table=True):
    """One synchronisation; status is running, done, partial, failed or stopped.

    `counts` maps an entity to how many rows were added, changed, unchanged and refused.
    """

    __tablename__ = "sync_run"
    __table_args__ = (Index("ix_sync_run_started", "account_id", "source", "started_at"), CLUSTERED)

    account_id: str = _account_id()
    id: int = _key()
    source: str
    status: str
    started_at: datetime
    finished_at: datetime | None = None
    step: str = ""
    done: int = 0
    total: int | None = None
    requests: int = 0
    counts: dict[str, dict[str, int]] = Field(default_factory=dict, sa_type=JSON)
    message: str = ""


class SyncProblem(Base, table=True):
    """An object, or a field of it, that could not be read; `value` is what the source sent."""

    __tablename__ = "sync_problem"
    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    source: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    source_id: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    reason: str
    value: str | None = None
    run_id: int = Field(sa_type=BigInteger)
    seen_at: datetime


class SyncLease(Base, table=True):
    """Who synchronises the account now; a lease that has run out is free."""

    __tablename__ = "sync_lease"
    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    holder: str
    acquired_at: datetime
    expires_at: datetime


class CycleReading(Base, table=True):
    """When a test cycle was last read together with its bugs.

    One that `is_settled` is final and its bugs are decided: it need not be read again.
    """

    __tablename__ = "cycle_reading"
    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    cycle_id: int = _key()
    read_at: datetime
    is_settled: bool


class ListReading(Base, table=True):
    """When a list was last read to its end, with all that it names.

    `kind` is test_cycles or features, both of the product `parent_id`, or reject_reasons, of 0.
    """

    __tablename__ = "list_reading"
    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    kind: str = Field(primary_key=True)
    parent_id: int = _key()
    read_at: datetime


class Vanished(Base, table=True):
    """A test cycle or bug that the source no longer has, moved here from the tables of figures.

    `kind` is test_cycle or bug; `content` holds the row as it was stored, with its links.
    """

    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    kind: str = Field(primary_key=True)
    id: int = _key()
    noticed_at: datetime
    title: str | None = None
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Enhancement(Base, table=True):
    """One run of the ticket enhancer; status is pending, completed or failed."""

    __table_args__ = (Index("ix_enhancement_created_day", "account_id", "created_day"), CLUSTERED)

    account_id: str = _account_id()
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

    account_id: str = _account_id()
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

    account_id: str = _account_id()
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
        _to("feedback", "feedback_id"),
        Index("ix_feedback_vote_feedback", "account_id", "feedback_id"),
        CLUSTERED,
    )

    account_id: str = _account_id()
    id: int = _key()
    feedback_id: str
    thumb: str | None = None
    rating: int | None = None
    comment: str | None = None
    cast_at: datetime


class Criterion(Base, table=True):
    """A success criterion: a target, the side of it that is good, and who answers for it."""

    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    key: str = Field(primary_key=True)
    label: str
    direction: str
    target: float
    unit: str
    owner: str
    rationale: str
    is_guardrail: bool = False
    position: int = 0


class AccountSetting(Base, table=True):
    """What an account decides for itself, such as its thresholds: see `core.account_settings`."""

    __tablename__ = "account_setting"
    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    key: str = Field(primary_key=True)
    value: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class AuditEntry(Base, table=True):
    """Who changed what people decide, when, from what and to what; None where there was nothing."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "account_id", "subject", "id"), CLUSTERED)

    account_id: str = _account_id()
    id: int = _key()
    subject: str
    at: datetime
    by: str
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class SavedView(Base, table=True):
    """A view of the explorer that someone named: the query part of its link."""

    __tablename__ = "saved_view"
    __table_args__ = CLUSTERED

    account_id: str = _account_id()
    name: str = Field(primary_key=True)
    query: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSON)
    saved_at: datetime


# What figures of test cycles and bugs are computed from.
FACT_TABLES = tuple(
    table(model)
    for model in (
        Account,
        CalendarDay,
        Product,
        Feature,
        User,
        TestCycle,
        TestFeature,
        CyclePlatform,
        Bug,
        BugDevice,
    )
)

# What no page caches: writing it leaves the data version alone.
BOOKKEEPING = tuple(table(model) for model in (SyncRun, SyncLease, CycleReading, ListReading))
