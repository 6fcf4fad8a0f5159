"""How are we doing this week?"""

import pandas as pd
import streamlit as st

from core import sentences, words
from core.analytics.criteria import evaluate
from core.analytics.engagement import engagement
from core.analytics.panels import PANELS
from core.analytics.window import last_complete_week, preset
from pages import _criteria, _proof
from pages import _ui as ui
from pages._filters import Filters

SOURCES = frozenset({"Test cycles", "Bug reports", "Enhancement runs", "Tickets", "Feedback"})


def show(page: ui.Page) -> None:
    week = last_complete_week(page.today)
    window = preset("Last 90 days", page.today)
    scope = Filters(window).asked_of(page)
    results = ui.read(page, evaluate, account=page.account.id, window=week)
    main = [result for result in results if not result.criterion.is_guardrail]
    people = ui.read(page, engagement, **scope)
    st.markdown(f"##### {ui.plain(sentences.criteria_answer(main, week.label))}")
    ui.freshness_line(page, SOURCES, window=window)
    with st.container(horizontal=True):
        ui.account_box(page)
    heading(f"Success criteria, week {week.label}", "success_criteria.py", "All criteria")
    _criteria.strip(page, main, week)
    heading("Last 90 days", "customer_engagement.py", "Engagement")
    st.markdown(ui.plain(sentences.engagement_answer(people, window.label)))
    with st.grid(3, min_column_width=220):
        _proof.figure_cards(page, PANELS["Overview"], scope)
    heading("How fresh each source is", "data.py", "Data")
    fresh(page)


def heading(text: str, target: str, label: str) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    ):
        st.subheader(text, anchor=False, width="content")
        st.page_link(target, label=label)


def fresh(page: ui.Page) -> None:
    states = ui.sources(page)
    st.dataframe(
        pd.DataFrame(
            {
                "Source": [state.name for state in states],
                "Rows": [words.count(state.rows) for state in states],
                "Data through": [
                    words.moment(state.through.astimezone(page.store.zone), page.today)
                    if state.through
                    else words.UNKNOWN
                    for state in states
                ],
            }
        ),
        hide_index=True,
    )


ui.run_page("overview", "How are we doing?", show)
