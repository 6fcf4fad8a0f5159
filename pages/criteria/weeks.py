"""The main criteria week by week, and two windows compared."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.dates import Window, iso_week, last_complete_week
from core.base import text
from core.charts import TimePoint, time_chart
from core.criteria.baselines import difference, frozen_baseline, frozen_criteria
from core.criteria.panels import target_ends, week_points
from core.criteria.verdicts import CriterionResult, evaluate, weekly_estimates
from core.criteria.words import SIGNS, CriterionRow, criterion_target
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
    with st.grid(2, min_column_width=330):
        for result in main:
            key = result.criterion.key
            points = week_points(weeks, found[key], today=page.today)
            _chart(page, result, points, frozen.get(key, {}).get("value"))


def _chart(
    page: ui.Page, result: CriterionResult, points: Sequence[TimePoint], frozen: float | None
) -> None:
    criterion = result.criterion
    drawn = time_chart(
        {criterion.label: points},
        unit=criterion.unit,
        grain="week",
        targets=target_ends(criterion),
        baseline=frozen,
        height=210,
    )
    line = "" if frozen is None else "; thin line: the frozen baseline"
    ui.Stamped(page, f"{points[0].label} to {points[-1].label}").chart(
        drawn,
        key=f"weeks_{criterion.key}",
        title=_title(result, points),
        subtitle=f"By week with its 95 % interval; dashed: the target, "
        f"{criterion_target(result.criterion)}{line}",
        alt=f"{criterion.label} by week",
    )


def _title(result: CriterionResult, points: Sequence[TimePoint]) -> str:
    criterion = result.criterion
    known = [point.value for point in points if point.value is not None]
    if not known:
        return f"{criterion.label}: no data in these weeks"
    good = sum(criterion.is_on_target(value) for value in known)
    return f"{criterion.label}: on target in {good} of {text.times(len(known), 'week')}"


def compare(page: ui.Page, windows: Mapping[str, Window], shown: str) -> None:
    """The differences between two windows that are beyond chance."""
    labels = list(windows)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # By default the week that is shown with the one before it.
        earlier = labels[min(labels.index(shown) + 1, len(labels) - 1)]
        box: dict[str, Any] = {"names": {label: label for label in labels}, "width": 330}
        first = ui.pick("From", at=earlier, what="week", key="criteria_from", **box)
        second = ui.pick("To", at=shown, what="week", key="criteria_to", **box)
    before, now = (ui.read(page, evaluate, window=windows[label]) for label in (first, second))
    rows = [
        _row(was, result, (first, second))
        for was, result in zip(before, now, strict=True)
        if was.estimate.value is not None or result.estimate.value is not None
    ]
    if first == second or not rows:
        same = first == second
        with ui.panel("Choose two different windows" if same else "Neither window has data"):
            return
    note = (
        "Better or worse only where the two 95 % intervals do not overlap; any other difference "
        "may be chance"
    )
    with ui.panel(_proven(rows, first, second), note):
        stamped = ui.Stamped(page, f"{first} and {second}")
        stamped.table(pd.DataFrame(rows), "Two windows", key="compare")


def _row(was: CriterionResult, result: CriterionResult, labels: Sequence[str]) -> dict[str, object]:
    before = CriterionRow.of(was)
    row = CriterionRow.of(result, week_before=was.estimate.value)
    return {
        "Criterion": row.label,
        f"Value, {labels[0]}": before.value,
        f"Value, {labels[1]}": row.value,
        "Change": row.change,
        "Difference": difference(
            result.criterion.direction, was.estimate.bounds, result.estimate.bounds
        ),
        "Verdicts": f"{SIGNS[was.verdict]} → {SIGNS[result.verdict]}",
        f"Interval, {labels[0]}": before.interval,
        f"Interval, {labels[1]}": row.interval,
        "Samples": f"{text.count(was.estimate.n)} and {text.count(result.estimate.n)}",
    }


def _proven(rows: Sequence[Mapping[str, object]], first: str, second: str) -> str:
    better, worse = (
        [str(row["Criterion"]) for row in rows if row["Difference"] == word]
        for word in ("better", "worse")
    )
    said = []
    if better:
        said.append(f"{text.listed(better)} better")
    if worse:
        said.append(f"{text.listed(worse)} worse")
    proven = "; ".join(said) or "no difference is proven"
    return f"From {first} to {second}: {proven}"
