"""How well does the enhancement help you? Three minutes, saved as you go."""

import secrets
from hashlib import sha256
from typing import Any

import streamlit as st

from core.feedback.surveys import (
    LONGEST_ANSWER,
    LONGEST_RESPONDENT,
    QUESTIONS,
    TEXTS,
    Question,
    choice_label,
    draft_of,
    invitation_of,
    save_draft,
    send_answers,
    sent_answers,
)
from core.store import SurveyInvitation
from pages import ui
from pages.ui import keeper

LEAST_MINUTES, MOST_MINUTES = -240.0, 240.0
SCALES = {
    "stars": "1 is not at all, 5 is very much",
    "of 10": "0 is not at all likely, 10 is certain",
}


def show(page: ui.Page) -> None:
    with st.container(width=720, key="survey_body"):  # a readable line length
        link = ui.asked_text("survey_invitation")
        invited = invitation_of(page.scope, link) if link else None
        if link and invited is None:
            ui.empty("This invitation link is not valid for this account: ask for a new one.")
            return
        # One browser answers once; the key tells nothing of its votes.
        browser = keeper.browser() or st.session_state.setdefault("visit", secrets.token_hex(16))
        own = sha256(f"survey {page.account.id} {browser}".encode()).hexdigest()[:32]
        key = invited.id if invited else own
        _form(page, key, invited)


def _form(page: ui.Page, key: str, invited: SurveyInvitation | None) -> None:
    draft, sent = draft_of(page.scope, key), sent_answers(page.scope, key)
    known, said = (draft, "Saved as a draft") if draft else (sent, "Sent")
    _greet(invited, is_answered=bool(sent))
    for name, value in known.items():
        if value is not None and f"survey_{name}" not in st.session_state:
            st.session_state[f"survey_{name}"] = value
    # What may be left out comes last.
    for question in QUESTIONS[:-1]:
        _ask(page, key, question)
    for name, label in TEXTS.items():
        st.text_area(label, max_chars=LONGEST_ANSWER, height=110, **_kept(page, key, name))
        taken = known.get(name) or ""
        keeper.stored(f"survey_{name}", taken, said if taken else "")
    _ask(page, key, QUESTIONS[-1])
    if invited is None:
        st.text_input(
            "Your address (optional)",
            key="survey_respondent",
            placeholder="Anonymous without it",
            max_chars=LONGEST_RESPONDENT,
            width=330,
        )
        keeper.stored("survey_respondent")
    st.button("Send", type="primary", on_click=_send, args=(page, key, invited), key="survey_send")
    st.caption("Your answers are saved as a draft; they count once you send them.")


def _greet(invited: SurveyInvitation | None, *, is_answered: bool) -> None:
    said = "Three minutes: what helps, what does not, and how much time it saves."
    if invited is not None:
        said = f"Hello {ui.plain(invited.respondent)}: three minutes, saved as you go."
    st.header(said, anchor=False)
    if is_answered:
        with ui.panel("Thank you, your answers are in"):
            st.markdown("They are counted without your name; new ones replace them.")


def _ask(page: ui.Page, key: str, question: Question) -> None:
    kept = _kept(page, key, question.key)
    if not question.choices:
        st.number_input(
            question.label,
            min_value=LEAST_MINUTES,
            max_value=MOST_MINUTES,
            value=None,
            step=1.0,
            placeholder="Minutes; negative if it costs time",
            width=330,
            **kept,
        )
        return
    with st.container(gap="xsmall"):
        st.segmented_control(
            question.label, list(question.choices), format_func=choice_label, **kept
        )
        if question.unit in SCALES:
            st.caption(SCALES[question.unit])


def _kept(page: ui.Page, key: str, name: str) -> dict[str, Any]:
    """What makes a box keep its answer in the draft."""
    return {"key": f"survey_{name}", "on_change": _keep, "args": (page, key)}


def _answers() -> dict[str, Any]:
    names = [question.key for question in QUESTIONS] + list(TEXTS)
    return {name: st.session_state.get(f"survey_{name}") for name in names}


def _keep(page: ui.Page, key: str) -> None:
    ui.run_action(page, "", save_draft, key, _answers())


def _send(page: ui.Page, key: str, invited: SurveyInvitation | None) -> None:
    typed = str(st.session_state.get("survey_respondent", "")).strip()
    respondent = invited.respondent if invited else typed or None

    done = "Your answers are in."
    ui.run_action(page, done, send_answers, key, _answers(), respondent=respondent)


ui.run_page(
    "survey", "How well does the enhancement help you?", show, needs_data=False, is_rated=False
)
