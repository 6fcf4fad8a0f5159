"""The criteria of a review: now, last week, four weeks, the baseline; and what to escalate."""

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.base import text
from core.criteria.words import CriterionRow
from core.review.escalation import Escalation, record_sent, sent_of
from core.store import Review, ReviewEscalation
from pages import ui
from pages.review.sections import is_open

COLUMNS = (
    *("Criterion", "Value", "Target", "Verdict", "95 % interval", "Last week", "Change"),
    *("Four weeks", "Baseline", "Against it", "Sample"),
)
COLOURS: Mapping[str, Literal["red", "orange", "gray"]] = {
    "critical": "red",
    "high": "orange",
    "medium": "gray",
}


def show(page: ui.Page, told: Mapping[str, Any], meeting: Review | None) -> None:
    rows = [CriterionRow.load(stored) for stored in told["criteria"]]
    main = [row for row in rows if not row.result.criterion.is_guardrail]
    guardrails = [row for row in rows if row.result.criterion.is_guardrail]
    frame = pd.DataFrame([_row(row) for row in main])
    if st.session_state.get(ui.PRESENTING):
        # Text grows with the page, a grid does not.
        st.table(frame.drop(columns=["Sample", "Four weeks"]).set_index("Criterion"))
    else:
        st.dataframe(frame, hide_index=True)
    for row in rows:
        if row.exclusions:
            st.caption(ui.plain(f"{row.label} {row.exclusions}"))
    with st.expander(f"{len(guardrails)} guardrails"):
        st.dataframe(pd.DataFrame([_row(row) for row in guardrails]), hide_index=True)
    if not st.session_state.get(ui.PRESENTING):
        whole = pd.DataFrame([_row(row) for row in rows])
        ui.csv_button(page, whole, name="Review criteria", filters=told["week"], key="criteria")
    _escalations(page, told, meeting)


def _row(row: CriterionRow) -> dict[str, object]:
    verdict, before = row.sign, row.earlier.verdict_before
    if before not in {None, row.result.verdict}:
        verdict += f", was {text.lower_first(before)}"
    return row.columns(*COLUMNS) | {"Verdict": verdict, "Sample": row.result.estimate.n}


def _escalations(page: ui.Page, told: Mapping[str, Any], meeting: Review | None) -> None:
    found = [Escalation(**one) for one in told["escalations"]]
    sent = ui.read(page, sent_of, week=told["week"])
    if not found and not sent:
        st.caption("Nothing has to be escalated.")
        return
    st.markdown("**To escalate**")
    may_write = is_open(page, meeting)
    done = {one.criterion_key: one for one in sent}
    for one in found:
        with ui.line():
            st.badge(text.upper_first(one.severity), color=COLOURS[one.severity])
            st.markdown(ui.plain(_label(told, one)), width="stretch")
            if one.criterion_key in done:
                st.caption(ui.plain(_sent(page, done[one.criterion_key])), width="content")
            with st.popover("The message", type="tertiary"):
                st.code(one.text, language=None, wrap_lines=True)
                if may_write and one.criterion_key not in done:
                    _record(page, one, told["week"])


def _label(told: Mapping[str, Any], one: Escalation) -> str:
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    return f"{labels.get(one.criterion_key, 'Data')}: {one.why}"


def _sent(page: ui.Page, one: ReviewEscalation) -> str:
    at = ui.moment(page, one.sent_at)
    return f"sent to {one.sent_to} by {one.sent_by}, {at}"


def _record(page: ui.Page, one: Escalation, week: str) -> None:
    with st.form(f"review_sent_{one.criterion_key}_{week}", border=False):
        to = st.text_input("Sent to", max_chars=100)
        if st.form_submit_button("I have sent it"):
            ui.submit_action(page, "Recorded as sent.", record_sent, one, week=week, sent_to=to)
