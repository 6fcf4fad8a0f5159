"""One customer user: how they are chosen, and their own view of the engagement page."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.base import text
from core.engagement import words
from core.engagement.person import Customer, customer
from core.engagement.words import SEGMENTS
from core.store import one_state
from pages import ui
from pages.engagement import settings
from pages.ui.filters import Filters
from pages.ui.proof import figure_cards
from pages.ui.tables import (
    amounts,
    bar_column,
    day_column,
    number_column,
    people_table,
    text_column,
)

CHOSEN = "engagement_person"
SEEN = "engagement_seen"  # whose row was pressed last
HISTORY_ROWS = 1_000
CARDS = {
    "test_completion_rate": "Completion",
    "bug_count": "Bugs found",
    "bugs_per_test": "Bugs per cycle",
    "decided_acceptance_rate": "Acceptance",
}
COLOURS: Mapping[str, ui.Colour] = {
    "new": "blue",
    "returning": "green",
    "fading": "orange",
    "silent": "red",
}


def box(page: ui.Page, names: Mapping[int, str]) -> None:
    """The searchable box of customer users, in the link by their name."""
    ui.pick(
        "Customer user",
        names,
        what="customer user",
        account=page.account.name,
        key=CHOSEN,
        placeholder="Everyone",
        width=112,
    )


def table(people: pd.DataFrame, columns: Mapping[str, Any], *, key: str, height: Any) -> None:
    """A table of customer users; a press on a row opens one in a panel."""
    people_table(people, "customer_id", columns, key=key, height=height, box=SEEN)


def _read(chosen: Filters, person: int) -> Customer:
    asked = chosen.asked | {"person": person, "settings": settings.in_use(chosen.page)}
    return ui.read_facts(chosen.page, customer, **asked)


@one_state()
def drawer(chosen: Filters, names: Mapping[int, str], person: int) -> None:
    """One user in a panel at the side: figures, trend and cycles."""
    found, name = _read(chosen, person), names[person]
    said = words.customer_answer(name, found, chosen.window.label, chosen.page.today)
    st.markdown(f"**{ui.plain(said)}**")
    with st.container(horizontal=True, vertical_alignment="center"):
        ui.leave_panel("Open page", {CHOSEN: person})
        _badges(chosen.page, found)
    if found.history.empty:
        _nothing(found, chosen)
        return
    _trend(chosen, name, found)
    _history(chosen, name, found)


def show(chosen: Filters, person: int, name: str) -> None:
    page, found = chosen.page, _read(chosen, person)
    said = words.customer_answer(name, found, chosen.window.label, page.today)
    ui.answer(page, said, frozenset({"Test cycles", "Bug reports"}), compare=chosen.compare)
    settings.note(page)
    leave: dict[str, Any] = {"on_click": st.session_state.update, "args": ({CHOSEN: None},)}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back to everyone", key="engagement_leave", **leave)
        _badges(page, found)
    _figures(chosen, person)
    if found.history.empty:
        _nothing(found, chosen)
        return
    chosen = chosen.with_words(name)
    left, right = st.columns([12, 10])
    with left:
        _trend(chosen, name, found)
    with right:
        _found(found)
    with st.grid(2, min_column_width=340):
        _tested("Product", found.products)
        _tested("Feature", found.features)
    _history(chosen, name, found)


def _badges(page: ui.Page, found: Customer) -> None:
    if found.lifecycle is not None:
        st.badge(SEGMENTS[found.lifecycle], color=COLOURS[found.lifecycle])
    none = found.activity == "none"
    st.badge("None created" if none else f"{SEGMENTS[found.activity]} activity", color="gray")
    if found.first is not None:
        begins = "ended" if found.first <= page.today else "ends"
        st.caption(f"first cycle {begins} {text.day(found.first)}", width="content")


def _nothing(found: Customer, chosen: Filters) -> None:
    if found.last is None and not found.undated:
        ui.empty("No test cycle in the store was created or submitted by them.")
        return
    undated = f" ({_undated(found)})" if found.undated else ""
    ui.empty(
        f"They had no part in a test cycle in this period "
        f"({text.lower_first(chosen.window.label)}){undated}. Choose a longer period, or All time."
    )


def _undated(found: Customer) -> str:
    number = text.times(found.undated, "cycle")
    return f"{number} without a date {'stands' if found.undated == 1 else 'stand'} in no period"


def _figures(chosen: Filters, person: int) -> None:
    """The figures of everyone, for one person: of what they created, and what they submitted."""
    with st.grid(6, min_column_width=150):
        figure_cards(chosen, {"tests_created": "Created"}, customer_id=person)
        figure_cards(chosen, {"tests_submitted": "Submitted"}, submitter_id=person)
        figure_cards(chosen, CARDS, customer_id=person)


def _trend(chosen: Filters, name: str, found: Customer) -> None:
    trend = found.trend
    if trend.empty:
        ui.empty("No cycle of theirs ended in the last 12 months.")
        return
    created = trend[trend["series"] == "Created"]
    busiest = created.iloc[int(created["value"].to_numpy().argmax())]
    title = (
        f"Busiest month: {words.month(busiest['period'])}, "
        f"{text.times(int(busiest['value']), 'cycle')} created"
        if busiest["value"]
        else "They submitted what others created"
    )
    unfinished = [f"{chosen.page.today:%Y-%m}"]
    chosen.chart(
        charts.line(trend, unit="Cycles", value_format=",d", unfinished=unfinished, height=240),
        key="person",
        title=title,
        subtitle="Cycles by month of their end, created and submitted; dotted: not over",
        alt=f"Cycles of {name} by month",
    )


def _found(found: Customer) -> None:
    bugs = found.severities
    total = int(bugs["bugs"].sum())
    title = f"Their cycles found {text.times(total, 'bug')}" if total else None
    with ui.panel(
        title or "No bug found in this period",
        "Bugs of the cycles that they created, by severity",
        stretch=True,
    ):
        if total:
            st.dataframe(
                bugs.assign(
                    severity=bugs["severity"].fillna("no severity"),
                    share=bugs["bugs"] / total * 100,
                ),
                hide_index=True,
                column_config={
                    "severity": "Severity",
                    "bugs": number_column("Bugs", 80),
                    "share": bar_column("Share, %", most=100, form="%.0f"),
                },
            )


def _tested(what: str, frame: pd.DataFrame) -> None:
    one = what.lower()
    note = "; a cycle with several features counts under each" if one == "feature" else ""
    amounts(
        frame.assign(name=[name or f"no {one}" for name in frame["name"]]),
        {"name": what, "cycles": "Cycles", "bugs": "Bugs"},
        title=f"{what}s they test",
        note=f"Of the cycles that they created{note}",
        none="They created none in this period.",
    )


def _history(chosen: Filters, name: str, found: Customer) -> None:
    history = found.history
    notes = [text.upper_first(text.lower_first(chosen.window.label))]
    if found.undated:
        notes.append(_undated(found) if chosen.window.days else f"{found.undated} without date")
    if len(history) > HISTORY_ROWS:
        notes.append(f"the first {HISTORY_ROWS:,} here, all of them in the download")
    with ui.panel(f"Their {text.times(len(history), 'cycle')}, the latest first", "; ".join(notes)):
        decided = history["decided"]
        shown = history.head(HISTORY_ROWS).assign(
            acceptance=(history["accepted"] / decided.where(decided > 0)).astype(float) * 100
        )
        st.dataframe(
            shown[list(_HISTORY)], hide_index=True, column_config=_HISTORY, placeholder=text.UNKNOWN
        )
        chosen.csv_button(history, f"Cycles of {name}", key="history")


_HISTORY: dict[str, Any] = {
    "end_day": day_column("Ended, ends", 100),
    "title": text_column("Cycle", 300),
    "product": text_column("Product", 130),
    "status": text_column("Status", 110),
    "testing_type": text_column("Type", 90),
    "part": text_column("They", 160),
    "features": number_column("Features", 76),
    "bugs": number_column("Bugs", 64),
    "acceptance": number_column("Accepted, %", 96, "Of the decided bugs", form="%.0f"),
    "decided": number_column("Decided", 76, "Bugs accepted, accepted automatically, or rejected"),
}
