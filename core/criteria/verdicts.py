"""Success criteria: how each is estimated over a window, and its verdict against the target."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from core.analytics.dates import Window
from core.analytics.definitions import METRICS
from core.base import stats, text
from core.base.stats import Bounds, Estimate, Leaning, Span, Verdict
from core.criteria import histogram
from core.criteria.platform import COMPLETED, FAILED, GaugeTime
from core.criteria.window_data import WindowData, window_data
from core.store import Criterion, Scope, table

RECORDS, PROMETHEUS = "records", "Prometheus"
# What a stored result keeps of its criterion.
KEPT = (
    *("key", "label", "direction", "target", "upper_target", "unit", "owner", "rationale"),
    "is_guardrail",
)
# Raised when an estimate or its interval is computed in another way.
RULES_VERSION = 3
# A rater with more than this share of the ratings is told in the note.
MOST_OF_ONE = 0.3
PREFERRED = {
    "stratified": "within category and priority",
    "go_live": "before and after go-live",
    None: "",
}

BoundsAt = Callable[[int], Bounds]


def _share_bounds(_data: WindowData, estimate: Estimate) -> BoundsAt:
    return partial(stats.proportion_bounds, estimate.value or 0.0)


@dataclass(frozen=True)
class CriterionRule:
    """How a criterion is estimated.

    `sample` names an observation, `rows` the kinds of rows that it rests on (see `row_counts`);
    `bounds` gives the interval that n observations like the present ones would have. A quantile has
    a `share`. `metric` is the metric with the same definition, None where there is none. `platform`
    is the estimate from Prometheus, for windows without records of runs, and `query` the name of
    its PromQL.
    """

    sample: str
    estimate: Callable[[WindowData], Estimate]
    bounds: Callable[[WindowData, Estimate], BoundsAt] = lambda _data, estimate: partial(
        stats.scaled_bounds, estimate
    )
    share: float | None = None
    metric: str | None = None
    note: Callable[[WindowData], str] = lambda _data: ""
    platform: Callable[[WindowData], Estimate] | None = None
    platform_note: Callable[[WindowData], str] = lambda _data: ""
    query: str = ""
    rows: tuple[str, ...] = ()


def _pending_note(data: WindowData) -> str:
    pending = data.runs.pending
    return f"{text.times(pending, 'run')} pending, left out" if pending else ""


def _quantile_rule(metric: str, share: float) -> CriterionRule:
    def of_buckets(data: WindowData) -> histogram.HistogramQuantile:
        return histogram.bucket_quantile_estimate(data.platform.buckets or {}, share)

    return CriterionRule(
        sample="run",
        share=share,
        metric=metric,
        estimate=lambda data: stats.quantile_estimate(data.runs.seconds, share),
        bounds=lambda data, _estimate: lambda n: stats.quantile_bounds(data.runs.seconds, share, n),
        note=_pending_note,
        platform=lambda data: of_buckets(data).estimate,
        platform_note=lambda data: of_buckets(data).note,
        query=metric.removeprefix("latency_"),
        rows=("runs",),
    )


def _platform_success(data: WindowData) -> Estimate:
    statuses = data.platform.statuses or {}
    completed, failed = (statuses.get(status, 0) for status in (COMPLETED, FAILED))
    return stats.proportion_estimate(completed, completed + failed)


def _reduction_note(data: WindowData) -> str:
    """The comparison that the figure is taken from, and the other figures."""
    comparison = data.comparison
    said = [PREFERRED[comparison.preferred.figure]]
    for name, compared in (("stratified", comparison.stratified), ("naive", comparison.naive)):
        value = compared.estimate.value
        if value is not None and comparison.preferred.figure != name:
            said.append(f"{name} {text.share(value)}")
    if comparison.waiting:
        wait = "waits" if comparison.waiting == 1 else "wait"
        said.append(f"{text.times(comparison.waiting, 'opened ticket')} {wait} for a resolution")
    if comparison.warnings:
        said.append("see the warnings under Before and after")
    return "; ".join(part for part in said if part)


def _satisfaction_note(data: WindowData) -> str:
    """Ratings in the product and in the survey apart, and the share of the busiest rater."""
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
    """The net value of a week; its interval is that of the minutes saved."""
    found, net = data.roi, data.roi.net_per_week
    method = "interval of the minutes saved"
    if net is None:
        return Estimate(method=method, reason=found.reason)
    bounds: Any = {"low": net.low, "high": net.high, "likely": found.likely}
    return Estimate(value=net.middle, n=found.n, method=method, **bounds)


def _net_note(data: WindowData) -> str:
    return next((text.lower_first(note[:-1]) for note in data.roi.notes), "")


def _availability(data: WindowData, minutes: float | None = None) -> Estimate:
    """The share of minutes that were scraped; of `minutes` like them where so many are given."""
    reading = data.platform
    if reading.available is None:
        return Estimate(method=stats.UPTIME, reason="Prometheus was not read")
    minutes = minutes or reading.minutes_read
    return stats.uptime_estimate(minutes, minutes * reading.available, reading.outages)


def _gauge(days: Sequence[GaugeTime] | None, data: WindowData, what: str) -> Estimate:
    """The mean of daily means: readings within a day are too alike to count one by one."""
    zone = data.scope.zone
    by_day = {day.at.astimezone(zone).date(): day.mean for day in days or ()}
    known = {day: mean for day, mean in by_day.items() if mean is not None}
    found = stats.daily_estimate(known, list(known), counted=False)
    return found if found.value is not None else replace(found, reason=f"{what} not read")


def _day_note(data: WindowData) -> str:
    scaled = sum(left < 1 for left in data.kept_of_day.values())
    return f"{text.times(scaled, 'day')} scaled up for the time that is excluded" if scaled else ""


RULES: Mapping[str, CriterionRule] = {
    "success_rate": CriterionRule(
        sample="run",
        metric="enhancement_success_rate",
        estimate=lambda data: stats.proportion_estimate(data.runs.completed, data.runs.finished),
        bounds=_share_bounds,
        note=_pending_note,
        platform=_platform_success,
        query="requests",
        rows=("runs",),
    ),
    "latency_p50": _quantile_rule("latency_p50", 0.50),
    "latency_p95": _quantile_rule("latency_p95", 0.95),
    "latency_p99": _quantile_rule("latency_p99", 0.99),
    "satisfaction": CriterionRule(
        sample="rating",
        estimate=lambda data: data.satisfaction.pooled,
        note=_satisfaction_note,
        rows=("ratings", "surveys"),
    ),
    "positive_feedback": CriterionRule(
        sample="thumb",
        metric="positive_feedback_rate",
        estimate=lambda data: stats.proportion_estimate(*data.thumbs),
        bounds=_share_bounds,
        rows=("thumbs",),
    ),
    "time_reduction": CriterionRule(
        sample="enhanced ticket",
        estimate=lambda data: data.comparison.preferred.estimate,
        note=_reduction_note,
        rows=("tickets", "surveys"),
    ),
    "roi": CriterionRule(
        sample="observation", estimate=_net, note=_net_note, rows=("tickets", "surveys")
    ),
    "throughput": CriterionRule(
        sample="day",
        metric="throughput_per_day",
        estimate=lambda data: stats.daily_estimate(data.whole_days, data.days_over, counted=True),
        note=_day_note,
        rows=("runs",),
    ),
    "availability": CriterionRule(
        sample="minute",
        estimate=_availability,
        bounds=lambda data, _estimate: lambda n: _availability(data, n).bounds,
        note=lambda data: "minutes in which the platform was scraped" if data.platform.gaps else "",
    ),
    "queue_depth": CriterionRule(
        sample="day",
        estimate=lambda data: _gauge(data.platform.queue, data, "queue depth"),
        note=lambda _data: "the mean of the days' means",
        query="queue_depth",
    ),
    "worker_utilisation": CriterionRule(
        sample="day",
        estimate=lambda data: _gauge(data.platform.utilisation, data, "worker utilisation"),
        note=lambda _data: "the mean of the days' means",
        query="worker_utilisation",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The estimate of a criterion over a window, and its verdict.

    `leaning` is the direction of one that is not proven. `forecast` are the further observations
    that may decide it, in `forecast_days` at the present rate; None where it is decided or no
    sample would do. `source` is records or Prometheus, `query`
    the PromQL with the same result, "" where there is none. Money has a `currency`, and is that of
    a week.
    """

    estimate: Estimate
    verdict: Verdict
    leaning: Leaning | None = None
    forecast: Span | None = None
    forecast_days: Span | None = None
    note: str
    source: str
    query: str
    currency: str = ""


JUDGED = TypeAdapter(Judged)


@dataclass(frozen=True, kw_only=True)
class CriterionResult:
    """A criterion judged without what is excluded, and, where something is, with it."""

    criterion: Criterion
    judged: Judged
    # The same with the excluded rows; None where nothing of the window is excluded.
    with_excluded: Judged | None
    sample: str

    @property
    def metric(self) -> str | None:
        """The key of the metric that the estimate is one of."""
        rule = RULES.get(self.criterion.key)
        return None if rule is None else rule.metric

    @property
    def estimate(self) -> Estimate:
        """The estimate that counts: without what is excluded."""
        return self.judged.estimate

    @property
    def verdict(self) -> Verdict:
        """The verdict that counts: without what is excluded."""
        return self.judged.verdict

    @property
    def is_met_by_exclusions(self) -> bool:
        """Whether it is Met only because of the exclusions, which every reader must see."""
        everything = self.with_excluded
        return (
            everything is not None
            and self.verdict is Verdict.MET
            and everything.verdict is not Verdict.MET
        )


def criteria_of(scope: Scope) -> list[Criterion]:
    """The account's criteria in their order."""
    criterion = table(Criterion).c
    return scope.objects(Criterion, order_by=[criterion.position, criterion.key])


def evaluate(scope: Scope, *, window: Window, key: str | None = None) -> list[CriterionResult]:
    """Every criterion of the account over the window in its order, or only that of a key."""
    data = window_data(scope, window=window)
    everything = data.with_excluded if data.without else None
    return [
        CriterionResult(
            criterion=record,
            judged=_judged(record, rule, data),
            with_excluded=None if everything is None else _judged(record, rule, everything),
            sample=rule.sample,
        )
        for record in criteria_of(scope)
        if key in {None, record.key} and (rule := RULES.get(record.key)) is not None
    ]


def results_by_key(scope: Scope, *, window: Window) -> dict[str, CriterionResult]:
    """Every criterion of the account over the window, by its key."""
    return {result.criterion.key: result for result in evaluate(scope, window=window)}


def weekly_estimates(
    scope: Scope, *, weeks: Iterable[Window], keys: Iterable[str]
) -> dict[str, list[Estimate]]:
    """By criterion key, the estimate of each week without what is excluded."""
    data = [window_data(scope, window=week) for week in weeks]
    return {key: [estimate_of(RULES[key], of_week)[0] for of_week in data] for key in keys}


def estimate_of(rule: CriterionRule, data: WindowData) -> tuple[Estimate, str]:
    """The estimate and its source: the records of runs, else Prometheus."""
    estimate = rule.estimate(data)
    if estimate.value is None and rule.platform is not None:
        other = rule.platform(data)
        if other.value is not None or other.n:
            return other, PROMETHEUS
    return estimate, RECORDS


def _judged(record: Criterion, rule: CriterionRule, data: WindowData) -> Judged:
    direction: Any = record.direction  # one of the three
    estimate, source = estimate_of(rule, data)
    target, upper = record.target, record.upper_target
    judged, bounds = estimate, rule.bounds(data, estimate)
    if source == PROMETHEUS and rule.share and direction == "below" and estimate.value is not None:
        # What buckets tell of a quantile is the share within the target.
        buckets = data.platform.buckets or {}
        judged = histogram.share_within(buckets, target)
        bounds = partial(histogram.share_bounds, buckets, target)
        direction, target = "above", rule.share
    forecast = stats.more_needed(judged, direction, target, bounds, upper)
    a_day = estimate.n / data.days_so_far if data.days_so_far else 0
    return Judged(
        estimate=estimate,
        verdict=stats.verdict(judged, direction, target, upper),
        leaning=stats.leaning(judged, direction, target, upper),
        forecast=forecast,
        forecast_days=_days_of(forecast, a_day) if forecast and a_day else None,
        note=rule.note(data) if source == RECORDS else _platform_note(rule, data, record),
        source=source,
        query=_query(rule, data, source),
        currency=data.roi.currency if record.unit == "money" else "",
    )


def _days_of(forecast: Span, a_day: float) -> Span:
    few, many = (None if more is None else math.ceil(more / a_day) for more in forecast)
    return few or 1, many


def _platform_note(rule: CriterionRule, data: WindowData, record: Criterion) -> str:
    """The limits of the figure, and the exact share within a target that is a bucket's bound."""
    said = [rule.platform_note(data)]
    buckets = data.platform.buckets or {}
    if rule.share is not None and record.target in buckets:
        within = histogram.share_within(buckets, record.target)
        share = text.amount(within.value, "fraction")
        between = text.between(*within.bounds, "fraction")
        of, target = text.times(within.n, "run"), text.duration(record.target)
        said.append(f"exactly {share} of {of} took no more than {target} (95 % interval {between})")
    return "; ".join(part for part in said if part)


def _query(rule: CriterionRule, data: WindowData, source: str) -> str:
    if not rule.query or (source == RECORDS and rule.platform is not None):
        return ""
    return data.platform.promql.get(rule.query, "")


def result_content(result: CriterionResult) -> dict[str, Any]:
    """A result as JSON, as a frozen baseline and a closed review keep it."""
    criterion = result.criterion
    metric = METRICS.get(result.metric or "")
    return {
        **{name: getattr(criterion, name) for name in KEPT},
        "sample": result.sample,
        "rules_version": RULES_VERSION,
        "definition_version": metric and metric.version,
        **_judged_content(result.judged),
        "with_excluded": result.with_excluded and _judged_content(result.with_excluded),
    }


def _judged_content(judged: Judged) -> dict[str, Any]:
    content = asdict(judged)
    estimate: dict[str, Any] = content.pop("estimate")
    return estimate | content | {"verdict": str(judged.verdict)}


def load_result(content: Mapping[str, Any]) -> CriterionResult:
    """The result of the JSON that `result_content` made."""
    everything = content["with_excluded"]
    kept = {"rationale": ""} | {name: content[name] for name in KEPT if name in content}
    return CriterionResult(
        criterion=Criterion(account_id="", position=0, **kept),
        judged=_load_judged(content),
        with_excluded=_load_judged(everything) if everything else None,
        sample=content["sample"],
    )


def _load_judged(content: Mapping[str, Any]) -> Judged:
    # The fields of the estimate lie beside those of the judgement.
    return JUDGED.validate_python({**content, "estimate": content})
