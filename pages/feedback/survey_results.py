"""The survey: who answered, what they said, and whom to remind."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.base import text
from core.criteria.charts import stacked_choices
from core.feedback.survey_answers import (
    LEAST_ANSWERS,
    TEXTS,
    Answered,
    SurveyResults,
    survey_results,
)
from core.feedback.surveys import Invitation, invitations, invite
from pages import ui
from pages.ui.filters import Filters

PLACE = "feedback_survey"
YES_NO = {True: "Yes", False: "No"}


def show(page: ui.Page, chosen: Filters) -> None:
    asked = ui.read(page, invitations)
    found = ui.read(page, survey_results, window=chosen.window)
    _head(page, asked, found)
    if not found.responses:
        ui.empty("Nobody answered in this period. Invite people, or send them the page's link.")
    else:
        with st.grid(2, min_column_width=330):
            for answered in found.questions:
                _question(page, answered, chosen)
        _texts(found)
    if page.person:
        _invite(page)
    _reminders(page, asked)


def _head(page: ui.Page, asked: Sequence[Invitation], found: SurveyResults) -> None:
    said = f"{text.upper_first(text.times(found.responses, 'response'))} in this period"
    if asked:
        answered = sum(one.answered_at is not None for one in asked)
        of = text.times(len(asked), "invited person", "invited people")
        rate = text.share(answered / len(asked))
        said += f"; {text.count(answered)} of {of} answered ({rate})"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{ui.plain(said)}**", width="content")
        st.page_link("feedback/survey.py", label="Open the survey")
    if 0 < found.responses < LEAST_ANSWERS:
        st.caption(f"Fewer than {LEAST_ANSWERS} answers are not broken down.")
    del page


def _question(page: ui.Page, answered: Answered, chosen: Filters) -> None:
    question, estimate = answered.question, answered.estimate
    value = text.amount(estimate.value, question.unit)
    interval = text.between(estimate.low, estimate.high, question.unit)
    if answered.distribution is None:
        with st.container(border=True, height="stretch"):
            st.subheader(ui.plain(question.label), anchor=False)
            st.caption(ui.plain(f"{text.times(answered.n, 'answer')}: too few to break down"))
        return
    rows = [
        {"choice": _choice(choice), "series": "Survey", "value": number}
        for choice, number in answered.distribution.items()
    ]
    of = {"stars": " of 5", "of 10": " of 10", "fraction": " say yes"}.get(question.unit, "")
    ui.chart(
        stacked_choices(pd.DataFrame(rows), unit="Answers", what="Answer", height=170),
        title=f"{value}{of}",
        subtitle=f"{question.label} {text.times(answered.n, 'answer')}, 95 % interval {interval}",
        alt=f"{question.label}: {value}{of}",
        page=page,
        filters=chosen.words,
        key=f"survey_{question.key}",
    )


def _choice(choice: bool | float | str) -> str:  # noqa: FBT001  # an answer as it was given
    """Yes for a yes, and 1 for a 1, which Python takes for the same."""
    if isinstance(choice, bool):
        return YES_NO[choice]
    return choice.capitalize() if isinstance(choice, str) else f"{choice:g}"


def _texts(found: SurveyResults) -> None:
    with st.grid(2, min_column_width=330):
        for name, label in TEXTS.items():
            with st.container(border=True, height="stretch"):
                st.subheader(label, anchor=False)
                texts = found.texts.get(name, ())
                if not texts:
                    st.caption("Nobody wrote anything.")
                for text in reversed(texts[-10:]):
                    # Text, never Markdown: people write what they like.
                    st.text(text)


def _invite(page: ui.Page) -> None:
    with (
        st.expander("Invite people"),
        st.form(ui.fresh_key(f"{PLACE}_invite"), border=False),
    ):
        people = st.text_area("Addresses or names, one to a line", height=120)
        if st.form_submit_button("Invite", type="primary"):
            ui.submit_action(
                page,
                "Invited: their links are in the list below.",
                invite,
                people,
                by=page.person or "",
                clears=f"{PLACE}_invite",
            )


def _reminders(page: ui.Page, asked: Sequence[Invitation]) -> None:
    """Who has not answered, with the link that is theirs; for editors alone."""
    waiting = [one for one in asked if one.answered_at is None]
    if not asked or not page.person:
        return
    with st.container(border=True):
        st.subheader(
            f"{text.upper_first(text.times(len(waiting), 'invited person', 'invited people'))} "
            "to remind",
            anchor=False,
        )
        if not waiting:
            st.caption("Everybody who was invited has answered.")
            return
        frame = pd.DataFrame(
            {
                "Who": [one.respondent for one in waiting],
                "Invited": [text.ago(one.invited_at.date(), page.today) for one in waiting],
                "Link": [f"survey?invitation={one.id}" for one in waiting],
            }
        )
        st.dataframe(frame, hide_index=True)
        st.caption("Each link is one person's own: send it to nobody else.")
        ui.csv_button(page, frame, name="Survey reminders", filters="not answered", key="remind")
