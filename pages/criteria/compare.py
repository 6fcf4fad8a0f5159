"""Two windows compared: the differences beyond chance."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.analytics.dates import Window
from core.base import text
from core.criteria.restatement import difference
from core.criteria.verdicts import CriterionResult, evaluate
from core.criteria.words import CriterionRow
from pages import ui


def show(page: ui.Page, windows: Mapping[str, Window], shown: str) -> None:
    labels = list(windows)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # By default the week that is shown with the one before it.
        after = labels.index(shown)
        first = st.selectbox(
            "From",
            labels,
            index=min(after + 1, len(labels) - 1),
            key="criteria_from",
            bind="query-params",
            width=330,
        )
        second = st.selectbox(
            "To", labels, index=after, key="criteria_to", bind="query-params", width=330
        )
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
    with ui.panel(_title(rows, first, second), note):
        between = f"{first} and {second}"
        ui.table(page, pd.DataFrame(rows), name="Two windows", filters=between, key="compare")


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
        "Verdicts": f"{before.sign} → {row.sign}",
        f"Interval, {labels[0]}": before.interval,
        f"Interval, {labels[1]}": row.interval,
        "Samples": f"{text.count(was.estimate.n)} and {text.count(result.estimate.n)}",
    }


def _title(rows: Sequence[Mapping[str, object]], first: str, second: str) -> str:
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
