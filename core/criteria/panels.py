"""The panels of the criteria's dashboard, drawn: for a page and for a report alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pandas as pd

from core.base import text
from core.base.stats import Estimate
from core.charts.time import Mark, Series, Span, TimePoint, time_chart
from core.charts.vega import Drawn
from core.criteria.charts import estimate_rows, stacked_choices
from core.criteria.days import DayOfCriteria, Opinions
from core.criteria.platform import PlatformReading
from core.criteria.time_saved import Comparison
from core.criteria.verdicts import CriterionResult

# In the middle of the day that a point stands for.
NOON = time(12)


@dataclass(frozen=True)
class Panel:
    """A chart with its finding and what is drawn; without a chart, the subtitle says why."""

    key: str
    title: str
    subtitle: str
    drawn: Drawn | None


@dataclass(frozen=True, kw_only=True)
class PanelData:
    """What the panels of a window are drawn from; marks and spans are in local time."""

    results: Mapping[str, CriterionResult]
    days: Sequence[DayOfCriteria]
    opinions: Opinions
    comparison: Comparison
    reading: PlatformReading
    marks: Sequence[Mark]
    spans: Sequence[Span]
    today: date
    zone: ZoneInfo

    def targets(self, key: str) -> list[float]:
        """The ends of a criterion's target."""
        result = self.results.get(key)
        if result is None:
            return []
        ends = (result.criterion.target, result.criterion.upper_target)
        return [end for end in ends if end is not None]

    def points(self, key: str) -> list[TimePoint]:
        """A criterion by day; a day that is not over is not whole."""
        return [
            TimePoint(
                at=datetime.combine(day.day, NOON),
                label=f"{day.day:%A}, {text.day(day.day)}",
                value=day.estimates[key].value,
                low=day.estimates[key].low,
                high=day.estimates[key].high,
                n=day.estimates[key].n,
                is_whole=day.day < self.today,
            )
            for day in self.days
        ]


def panels(data: PanelData) -> Iterator[Panel]:
    """Every panel of the dashboard in its order."""
    yield _success(data)
    yield _latency(data)
    yield _ratings(data)
    yield _thumbs(data)
    yield _tickets(data)
    yield _saving(data)
    yield _positive(data)
    yield _queue(data)
    yield _submissions(data)


def criterion_ends(result: CriterionResult) -> tuple[float, float]:
    """The ends of a criterion's bar: the target in the middle, everything known within."""
    criterion, estimate = result.criterion, result.estimate
    known = [x for x in (estimate.value, estimate.low, estimate.high) if x is not None]
    reach = max([abs(x - criterion.target) for x in known] + [abs(criterion.target) * 0.05]) * 1.2
    # A target of 0 of which nothing is known has no width of its own.
    reach = reach or 1.0
    lowest, highest = {"fraction": (-1.0, 1.0), "stars": (1.0, 5.0)}.get(
        criterion.unit, (-float("inf") if criterion.unit == "money" else 0.0, float("inf"))
    )
    return max(criterion.target - reach, lowest), min(criterion.target + reach, highest)


def _success(data: PanelData) -> Panel:
    points = data.points("success_rate")
    title = _worst(points, "fraction", "was the weakest day: {} succeeded", lowest=True)
    subtitle = "Success rate by day, completed of completed and failed runs, with its 95 % interval"
    drawn = _share_line(data, "Success rate", "success_rate", points)
    if drawn is None:
        return _nothing("success_rate", "Success rate", "No finished run in this window")
    return Panel("success_rate", title, subtitle, drawn)


def _positive(data: PanelData) -> Panel:
    points = data.points("positive_feedback")
    title = _worst(points, "fraction", "had the fewest thumbs up: {}", lowest=True)
    subtitle = "Share of thumbs that point up by day, with its 95 % interval"
    drawn = _share_line(data, "Positive feedback", "positive_feedback", points)
    if drawn is None:
        return _nothing("positive", "Positive feedback", "No thumb in this window")
    return Panel("positive", title, subtitle, drawn)


def _share_line(data: PanelData, name: str, key: str, points: Sequence[TimePoint]) -> Drawn | None:
    if all(point.value is None for point in points):
        return None
    return time_chart(
        [Series(name, points)],
        unit="fraction",
        grain="day",
        targets=data.targets(key),
        marks=data.marks,
        spans=data.spans,
    )


def _latency(data: PanelData) -> Panel:
    lines = {"p50": "latency_p50", "p95": "latency_p95", "p99": "latency_p99"}
    series = [Series(name, data.points(key)) for name, key in lines.items()]
    slowest = series[1].points
    if all(point.value is None for point in slowest):
        return _nothing("latency", "Latency", "No completed run in this window")
    drawn = time_chart(
        series,
        unit="seconds",
        grain="day",
        targets=data.targets("latency_p95"),
        marks=data.marks,
        spans=data.spans,
        zero=True,
    )
    return Panel(
        "latency",
        _worst(slowest, "seconds", "was the slowest day: p95 {}", lowest=False),
        "Duration of completed runs by day; the target of p95 is dashed",
        drawn,
    )


def _ratings(data: PanelData) -> Panel:
    voiced = data.opinions
    rows = [
        {"choice": str(stars), "series": name, "value": given.get(stars, 0)}
        for name, given in (("In the product", voiced.in_product), ("Survey", voiced.survey))
        for stars in range(1, 6)
        if given
    ]
    result = data.results.get("satisfaction")
    estimate = None if result is None else result.estimate
    if not rows or estimate is None or estimate.value is None:
        return _nothing("ratings", "Satisfaction", "No rating in this window")
    said = f"{text.amount(estimate.value, 'stars')} of 5 stars on average"
    return Panel(
        "ratings",
        f"{said}, from {text.times(estimate.n, 'rating')}",
        "Ratings from 1 to 5 stars, in the product and in the survey",
        stacked_choices(pd.DataFrame(rows), unit="Ratings", what="Stars"),
    )


def _thumbs(data: PanelData) -> Panel:
    up, down = (sum(day.thumbs[n] for day in data.days) for n in (0, 1))
    if not up + down:
        return _nothing("thumbs", "Thumbs", "No thumb in this window")
    rows = [
        {"choice": _day(day), "series": name, "value": day.thumbs[n]}
        for n, name in enumerate(("Thumbs up", "Thumbs down"))
        for day in data.days
    ]
    return Panel(
        "thumbs",
        f"{text.count(up)} thumbs up, {text.count(down)} down",
        "Thumbs by day",
        stacked_choices(pd.DataFrame(rows), unit="Thumbs", what="Day"),
    )


def _tickets(data: PanelData) -> Panel:
    if not any(day.finished for day in data.days):
        return _nothing("tickets", "Tickets a day", "No finished run in this window")
    rows = [
        {"choice": _day(day), "series": "Finished runs", "value": day.finished} for day in data.days
    ]
    working = [day.finished for day in data.days if day.day < data.today]
    mean = sum(working) / len(working) if working else data.days[-1].finished
    return Panel(
        "tickets",
        f"{text.amount(round(mean), 'per day')} enhanced tickets a day on average",
        "Completed and failed runs by day; the target's range is dashed",
        stacked_choices(
            pd.DataFrame(rows), unit="Runs", what="Day", targets=data.targets("throughput")
        ),
    )


def _saving(data: PanelData) -> Panel:
    seen = data.comparison
    estimates: dict[str, Estimate] = {
        "Within category and priority": seen.stratified.estimate,
        "All tickets, naive": seen.naive.estimate,
    }
    if seen.go_live is not None:
        estimates["Since go-live"] = seen.go_live.compared.estimate
    if all(estimate.value is None for estimate in estimates.values()):
        return _nothing("saving", "Resolution time", "No tickets to compare in this window")
    value = text.amount(seen.preferred.estimate.value, "fraction")
    target = next(iter(data.targets("time_reduction")), None)
    return Panel(
        "saving",
        f"{value} less time to resolution" if seen.preferred.figure else "No saving can be claimed",
        seen.preferred.why,
        estimate_rows(estimates, unit="fraction", target=target),
    )


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
        return _nothing("queue", "Queue depth", "Prometheus was not read in this window")
    deepest = max(known, key=lambda point: point.value or 0.0)
    drawn = time_chart(
        [Series("Queue depth", points)],
        unit="Waiting tickets",
        grain="day" if len(data.days) > 2 else "hour",
        targets=data.targets("queue_depth"),
        marks=data.marks,
        spans=data.spans,
        zero=True,
    )
    return Panel(
        "queue",
        f"The queue was deepest at {deepest.label}: {deepest.value:,.0f} waiting",
        "Waiting tickets by quarter of an hour; a hole is time without a scrape",
        drawn,
    )


def _submissions(data: PanelData) -> Panel:
    given = data.opinions.submissions
    total = sum(sum(pair) for pair in given.values())
    if not total:
        return _nothing("submissions", "Submissions", "No feedback in this window")
    rows = [
        {"choice": _day(day), "series": name, "value": given.get(day.day, (0, 0))[n]}
        for n, name in enumerate(("Votes", "Survey responses"))
        for day in data.days
    ]
    return Panel(
        "submissions",
        f"{text.upper_first(text.times(total, 'submission'))} of feedback",
        "Votes and survey responses by day",
        stacked_choices(pd.DataFrame(rows), unit="Submissions", what="Day"),
    )


def _nothing(key: str, what: str, why: str) -> Panel:
    return Panel(key, what, f"{why}: nothing can be drawn.", None)


def _day(day: DayOfCriteria) -> str:
    return f"{day.day:%a} {day.day.day} {day.day:%b}"


def _worst(points: Sequence[TimePoint], unit: str, finding: str, *, lowest: bool) -> str:
    known = [point for point in points if point.value is not None]
    if not known:
        return "Nothing was measured in this window"
    pick = min if lowest else max
    worst = pick(known, key=lambda point: point.value or 0.0)
    name = worst.label.partition(",")[0] if len(points) <= 7 else worst.label
    return f"{name} {finding.format(text.amount(worst.value, unit))}"
