"""The panels of the criteria dashboard, for the page and the report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from core.analytics.dates import Window
from core.base import text
from core.base.stats import Estimate
from core.charts import ChartSpec, TimePoint, criterion_bar, intervals, stacked_choices, time_chart
from core.criteria.days import DayOfCriteria, Opinions
from core.criteria.platform import PlatformReading
from core.criteria.time_saved import Comparison
from core.criteria.verdicts import CriterionResult
from core.store import Criterion

# A day's point lies at noon.
NOON = time(12)


@dataclass(frozen=True)
class Panel:
    """A chart with its finding as title; without a chart, the subtitle gives the reason."""

    key: str
    title: str
    subtitle: str
    drawn: ChartSpec | None


@dataclass(frozen=True, kw_only=True)
class PanelData:
    """The data of a window's panels."""

    results: Mapping[str, CriterionResult]
    days: Sequence[DayOfCriteria]
    opinions: Opinions
    comparison: Comparison
    reading: PlatformReading
    today: date
    zone: ZoneInfo

    def targets(self, key: str) -> list[float]:
        """The ends of a criterion's target."""
        return target_ends(self.results[key].criterion) if key in self.results else []

    def points(self, key: str) -> list[TimePoint]:
        """A criterion by day; an unfinished day is not whole."""
        return [
            estimate_point(
                day.estimates[key],
                day.day,
                f"{day.day:%A}, {text.day(day.day)}",
                is_whole=day.day < self.today,
            )
            for day in self.days
        ]


def panels(data: PanelData) -> Iterator[Panel]:
    """Every panel of the dashboard in its order."""
    yield _share(
        data,
        "success_rate",
        name="Success rate",
        finding="was the weakest day: {} succeeded",
        subtitle="Completed of all finished runs by day, with the 95 % interval",
        empty="No finished run in this window",
    )
    yield _latency(data)
    yield _ratings(data)
    yield _thumbs(data)
    yield _tickets(data)
    yield _saving(data)
    yield _share(
        data,
        "positive_feedback",
        name="Positive feedback",
        finding="had the fewest thumbs up: {}",
        subtitle="Thumbs up of all thumbs by day, with the 95 % interval",
        empty="No thumb in this window",
    )
    yield _queue(data)
    yield _submissions(data)


def target_ends(criterion: Criterion) -> list[float]:
    """The target, and its upper end where there is one."""
    return [x for x in (criterion.target, criterion.upper_target) if x is not None]


def estimate_point(estimate: Estimate, day: date, label: str, *, is_whole: bool) -> TimePoint:
    """An estimate with its interval as a point at noon of a day."""
    return TimePoint(
        at=datetime.combine(day, NOON),
        label=label,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        n=estimate.n,
        is_whole=is_whole,
    )


def week_points(
    weeks: Sequence[Window], estimates: Sequence[Estimate], *, today: date
) -> list[TimePoint]:
    """An estimate of each week as a point in its middle; an unfinished week is not whole."""
    return [
        estimate_point(
            estimate, week.span[0] + timedelta(days=3), week.label, is_whole=week.span[1] < today
        )
        for week, estimate in zip(weeks, estimates, strict=True)
    ]


def result_bar(result: CriterionResult) -> ChartSpec:
    """The bar of a criterion: the target in the middle, estimate and interval inside."""
    criterion, estimate = result.criterion, result.estimate
    known = [x for x in (estimate.value, estimate.low, estimate.high) if x is not None]
    reach = max([abs(x - criterion.target) for x in known] + [abs(criterion.target) * 0.05]) * 1.2
    # A target of 0 without an estimate gives no width.
    reach = reach or 1.0
    lowest, highest = {"fraction": (-1.0, 1.0), "stars": (1.0, 5.0)}.get(
        criterion.unit, (-float("inf") if criterion.unit == "money" else 0.0, float("inf"))
    )
    ends = (max(criterion.target - reach, lowest), min(criterion.target + reach, highest))
    return criterion_bar(estimate, target=criterion.target, ends=ends, unit=criterion.unit)


def _share(
    data: PanelData, key: str, *, name: str, finding: str, subtitle: str, empty: str
) -> Panel:
    points = data.points(key)
    if all(point.value is None for point in points):
        return _empty(key, name, empty)
    drawn = time_chart({name: points}, unit="fraction", grain="day", targets=data.targets(key))
    return Panel(key, _extreme(points, "fraction", finding, pick=min), subtitle, drawn)


def _latency(data: PanelData) -> Panel:
    lines = {"p50": "latency_p50", "p95": "latency_p95", "p99": "latency_p99"}
    series = {name: data.points(key) for name, key in lines.items()}
    slowest = series["p95"]
    if all(point.value is None for point in slowest):
        return _empty("latency", "Latency", "No completed run in this window")
    return Panel(
        "latency",
        _extreme(slowest, "seconds", "was the slowest day: p95 {}", pick=max),
        "Duration of completed runs by day; the target of p95 is dashed",
        time_chart(
            series, unit="seconds", grain="day", zero=True, targets=data.targets("latency_p95")
        ),
    )


def _ratings(data: PanelData) -> Panel:
    given = {"In the product": data.opinions.in_product, "Survey": data.opinions.survey}
    rows = [
        {"choice": str(stars), "series": name, "value": counts.get(stars, 0)}
        for name, counts in given.items()
        for stars in range(1, 6)
        if counts
    ]
    result = data.results.get("satisfaction")
    if not rows or result is None or result.estimate.value is None:
        return _empty("ratings", "Satisfaction", "No rating in this window")
    said = f"{text.amount(result.estimate.value, 'stars')} of 5 stars on average"
    return Panel(
        "ratings",
        f"{said}, from {text.times(result.estimate.n, 'rating')}",
        "Ratings from 1 to 5 stars, in the product and in the survey",
        stacked_choices(pd.DataFrame(rows), unit="Ratings", what="Stars"),
    )


def _thumbs(data: PanelData) -> Panel:
    by_day = {day.day: day.thumbs for day in data.days}
    up, down = (sum(thumbs[n] for thumbs in by_day.values()) for n in (0, 1))
    if not up + down:
        return _empty("thumbs", "Thumbs", "No thumb in this window")
    return Panel(
        "thumbs",
        f"{text.count(up)} thumbs up, {text.count(down)} down",
        "Thumbs by day",
        _daily_bars(by_day, ("Thumbs up", "Thumbs down"), unit="Thumbs"),
    )


def _tickets(data: PanelData) -> Panel:
    by_day = {day.day: (day.finished,) for day in data.days}
    if not any(day.finished for day in data.days):
        return _empty("tickets", "Tickets a day", "No finished run in this window")
    result = data.results.get("throughput")
    mean = None if result is None else result.estimate.value
    mean = data.days[-1].finished if mean is None else mean
    targets = data.targets("throughput")
    return Panel(
        "tickets",
        f"{text.amount(round(mean), 'per day')} enhanced tickets a day on average",
        "Completed and failed runs by day; the target's range is dashed",
        _daily_bars(by_day, ("Finished runs",), unit="Runs", targets=targets),
    )


def _submissions(data: PanelData) -> Panel:
    given = data.opinions.submissions
    total = sum(sum(pair) for pair in given.values())
    if not total:
        return _empty("submissions", "Submissions", "No feedback in this window")
    by_day = {day.day: given.get(day.day, (0, 0)) for day in data.days}
    return Panel(
        "submissions",
        f"{text.upper_first(text.times(total, 'submission'))} of feedback",
        "Votes and survey responses by day",
        _daily_bars(by_day, ("Votes", "Survey responses"), unit="Submissions"),
    )


def _daily_bars(
    by_day: Mapping[date, Sequence[int]],
    names: Sequence[str],
    *,
    unit: str,
    targets: Sequence[float] = (),
) -> ChartSpec:
    days = {f"{day:%a} {day.day} {day:%b}": day for day in by_day}
    rows = [
        {"choice": label, "series": name, "value": by_day[day][n]}
        for n, name in enumerate(names)
        for label, day in days.items()
    ]
    frame = pd.DataFrame(rows)
    return stacked_choices(frame, unit=unit, what="Day", targets=targets, days=days)


def methods_chart(found: Comparison, target: float | None) -> ChartSpec:
    """The reduction of the time to resolution by each method, with its interval."""
    estimates = {name: compared.estimate for name, compared in found.methods.items()}
    return intervals(estimates, unit="fraction", target=target)


def _saving(data: PanelData) -> Panel:
    found = data.comparison
    if all(compared.estimate.value is None for compared in found.methods.values()):
        return _empty("saving", "Resolution time", "No tickets to compare in this window")
    title = "No conclusion on the time saved"
    if found.preferred.figure:
        title = f"{text.amount(found.preferred.estimate.value, 'fraction')} less time to resolution"
    target = next(iter(data.targets("time_reduction")), None)
    return Panel("saving", title, found.preferred.why, methods_chart(found, target))


def _queue(data: PanelData) -> Panel:
    points = [
        TimePoint(
            at=(at := point.at.astimezone(data.zone)).replace(tzinfo=None),
            label=text.moment(at, data.today),
            value=point.mean,
        )
        for point in data.reading.queue_series
    ]
    known = [point for point in points if point.value is not None]
    if not known:
        return _empty("queue", "Queue depth", "Prometheus was not read in this window")
    deepest = max(known, key=lambda point: point.value or 0.0)
    grain: str = "day" if len(data.days) > 2 else "hour"
    series, unit = {"Queue depth": points}, "Waiting tickets"
    return Panel(
        "queue",
        f"The queue was deepest at {deepest.label}: {deepest.value:,.0f} waiting",
        "Waiting tickets by quarter of an hour; gaps are times without a scrape",
        time_chart(series, unit=unit, grain=grain, zero=True, targets=data.targets("queue_depth")),
    )


def _empty(key: str, what: str, why: str) -> Panel:
    return Panel(key, what, f"{why}.", None)


def _extreme(
    points: Sequence[TimePoint], unit: str, finding: str, *, pick: Callable[..., TimePoint]
) -> str:
    """The day with the lowest or highest value, in a sentence; there is one."""
    known = [point for point in points if point.value is not None]
    extreme = pick(known, key=lambda point: point.value or 0.0)
    name = extreme.label.partition(",")[0] if len(points) <= 7 else extreme.label
    return f"{name} {finding.format(text.amount(extreme.value, unit))}"
