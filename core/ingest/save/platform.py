"""Saving parsed records and metrics of the platform, and service-desk tickets.

Each `save_*` takes one unit of work and whole lists; saving the same again changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, func, select
from sqlmodel import SQLModel

from core.base.fields import FieldProblem, ParsedRow, Row
from core.feedback import record_votes
from core.ingest.parse.prometheus import Scraped
from core.store import (
    PROMETHEUS,
    AccountSetting,
    CounterIncrement,
    Counts,
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

FINAL = {"completed", "failed"}
# What a final state brings with it.
OUTCOME = ("completed_at", "processing_time_ms", "error_message")
PERIODS = {"ticket": ("opened_at", "resolved_at"), "enhancement": ("created_at", "completed_at")}


@dataclass(frozen=True, slots=True)
class SaveResult:
    """Counts of rows by table name, and problems that only the stored data show."""

    counts: dict[str, Counts]
    problems: tuple[FieldProblem, ...] = ()


def save_over(unit: Unit, parsed: Iterable[ParsedRow], *, model: type[SQLModel]) -> SaveResult:
    """Save rows over those that are stored; of one id the later ones over the earlier ones.

    Fields of which nothing is known stay as they are, and so does a final state that an older
    event would take back. An end before its beginning is a problem, and leaves the stored end.
    """
    parsed, problems = list(parsed), list[FieldProblem]()
    columns, entity = table(model).columns.keys(), table(model).name
    names = [name for name in columns if parsed and name in parsed[0].row]
    begin, end = PERIODS.get(entity, ("", ""))

    def merged(before: Mapping[str, Any] | None, row: Row) -> Row:
        stored = {name: before[name] if before else None for name in names}
        if stored.get("status") in FINAL and row["status"] != stored["status"]:
            # Of two events the later one counts: by its beginning, its being final, its end.
            ends = row.get("completed_at"), stored["completed_at"]
            given = (row["created_at"], row["status"] in FINAL, ends[0] or ends[1])
            if given < (stored["created_at"], True, ends[1] or ends[0]):
                return stored | row | {n: v for n, v in stored.items() if v is not None}
            if row["created_at"] > stored["created_at"]:  # it was begun again
                stored |= dict.fromkeys(OUTCOME)
        found = stored | row
        first, last = found.get(begin), found.get(end)
        if first is not None and last is not None and last < first:
            reason = f"it is before the stored {begin.removesuffix('_at')} time"
            problems.append(FieldProblem(entity, row["id"], end, last.isoformat(), reason))
            found[end] = stored[end] if stored[end] and stored[end] >= first else None
        return found

    rows = [{name: one.row[name] for name in names if name not in one.silent} for one in parsed]
    counts = unit.upsert(model, rows, merge=merged)
    return SaveResult({entity: counts}, tuple(problems))


save_enhancements = partial(save_over, model=Enhancement)
save_tickets = partial(save_over, model=Ticket)
save_surveys = partial(save_over, model=SurveyResponse)


def imported_vote_id(source_id: str) -> int:
    """A negative id for a vote that has one at its source, derived from it."""
    return -1 - int.from_bytes(sha256(source_id.encode()).digest()[:7])


def save_feedback(
    unit: Unit, votes: Iterable[ParsedRow], *, vote_id: Callable[[str], int] = imported_vote_id
) -> SaveResult:
    """Save votes of the platform in the current opinions and their history; counts opinions."""
    cast = [replace(one.links["cast"], vote_id=vote_id(one.id)) for one in votes]
    counts, _ = record_votes(unit, cast)
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
