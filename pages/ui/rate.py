"""The rating widgets: a thumb that saves at once, then stars and a comment; and who rates."""

from typing import Any

import streamlit as st

from core.access.rate_limits import TokenBuckets
from core.base import text
from core.base.errors import InputError
from core.feedback import (
    CLEAR,
    LONGEST_COMMENT,
    Vote,
    anonymous_rater,
    cast_vote,
    current_vote,
    subject_of,
)
from core.store import Enhancement, Scope
from pages.ui import keeper
from pages.ui.actions import run_action
from pages.ui.page import Page, signed_in

THUMBS = ("down", "up")  # as the widget numbers them
LINK = ("ticket", "enhancement")  # what a link asks to rate
# The most votes that one rater may cast in a minute.
MOST_VOTES = 30
VOTES = TokenBuckets()


def linked() -> dict[str, str]:
    """What the address asks to rate; old links have the page's name before it."""
    given = ((name, [name, f"feedback_{name}"]) for name in LINK)
    found = {name: [st.query_params.get(key) for key in keys] for name, keys in given}
    return {name: next(filter(None, values)) for name, values in found.items() if any(values)}


def rater(page: Page) -> str:
    """The signed-in address, else the typed one, else a pseudonym of the browser, else blank."""
    if known := signed_in():
        return known
    if typed := str(st.session_state.get("feedback_rater", "")).strip():
        return typed
    known = keeper.browser()
    return anonymous_rater(page.scope, known) if known else ""


def address_box() -> None:
    if not signed_in():
        keeper.stored("feedback_rater")
        st.text_input(
            "Your address (optional)",
            key="feedback_rater",
            placeholder="Anonymous without it",
            width=210,
            max_chars=200,
            persist_state="session",
        )


def thumbs(page: Page, run: Enhancement, vote: Vote | None) -> None:
    _thumbs(page, f"feedback_thumb_{run.id}", vote, "Vote saved.", **_about(run))


def _about(run: Enhancement) -> dict[str, Any]:
    return {"subject": subject_of(enhancement=run.id), "ticket_id": run.ticket_id}


def _thumbs(page: Page, key: str, known: Vote | None, thanks: str, **about: Any) -> None:
    """A thumb that is saved or taken back when it is pressed; 0 is a thumb down."""

    def save() -> None:
        pressed = st.session_state[key]
        if pressed is None:
            run_action(page, "Vote taken back.", _cast, rater(page), thumb=CLEAR, **about)
        else:
            run_action(page, thanks, _cast, rater(page), thumb=THUMBS[pressed], **about)

    default = THUMBS.index(known.thumb) if known is not None and known.thumb is not None else None
    st.feedback("thumbs", key=key, default=default, on_change=save)


def stars_and_comment(page: Page, run: Enhancement, vote: Vote) -> None:
    """What can be added to a thumb."""
    comment = f"feedback_comment_{run.id}"
    stars(page, run, vote)
    with (
        st.form(f"feedback_form_{run.id}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(
            "Comment",
            value=vote.comment or "",
            key=comment,
            max_chars=LONGEST_COMMENT,
            placeholder="What helped, or what was missing?",
            label_visibility="collapsed",
        )
        keeper.stored(comment, vote.comment or "", "")
        st.form_submit_button("Save comment", on_click=_save_comment, args=(page, run, comment))


def stars(page: Page, run: Enhancement, vote: Vote) -> None:
    """Stars that are saved when they are pressed."""
    key = f"feedback_stars_{run.id}"
    known = vote.rating - 1 if vote.rating is not None else None
    st.feedback("stars", key=key, default=known, on_change=_save_stars, args=(page, run, key))


def was_useful(page: Page) -> None:
    """The question at the foot of a page whether it was useful."""
    subject = subject_of(page=f"/{page.key}")
    known = current_vote(page.scope, subject, rater(page))
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"
    ):
        st.caption("Was this page useful?", width="content")
        key = f"useful_{page.key}_{page.account.id}"
        _thumbs(page, key, known, "Thank you, saved.", subject=subject)


def save(page: Page, done: str, run: Enhancement, **vote: Any) -> None:
    """Cast a vote on a run, in a callback."""
    run_action(page, done, _cast, rater(page), **vote, **_about(run))


def _save_stars(page: Page, run: Enhancement, key: str) -> None:
    # The widget counts from 0, people count stars from 1.
    pressed = st.session_state[key]
    rating = CLEAR if pressed is None else pressed + 1
    save(page, "Stars taken back." if pressed is None else "Stars saved.", run, rating=rating)


def _save_comment(page: Page, run: Enhancement, key: str) -> None:
    text = str(st.session_state[key]).strip()
    save(page, "Comment saved." if text else "Comment removed.", run, comment=text or CLEAR)


def _cast(scope: Scope, who: str, **vote: Any) -> None:
    """Cast a rater's vote, unless they are not known or have cast too many within a minute."""
    if not who:
        raise InputError(
            "Not saved: this browser keeps nothing here, by which votes without a name are told "
            "apart. Open the page in a tab of its own, or enter your address on the feedback page."
        )
    wait = VOTES.take((scope.account, text.canonical_address(who)), burst=MOST_VOTES, seconds=60.0)
    if wait:
        raise InputError(
            f"More than {MOST_VOTES} votes in a minute: go on in {text.duration(wait + 1)}."
        )
    cast_vote(scope, rater=who, **vote)
