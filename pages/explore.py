"""What do you want to know?"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import charts, words
from core.analytics import DIMENSIONS, METRICS, query_metrics
from core.analytics.explore import dimensions_of, members, what_emptied
from core.views import forget_view, save_view, saved_views
from pages import _ui as ui
from pages._filters import Filters, filter_bar

SOURCES = frozenset({"Test cycles", "Bug reports"})
MOST_DIMENSIONS = 3
MOST_LINES = 8
MOST_BARS = 25
MOST_CELLS = 900
FORMATS = {"fraction": ".1%", "count": ",d"}


def show(page: ui.Page) -> None:
    answer = st.container()
    chosen = filter_bar(page, default="Last 12 months", products=False)
    asked = question(page, chosen)
    if not asked["metrics"]:
        with answer:
            st.markdown("##### Choose a metric to begin.")
            ui.freshness_line(page, SOURCES)
        return
    result = ui.read(page, query_metrics, **asked)
    with answer:
        st.markdown(f"##### {ui.plain(result['query_explanation'])}")
        ui.freshness_line(page, SOURCES)
    for warning in result["warnings"]:
        st.caption(ui.plain(warning))
    totals(result)
    if result["data"] and asked["dimensions"]:
        drawing(result, asked)
    elif not any(result["totals"].values()):
        nothing(page, asked)
    if result["data"]:
        table(page, result, asked, chosen)
    views(page)
    with st.expander("The query that ran"):
        st.code(result["sql"], language="sql", wrap_lines=True)


def question(page: ui.Page, chosen: Filters) -> dict[str, Any]:
    """The query as the boxes say it; every box is in the link."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metrics = st.multiselect(
            "Metrics",
            list(METRICS),
            default=["tests_created"],
            format_func=lambda key: METRICS[key].label,
            key="explore_metrics",
            bind="query-params",
            width=420,
        )
        reachable = dimensions_of(metrics)
        dimensions = st.multiselect(
            f"By (up to {MOST_DIMENSIONS})",
            reachable,
            default=["month"] if "month" in reachable else [],
            format_func=lambda key: DIMENSIONS[key].label,
            key="explore_dimensions",
            bind="query-params",
            max_selections=MOST_DIMENSIONS,
            help="The dimensions that all chosen metrics can be grouped by",
            width=360,
        )
        filtered = st.multiselect(
            "Filter by",
            [key for key in reachable if key != "account"],
            format_func=lambda key: DIMENSIONS[key].label,
            key="explore_where",
            bind="query-params",
            placeholder="Nothing",
            width=260,
        )
        include_zero = st.toggle(
            "Also those with none",
            key="explore_zero",
            bind="query-params",
            help="Lists every known member and period, those without rows with 0",
        )
    return {
        "metrics": metrics,
        "dimensions": dimensions,
        "filters": filters(page, filtered),
        "start_date": chosen.window.start,
        "end_date": chosen.window.end,
        "include_zero": include_zero,
        "account": page.account.id,
    }


def filters(page: ui.Page, dimensions: Sequence[str]) -> dict[str, list[str]]:
    found = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key in dimensions:
            values = st.multiselect(
                DIMENSIONS[key].label,
                ui.read(page, members, dimension=key, account=page.account.id),
                key=f"explore_only_{key}",
                bind="query-params",
                placeholder="Any",
                width=300,
            )
            if values:
                found[key] = values
    return found


def totals(result: Mapping[str, Any]) -> None:
    with st.grid(4, min_column_width=180):
        for key, value in result["totals"].items():
            metric = METRICS[key]
            st.metric(
                f"{metric.label}, in all",
                words.amount(value, metric.unit),
                help=ui.plain(metric.definition),
                border=True,
            )


def nothing(page: ui.Page, asked: Mapping[str, Any]) -> None:
    emptied = ui.read(page, what_emptied, asked=asked)
    if emptied:
        ui.empty(ui.plain(f"Nothing is left: without {words.listed(emptied)} there would be rows."))
    else:
        ui.empty("Nothing has been recorded for these metrics in this account.")


def drawing(result: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """A chart of the first metric by rules: time as lines, one category as bars, two as a map."""
    metric = METRICS[asked["metrics"][0]]
    rows = pd.DataFrame(result["data"])
    rows["value"] = rows[metric.key].astype(float)
    times = [key for key in asked["dimensions"] if DIMENSIONS[key].kind == "time"]
    others = [key for key in asked["dimensions"] if key not in times]
    named = rows.assign(**{key: rows[key].astype(object).fillna("none") for key in others})
    form = {"unit": metric.unit, "value_format": FORMATS.get(metric.unit, ",.1f")}
    drawn, note = None, ""
    if times and "weekday" not in times and len(others) <= 1 and len(times) == 1:
        drawn, note = lines(named.dropna(subset=times), times[0], others, metric.label, form)
    elif len(asked["dimensions"]) == 1 and len(rows) <= MOST_BARS:
        frame = named.rename(columns={asked["dimensions"][0]: "category"})
        drawn = charts.bars(frame[["category", "value"]], **form)
    elif len(asked["dimensions"]) == 2 and len(rows) <= MOST_CELLS:
        first, second = asked["dimensions"]
        frame = named.rename(columns={first: "row", second: "column"})
        titles = (DIMENSIONS[first].label, DIMENSIONS[second].label)
        drawn = charts.heat_map(frame[["row", "column", "value"]], titles=titles, **form)
    if drawn is not None:
        by = words.listed([DIMENSIONS[key].label.lower() for key in asked["dimensions"]])
        title = f"{metric.label} by {by}"
        ui.chart(drawn, title=title, subtitle=note or metric.definition, alt=title)


def lines(
    rows: pd.DataFrame, time: str, others: Sequence[str], label: str, form: Mapping[str, str]
) -> tuple[Any, str]:
    series = rows[others[0]].astype(str) if others else pd.Series(label, index=rows.index)
    frame = pd.DataFrame({"period": rows[time], "series": series, "value": rows["value"]})
    top = frame.groupby("series")["value"].sum().nlargest(MOST_LINES).index
    note = f"The first {MOST_LINES} of {len(set(series))}" if len(set(series)) > len(top) else ""
    shown = frame[frame["series"].isin(top)]
    is_rate = form["unit"] != "count"
    return charts.line(shown, **form, zero=not is_rate), note


def table(
    page: ui.Page, result: Mapping[str, Any], asked: Mapping[str, Any], chosen: Filters
) -> None:
    frame = pd.DataFrame(result["data"])
    columns = [*asked["dimensions"], *asked["metrics"]]
    config: dict[str, Any] = {key: DIMENSIONS[key].label for key in asked["dimensions"]}
    shown = frame[columns].copy()
    for key in asked["metrics"]:
        metric = METRICS[key]
        percent = metric.unit == "fraction"
        if percent:
            shown[key] = shown[key].astype(float) * 100
        label = f"{metric.label} %" if percent else metric.label
        most = float(shown[key].astype(float).max()) if shown[key].notna().any() else 0.0
        config[key] = st.column_config.ProgressColumn(
            label,
            format="%.1f" if percent or metric.unit not in {"count", "points"} else "%d",
            min_value=0,
            max_value=max(most, 1e-9),
        )
    st.dataframe(shown, hide_index=True, column_config=config, height=420)
    ui.csv_button(page, frame, name="Explore", filters=chosen.words, key="rows")


def views(page: ui.Page) -> None:
    """Saved views are links with a name."""
    known = saved_views(page.store, page.account.id)
    with st.expander(f"Saved views ({len(known)})"):
        for view in known:
            with st.container(horizontal=True, horizontal_alignment="distribute"):
                query = {key: list(values) for key, values in view.query.items()}
                st.page_link("explore.py", label=ui.plain(view.name), query_params=query)
                st.button(
                    "Remove",
                    key=f"explore_forget_{view.name}",
                    type="tertiary",
                    on_click=ui.say_after,
                    args=("views", "Removed.", forget_view, page.store, page.account.id, view.name),
                )
        with (
            st.form("explore_save", border=False, clear_on_submit=True),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            st.text_input("Name of this view", key="explore_name", max_chars=100)
            st.form_submit_button("Save view", on_click=save, args=(page,))
        ui.said("views")
        st.caption("The address of this page is the link to this view.")


def save(page: ui.Page) -> None:
    query = {
        key: st.query_params.get_all(key)
        for key in st.query_params
        if key.startswith("explore_") and key != "explore_name"
    }
    name = str(st.session_state["explore_name"])
    ui.say_after("views", "Saved.", save_view, page.store, page.account.id, name, query)


ui.run_page("explore", "What do you want to know?", show)
