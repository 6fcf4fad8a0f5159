"""Tables of what is read from outside: test cycles, bugs, the platform, and the sync's notes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from core.store.columns import (
    Base,
    Fact,
    OfAccount,
    Origin,
    Synced,
    SyncNote,
    options,
    own_key,
    reference,
    within_account,
)

# The key of the `AccountSetting` that says what was read: for each metric (requests_total, ...) its
# `name` there, the `selector` that asked for it, its `series` as they stand in the rows here, and
# of a utilisation the number of `workers`.
PROMETHEUS = "prometheus"


class Account(Base, table=True):
    """A customer account (tenant).

    `data_version` is drawn anew with every write that a page could show, `facts_version` with those
    that touch a table of `FACT_TABLES`.
    """

    __options__ = options(Origin.PRODUCT, is_fact=True)

    id: str = Field(primary_key=True)
    name: str
    is_demo: bool = False
    timezone: str
    data_version: int = Field(default=0, sa_type=BigInteger)
    facts_version: int = Field(
        default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"}
    )
    created_at: datetime


class CalendarDay(OfAccount, table=True):
    """A day and the periods it belongs to; weeks are ISO weeks, `weekday` is 1 for Monday."""

    __tablename__ = "calendar"
    __options__ = options(Origin.PRODUCT, is_fact=True)

    day: date = Field(primary_key=True)
    week: str
    month: str
    quarter: str
    year: str
    weekday: int


class Product(Fact, table=True):
    """`in_catalogue` is false when only a test cycle or a bug still names it."""

    id: int = own_key()
    name: str | None = None
    type: str | None = None
    in_catalogue: bool = True


class Feature(Fact, table=True):
    """`in_catalogue` is false when only a test cycle or a bug still names it."""

    __constraints__ = (within_account("product", "product_id"),)

    id: int = own_key()
    product_id: int | None = reference()
    title: str | None = None
    in_catalogue: bool = True


class User(Fact, table=True):
    """A person, known by name only: `kind` is customer or tester, and one name can be both."""

    __tablename__ = "users"
    __constraints__ = (UniqueConstraint("account_id", "kind", "name"),)

    id: int = own_key()
    kind: str
    name: str


class TestCycle(Fact, table=True):
    """A crowd-test cycle, drafts included."""

    __test__ = False  # the name starts with "Test", and this is no test class
    __constraints__ = (
        within_account("product", "product_id"),
        within_account("users", "created_by_id"),
        within_account("users", "submitted_by_id"),
        Index("ix_test_cycle_end_day", "account_id", "end_day"),
        Index("ix_test_cycle_created_by", "account_id", "created_by_id"),
        Index("ix_test_cycle_submitted_by", "account_id", "submitted_by_id"),
    )

    id: int = own_key()
    title: str | None = None
    status: str | None = None
    review_status: str | None = None
    testing_type: str | None = None
    test_environment: str | None = None
    product_id: int | None = reference()
    created_by_id: int | None = reference()
    submitted_by_id: int | None = reference()
    start_at: datetime | None = None
    start_day: date | None = None
    end_at: datetime | None = None
    end_day: date | None = None


class TestFeature(Fact, table=True):
    """A feature in a test cycle; `test_feature_id` is the source's id of the pair."""

    __test__ = False  # the name starts with "Test", and this is no test class
    __constraints__ = (
        within_account("test_cycle", "cycle_id"),
        within_account("feature", "feature_id"),
        Index("ix_test_feature_feature", "account_id", "feature_id"),
        Index("ix_test_feature_test_feature_id", "account_id", "test_feature_id"),
    )

    cycle_id: int = own_key()
    feature_id: int = own_key()
    test_feature_id: int | None = reference()
    title: str | None = None


class CyclePlatform(Fact, table=True):
    """An operating system that a test cycle asks for."""

    __constraints__ = (within_account("test_cycle", "cycle_id"),)

    cycle_id: int = own_key()
    platform: str = Field(primary_key=True)


# Statuses of bugs that were accepted, decided by a person, and decided at all.
BUG_ACCEPTED = ("accepted", "auto_accepted")
BUG_REVIEWED = ("accepted", "rejected")
BUG_DECIDED = (*BUG_ACCEPTED, "rejected")


class Bug(Fact, table=True):
    """A bug report; status `auto_accepted` is accepted without a review."""

    __constraints__ = (
        within_account("test_cycle", "cycle_id"),
        within_account("product", "product_id"),
        within_account("feature", "feature_id"),
        within_account("users", "tester_id"),
        Index("ix_bug_cycle", "account_id", "cycle_id"),
        Index("ix_bug_tester", "account_id", "tester_id"),
        Index("ix_bug_reported_day", "account_id", "reported_day"),
    )

    id: int = own_key()
    title: str | None = None
    cycle_id: int | None = reference()
    product_id: int | None = reference()
    feature_id: int | None = reference()
    tester_id: int | None = reference()
    severity: str | None = None
    status: str | None = None
    known: bool | None = None
    rejection_reason: str | None = None
    reported_at: datetime | None = None
    reported_day: date | None = None


class BugDevice(Fact, table=True):
    """An operating system on which a bug was seen."""

    __constraints__ = (within_account("bug", "bug_id"),)

    bug_id: int = own_key()
    platform: str = Field(primary_key=True)


class RejectionReason(Synced, table=True):
    """The source's list of reasons; a rejection's comment starts from `default_comment`."""

    key: str = Field(primary_key=True)
    name: str | None = None
    default_comment: str | None = None


class Enhancement(Synced, table=True):
    """One run of the ticket enhancer; status is pending, completed or failed."""

    # Holds all that a criterion reads of a run, so that a week of many runs is one short reading.
    __constraints__ = (
        Index(
            *("ix_enhancement_created_day", "account_id", "created_day"),
            *("status", "processing_time_ms"),
        ),
    )

    id: str = Field(primary_key=True)
    ticket_id: str | None = None
    status: str
    processing_time_ms: int | None = None
    created_at: datetime
    created_day: date
    completed_at: datetime | None = None
    error_message: str | None = None


class Ticket(Synced, table=True):
    """A service-desk ticket; `day` is the day it was resolved, else opened."""

    __constraints__ = (Index("ix_ticket_day", "account_id", "day"),)

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


class CounterIncrement(Synced, table=True):
    """By how much a counter had grown at a scrape since the one before; nothing is kept where 0.

    `series` names the metric with the labels that matter, such as
    `enhancement_requests_total{status="failed"}`; instances are summed up.
    """

    series: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True)
    increase: float


class GaugeReading(Synced, table=True):
    """What a gauge showed during five minutes from `at`: mean, greatest and number of scrapes."""

    series: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True)
    mean: float
    greatest: float
    scrapes: int


class ScrapeSpan(Synced, table=True):
    """A time that was read from the server, whether or not it had anything to tell."""

    from_at: datetime = Field(primary_key=True)
    to_at: datetime


class ScrapeGap(Synced, table=True):
    """A time in which a metric was not scraped, or in which its counter began anew.

    `kind` is gap or reset; a reset is an instant.
    """

    series: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    from_at: datetime = Field(primary_key=True)
    to_at: datetime


class SyncRun(SyncNote, table=True):
    """One synchronisation or import; status is running, done, partial, failed or stopped.

    `counts` maps an entity to how many rows were added, changed, unchanged and refused;
    `finished_at` of an import that is running says when it last wrote.
    """

    __constraints__ = (Index("ix_sync_run_started", "account_id", "source", "started_at"),)

    id: int = own_key()
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


class SyncProblem(Synced, table=True):
    """An object, or a field of it, that could not be read; `value` is what the source sent."""

    source: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    source_id: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    reason: str
    value: str | None = None
    run_id: int = Field(sa_type=BigInteger)
    seen_at: datetime


class SyncLease(SyncNote, table=True):
    """Who synchronises the account now; a lease that has run out is free."""

    holder: str
    acquired_at: datetime
    expires_at: datetime


class CycleReading(SyncNote, table=True):
    """When a test cycle was last read together with its bugs.

    One that `is_settled` is final and its bugs are decided: it need not be read again.
    """

    cycle_id: int = own_key()
    read_at: datetime
    is_settled: bool


class ListReading(SyncNote, table=True):
    """When a list was last read to its end, with all that it names.

    `kind` is test_cycles or features, both of the product `parent_id`, or reject_reasons, of 0.
    """

    kind: str = Field(primary_key=True)
    parent_id: int = own_key()
    read_at: datetime


class Vanished(OfAccount, table=True):
    """A test cycle or bug that the source no longer has, moved here from the tables of figures.

    `kind` is test_cycle or bug; `content` holds the row as it was stored, with its links.
    """

    __options__ = options(Origin.PRODUCT)

    kind: str = Field(primary_key=True)
    id: int = own_key()
    noticed_at: datetime
    title: str | None = None
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
