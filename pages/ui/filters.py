"""The filter bar: period, account and products, all of it in the URL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.analytics.dates import PRESETS, Window, preset
from core.analytics.explore import product_names
from core.base import text
from pages import ui

CUSTOM = "Custom dates"


@dataclass(frozen=True)
class Filters(ui.Stamped):
    """Selection of a page's filter bar."""

    window: Window
    product_ids: tuple[int, ...] = ()

    @property
    def period(self) -> dict[str, Any]:
        """The selection as keywords of a read."""
        return {"window": self.window, "product_ids": self.product_ids}

    @property
    def asked(self) -> dict[str, Any]:
        """The selection and today, for reads that look at the months before the window."""
        return self.period | {"today": self.page.today}

    def with_words(self, words: str) -> "Filters":
        """The same selection with more words in its stamp."""
        return replace(self, words=f"{self.words}; {words}")


def filter_bar(
    page: ui.Page,
    *,
    default: str = "Last 90 days",
    products: bool = True,
    box: Callable[[], None] = lambda: None,
    on_reset: Callable[[], None] = lambda: None,
) -> Filters:
    """Draw the boxes of period, account and products, kept in the URL, and a reset button.

    `box` draws one more box in the bar; `on_reset` takes back what else the page opens with.
    """
    keys = {name: f"{page.key}_{name}" for name in ("period", "dates", "products")}
    # Dates that the box cannot take leave the link when it is drawn.
    is_opened = keys["dates"] not in st.session_state
    linked = st.query_params.get_all(keys["dates"]) if is_opened else []
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{page.key}_filters"):
        window = _period_box(page, keys, default)
        ui.account_box(page)
        names = _products_box(page, keys["products"]) if products else {}
        box()
        st.button(
            "Reset",
            key=f"{page.key}_reset",
            type="tertiary",
            on_click=_reset,
            args=(keys, default, on_reset),
            help="Back to the view that the page opens with",
        )
    if st.session_state[keys["period"]] == CUSTOM:
        _warn_of_dates(linked, window)
    return Filters(page, ", ".join([window.label, *names.values()]), window, tuple(names))


def _period_box(page: ui.Page, keys: Mapping[str, str], default: str) -> Window:
    period = st.selectbox(
        "Period",
        [*PRESETS, CUSTOM],
        index=list(PRESETS).index(default),
        key=keys["period"],
        bind="query-params",
        width=170,
    )
    return _custom_dates(page, keys["dates"]) if period == CUSTOM else preset(period, page.today)


def _products_box(page: ui.Page, key: str) -> dict[int, str]:
    """The chosen products; there is no box where there is one product or none."""
    names = ui.read_facts(page, product_names)
    if len(names) < 2:
        return {}
    chosen = ui.pick_many("Products", names, key=key, placeholder="All products", width=280)
    return {product_id: names[product_id] for product_id in chosen}


def _warn_of_dates(linked: Sequence[str], window: Window) -> None:
    if linked and linked != [str(window.start), str(window.end)]:
        wrong = text.listed([f"“{sentence[:40]}”" for sentence in linked[:2]])
        st.warning(
            ui.plain(f"The link's dates, {wrong}, are no period: shown is {window.label} instead.")
        )


def _custom_dates(page: ui.Page, key: str) -> Window:
    start = preset("Last 90 days", page.today).start
    chosen = st.date_input(
        "From and to", value=(start, page.today), key=key, bind="query-params", width=240
    )
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        st.info("Choose the last day as well.")
        st.stop()
    return Window(*chosen, f"{text.day(chosen[0])} to {text.day(chosen[1])}")


def _reset(keys: Mapping[str, str], default: str, on_reset: Callable[[], None]) -> None:
    on_reset()
    st.session_state[keys["period"]] = default
    if keys["products"] in st.session_state:
        st.session_state[keys["products"]] = []
