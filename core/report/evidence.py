"""What a baseline report rests on: everything that is read of its window, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from core.analytics.account_settings import RoiSettings, settings_of
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
from core.criteria.verdicts import CriterionResult
from core.criteria.window_data import WindowData, instants, window_data
from core.feedback.surveys import SurveyResults, survey_results
from core.report.chosen import Chosen, frozen_exclusions, load_frozen, results_of
from core.store import Annotation, Exclusion, Scope


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A window with its criteria and all that stands beside them.

    `found` are the findings as check, instant and sentence; `seen` reads the rest when it is asked.
    """

    chosen: Chosen
    account: str
    seen: WindowData
    results: Sequence[CriterionResult]
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
        return self.now.astimezone(self.seen.scope.zone).date()

    @property
    def main(self) -> list[CriterionResult]:
        """The criteria without the guardrails."""
        return [result for result in self.results if not result.criterion.is_guardrail]

    @property
    def left_out(self) -> list[Exclusion]:
        """The entries of the ledger that the figures leave out, in these days."""
        start, end = instants(self.seen.scope.zone, self.seen.window)
        content = self.chosen.content
        frozen = None if content is None else {one["id"] for one in content["exclusions"]}
        return [
            entry
            for entry in self.ledger
            if (entry.withdrawn_at is None if frozen is None else entry.id in frozen)
            and entry.from_at < end
            and entry.to_at > start
        ]

    def panels(self) -> PanelData:
        """What the charts are drawn from, with what happened and what is excluded."""
        zone = self.seen.scope.zone
        return PanelData(
            results={result.criterion.key: result for result in self.results},
            days=self.days,
            opinions=self.opinions,
            comparison=self.comparison,
            reading=self.seen.platform,
            marks=annotation_marks(self.happened, zone),
            spans=exclusion_spans(self.left_out, self.seen.window, zone),
            today=self.today,
            zone=zone,
        )


def evidence(scope: Scope, chosen: Chosen, *, now: datetime) -> Evidence:
    """Read everything of the window; figures of a frozen baseline are those that were frozen."""
    window = chosen.window
    asked: dict[str, Any] = {"window": window}
    today = now.astimezone(scope.zone).date()
    seen = window_data(scope, **asked)
    if chosen.content is not None:
        # What is not frozen is seen as it would have been then.
        seen = replace(seen, without=frozen_exclusions(chosen.content))
    results = results_of(scope, chosen)
    start, end = instants(scope.zone, window)
    restated = (
        restatement(scope, chosen.baseline)
        if chosen.baseline is not None and chosen.content is not None
        else []
    )
    return Evidence(
        chosen=chosen,
        account=scope.account,
        seen=seen,
        results=results,
        restated=restated,
        days=load_frozen(chosen, "days", list[DayOfCriteria])
        or daily_criteria(scope, **asked, until=today),
        opinions=load_frozen(chosen, "opinions", Opinions) or opinions(scope, **asked),
        comparison=load_frozen(chosen, "comparison", Comparison) or seen.comparison,
        roi=load_frozen(chosen, "roi", Roi) or seen.roi,
        survey=load_frozen(chosen, "survey", SurveyResults)
        or survey_results(scope, **asked, without=seen.without),
        feedback=feedback_summary(seen),
        causes=causes(seen, slow_seconds=_slow(results)),
        found=_found(scope, chosen, now),
        ledger=exclusions(scope),
        happened=annotations(scope, start=start, end=end),
        currency=settings_of(scope, RoiSettings).currency,
        now=now,
    )


def _slow(results: Sequence[CriterionResult]) -> float:
    """What is slow is what the criterion of the p95 latency says."""
    return next(
        (r.criterion.target for r in results if r.criterion.key == "latency_p95"), SLOW_SECONDS
    )


def _found(scope: Scope, chosen: Chosen, now: datetime) -> list[tuple[str, datetime, str]]:
    """The findings that were frozen, else those of now."""
    frozen: Mapping[str, Any] | None = chosen.content
    if frozen is not None:
        return [
            (one["check"], datetime.fromisoformat(one["at"]), one["text"])
            for one in frozen["findings"]
        ]
    return [
        (one.check, one.from_at, one.text) for one in findings(scope, window=chosen.window, now=now)
    ]


def local(seen: WindowData, at: datetime) -> str:
    """2026-11-18 10:05, in the business zone."""
    return f"{at.astimezone(seen.scope.zone):%Y-%m-%d %H:%M}"
