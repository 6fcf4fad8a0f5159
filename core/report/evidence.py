"""What a baseline report rests on: its window, and everything that is read of it, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from core.analytics.account_settings import RoiSettings, settings_of
from core.analytics.dates import Window, last_complete_week
from core.analytics.exclusions import Excluded
from core.criteria.baselines import baselines, window_of
from core.criteria.causes import SLOW_SECONDS, Cause, causes
from core.criteria.days import (
    DayOfCriteria,
    FeedbackSummary,
    Opinions,
    daily_criteria,
    feedback_summary,
    opinions,
)
from core.criteria.ledger import annotations, exclusions
from core.criteria.panels import PanelData, annotation_marks, exclusion_spans
from core.criteria.quality import findings
from core.criteria.restatement import Restated, restatement
from core.criteria.roi import Roi
from core.criteria.time_saved import Comparison
from core.criteria.verdicts import CriterionResult, evaluate, load_result
from core.criteria.window_data import WindowData, window_data
from core.criteria.words import CriterionRow
from core.feedback.surveys import SurveyResults, survey_results
from core.store import Annotation, BaselineWindow, Criterion, Exclusion, Scope

T = TypeVar("T")


@dataclass(frozen=True)
class ReportWindow:
    """The days of a report; `baseline` is None for a week that is not planned as one."""

    window: Window
    baseline: BaselineWindow | None
    state: str

    @property
    def content(self) -> Mapping[str, Any] | None:
        """What was frozen; None before."""
        return None if self.baseline is None else self.baseline.content


def choose_window(scope: Scope, *, today: date, week: Window | None = None) -> ReportWindow:
    """The latest frozen baseline, else the latest complete one, else the last complete week.

    A `week` is taken as it is, with the baseline that has exactly its days.
    """
    states, known = ["frozen", "complete"], baselines(scope)
    if week is not None:
        states.append("collecting")
        known = [b for b in known if (b.first_day, b.last_day) == (week.start, week.end)]
    for state in states:
        for baseline in known:
            if baseline.state(today) == state:
                return ReportWindow(window_of(baseline), baseline, state)
    week = week or last_complete_week(today)
    is_over = week.end is not None and week.end < today
    return ReportWindow(week, None, "not planned as a baseline" if is_over else "not over yet")


def results_of(scope: Scope, chosen: ReportWindow) -> list[CriterionResult]:
    """The criteria as they were frozen, else as today's data has them.

    A baseline that was frozen without saying how much more data is needed takes that from today's
    data, if that still gives the same figure.
    """
    now = evaluate(scope, window=chosen.window)
    if chosen.content is None:
        return now
    by_key = {result.criterion.key: result for result in now}
    return [_with_today(result, by_key) for result in map(load_result, chosen.content["criteria"])]


def _with_today(frozen: CriterionResult, now: Mapping[str, CriterionResult]) -> CriterionResult:
    key = frozen.criterion.key
    today = now.get(key)
    if today is None:
        return frozen
    criterion = Criterion(
        **(frozen.criterion.model_dump() | {"rationale": today.criterion.rationale})
    )
    judged = frozen.judged
    aim = ("direction", "target", "upper_target")
    is_same = judged.estimate == today.estimate and all(
        getattr(criterion, name) == getattr(today.criterion, name) for name in aim
    )
    if is_same and judged.more_needed is None:
        more, days = today.judged.more_needed, today.judged.more_days
        judged = replace(judged, more_needed=more, more_days=days)
    return replace(frozen, criterion=criterion, judged=judged, metric=today.metric)


def load_frozen(chosen: ReportWindow, name: str, kind: type[T]) -> T | None:
    """What was frozen under a name, as its type; None where nothing is frozen."""
    if chosen.content is None:
        return None
    return TypeAdapter(kind).validate_python(chosen.content[name])


def frozen_exclusions(content: Mapping[str, Any]) -> Excluded:
    """What the figures left out when they were frozen."""
    return Excluded.of(
        (one["subject"], datetime.fromisoformat(one["from"]), datetime.fromisoformat(one["to"]))
        for one in content["exclusions"]
    )


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A window with its criteria and everything that a report shows of it.

    `rows` are the criteria, as frozen where they are; `found` are the findings of the data checks
    as check, instant and sentence; `data` reads the rest on demand.
    """

    chosen: ReportWindow
    account: str
    data: WindowData
    rows: Sequence[CriterionRow]
    restated: Sequence[Restated]
    days: Sequence[DayOfCriteria]
    opinions: Opinions
    comparison: Comparison
    roi: Roi
    survey: SurveyResults
    feedback: FeedbackSummary
    causes: Sequence[Cause]
    found: Sequence[tuple[str, datetime, str]]
    ledger: Sequence[Exclusion]
    happened: Sequence[Annotation]
    currency: str
    now: datetime

    @property
    def today(self) -> date:
        """The day of the report in the business zone."""
        return self.now.astimezone(self.data.scope.zone).date()

    @property
    def results(self) -> list[CriterionResult]:
        """The criteria as they were judged."""
        return [row.result for row in self.rows]

    def result(self, key: str) -> CriterionResult | None:
        """One criterion by its key."""
        return next((one for one in self.results if one.criterion.key == key), None)

    def local(self, at: datetime) -> str:
        """2026-11-18 10:05, in the business zone."""
        return f"{at.astimezone(self.data.scope.zone):%Y-%m-%d %H:%M}"

    @property
    def ledger_here(self) -> list[Exclusion]:
        """The entries of the ledger in these days, withdrawn or not."""
        start, end = self.data.window.instants(self.data.scope.zone)
        return [entry for entry in self.ledger if entry.touches(start, end)]

    @property
    def excluded(self) -> list[Exclusion]:
        """The entries of the ledger that the figures leave out."""
        content = self.chosen.content
        frozen = None if content is None else {one["id"] for one in content["exclusions"]}
        return [
            entry
            for entry in self.ledger_here
            if (entry.withdrawn_at is None if frozen is None else entry.id in frozen)
        ]

    def panels(self) -> PanelData:
        """The data of the charts, with annotations and exclusions."""
        zone = self.data.scope.zone
        return PanelData(
            results={result.criterion.key: result for result in self.results},
            days=self.days,
            opinions=self.opinions,
            comparison=self.comparison,
            reading=self.data.platform,
            marks=annotation_marks(self.happened, zone),
            spans=exclusion_spans(self.excluded, self.data.window, zone),
            today=self.today,
            zone=zone,
        )


def read_evidence(scope: Scope, chosen: ReportWindow, *, now: datetime) -> Evidence:
    """Read everything of the window; figures of a frozen baseline are those that were frozen."""
    window, content, baseline = chosen.window, chosen.content, chosen.baseline
    data = window_data(scope, window=window)
    if content is not None:
        # What is not frozen is read as it would have been then.
        data = replace(data, without=frozen_exclusions(content))
    results = results_of(scope, chosen)
    latency = next((r for r in results if r.criterion.key == "latency_p95"), None)
    return Evidence(
        chosen=chosen,
        account=scope.account,
        data=data,
        rows=[CriterionRow.of(result) for result in results],
        restated=restatement(scope, baseline) if baseline is not None and content else [],
        days=load_frozen(chosen, "days", list[DayOfCriteria])
        or daily_criteria(scope, window=window, until=now.astimezone(scope.zone).date()),
        opinions=load_frozen(chosen, "opinions", Opinions) or opinions(scope, window=window),
        comparison=load_frozen(chosen, "comparison", Comparison) or data.comparison,
        roi=load_frozen(chosen, "roi", Roi) or data.roi,
        survey=load_frozen(chosen, "survey", SurveyResults)
        or survey_results(scope, window=window, without=data.without),
        feedback=feedback_summary(data),
        # A run is slow beyond the target of the p95 latency.
        causes=causes(data, slow_seconds=latency.criterion.target if latency else SLOW_SECONDS),
        found=_found(scope, chosen, now),
        ledger=exclusions(scope),
        happened=annotations(scope, window=window),
        currency=settings_of(scope, RoiSettings).currency,
        now=now,
    )


def _found(scope: Scope, chosen: ReportWindow, now: datetime) -> list[tuple[str, datetime, str]]:
    """The findings that were frozen, else those of now."""
    if chosen.content is not None:
        return [
            (one["check"], datetime.fromisoformat(one["at"]), one["text"])
            for one in chosen.content["findings"]
        ]
    found = findings(scope, window=chosen.window, now=now)
    return [(one.check, one.from_at, one.text) for one in found]
