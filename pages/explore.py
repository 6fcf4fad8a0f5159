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
    feature_names,
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
from pages.ui.tables import bar_column, height

SOURCES = frozenset({"Test cycles", "Bug reports"})
PERIOD = "Last 12 months"
VIEW, SAVE = "explore_save", "Save view"
MOST_DIMENSIONS = 3
MOST_ROWS = 10_000
MOST_LINES = 8
MOST_BARS = 25
MOST_CELLS = 900
MOST_CHARTS = 6
LOW_TABLE = 10
# How a unit is written: in heads, in charts and in cells.
IN_HEADS = {"fraction": "%", "seconds": "s", "minutes": "min", "hours": "h"}
IN_CHARTS = {"fraction": ".1~%", "count": ",d"}
IN_CELLS = {"fraction": "%.1f", "count": "%,d", "points": "%,d", "stars": "%.2f"}


def show(page: ui.Page) -> None:
    chosen = filter_bar(page, default=PERIOD, products=False, compares=False)
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
            table(page, result, asked)
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


def named(page: ui.Page, result: Mapping[str, Any], dimensions: Sequence[str]) -> pd.DataFrame:
    """The members of each row by name."""
    told = {"feature": ui.read_facts(page, feature_names)} if "feature" in dimensions else {}
    rows = result["data"]
    return pd.DataFrame({key: row_names(rows, key, told.get(key)) for key in dimensions})


def drawing(chosen: Filters, result: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Chart the first metric; with three dimensions there is a chart for each value of one."""
    metric, dimensions = METRICS[asked["metrics"][0]], asked["dimensions"]
    rows = named(chosen.page, result, dimensions)
    rows["value"] = pd.Series([row[metric.key] for row in result["data"]], dtype=float)
    periods = [key for key in dimensions if is_period(key)]
    rows["is_dated"] = [all(row[key] is not None for key in periods) for row in result["data"]]
    if len(rows) < result["metadata"]["total_rows"]:
        ui.empty(f"No chart of a part: there are more than {MOST_ROWS:,} rows. Filter some out.")
        return
    labels = {key: DIMENSIONS[key].label.lower() for key in dimensions}
    title = f"{metric.label} by {text.listed(list(labels.values()))}"
    if len(dimensions) <= 2:
        one_chart(chosen, rows, dimensions, asked, key="chart", title=title)
        return
    time = periods[0] if periods else ""
    counts = rows[[key for key in dimensions if key != time]].nunique().sort_values()
    split, order = counts.index[0], counts.index[-1]
    values = rows.groupby(split)["value"].sum().nlargest(MOST_CHARTS).index
    number = int(counts.iloc[0])
    some = f"the first {len(values)} of {number}, " if number > len(values) else ""
    st.caption(
        ui.plain(f"{title}: a chart for each {labels[split]}, {some}with an axis of its own")
    )
    rest = [key for key in dimensions if key != split]
    top = most(rows.rename(columns={order: "series"}))
    with st.grid(2, min_column_width=330):
        for n, value in enumerate(values):
            part = rows[rows[split] == value]
            one_chart(chosen, part, rest, asked, key=f"chart_{n}", title=str(value), top=top)


def is_period(dimension: str) -> bool:
    return DIMENSIONS[dimension].kind == "time" and dimension != "weekday"


def most(rows: pd.DataFrame) -> list[str]:
    """The series with the most."""
    return list(rows.groupby("series")["value"].sum().nlargest(MOST_LINES).index)


def one_chart(
    chosen: Filters,
    rows: pd.DataFrame,
    dimensions: Sequence[str],
    asked: Mapping[str, Any],
    *,
    key: str,
    title: str,
    top: Sequence[str] = (),
) -> None:
    """Periods as lines, one category as bars, two as a heat map, or why there is no chart."""
    metric = METRICS[asked["metrics"][0]]
    unit = metric.label if metric.unit == "fraction" else head(metric)
    form: dict[str, Any] = {"unit": unit, "value_format": IN_CHARTS.get(metric.unit, ",.2~f")}
    periods = [one for one in dimensions if is_period(one)]
    note = ""
    if len(periods) == 1:
        others = [one for one in dimensions if one != periods[0]]
        dated = rows[rows["is_dated"]]
        if dated.empty:
            ui.empty(ui.plain(f"No chart of {title}: none of its rows has a date."))
            return
        dated = dated.assign(series=dated[others[0]] if others else metric.label)
        drawn, note = lines(dated, periods[0], asked, form, top=top, today=chosen.page.today)
    elif len(dimensions) == 1:
        if len(rows) > MOST_BARS:
            note = f"The first {MOST_BARS} of {len(rows):,}; the table has all of them."
        drawn = charts.bars(
            rows.head(MOST_BARS).rename(columns={dimensions[0]: "category"}), **form
        )
    elif len(rows) > MOST_CELLS:
        ui.empty(f"No chart: {len(rows):,} pairs are too many to be told apart. Filter some out.")
        return
    else:
        first, second = dimensions
        titles = (DIMENSIONS[first].label, DIMENSIONS[second].label)
        frame = rows.rename(columns={first: "row", second: "column"})
        drawn = charts.heat_map(frame, titles=titles, **form)
    chosen.chart(drawn, key=key, title=title, subtitle=note or metric.definition)


def lines(
    rows: pd.DataFrame,
    time: str,
    asked: Mapping[str, Any],
    form: Mapping[str, Any],
    *,
    top: Sequence[str],
    today: date,
) -> tuple[Any, str]:
    """A line for each of the `top` series, else of those with the most, and notes on the rest."""
    metric = METRICS[asked["metrics"][0]]
    frame, series = rows.assign(period=rows[time]), rows["series"]
    top = [*top] or most(frame)
    wide = frame.pivot_table(index="period", columns="series", values="value", aggfunc="first")
    first, last = frame["period"].min(), frame["period"].max()
    wide = wide.reindex(index=every_period(time, first, last), columns=top)
    if metric.unit == "count":
        wide = wide.fillna(0)  # a count of nothing is 0; a rate of nothing stays unknown
    shown = wide.rename_axis(index="period").reset_index().melt("period", var_name="series")
    notes = []
    if not series.isin(top).all():
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


def table(page: ui.Page, result: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """The rows with bars in the cells; a long list scrolls."""
    shown = named(page, result, asked["dimensions"])
    config: dict[str, Any] = {key: DIMENSIONS[key].label for key in asked["dimensions"]}
    for key in asked["metrics"]:
        metric = METRICS[key]
        values = pd.Series([row[key] for row in result["data"]], dtype=float)
        shown[key] = values * 100 if metric.unit == "fraction" else values
        most = float(shown[key].max()) if values.notna().any() else 0.0
        form = IN_CELLS.get(metric.unit, "%,.1f")
        config[key] = bar_column(head(metric), most=max(most, 1e-9), form=form)
    look: dict[str, Any] = {"hide_index": True, "placeholder": text.UNKNOWN}
    st.dataframe(shown, column_config=config, height=height(shown, LOW_TABLE), **look)


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
