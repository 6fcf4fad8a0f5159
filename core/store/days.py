"""Days: which business day an instant falls on, and the calendar that groups days into periods."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, insert, select
from sqlmodel import SQLModel

from core.store.columns import table
from core.store.entered import Feedback, SurveyResponse
from core.store.synced import Bug, CalendarDay, Enhancement, TestCycle, Ticket

# A day column and the instants it is taken from: the first one that is known.
DAY_COLUMNS: Mapping[type[SQLModel], Mapping[str, tuple[str, ...]]] = {
    TestCycle: {"start_day": ("start_at",), "end_day": ("end_at",)},
    Bug: {"reported_day": ("reported_at",)},
    Enhancement: {"created_day": ("created_at",)},
    Ticket: {"day": ("resolved_at", "opened_at")},
    Feedback: {"created_day": ("created_at",)},
    SurveyResponse: {"answered_day": ("answered_at",)},
}


def instant_of(day: ColumnElement[date]) -> ColumnElement[datetime]:
    """The instant that a day column is taken from."""
    source: Any = day
    (model,) = (one for one in DAY_COLUMNS if table(one) is source.table)
    first, *others = (source.table.c[name] for name in DAY_COLUMNS[model][source.name])
    return func.coalesce(first, *others) if others else first


def day_of(instant: datetime | None, zone: ZoneInfo) -> date | None:
    """The business day of an instant."""
    return None if instant is None else instant.astimezone(zone).date()


def fill_days(model: type[SQLModel], rows: Iterable[dict[str, Any]], zone: ZoneInfo) -> list[date]:
    """Write the day columns of rows in place; answers with the days written."""
    days = []
    for column, instants in DAY_COLUMNS.get(model, {}).items():
        for row in rows:
            known = (row[name] for name in instants if row.get(name) is not None)
            row[column] = day = day_of(next(known, None), zone)
            if day is not None:
                days.append(day)
    return days


@lru_cache(maxsize=50_000)
def calendar_row(day: date) -> Mapping[str, Any]:
    """The periods of a day; weeks as in ISO 8601, so that 30 December can lie in the next year."""
    iso = day.isocalendar()
    row = {
        "day": day,
        "week": f"{iso.year:04}-W{iso.week:02}",
        "month": f"{day:%Y-%m}",
        "quarter": f"{day:%Y}-Q{(day.month + 2) // 3}",
        "year": f"{day:%Y}",
        "weekday": iso.weekday,
    }
    return MappingProxyType(row)


def extend_calendar(connection: Connection, account_id: str, days: Iterable[date]) -> None:
    """Make the account's calendar cover the days, in whole years and without holes."""
    days = list(days)
    if not days:
        return
    calendar = table(CalendarDay)
    known = select(func.min(calendar.c.day), func.max(calendar.c.day)).where(
        calendar.c.account_id == account_id
    )
    first_known, last_known = connection.execute(known).one()
    first = date(min(days).year, 1, 1)
    last = date(max(days).year, 12, 31)
    if first_known is None:
        spans = [(first, last)]
    else:
        one_day = timedelta(days=1)
        spans = [(first, first_known - one_day), (last_known + one_day, last)]
    rows = [
        {"account_id": account_id, **calendar_row(start + timedelta(days=n))}
        for start, end in spans
        for n in range((end - start).days + 1)
    ]
    if rows:
        connection.execute(insert(calendar), rows)
