"""The review on a screen for a room: one slide at a time, by keys or by itself."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import streamlit as st

from core.base import clock
from core.review.agenda import SECTIONS
from core.store import Review
from pages import ui

STEP, TV = "review_step", "review_tv"
TICK_SECONDS, TV_SECONDS = 5.0, 20.0
HERE = Path(__file__)
# Makes a slide as small as its window needs it to be.
FIT = st.components.v2.component(
    "review_fit", js=HERE.with_suffix(".js").read_text(encoding="utf-8")
)

# A step, and the number of a slide of it.
Place = tuple[str, int]


class Part(NamedTuple):
    """A part of a step, which is a slide as well; an aside stands on the page alone."""

    title: str
    draw: Callable[[], None]
    kind: Literal["chart", "words", "aside"] = "words"


def begin() -> bool:
    """Whether the address or a button asks for the presentation, or for that without a person."""
    is_presented, is_tv = _asked(ui.PRESENTING), _asked(TV)
    if is_tv:
        st.session_state[ui.PRESENTING] = True
    return is_presented or is_tv


def _asked(key: str) -> bool:
    return ui.linked(
        lambda opened: bool(st.session_state.setdefault(key, opened)),
        *(key, ui.among(dict(enumerate(("", "1"))), 0, "presentation")),
    )


def place(steps: Mapping[str, Sequence[Part]]) -> Place:
    """The step and the slide that the address asks for: Signals, Signals 2."""
    names = {(key, n): SECTIONS[key].name + (f" {n + 1}" if n else "") for key, n in _slides(steps)}
    first = next(iter(names))
    shown: Place = ui.linked(
        lambda opened: st.session_state.setdefault(STEP, opened),
        *(STEP, ui.among(names, first, "step")),
    )
    return shown


def _slides(steps: Mapping[str, Sequence[Part]]) -> dict[Place, Part]:
    return {
        (key, n): part
        for key, parts in steps.items()
        for n, part in enumerate(part for part in parts if part.kind != "aside")
    }


def done(at: str, meeting: Review | None) -> set[str]:
    """The steps that were shown since the meeting began; all once it is closed."""
    if meeting is None:
        return set()
    if meeting.closed_at is not None:
        return set(SECTIONS)
    keys = list(SECTIONS)
    # After a reload those before the one that it opens at.
    before = set(keys[: keys.index(at)])
    shown: set[str] = st.session_state.setdefault(f"review_shown_{meeting.week}", before)
    shown.add(at)
    return shown - {at}


def show(
    steps: Mapping[str, Sequence[Part]],
    at: Place,
    words: Callable[[], str],
    dock: Callable[[], None] | None,
) -> None:
    """The slide at a place, or on a television the one whose turn it is."""
    st.html(HERE.with_suffix(".css"))
    is_tv, turn = bool(st.session_state[TV]), _turn()
    slides = _slides(steps)
    places = list(slides)
    n = turn % len(places) if is_tv else places.index(at)

    def tick() -> None:
        if said := words():
            st.markdown(f"**{said}**")
        if is_tv and _turn() != turn:
            st.rerun()  # the whole page, with today's data

    with st.container(key="review_corner"):
        st.fragment(tick, run_every=TICK_SECONDS)()
    if dock is None or is_tv:
        _slide(slides[places[n]])
    else:
        left, right = st.columns([3, 1], gap="medium")
        with left:
            _slide(slides[places[n]])
        with right, st.container(key="review_dock"):
            dock()
    go = st.session_state.update
    with st.container(horizontal=True, vertical_alignment="center", key="review_foot"):
        if not is_tv:
            back, ahead = ({STEP: places[max(0, min(n + d, len(places) - 1))]} for d in (-1, 1))
            st.button("Back", key="review_back", on_click=go, kwargs=back, shortcut="Left")
            st.button("Next", key="review_next", on_click=go, kwargs=ahead, shortcut="Right")
        st.caption(f"{n + 1} of {len(places)}", width="content")
        if not is_tv:
            told = f"For a television: the next slide every {TV_SECONDS:.0f} seconds, with new data"
            by_itself = {TV: True}
            st.button("By itself", key="review_rotate", on_click=go, kwargs=by_itself, help=told)
        end = {ui.PRESENTING: False, TV: False}
        st.button("End", key="review_stop", on_click=go, kwargs=end, shortcut="Esc")
    FIT(key="review_fit", data={})


def _slide(part: Part) -> None:
    with st.container(key="review_slide"):
        st.header(ui.plain(part.title), anchor=False)
        part.draw()


def _turn() -> int:
    return int(clock.now().timestamp() // TV_SECONDS)
