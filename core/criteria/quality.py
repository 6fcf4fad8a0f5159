"""Data quality of a window: findings that can be excluded, and the health of each day."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, and_, func, select

from core.analytics.dates import Window
from core.analytics.exclusions import Excluded, merged
from core.base import clock, text
from core.criteria.ledger import exclusions
from core.criteria.platform import platform_reading
from core.criteria.window_data import WindowData, day_instants, instants
from core.store import (
    Enhancement,
    Feedback,
    Scope,
    SurveyResponse,
    Ticket,
    has_content,
    on_enhancer,
    table,
)

LONGEST_GAP = timedelta(minutes=1)
LONGEST_SECONDS = 300
DEEPEST_QUEUE = 100
# As long as a point of the queue is.
SLOT = timedelta(minutes=15)
MOST_TIMES = 3
FEW_RESPONSES = 5
# A rater with more than this share of at least so many votes speaks for the others.
MOST_OF_ONE, FEWEST_VOTES = 0.5, 10
# From how many days a usual one can be told.
USUAL_DAYS, FEWEST_DAYS = 28, 5
# Findings of one check that are listed; more have one cause.
MOST_LISTED = 50


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a check found: when, in a sentence, and what excluding it would leave out.

    `key` stays the same from check to check; `subject` narrows the exclusion to a run or a rater;
    `kind` is the kind of exclusion it suggests, None where there is nothing to exclude.
    """

    key: str
    check: str
    from_at: datetime
    to_at: datetime
    text: str
    kind: str | None = None
    subject: str | None = None


def findings(scope: Scope, *, window: Window, now: datetime | None = None) -> list[Finding]:
    """Everything the daily checks find in a window up to now, in the order of time.

    What is excluded is found all the same: the ledger says which findings are dealt with.
    """
    now = now or clock.now()
    data = WindowData(scope, window)
    found: list[Finding] = []
    for check in CHECKS:
        listed = list(check(data, now))
        found += listed[:MOST_LISTED]
    return sorted(found, key=lambda finding: (finding.from_at, finding.key))


def _gaps(data: WindowData, _now: datetime) -> Iterator[Finding]:
    for start, end in merged([(gap.start, gap.end) for gap in data.platform.gaps]):
        if end - start > LONGEST_GAP:
            long = text.duration((end - start).total_seconds())
            yield Finding(
                key=f"gap {start.isoformat()}",
                check="Gaps in scraping",
                from_at=start,
                to_at=end,
                text=f"Prometheus has no samples for {long}",
                kind="outage",
            )


def _resets(data: WindowData, _now: datetime) -> Iterator[Finding]:
    for at in sorted({reset.start for reset in data.platform.resets}):
        yield Finding(
            key=f"reset {at.isoformat()}",
            check="Counter resets",
            from_at=at,
            to_at=at + timedelta(minutes=1),
            text="A counter began anew: the platform was restarted, and nothing counted is lost",
        )


def _missing_days(data: WindowData, now: datetime) -> Iterator[Finding]:
    by_day = data.finished_by_day
    today = now.astimezone(data.scope.zone).date()
    for day in _days(data.window):
        # A day without runs among days that have some; weekends may well have none.
        if by_day and day < today and day.weekday() < 5 and not by_day.get(day):
            start, end = day_instants(data.scope.zone, day)
            yield Finding(
                key=f"missing {day}",
                check="Missing days",
                from_at=start,
                to_at=end,
                text=f"No finished run on {day:%A}, {text.day(day)}",
                kind="outage",
            )


def _slow_runs(data: WindowData, _now: datetime) -> Iterator[Finding]:
    runs = table(Enhancement).c
    statement = (
        select(runs.id, runs.created_at, runs.processing_time_ms)
        .where(
            runs.account_id == data.scope.account,
            runs.created_day.between(data.window.start, data.window.end),
            runs.processing_time_ms > LONGEST_SECONDS * 1_000,
        )
        .order_by(runs.processing_time_ms.desc(), runs.id)
        .limit(MOST_LISTED)
    )
    with data.scope.read() as session:
        for run in session.connection().execute(statement):
            yield Finding(
                key=f"slow {run.id}",
                check="Durations over 300 s",
                from_at=run.created_at,
                to_at=run.created_at + timedelta(seconds=1),
                text=f"Run {run.id} took {text.duration(run.processing_time_ms / 1_000)}",
                kind="other",
                subject=f"enhancement:{run.id}",
            )


def _deep_queue(data: WindowData, _now: datetime) -> Iterator[Finding]:
    deep = [
        (point.at, point.at + SLOT, point.greatest)
        for point in data.platform.queue_series
        if point.greatest is not None and point.greatest > DEEPEST_QUEUE
    ]
    for start, end in merged([(start, end) for start, end, _ in deep]):
        greatest = max(depth for at, _, depth in deep if start <= at < end)
        yield Finding(
            key=f"queue {start.isoformat()}",
            check="Queue depth over 100",
            from_at=start,
            to_at=end,
            text=f"Up to {text.count(round(greatest))} tickets were waiting",
            kind="volume",
        )


def _volume(data: WindowData, _now: datetime) -> Iterator[Finding]:
    assert data.window.start is not None
    before = Window(data.window.start - timedelta(days=USUAL_DAYS), data.window.end, "")
    by_day = WindowData(data.scope, before).finished_by_day
    for day in _days(data.window):
        others = [number for other, number in by_day.items() if other != day]
        if len(others) < FEWEST_DAYS or day not in by_day:
            continue
        usual = median(others)
        if by_day[day] > MOST_TIMES * usual:
            start, end = day_instants(data.scope.zone, day)
            times = by_day[day] / usual
            yield Finding(
                key=f"volume {day}",
                check="Volume over 3 times the usual day",
                from_at=start,
                to_at=end,
                text=f"{text.times(by_day[day], 'finished run')} on {text.day(day)}, "
                f"{times:.1f} times the usual day",
                kind="volume",
            )


def _few_responses(data: WindowData, now: datetime) -> Iterator[Finding]:
    answers = table(SurveyResponse).c
    statement = select(func.count()).where(
        answers.account_id == data.scope.account,
        answers.answered_day.between(data.window.start, data.window.end),
    )
    with data.scope.read() as session:
        number = session.connection().execute(statement).scalar_one()
    start, end = instants(data.scope.zone, data.window)
    if number < FEW_RESPONSES and now >= start:
        yield Finding(
            key=f"survey {data.window.start}",
            check="Survey responses below 5",
            from_at=start,
            to_at=end,
            text=f"{text.times(number, 'survey response')}: too few to speak of an average",
        )


def _one_rater(data: WindowData, _now: datetime) -> Iterator[Finding]:
    votes = table(Feedback).c
    statement = (
        select(votes.rater, func.count().label("number"))
        .where(
            votes.account_id == data.scope.account,
            votes.created_day.between(data.window.start, data.window.end),
            on_enhancer(),
            has_content(),
        )
        .group_by(votes.rater)
        .order_by(func.count().desc(), votes.rater)
    )
    with data.scope.read() as session:
        found = session.connection().execute(statement).all()
    total = sum(row.number for row in found)
    if total >= FEWEST_VOTES and found[0].number > MOST_OF_ONE * total:
        start, end = instants(data.scope.zone, data.window)
        share = text.share(found[0].number / total)
        yield Finding(
            key=f"rater {data.window.start} {found[0].rater}",
            check="One rater giving most votes",
            from_at=start,
            to_at=end,
            text=f"One rater gave {share} of {text.times(total, 'vote')}",
            kind="other",
            subject=f"rater:{found[0].rater}",
        )


def _days(window: Window) -> Iterator[date]:
    assert window.start is not None
    for n in range(window.days or 0):
        yield window.start + timedelta(days=n)


CHECKS: tuple[Callable[[WindowData, datetime], Iterator[Finding]], ...] = (
    _gaps,
    _resets,
    _missing_days,
    _slow_runs,
    _deep_queue,
    _volume,
    _few_responses,
    _one_rater,
)


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
    now = now or clock.now()
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
        "votes": _by_day(
            data, votes.account_id, votes.created_day, and_(on_enhancer(), has_content())
        ),
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
