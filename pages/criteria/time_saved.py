"""Before and after: the time saved by each method, and which of them is used."""

from datetime import date

import pandas as pd
import streamlit as st

from core.analytics.account_settings import (
    BaselineSettings,
    changes,
    fields_of,
    save_settings,
    settings_of,
)
from core.analytics.dates import Window
from core.base import text
from core.charts import intervals
from core.criteria.time_comparison import Compared
from core.criteria.time_saved import Comparison
from core.criteria.window_data import comparison_of
from pages import ui

PLACE = "criteria_go_live"
SUBJECT = f"settings of {BaselineSettings.KEY}"


def show(page: ui.Page, window: Window) -> None:
    found = ui.read(page, comparison_of, window=window)
    preferred = found.preferred
    title = "No conclusion on the time saved"
    if preferred.figure is not None:
        reduction = preferred.estimate.value or 0.0
        less = "less" if reduction >= 0 else "more"
        title = f"{text.share(abs(reduction))} {less} time to resolution"
    with ui.panel(title):
        st.markdown(ui.plain(preferred.why))
        for warning in found.warnings:
            st.warning(ui.plain(warning))
    ways = found.methods
    if not ways:
        ui.empty(
            f"No ticket that was resolved in {ui.plain(window.label)} says whether it was enhanced."
        )
    else:
        _figures(page, ways, found, window)
        strata(page, window, key="strata")
    if found.work is not None:
        with ui.panel("Minutes of work, as recorded on tickets", found.work.preferred.why):
            stamped = ui.Stamped(page, window.label)
            stamped.table(_table(found.work.methods), "Minutes of work", key="work")
    _go_live(page)


def _figures(page: ui.Page, ways: dict[str, Compared], found: Comparison, window: Window) -> None:
    stamped = ui.Stamped(page, window.label)
    left, right = st.columns(2)
    with left:
        stamped.chart(
            intervals({name: way.estimate for name, way in ways.items()}, unit="fraction"),
            key="ways",
            title="Time reduction by method",
            subtitle="Reduction of the mean time to resolution with its 95 % interval; to the left "
            "of 0 it takes longer",
            alt="Reduction of the time to resolution by method, with intervals",
        )
    with right, ui.panel("Every figure, favourable or not", stretch=True):
        stamped.table(_table(ways), "Time reduction", key="ways")
        st.caption(ui.plain(found.survey_words))
        if found.go_live is not None:
            st.caption(ui.plain(found.go_live.words))


def _table(ways: dict[str, Compared]) -> pd.DataFrame:
    """Few methods with many figures each: the methods are the columns."""
    frame = pd.DataFrame({name: _way(way) for name, way in ways.items()})
    return frame.rename_axis("Figure").reset_index()


def _way(way: Compared) -> dict[str, str]:
    estimate = way.estimate
    ratio = way.median_ratio
    return {
        "Reduction": text.amount(estimate.value, "fraction"),
        "95 % interval": text.between(estimate.low, estimate.high, "fraction"),
        "Mean without": text.amount(way.without.mean, "minutes"),
        "Mean with": text.amount(way.enhanced.mean, "minutes"),
        "Median without": text.amount(way.without.median, "minutes"),
        "Median with": text.amount(way.enhanced.median, "minutes"),
        "Ratio of medians": text.UNKNOWN if ratio is None else f"{ratio:.2f}",
        "Tickets without": text.count(way.without.tickets),
        "Tickets with": text.count(way.enhanced.tickets),
    }


def strata(page: ui.Page, window: Window, *, key: str) -> None:
    """The rows by category and priority behind the stratified figure."""
    found = ui.read(page, comparison_of, window=window)
    frame = pd.DataFrame(
        [
            {
                "Category": one.category or "none",
                "Priority": one.priority or "none",
                "Tickets without": one.without.tickets,
                "Mean minutes without": one.without.mean,
                "Tickets with": one.enhanced.tickets,
                "Mean minutes with": one.enhanced.mean,
                "Reduction %": None if one.reduction is None else one.reduction * 100,
            }
            for one in found.strata
        ]
    )
    title = "By category and priority"
    if found.overlap is not None:
        of = text.share(found.overlap)
        title = f"{of} of the enhanced tickets have comparable tickets without enhancement"
    note = (
        "Mean minutes from opened to resolved; each row is weighted by its enhanced tickets, "
        "and left out with fewer than two tickets on a side"
    )
    with ui.panel(title, note):
        st.dataframe(frame.round(1), hide_index=True)
        stamped = ui.Stamped(page, window.label)
        stamped.csv_button(frame, "Rows of time reduction", key=f"strata_{key}")


def _go_live(page: ui.Page) -> None:
    known = ui.read(page, settings_of, kind=BaselineSettings)
    history = ui.read(page, changes, subject=SUBJECT)
    with ui.panel("When did the enhancer go live?"):
        name = f"{PLACE}_{page.account.id}"
        draft = ui.draft(page, name, fields_of(known), SUBJECT)
        opened = draft.opened["go_live"]
        with ui.form(name):
            day = st.date_input(
                "Go-live date",
                date.fromisoformat(opened) if opened else None,
                format="YYYY-MM-DD",
                width=330,
                help="Compares the weeks before with as many after, enhanced or not",
            )
            done = "Saved: the weeks before it are compared with those after."
            settings = BaselineSettings(go_live=str(day) if day else "")
            more = draft.saving | {"is_primary": False}
            ui.submit_button(page, "Save", done, save_settings, settings, **more)
        ui.needs_editor(page, "Entering the date")
        if history:
            at = ui.moment(page, history[0].at)
            st.caption(ui.plain(f"Entered by {history[0].by}, {at}."))
