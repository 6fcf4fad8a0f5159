"""One tester in a panel at the side: figures, trend, why this rank, and their latest bugs."""

from functools import partial
from typing import Any

import streamlit as st

from core.base import text
from core.store import one_state
from core.testers.bugs import count_by_day
from core.testers.leaderboard import Leaderboard
from pages import ui
from pages.testers import compare, person, ranking, shared
from pages.testers.shared import View
from pages.ui.tables import open_asked


def show(view: View, found: Leaderboard) -> None:
    """Open the panel of the tester whose row was just chosen."""
    own = dict(zip(found.people["tester_id"].tolist(), found.people["tester"], strict=True))
    open_asked(partial(_body, view, found), own)


@one_state()
def _body(view: View, found: Leaderboard, tester_id: int) -> None:
    own = found.people[found.people["tester_id"] == tester_id]
    row: Any = next(own.itertuples(index=False))
    st.markdown(f"**{ui.plain(person.answer(view, found, tester_id))}**")
    with st.container(horizontal=True):
        ui.leave_panel("Open page", {shared.PERSON: tester_id})
        pair = compare.pair(found, tester_id)
        ui.leave_panel("Compare", {"testers_tab": compare.TAB, **pair})
    with st.grid(3, min_column_width=120):
        st.metric("Bugs", text.count(row.reported))
        st.metric("Accepted", text.amount(row.acceptance, "fraction"))
        st.metric("Points earned", text.trimmed(row.earned, 1))
    stamped = view.stamped.with_words(f"tester {row.tester}")
    selection = view.of(tester_id)
    person.trend(view, stamped, ui.read_facts(view.page, count_by_day, selection=selection), 220)
    with ui.panel("Why this rank?"):
        ranking.explain(view, found, tester_id)
    person.reports(view, stamped, tester_id)
