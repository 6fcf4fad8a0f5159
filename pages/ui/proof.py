"""Figures, and what is behind each: its definition, the query that ran, and its rows."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.analytics import DIMENSIONS, METRICS, Metric, explain
from core.analytics.dates import period_days
from core.analytics.explore import CODED
from core.analytics.freshness import maturing_since
from core.analytics.query import are_of_facts, metric_totals
from core.analytics.series import Headline, headline_figures
from core.base import text
from core.charts import spark
from core.store import Scope, one_state
from pages import ui
from pages.ui.filters import Filters

ROWS = 200
EVERY_ROW = 1_000_000
DELTA_COLOURS: Mapping[str, Literal["normal", "inverse"]] = {"up": "normal", "down": "inverse"}
# Columns of rows that say nothing to a person, or nothing new.
HIDDEN = ("account", "account_id", "fact", "subject", "enhancement_id")
MILLISECONDS = "processing_time_ms"
BETTER = {"up": "higher is better", "down": "lower is better", "none": "neither is better"}


def figure_cards(
    chosen: Filters, labels: Mapping[str, str], *, brief: bool = False, **filters: Any
) -> list[Headline]:
    """Draw a card for each metric by its label, with a button to its proof; see `_card`.

    `filters` are those of `query_metrics`, beside the products: customer_id=3.
    """
    figures = headlines(chosen, list(labels), **filters)
    for figure in figures:
        with ui.card(chosen.page, figure.metric.key):
            _card(chosen.page, figure, labels[figure.metric.key], brief=brief)
    return figures


def _card(page: ui.Page, figure: Headline, label: str, *, brief: bool) -> None:
    """A figure with its change and sample, and its trend unless it is brief."""
    figure_metric(figure, label)
    if not brief:
        _trend(page, figure, label)
    small = ": too few for more than a hint" if figure.n and figure.is_small else ""
    said = [f"n = {text.count(figure.n)}{small}"] if figure.n is not None else []
    if figure.waiting:
        said.append(waiting_words(figure.waiting))
    if said:
        st.caption(", ".join(said))
    about(page, figure)


def _trend(page: ui.Page, figure: Headline, label: str) -> None:
    unit, trend = figure.metric.unit, dict(zip(figure.periods, figure.trend, strict=True))
    known = [(period, value) for period, value in trend.items() if value is not None]
    if not known:
        return
    period, value = known[-1]
    drawn = spark(trend, unit=unit, name=label, cut=figure.cut, beside=figure.beside)
    marked = ui.Stamped(page, "").marked(drawn)
    said = f"{label} by {figure.window.grain}; last {period} {text.amount(value, unit)}"
    ui.draw(marked.drawn, alt=marked.said(said))


def about(page: ui.Page, figure: Headline) -> None:
    """Button to the proof of a figure, with its definition on hover."""
    metric = figure.metric
    open_it = partial(of_figure, page, figure)
    ui.opens(page, metric.key, metric.label, open_it, help=ui.plain(metric.definition))


def waiting_words(bugs: int) -> str:
    """How many bugs a figure of settled ones leaves out."""
    return f"{text.times(bugs, 'newer bug')} left out: still being decided"


def figure_metric(figure: Headline, label: str) -> None:
    """A figure and its change, or why there is none.

    `label` is the metric's name, short enough for a narrow card.
    """
    metric, beside = figure.metric, figure.beside
    gap = beside.gap if beside and figure.value is not None else ""
    st.metric(
        label,
        text.amount(figure.value, metric.unit),
        gap or text.change(figure.value, beside.total if beside else None, metric.unit),
        delta_color="off" if gap else DELTA_COLOURS.get(metric.better, "off"),
        delta_arrow="off" if gap else "auto",
    )


def headlines(chosen: Filters, metrics: Sequence[str], **filters: Any) -> list[Headline]:
    """Headline figures of metrics, cached apart from votes where they do not depend on them."""
    read = ui.read_facts if are_of_facts(metrics) else ui.read
    of = {name: [value] for name, value in filters.items()}
    since = ui.read(chosen.page, maturing_since, today=chosen.page.today)
    asked = {"metrics": list(metrics), "filters": of, "since": since, "compare": chosen.compare}
    return read(chosen.page, headline_figures, **asked, **chosen.asked)


@one_state()
def of_figure(page: ui.Page, figure: Headline) -> None:
    """A headline figure with the value of its card: its definition, query and rows."""
    definition(figure.metric)
    asked = dict(figure.result["metadata"]["query"]) | {"dimensions": []}
    metric_rows(page, figure.metric, asked, figure.result["totals"][figure.metric.key])


@one_state()
def of_period(chosen: Filters, key: str, period: str, *, until: date | None = None) -> None:
    """A metric in a period, of the products that are chosen: its definition, query and rows."""
    page, (first, last) = chosen.page, period_days(period)
    last = min(last, until or last)
    products = {"product_id": list(chosen.product_ids)} if chosen.product_ids else None
    asked = {"metrics": [key], "start_date": first, "end_date": last, "filters": products}
    definition(METRICS[key])
    value = ui.read(page, metric_totals, **asked)[key]
    metric_rows(page, METRICS[key], asked | {"account": page.account.id}, value)


def definition(metric: Metric) -> None:
    st.markdown(f"**{ui.plain(metric.label)}**. {ui.plain(metric.definition)}")
    facts(definition_facts(metric))


def definition_facts(metric: Metric) -> dict[str, str]:
    return {
        "Formula": metric.formula,
        "Unit": f"{text.UNITS[metric.unit]}; {BETTER[metric.better]}",
        "Source": metric.source,
        "Owner": metric.owner,
        "Version of the definition": str(metric.version),
    }


def facts(said: Mapping[str, str]) -> None:
    st.markdown("\n".join(f"- {name}: {ui.plain(text)}" for name, text in said.items()))


def _explained(scope: Scope, **shown: Any) -> dict[str, Any]:
    return explain(scope.store, **shown)


def metric_rows(
    page: ui.Page, metric: Metric, asked: dict[str, object], value: float | None
) -> None:
    row = {metric.key: value}
    if page.store.data_version(page.account.id) != page.account.data_version:
        st.info("The data has changed since the page was drawn: this is its figure now.")
        row = {}
    shown = {"result_or_query": asked, "row": row, "metric": metric.key}
    proof = ui.read(page, _explained, **shown, limit=ROWS)
    number = text.times(proof["total_rows"], "row")
    verb = "re-aggregates" if proof["total_rows"] == 1 else "re-aggregate"
    claim = f"{number} {verb} to {text.amount(proof['recomputed'], metric.unit)}"
    if proof["agrees"]:
        st.success(ui.plain(f"{claim}, the number shown: yes."))
    else:
        value = proof["value"]
        st.error(
            ui.plain(f"{claim}, but {text.amount(value, metric.unit)} is shown: please report.")
        )
    if not proof["rows"]:
        return
    _paged_rows(page, shown, proof)

    def every_row() -> pd.DataFrame:
        return _readable(_explained(page.scope, **shown, limit=EVERY_ROW)["rows"])

    stamped = ui.Stamped(page, _scope(asked, proof["rows"]))
    stamped.csv_button(every_row, f"Rows of {metric.label}", key="proof")
    with st.expander("The query that ran"):
        st.code(proof["sql"], language="sql", wrap_lines=True)


def _paged_rows(page: ui.Page, shown: Mapping[str, Any], proof: Mapping[str, Any]) -> None:
    table, rows = st.container(), proof["rows"]
    pages = -(-proof["total_rows"] // ROWS)
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            number = st.pagination(pages, key=f"{page.key}_rows_{proof['metric']}")
            st.caption(f"{ROWS} rows a page; the download has all of them.")
        if number > 1:
            offset = ROWS * (number - 1)
            rows = ui.read(page, _explained, **shown, limit=ROWS, offset=offset)["rows"]
    table.dataframe(_for_people(rows), hide_index=True, height=280, placeholder=text.UNKNOWN)


def _scope(asked: Mapping[str, Any], rows: Sequence[Mapping[str, object]]) -> str:
    """Dates and filters of a query in words, for exports; its rows tell the names of ids."""
    start, end = asked.get("start_date"), asked.get("end_date")
    said = [f"{start or 'the first day'} to {end or 'the last day'}"] if start or end else []
    for name, values in (asked.get("filters") or {}).items():
        dimension = DIMENSIONS[name.removesuffix("_id")]
        names = {row.get(name): row.get(dimension.key) for row in rows}
        named = text.listed(str(names.get(value) or value) for value in values)
        said.append(f"{text.lower_first(dimension.label)} {named}")
    return "; ".join(said) or "none"


def _for_people(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows as people read them: names in place of ids, which their download has, and units."""
    frame = pd.DataFrame(rows)
    columns = [*map(str, frame)]
    twins = [name for name in columns if name.removesuffix("_id") in {*columns} - {name}]
    frame = frame.drop(columns=[*twins, *HIDDEN], errors="ignore")
    if set(frame["contributes"].dropna()) <= {1}:
        frame = frame.drop(columns="contributes")
    if MILLISECONDS in frame:
        frame[MILLISECONDS] = (frame[MILLISECONDS].astype(float) / 1000).round(1)
    for column in map(str, frame):
        if column.endswith("_at"):  # to the minute, which is as much as a person reads
            frame[column] = frame[column].str.slice(0, 16).str.replace("T", " ")
        elif column in CODED:
            frame[column] = frame[column].str.replace("_", " ")
    frame = frame.replace({True: "yes", False: "no"})
    heads = {key: dimension.label for key, dimension in DIMENSIONS.items()}
    heads |= {MILLISECONDS: "Took, s", "contributes": "Counts as"}
    frame = frame[[*frame.columns.drop("id", errors="ignore"), *({"id"} & {*frame})]]
    return frame.rename(
        columns=lambda name: heads.get(name, text.upper_first(name.replace("_", " ")))
    )


def _readable(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows as a table, without the account and a fact that all share."""
    frame = pd.DataFrame(rows).drop(columns="account_id", errors="ignore")
    if frame["fact"].nunique() == 1:  # noqa: PD101  # facts are few
        frame = frame.drop(columns="fact")
    return frame.rename(columns=lambda name: name.replace("_", " "))
