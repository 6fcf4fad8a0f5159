"""Criteria, signals, feedback and roadmap of a review, and the notes of each section."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.base import text
from core.charts import ChartSpec
from core.criteria.words import SIGNS, CriterionRow
from core.review.actions import Escalation, record_sent, sent_of
from core.review.meeting import merged_texts, notes_of, save_note
from core.store import Review, Scope
from pages import ui
from pages.ui import keeper

LISTS: Sequence[tuple[str, str, ui.Colour]] = (
    ("positive", "What is good", "green"),
    ("worrying", "What worries", "orange"),
    ("stable", "What is stable or open", "gray"),
)

COLUMNS = (
    *("Criterion", "Value", "Target", "Verdict", "Direction", "95 % interval", "Last week"),
    *("Change", "Four weeks", "Baseline", "Against it", "Sample"),
)
COLOURS: Mapping[str, ui.Colour] = {"critical": "red", "high": "orange", "medium": "gray"}


def criteria(page: ui.Page, told: Mapping[str, Any], meeting: Review | None) -> None:
    rows = [CriterionRow.load(stored) for stored in told["criteria"]]
    whole = pd.DataFrame([_row(row) for row in rows])
    is_guardrail = [row.result.criterion.is_guardrail for row in rows]
    guardrails = whole[is_guardrail]
    frame = whole.drop(guardrails.index)
    if st.session_state.get(ui.PRESENTING):
        # Text grows with the page, a grid does not.
        st.table(frame.drop(columns=["Sample", "Four weeks"]).set_index("Criterion"))
    else:
        st.dataframe(frame, hide_index=True)
    for row in rows:
        if row.exclusions:
            st.caption(ui.plain(f"{row.label} {row.exclusions}"))
    with st.expander(f"{len(guardrails)} guardrails"):
        st.dataframe(guardrails, hide_index=True)
    if not st.session_state.get(ui.PRESENTING):
        ui.Stamped(page, told["week"]).csv_button(whole, "Review criteria", key="criteria")
    _escalations(page, told, meeting)


def _row(row: CriterionRow) -> dict[str, object]:
    verdict, before = SIGNS[row.result.verdict], row.verdict_before
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
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    done = {one.criterion_key: one for one in sent}
    for one in found:
        with ui.line():
            st.badge(text.upper_first(one.severity), color=COLOURS[one.severity])
            label = labels.get(one.criterion_key, "Data")
            st.markdown(ui.plain(f"{label}: {one.why}"), width="stretch")
            if one.criterion_key in done:
                known = done[one.criterion_key]
                by = f"{known.sent_by}, {ui.moment(page, known.sent_at)}"
                st.caption(ui.plain(f"sent to {known.sent_to} by {by}"), width="content")
            with st.popover("The message", type="tertiary"):
                st.code(one.text, language=None, wrap_lines=True)
                if may_write and one.criterion_key not in done:
                    _record(page, one, told["week"])


def _record(page: ui.Page, one: Escalation, week: str) -> None:
    name, done = f"review_sent_{page.account.id}_{one.criterion_key}_{week}", "Recorded as sent."
    with ui.form(name):
        to = st.text_input("Sent to", max_chars=100)
        fields: dict[str, Any] = {"week": week, "sent_to": to, "is_primary": False, "clears": name}
        ui.submit_button(page, "I have sent it", done, record_sent, one, **fields)


def trends(page: ui.Page, told: Mapping[str, Any]) -> None:
    """Only what a rule marked, or whose verdict changed; the rest is one sentence."""
    signals = told["signals"]
    calm = told.get("calm")
    quiet = f"{text.listed(calm)} within the usual limits. " if calm else ""
    bullets(signal["words"] for signal in signals if signal["chart"] is None)
    charted = [signal for signal in signals if signal["chart"] is not None]
    if charted:
        with st.grid(2, min_column_width=330):
            for signal in charted:
                ui.Stamped(page, told["week"]).chart(
                    ChartSpec(signal["chart"]),
                    key=f"signal_{signal['key']}",
                    title=signal["words"],
                    subtitle=signal["subtitle"],
                )
    if not signals:
        st.markdown("No signal this week: nothing moved by more than chance.")
    st.caption(
        ui.plain(
            f"{quiet}About {told['expected_false_alarms']:.1f} false alarms a week are expected "
            "over all series; tests of criteria together are held to 5 % false discoveries "
            "(Benjamini and Hochberg)."
        )
    )
    if told["causes"]:
        st.markdown("**In the same week**")
        bullets(told["causes"])
    with st.grid(3, min_column_width=260):
        for key, title, colour in LISTS:
            with st.container(border=True, height="stretch"):
                st.badge(title, color=colour)
                bullets(told[key] or ["Nothing."])


def bullets(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        st.markdown(f"- {ui.plain(sentence)}")


def is_open(page: ui.Page, meeting: Review | None) -> bool:
    """Whether the review has begun, is not closed, and this person may write in it."""
    return meeting is not None and meeting.closed_at is None and page.person is not None


def feedback(told: Mapping[str, Any]) -> None:
    themes = told.get("themes") or []
    if not themes:
        st.caption("No comment of this week belongs to a theme.")
    for theme in themes:
        with st.container(border=True):
            st.markdown(f"**{ui.plain(theme['name'])}**: {ui.plain(theme['words'])}")
            for quote in theme["quotes"]:
                # Text, never Markdown: people write what they like.
                st.text(quote)


def roadmap(told: Mapping[str, Any]) -> None:
    found = told.get("opportunities") or []
    if not found:
        st.caption("No opportunity is on the roadmap yet.")
    for one in found:
        st.markdown(f"- **{ui.plain(one['title'])}**: {ui.plain(one['words'])}")


def notes(page: ui.Page, section: str, meeting: Review | None, label: str) -> None:
    """A text that saves itself; what others wrote meanwhile is kept beside it."""
    if meeting is None:
        return
    key = f"review_note_{page.account.id}_{label}_{section}"
    refused = f"{key}_refused"
    if meeting.content is not None:
        text = meeting.content["notes"].get(section, "")
        if text:
            st.text(text)
        if refused in st.session_state:
            st.warning("The review was closed before your note was saved. It is not in it:")
            st.code(st.session_state[refused], language=None, wrap_lines=True)
        return
    known = notes_of(page.scope, label).get(section)
    text, version = (known.text, known.version) if known else ("", 0)
    said = f"Saved, {known.written_by}, {ui.moment(page, known.written_at)}" if known else ""
    # What the browser had last sent, what was put there instead, and of which version that is.
    box = st.session_state.get(f"{key}_box")
    if box is None or box[2] != version or key not in st.session_state:
        box = (str(st.session_state.get(key, text)), text, version)
        st.session_state[key], st.session_state[f"{key}_box"] = text, box
    st.text_area(
        "Notes",
        key=key,
        on_change=_save,
        args=(page, label, section, key),
        placeholder="Decisions and remarks; saved as you write",
        disabled=page.person is None,
        height=90,
    )
    keeper.stored(key, box[0], said, shown=box[1])


def _save(page: ui.Page, label: str, section: str, key: str) -> None:
    before, shown, version = st.session_state[f"{key}_box"]
    sent, refused = str(st.session_state[key]), f"{key}_refused"

    def save(scope: Scope) -> None:
        written = sent
        added = {*shown.split("\n")} - {*before.split("\n")}
        if added and added.isdisjoint(sent.split("\n")):
            # It was typed on before the lines of others were shown: these stay.
            written = merged_texts(before, shown, sent)
        saved = save_note(scope, label, section, written, seen=version)
        if saved[0] != sent:
            st.session_state[key] = saved[0]
        st.session_state[f"{key}_box"] = (sent, *saved)
        del st.session_state[refused]

    st.session_state[refused] = sent
    ui.run_action(page, "", save)
    if refused in st.session_state:
        keeper.state()["failed"] = key
