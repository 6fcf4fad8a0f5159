"""Dates as people write them, and the periods that days belong to."""

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

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
ONE_DAY = timedelta(days=1)

Span = tuple[date, date]


@dataclass(frozen=True)
class Window:
    """The days asked for, both included; an open side is None."""

    start: date | None = None
    end: date | None = None

    @property
    def is_dated(self) -> bool:
        """Whether any day is left out."""
        return self.start is not None or self.end is not None

    def within(self, span: Span | None) -> Span | None:
        """The window with its open sides taken from the span of the data; None without either."""
        start = self.start or (span[0] if span else None)
        end = self.end or (span[1] if span else None)
        return None if start is None or end is None or start > end else (start, end)


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


def resolve_day(text: str | date, *, is_end: bool, today: date) -> date:
    """The day that a date or phrase means; a period means its first day, as an end its last.

    Raises QueryError with what can be written instead.
    """
    if isinstance(text, datetime):
        return text.date()
    if isinstance(text, date):
        return text
    if not isinstance(text, str):
        raise QueryError(f"A date is text or a date, not {type(text).__name__}.")
    try:
        span = _span(" ".join(text.split()).casefold(), today)
    except (ValueError, OverflowError):
        span = None
    if span is None:
        raise QueryError(
            f"{text[:80]!r} is no date that can be read: write one of {', '.join(EXAMPLES)}."
        )
    return span[1] if is_end else span[0]


def _span(text: str, today: date) -> Span | None:
    if text in {"today", "yesterday"}:
        day = today - ONE_DAY * (text == "yesterday")
        return day, day
    if text == "ytd":
        return date(today.year, 1, 1), today
    if found := re.fullmatch(r"([0-9]{1,6}) (day|week|month|year)s? ago", text):
        day = _AGO[found[2]](today, int(found[1]))
        return day, day
    if found := re.fullmatch(r"(last|this) (week|month|quarter|year)", text):
        first, last = period_of(found[2], today)
        return (first, last) if found[1] == "this" else period_of(found[2], first - ONE_DAY)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        day = date.fromisoformat(text)
        return day, day
    return period_days(text.upper())


def _months_ago(today: date, months: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


_AGO: Mapping[str, Callable[[date, int], date]] = {
    "day": lambda today, n: today - n * ONE_DAY,
    "week": lambda today, n: today - 7 * n * ONE_DAY,
    "month": _months_ago,
    "year": lambda today, n: _months_ago(today, 12 * n),
}


def _month(year: int, first: int, months: int = 1) -> Span:
    last = first + months - 1
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def period_of(unit: str, day: date) -> Span:
    """The first and last day of the week, month, quarter or year in which a day lies."""
    if unit == "week":
        monday = day - day.weekday() * ONE_DAY
        return monday, monday + 6 * ONE_DAY
    if unit == "month":
        return _month(day.year, day.month)
    if unit == "quarter":
        return _month(day.year, 3 * ((day.month - 1) // 3) + 1, 3)
    return _month(day.year, 1, 12)


def period_days(label: str) -> Span | None:
    """The first and last day of 2024-W05, 2024-01, 2024-Q1 or 2024; None for any other text."""
    found = re.fullmatch(r"([0-9]{4})(?:-(?:(W)|(Q))?([0-9]{1,2}))?", label)
    if found is None:
        return None
    year, number = int(found[1]), int(found[4] or 0)
    if found[4] is None:
        return _month(year, 1, 12)
    if found[2]:
        monday = date.fromisocalendar(year, number, 1)
        return monday, monday + 6 * ONE_DAY
    if found[3]:
        return _month(year, 3 * number - 2, 3)
    return _month(year, number) if len(found[4]) == 2 else None


def periods(
    span: Span, keys: Iterable[str], wanted: Callable[[Mapping[str, Any]], bool]
) -> Counter[tuple[Any, ...]]:
    """How many days of a span, among those wanted, fall into each period; `keys` name periods."""
    keys = tuple(keys)
    days: Counter[tuple[Any, ...]] = Counter()
    for n in range((span[1] - span[0]).days + 1):
        row = calendar_row(span[0] + n * ONE_DAY)
        if wanted(row):
            days[tuple(row[key] for key in keys)] += 1
    return days
