"""Who finds the bugs that matter?"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.testers import words as tester_words
from core.testers.leaderboard import Leaderboard
from pages import ui
from pages.testers import field, ranking, raw, settings
from pages.testers import person as one
from pages.testers import shared as common
from pages.testers.shared import View
from pages.ui import signals as _signals
from pages.ui.filters import filter_bar

SOURCES = frozenset({"Test cycles", "Bug reports"})
SERIES = ("bug_count", "decided_acceptance_rate", "rejection_rate", "review_rate")
TABS: dict[str, Callable[[View, Leaderboard], None]] = {
    "Ranking": ranking.show,
    "Raw counts": raw.show,
    "The field": field.show,
    "Signals": lambda view, _: _signals.grid(view.page, SERIES, view.chosen),
    "Weights": lambda view, _: settings.show(view),
}


def show(page: ui.Page) -> None:
    answer = st.container()
    chosen = filter_bar(page, box=lambda: common.box(page), on_reset=reset)
    in_use, unread = settings.in_use(page)
    view = View(page, chosen, in_use, settings.saved(page))
    if unread:
        st.warning(unread)
    wanted = common.person()
    if wanted is not None and st.session_state.get(common.BOX) is None:
        said(page, view, answer, "This link names a tester who is not here.")
        one.unknown(page, wanted)
        return
    found = view.leaderboard()
    settings.note(view)
    if wanted is not None:
        tester_id = int(wanted)
        said(page, view, answer, one.answer(view, found, tester_id))
        one.show(view, found, tester_id)
        return
    said(page, view, answer, tester_words.testers_answer(found, in_use.newcomer_below))
    if found.people.empty:
        nobody(view, found)
        return
    tabs(view, found)


def reset() -> None:
    common.go_to(None)
    settings.end_trial()


def said(page: ui.Page, view: View, answer: Any, sentence: str) -> None:
    with answer:
        st.markdown(f"##### {ui.plain(sentence)}")
        ui.freshness_line(page, SOURCES, window=view.chosen.window)


def nobody(view: View, found: Leaderboard) -> None:
    ui.empty(
        f"No bug report of a known tester in this period ({view.chosen.window.label.lower()}). "
        "Choose a longer period, or All time."
    )
    common.without_tester_note(found)


def tabs(view: View, found: Leaderboard) -> None:
    """Only the one that is open is computed."""
    opened = st.tabs(list(TABS), key="testers_tab", bind="query-params", on_change="rerun")
    for tab, body in zip(opened, TABS.values(), strict=True):
        if tab.open:
            with tab:
                body(view, found)


ui.run_page("testers", "Who finds the bugs that matter?", show)
