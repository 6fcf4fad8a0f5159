"""Dates as people write them, windows of days, and the periods that days belong to."""

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, true

from core.base import text
from core.base.errors import QueryError
from core.store.days import calendar_row

EXAMPLES = (
    "2024-01-31",
    "2024-W05",
    "2024-01",
    "2024-Q1",
    "2024",
    "today",
    "yesterday",
    "90 days ago",
    "last week",
    "this month",
    "YTD",
)
# Labels of the preset windows, and how many days they look back, today included.
PRESETS: Mapping[str, int | None] = {
    "Last 30 days": 30,
    "Last 90 days": 90,
    "Last 12 months": 365,
    "Last 24 months": 730,
    "All time": None,
}
ONE_DAY = timedelta(days=1)
MONTHS = {"month": 1, "year": 12}

Span = tuple[date, date]


@dataclass(frozen=True)
class Window:
    """Days from `start` to `end`, both included; None is an open side, all time has two."""

    start: date | None = None
    end: date | None = None
    label: str = ""

    @property
    def is_dated(self) -> bool:
        """Whether a side is closed."""
        return self.start is not None or self.end is not None

    @property
    def days(self) -> int | None:
        """The number of days; None with an open side."""
        if self.start is None or self.end is None:
            return None
        return (self.end - self.start).days + 1

    @property
    def span(self) -> Span:
        """The first and the last day; raises ValueError with an open side."""
        if self.start is None or self.end is None:
            raise ValueError("this takes a window of days")
        return self.start, self.end

    @property
    def dates(self) -> list[date]:
        """The days in order; raises ValueError with an open side."""
        first, last = self.span
        return [first + n * ONE_DAY for n in range((last - first).days + 1)]

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The first instant of the days in a zone, and the first after them; a day has 23 to 25 h.

        In UTC: within a zone Python subtracts wall clocks, which give every day 24 hours.
        """
        first, last = self.span
        start, end = (datetime.combine(day, time(), zone) for day in (first, last + ONE_DAY))
        return start.astimezone(UTC), end.astimezone(UTC)

    @property
    def previous(self) -> "Window | None":
        """The window of the same length just before; None with an open side."""
        if self.start is None or self.days is None:
            return None
        label = f"the {text.times(self.days, 'day')} before"
        return Window(self.start - self.days * ONE_DAY, self.start - ONE_DAY, label)

    @property
    def year_before(self) -> "Window | None":
        """The same days a year before, the 28th for 29 February; None with an open side."""
        if self.start is None or self.end is None:
            return None
        start, end = _months_ago(self.start, 12), _months_ago(self.end, 12)
        return Window(start, end, f"a year before, {text.day(start)} to {text.day(end)}")

    @property
    def grain(self) -> str:
        """The period to show a trend by: the week up to half a year, the month beyond."""
        return "week" if self.days is not None and self.days <= 26 * 7 else "month"

    def at_least(self, days: int, today: date) -> "Window":
        """The window extended backwards to a number of days and whole months.

        All time ends today.
        """
        if self.start is None or self.end is None:
            return Window(None, today, self.label)
        start = min(self.start, self.end - (days - 1) * ONE_DAY).replace(day=1)
        return Window(start, self.end, self.label if start == self.start else f"{days} days")

    def takes(self, day: date | None) -> bool:
        """Whether a day lies in the window; all time includes what has no day."""
        if day is None:
            return not self.is_dated
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    def contains(self, day: ColumnElement[Any]) -> ColumnElement[bool]:
        """The SQL condition of days in the window; all time also takes rows without a day."""
        after = true() if self.start is None else day >= self.start
        return and_(after, true() if self.end is None else day <= self.end)

    def within(self, span: Span | None) -> Span | None:
        """The window with its open sides taken from the span of the data; None without either."""
        start = self.start or (span[0] if span else None)
        end = self.end or (span[1] if span else None)
        return None if start is None or end is None or start > end else (start, end)


def preset(label: str, today: date) -> Window:
    """The window of a preset, seen from today."""
    days = PRESETS[label]
    if days is None:
        return Window(None, None, label)
    return Window(today - (days - 1) * ONE_DAY, today, label)


def iso_week(day: date) -> Window:
    """The ISO week, Monday to Sunday, that a day lies in."""
    return Window(*period_of("week", day), period_name("week", day))


def week_named(label: str) -> Window:
    """The ISO week of a label such as 2026-W47; raises QueryError for any other text."""
    try:
        year, _, week = label.strip().partition("-W")
        return iso_week(period_days(f"{year}-W{week}")[0])
    except (ValueError, OverflowError):
        raise QueryError(f"{label[:40]!r} is no ISO week: write 2026-W47.") from None


def last_complete_week(today: date, weeks_ago: int = 0) -> Window:
    """The ISO week, Monday to Sunday, that ended last before today, or one before it."""
    return iso_week(today - timedelta(weeks=weeks_ago + 1))


def read_window(start: str | date | None, end: str | date | None, *, today: date) -> Window:
    """The window between two dates or phrases; raises QueryError when it ends before it starts."""
    window = Window(
        None if start is None else resolve_day(start, is_end=False, today=today),
        None if end is None else resolve_day(end, is_end=True, today=today),
    )
    if window.start is not None and window.end is not None and window.start > window.end:
        raise QueryError(
            f"The dates end ({window.end}) before they start ({window.start}): swap them."
        )
    return window


def resolve_day(phrase: str | date, *, is_end: bool, today: date) -> date:
    """The day that a date or phrase means; a period means its first day, as an end its last.

    Raises QueryError with what can be written instead.
    """
    if isinstance(phrase, datetime):
        return phrase.date()
    if isinstance(phrase, date):
        return phrase
    if not isinstance(phrase, str):
        raise QueryError(f"A date is text or a date, not {type(phrase).__name__}.")
    try:
        span = _span(" ".join(phrase.split()).casefold(), today)
    except (ValueError, OverflowError):
        raise QueryError(
            f"{phrase[:80]!r} is no date that can be read: write one of {', '.join(EXAMPLES)}."
        ) from None
    return span[1] if is_end else span[0]


def _span(phrase: str, today: date) -> Span:
    if phrase in {"today", "yesterday"}:
        day = today - ONE_DAY * (phrase == "yesterday")
        return day, day
    if phrase == "ytd":
        return date(today.year, 1, 1), today
    if found := re.fullmatch(r"([0-9]{1,6}) (day|week|month|year)s? ago", phrase):
        n, unit = int(found[1]), found[2]
        if unit in MONTHS:
            day = _months_ago(today, n * MONTHS[unit])
        else:
            day = today - timedelta(**{f"{unit}s": n})
        return day, day
    if found := re.fullmatch(r"(last|this) (week|month|quarter|year)", phrase):
        first, last = period_of(found[2], today)
        return (first, last) if found[1] == "this" else period_of(found[2], first - ONE_DAY)
    return period_days(phrase.upper())


def _months_ago(today: date, months: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _months(year: int, first: int, number: int = 1) -> Span:
    last = first + number - 1
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def period_of(unit: str, day: date) -> Span:
    """The first and last day of the day, week, month, quarter or year in which a day lies."""
    return period_days(period_name(unit, day))


def period_name(unit: str, day: date) -> str:
    """The label of the day, week, month, quarter or year in which a day lies."""
    return str(calendar_row(day)[unit])


def period_days(label: str) -> Span:
    """The first and last day of 2024-01-31, 2024-W05, 2024-01, 2024-Q1 or 2024.

    Raises ValueError for any other text.
    """
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", label):
        day = date.fromisoformat(label)
        return day, day
    found = re.fullmatch(r"([0-9]{4})(?:-W([0-9]{1,2})|-Q([0-9]{1,2})|-([0-9]{2}))?", label)
    if found is None:
        raise ValueError(label)
    year, (week, quarter, month) = int(found[1]), found.groups()[1:]
    if week:
        monday = date.fromisocalendar(year, int(week), 1)
        return monday, monday + 6 * ONE_DAY
    if quarter:
        return _months(year, 3 * int(quarter) - 2, 3)
    return _months(year, int(month)) if month else _months(year, 1, 12)


def every_period(unit: str, first: str, last: str) -> list[str]:
    """The labels of a unit's periods from one to another, both included, without a gap."""
    span = period_days(first)[0], period_days(last)[1]
    return [str(name) for (name,) in days_by_period(span, [unit])]


def days_by_period(
    span: Span, units: Iterable[str], includes: Callable[[Mapping[str, Any]], bool] = lambda _: True
) -> Counter[tuple[Any, ...]]:
    """How many days of a span fall into each combination of periods, in the order of the days.

    `includes` decides on a day by its row of the calendar (`core.store.days.calendar_row`).
    """
    units = tuple(units)
    days: Counter[tuple[Any, ...]] = Counter()
    for n in range((span[1] - span[0]).days + 1):
        row = calendar_row(span[0] + n * ONE_DAY)
        if includes(row):
            days[tuple(row[unit] for unit in units)] += 1
    return days
