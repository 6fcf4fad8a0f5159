"""What do people say about the enhancements?"""

from functools import partial

import streamlit as st

from core.analytics.handbook import PANELS
from core.base import text
from core.feedback import (
    RatedEnhancement,
    Vote,
    current_vote,
    enhancement_of,
    recent_comments,
    recent_enhancements,
    subject_of,
)
from core.feedback.satisfaction import feedback_answer
from core.store import Enhancement
from pages import ui
from pages.feedback import satisfaction, survey_results, themes
from pages.ui import proof, rate
from pages.ui.filters import filter_bar

SOURCES = frozenset({"Feedback", "Enhancement runs", "Surveys"})
SHOWN = 8
KINDS = {"Thumb up": "up", "Thumb down": "down"}
THUMBS = {"up": "thumb up", "down": "thumb down"}


def show(page: ui.Page) -> None:
    linked = _linked(page)
    if linked is not None:
        _rate_one(page, *linked)
        return
    chosen = filter_bar(page, default="Last 30 days", products=False)
    with st.grid(3, min_column_width=200):
        positive, average, number = proof.figure_cards(chosen, PANELS["Feedback"])
    words = feedback_answer(positive.value, average.value, number.value)
    ui.answer(page, words, SOURCES, window=chosen.window)
    bodies = {
        "Rate": partial(_rate_runs, page),
        "What they say": partial(satisfaction.show, chosen),
        "Themes": partial(themes.show, chosen),
        "Survey": partial(survey_results.show, chosen),
        "Comments": partial(_comments, page),
    }
    ui.tabs(bodies, key="feedback_view")


def _linked(page: ui.Page) -> RatedEnhancement | None:
    """The run that a link from a ticket names; also a run that is not in the store yet."""
    ticket, run_id = (ui.asked_text(f"feedback_{name}") for name in ("ticket", "enhancement"))
    if not ticket and not run_id:
        return None
    rater = rate.rater(page)
    known = enhancement_of(page.scope, run_id=run_id, ticket_id=ticket, rater=rater)
    if known is not None or not run_id:
        return known
    run = Enhancement(
        account_id=page.account.id,
        id=run_id,
        ticket_id=ticket or None,
        status="",
        created_at=page.now,
        created_day=page.today,
    )
    return run, current_vote(page.scope, subject_of(enhancement=run_id), rater)


def _rate_one(page: ui.Page, run: Enhancement, vote: Vote | None) -> None:
    with st.container(border=True, width=560):
        st.subheader(f"Did this help with {ui.plain(run.ticket_id or run.id)}?", anchor=False)
        if run.status:
            st.caption(ui.plain(_outcome(page, run)))
        rate.thumbs(page, run, vote)
        if vote is not None:
            st.caption("Saved. Press again to change it, or add stars and a comment.")
            rate.stars_and_comment(page, run, vote)
        rate.address_box()
    st.page_link("feedback/feedback.py", label="All feedback")


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
        ticket, outcome = ui.plain(run.ticket_id or run.id), ui.plain(_outcome(page, run))
        st.markdown(f"**{ticket}** &ensp; {outcome}", width="content")
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


# The page of a link from a ticket holds the rating alone.
is_linked = bool(st.query_params.get("ticket") or st.query_params.get("enhancement"))
ui.run_page("feedback", "What do people say about the enhancements?", show, is_rated=not is_linked)
