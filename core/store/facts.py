"""Test cycles, bugs and what they belong to: what is synchronised and can be rebuilt."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from core.store.columns import (
    CLUSTERED,
    Base,
    account_key,
    own_key,
    reference,
    table,
    within_account,
)


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

    account_id: str = account_key()
    day: date = Field(primary_key=True)
    week: str
    month: str
    quarter: str
    year: str
    weekday: int


class Product(Base, table=True):
    """`in_catalogue` is false when only a test cycle or a bug still names it."""

    __table_args__ = CLUSTERED

    account_id: str = account_key()
    id: int = own_key()
    name: str | None = None
    type: str | None = None
    in_catalogue: bool = True


class Feature(Base, table=True):
    """`in_catalogue` is false when only a test cycle or a bug still names it."""

    __table_args__ = (within_account("product", "product_id"), CLUSTERED)

    account_id: str = account_key()
    id: int = own_key()
    product_id: int | None = reference()
    title: str | None = None
    in_catalogue: bool = True


class User(Base, table=True):
    """A person, known by name only: `kind` is customer or tester, and one name can be both."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("account_id", "kind", "name"), CLUSTERED)

    account_id: str = account_key()
    id: int = own_key()
    kind: str
    name: str


class TestCycle(Base, table=True):
    """A crowd-test cycle, drafts included."""

    __test__ = False  # the name starts with "Test", and this is no test class
    __tablename__ = "test_cycle"
    __table_args__ = (
        within_account("product", "product_id"),
        within_account("users", "created_by_id"),
        within_account("users", "submitted_by_id"),
        Index("ix_test_cycle_end_day", "account_id", "end_day"),
        Index("ix_test_cycle_created_by", "account_id", "created_by_id"),
        Index("ix_test_cycle_submitted_by", "account_id", "submitted_by_id"),
        CLUSTERED,
    )

    account_id: str = account_key()
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


class TestFeature(Base, table=True):
    """A feature in a test cycle; `test_feature_id` is the source's id of the pair."""

    __test__ = False  # the name starts with "Test", and this is no test class
    __tablename__ = "test_feature"
    __table_args__ = (
        within_account("test_cycle", "cycle_id"),
        within_account("feature", "feature_id"),
        Index("ix_test_feature_feature", "account_id", "feature_id"),
        Index("ix_test_feature_test_feature_id", "account_id", "test_feature_id"),
        CLUSTERED,
    )

    account_id: str = account_key()
    cycle_id: int = own_key()
    feature_id: int = own_key()
    test_feature_id: int | None = reference()
    title: str | None = None


class CyclePlatform(Base, table=True):
    """An operating system that a test cycle asks for."""

    __tablename__ = "cycle_platform"
    __table_args__ = (within_account("test_cycle", "cycle_id"), CLUSTERED)

    account_id: str = account_key()
    cycle_id: int = own_key()
    platform: str = Field(primary_key=True)


class Bug(Base, table=True):
    """A bug report; status `auto_accepted` is an accepted bug that nobody reviewed."""

    __table_args__ = (
        within_account("test_cycle", "cycle_id"),
        within_account("product", "product_id"),
        within_account("feature", "feature_id"),
        within_account("users", "tester_id"),
        Index("ix_bug_cycle", "account_id", "cycle_id"),
        Index("ix_bug_tester", "account_id", "tester_id"),
        Index("ix_bug_reported_day", "account_id", "reported_day"),
        CLUSTERED,
    )

    account_id: str = account_key()
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


class BugDevice(Base, table=True):
    """An operating system on which a bug was seen."""

    __tablename__ = "bug_device"
    __table_args__ = (within_account("bug", "bug_id"), CLUSTERED)

    account_id: str = account_key()
    bug_id: int = own_key()
    platform: str = Field(primary_key=True)


class RejectionReason(Base, table=True):
    """The source's list of reasons; a rejection's comment starts from `default_comment`."""

    __tablename__ = "rejection_reason"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    key: str = Field(primary_key=True)
    name: str | None = None
    default_comment: str | None = None


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
