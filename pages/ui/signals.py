"""Control charts of metrics by week or month, with their signals."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from core.analytics.series import MetricSeries, metric_series
from core.charts import ChartSpec, control_chart
from core.review import signal_words
from pages import ui
from pages.ui.filters import Filters
from pages.ui.proof import of_period


def grid(metrics: Sequence[str], chosen: Filters) -> None:
    """Draw the charts of several metrics in two columns, and the expected false alarms."""
    found = series_of(metrics, chosen)
    with st.grid(2, min_column_width=340):
        for one in found:
            chosen.chart(
                drawn(one),
                key=f"trend_{one.metric.key}",
                title=signal_words.finding(one),
                subtitle=signal_words.subtitle(one, brief=True),
                alt=signal_words.alt_text(one),
                opens=partial(of_period, chosen, one.metric.key),
            )
    st.caption(ui.plain(signal_words.chance_of_all(found)))
    download(found, chosen)


def series_of(metrics: Sequence[str], chosen: Filters) -> list[MetricSeries]:
    asked = {"metrics": tuple(metrics), "compare": chosen.compare, **chosen.asked}
    return ui.read(chosen.page, metric_series, **asked)


def download(found: Sequence[MetricSeries], chosen: Filters) -> None:
    chosen.csv_button(
        lambda: pd.concat([_rows(one) for one in found], ignore_index=True),
        f"Trend of {found[0].metric.label}" if len(found) == 1 else "Trends",
        key=f"trend_{found[0].metric.key}",
    )


def _rows(found: MetricSeries) -> pd.DataFrame:
    limits, beside = found.behaviour.limits, found.beside.points if found.beside else {}
    was = [beside.get(point.period, (None, None)) for point in found.points]
    return pd.DataFrame(
        {
            "metric": found.metric.label,
            found.grain: [point.period for point in found.points],
            "value": [point.value for point in found.points],
            "n": [point.n for point in found.points],
            "compared with": [name for name, _ in was],
            "its value": [value for _, value in was],
            "judged": ["yes" if pair else "no" for pair in limits],
            "centre": found.behaviour.centre,
            "low": [pair and pair[0] for pair in limits],
            "high": [pair and pair[1] for pair in limits],
            "signals": signal_words.by_point(found),
        }
    )


def drawn(found: MetricSeries, *, height: int = 240) -> ChartSpec:
    return control_chart(
        found.points,
        found.behaviour,
        unit=found.metric.unit,
        name=found.metric.label,
        height=height,
        waiting=signal_words.waiting(found),
        beside=found.beside,
    )
