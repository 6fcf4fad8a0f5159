"""What synchronising knows and notes: runs, problems, the lease, what was read when."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index
from sqlmodel import Field

from core.store.columns import CLUSTERED, Base, account_key, own_key, table


class SyncRun(Base, table=True):
    """One synchronisation; status is running, done, partial, failed or stopped.

    `counts` maps an entity to how many rows were added, changed, unchanged and refused.
    """

    __tablename__ = "sync_run"
    __table_args__ = (Index("ix_sync_run_started", "account_id", "source", "started_at"), CLUSTERED)

    account_id: str = account_key()
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


class SyncProblem(Base, table=True):
    """An object, or a field of it, that could not be read; `value` is what the source sent."""

    __tablename__ = "sync_problem"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
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

    account_id: str = account_key()
    holder: str
    acquired_at: datetime
    expires_at: datetime


class CycleReading(Base, table=True):
    """When a test cycle was last read together with its bugs.

    One that `is_settled` is final and its bugs are decided: it need not be read again.
    """

    __tablename__ = "cycle_reading"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    cycle_id: int = own_key()
    read_at: datetime
    is_settled: bool


class ListReading(Base, table=True):
    """When a list was last read to its end, with all that it names.

    `kind` is test_cycles or features, both of the product `parent_id`, or reject_reasons, of 0.
    """

    __tablename__ = "list_reading"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    kind: str = Field(primary_key=True)
    parent_id: int = own_key()
    read_at: datetime


class Vanished(Base, table=True):
    """A test cycle or bug that the source no longer has, moved here from the tables of figures.

    `kind` is test_cycle or bug; `content` holds the row as it was stored, with its links.
    """

    __table_args__ = CLUSTERED

    account_id: str = account_key()
    kind: str = Field(primary_key=True)
    id: int = own_key()
    noticed_at: datetime
    title: str | None = None
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


# What no page caches: writing it leaves the data version alone.
SYNC_BOOKKEEPING = tuple(table(model) for model in (SyncRun, SyncLease, CycleReading, ListReading))
