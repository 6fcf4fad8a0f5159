"""Views of people that pages share: shares of the top people, names with bars."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core import charts
from core.analytics.series import Stacked
from core.base import text
from core.engagement import words as engagement_words
from pages import ui

ROW = 35


def top_chart(
    page: ui.Page, stacked: Stacked, *, one: str, many: str, what: str, filters: str, more: str = ""
) -> None:
    """Bars by month of the top people; `one` and `many` are the title's verbs for `what`.

    "One person creates", "create", "cycles"; `more` is known of the shares.
    """
    data, order, share = stacked
    if data.empty:
        ui.empty(
            f"No {what} of a known person in this period or the last 12 months: choose a longer "
            "period, or All time."
        )
        return
    top = [name for name in order if name != text.OTHERS]
    unit = text.upper_first(what)
    ui.chart(
        charts.stacked_periods(data, series=order, unit=unit, unfinished=f"{page.today:%Y-%m}"),
        title=engagement_words.top_share(top, share, one, many, what),
        subtitle=f"{more or 'Share of the period'}; bars by month of the cycle's end, the pale one "
        "not over",
        alt=f"{unit} by month: {', '.join(top)} and everyone else",
        page=page,
        filters=filters,
        key="top",
    )


def height(frame: pd.DataFrame, most: int) -> int | Literal["content"]:
    """Height of a table that scrolls beyond `most` rows."""
    return "content" if len(frame) <= most else ROW * (most + 1) + 20


def amounts(
    frame: pd.DataFrame,
    *,
    title: str,
    note: str,
    none: str,
    names: str,
    bar: tuple[str, str],
    more: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Table of names with an amount each as a bar; `none` is shown where there is no row.

    `frame` has name and the amount, in the order to be shown. `names` heads the names, `bar` is the
    amount's column and its head, `more` are further columns by name.
    """
    with st.container(border=True, height="stretch"):
        st.subheader(ui.plain(title), anchor=False)
        if frame.empty:
            st.caption(none)
            return
        st.caption(ui.plain(note))
        column, head = bar
        amount = st.column_config.ProgressColumn(
            head,
            format="localized",
            min_value=0,
            max_value=max(int(frame[column].max()), 1),
            width=110,
        )
        st.dataframe(
            frame,
            hide_index=True,
            height=height(frame, 7),
            column_order=["name", column, *more],
            column_config={"name": st.column_config.TextColumn(names), column: amount, **more},
        )
