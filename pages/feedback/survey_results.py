"""The survey's results: response rate, answers by question, and invitations without an answer."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.base import text
from core.charts import stacked_choices
from core.feedback.surveys import (
    LEAST_ANSWERS,
    TEXTS,
    Answered,
    SurveyResults,
    choice_label,
    invitations,
    invite,
    survey_results,
)
from core.store import SurveyInvitation
from pages import ui
from pages.ui.filters import Filters

FORM = "feedback_survey_invite"
OF = {"stars": " of 5", "of 10": " of 10", "fraction": " say yes"}


def show(chosen: Filters) -> None:
    page = chosen.page
    asked = ui.read(page, invitations)
    found = ui.read(page, survey_results, window=chosen.window)
    _head(asked, found)
    if not found.responses:
        ui.empty("No responses in this period. Invite people, or send them the page's link.")
    else:
        with st.grid(2, min_column_width=330):
            for answered in found.questions:
                _question(chosen, answered)
        _texts(found)
    if page.person:
        _invite(page)
        _reminders(page, asked)


def _head(asked: Sequence[SurveyInvitation], found: SurveyResults) -> None:
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


def _question(chosen: Filters, answered: Answered) -> None:
    question, estimate = answered.question, answered.estimate
    number = text.times(answered.n, "answer")
    if answered.distribution is None:
        with ui.panel(question.label, f"{number}: too few to break down", stretch=True):
            return
    rows = [
        {"choice": choice_label(choice), "series": "Survey", "value": n}
        for choice, n in answered.distribution.items()
    ]
    value = f"{text.amount(estimate.value, question.unit)}{OF.get(question.unit, '')}"
    interval = text.between(estimate.low, estimate.high, question.unit)
    chosen.chart(
        stacked_choices(pd.DataFrame(rows), unit="Answers", what="Answer", height=170),
        key=f"survey_{question.key}",
        title=value,
        subtitle=f"{question.label} {number}, 95 % interval {interval}",
        alt=f"{question.label}: {value}",
    )


def _texts(found: SurveyResults) -> None:
    with st.grid(2, min_column_width=330):
        for name, label in TEXTS.items():
            texts = found.texts.get(name, ())
            with ui.panel(label, "" if texts else "No answers in words.", stretch=True):
                for answer in reversed(texts[-10:]):
                    # Text, never Markdown: people may write markup.
                    st.text(answer)


def _invite(page: ui.Page) -> None:
    with st.expander("Invite people"), ui.form(FORM):
        people = st.text_area("Addresses or names, one to a line", height=120)
        done = "Invited: their links are in the list below."
        ui.submit_button(page, "Invite", done, invite, people, clears=FORM)


def _reminders(page: ui.Page, asked: Sequence[SurveyInvitation]) -> None:
    """People who have not answered, each with their link."""
    if not asked:
        return
    waiting = [one for one in asked if one.answered_at is None]
    number = text.times(len(waiting), "invited person", "invited people")
    with ui.panel(f"{text.upper_first(number)} to remind"):
        if not waiting:
            st.caption("All invited people have answered.")
            return
        frame = pd.DataFrame(
            {
                "Who": [one.respondent for one in waiting],
                "Invited": [text.ago(one.invited_at.date(), page.today) for one in waiting],
                "Link": [f"survey?invitation={one.id}" for one in waiting],
            }
        )
        st.dataframe(frame, hide_index=True)
        st.caption("Each link is personal: send it to that person only.")
        ui.Stamped(page, "not answered").csv_button(frame, "Survey reminders", key="remind")
