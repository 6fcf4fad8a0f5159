"""Which segment a customer user is in: how much they create, and whether they come or go."""

from datetime import date, timedelta

from core.analytics.account_settings import EngagementSettings

ACTIVITIES = ("high", "medium", "low", "none")
LIFECYCLES = ("new", "returning", "fading", "silent")


def activity_of(created: int, settings: EngagementSettings) -> str:
    """One of `ACTIVITIES`, by the cycles that someone created in the window."""
    if created >= settings.high_activity:
        return "high"
    if created >= settings.medium_activity:
        return "medium"
    return "low" if created else "none"


def lifecycle_of(
    first: date | None, last: date | None, *, today: date, settings: EngagementSettings
) -> str | None:
    """One of `LIFECYCLES`, by the days on which their first and latest cycle ended or end.

    Who went away is silent or fading, however new; None for who has no cycle with a date.
    """
    if first is None or last is None:
        return None
    ago = (today - last).days
    if ago > settings.silent_days:
        return "silent"
    if ago > settings.fading_days:
        return "fading"
    return "new" if first >= today - timedelta(days=settings.new_days) else "returning"
