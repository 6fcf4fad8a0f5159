"""The filter bar: period, account, products and comparison, all of it in the URL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import streamlit as st

from core.analytics.dates import ONE_DAY, PRESETS, Window, iso_week, last_complete_week, preset
from core.analytics.explore import product_names
from core.base import text
from core.criteria.baselines import frozen_baseline, window_of
from pages import ui

CUSTOM = "Custom dates"
# What criteria are judged by, and every source.
ENHANCER = frozenset({"Enhancement runs", "Tickets", "Feedback", "Surveys", "Platform metrics"})
EVERY_SOURCE = ENHANCER | {"Test cycles", "Bug reports"}
WEEKS_OFFERED = 13
EARLIEST, LATEST = date(1970, 1, 1), date(2100, 1, 1)  # that a link may ask for


@dataclass(frozen=True)
class Filters(ui.Stamped):
    """Selection of a page's filter bar."""

    window: Window
    product_ids: tuple[int, ...] = ()
    compare: Window | None = None  # what its figures are compared with

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
    compares: bool = True,
    sources: frozenset[str] = EVERY_SOURCE,
    box: Callable[[], None] = lambda: None,
) -> Filters:
    """Draw the boxes of the bar, kept in the address, and a reset button.

    `products` and `compares` are whether it offers those; where its `sources` have ended it opens
    on the last such period with data. `box` draws one more box in the bar.
    """
    with page.bar:
        window = _period_box(page, default, sources)
        ui.account_box(page)
        names = _products_box(page) if products else {}
        compare = _compare_box(page, window) if compares else None
        box()
        st.button(
            "Reset",
            key=f"{page.key}_reset",
            type="tertiary",
            on_click=ui.address().reset,
            help="Back to the view that the page opens with",
        )
    words = ", ".join([window.label, *names.values()])
    return Filters(page, words, window, tuple(names), compare)


def _period_box(page: ui.Page, default: str, sources: frozenset[str]) -> Window:
    usual = preset(default, page.today)
    ended = ended_on(page, sources, before=usual.start)
    periods = {name: name for name in (*PRESETS, CUSTOM)}
    key, at = f"{page.key}_period", CUSTOM if ended else default
    period = ui.pick("Period", periods, at=at, what="period", key=key, width=140)
    if period != CUSTOM:
        return preset(period, page.today)
    last = ended or page.today
    return _custom_dates(page, (last - ((usual.days or 1) - 1) * ONE_DAY, last))


def _products_box(page: ui.Page) -> dict[int, str]:
    """The chosen products; there is no box where there is one product or none."""
    names = ui.read_facts(page, product_names)
    if len(names) < 2:
        return {}
    chosen = ui.pick_many(
        "Products",
        names,
        key=f"{page.key}_products",
        what="product",
        said={"account": page.account.name},
        placeholder="All products",
        width=125,
    )
    return {product_id: names[product_id] for product_id in chosen}


def _compare_box(page: ui.Page, window: Window) -> Window | None:
    """The window to compare with; there is none for all time."""
    frozen = ui.read(page, frozen_baseline)
    names = {"previous": "vs previous", "year": "vs last year"}
    names |= {"baseline": "vs baseline"} if frozen else {}
    key, what = f"{page.key}_versus", "comparison"
    how = ui.pick("Compare", names, what=what, key=key, width=124)
    if window.days is None:
        return None
    if how == "baseline" and frozen:
        week = window_of(frozen)
        first, last = map(text.day, week.span)
        return replace(week, label=f"the baseline, {first} to {last}, amounts per day")
    return window.previous if how == "previous" else window.year_before


def _custom_dates(page: ui.Page, usual: tuple[date, ...]) -> Window:
    key = f"{page.key}_dates"

    def read(words: Sequence[str]) -> tuple[tuple[date, ...], Sequence[str]]:
        try:
            first, last = (date.fromisoformat(word) for word in words)
        except ValueError:
            return usual, words
        is_period = EARLIEST <= first <= last <= LATEST
        return ((first, last), ()) if is_period else (usual, words)

    def draw(opened: Any) -> tuple[date, ...]:
        days: tuple[date, ...] = st.date_input("From and to", opened, key=key, width=240)
        return days

    said: dict[str, Any] = {"what": "dates", "why": "which are no period"}
    chosen = ui.linked(draw, key, ui.Form(usual, read, lambda days: [*map(str, days)], **said))
    if len(chosen) != 2:
        st.info("Choose the last day as well.")
        st.stop()
    return Window(*chosen, f"{text.day(chosen[0])} to {text.day(chosen[1])}")


def ended_on(page: ui.Page, names: frozenset[str], *, before: date | None) -> date | None:
    """The last day with data of the named sources, where they all ended before a day; else None."""
    known = [one.through for one in ui.sources(page) if one.name in names and one.through]
    last = max(known).astimezone(page.store.zone).date() if known else None
    return last if last and before and last < before else None


def past_weeks(page: ui.Page, sources: frozenset[str] = ENHANCER) -> list[Window]:
    """Complete weeks to choose from, the latest first; of sources that ended those with data."""
    ended = ended_on(page, sources, before=last_complete_week(page.today).start)
    today = iso_week(ended).span[1] + ONE_DAY if ended else page.today
    return [last_complete_week(today, ago) for ago in range(WEEKS_OFFERED)]
