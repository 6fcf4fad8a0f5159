"""A metric by week or month, with what is signal in it and what is noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from core.analytics.account_settings import LeaderboardSettings, settings_of
from core.analytics.freshness import last_synced
from core.analytics.model import Metric
from core.analytics.query import metric_rows
from core.analytics.registry import METRICS, facts_of
from core.analytics.window import Window
from core.base.control_limits import Behaviour, Point, behaviour
from core.store import Scope, TestCycle, table

# The least that limits are taken from, beside the period that is not over.
WEEKS, MONTHS = 26, 24
SYNCED = frozenset({"tests", "bugs", "test_features"})


@dataclass(frozen=True)
class Series:
    """A metric by period, and its limits.

    `grain` is week or month. `maturing_days` is how long what the metric counts is still decided
    after a period, 0 where it is not.
    """

    metric: Metric
    grain: str
    points: tuple[Point, ...]
    behaviour: Behaviour
    maturing_days: int = 0


@dataclass(frozen=True)
class _Known:
    """The days of which the store knows: from the first one, up to but without the last one."""

    first: date | None
    until: date


def series_of(
    scope: Scope,
    metrics: Sequence[str],
    *,
    window: Window,
    product_ids: Sequence[int] = (),
    today: date,
) -> list[Series]:
    """The metrics by week for windows up to half a year, by month beyond, each with its limits.

    The series reach back at least `WEEKS` weeks or `MONTHS` months, whatever the window. Periods
    before the first test cycle and after the last sync are unknown, and not 0.
    """
    grain = window.grain
    known = _known(scope, product_ids, today)
    end = min(window.end or today, today)
    start = _first_day(window, end, grain, known)
    asked: dict[str, Any] = {
        "metrics": list(metrics),
        "dimensions": [grain],
        "filters": {"product_id": list(product_ids)} if product_ids else None,
        "start_date": start,
        # A period that is not over is asked for as a whole: what is planned in it shows.
        "end_date": _last_day(end, grain),
        "include_zero": True,
        "with_samples": True,
    }
    rows = metric_rows(scope, **asked)
    maturing = settings_of(scope, LeaderboardSettings).maturing_days
    return [
        _series(METRICS[key], rows, grain=grain, known=known, today=today, maturing=maturing)
        for key in metrics
    ]


def _series(
    metric: Metric,
    rows: Sequence[dict[str, Any]],
    *,
    grain: str,
    known: _Known,
    today: date,
    maturing: int,
) -> Series:
    facts = set(facts_of(metric))
    is_share = metric.unit == "fraction"
    # Shares of bugs by what was decided: the newest ones are not decided yet.
    waits = maturing if is_share and "bugs" in facts else 0
    # Of what imports bring in, the first period with a value tells where the data begins.
    first_value = next((period_days(row[grain])[0] for row in rows if row[metric.key]), None)
    begun, until = (known.first, known.until) if facts <= SYNCED else (first_value, today)
    points: list[Point] = []
    for row in rows:
        first, last = period_days(row[grain])
        value, n = row[metric.key], row.get(f"{metric.key}_n") if is_share else None
        if first > until or (not value and (begun is None or last < begun)):
            value = n = None
        # A period in which the data begins has not all of it.
        is_whole = begun is not None and begun <= first
        is_whole = is_whole and last + timedelta(days=waits) < min(until, today)
        points.append(Point(row[grain], value, n, is_whole))
    found = behaviour(points, is_share=is_share, period=grain)
    return Series(metric, grain, tuple(points), found, waits)


def _known(scope: Scope, product_ids: Sequence[int], today: date) -> _Known:
    cycles = table(TestCycle)
    first = select(func.min(cycles.c.end_day)).where(cycles.c.account_id == scope.account)
    if product_ids:
        first = first.where(cycles.c.product_id.in_(product_ids))
    with scope.facts() as connection:
        day = connection.execute(first).scalar()
    synced = last_synced(scope)
    return _Known(day, min(today, synced.astimezone(scope.zone).date()) if synced else today)


def _first_day(window: Window, end: date, grain: str, known: _Known) -> date:
    if grain == "week":
        first = _monday(end) - timedelta(weeks=WEEKS)
        return min(first, _monday(window.start)) if window.start else first
    first = end.replace(day=1)
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
    start = window.start or known.first
    return min(first, start.replace(day=1)) if start else first


def _last_day(day: date, grain: str) -> date:
    if grain == "week":
        return _monday(day) + timedelta(days=6)
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def period_days(period: str) -> tuple[date, date]:
    """The first and the last day of 2026-W47 or 2026-11."""
    if "-W" in period:
        year, week = period.split("-W")
        monday = date.fromisocalendar(int(year), int(week), 1)
        return monday, monday + timedelta(days=6)
    first = date.fromisoformat(f"{period}-01")
    return first, _last_day(first, "month")
