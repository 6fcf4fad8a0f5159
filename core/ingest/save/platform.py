"""What was scraped from the platform, as rows of the store."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import and_, delete, select

from core.ingest.parse.platform import MetricRead, Scraped
from core.ingest.save.testio import SaveResult
from core.store import (
    PROMETHEUS,
    AccountSetting,
    CounterIncrement,
    GaugeReading,
    ScrapeGap,
    ScrapeSpan,
    Unit,
    table,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=50_000)  # series that are scraped together share their instants
def instant(milliseconds: int) -> datetime:
    """The instant, in UTC."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def known_metrics(stored: AccountSetting | None) -> dict[str, MetricRead]:
    """What was read of the account's metrics until now."""
    return {
        key: MetricRead(value["name"], value["selector"], tuple(value["series"]))
        for key, value in (stored.value if stored else {}).items()
    }


def save_scraped(unit: Unit, scraped: Scraped) -> SaveResult:
    """Make what is stored of a time exactly this; to save it again changes nothing."""
    start, end = instant(scraped.start), instant(scraped.end)
    series = [text for metric in scraped.metrics.values() for text in metric.series]
    names = list(dict.fromkeys(metric.name for metric in scraped.metrics.values()))
    at, slot, gap = (table(m).c for m in (CounterIncrement, GaugeReading, ScrapeGap))
    counts = {
        "counter_increment": unit.replace(
            CounterIncrement,
            "series",
            series,
            [
                {"series": text, "at": instant(ms), "increase": increase}
                for (text, ms), increase in scraped.increments.items()
            ],
            within=and_(at.at >= start, at.at < end),
        ),
        "gauge_reading": unit.replace(
            GaugeReading,
            "series",
            series,
            [
                {
                    "series": text,
                    "at": instant(ms),
                    "mean": found.mean,
                    "greatest": found.greatest,
                    "scrapes": found.scrapes,
                }
                for (text, ms), found in scraped.slots.items()
            ],
            within=and_(slot.at >= start, slot.at < end),
        ),
        "scrape_gap": unit.replace(
            ScrapeGap,
            "series",
            names,
            [
                {"series": name, "kind": kind, "from_at": instant(a), "to_at": instant(b)}
                for name, kind, a, b in scraped.gaps
            ],
            within=and_(gap.to_at >= start, gap.from_at < end),
        ),
    }
    _extend_span(unit, start if scraped.begins is None else instant(scraped.begins), end)
    unit.upsert(AccountSetting, [{"key": PROMETHEUS, "value": _plain(scraped.metrics)}])
    return SaveResult(counts)


def _extend_span(unit: Unit, start: datetime, end: datetime) -> None:
    """Note that a time was read, as one with the times that it touches."""
    span = table(ScrapeSpan)
    connection = unit.session.connection()
    touching = and_(
        span.c.account_id == unit.account_id, span.c.from_at <= end, span.c.to_at >= start
    )
    found: Collection[tuple[datetime, datetime]] = [
        (row.from_at, row.to_at)
        for row in connection.execute(select(span.c.from_at, span.c.to_at).where(touching))
    ]
    first = min([start, *(a for a, _ in found)])
    last = max([end, *(b for _, b in found)])
    if any(a != first for a, _ in found):
        connection.execute(delete(span).where(touching, span.c.from_at != first))
    unit.upsert(ScrapeSpan, [{"from_at": first, "to_at": last}])


def _plain(metrics: Mapping[str, MetricRead]) -> dict[str, object]:
    return {
        key: {"name": metric.name, "selector": metric.selector, "series": list(metric.series)}
        for key, metric in metrics.items()
    }
