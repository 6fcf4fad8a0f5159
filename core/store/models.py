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
from core.store.judged import Annotation, BaselineWindow, Exclusion, SurveyResponse
from core.store.platform import (
    PROMETHEUS,
    CounterIncrement,
    GaugeReading,
    ScrapeGap,
    ScrapeSpan,
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
    "PROMETHEUS",
    "Account",
    "AccountSetting",
    "Annotation",
    "AuditEntry",
    "Base",
    "BaselineWindow",
    "Bug",
    "BugDevice",
    "CalendarDay",
    "CounterIncrement",
    "Criterion",
    "CyclePlatform",
    "CycleReading",
    "Enhancement",
    "Exclusion",
    "Feature",
    "Feedback",
    "FeedbackVote",
    "GaugeReading",
    "ListReading",
    "Product",
    "RejectionReason",
    "SavedView",
    "ScrapeGap",
    "ScrapeSpan",
    "SurveyResponse",
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
