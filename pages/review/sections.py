"""Criteria, signals, feedback and roadmap of a review, and the notes of each section."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.base import text
from core.criteria.words import CriterionRow, worst_first
from core.review.actions import Escalation, record_sent, sent_of
from core.review.agenda import SECTIONS, week_of
from core.review.meeting import merged_texts, notes_of, save_note
from core.review.signal_charts import SignalChart, how_sure, signal_charts
from core.store import Review, ReviewEscalation, Scope
from pages import ui
from pages.criteria import strip
from pages.review.presentation import Part
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
BETTER: Mapping[str, Literal["normal", "inverse"]] = {"above": "normal", "below": "inverse"}
A_SLIDE = 3  # cards of text on one


def criteria(page: ui.Page, told: Mapping[str, Any], meeting: Review | None) -> list[Part]:
    """The cards, the worst first; what is to be escalated; on the page the whole table."""
    rows = [CriterionRow.load(stored) for stored in told["criteria"]]
    by_key = {row.result.criterion.key: row for row in rows}
    order = worst_first(row.result for row in rows if not row.result.criterion.is_guardrail)
    main = [by_key[result.criterion.key] for result in order]
    sent = ui.read(page, sent_of, week=told["week"])
    parts = [Part(told["answer"], lambda: _cards(page, told["week"], main, meeting))]
    if told["escalations"] or sent:
        parts.append(Part("To escalate", lambda: _escalations(page, told, meeting, sent)))
    return [*parts, Part("", lambda: _table(page, told["week"], rows), "aside")]


def _cards(page: ui.Page, week: str, rows: Sequence[CriterionRow], meeting: Review | None) -> None:
    is_closed = meeting is not None and meeting.closed_at is not None
    with st.grid(min(len(rows), 3), min_column_width=200):
        for row in rows:
            key = row.result.criterion.key
            with ui.card(page, key):
                _card(row)
                # The rows behind a closed review are no longer those that it shows.
                if not is_closed and not st.session_state.get(ui.PRESENTING):
                    window = week_of(week, page.today)
                    behind = partial(strip.of_criterion, page, row, window)
                    ui.opens(page, key, row.label, behind)


def _card(row: CriterionRow) -> None:
    """Verdict, value with its change, mark, target and earlier values."""
    criterion, currency = row.result.criterion, row.result.judged.currency
    value = strip.value_words(row)
    change = None if row.change in {text.UNKNOWN, "0"} else f"{row.change} {currency}".strip()
    strip.face(
        row,
        value.replace(f"{currency} ", f":small[{currency}] ", 1) if currency else value,
        delta=change,
        delta_color=BETTER.get(criterion.direction, "off"),
        delta_description="on last week",
    )
    said = f"Target {row.target}"
    if row.baseline is not None and not st.session_state.get(ui.PRESENTING):
        said += f"; baseline {row.amount(row.baseline)}"
    if before := was_words(row):
        said += f"; {before}"
    st.caption(ui.plain(said))
    if row.exclusions:
        st.caption(ui.plain(text.upper_first(row.exclusions)))


def was_words(row: CriterionRow) -> str:
    """The verdict of the week before where it was another one: was met."""
    before = row.verdict_before
    return "" if before in {None, row.result.verdict} else f"was {text.lower_first(before or '')}"


def _table(page: ui.Page, week: str, rows: Sequence[CriterionRow]) -> None:
    found = [row.columns(*COLUMNS) | {"Sample": row.result.estimate.n} for row in rows]
    for cells, row in zip(found, rows, strict=True):
        cells["Verdict"] = ", ".join(filter(None, (str(cells["Verdict"]), was_words(row))))
        cells["Criterion"] = row.name
    whole = pd.DataFrame(found)
    with st.expander("All figures, with the guardrails"):
        st.dataframe(whole, hide_index=True, height="content")
        ui.Stamped(page, week).csv_button(whole, "Review criteria", key="criteria")


def _escalations(
    page: ui.Page, told: Mapping[str, Any], meeting: Review | None, sent: Sequence[ReviewEscalation]
) -> None:
    may_write = is_open(page, meeting)
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    done = {one.criterion_key: one for one in sent}
    for one in (Escalation(**stored) for stored in told["escalations"]):
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


def signals(page: ui.Page, told: Mapping[str, Any]) -> list[Part]:
    """Only what a rule marked, or whose verdict changed; the rest is one sentence."""
    found = list(signal_charts(told))
    title = "What is good, what worries, what is stable"
    if not found:
        title = "No signal this week: nothing moved by more than chance"
    return [
        Part(title, lambda: _lists(told)),
        *(Part(one.title, partial(_signal, page, told["week"], one), "chart") for one in found),
        *(
            [Part("What was said of figures", lambda: _said(page, told))]
            if told.get("comments")
            else []
        ),
        Part("", lambda: _how_sure(told), "aside"),
    ]


def _signal(page: ui.Page, week: str, one: SignalChart) -> None:
    if not st.session_state.get(ui.PRESENTING):
        look: dict[str, Any] = {"title": one.title, "subtitle": one.brief}
        ui.Stamped(page, week).chart(one.drawn, key=f"signal_{one.key}", **look)
        return
    # What is drawn in a line: the rest is on the page.
    st.caption(ui.plain("; ".join(one.brief.split("; ")[:2])))
    with st.container(key=f"review_chart_{one.key}"):
        ui.draw(one.drawn, alt=one.title, height="stretch")


def _lists(told: Mapping[str, Any]) -> None:
    if told["causes"]:
        st.markdown(f"In the same week: {ui.plain('; '.join(told['causes']))}.")
    columns = st.columns([1 + len(told[key]) for key, _, _ in LISTS])
    for column, (key, title, colour) in zip(columns, LISTS, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.badge(title, color=colour)
            bullets(told[key] or ["Nothing."])
    if calm := told.get("calm"):
        verb = "is" if len(calm) == 1 else "are"
        st.caption(ui.plain(f"{text.listed(calm)} {verb} within the usual limits."))


def _said(page: ui.Page, told: Mapping[str, Any]) -> None:
    for one in told["comments"]:
        by = f"{one['figure']}; {one['by']}, {ui.moment(page, datetime.fromisoformat(one['at']))}"
        st.text(text.quoted(one["text"]))
        st.caption(ui.plain(by))


def _how_sure(told: Mapping[str, Any]) -> None:
    with st.expander("How sure?"):
        st.caption(ui.plain(how_sure(told)))


def bullets(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        st.markdown(f"- {ui.plain(sentence)}")


def is_open(page: ui.Page, meeting: Review | None) -> bool:
    """Whether the review has begun, is not closed, and this person may write in it."""
    return meeting is not None and meeting.closed_at is None and page.person is not None


def voices(told: Mapping[str, Any]) -> list[Part]:
    """The themes of the week's comments with quotes, a few a slide."""
    return in_parts("feedback", told.get("themes"), _themes)


def _themes(themes: Sequence[Mapping[str, Any]]) -> None:
    if not themes:
        st.caption("No comment of this week belongs to a theme.")
        return
    with st.grid(min(len(themes), A_SLIDE), min_column_width=240):
        for theme in themes:
            with st.container(border=True, height="stretch"):
                st.markdown(f"**{ui.plain(theme['name'])}**: {ui.plain(theme['words'])}")
                for quote in theme["quotes"]:
                    # Text, never Markdown: people write what they like.
                    st.text(text.quoted(quote))


def roadmap(told: Mapping[str, Any]) -> list[Part]:
    def draw() -> None:
        found = told.get("opportunities") or []
        if not found:
            st.caption("No opportunity is on the roadmap yet.")
        for one in found:
            st.markdown(f"- **{ui.plain(one['title'])}**: {ui.plain(one['words'])}")

    def link() -> None:
        st.page_link("review/roadmap.py", label="Roadmap")

    return [Part(SECTIONS["roadmap"].title, draw), Part("", link, "aside")]


def in_parts(key: str, found: Sequence[Any] | None, draw: Callable[[Any], None]) -> list[Part]:
    """The things of a step, a few a slide; one slide that says so where there is none."""
    rows = found or []
    starts = range(0, max(len(rows), 1), A_SLIDE)
    return [Part(SECTIONS[key].title, partial(draw, rows[n : n + A_SLIDE])) for n in starts]


def notes(page: ui.Page, section: str, meeting: Review) -> None:
    """A text that saves itself; what others wrote meanwhile is kept beside it."""
    label = meeting.week
    key = f"review_note_{page.account.id}_{label}_{section}"
    refused = f"{key}_refused"
    if meeting.content is not None:
        st.markdown("**Notes**")
        st.text(meeting.content["notes"].get(section, "") or "None.")
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
        height=110,
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
