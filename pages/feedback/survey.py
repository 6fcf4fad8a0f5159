"""How well does the enhancement help you? Three minutes, saved as you go."""

import secrets
from typing import Any

import streamlit as st

from core.feedback.survey_answers import QUESTIONS, TEXTS, Question
from core.feedback.surveys import Invitation, draft_of, invitation_of, save_draft, send_answers
from core.store import Scope
from pages import ui

LEAST_MINUTES, MOST_MINUTES = -240.0, 240.0
YES_NO = {True: "Yes", False: "No"}
SCALES = {
    "stars": "1 is not at all, 5 is very much",
    "of 10": "0 is not at all likely, 10 is certain",
}


def show(page: ui.Page) -> None:
    link = str(st.query_params.get("invitation", ""))
    invited = invitation_of(page.scope, link) if link else None
    if link and invited is None:
        ui.empty("This link belongs to no invitation of this account: ask for a new one.")
        return
    key = invited.id if invited else st.session_state.setdefault("visit", secrets.token_hex(16))
    if st.session_state.get("survey_sent") == key:
        _thanks()
        return
    _greet(invited)
    if "survey_key" not in st.session_state or st.session_state["survey_key"] != key:
        _take_up(page, key)
    for question in QUESTIONS[:-1]:
        _ask(page, key, question)
    for name, label in TEXTS.items():
        st.text_area(
            label,
            key=f"survey_{name}",
            max_chars=5_000,
            on_change=_keep,
            args=(page, key),
            height=110,
        )
    _ask(page, key, QUESTIONS[-1])
    if invited is None:
        st.text_input(
            "Your address (optional)",
            key="survey_respondent",
            placeholder="Anonymous without it",
            max_chars=200,
            width=330,
        )
    st.button("Send", type="primary", on_click=_send, args=(page, key, invited), key="survey_send")
    st.caption("What you choose is kept as a draft right away; it counts once you send it.")


def _greet(invited: Invitation | None) -> None:
    if invited is None:
        st.markdown("##### Three minutes: what helps, what does not, and how much time it saves.")
        return
    again = ""
    if invited.answered_at is not None:
        again = " You have answered already; what you send now takes its place."
    st.markdown(
        f"##### Hello {ui.plain(invited.respondent)}: three minutes, saved as you go.{again}"
    )


def _thanks() -> None:
    with st.container(border=True):
        st.subheader("Thank you, your answers are in", anchor=False)
        st.markdown("They count from now on, without your name beside them.")
        st.button(
            "Change my answers",
            type="tertiary",
            on_click=lambda: st.session_state.pop("survey_sent"),
        )


def _take_up(page: ui.Page, key: str) -> None:
    """Go on where the draft was left."""
    st.session_state["survey_key"] = key
    for name, value in draft_of(page.scope, key).items():
        st.session_state[f"survey_{name}"] = value


def _ask(page: ui.Page, key: str, question: Question) -> None:
    kept: dict[str, Any] = {
        "key": f"survey_{question.key}",
        "on_change": _keep,
        "args": (page, key),
    }
    if not question.choices:
        st.number_input(
            question.label,
            min_value=LEAST_MINUTES,
            max_value=MOST_MINUTES,
            value=None,
            step=1.0,
            placeholder="Minutes; below 0 where it costs time",
            width=330,
            **kept,
        )
        return
    with st.container(gap="xsmall"):
        st.segmented_control(
            question.label,
            list(question.choices),
            format_func=lambda choice: (
                YES_NO.get(choice, str(choice).capitalize())
                if isinstance(choice, bool | str)
                else str(choice)
            ),
            **kept,
        )
        if question.unit in SCALES:
            st.caption(SCALES[question.unit])


def _answers() -> dict[str, Any]:
    names = [question.key for question in QUESTIONS] + list(TEXTS)
    return {name: st.session_state.get(f"survey_{name}") for name in names}


def _keep(page: ui.Page, key: str) -> None:
    save_draft(page.scope, key, _answers())


def _send(page: ui.Page, key: str, invited: Invitation | None) -> None:
    typed = str(st.session_state.get("survey_respondent", "")).strip()
    respondent = invited.respondent if invited else typed or None

    def send(scope: Scope) -> None:
        send_answers(scope, key, _answers(), respondent=respondent)
        st.session_state["survey_sent"] = key

    ui.run_action(page, "Your answers are in.", send)


def narrow(page: ui.Page) -> None:
    """As wide as a line is read."""
    with st.container(width=720):
        show(page)


ui.run_page(
    "survey", "How well does the enhancement help you?", narrow, needs_data=False, is_rated=False
)
