"""Prometheus readings of a window: runs, latency buckets, queue depth and worker utilisation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Integer, Table, and_, cast, extract, func, select

from core.analytics.exclusions import NOTHING, Excluded, Span, length, merged
from core.store import (
    PROMETHEUS,
    AccountSetting,
    CounterIncrement,
    GaugeReading,
    Scope,
    ScrapeGap,
    ScrapeSpan,
    table,
)

MINUTE = timedelta(minutes=1)
QUARTER_SECONDS = 900
GAP, RESET = "gap", "reset"
QUANTILES = (0.5, 0.95, 0.99)
COMPLETED, FAILED = "completed", "failed"
QUEUE, UTILISATION = "queue_depth", "worker_utilisation"
# The number of runs is unknown without these, each by a label.
COUNTED = {"requests_total": "status", "duration_bucket": "le"}
# How the series of a gauge are combined.
GAUGES = {
    "queue_depth": "sum(max by (queue_name) ({}))",
    "worker_active": "sum({})",
    UTILISATION: "sum({}) / {}",
    "success_rate": "avg({})",
}
# The usual interval of scrapes.
STEP_SECONDS = 15


@dataclass(frozen=True)
class GaugeTime:
    """A gauge over a quarter of an hour or a day from `at`: its five-minute slots, if any."""

    at: datetime
    total: float = 0.0
    slots: int = 0
    greatest: float | None = None

    @property
    def mean(self) -> float | None:
        """The mean of the slots; None where nothing was read."""
        return self.total / self.slots if self.slots else None


@dataclass(frozen=True)
class MetricGap:
    """A time in the window without scrapes of a metric; a reset is an instant."""

    metric: str
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class PlatformReading:
    """The platform in a window, without what is excluded; None where nothing was read.

    `statuses` counts runs by status, `buckets` runs by upper bound in seconds (infinity: all).
    `queue` and `utilisation` are by day, `queue_series` by quarter of an hour; several queues are
    added up, their maximum at most that of the sum. Utilisation is a share of the configured number
    of workers, None without one. Minutes exclude what is excluded: `minutes` in all, `minutes_read`
    of them read from the server, `minutes_covered` of those covered by scrapes, which are all but
    the `outages`, each in minutes. `promql` are queries with the same result, but that exclusions
    are not left out.
    """

    statuses: Mapping[str, int] | None
    buckets: Mapping[float, float] | None
    queue: tuple[GaugeTime, ...] | None
    utilisation: tuple[GaugeTime, ...] | None
    queue_series: tuple[GaugeTime, ...]
    minutes: float
    minutes_read: float
    minutes_covered: float
    outages: tuple[float, ...]
    gaps: tuple[MetricGap, ...]
    resets: tuple[MetricGap, ...]
    promql: Mapping[str, str] = field(default_factory=dict)

    @property
    def available(self) -> float | None:
        """The share of the minutes read that scrapes cover; None where nothing was read."""
        return self.minutes_covered / self.minutes_read if self.minutes_read else None


def platform_reading(
    scope: Scope, *, start: datetime, end: datetime, without: Excluded = NOTHING
) -> PlatformReading:
    """The stored readings from `start` up to, and without, `end` (aware instants)."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    with scope.read() as session:
        setting = session.get(AccountSetting, (scope.account, PROMETHEUS))
        metrics: Mapping[str, Any] = setting.value if setting else {}
        stored = _Readings(session.connection(), scope.account, start, end, without, metrics)
        spans = stored.spans()
        gaps = stored.gaps(GAP)
        uncounted = {metrics[key]["name"] for key in COUNTED if key in metrics}
        missed = merged([(gap.start, gap.end) for gap in gaps if gap.metric in uncounted])
        uncovered = Excluded(spans=merged([*without.spans, *missed]))
        minutes_read = _minutes(spans, without)
        # Unknown where the metric never existed.
        runs, within = (stored.increases(key) if minutes_read else None for key in COUNTED)
        queue, workers = stored.quarters(QUEUE), stored.quarters(UTILISATION)
        return PlatformReading(
            statuses=None if runs is None else {name: round(n) for name, n in runs.items()},
            buckets=None if within is None else {float(end): n for end, n in within.items()},
            queue=_days(queue, scope.zone),
            utilisation=_days(workers, scope.zone),
            queue_series=_points(queue, spans),
            minutes=_minutes([(start, end)], without),
            minutes_read=minutes_read,
            minutes_covered=_minutes(spans, uncovered),
            outages=tuple(_minutes([gap], without) for gap in missed),
            gaps=gaps,
            resets=stored.gaps(RESET),
            promql=_promql(metrics, start, end),
        )


@dataclass(frozen=True)
class _Readings:
    """The rows of one account in a window."""

    connection: Connection
    account: str
    start: datetime
    end: datetime
    without: Excluded
    metrics: Mapping[str, Any]

    def increases(self, key: str) -> dict[str, float] | None:
        """By label value, how far a counter grew; None where it never existed."""
        series = self._series(key)
        if not series:
            return None
        grown = table(CounterIncrement)
        summed = select(grown.c.series, func.sum(grown.c.increase)).where(
            self._inside(grown, series)
        )
        found = dict.fromkeys(map(_label_value, series), 0.0)
        for text, increase in self.connection.execute(summed.group_by(grown.c.series)):
            found[_label_value(text)] += increase
        return found

    def quarters(self, key: str) -> list[GaugeTime]:
        """A gauge by quarter of an hour, in order; those without readings are left out."""
        gauge, series = table(GaugeReading), self._series(key)
        columns = (gauge.c.at, gauge.c.mean, gauge.c.greatest)
        of_all = (gauge.c.at, *(func.sum(c).label(c.name) for c in columns[1:]))
        inside = self._inside(gauge, series)
        # A single series needs no sum.
        slots = (
            select(*columns).where(inside)
            if len(series) == 1
            else select(*of_all).where(inside).group_by(gauge.c.at)
        ).subquery()
        # SQLAlchemy's // is an integer division on every database.
        quarter = cast(extract("epoch", slots.c.at), Integer) // QUARTER_SECONDS
        summed = select(
            func.min(slots.c.at), func.sum(slots.c.mean), func.count(), func.max(slots.c.greatest)
        ).group_by(quarter)
        found = [GaugeTime(*row) for row in self.connection.execute(summed)]
        return sorted(found, key=lambda one: one.at)

    def spans(self) -> tuple[Span, ...]:
        """The times of the window that were read."""
        span = table(ScrapeSpan).c
        found = select(span.from_at, span.to_at).where(
            span.account_id == self.account, span.from_at < self.end, span.to_at > self.start
        )
        rows = self.connection.execute(found).all()
        return merged([(max(a, self.start), min(b, self.end)) for a, b in rows])

    def gaps(self, kind: str) -> tuple[MetricGap, ...]:
        """The gaps or resets that touch the window, cut to it, in order."""
        gap = table(ScrapeGap).c
        touches = gap.to_at >= self.start if kind == RESET else gap.to_at > self.start
        found = select(gap.series, gap.from_at, gap.to_at).where(
            gap.account_id == self.account, gap.kind == kind, gap.from_at < self.end, touches
        )
        rows = self.connection.execute(found.order_by(gap.from_at, gap.series))
        return tuple(MetricGap(m, max(a, self.start), min(b, self.end)) for m, a, b in rows)

    def _inside(self, rows: Table, series: Sequence[str]) -> ColumnElement[bool]:
        at = rows.c.at
        return and_(
            rows.c.account_id == self.account,
            rows.c.series.in_(series),
            at >= self.start,
            at < self.end,
            self.without.keeps(at),
        )

    def _series(self, key: str) -> Sequence[str]:
        known: Sequence[str] = self.metrics[key]["series"] if key in self.metrics else []
        return known


def _label_value(text: str) -> str:
    """The label value of a series name such as metric{status="failed"}."""
    value = text.partition('="')[2].removesuffix('"}')
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)


def _days(quarters: Sequence[GaugeTime], zone: ZoneInfo) -> tuple[GaugeTime, ...] | None:
    """A gauge by business day; None where nothing was read."""
    days = [list(some) for _, some in groupby(quarters, lambda one: one.at.astimezone(zone).date())]
    found = (
        GaugeTime(
            day[0].at,
            sum(one.total for one in day),
            sum(one.slots for one in day),
            max(one.greatest or 0.0 for one in day),
        )
        for day in days
    )
    return tuple(found) or None


def _points(quarters: Sequence[GaugeTime], spans: Sequence[Span]) -> tuple[GaugeTime, ...]:
    """A gauge from the first to the last quarter read; missing ones have no value."""
    if not quarters or not spans:
        return ()
    known = {one.at.timestamp() // QUARTER_SECONDS: one for one in quarters}
    first = int(spans[0][0].timestamp() // QUARTER_SECONDS)
    last = -int(-spans[-1][1].timestamp() // QUARTER_SECONDS)
    starts = {n: datetime.fromtimestamp(n * QUARTER_SECONDS, UTC) for n in range(first, last)}
    return tuple(replace(known.get(n, GaugeTime(at)), at=at) for n, at in starts.items())


def _minutes(spans: Sequence[Span], without: Excluded) -> float:
    """The minutes of merged spans that are not excluded."""
    gone = [part for start, end in spans for part in without.within(start, end)]
    return (length(spans) - length(gone)) / MINUTE


def _promql(metrics: Mapping[str, Any], start: datetime, end: datetime) -> dict[str, str]:
    """Queries for the same half-open window, exact to the last sample on Prometheus 2 and 3.

    A subquery on a grid that begins and ends with the window is not extrapolated; `offset 1ms` lets
    each of its instants see the samples before it. A counter that is born while the metric is
    scraped begins at 0, one that is not scraped for some hours goes on.
    """
    length = round((end - start).total_seconds())
    at, step = f"{end.timestamp():.0f}", f"{STEP_SECONDS}s"

    def grown(key: str) -> str:
        each = metrics[key]["selector"]
        born = f"last_over_time({each}[{length}s] @ {at} offset 1ms) * 0"
        known = f"group(last_over_time({each}[4h] offset 61s))"
        value = f"last_over_time({each}[4h] offset 1ms) + 0 or {born} and on () {known}"
        return f"sum by ({COUNTED[key]}) (round(increase(({value})[{length}s1ms:{step}] @ {at})))"

    said = {}
    if "requests_total" in metrics:
        said["requests"] = grown("requests_total")
    if "duration_bucket" in metrics:
        buckets = grown("duration_bucket")
        for share in QUANTILES:
            said[f"p{share * 100:.0f}"] = f"histogram_quantile({share:g}, {buckets})"
    for key, combined in GAUGES.items():
        known = metrics.get(key, {})
        # What was read before the number of workers was kept has no query until the next reading.
        if known and (key != UTILISATION or known.get("workers")):
            each = f"last_over_time({known['selector']}[61s] offset 1ms)"
            value = combined.format(each, known.get("workers"))
            said[key] = f"avg_over_time(({value})[{length * 1_000 - 1}ms:{step}] @ {at})"
    return said
