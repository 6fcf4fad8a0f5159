"""The local store: its tables, how it is opened, read and written."""

from core.store.columnar import FactReader
from core.store.columns import Origin, table
from core.store.days import instant_of
from core.store.engine import Store, one_state, open_store
from core.store.entered import (
    PAGES,
    AccountSetting,
    Annotation,
    ApiToken,
    AuditEntry,
    BaselineWindow,
    Criterion,
    Exclusion,
    Feedback,
    FeedbackReceipt,
    FeedbackVote,
    Opportunity,
    RaterSalt,
    Review,
    ReviewAction,
    ReviewEscalation,
    ReviewNote,
    SavedView,
    SurveyDraft,
    SurveyInvitation,
    SurveyResponse,
    Theme,
    ThemeAssignment,
    ThemeRule,
    has_content,
    on_enhancer,
)
from core.store.synced import (
    BUG_ACCEPTED,
    BUG_DECIDED,
    BUG_REVIEWED,
    PROMETHEUS,
    Account,
    Bug,
    BugDevice,
    CalendarDay,
    CounterIncrement,
    CyclePlatform,
    CycleReading,
    Enhancement,
    Feature,
    GaugeReading,
    ListReading,
    Product,
    RejectionReason,
    ScrapeGap,
    ScrapeSpan,
    SyncLease,
    SyncProblem,
    SyncRun,
    TestCycle,
    TestFeature,
    Ticket,
    User,
    Vanished,
)
from core.store.tables import FACT_TABLES, tables_from
from core.store.tenancy import Scope, account_named, accounts
from core.store.unit_of_work import Counts, Unit, chunks
