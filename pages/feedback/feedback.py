"""What do people say about the enhancements?"""

from functools import partial

import streamlit as st

from core.analytics.handbook import PANELS
from core.base import text
from core.feedback import Vote, recent_comments, recent_enhancements
from core.feedback.satisfaction import feedback_answer
from core.store import Enhancement
from pages import ui
from pages.feedback import satisfaction, survey_results, themes, ticket
from pages.ui import proof, rate
from pages.ui.filters import filter_bar

SOURCES = frozenset({"Feedback", "Enhancement runs", "Surveys"})
SHOWN = 8
KINDS = {"Thumb up": "up", "Thumb down": "down"}
THUMBS = {"up": "thumb up", "down": "thumb down"}


def show(page: ui.Page) -> None:
    chosen = filter_bar(page, default="Last 30 days", products=False, sources=SOURCES)
    with st.grid(3, min_column_width=200):
        positive, average, number = proof.figure_cards(chosen, PANELS["Feedback"])
    words = feedback_answer(positive.value, average.value, number.value)
    ui.answer(page, words, SOURCES, compare=chosen.compare)
    bodies = {
        "What they say": partial(satisfaction.show, chosen),
        "Themes": partial(themes.show, chosen),
        "Comments": partial(_comments, page),
        "Survey": partial(survey_results.show, chosen),
        "Rate": partial(_rate_runs, page),
    }
    ui.tabs(bodies, key="feedback_view")


def _rate_runs(page: ui.Page) -> None:
    with ui.panel("Rate an enhancement"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            search = ui.search_box(
                "Ticket",
                key="feedback_search",
                placeholder="Find a ticket, such as TKT-0042",
                width="stretch",
            )
            rate.address_box()
        runs = recent_enhancements(page.scope, rater=rate.rater(page), search=search, limit=SHOWN)
        if not runs:
            what = f"No ticket or run has {search!r} in its number." if search else "No runs yet."
            st.caption(ui.plain(what))
        for run, vote in runs:
            _row(page, run, vote)


def _row(page: ui.Page, run: Enhancement, vote: Vote | None) -> None:
    with ui.line(key=f"feedback_run_{run.id}"):
        name, outcome = ui.plain(run.ticket_id or run.id), ui.plain(_outcome(page, run))
        st.markdown(f"**{name}** &ensp; {outcome}", width="content")
        rate.thumbs(page, run, vote)
    if vote is not None:
        with st.container(key=f"feedback_more_{run.id}", gap="xsmall"):
            rate.stars_and_comment(page, run, vote)


def _outcome(page: ui.Page, run: Enhancement) -> str:
    ms = run.processing_time_ms
    took = f" in {text.duration(ms / 1000)}" if ms is not None else ""
    return f"{run.status}{took}, {ui.moment(page, run.created_at)}"


def _comments(page: ui.Page) -> None:
    with ui.panel("Latest comments"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            search = ui.search_box("Find in comments", key="feedback_comments", **themes.SEARCH)
            thumb = ui.linked(
                lambda opened: st.pills("With", [*KINDS], default=opened, key="feedback_thumb"),
                "feedback_thumb",
                ui.among({kind: kind for kind in KINDS}, None, "thumb", none="both"),
            )
        found = recent_comments(
            page.scope, limit=50, search=search, thumb=KINDS[thumb] if thumb else None
        )
        if not found:
            st.caption("No comment matches." if search or thumb else "No comments yet.")
        with st.container(height=620, border=False):
            for vote in found:
                # Text, never Markdown: people may write markup.
                st.text(vote.comment or "")
                stars = f"{vote.rating} of 5 stars" if vote.rating is not None else None
                day = vote.updated_at.astimezone(page.store.zone).date()
                thumb_words = THUMBS.get(vote.thumb or "")
                parts = (vote.ticket_id, thumb_words, stars, text.ago(day, page.today))
                st.caption(ui.plain(", ".join(filter(None, parts))))


if asked := rate.linked():
    title = ticket.question(asked.get("ticket", ""))
    ui.run_page("ticket", title, ticket.show, needs_data=False, is_rated=False)
else:
    ui.run_page("feedback", "What do people say about the enhancements?", show)
