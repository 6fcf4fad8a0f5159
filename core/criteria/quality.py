"""Data quality of a window: findings that can be excluded, and the health of each day."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from statistics import median

from sqlalchemy import func

from core.analytics.dates import Window
from core.analytics.exclusions import Excluded, length, merged
from core.base import clock, text
from core.criteria.ledger import exclusions_in_force
from core.criteria.platform import platform_reading
from core.criteria.window_data import WindowData, rows_by_day
from core.store import Enhancement, Feedback, Scope, has_content, table

LONGEST_GAP = timedelta(minutes=1)
LONGEST_SECONDS = 300
DEEPEST_QUEUE = 100
# The length of a point of the queue's series.
SLOT = timedelta(minutes=15)
MOST_TIMES = 3
FEW_RESPONSES = 5
# A rater with more than this share of at least so many votes dominates the others.
MOST_OF_ONE, FEWEST_VOTES = 0.5, 10
# The usual day is the median of these days, where there are at least so many.
USUAL_DAYS, FEWEST_DAYS = 28, 5
# The most findings of one check: more of them have one cause.
MOST_LISTED = 50
# A longer outage, or a larger share of the window, is reason to restart it.
LONGEST_OUTAGE = timedelta(hours=4)
MOST_OUTAGE = 0.10


@dataclass(frozen=True)
class Finding:
    """A result of a check: its time, a sentence, and the exclusion that it suggests.

    `key` stays the same from check to check; `subject` narrows the exclusion to a run or a rater;
    `kind` is the kind of exclusion, None where there is nothing to exclude.
    """

    key: str
    from_at: datetime
    to_at: datetime
    text: str
    subject: str | None = None
    check: str = ""
    kind: str | None = None


def findings(scope: Scope, *, window: Window, now: datetime | None = None) -> list[Finding]:
    """The findings of every check in a window up to now, in order of time.

    Excluded rows are checked as well: the ledger says which findings are dealt with.
    """
    now = now or clock.now()
    data = WindowData(scope, window)
    found = [
        replace(finding, check=name, kind=kind)
        for name, (kind, check) in CHECKS.items()
        for finding in islice(check(data, now), MOST_LISTED)
    ]
    return sorted(found, key=lambda finding: (finding.from_at, finding.key))


def _gaps(data: WindowData, _now: datetime) -> Iterator[Finding]:
    for start, end in merged([(gap.start, gap.end) for gap in data.platform.gaps]):
        if end - start > LONGEST_GAP:
            long = text.duration((end - start).total_seconds())
            said = f"Prometheus has no samples for {long}"
            yield Finding(f"gap {start.isoformat()}", start, end, said)


def _resets(data: WindowData, _now: datetime) -> Iterator[Finding]:
    said = "A counter restarted with the platform: no count is lost"
    for at in sorted({reset.start for reset in data.platform.resets}):
        yield Finding(f"reset {at.isoformat()}", at, at + timedelta(minutes=1), said)


def _missing_days(data: WindowData, now: datetime) -> Iterator[Finding]:
    by_day = data.finished_by_day
    today = now.astimezone(data.scope.zone).date()
    for day in data.window.dates:
        # Only weekdays, and only where other days have runs.
        if by_day and day < today and day.weekday() < 5 and not by_day.get(day):
            said = f"No finished run on {day:%A}, {text.day(day)}"
            yield Finding(f"missing {day}", *Window(day, day).instants(data.scope.zone), said)


def _slow_runs(data: WindowData, _now: datetime) -> Iterator[Finding]:
    runs = table(Enhancement).c
    slow = (
        data.select_runs(runs.id, runs.created_at, runs.processing_time_ms)
        .where(runs.processing_time_ms > LONGEST_SECONDS * 1_000)
        .order_by(runs.processing_time_ms.desc(), runs.id)
        .limit(MOST_LISTED)
    )
    for run, at, milliseconds in data.scope.rows(slow):
        said = f"Run {run} took {text.duration(milliseconds / 1_000)}"
        end = at + timedelta(seconds=1)
        yield Finding(f"slow {run}", at, end, said, f"enhancement:{run}")


def _deep_queue(data: WindowData, _now: datetime) -> Iterator[Finding]:
    deep = [
        (point.at, point.at + SLOT, point.greatest)
        for point in data.platform.queue_series
        if point.greatest is not None and point.greatest > DEEPEST_QUEUE
    ]
    for start, end in merged([(start, end) for start, end, _ in deep]):
        greatest = max(depth for at, _, depth in deep if start <= at < end)
        said = f"Up to {text.count(round(greatest))} tickets were waiting"
        yield Finding(f"queue {start.isoformat()}", start, end, said)


def _volume(data: WindowData, _now: datetime) -> Iterator[Finding]:
    first, last = data.window.span
    before = Window(first - timedelta(days=USUAL_DAYS), last)
    by_day = WindowData(data.scope, before).finished_by_day
    for day in data.window.dates:
        others = [number for other, number in by_day.items() if other != day]
        if len(others) < FEWEST_DAYS or day not in by_day:
            continue
        usual = median(others)
        if by_day[day] > MOST_TIMES * usual:
            runs, times = text.times(by_day[day], "finished run"), by_day[day] / usual
            said = f"{runs} on {text.day(day)}, {times:.1f} times the usual day"
            yield Finding(f"volume {day}", *Window(day, day).instants(data.scope.zone), said)


def _few_responses(data: WindowData, now: datetime) -> Iterator[Finding]:
    number = sum(rows_by_day(data.scope, data.window, "surveys").values())
    start, end = data.window.instants(data.scope.zone)
    if number < FEW_RESPONSES and now >= start:
        said = f"{text.times(number, 'survey response')}: too few for an average"
        yield Finding(f"survey {data.window.start}", start, end, said)


def _one_rater(data: WindowData, _now: datetime) -> Iterator[Finding]:
    rater = table(Feedback).c.rater
    votes = data.select_votes(rater, func.count().label("number")).where(has_content())
    found = data.scope.rows(votes.group_by(rater).order_by(func.count().desc(), rater))
    total = sum(number for _, number in found)
    if total >= FEWEST_VOTES and found[0].number > MOST_OF_ONE * total:
        name, number = found[0]
        said = f"One rater gave {text.share(number / total)} of {text.times(total, 'vote')}"
        span = data.window.instants(data.scope.zone)
        yield Finding(f"rater {data.window.start} {name}", *span, said, f"rater:{name}")


# Each check by name, with the kind of exclusion that it suggests.
CHECKS: Mapping[str, tuple[str | None, Callable[[WindowData, datetime], Iterator[Finding]]]] = {
    "Gaps in scraping": ("outage", _gaps),
    "Counter resets": (None, _resets),
    "Missing days": ("outage", _missing_days),
    "Durations over 300 s": ("other", _slow_runs),
    "Queue depth over 100": ("volume", _deep_queue),
    "Volume over 3 times the usual day": ("volume", _volume),
    "Survey responses below 5": (None, _few_responses),
    "One rater giving most votes": ("other", _one_rater),
}


@dataclass(frozen=True, kw_only=True)
class DayHealth:
    """One day of a window: its numbers of rows, and the shares scraped and excluded.

    `state` is over, today or to come; `scraped` is None where Prometheus was not read.
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
    """The days of a window, and a reason to restart it, if any."""

    days: tuple[DayHealth, ...]
    restart: str | None


def window_health(
    scope: Scope, *, window: Window, found: Sequence[Finding], now: datetime | None = None
) -> WindowHealth:
    """The health of each day of a window; `found` are its findings."""
    now = now or clock.now()
    data = WindowData(scope, window)
    ledger = exclusions_in_force(scope)
    excluded = Excluded(spans=merged([(e.from_at, e.to_at) for e in ledger if e.subject is None]))
    counts = {kind: rows_by_day(scope, window, kind) for kind in ("votes", "tickets", "surveys")}
    today = now.astimezone(scope.zone).date()
    days = []
    for day in window.dates:
        start, end = Window(day, day).instants(scope.zone)
        days.append(
            DayHealth(
                day=day,
                state="to come" if day > today else "today" if day == today else "over",
                runs=data.finished_by_day.get(day, 0),
                **{kind: by_day.get(day, 0) for kind, by_day in counts.items()},
                scraped=_scraped(scope, start, min(end, now)),
                excluded=length(excluded.within(start, end)) / (end - start),
                findings=sum(start <= f.from_at < end for f in found),
            )
        )
    outages = merged(
        [(e.from_at, e.to_at) for e in ledger if e.kind == "outage" and e.subject is None]
        + [(f.from_at, f.to_at) for f in found if f.kind == "outage"]
    )
    restart = _restart(Excluded(spans=outages), *window.instants(scope.zone))
    return WindowHealth(tuple(days), restart)


def _scraped(scope: Scope, start: datetime, end: datetime) -> float | None:
    """The share of minutes that were scraped; None where Prometheus was not read."""
    if start >= end:
        return None
    reading = platform_reading(scope, start=start, end=end)
    return reading.minutes_covered / reading.minutes if reading.minutes_read else None


def _restart(outages: Excluded, start: datetime, end: datetime) -> str | None:
    inside = outages.within(start, end)
    longest = max((b - a for a, b in inside), default=timedelta())
    share = length(inside) / (end - start)
    if longest > LONGEST_OUTAGE:
        long = text.duration(longest.total_seconds())
        return f"an outage of {long} is longer than 4 hours"
    if share > MOST_OUTAGE:
        return f"outages take {text.share(share)} of the window, more than 10 %"
    return None
