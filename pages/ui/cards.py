"""Headline cards, charts and downloads."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import pandas as pd
import streamlit as st

from core.analytics.series import Headline
from core.base import text
from core.base.csv import csv_bytes
from core.charts import DARK, LIGHT, ChartSpec, ImageKind, chart_image
from pages.ui.page import Page, plain

MOST_BARS = 30
SAVE = "Save this chart as an image, stamped with its filters"
MIME: Mapping[ImageKind, str] = {"png": "image/png", "svg": "image/svg+xml"}
DELTA_COLOURS: Mapping[str, Literal["normal", "inverse"]] = {"up": "normal", "down": "inverse"}


def figure_card(
    page: Page,
    figure: Headline,
    label: str,
    proof: Callable[[Page, Headline], None],
    *,
    brief: bool = False,
) -> None:
    """Card of a figure with its change, sample and trend; its button calls `proof`.

    `label` is the metric's name, short enough for a narrow card; a brief one has no trend.
    """
    metric = figure.metric
    moved = text.change(figure.value, figure.previous, metric.unit)
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(
            label,
            text.amount(figure.value, metric.unit),
            moved,
            delta_color=DELTA_COLOURS.get(metric.better, "off"),
            help=plain(f"{metric.label}. {metric.definition}"),
            # A period without data is left out: drawn as 0 it would look like a fall.
            chart_data=None if brief else [v for v in figure.trend if v is not None] or None,
            # Many bars have no room beside each other.
            chart_type="bar"
            if metric.unit == "count" and len(figure.trend) <= MOST_BARS
            else "line",
        )
        if figure.n is not None and not brief:
            st.caption(_sample(figure))
        with st.container(horizontal=True, vertical_alignment="center"):
            is_asked = st.button(
                "What is this?",
                key=f"{page.key}_what_{metric.key}",
                type="tertiary",
                help=f"Definition, query and rows of {metric.label.lower()}",
            )
            if figure.n is not None and brief:
                st.caption(_sample(figure), width="content")
        if is_asked:
            proof(page, figure)


def _sample(figure: Headline) -> str:
    small = ": too few for more than a hint" if figure.n and figure.is_small else ""
    return f"n = {text.count(figure.n or 0)}{small}"


def chart(
    drawn: ChartSpec,
    *,
    title: str,
    subtitle: str,
    alt: str,
    page: Page | None = None,
    filters: str = "",
    key: str = "",
) -> None:
    """Chart under its finding; with a page also a download as an image.

    `filters` are what the image is stamped with, `key` tells the charts of a page apart.
    """
    with st.container(border=True, height="stretch"):
        st.subheader(plain(title), anchor=False)
        st.caption(plain(subtitle))
        draw(drawn, alt=alt)
        if page is not None:
            image(page, drawn, title=title, subtitle=subtitle, filters=filters, key=key)


def draw(drawn: ChartSpec, *, alt: str) -> None:
    """Draw a chart alone, in the colours of the page's theme; `alt` is its text alternative."""
    theme = DARK if st.context.theme.type == "dark" else LIGHT
    st.vega_lite_chart(spec=drawn.in_theme(theme).to_dict(), width="stretch", alt=alt)


def image(
    page: Page, drawn: ChartSpec, *, title: str, subtitle: str, filters: str, key: str
) -> None:
    """Download of the chart as a stamped image, made on demand."""
    with st.popover(
        "Download image", type="tertiary", key=f"{page.key}_image_{key}", width="content", help=SAVE
    ):
        for kind, mime in MIME.items():
            make = partial(chart_image, drawn, kind=kind, title=title, subtitle=subtitle)
            st.download_button(
                f"Download {kind.upper()}",
                data=partial(make, stamp=_stamp(page, filters)),
                file_name=f"touchstone-{key.replace('_', '-')}-{page.today}.{kind}",
                mime=mime,
                key=f"{page.key}_{kind}_{key}",
                on_click="ignore",
                type="tertiary",
            )


def _stamp(page: Page, filters: str) -> dict[str, str]:
    """Provenance of a downloaded table or image: account, filters, time zone, time."""
    stamp = {
        "Account": page.account.name,
        "Filters": filters,
        "Time zone": page.store.zone.key,
        "As of": f"{page.now:%Y-%m-%d %H:%M}",
    }
    return stamp | ({"Demo data": "made up"} if page.is_demo else {})


def csv_button(
    page: Page,
    frame: pd.DataFrame | Callable[[], pd.DataFrame],
    *,
    name: str,
    filters: str,
    key: str,
) -> None:
    """Download of rows with their provenance as CSV; a function is called on demand."""
    stamp = {"Touchstone": name} | _stamp(page, filters)
    st.download_button(
        "Download CSV",
        data=lambda: csv_bytes(frame() if callable(frame) else frame, stamp),
        file_name=f"touchstone-{name.lower().replace(' ', '-')}-{page.today}.csv",
        mime="text/csv",
        key=f"{page.key}_csv_{key}",
        on_click="ignore",
        type="tertiary",
    )


def empty(sentence: str, target: str | None = None, label: str = "") -> None:
    """Box for an empty view: the reason, and a link to go on."""
    with st.container(border=True):
        st.markdown(sentence)
        if target:
            st.page_link(target, label=label)
