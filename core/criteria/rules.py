"""How each success criterion is estimated from what was observed, and what more data would show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.base import histogram, stats, text
from core.base.histogram import HistogramQuantile
from core.base.stats import Bounds, Estimate
from core.criteria.platform import GaugeDay
from core.criteria.window_data import WindowData

# Beyond this share of the ratings one rater is named in the note.
MOST_OF_ONE = 0.3

CARRIED_BY = {
    "stratified": "within category and priority",
    "go_live": "before and after go-live",
    None: "",
}

Shrinking = Callable[[int], Bounds]


@dataclass(frozen=True)
class Rule:
    """How a criterion is estimated, and how its interval would shrink with more observations.

    `metric` is the metric that the estimate is of, None where no metric says the same.
    """

    sample: str
    estimate: Callable[[WindowData], Estimate]
    bounds: Callable[[WindowData, Estimate], Shrinking]
    metric: str | None = None
    note: Callable[[WindowData], str] = lambda _data: ""
    # The same from Prometheus, for windows without records of runs, and the name of its PromQL.
    platform: Callable[[WindowData], Estimate] | None = None
    platform_note: Callable[[WindowData], str] = lambda _data: ""
    query: str = ""


def _share_bounds(_data: WindowData, estimate: Estimate) -> Shrinking:
    return lambda n: stats.proportion_bounds(estimate.value or 0.0, n)


def _mean_bounds(_data: WindowData, estimate: Estimate) -> Shrinking:
    return lambda n: stats.scaled_bounds(estimate, n)


def _quantile_rule(metric: str, share: float) -> Rule:
    return Rule(
        sample="run",
        metric=metric,
        estimate=lambda data: stats.quantile_estimate(data.runs.seconds, share),
        bounds=lambda data, _estimate: lambda n: stats.quantile_bounds(data.runs.seconds, share, n),
        platform=lambda data: _of_buckets(data, share).estimate,
        platform_note=lambda data: _of_buckets(data, share).note,
        query=metric.removeprefix("latency_"),
    )


def _of_buckets(data: WindowData, share: float) -> HistogramQuantile:
    return histogram.quantile_estimate(data.platform.buckets or {}, share)


def _platform_success(data: WindowData) -> Estimate:
    completed, failed = data.platform.completed or 0, data.platform.failed or 0
    return stats.proportion_estimate(completed, completed + failed)


def _success(data: WindowData) -> Estimate:
    return stats.proportion_estimate(data.runs.completed, data.runs.finished)


def _pending(data: WindowData) -> str:
    pending = data.runs.pending
    return f"{text.times(pending, 'run')} pending, left out" if pending else ""


def _saving_note(data: WindowData) -> str:
    """Where the figure comes from, and the naive one beside it."""
    comparison = data.comparison
    said = [CARRIED_BY[comparison.preferred.figure]]
    for name, compared in (("stratified", comparison.stratified), ("naive", comparison.naive)):
        value = compared.estimate.value
        if value is not None and comparison.preferred.figure != name:
            said.append(f"{name} {text.share(value)}")
    if comparison.warnings:
        said.append("see the warnings under Before and after")
    return "; ".join(part for part in said if part)


def _satisfaction_note(data: WindowData) -> str:
    """The two kinds of ratings apart, and how much of it one person is."""
    found = data.satisfaction
    said = [
        f"{name} {text.amount(estimate.value, 'stars')} of {text.count(estimate.n)}"
        for name, estimate in (("in the product", found.in_product), ("survey", found.survey))
        if estimate.value is not None
    ]
    if found.busiest_share is not None and found.busiest_share > MOST_OF_ONE:
        said.append(f"one rater gave {text.share(found.busiest_share)} of the ratings")
    return "; ".join(said)


def _net(data: WindowData) -> Estimate:
    """What a week is worth above what it costs; the interval is that of the minutes saved."""
    found, n = data.roi, data.comparison.preferred.estimate.n
    method = "interval of the minutes saved"
    if found.net_per_week is None:
        return Estimate(value=None, low=None, high=None, n=0, method=method, reason=found.reason)
    net = found.net_per_week
    return Estimate(value=net.middle, low=net.low, high=net.high, n=n, method=method)


def _net_note(data: WindowData) -> str:
    currency = next((one.value for one in data.roi.inputs if one.key == "currency"), "")
    return "" if data.roi.reason else f"{currency} net a week, from low to high"


def _throughput(data: WindowData) -> Estimate:
    """The mean of the days; a day that is excluded in part says nothing of a day."""
    return stats.mean_estimate(data.whole_days)


def _availability(data: WindowData) -> Estimate:
    """The share of the minutes that were scraped: all of them are known, so nothing is sampled."""
    reading = data.platform
    method = "counted in full: every minute is known"
    if reading.available is None:
        why = "Prometheus was not read"
        return Estimate(value=None, low=None, high=None, n=0, method=method, reason=why)
    share, n = reading.available, round(reading.minutes_read)
    return Estimate(value=share, low=share, high=share, n=n, method=method)


def _daily(days: Sequence[GaugeDay] | None, what: str) -> Estimate:
    """The mean of the days' means: those of one day resemble each other too much to be counted."""
    found = stats.mean_estimate([day.mean for day in days or ()])
    if found.value is None:
        return Estimate(
            value=None, low=None, high=None, n=0, method=found.method, reason=f"{what} not read"
        )
    return found


RULES: Mapping[str, Rule] = {
    "success_rate": Rule(
        sample="run",
        metric="enhancement_success_rate",
        estimate=_success,
        bounds=_share_bounds,
        note=_pending,
        platform=_platform_success,
        query="requests",
    ),
    "latency_p50": _quantile_rule("latency_p50", 0.50),
    "latency_p95": _quantile_rule("latency_p95", 0.95),
    "latency_p99": _quantile_rule("latency_p99", 0.99),
    "satisfaction": Rule(
        sample="rating",
        estimate=lambda data: data.satisfaction.together,
        bounds=_mean_bounds,
        note=_satisfaction_note,
    ),
    "positive_feedback": Rule(
        sample="thumb",
        metric="positive_feedback_rate",
        estimate=lambda data: stats.proportion_estimate(*data.thumbs),
        bounds=_share_bounds,
    ),
    "time_reduction": Rule(
        sample="enhanced ticket",
        estimate=lambda data: data.comparison.preferred.estimate,
        bounds=_mean_bounds,
        note=_saving_note,
    ),
    "roi": Rule(
        sample="enhanced ticket",
        estimate=_net,
        bounds=_mean_bounds,
        note=_net_note,
    ),
    "throughput": Rule(
        sample="day",
        metric="throughput_per_day",
        estimate=_throughput,
        bounds=_mean_bounds,
    ),
    "availability": Rule(
        sample="minute",
        estimate=_availability,
        bounds=_mean_bounds,
        note=lambda data: "minutes in which the platform was scraped" if data.platform.gaps else "",
    ),
    "queue_depth": Rule(
        sample="day",
        estimate=lambda data: _daily(data.platform.queue, "queue depth"),
        bounds=_mean_bounds,
        note=lambda _data: "the mean of the days' means",
        query="queue_depth",
    ),
    "worker_utilisation": Rule(
        sample="day",
        estimate=lambda data: _daily(data.platform.utilisation, "worker utilisation"),
        bounds=_mean_bounds,
        note=lambda _data: "the mean of the days' means",
        query="worker_active",
    ),
}
