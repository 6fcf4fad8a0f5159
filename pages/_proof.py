"""What is this? The definition of a figure, the query that ran, and the rows behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import words
from core.analytics import METRICS, Metric, explain
from core.analytics.criteria import CriterionResult, ticket_rows
from core.analytics.figures import Figure, headline_figures
from core.analytics.window import Window
from pages import _ui as ui

ROWS = 200
EVERY_ROW = 1_000_000
BETTER = {"up": "higher is better", "down": "lower is better", "none": "neither is better"}


def figure_cards(
    page: ui.Page, labels: Mapping[str, str], asked: Mapping[str, Any]
) -> list[Figure]:
    """A card for each metric, named by its label, each with the way to its proof."""
    figures = ui.read(page, headline_figures, metrics=list(labels), **asked)
    for figure in figures:
        ui.figure_card(page, figure, labels[figure.metric.key], of_figure)
    return figures


@st.dialog("What is this?", width="large")
def of_figure(page: ui.Page, figure: Figure) -> None:
    """A headline figure: its value comes from the answer that the card was made from."""
    _definition(figure.metric)
    asked = dict(figure.result["metadata"]["query"]) | {"dimensions": []}
    _rows(page, figure.metric, asked, figure.value)


@st.dialog("What is this?", width="large")
def of_criterion(page: ui.Page, result: CriterionResult, window: Window) -> None:
    """A criterion: how it is judged, then the metric it is an estimate of."""
    criterion, estimate = result.criterion, result.estimate
    st.markdown(
        f"**{ui.plain(criterion.label)}**. {ui.plain(criterion.rationale)} "
        f"Owner: {ui.plain(criterion.owner)}."
    )
    st.caption(
        ui.plain(
            f"Met needs the whole 95 % interval on the good side of the target, Missed all of it "
            f"on the bad side; anything else is Not proven. Method: {estimate.method}."
        )
    )
    if result.metric is None:
        _tickets(page, result, window)
        return
    metric = METRICS[result.metric]
    _definition(metric)
    asked = {
        "metrics": [metric.key],
        "start_date": str(window.start),
        "end_date": str(window.end),
        "account": page.account.id,
    }
    _rows(page, metric, asked, estimate.value)


def _definition(metric: Metric) -> None:
    st.markdown(f"**{ui.plain(metric.label)}**. {ui.plain(metric.definition)}")
    facts(definition_facts(metric))


def definition_facts(metric: Metric) -> dict[str, str]:
    """What there is to say of a metric beside its definition, by name."""
    return {
        "Formula": metric.formula,
        "Unit": f"{metric.unit}, {BETTER[metric.better]}",
        "Source": metric.source,
        "Owner": metric.owner,
        "Version of the definition": str(metric.version),
    }


def facts(said: Mapping[str, str]) -> None:
    st.markdown("\n".join(f"- {name}: {ui.plain(text)}" for name, text in said.items()))


def _rows(page: ui.Page, metric: Metric, asked: dict[str, object], value: float | None) -> None:
    shown = {"result_or_query": asked, "row": {metric.key: value}, "metric": metric.key}
    proof = ui.read(page, explain, **shown, limit=ROWS)
    number = words.times(proof["total_rows"], "row")
    verb = "re-aggregates" if proof["total_rows"] == 1 else "re-aggregate"
    claim = f"{number} {verb} to {words.amount(proof['recomputed'], metric.unit)}"
    if proof["agrees"]:
        st.success(ui.plain(f"{claim}, the number shown: yes."))
    else:
        st.error(
            ui.plain(f"{claim}, but {words.amount(value, metric.unit)} is shown: please report.")
        )
    if not proof["rows"]:
        return
    _paged_rows(page, shown, proof)

    def every_row() -> pd.DataFrame:
        return _readable(explain(page.store, **shown, limit=EVERY_ROW)["rows"])

    name = f"Rows of {metric.label}"
    ui.csv_button(page, every_row, name=name, filters=_scope(asked), key="proof")
    with st.expander("The query that ran"):
        st.code(proof["sql"], language="sql", wrap_lines=True)


def _paged_rows(page: ui.Page, shown: Mapping[str, Any], proof: Mapping[str, Any]) -> None:
    """A page of the rows; the download has all of them."""
    table, rows = st.container(), proof["rows"]
    pages = -(-proof["total_rows"] // ROWS)
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            number = st.pagination(pages, key=f"{page.key}_rows_{proof['metric']}")
            st.caption(f"{ROWS} rows a page; the download has all of them.")
        if number > 1:
            offset = ROWS * (number - 1)
            rows = ui.read(page, explain, **shown, limit=ROWS, offset=offset)["rows"]
    frame = _readable(rows)
    for column in frame:
        if column.endswith(" at"):  # to the minute, which is as much as a person reads
            frame[column] = frame[column].str.slice(0, 16).str.replace("T", " ")
    table.dataframe(frame, hide_index=True, height=280)


def _scope(asked: Mapping[str, Any]) -> str:
    """The dates and filters of a query, as an export says them."""
    start, end = asked.get("start_date"), asked.get("end_date")
    said = [f"{start or 'the first day'} to {end or 'the last day'}"] if start or end else []
    for name, values in (asked.get("filters") or {}).items():
        said.append(f"{name} {', '.join(map(str, values))}")
    return "; ".join(said) or "none"


def _readable(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """The rows without the account, which the page says, and the fact where there is only one."""
    frame = pd.DataFrame(rows).drop(columns="account_id", errors="ignore")
    if frame["fact"].nunique() == 1:  # noqa: PD101  # facts are few
        frame = frame.drop(columns="fact")
    return frame.rename(columns=lambda name: name.replace("_", " "))


def _tickets(page: ui.Page, result: CriterionResult, window: Window) -> None:
    frame = ui.read(page, ticket_rows, account=page.account.id, window=window)
    st.markdown(
        ui.plain(
            "The mean minutes from opened to resolved, without and with enhancement, within each "
            "category and priority; these count with the number of their enhanced tickets. "
            "Categories that lack one of the two say nothing and are left out."
        )
    )
    st.caption(ui.plain(result.note))
    st.dataframe(
        frame.assign(reduction=frame["reduction"].astype(float) * 100).round(1),
        hide_index=True,
        height=320,
        column_config={"reduction": st.column_config.NumberColumn("reduction %")},
    )
    ui.csv_button(page, frame, name="Rows of time reduction", filters=window.label, key="proof")
