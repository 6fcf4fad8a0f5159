"""Charts, downloads, and the box of an empty view."""

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
import streamlit as st

from core.base.csv import csv_bytes
from core.charts import DARK, LIGHT, ChartSpec, ImageKind, chart_image
from pages.ui.page import Page
from pages.ui.panels import panel

SAVE = "Save this chart as an image, stamped with its filters"
MIME: Mapping[ImageKind, str] = {"png": "image/png", "svg": "image/svg+xml"}


def chart(
    drawn: ChartSpec, *, title: str, subtitle: str, alt: str, page: Page, filters: str, key: str
) -> None:
    """Chart under its finding, with a download as an image.

    `filters` are what the image is stamped with, `key` tells the charts of a page apart.
    """
    with panel(title, subtitle, stretch=True):
        draw(drawn, alt=alt)
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


def table(page: Page, frame: pd.DataFrame, *, name: str, filters: str, key: str) -> None:
    """Table in full height, with its download."""
    st.dataframe(frame, hide_index=True, height="content")
    csv_button(page, frame, name=name, filters=filters, key=key)


def empty(sentence: str, target: str | None = None, label: str = "") -> None:
    """Box for an empty view: the reason, and a link to go on."""
    with st.container(border=True):
        st.markdown(sentence)
        if target:
            st.page_link(target, label=label)
