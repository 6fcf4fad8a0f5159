"""The window of days that a page looks at, and the window before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from core.base import text


@dataclass(frozen=True)
class Window:
    """Days from `start` to `end`, both included; None on both sides is all time."""

    start: date | None
    end: date | None
    label: str

    @property
    def days(self) -> int | None:
        """How many days; None for all time."""
        if self.start is None or self.end is None:
            return None
        return (self.end - self.start).days + 1

    @property
    def previous(self) -> "Window | None":
        """The window of the same length just before; None for all time."""
        if self.start is None or self.days is None:
            return None
        end = self.start - timedelta(days=1)
        length = text.times(self.days, "day")
        return Window(self.start - timedelta(days=self.days), end, f"previous {length}")

    def at_least(self, days: int, today: date) -> "Window":
        """The window stretched back to so many days; all time stays all time, up to today."""
        if self.days is None or self.end is None:
            return Window(None, today, self.label)
        if self.days >= days:
            return self
        return Window(self.end - timedelta(days=days - 1), self.end, f"{days} days")

    def takes(self, day: date | None) -> bool:
        """Whether a day lies in the window; all time takes what has no day as well."""
        if day is None:
            return self.start is None and self.end is None
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    @property
    def grain(self) -> str:
        """The period to show a trend by: the week up to half a year, the month beyond."""
        return "week" if self.days is not None and self.days <= 26 * 7 else "month"


# Labels of the presets and how many days they look back, today included.
PRESETS: Mapping[str, int | None] = {
    "Last 30 days": 30,
    "Last 90 days": 90,
    "Last 12 months": 365,
    "Last 24 months": 730,
    "All time": None,
}


def preset(label: str, today: date) -> Window:
    """The window of a preset, seen from today."""
    days = PRESETS[label]
    if days is None:
        return Window(None, None, label)
    return Window(today - timedelta(days=days - 1), today, label)


def last_complete_week(today: date, weeks_ago: int = 0) -> Window:
    """The ISO week, Monday to Sunday, that ended last before today, or one before it."""
    return iso_week(today - timedelta(weeks=weeks_ago + 1))


def iso_week(day: date) -> Window:
    """The ISO week, Monday to Sunday, that a day lies in."""
    monday = day - timedelta(days=day.weekday())
    iso = day.isocalendar()
    return Window(monday, monday + timedelta(days=6), f"{iso.year:04}-W{iso.week:02}")
