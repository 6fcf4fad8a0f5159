"""What do people say about what they got?"""

from datetime import UTC, datetime

import streamlit as st

from core.analytics.handbook import PANELS
from core.base import text
from core.engagement import words as engagement_words
from core.feedback import (
    RatedEnhancement,
    current_vote,
    enhancement_of,
    recent_comments,
    recent_enhancements,
    subject_of,
)
from pages import ui
from pages.feedback import reading as _feedback_reading
from pages.feedback import survey_results as _feedback_survey
from pages.feedback import themes as _feedback_themes
from pages.ui import proof as _proof
from pages.ui import rate as _rate
from pages.ui.filters import Filters, filter_bar

SOURCES = frozenset({"Feedback", "Enhancement runs", "Surveys"})
SHOWN = 8
TABS = ("Rate", "What they say", "Themes", "Survey", "Comments")
KINDS = {"Thumb up": "up", "Thumb down": "down"}


def show(page: ui.Page) -> None:
    run = linked(page)
    if run is not None:
        one(page, run)
        return
    answer = st.container()
    chosen = filter_bar(page, default="Last 30 days", products=False)
    asked = chosen.asked_of(page)
    with st.grid(3, min_column_width=200):
        positive, average, number = _proof.figure_cards(page, PANELS["Feedback"], asked)
    with answer:
        said = engagement_words.feedback_answer(positive.value, average.value, number.value)
        st.markdown(f"##### {ui.plain(said)}")
        ui.freshness_line(page, SOURCES, window=chosen.window)
    tabs(page, chosen)


def tabs(page: ui.Page, chosen: Filters) -> None:
    """Only the one that is open is computed."""
    bodies = (
        lambda: rate(page),
        lambda: _feedback_reading.show(page, chosen),
        lambda: _feedback_themes.show(page, chosen.window),
        lambda: _feedback_survey.show(page, chosen),
        lambda: comments(page),
    )
    drawn = st.tabs(TABS, key="feedback_view", bind="query-params")
    for tab, body in zip(drawn, bodies, strict=True):
        if tab.open:
            with tab:
                body()


def linked(page: ui.Page) -> RatedEnhancement | None:
    """The run that a link from a ticket names; also one that the store has not met yet."""
    ticket, run_id = (str(st.query_params.get(name, "")) for name in ("ticket", "enhancement"))
    if not ticket and not run_id:
        return None
    rater = _rate.rater(page)
    known = enhancement_of(page.scope, run_id=run_id, ticket_id=ticket, rater=rater)
    if known is not None or not run_id:
        return known
    return RatedEnhancement(
        id=run_id,
        ticket_id=ticket or None,
        status="",
        seconds=None,
        created_at=datetime.now(UTC),
        vote=current_vote(page.scope, subject_of(enhancement=run_id), rater),
    )


def one(page: ui.Page, run: RatedEnhancement) -> None:
    """One run to be rated, and nothing else in the way."""
    with st.container(border=True, width=560):
        st.subheader(f"Did this help with {ui.plain(run.ticket_id or run.id)}?", anchor=False)
        if run.status:
            st.caption(ui.plain(outcome(page, run)))
        _rate.thumbs(page, run)
        if run.vote is not None:
            st.caption("Saved. Press again to change it; stars and words are welcome.")
            _rate.stars_and_comment(page, run, run.vote)
        _rate.address_box()
    st.page_link("feedback/feedback.py", label="All feedback")


def rate(page: ui.Page) -> None:
    with st.container(border=True):
        st.subheader("Rate an enhancement", anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            search = st.text_input(
                "Ticket",
                key="feedback_search",
                bind="query-params",
                placeholder="Find a ticket, such as TKT-0042",
                width="stretch",
            )
            _rate.address_box()
        runs = recent_enhancements(page.scope, rater=_rate.rater(page), search=search, limit=SHOWN)
        if not runs:
            what = f"No ticket or run has {search!r} in its number." if search else "No run yet."
            st.caption(ui.plain(what))
        for run in runs:
            row(page, run)


def row(page: ui.Page, run: RatedEnhancement) -> None:
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        key=f"feedback_run_{run.id}",
    ):
        st.markdown(
            f"**{ui.plain(run.ticket_id or run.id)}** &ensp; {ui.plain(outcome(page, run))}",
            width="content",
        )
        _rate.thumbs(page, run)
    if run.vote is not None:
        with st.container(key=f"feedback_more_{run.id}", gap="xsmall"):
            _rate.stars_and_comment(page, run, run.vote)


def outcome(page: ui.Page, run: RatedEnhancement) -> str:
    took = f" in {text.duration(run.seconds)}" if run.seconds is not None else ""
    return f"{run.status}{took}, {ui.moment(page, run.created_at)}"


def comments(page: ui.Page) -> None:
    with st.container(border=True):
        st.subheader("Latest comments", anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            search = st.text_input(
                "Find in comments",
                key="feedback_comments",
                bind="query-params",
                placeholder="A word",
                width=330,
            )
            thumb = st.pills("With", list(KINDS), key="feedback_thumb", bind="query-params")
        found = recent_comments(
            page.scope, limit=50, search=search, thumb=KINDS[thumb] if thumb else None
        )
        if not found:
            st.caption("No comment is like that." if search or thumb else "No comments yet.")
        with st.container(height=620, border=False):
            for vote in found:
                # Text, never Markdown: people write what they like.
                st.text(vote.comment or "")
                said = {"up": "thumb up", "down": "thumb down"}.get(vote.thumb or "")
                stars = f"{vote.rating} of 5 stars" if vote.rating is not None else None
                day = vote.updated_at.astimezone(page.store.zone).date()
                when = text.ago(day, page.today)
                st.caption(ui.plain(", ".join(filter(None, (vote.ticket_id, said, stars, when)))))


# A technician who came from a ticket rates that alone.
is_linked = bool(st.query_params.get("ticket") or st.query_params.get("enhancement"))
ui.run_page("feedback", "What do people say about what they got?", show, is_rated=not is_linked)
