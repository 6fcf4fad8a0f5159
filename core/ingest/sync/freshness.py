"""Whether an account was synchronised lately enough, measured by its own target."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.base.settings import Settings

# One run may fail or be slow; after two nothing came that should have.
INTERVALS = 2
# Where nothing is synchronised by itself, someone has to do it once a day.
BY_HAND = timedelta(days=1)


@dataclass(frozen=True)
class Freshness:
    """When the last run ended that brought data in (None: never), and the age it may have."""

    at: datetime | None
    target: timedelta
    is_late: bool


def freshness(
    settings: Settings,
    account_id: str,
    at: datetime | None,
    now: datetime,
    *,
    source: str = "testio",
) -> Freshness | None:
    """How fresh an account is, last synchronised `at` with a source; None where it has it not."""
    account = next((a for a in settings.accounts if a.id == account_id), None)
    if account is None or source not in account.sources:
        return None
    seconds = account.sync_interval_seconds
    if seconds is None:
        seconds = settings.sync_interval_seconds
    target = INTERVALS * timedelta(seconds=seconds) if seconds else BY_HAND
    return Freshness(at, target, is_late=at is None or now - at > target)
