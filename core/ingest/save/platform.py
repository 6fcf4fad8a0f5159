"""Saving parsed records and metrics of the platform, and service-desk tickets.

Each `save_*` takes one unit of work and whole lists; saving the same again changes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256

from sqlalchemy import and_, func, select

from core.feedback import record_votes
from core.ingest.parse.prometheus import Scraped
from core.ingest.parse.records import ParsedFeedback
from core.ingest.save.testio import SaveResult, save_rows
from core.store import (
    PROMETHEUS,
    AccountSetting,
    CounterIncrement,
    Enhancement,
    GaugeReading,
    ScrapeGap,
    ScrapeSpan,
    SurveyResponse,
    Ticket,
    Unit,
    table,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

save_enhancements = partial(save_rows, model=Enhancement)
save_tickets = partial(save_rows, model=Ticket)
save_surveys = partial(save_rows, model=SurveyResponse)


def imported_vote_id(source_id: str) -> int:
    """A negative id for a vote that has one at its source, derived from it."""
    return -1 - int.from_bytes(sha256(source_id.encode()).digest()[:7])


def save_feedback(
    unit: Unit, votes: Iterable[ParsedFeedback], *, vote_id: Callable[[str], int] = imported_vote_id
) -> SaveResult:
    """Save votes of the platform in the current opinions and their history; counts opinions."""
    counts, _ = record_votes(unit, [replace(v.cast, vote_id=vote_id(v.id)) for v in votes])
    return SaveResult({"feedback": counts})


@lru_cache(maxsize=50_000)  # series that are scraped together share their instants
def instant(milliseconds: int) -> datetime:
    """Convert milliseconds since 1970 to an instant in UTC."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def save_scraped(unit: Unit, scraped: Scraped) -> SaveResult:
    """Replace the readings of a range of time; saving the same again changes nothing."""
    start, end = instant(scraped.start), instant(scraped.end)
    series = [text for metric in scraped.metrics.values() for text in metric.series]
    names = list(dict.fromkeys(metric.name for metric in scraped.metrics.values()))
    at, slot, gap = (table(m).c for m in (CounterIncrement, GaugeReading, ScrapeGap))
    increments = [
        {"series": text, "at": instant(ms), "increase": increase}
        for (text, ms), increase in scraped.increments.items()
    ]
    slots = [
        {"series": text, "at": instant(ms)} | found._asdict()
        for (text, ms), found in scraped.slots.items()
    ]
    gaps = [
        {"series": name, "kind": kind, "from_at": instant(a), "to_at": instant(b)}
        for name, kind, a, b in scraped.gaps
    ]
    replaced = (
        (CounterIncrement, series, increments, and_(at.at >= start, at.at < end)),
        (GaugeReading, series, slots, and_(slot.at >= start, slot.at < end)),
        (ScrapeGap, names, gaps, and_(gap.to_at >= start, gap.from_at < end)),
    )
    counts = {
        table(model).name: unit.replace(model, "series", parents, rows, within=within)
        for model, parents, rows, within in replaced
    }
    _extend_span(unit, start if scraped.begins is None else instant(scraped.begins), end)
    metrics = {key: asdict(metric) for key, metric in scraped.metrics.items()}
    unit.upsert(AccountSetting, [{"key": PROMETHEUS, "value": metrics}])
    return SaveResult(counts)


def _extend_span(unit: Unit, start: datetime, end: datetime) -> None:
    """Record that a range of time was read, merged with the ranges that it touches."""
    span = table(ScrapeSpan).c
    touching = and_(span.from_at <= end, span.to_at >= start)
    own = span.account_id == unit.account_id
    reach = select(func.min(span.from_at), func.max(span.to_at)).where(own, touching)
    first, last = unit.connection.execute(reach).one()
    if first is not None:
        start, end = min(start, first), max(end, last)
    unit.delete(ScrapeSpan, touching, span.from_at != start)
    unit.upsert(ScrapeSpan, [{"from_at": start, "to_at": end}])
