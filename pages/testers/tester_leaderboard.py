"""Who finds the bugs that matter?"""

import streamlit as st

from core.analytics.account_settings import LeaderboardSettings, settings_of
from core.testers.words import testers_answer
from pages import ui
from pages.testers import compare, drawer, field, person, ranking, raw, settings, shared
from pages.testers.shared import View
from pages.ui.filters import filter_bar
from pages.ui.signals import grid

SOURCES = frozenset({"Test cycles", "Bug reports"})
SERIES = ("bug_count", "decided_acceptance_rate", "rejection_rate", "review_rate")


def show(page: ui.Page) -> None:
    chosen = filter_bar(page, sources=SOURCES, box=lambda: shared.box(page))
    saved = ui.read(page, settings_of, kind=LeaderboardSettings)
    in_use, unread = settings.in_use(saved)
    view = View(chosen, in_use, saved, shared.ORDERS[st.session_state[shared.ORDER]])
    if unread:
        st.warning(unread)
    wanted = st.session_state[shared.PERSON]
    found = view.leaderboard()
    settings.note(view)
    if wanted is not None:
        said(view, person.answer(view, found, wanted))
        person.show(view, found, wanted)
        return
    said(view, testers_answer(found, in_use.newcomer_below))
    if found.people.empty:
        ui.empty(
            f"No bug report of a known tester in this period ({chosen.window.label.lower()}). "
            "Choose a longer period, or All time."
        )
        shared.without_tester_note(found)
        return
    ui.tabs(
        {
            "Ranking": lambda: ranking.show(view, found),
            compare.TAB: lambda: compare.show(view, found),
            "Raw counts": lambda: raw.show(view, found),
            "The field": lambda: field.show(view, found),
            "Signals": lambda: grid(SERIES, chosen),
            "Weights": lambda: settings.show(view),
        },
        key="testers_tab",
    )
    drawer.show(view, found)


def said(view: View, sentence: str) -> None:
    ui.answer(view.page, sentence, SOURCES, compare=view.chosen.compare)


ui.run_page("testers", "Who finds the bugs that matter?", show)
