"""What a baseline report rests on: its window, and everything that is read of it, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter

from core.analytics.account_settings import RoiSettings, settings_of
from core.analytics.dates import Window, last_complete_week
from core.analytics.exclusions import Excluded
from core.charts import Event
from core.criteria.baselines import Restated, baselines, content_of, restatement, window_of
from core.criteria.causes import SLOW_SECONDS, Cause, causes
from core.criteria.days import DayOfCriteria, FeedbackSummary, Opinions, feedback_summary
from core.criteria.ledger import annotations, as_events, exclusions
from core.criteria.panels import PanelData
from core.criteria.roi import Roi
from core.criteria.time_saved import Comparison
from core.criteria.verdicts import CriterionResult, load_result
from core.criteria.window_data import WindowData, window_data
from core.criteria.words import CriterionRow
from core.feedback.surveys import SurveyResults
from core.store import Annotation, BaselineWindow, Exclusion, Scope


@dataclass(frozen=True)
class ReportWindow:
    """The days of a report; `baseline` is None for a week that is not planned as one."""

    window: Window
    baseline: BaselineWindow | None
    state: str

    @property
    def is_frozen(self) -> bool:
        """Whether its figures stay as they are."""
        return self.baseline is not None and self.baseline.content is not None


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


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A window with its criteria and everything that a report shows of it.

    `content` is what was frozen of it, else what would be frozen now; `rows` are its criteria;
    `data` reads the rest on demand.
    """

    chosen: ReportWindow
    content: Mapping[str, Any]
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
        left_out = {one["id"] for one in self.content["exclusions"]}
        return [entry for entry in self.ledger_here if entry.id in left_out]

    def panels(self) -> PanelData:
        """The data of the charts."""
        return PanelData(
            results={result.criterion.key: result for result in self.results},
            days=self.days,
            opinions=self.opinions,
            comparison=self.comparison,
            reading=self.data.platform,
            today=self.today,
            zone=self.data.scope.zone,
        )

    def events(self) -> list[Event]:
        """What the charts mark: annotations, and the exclusions that the figures leave out."""
        return as_events(self.happened, self.excluded, self.data.scope.zone)


def read_evidence(scope: Scope, chosen: ReportWindow, *, now: datetime) -> Evidence:
    """Read everything of the window; figures of a frozen baseline are those that were frozen."""
    window, baseline = chosen.window, chosen.baseline
    data = window_data(scope, window=window)
    content = None if baseline is None else baseline.content
    if content is None:
        content = content_of(scope, window, now=now)
    else:
        # What is not frozen is read as it would have been then.
        excluded = Excluded.of(
            (one["subject"], datetime.fromisoformat(one["from"]), datetime.fromisoformat(one["to"]))
            for one in content["exclusions"]
        )
        data = replace(data, without=excluded)
    results = [load_result(stored) for stored in content["criteria"]]
    latency = next((r for r in results if r.criterion.key == "latency_p95"), None)
    return Evidence(
        chosen=chosen,
        content=content,
        data=data,
        rows=[CriterionRow.of(result) for result in results],
        restated=restatement(scope, baseline) if baseline else [],
        days=TypeAdapter(list[DayOfCriteria]).validate_python(content["days"]),
        opinions=TypeAdapter(Opinions).validate_python(content["opinions"]),
        comparison=TypeAdapter(Comparison).validate_python(content["comparison"]),
        roi=TypeAdapter(Roi).validate_python(content["roi"]),
        survey=TypeAdapter(SurveyResults).validate_python(content["survey"]),
        feedback=feedback_summary(data),
        # A run is slow beyond the target of the p95 latency.
        causes=causes(data, slow_seconds=latency.criterion.target if latency else SLOW_SECONDS),
        ledger=exclusions(scope),
        happened=annotations(scope, window=window),
        currency=settings_of(scope, RoiSettings).currency,
        now=now,
    )
