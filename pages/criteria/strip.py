"""The strip of success criteria, and the proof behind each: definition, query and rows."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.analytics import METRICS
from core.analytics.dates import Window
from core.analytics.query import metric_totals
from core.base import text
from core.base.stats import Verdict
from core.criteria.panels import result_bar
from core.criteria.verdicts import PROMETHEUS, CriterionResult
from core.criteria.window_data import roi_of
from core.criteria.words import RULE, CriterionRow, worst_first
from core.store import one_state
from pages import ui
from pages.criteria import roi, time_saved
from pages.ui import proof

COLOURS: Mapping[Verdict, ui.Colour] = {
    Verdict.MET: "green",
    Verdict.MISSED: "red",
    Verdict.NOT_PROVEN: "orange",
    Verdict.NO_DATA: "gray",
}


def strip(
    page: ui.Page, results: Sequence[CriterionResult], week: Window, *, brief: bool = False
) -> None:
    """A card for each criterion, the worst first; a `brief` one tells its interval by the mark."""
    with st.grid(len(results), min_column_width=200, key="strip"):
        for result in worst_first(results):
            card(page, result, week, brief=brief)


def card(page: ui.Page, result: CriterionResult, week: Window, *, brief: bool = False) -> None:
    key, estimate, row = result.criterion.key, result.estimate, CriterionRow.of(result)
    with ui.card(page, key):
        face(row, value_words(row))
        said = row.sample if brief and estimate.n else row.evidence
        st.caption(ui.plain(f"Target {row.target}; {said}"))
        if row.exclusions:
            colour = "orange" if result.is_met_by_exclusions else "gray"
            st.caption(f":{colour}[{ui.plain(text.upper_first(row.exclusions))}]")
        why = ui.plain(result.criterion.rationale)
        ui.opens(page, key, row.label, partial(of_criterion, page, row, week), help=why)


def face(row: CriterionRow, value: str, **change: Any) -> None:
    """The verdict, the value with its change, and both as a mark with interval and target."""
    st.badge(row.sign, color=COLOURS[row.result.verdict])
    st.metric(ui.plain(row.label), value, **change)
    alt = f"{row.label}: {row.verdict}, target {row.target}, {row.evidence}"
    ui.draw(result_bar(row.result), alt=alt)


def value_words(row: CriterionRow) -> str:
    """The value, with a small unit of time."""
    return row.value.replace(" a week", " :small[a week]")


@one_state()
def of_criterion(page: ui.Page, row: CriterionRow, window: Window) -> None:
    """The rule of a criterion, its query, and the rows behind it."""
    result = row.result
    criterion, judged = result.criterion, result.judged
    st.markdown(
        f"**{ui.plain(row.sign)}**: {ui.plain(f'{row.value}, target {row.target}')}. "
        f"{ui.plain(criterion.rationale)} Owner: {ui.plain(criterion.owner)}."
    )
    st.markdown(ui.plain(text.upper_first(row.evidence)))
    st.caption(ui.plain(f"{RULE} Method: {judged.estimate.method}. Source: {judged.source}."))
    for said in (row.note, row.exclusions):
        if said:
            st.caption(ui.plain(text.upper_first(said)))
    if judged.query:
        excluded = " with the excluded times" if result.with_excluded else ""
        st.markdown(f"The same{excluded} in PromQL:")
        st.code(judged.query, language="promql", wrap_lines=True)
    if judged.source == PROMETHEUS:
        st.caption(
            "No records of runs in this window: the figure is counted from the scraped samples in "
            "the store."
        )
    elif criterion.key == "time_reduction":
        time_saved.strata(page, window, key="proof")
    elif criterion.key == "roi":
        roi.formula(ui.read(page, roi_of, window=window))
    elif result.metric is not None or criterion.key == "satisfaction":
        _metric(page, result, window)


def _metric(page: ui.Page, result: CriterionResult, window: Window) -> None:
    """The rows of the metric with the same definition; of satisfaction, the ratings in the product.

    Those of the survey are on the feedback page.
    """
    metric = METRICS[result.metric or "average_rating"]
    asked = {"metrics": [metric.key], "start_date": window.start, "end_date": window.end}
    proof.definition(metric)
    if result.metric is None:
        value = ui.read(page, metric_totals, **asked)[metric.key]
    else:
        value = (result.with_excluded or result.judged).estimate.value
        if result.with_excluded is not None:
            st.caption("The rows below include the excluded ones.")
    if metric.key == "throughput_per_day" and window.span[1] >= page.today:
        st.caption("The criterion counts whole days; the metric below the whole window so far.")
    proof.metric_rows(page, metric, asked | {"account": page.account.id}, value)
