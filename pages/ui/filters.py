"""The filter bar: period, account and products, all of it in the URL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import streamlit as st

from core.analytics.dates import PRESETS, Window, preset
from core.analytics.explore import product_names
from core.base import text
from pages import ui

CUSTOM = "Custom dates"


@dataclass(frozen=True)
class Filters:
    """Selection of the filter bar, and its description for exports."""

    window: Window
    product_ids: tuple[int, ...] = ()
    words: str = ""

    def asked_of(self, page: ui.Page) -> dict[str, Any]:
        """The selection as keywords of a page's reads."""
        return {"window": self.window, "product_ids": self.product_ids, "today": page.today}


def filter_bar(
    page: ui.Page,
    *,
    default: str = "Last 90 days",
    products: bool = True,
    also: Mapping[str, Any] = MappingProxyType({}),
    box: Callable[[], None] | None = None,
    on_reset: Callable[[], None] | None = None,
) -> Filters:
    """Draw the boxes of period, account and products, kept in the URL, and a reset button.

    `also` are other boxes of the page, with the values that they go back to; `box` draws one of
    them in the bar. `on_reset` takes back what is no box.
    """
    keys = {name: f"{page.key}_{name}" for name in ("period", "dates", "products")}
    names = ui.read_facts(page, product_names) if products else {}
    # Dates that the box cannot take leave the link when it is drawn.
    is_opened = keys["dates"] not in st.session_state
    linked = st.query_params.get_all(keys["dates"]) if is_opened else []
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{page.key}_filters"):
        period = st.selectbox(
            "Period",
            [*PRESETS, CUSTOM],
            index=list(PRESETS).index(default),
            key=keys["period"],
            bind="query-params",
            width=170,
        )
        window = (
            _custom_dates(page, keys["dates"]) if period == CUSTOM else preset(period, page.today)
        )
        ui.account_box(page)
        chosen = (
            st.multiselect(
                "Products",
                list(names),
                format_func=lambda product_id: names[product_id],
                key=keys["products"],
                bind="query-params",
                placeholder="All products",
                width=280,
            )
            if len(names) > 1
            else []
        )
        if box is not None:
            box()
        st.button(
            "Reset",
            key=f"{page.key}_reset",
            type="tertiary",
            on_click=_reset,
            args=(keys, {keys["period"]: default, **also}, on_reset),
            help="Back to the view that the page opens with",
        )
    if period == CUSTOM and linked and linked != [str(window.start), str(window.end)]:
        wrong = text.listed([f"“{sentence[:40]}”" for sentence in linked[:2]])
        st.warning(
            ui.plain(f"The link's dates, {wrong}, are no period: shown is {window.label} instead.")
        )
    said = [window.label, *(names[product_id] for product_id in chosen)]
    return Filters(window, tuple(chosen), ", ".join(said))


def _custom_dates(page: ui.Page, key: str) -> Window:
    start = preset("Last 90 days", page.today).start
    chosen = st.date_input(
        "From and to", value=(start, page.today), key=key, bind="query-params", width=240
    )
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        st.info("Choose the last day as well.")
        st.stop()
    return Window(*chosen, f"{text.day(chosen[0])} to {text.day(chosen[1])}")


def _reset(
    keys: Mapping[str, str], opening: Mapping[str, Any], on_reset: Callable[[], None] | None
) -> None:
    if on_reset is not None:
        on_reset()
    st.session_state.update(opening)
    if keys["products"] in st.session_state:
        st.session_state[keys["products"]] = []
