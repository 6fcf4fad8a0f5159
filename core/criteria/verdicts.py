"""Are we meeting our success criteria: each one estimated over a window and judged."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import select

from core.analytics.registry import METRICS
from core.analytics.window import Window
from core.base import histogram, stats, text
from core.base.stats import Direction, Estimate, Verdict
from core.criteria.platform import PlatformReading
from core.criteria.roi import Roi
from core.criteria.rules import RULES, Rule
from core.criteria.time_saved import Comparison
from core.criteria.window_data import WindowData, window_data
from core.store import Criterion, Scope, table

RECORDS, PROMETHEUS = "records", "Prometheus"
# What a stored result keeps of its criterion.
KEPT = (
    *("key", "label", "direction", "target", "upper_target", "unit", "owner", "rationale"),
    "is_guardrail",
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a window says of a criterion.

    `more_needed` is how many more observations of the kind `sample` would decide the verdict, at
    the present rate in `more_days` days; None where it is decided or no sample would do. `source`
    is records or Prometheus, `query` the PromQL that says the same, "" where there is none.
    """

    estimate: Estimate
    verdict: Verdict
    more_needed: int | None
    more_days: int | None
    note: str
    source: str
    query: str


@dataclass(frozen=True, kw_only=True)
class CriterionResult:
    """A criterion judged without what is excluded, and, where something is, with it."""

    criterion: Criterion
    judged: Judged
    # The same with the excluded rows; None where nothing of the window is excluded.
    with_excluded: Judged | None
    sample: str
    metric: str | None

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
        """Whether the exclusions alone make it Met: something to be data, not to be hidden."""
        everything = self.with_excluded
        return (
            everything is not None
            and self.verdict is Verdict.MET
            and everything.verdict is not Verdict.MET
        )


def criteria_of(scope: Scope) -> list[Criterion]:
    """The account's criteria in their order."""
    criteria = table(Criterion)
    found = (
        select(criteria)
        .where(criteria.c.account_id == scope.account)
        .order_by(criteria.c.position, criteria.c.key)
    )
    with scope.read() as session:
        rows = session.connection().execute(found).mappings().all()
    return [Criterion(**row) for row in rows]


def evaluate(scope: Scope, *, window: Window) -> list[CriterionResult]:
    """Every criterion of the account over the window, in its order."""
    data = window_data(scope, window=window)
    everything = data.all_of_it if data.without else None
    return [
        CriterionResult(
            criterion=record,
            judged=_judged(record, rule, data),
            with_excluded=None if everything is None else _judged(record, rule, everything),
            sample=rule.sample,
            metric=rule.metric,
        )
        for record in criteria_of(scope)
        if (rule := RULES.get(record.key)) is not None
    ]


def comparison_of(scope: Scope, *, window: Window) -> Comparison:
    """Tickets with and without enhancement in the window as it counts."""
    return window_data(scope, window=window).comparison


def roi_of(scope: Scope, *, window: Window) -> Roi:
    """What the window as it counts is worth."""
    return window_data(scope, window=window).roi


def platform_of(scope: Scope, *, window: Window) -> PlatformReading:
    """What Prometheus says of the window as it counts."""
    return window_data(scope, window=window).platform


def weekly_estimates(
    scope: Scope, *, weeks: Iterable[Window], keys: Iterable[str]
) -> dict[str, list[Estimate]]:
    """By criterion key, the estimate of each week as it counts."""
    data = [window_data(scope, window=week) for week in weeks]
    return {key: [estimate_of(RULES[key], of_week)[0] for of_week in data] for key in keys}


def estimate_of(rule: Rule, data: WindowData) -> tuple[Estimate, str]:
    """The estimate from the records, else from Prometheus, and which of the two it is."""
    estimate = rule.estimate(data)
    if estimate.value is None and rule.platform is not None:
        other = rule.platform(data)
        if other.value is not None or other.n:
            return other, PROMETHEUS
    return estimate, RECORDS


def _judged(record: Criterion, rule: Rule, data: WindowData) -> Judged:
    direction: Direction = record.direction  # type: ignore[assignment]  # one of the three
    estimate, source = estimate_of(rule, data)
    target, upper = record.target, record.upper_target
    more = None
    if source == RECORDS:
        bounds = rule.bounds(data, estimate)
        more = stats.more_needed(estimate, direction, target, bounds, upper)
    a_day = estimate.n / data.days_so_far if data.days_so_far else 0
    return Judged(
        estimate=estimate,
        verdict=stats.verdict(estimate, direction, target, upper),
        more_needed=more,
        more_days=-int(-more // a_day) if more is not None and a_day else None,
        note=rule.note(data) if source == RECORDS else _platform_note(rule, data, record),
        source=source,
        query=_query(rule, data, source),
    )


def _platform_note(rule: Rule, data: WindowData, record: Criterion) -> str:
    """What limits the figure, and the exact share within a target that is a bucket's bound."""
    said = [rule.platform_note(data)]
    if record.unit == "seconds":
        within = histogram.share_within(data.platform.buckets or {}, record.target)
        if within is not None and within.n:
            share = text.share(within.within / within.n)
            of = text.times(within.n, "run")
            said.append(f"exactly {share} of {of} took no more than {text.duration(record.target)}")
    return "; ".join(part for part in said if part)


def _query(rule: Rule, data: WindowData, source: str) -> str:
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
        "definition_version": metric and metric.version,
        **_judged_content(result.judged),
        "with_excluded": result.with_excluded and _judged_content(result.with_excluded),
    }


def _judged_content(judged: Judged) -> dict[str, Any]:
    content = asdict(judged)
    estimate: dict[str, Any] = content.pop("estimate")
    return estimate | content | {"verdict": str(judged.verdict)}


def load_result(content: Mapping[str, Any]) -> CriterionResult:
    """The result that `result_content` made JSON of."""
    everything = content["with_excluded"]
    kept = {"rationale": ""} | {name: content[name] for name in KEPT if name in content}
    return CriterionResult(
        criterion=Criterion(account_id="", position=0, **kept),
        judged=_load_judged(content),
        with_excluded=_load_judged(everything) if everything else None,
        sample=content["sample"],
        metric=None,
    )


def _load_judged(content: Mapping[str, Any]) -> Judged:
    return Judged(
        estimate=Estimate(**{f.name: content[f.name] for f in fields(Estimate)}),
        verdict=Verdict(content["verdict"]),
        more_needed=content.get("more_needed"),
        more_days=content.get("more_days"),
        note=content["note"],
        source=content["source"],
        query=content["query"],
    )
