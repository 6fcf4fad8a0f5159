"""How a window fills, day by day, and whether an outage is reason to begin again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from core.analytics.exclusions import Excluded, merged
from core.analytics.window import Window
from core.base import text
from core.criteria.entries import exclusions
from core.criteria.platform import platform_reading
from core.criteria.quality import Finding
from core.criteria.window_data import WindowData, day_instants, instants
from core.feedback.counted_votes import cast
from core.store import Feedback, Scope, SurveyResponse, Ticket, table

# An outage beyond this, or beyond this share of the window, proposes to restart it.
LONGEST_OUTAGE = timedelta(hours=4)
MOST_OUTAGE = 0.10


@dataclass(frozen=True, kw_only=True)
class DayHealth:
    """One day of a window; `scraped` is the share of its minutes, None where nothing was read.

    `state` is over, today or to come.
    """

    day: date
    state: str
    runs: int
    votes: int
    tickets: int
    surveys: int
    scraped: float | None
    excluded: float
    findings: int

    @property
    def is_healthy(self) -> bool:
        """Whether the day has runs, no long gap, and nothing excluded."""
        return bool(self.runs) and not self.excluded and self.scraped in {None, 1.0}


@dataclass(frozen=True)
class WindowHealth:
    """A window's days, how much of it is there, and why it should be restarted, if it should.

    `complete` is the share of its days that are over and have runs.
    """

    days: tuple[DayHealth, ...]
    complete: float
    restart: str | None


def window_health(
    scope: Scope,
    *,
    window: Window,
    found: Sequence[Finding],
    now: datetime | None = None,
) -> WindowHealth:
    """The health of each day of a window; `found` are its findings."""
    now = now or datetime.now(UTC)
    today = now.astimezone(scope.zone).date()
    data = WindowData(scope, window)
    ledger = [e for e in exclusions(scope) if e.withdrawn_at is None]
    out = Excluded(spans=merged([(e.from_at, e.to_at) for e in ledger if e.subject is None]))
    counts = _counts(data)
    days = []
    for n in range(window.days or 0):
        assert window.start is not None
        day = window.start + timedelta(days=n)
        start, end = day_instants(scope.zone, day)
        days.append(
            DayHealth(
                day=day,
                state="to come" if day > today else "today" if day == today else "over",
                runs=data.finished_by_day.get(day, 0),
                **{name: of_day.get(day, 0) for name, of_day in counts.items()},
                scraped=_scraped(data, start, min(end, now)),
                excluded=_length(out.within(start, end)) / (end - start),
                findings=sum(start <= f.from_at < end for f in found),
            )
        )
    outages = merged(
        [(e.from_at, e.to_at) for e in ledger if e.kind == "outage" and e.subject is None]
        + [(f.from_at, f.to_at) for f in found if f.kind == "outage"]
    )
    there = sum(day.state == "over" and day.runs > 0 for day in days)
    return WindowHealth(
        days=tuple(days),
        complete=there / len(days) if days else 0.0,
        restart=_restart(Excluded(spans=outages), *instants(scope.zone, window)),
    )


def _scraped(data: WindowData, start: datetime, end: datetime) -> float | None:
    if start >= end:
        return None
    reading = platform_reading(data.scope, start=start, end=end)
    return reading.minutes_covered / reading.minutes if reading.minutes_read else None


def _restart(outages: Excluded, start: datetime, end: datetime) -> str | None:
    inside = outages.within(start, end)
    longest = max((b - a for a, b in inside), default=timedelta())
    share = _length(inside) / (end - start)
    if longest > LONGEST_OUTAGE:
        long = text.duration(longest.total_seconds())
        return f"an outage of {long} is longer than 4 hours"
    if share > MOST_OUTAGE:
        return f"outages take {text.share(share)} of the window, more than 10 %"
    return None


def _length(spans: Sequence[tuple[datetime, datetime]]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta())


def _counts(data: WindowData) -> dict[str, dict[date, int]]:
    votes, tickets, answers = (table(m).c for m in (Feedback, Ticket, SurveyResponse))
    return {
        "votes": _by_day(data, votes.account_id, votes.created_day, cast()),
        "tickets": _by_day(data, tickets.account_id, tickets.day, tickets.resolved_at.is_not(None)),
        "surveys": _by_day(data, answers.account_id, answers.answered_day, answers.id.is_not(None)),
    }


def _by_day(
    data: WindowData,
    account: ColumnElement[str],
    day: ColumnElement[date],
    condition: ColumnElement[bool],
) -> dict[date, int]:
    statement = (
        select(day, func.count())
        .where(
            account == data.scope.account,
            day.between(data.window.start, data.window.end),
            condition,
        )
        .group_by(day)
    )
    with data.scope.read() as session:
        return dict(session.connection().execute(statement).all())
