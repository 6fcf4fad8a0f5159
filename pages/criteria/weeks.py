"""The main criteria week by week, against their targets and the frozen baseline."""

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from core.analytics.dates import Window, iso_week, last_complete_week
from core.base import text
from core.charts import Line, Mark, TimePoint, time_chart
from core.criteria.baselines import frozen_baseline, frozen_criteria
from core.criteria.ledger import annotations
from core.criteria.panels import annotation_marks, estimate_point, target_ends
from core.criteria.verdicts import CriterionResult, weekly_estimates
from core.criteria.words import criterion_target
from pages import ui

WEEKS_DRAWN = 8


def show(page: ui.Page, results: Sequence[CriterionResult], window: Window) -> None:
    """Eight weeks up to the one that the window begins in."""
    week = iso_week(window.span[0])
    earlier = [last_complete_week(week.span[0], ago) for ago in range(WEEKS_DRAWN - 1)]
    weeks = [*earlier[::-1], week]
    # The return follows from the time reduction, and has its own tab.
    main = [r for r in results if not r.criterion.is_guardrail and r.criterion.key != "roi"]
    keys = tuple(result.criterion.key for result in main)
    found = ui.read(page, weekly_estimates, weeks=tuple(weeks), keys=keys)
    frozen = frozen_criteria(ui.read(page, frozen_baseline))
    noted = ui.read(page, annotations, window=Window(weeks[0].start, weeks[-1].end))
    marks = annotation_marks(noted, page.store.zone)
    with st.grid(2, min_column_width=330):
        for result in main:
            key = result.criterion.key
            points = [
                estimate_point(
                    estimate,
                    week.span[0] + timedelta(days=3),
                    week.label,
                    is_whole=week.span[1] < page.today,
                )
                for week, estimate in zip(weeks, found[key], strict=True)
            ]
            _chart(page, result, points, frozen.get(key, {}).get("value"), marks)


def _chart(
    page: ui.Page,
    result: CriterionResult,
    points: Sequence[TimePoint],
    frozen: float | None,
    marks: Sequence[Mark],
) -> None:
    criterion = result.criterion
    drawn = time_chart(
        [Line(criterion.label, points)],
        unit=criterion.unit,
        grain="week",
        targets=target_ends(criterion),
        baseline=frozen,
        events=marks,
        height=210,
    )
    line = "" if frozen is None else "; thin line: the frozen baseline"
    ui.chart(
        drawn,
        title=_title(result, points),
        subtitle=f"By week with its 95 % interval; dashed: the target, "
        f"{criterion_target(result)}{line}",
        alt=f"{criterion.label} by week",
        page=page,
        filters=f"{points[0].label} to {points[-1].label}",
        key=f"weeks_{criterion.key}",
    )


def _title(result: CriterionResult, points: Sequence[TimePoint]) -> str:
    criterion = result.criterion
    known = [point.value for point in points if point.value is not None]
    if not known:
        return f"{criterion.label}: no data in these weeks"
    good = sum(criterion.is_on_target(value) for value in known)
    return f"{criterion.label}: on target in {good} of {text.times(len(known), 'week')}"
