"""What changed, and what do we do about it?"""

from collections.abc import Mapping
from time import monotonic
from typing import Any

import streamlit as st

from core.analytics.dates import last_complete_week
from core.base import text
from core.review.agenda import SECTION_TITLES, SECTIONS, agenda, week_of
from core.review.meeting import meeting_of, meetings, open_review, restated_since
from core.store import Review
from pages import ui
from pages.review import actions, packet, sections

WEEKS_OFFERED = 13
SOURCES = frozenset({"Test cycles", "Bug reports", "Enhancement runs", "Tickets", "Feedback"})
PRESENTING = """<style>
header, [data-testid="stToolbar"], .st-key-share_bar,
.st-key-review_bar, .st-key-review_clock {display: none}
[data-testid="stMainBlockContainer"] {font-size: 1.4rem; max-width: 1600px}
[data-testid="stMainBlockContainer"] p, [data-testid="stMainBlockContainer"] li {font-size: 1.4rem}
[data-testid="stMainBlockContainer"] h3 {font-size: 2.1rem}
</style>"""
TITLES = {"carried": "What we agreed on", **SECTION_TITLES}


def show(page: ui.Page) -> None:
    label = bar(page)
    meeting = ui.read(page, meeting_of, week=label)
    told = content(page, label, meeting)
    ui.answer(page, told["answer"], SOURCES, note=f"complete week {told['week']}")
    if meeting is not None and meeting.closed_at is not None:
        closed(page, meeting)
    bodies = {
        "carried": lambda: actions.carried(page, told, meeting),
        "metrics": lambda: sections.criteria(page, told, meeting),
        "trends": lambda: sections.trends(page, told),
        "feedback": lambda: sections.feedback(told),
        "roadmap": lambda: sections.roadmap(told),
        "actions": lambda: actions.agreed(page, told, meeting, label),
    }
    if st.session_state.get(ui.PRESENTING):
        present(bodies)
    else:
        for key, body in bodies.items():
            section(page, key, meeting, label, body)
        end(page, meeting, label)
        packet.show(page, told, meeting, label)
        with st.expander("All reviews and actions"):
            actions.history(page)


def bar(page: ui.Page) -> str:
    past = [last_complete_week(page.today, ago).label for ago in range(WEEKS_OFFERED)]
    known = [one.week for one in ui.read(page, meetings)]
    weeks = {label: label for label in [*past, *known]}
    with st.container(horizontal=True, vertical_alignment="bottom", key="review_bar"):
        label = ui.pick("Week", weeks, what="week", key="review_week", width=200)
        ui.account_box(page)
        begin = {ui.PRESENTING: True, "review_at": 0}
        st.button("Present", key="review_start", on_click=_keep, kwargs=begin, shortcut="P")
        clock()
    return label


def clock() -> None:
    """The time since the meeting began, and the section that it belongs to by now."""
    begun = st.session_state.get("review_begun")
    if begun is None:
        st.button("Start the clock", key="review_clock_start", on_click=_begin, shortcut="T")
    else:
        st.fragment(ticking, run_every=5.0)(begun)


def ticking(begun: float) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(spoken((monotonic() - begun) / 60), width="content")
        end = {"review_begun": None}
        st.button("Stop", key="review_clock_stop", type="tertiary", on_click=_keep, kwargs=end)


def spoken(minutes: float) -> str:
    """12 min: signals, 2 min 40 s left."""
    until = 0.0
    for key, length in SECTIONS.items():
        until += length
        if minutes < until:
            left = text.duration((until - minutes) * 60)
            return f":blue[{minutes:.0f} min: {TITLES[key].lower()}, {left} left]"
    return f":orange[{minutes:.0f} min: time to close]"


def _begin() -> None:
    st.session_state["review_begun"] = monotonic()


def content(page: ui.Page, label: str, meeting: Review | None) -> Mapping[str, Any]:
    """What the review shows: as it was closed, else as the data says now."""
    if meeting is not None and meeting.content is not None:
        return meeting.content
    week = week_of(label, page.today)
    found: Mapping[str, Any] = ui.read(page, agenda, week=week)
    return found


def section(page: ui.Page, key: str, meeting: Review | None, label: str, body: Any) -> None:
    with st.container(border=True):
        with ui.line():
            st.subheader(TITLES[key], anchor=key)
            if key in SECTIONS:
                st.caption(f"{SECTIONS[key]} minutes", width="content")
        body()
        if key in SECTIONS:
            sections.notes(page, key, meeting, label)


def closed(page: ui.Page, meeting: Review) -> None:
    """A closed review, with what was restated since."""
    assert meeting.closed_at is not None
    at = ui.moment(page, meeting.closed_at)
    lines = ui.read(page, restated_since, meeting=meeting)
    with st.container(border=True):
        st.markdown(
            f"**Closed by {ui.plain(meeting.closed_by or '')}, {ui.plain(at)}.** "
            "It is shown as it was then."
        )
        if not lines:
            st.caption("Today's data still gives every figure.")
            return
        st.markdown("Restated since:")
        sections.bullets(lines)


def end(page: ui.Page, meeting: Review | None, label: str) -> None:
    with st.container(border=True):
        if meeting is None:
            done = f"{label}: the review has begun."
            ui.editor_button(page, "Begin the review", done, open_review, label)
            st.caption("Notes, actions and attendees are kept from then on.")
        elif meeting.closed_at is None:
            actions.attendees(page, meeting, label)
            actions.close(page, label)
        else:
            present_names = ", ".join(f"{name} ({role})" for role, name in meeting.attendees)
            st.caption(ui.plain(f"Attendees: {present_names or 'none recorded'}."))


def present(bodies: Mapping[str, Any]) -> None:
    """One section on the screen; the arrow keys move."""
    st.html(PRESENTING)
    keys = list(bodies)
    at = int(st.session_state.get("review_at", 0)) % len(keys)
    st.subheader(TITLES[keys[at]], anchor=False)
    bodies[keys[at]]()
    with st.container(horizontal=True, horizontal_alignment="center"):
        back, ahead = {"review_at": max(at - 1, 0)}, {"review_at": min(at + 1, len(keys) - 1)}
        st.button("Back", key="review_back", on_click=_keep, kwargs=back, shortcut="Left")
        st.caption(f"{at + 1} of {len(keys)}", width="content")
        st.button("Next", key="review_next", on_click=_keep, kwargs=ahead, shortcut="Right")
        end = {ui.PRESENTING: False}
        st.button("End", key="review_stop", on_click=_keep, kwargs=end, shortcut="Esc")


def _keep(**state: object) -> None:
    for name, value in state.items():
        st.session_state[name] = value


ui.run_page("review", "What changed, and what do we do about it?", show)
