"""What is this? A criterion: how it is judged, the query that ran, and the rows behind it."""

import streamlit as st

from core.analytics import METRICS
from core.analytics.dates import Window
from core.base import text
from core.criteria.verdicts import PROMETHEUS, CriterionResult
from core.criteria.words import RULE, CriterionRow
from pages import ui
from pages.criteria import roi as _criteria_return
from pages.criteria import time_saved as _criteria_saving
from pages.ui import proof as _proof


@st.dialog("What is this?", width="large")
def of_criterion(page: ui.Page, result: CriterionResult, window: Window) -> None:
    """A criterion: how it is judged, then what it is an estimate of."""
    criterion, judged, row = result.criterion, result.judged, CriterionRow.of(result)
    st.markdown(
        f"**{ui.plain(row.label)}**, {ui.plain(row.target)}. "
        f"{ui.plain(criterion.rationale)} Owner: {ui.plain(criterion.owner)}."
    )
    st.caption(ui.plain(f"{RULE} Method: {judged.estimate.method}. Source: {judged.source}."))
    for said in (row.note, row.exclusions):
        if said:
            st.caption(ui.plain(text.upper_first(said)))
    if judged.query:
        st.markdown("The same in PromQL, up to what the server extrapolates:")
        st.code(judged.query, language="promql", wrap_lines=True)
    if judged.source == PROMETHEUS:
        st.caption(
            "There are no records of runs in this window. The figure is counted from the samples "
            "as they were scraped, which are kept in the store."
        )
    elif criterion.key == "time_reduction":
        _criteria_saving.strata(page, window, key="proof")
    elif criterion.key == "roi":
        _criteria_return.formula(page, window)
    elif criterion.key == "satisfaction":
        _ratings(page, result, window)
    elif result.metric is not None:
        _metric(page, result, window)


def _metric(page: ui.Page, result: CriterionResult, window: Window) -> None:
    metric = METRICS[result.metric or ""]
    _proof.definition(metric)
    if result.with_excluded is not None:
        st.caption("The rows below are all rows of the window, those that are excluded as well.")
    if metric.key == "throughput_per_day" and window.end is not None and window.end >= page.today:
        st.caption("The criterion takes whole days; the metric below takes the window as it is.")
    everything = result.with_excluded or result.judged
    _proof.metric_rows(page, metric, _asked(page, metric.key, window), everything.estimate.value)


def _ratings(page: ui.Page, result: CriterionResult, window: Window) -> None:
    """The ratings of the product, which re-aggregate; the survey's are on the page of feedback."""
    del result
    metric = METRICS["average_rating"]
    _proof.definition(metric)
    asked = _asked(page, metric.key, window)
    value = ui.read(page, _proof.value_of, asked=asked, metric=metric.key)
    _proof.metric_rows(page, metric, asked, value)


def _asked(page: ui.Page, metric: str, window: Window) -> dict[str, object]:
    return {
        "metrics": [metric],
        "start_date": str(window.start),
        "end_date": str(window.end),
        "account": page.account.id,
    }
