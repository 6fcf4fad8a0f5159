"""What do you want to know?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.analytics import DIMENSIONS, METRICS, Metric
from core.analytics.dates import every_period, period_name, period_of
from core.analytics.explore import (
    delete_view,
    diagnose_empty,
    filter_values,
    is_empty,
    row_names,
    save_view,
    saved_views,
    summary,
)
from core.analytics.parse import dimensions_of
from core.analytics.query import answered
from core.base import text
from pages import ui
from pages.ui.filters import Filters, filter_bar
from pages.ui.tables import bar_column

SOURCES = frozenset({"Test cycles", "Bug reports"})
PERIOD = "Last 12 months"
VIEW, SAVE = "explore_save", "Save view"
MOST_DIMENSIONS = 3
MOST_ROWS = 10_000
MOST_LINES = 8
MOST_BARS = 25
MOST_CELLS = 900
LOW_TABLE = 10
# How a unit is written: in heads, in charts and in cells.
IN_HEADS = {"fraction": "%", "seconds": "s", "minutes": "min", "hours": "h"}
IN_CHARTS = {"fraction": ".1~%", "count": ",d"}
IN_CELLS = {"fraction": "%.1f", "count": "%,d", "points": "%,d", "stars": "%.2f"}


def show(page: ui.Page) -> None:
    chosen = filter_bar(page, default=PERIOD, products=False)
    asked = question(page, chosen)
    if not asked["metrics"]:
        ui.answer(page, "Choose a metric to begin.", SOURCES)
        return
    result = ui.read(page, answered, **asked)
    chosen = replace(chosen, words=result["query_explanation"])
    without_rows = ui.read(page, is_empty, query=asked)
    ui.answer(page, "No rows match." if without_rows else summary(result), SOURCES)
    said = [result["query_explanation"], *result["warnings"]]
    st.caption("  \n".join(ui.plain(sentence) for sentence in said))
    if without_rows:
        nothing(page, asked)
    else:
        totals(result)
        if asked["dimensions"]:
            drawing(chosen, result, asked)
            table(result, asked)
        frame = pd.DataFrame(result["data"], dtype=object)  # an id stays whole beside a missing one
        chosen.csv_button(frame, "Explore", key="rows")
    views(page)
    with st.expander("The query that ran"):
        st.code(result["sql"], language="sql", wrap_lines=True)


def question(page: ui.Page, chosen: Filters) -> dict[str, Any]:
    """The query of the widgets."""
    with st.container(horizontal=True):
        metrics = ui.pick_many(
            "Metrics",
            {key: metric.label for key, metric in METRICS.items()},
            default=["tests_created"],
            key="explore_metrics",
            what="metric",
            wrap=True,
            width=420,
        )
        reachable = {key: DIMENSIONS[key].label for key in dimensions_of(metrics)}
        known = text.listed([METRICS[key].label for key in metrics] or ["no metric"])
        said = {"why": f"not to be had for {known}"}
        dimensions = ui.pick_many(
            f"By (up to {MOST_DIMENSIONS})",
            reachable,
            default=[key for key in ("month",) if key in reachable],
            key="explore_dimensions",
            what="dimension",
            said=said,
            max_selections=MOST_DIMENSIONS,
            help="The dimensions that all chosen metrics can be grouped by",
            wrap=True,
            width=400,
        )
        others = {key: label for key, label in reachable.items() if key != "account"}
        filtered = ui.pick_many(
            "Filter by",
            others,
            key="explore_where",
            what="dimension",
            said=said,
            placeholder="Nothing",
            wrap=True,
            width=400,
        )
    return {
        "metrics": metrics,
        "dimensions": dimensions,
        "filters": filters(page, filtered),
        "start_date": chosen.window.start,
        "end_date": chosen.window.end,
        "include_zero": zero_switch(),
        "limit": MOST_ROWS,
    }


def zero_switch() -> bool:
    told = "Lists all known members and periods; those without rows show 0"
    key, names = "explore_zero", {False: "false", True: "true"}
    return ui.linked(
        lambda opened: st.toggle("Include zero rows", opened, key=key, help=told),
        *(key, ui.among(names, default=False, what="switch")),
    )


def filters(page: ui.Page, dimensions: Sequence[str]) -> dict[str, list[str]]:
    found = {}
    with st.container(horizontal=True):
        for key in dimensions:
            box, label = f"explore_only_{key}", DIMENSIONS[key].label
            possible = ui.read(page, filter_values, dimension=key)
            names = {value: value for value in possible}
            look: dict[str, Any] = {"placeholder": "Any", "wrap": True, "width": 300}
            values = ui.pick_many(label, names, key=box, what=label.lower(), **look)
            if values:
                found[key] = values
    return found


def totals(result: Mapping[str, Any]) -> None:
    with st.grid(4, min_column_width=180):
        for key, value in result["totals"].items():
            metric = METRICS[key]
            st.metric(
                f"{metric.label}, total",
                text.amount(value, metric.unit),
                help=ui.plain(metric.definition),
                border=True,
            )


def nothing(page: ui.Page, asked: Mapping[str, Any]) -> None:
    if emptied := ui.read(page, diagnose_empty, query=asked):
        ui.empty(ui.plain(f"No rows match. Without {emptied} there would be rows."))
    else:
        ui.empty("No data has been recorded for these metrics in this account.")


def head(metric: Metric) -> str:
    unit = IN_HEADS.get(metric.unit)
    return f"{metric.label}, {unit}" if unit else metric.label


def drawing(chosen: Filters, result: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Chart the first metric: periods as lines, one category as bars, two as a heat map."""
    metric, dimensions = METRICS[asked["metrics"][0]], asked["dimensions"]
    rows = pd.DataFrame({key: row_names(result["data"], key) for key in dimensions})
    rows["value"] = pd.Series([row[metric.key] for row in result["data"]], dtype=float)
    unit = metric.label if metric.unit == "fraction" else head(metric)
    form: dict[str, Any] = {"unit": unit, "value_format": IN_CHARTS.get(metric.unit, ",.2~f")}
    periods = [key for key in dimensions if DIMENSIONS[key].kind == "time" and key != "weekday"]
    is_whole = len(rows) == result["metadata"]["total_rows"]
    drawn, note = None, ""
    if len(periods) == 1 and len(dimensions) <= 2 and is_whole:
        dated = rows[[row[periods[0]] is not None for row in result["data"]]]
        if len(dated):
            drawn, note = lines(dated, periods[0], asked, form, today=chosen.page.today)
    elif len(dimensions) == 1 and len(rows) <= MOST_BARS:
        drawn = charts.bars(rows.rename(columns={dimensions[0]: "category"}), **form)
    elif len(dimensions) == 2 and len(rows) <= MOST_CELLS:
        first, second = dimensions
        titles = (DIMENSIONS[first].label, DIMENSIONS[second].label)
        frame = rows.rename(columns={first: "row", second: "column"})
        drawn = charts.heat_map(frame, titles=titles, **form)
    if drawn is not None:
        by = text.listed([DIMENSIONS[key].label.lower() for key in dimensions])
        title, subtitle = f"{metric.label} by {by}", note or metric.definition
        chosen.chart(drawn, key="chart", title=title, subtitle=subtitle)


def lines(
    rows: pd.DataFrame, time: str, asked: Mapping[str, Any], form: Mapping[str, Any], *, today: date
) -> tuple[Any, str]:
    """A line for each series over every period, and notes on what is cut."""
    metric = METRICS[asked["metrics"][0]]
    others = [key for key in asked["dimensions"] if key != time]
    series = rows[others[0]] if others else pd.Series(metric.label, index=rows.index)
    frame = rows.assign(series=series, period=rows[time])
    top = frame.groupby("series")["value"].sum().nlargest(MOST_LINES).index
    wide = frame.pivot_table(index="period", columns="series", values="value", aggfunc="first")
    first, last = frame["period"].min(), frame["period"].max()
    wide = wide.reindex(index=every_period(time, first, last), columns=top)
    if metric.unit == "count":
        wide = wide.fillna(0)  # a count of nothing is 0; a rate of nothing stays unknown
    shown = wide.rename_axis(index="period").reset_index().melt("period", var_name="series")
    notes = []
    if series.nunique() > len(top):
        notes.append(f"The first {MOST_LINES} of {series.nunique()}.")
    start = asked["start_date"]
    unfinished = [period_name(time, today)]
    is_cut = start and time != "day" and period_of(time, start)[0] < start
    if is_cut and period_name(time, start) == first:
        notes.append(f"Dotted: {first} counts from {text.day(start)} on.")
        unfinished.append(first)
    if last in unfinished[:1]:
        notes.append(f"Dotted: {last} is not over.")
    drawn = charts.line(
        shown,
        **form,
        zero=metric.unit == "count",
        unfinished=unfinished,
        height=260 + 15 * len(top),  # the names of many lines take their room
    )
    return drawn, " ".join(notes)


def table(result: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """The rows with bars in the cells; a long list scrolls."""
    shown = pd.DataFrame({key: row_names(result["data"], key) for key in asked["dimensions"]})
    config: dict[str, Any] = {key: DIMENSIONS[key].label for key in asked["dimensions"]}
    for key in asked["metrics"]:
        metric = METRICS[key]
        values = pd.Series([row[key] for row in result["data"]], dtype=float)
        shown[key] = values * 100 if metric.unit == "fraction" else values
        most = float(shown[key].max()) if values.notna().any() else 0.0
        form = IN_CELLS.get(metric.unit, "%.1f")
        config[key] = bar_column(head(metric), most=max(most, 1e-9), form=form)
    height: Any = "content" if len(shown) <= LOW_TABLE else 420
    st.dataframe(shown, hide_index=True, column_config=config, height=height)


def views(page: ui.Page) -> None:
    known = saved_views(page.scope)
    with st.expander(f"Saved views ({len(known)})", key="explore_views"):
        for name, query in known.items():
            with ui.line():
                st.page_link("explore.py", label=ui.plain(name), query_params=query)
                st.button(
                    "Remove",
                    key=f"explore_forget_{name}",
                    type="tertiary",
                    on_click=ui.run_action,
                    args=(page, "Removed.", delete_view, name),
                )
        with ui.form(VIEW) as key, st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name of this view", max_chars=100)
            st.form_submit_button(SAVE, on_click=ui.press, args=(VIEW, key, SAVE))
            save(page, name)
        st.caption("The address of this page is the link to this view.")


def save(page: ui.Page, name: str) -> None:
    """Save the view, whatever the account."""
    shown = ui.address().shown
    query = {name: shown[name] for name in shown if name != "account"}
    ui.submit_action(page, SAVE, "Saved.", save_view, name, query, clears=VIEW)


ui.run_page("explore", "What do you want to know?", show)
