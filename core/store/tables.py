"""Every table of the store.

Each table leads with the account, and each key is unique within one account, so that a store can
be split by account. Ids of synced rows are the source's own. Instants are aware UTC; a `..._day`
column is the same instant's date in the account's business time zone, written by
`core.store.days`, so that a query groups and filters by day without computing with time zones.
"""

from core.store.access import ApiToken, FeedbackReceipt, RaterSalt
from core.store.columns import Base, table
from core.store.entered import (
    PAGES,
    AccountSetting,
    AuditEntry,
    Criterion,
    Enhancement,
    Feedback,
    FeedbackVote,
    SavedView,
    Ticket,
    on_enhancer,
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
from core.store.platform import PROMETHEUS, CounterIncrement, GaugeReading, ScrapeGap, ScrapeSpan
from core.store.reviewing import Review, ReviewAction, ReviewEscalation, ReviewNote
from core.store.surveying import SurveyDraft, SurveyInvitation
from core.store.syncing import (
    SYNC_BOOKKEEPING,
    CycleReading,
    ListReading,
    SyncLease,
    SyncProblem,
    SyncRun,
    Vanished,
)
from core.store.themed import Opportunity, Theme, ThemeAssignment, ThemeRule

__all__ = [
    "BOOKKEEPING",
    "FACT_TABLES",
    "PAGES",
    "PROMETHEUS",
    "Account",
    "AccountSetting",
    "Annotation",
    "ApiToken",
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
    "FeedbackReceipt",
    "FeedbackVote",
    "GaugeReading",
    "ListReading",
    "Opportunity",
    "Product",
    "RaterSalt",
    "RejectionReason",
    "Review",
    "ReviewAction",
    "ReviewEscalation",
    "ReviewNote",
    "SavedView",
    "ScrapeGap",
    "ScrapeSpan",
    "SurveyDraft",
    "SurveyInvitation",
    "SurveyResponse",
    "SyncLease",
    "SyncProblem",
    "SyncRun",
    "TestCycle",
    "TestFeature",
    "Theme",
    "ThemeAssignment",
    "ThemeRule",
    "Ticket",
    "User",
    "Vanished",
    "on_enhancer",
    "table",
]

# What no page caches: writing it leaves the data version alone.
BOOKKEEPING = (
    *SYNC_BOOKKEEPING,
    *(table(model) for model in (ApiToken, FeedbackReceipt, RaterSalt)),
)
