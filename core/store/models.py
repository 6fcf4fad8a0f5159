"""Every table of the store.

Each table leads with the account, and each key is unique within one account, so that a store can
be split by account. Ids of synced rows are the source's own. Instants are aware UTC; a `..._day`
column is the same instant's date in the account's business time zone, written by
`core.store.days`, so that a query groups and filters by day without computing with time zones.
"""

from core.store.entered import (
    AccountSetting,
    AuditEntry,
    Criterion,
    Enhancement,
    Feedback,
    FeedbackVote,
    SavedView,
    Ticket,
)
from core.store.facts import (
    FACT_TABLES,
    Account,
    Bug,
    BugDevice,
    CalendarDay,
    CyclePlatform,
    Feature,
    Product,
    RejectionReason,
    TestCycle,
    TestFeature,
    User,
)
from core.store.syncing import (
    BOOKKEEPING,
    CycleReading,
    ListReading,
    SyncLease,
    SyncProblem,
    SyncRun,
    Vanished,
)
from core.store.tables import Base, table

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
