"""Signals, feedback and roadmap of a review, and the notes that are written in each section."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from core.base import text
from core.charts import ChartSpec
from core.review.meeting import notes_of, save_note
from core.store import Review, Scope
from pages import ui

LISTS: Sequence[tuple[str, str, Literal["green", "orange", "gray"]]] = (
    ("positive", "What is good", "green"),
    ("worrying", "What worries", "orange"),
    ("stable", "What is stable or open", "gray"),
)


def trends(page: ui.Page, told: Mapping[str, Any]) -> None:
    """Only what a rule marked, or whose verdict changed; the rest is one sentence."""
    signals = told["signals"]
    marked = {signal["key"] for signal in signals}
    quiet = [one["label"] for one in told["series"] if one["key"] not in marked]
    bullets(signal["words"] for signal in signals if signal["chart"] is None)
    charted = [signal for signal in signals if signal["chart"] is not None]
    if charted:
        with st.grid(2, min_column_width=330):
            for signal in charted:
                ui.chart(
                    ChartSpec(signal["chart"]),
                    title=signal["words"],
                    subtitle=signal["subtitle"],
                    alt=signal["words"],
                    page=page,
                    filters=told["week"],
                    key=f"signal_{signal['key']}",
                )
    if not signals:
        st.markdown("No signal this week: nothing moved by more than chance.")
    st.caption(
        ui.plain(
            f"{text.listed(quiet)} within the usual limits. About "
            f"{told['expected_false_alarms']:.1f} false alarms a week are expected over all "
            "series; tests of criteria together are held to 5 % false discoveries (Benjamini and "
            "Hochberg)."
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
    """A text that is saved when it is left; what others wrote meanwhile is kept beside it."""
    if meeting is None:
        return
    if meeting.content is not None:
        text = meeting.content["notes"].get(section, "")
        if text:
            st.text(text)
        return
    known = notes_of(page.scope, label).get(section)
    key = f"review_note_{page.account.id}_{label}_{section}"
    seen = f"{key}_seen"
    if known is not None and st.session_state.get(seen) != known.version:
        st.session_state[key], st.session_state[seen] = known.text, known.version
    st.session_state.setdefault(seen, 0)
    st.text_area(
        "Notes",
        key=key,
        on_change=_save,
        args=(page, label, section, key, seen),
        placeholder="Decisions and remarks; saved when you leave the box",
        disabled=page.person is None,
        height=90,
    )
    if known is not None:
        at = ui.moment(page, known.written_at)
        st.caption(ui.plain(f"Saved, {known.written_by}, {at}"))


def _save(page: ui.Page, label: str, section: str, key: str, seen: str) -> None:
    def save(scope: Scope) -> None:
        st.session_state[key], st.session_state[seen] = save_note(
            scope, label, section, str(st.session_state[key]), seen=int(st.session_state[seen])
        )

    ui.run_action(page, "Notes saved.", save)
