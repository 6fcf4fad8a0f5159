"""The local store: its tables, how it is opened, read and written."""

from core.store.access import ApiToken, FeedbackReceipt, RaterSalt
from core.store.columns import table
from core.store.engine import Store, open_store
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
from core.store.syncing import CycleReading, ListReading, SyncLease, SyncProblem, SyncRun, Vanished
from core.store.tenancy import AccountName, Scope, accounts
from core.store.themed import Opportunity, Theme, ThemeAssignment, ThemeRule
from core.store.unit_of_work import Counts, Unit, chunks

__all__ = [
    "FACT_TABLES",
    "PAGES",
    "PROMETHEUS",
    "Account",
    "AccountName",
    "AccountSetting",
    "Annotation",
    "ApiToken",
    "AuditEntry",
    "BaselineWindow",
    "Bug",
    "BugDevice",
    "CalendarDay",
    "CounterIncrement",
    "Counts",
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
    "Scope",
    "ScrapeGap",
    "ScrapeSpan",
    "Store",
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
    "Unit",
    "User",
    "Vanished",
    "accounts",
    "chunks",
    "on_enhancer",
    "open_store",
    "table",
]
