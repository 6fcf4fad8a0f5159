"""What do people say about what they got?"""

import secrets
from datetime import datetime

import streamlit as st

from core import sentences, words
from core.analytics.panels import PANELS
from core.feedback import (
    CLEAR,
    LONGEST_COMMENT,
    RatedEnhancement,
    cast_vote,
    recent_comments,
    recent_enhancements,
    subject_of,
)
from pages import _proof
from pages import _ui as ui
from pages._filters import filter_bar

SOURCES = frozenset({"Feedback", "Enhancement runs"})
SHOWN = 8
THUMBS = ("down", "up")  # as the widget numbers them


def show(page: ui.Page) -> None:
    answer = st.container()
    chosen = filter_bar(page, default="Last 30 days", products=False)
    asked = chosen.asked_of(page)
    with st.grid(3, min_column_width=200):
        positive, average, number = _proof.figure_cards(page, PANELS["Feedback"], asked)
    with answer:
        said = sentences.feedback_answer(positive.value, average.value, number.value)
        st.markdown(f"##### {ui.plain(said)}")
        ui.freshness_line(page, SOURCES, window=chosen.window)
    left, right = st.columns([6, 5])
    with left:
        rate(page)
    with right:
        comments(page)


def rater() -> str:
    """Who rates: the address they typed, otherwise a token of this visit that names nobody."""
    if typed := str(st.session_state.get("feedback_rater", "")).strip():
        return typed
    return st.session_state.setdefault("anonymous", f"anonymous:{secrets.token_hex(16)}")


def rate(page: ui.Page) -> None:
    with st.container(border=True, height="stretch"):
        st.subheader("Rate an enhancement", anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            search = st.text_input(
                "Ticket",
                key="feedback_search",
                bind="query-params",
                placeholder="Find a ticket, such as TKT-0042",
                width="stretch",
            )
            st.text_input(
                "Your address (optional)",
                key="feedback_rater",
                placeholder="Anonymous without it",
                width=210,
                persist_state="session",
            )
        ui.said("feedback")
        runs = recent_enhancements(
            page.store, page.account.id, rater=rater(), search=search, limit=SHOWN
        )
        if not runs:
            what = f"No ticket or run has {search!r} in its number." if search else "No run yet."
            st.caption(ui.plain(what))
        for run in runs:
            row(page, run)


def row(page: ui.Page, run: RatedEnhancement) -> None:
    keys = {name: f"feedback_{name}_{run.id}" for name in ("thumb", "stars", "comment")}
    vote = run.vote
    thumb = THUMBS.index(vote.thumb) if vote is not None and vote.thumb is not None else None
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
        st.feedback(
            "thumbs",
            key=keys["thumb"],
            default=thumb,
            on_change=save_thumb,
            args=(page, run, keys["thumb"]),
        )
    if vote is None:
        return
    with st.container(key=f"feedback_more_{run.id}", gap="xsmall"):
        st.feedback(
            "stars",
            key=keys["stars"],
            default=vote.rating - 1 if vote.rating is not None else None,
            on_change=save_stars,
            args=(page, run, keys["stars"]),
        )
        with (
            st.form(f"feedback_form_{run.id}", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            st.text_input(
                "Comment",
                value=vote.comment or "",
                key=keys["comment"],
                max_chars=LONGEST_COMMENT,
                placeholder="What helped, or what was missing?",
                label_visibility="collapsed",
            )
            st.form_submit_button(
                "Save comment", on_click=save_comment, args=(page, run, keys["comment"])
            )


def outcome(page: ui.Page, run: RatedEnhancement) -> str:
    zone = page.store.zone
    took = f" in {words.duration(run.seconds)}" if run.seconds is not None else ""
    return f"{run.status}{took}, {words.moment(run.created_at.astimezone(zone), page.today)}"


def save_thumb(page: ui.Page, run: RatedEnhancement, key: str) -> None:
    # 0 is a thumb down, and None takes a thumb back.
    pressed = st.session_state[key]
    thumb = CLEAR if pressed is None else THUMBS[pressed]
    _save(page, run, "Vote taken back." if pressed is None else "Vote saved.", thumb=thumb)


def save_stars(page: ui.Page, run: RatedEnhancement, key: str) -> None:
    # The widget counts from 0, people count stars from 1.
    pressed = st.session_state[key]
    rating = CLEAR if pressed is None else pressed + 1
    _save(page, run, "Stars taken back." if pressed is None else "Stars saved.", rating=rating)


def save_comment(page: ui.Page, run: RatedEnhancement, key: str) -> None:
    text = str(st.session_state[key]).strip()
    _save(page, run, "Comment saved." if text else "Comment removed.", comment=text or CLEAR)


def _save(page: ui.Page, run: RatedEnhancement, done: str, **vote: object) -> None:
    ui.say_after(
        "feedback",
        done,
        cast_vote,
        page.store,
        page.account.id,
        subject=subject_of(enhancement=run.id),
        rater=rater(),
        ticket_id=run.ticket_id,
        **vote,
    )


def comments(page: ui.Page) -> None:
    with st.container(border=True, height="stretch"):
        st.subheader("Latest comments", anchor=False)
        search = st.text_input(
            "Find in comments",
            key="feedback_comments",
            bind="query-params",
            placeholder="A word",
        )
        found = recent_comments(page.store, page.account.id, limit=20, search=search)
        if not found:
            st.caption("No comment has that word." if search else "No comments yet.")
        with st.container(height=520, border=False):
            for vote in found:
                # Text, never Markdown: people write what they like.
                st.text(vote.comment or "")
                thumb = {"up": "thumb up", "down": "thumb down"}.get(vote.thumb or "")
                stars = f"{vote.rating} of 5 stars" if vote.rating is not None else None
                when = _when(vote.updated_at, page)
                st.caption(ui.plain(", ".join(filter(None, (vote.ticket_id, thumb, stars, when)))))


def _when(at: datetime, page: ui.Page) -> str:
    return words.ago(at.astimezone(page.store.zone).date(), page.today)


ui.run_page("feedback", "What do people say about what they got?", show)
