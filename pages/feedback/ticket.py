"""The page of a link from a ticket: did this help, and what was missing."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.base import text
from core.feedback import CLEAR, LONGEST_COMMENT, Vote, current_vote, enhancement_of, subject_of
from core.feedback.missing import MISSING, comment_of, parts_of
from core.store import Enhancement
from pages import ui
from pages.ui import keeper, rate

ANSWERS = {"up": "Yes", "down": "No"}
LONGEST_ID = 60  # in the title
LONGEST_WORDS = LONGEST_COMMENT - len(comment_of(MISSING, "")) - 1


def question(ticket: str) -> str:
    """The title of the page; the ticket of a link is any text."""
    return f"Did this help with {ui.plain(ticket[:LONGEST_ID])}?" if ticket else "Did this help?"


def show(page: ui.Page) -> None:
    st.html(Path(__file__).with_suffix(".css"))
    ticket, run_id = (ui.asked_text(f"feedback_{name}") for name in rate.LINK)
    who = rate.rater(page)
    known = enhancement_of(page.scope, run_id=run_id, ticket_id=ticket, rater=who)
    if known is not None:
        run, vote = known
        when = ui.moment(page, run.created_at)
        named = run.ticket_id if run.ticket_id != ticket else None
        said = ", ".join(filter(None, (named, f"enhanced at {when}")))
        st.caption(ui.plain(text.upper_first(said)))
    elif run_id:
        # A vote may come before the sync that brings its run.
        run = Enhancement(
            account_id=page.account.id,
            id=run_id,
            ticket_id=ticket or None,
            status="",
            created_at=page.now,
            created_day=page.today,
        )
        vote = current_vote(page.scope, subject_of(enhancement=run_id), who)
        st.caption("This enhancement has not been synced yet; your answer is kept for it.")
    else:
        _unknown(page, ticket)
        return
    _answer(page, run, vote)
    if vote is not None and any(vote.opinion):
        _more(page, run, vote)
    named = who if "@" in who else ""
    with st.expander(ui.plain(f"You rate as {named}" if named else "You rate without a name")):
        rate.address_box()


def _unknown(page: ui.Page, ticket: str) -> None:
    with st.container(border=True):
        said = f"**No enhancement of ticket {ui.plain(ticket[:LONGEST_ID])} is known here"
        if len(page.accounts) > 1:
            said += f" for {ui.plain(page.account.name)}"
        st.markdown(f"{said}, so nothing can be rated yet.**")
        st.markdown(
            "Check the number in the link. A ticket of the last hour may not be synced yet: "
            "open the link again later."
        )
        find = {"tab": "Rate"}
        st.page_link("feedback/feedback.py", label="Find another ticket", query_params=find)


def _answer(page: ui.Page, run: Enhancement, vote: Vote | None) -> None:
    key = f"feedback_answer_{run.id}"

    def save() -> None:
        rate.save(page, "", run, thumb=st.session_state[key])

    # As stored: what could not be saved is not shown as if it were.
    st.session_state[key] = vote.thumb if vote is not None else None
    st.segmented_control(
        "Did this help?",
        list(ANSWERS),
        key=key,
        format_func=ANSWERS.__getitem__,
        required=True,
        on_change=save,
        label_visibility="collapsed",
        width="stretch",
    )


def _more(page: ui.Page, run: Enhancement, vote: Vote) -> None:
    """What can be added to an answer: what was missing, words, stars; and taking it all back."""
    was_missing = "What was missing?" if vote.thumb == "down" else "Is anything missing?"
    st.header(f"Thank you. {was_missing}", anchor=False)
    key, (missing, words) = f"feedback_missing_{run.id}", parts_of(vote.comment or "")

    def save() -> None:
        _save_comment(page, run, "", st.session_state[key], words)

    st.session_state[key] = missing
    look: dict[str, Any] = {"selection_mode": "multi", "label_visibility": "collapsed"}
    st.pills(was_missing, MISSING, key=key, on_change=save, **look)
    _words(page, run, missing, words)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("And in stars", width="content")
        rate.stars(page, run, vote)
    at = ui.moment(page, vote.updated_at)
    with ui.line():
        st.caption(ui.plain(f"Saved, {at}. You can change all of it."), width="content")
        st.button("Take it back", type="tertiary", on_click=_take_back, args=(page, run))


def _words(page: ui.Page, run: Enhancement, missing: list[str], words: str) -> None:
    box = f"feedback_words_{run.id}"

    def save() -> None:
        _save_comment(page, run, "Comment saved.", missing, str(st.session_state[box]))

    with st.form(f"feedback_ticket_{run.id}", border=False):
        st.text_area(
            "Comment",
            words,
            key=box,
            max_chars=LONGEST_WORDS,
            height=80,
            placeholder="In your own words",
            label_visibility="collapsed",
        )
        keeper.stored(box, words, "")
        st.form_submit_button("Save comment", width="stretch", on_click=save)


def _save_comment(
    page: ui.Page, run: Enhancement, done: str, missing: list[str], words: str
) -> None:
    rate.save(page, done, run, comment=comment_of(missing, words) or CLEAR)


def _take_back(page: ui.Page, run: Enhancement) -> None:
    rate.save(page, "Taken back.", run, thumb=CLEAR, rating=CLEAR, comment=CLEAR)
