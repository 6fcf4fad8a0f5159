"""What changed, and what do we do about it?"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from math import ceil
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.base import clock, text
from core.review.agenda import LENGTH, SECTIONS, agenda, seconds_left, week_of
from core.review.meeting import (
    can_reopen,
    meeting_of,
    meetings,
    open_review,
    reopen_review,
    restated_since,
)
from core.store import Review
from pages import ui
from pages.review import actions, packet, presentation, sections
from pages.review.presentation import TICK_SECONDS, Part
from pages.ui.filters import past_weeks

SOURCES = frozenset({"Test cycles", "Bug reports", "Enhancement runs", "Tickets", "Feedback"})


def show(page: ui.Page) -> None:
    is_presented = presentation.begin()
    with page.bar:
        label = week_box(page)
        meeting = ui.read(page, meeting_of, week=label)
        timer = begin(page, meeting, label)
        told = content(page, label, meeting)
        if not is_presented:
            start: dict[str, Any] = {
                "on_click": st.session_state.update,
                "kwargs": {ui.PRESENTING: True},
            }
            st.button("Present", key="review_start", shortcut="P", **start)
            packet.show(page, told, meeting, label)
    steps: dict[str, Sequence[Part]] = {
        "carried": actions.carried(page, told, meeting),
        "metrics": sections.criteria(page, told, meeting),
        "trends": sections.signals(page, told),
        "feedback": sections.voices(told),
        "roadmap": sections.roadmap(told),
        "actions": actions.agreed(page, told, label, meeting),
    }
    at = presentation.place(steps)
    docked = partial(dock, page, at[0], told, meeting) if meeting is not None else None
    if is_presented:
        beside = docked if sections.is_open(page, meeting) else None
        presentation.show(steps, at, partial(clock_words, meeting), beside)
        return
    ui.answer(page, told["answer"], SOURCES, note=f"complete week {told['week']}")
    if meeting is not None and meeting.closed_at is not None:
        closed(page, meeting)
    rail_side, middle, *right = st.columns([2, 9, 4] if docked else [2, 13], gap="medium")
    with rail_side:
        every = TICK_SECONDS if seconds_since(meeting) is not None else None
        st.fragment(partial(rail, at[0], meeting, timer), run_every=every)()
    with middle, st.container(key="review_body"):
        step(at[0], steps[at[0]])
    if docked:
        with right[0], st.container(key="review_dock"):
            docked()
    with st.expander("All reviews and actions"):
        actions.history(page)


def week_box(page: ui.Page) -> str:
    past = [week.label for week in past_weeks(page, SOURCES)]
    known = [one.week for one in ui.read(page, meetings)]
    weeks = {label: label for label in [*past, *known]}
    label = ui.pick("Week", weeks, what="week", key="review_week", width=150)
    ui.account_box(page)
    return label


def begin(page: ui.Page, meeting: Review | None, label: str) -> DeltaGenerator:
    """The button that begins the meeting, then its clock, whose place is returned."""
    if meeting is None:
        told = "Starts the clock; notes, actions and attendees are kept from then on"
        done = f"{label}: the review has begun."
        ui.editor_button(page, "Begin the review", done, open_review, label, help=told)
    elif meeting.closed_at is None and seconds_since(meeting) is None:
        start = {f"review_begun_{label}": clock.now()}
        keep = st.session_state.update
        st.button("Start the clock", key="review_clock", on_click=keep, kwargs=start, shortcut="T")
    timer = st.empty()
    tell_time(timer, meeting)
    return timer


def tell_time(timer: DeltaGenerator, meeting: Review | None) -> None:
    if words := clock_words(meeting):
        colour = "orange" if words.endswith("over") else "blue"
        timer.markdown(f":{colour}[**{words}**]", width="content")


def seconds_since(meeting: Review | None) -> float | None:
    """The seconds since the meeting began; None where no clock runs: it is long over, say."""
    if meeting is None or meeting.closed_at is not None:
        return None
    begun = st.session_state.get(f"review_begun_{meeting.week}", meeting.opened_at)
    seconds: float = (clock.now() - begun).total_seconds()
    return seconds if seconds < 2 * LENGTH.total_seconds() else None


def clock_words(meeting: Review | None) -> str:
    """28:10 left; blank where no clock runs."""
    seconds = seconds_since(meeting)
    if seconds is None:
        return ""
    left = LENGTH.total_seconds() - seconds
    minutes, rest = divmod(int(abs(left) // TICK_SECONDS * TICK_SECONDS), 60)
    return f"{minutes}:{rest:02} {'left' if left >= 0 else 'over'}"


def rail(at: str, meeting: Review | None, timer: DeltaGenerator) -> None:
    """The steps, ticked when done, each with the time that it has left."""
    tell_time(timer, meeting)
    seconds, done = seconds_since(meeting), presentation.done(at, meeting)
    left = seconds_left(seconds or 0.0)
    with st.container(key="review_rail", gap="xsmall"):
        for n, (key, section) in enumerate(SECTIONS.items(), 1):
            mark = "\N{CHECK MARK}" if key in done else str(n)
            over = " over" if left[key] < 0 else ""
            said = "" if key in done else f" :small[{ceil(abs(left[key]) / 60)} min{over}]"
            st.button(
                f"{mark}\N{NO-BREAK SPACE} {section.name}{said}",
                key=f"review_step_{key}",
                type="secondary" if key == at else "tertiary",
                width="stretch",
                on_click=st.session_state.update,
                kwargs={presentation.STEP: (key, 0)},
            )
    if st.session_state[presentation.STEP][0] != at:
        st.rerun()  # a press in a fragment draws the fragment alone


def step(key: str, parts: Sequence[Part]) -> None:
    """A step of the meeting, and the ways to those beside it."""
    st.header(SECTIONS[key].title, anchor=False)
    for kind, found in groupby(parts, lambda part: part.kind):
        if kind == "chart":
            charts = list(found)
            with st.grid(min(len(charts), 2), min_column_width=330):
                for part in charts:
                    part.draw()
            continue
        for part in found:
            if part is not parts[0] and part.title not in {"", SECTIONS[key].title}:
                st.subheader(ui.plain(part.title), anchor=False)
            part.draw()
    keys = list(SECTIONS)
    n = keys.index(key)
    with ui.line():
        for name, beside in (("Back", keys[:n][-1:]), ("Next", keys[n + 1 :][:1])):
            for to in beside:
                st.button(
                    f"{name}: {SECTIONS[to].name}",
                    key=f"review_{name.lower()}",
                    on_click=st.session_state.update,
                    kwargs={presentation.STEP: (to, 0)},
                )


def dock(page: ui.Page, key: str, told: Mapping[str, Any], meeting: Review) -> None:
    """Beside every step: its notes, an action more, and at the last the end."""
    sections.notes(page, key, meeting)
    if not sections.is_open(page, meeting):
        return
    actions.add(page, meeting.week, is_listed=key != "actions")
    if key == "actions" and st.button("Close the review", type="primary", width="stretch"):
        actions.closing(page, told, meeting)


def content(page: ui.Page, label: str, meeting: Review | None) -> Mapping[str, Any]:
    """What the review shows: as it was closed, else as the data says now."""
    if meeting is not None and meeting.content is not None:
        return meeting.content
    week = week_of(label, page.today)
    found: Mapping[str, Any] = ui.read(page, agenda, week=week)
    return found


def closed(page: ui.Page, meeting: Review) -> None:
    """A closed review: by whom, with whom, what was not done, what was restated since."""
    assert meeting.closed_at is not None
    lines = ui.read(page, restated_since, meeting=meeting)
    with st.container(border=True):
        with ui.line():
            by = f"{meeting.closed_by or ''}, {ui.moment(page, meeting.closed_at)}"
            said = f"**Closed by {ui.plain(by)}.** It is shown as it was then."
            st.markdown(said, width="stretch")
            if can_reopen(meeting):
                done = f"The review of {meeting.week} is open again."
                told = "Within an hour of the close; the history keeps what was closed"
                look: dict[str, Any] = {"type": "secondary", "help": told}
                ui.editor_button(page, "Undo", done, reopen_review, meeting.week, **look)
        names = ", ".join(f"{name} ({role})" for role, name in meeting.attendees)
        st.caption(ui.plain(f"Attendees: {names or 'none recorded'}."))
        if left_open := (meeting.content or {}).get("left_open"):
            st.markdown(f":orange[Not done: {ui.plain('; '.join(left_open))}.]")
        if not lines:
            st.caption("Today's data still gives every figure.")
            return
        with st.expander(f"{text.upper_first(text.times(len(lines), 'figure'))} restated since"):
            sections.bullets(lines)


ui.run_page("review", "What changed, and what do we do about it?", show)
