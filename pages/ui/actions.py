"""Run what a person asks for, and report the outcome when the page is drawn again.

`run_action` is the callback of a button, after which Streamlit reruns the page by itself. A press
in a form stands until its action is run in the body, once, whatever breaks off a drawing. An action
gets `page.scope` first, with the person in it; `run_page` shows the outcome.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import streamlit as st

from core.analytics.account_settings import changes
from core.base import text
from core.base.errors import Conflict, TouchstoneError
from pages.ui import keeper
from pages.ui.page import Page, moment, plain, read

Values = Mapping[str, Any]


class Draft(NamedTuple):
    """A form that edits stored values: what it was opened on, and what its button sends with it."""

    key: str
    opened: Values
    saving: dict[str, Any]


def draft(
    page: Page,
    name: str,
    stored: Values,
    subject: str,
    *,
    said: Callable[[Values, Values], str] | None = None,
) -> Draft:
    """The draft of a form, from its first drawing until it is saved or the page is left.

    What others change meanwhile is told here, by `said` of both, and leaves what is typed alone.
    """
    opened, seen = st.session_state["drafts"].setdefault(name, (stored, stored))
    if opened != stored:
        moved = {key: value for key, value in stored.items() if value != opened.get(key)}
        words = said(opened, stored) if said else text.named(moved)
        last = next(iter(read(page, changes, subject=subject)), None)
        by, at = (last.by, f" ({moment(page, last.at)})") if last else ("Someone", "")
        told = f"{by} changed this since you opened it{at}: {words}."
        st.warning(plain(text.upper_first(told)))
        st.button("Take theirs over", key=f"{name}_take", on_click=_begin_anew, args=(name,))
    return Draft(fresh_key(name), opened, {"seen": seen, "clears": name})


def _begin_anew(name: str) -> None:
    st.session_state["drafts"].pop(name, None)
    round_ = keeper.ROUND + name
    st.session_state[round_] = st.session_state.get(round_, 0) + 1


def begin_visit(page_key: str) -> None:
    """Forget the drafts of a page that was left."""
    st.session_state.setdefault("pressed", {})
    if st.session_state.get("visited") != page_key:
        st.session_state.update(visited=page_key, drafts={})


@contextmanager
def form(name: str) -> Iterator[str]:
    """Form that its success empties; yields what the keys of its boxes begin with."""
    key = fresh_key(name)
    # The browser tells boxes without a key of their own apart by their container and label.
    with st.container(key=f"{key}_boxes"), st.form(key, border=False):
        yield key


def press(name: str, key: str, label: str) -> None:
    """Callback of a button in a form drawn with `key`: the press, with what is typed there."""
    if key == fresh_key(name):
        st.session_state["pressed"][key, label] = [
            value
            for name, value in st.session_state.items()
            if str(name).startswith(key) and isinstance(value, str) and value.strip()
        ]


def tell_lost_press(page_key: str) -> None:
    """Say that a button was pressed that is no longer there, with what was typed."""
    lost, st.session_state["pressed"] = st.session_state["pressed"], {}
    if lost:
        typed = [value for values in lost.values() for value in values]
        said = "Not saved: someone has just changed or closed this, and it is no longer here."
        said += f" You had typed: {', '.join(typed)}" if typed else ""
        st.session_state[f"outcome_{page_key}"] = ("error", said)
        show_outcome(page_key)


def run_action(
    page: Page,
    done: str | None,
    action: Callable[..., object],
    *args: Any,
    clears: str = "",
    **kwargs: Any,
) -> None:
    """Call `action(page.scope, *args, **kwargs)`, and keep `done` or its error for display.

    `done` is shown once the action has returned, if not blank; None: the sentence that it returns.
    `clears` is the name of the form or popover (`fresh_key`) that a success empties.
    """
    page.scope.store.renew_state()  # the page was drawn from an earlier one
    try:
        result = action(page.scope, *args, **kwargs)
    except TouchstoneError as error:
        outcome = ("error", str(error))
        keeper.state()["failed"] = fresh_key(clears) if clears else ""
        drafts = st.session_state.get("drafts", {})
        if isinstance(error, Conflict) and clears in drafts:
            drafts[clears] = (drafts[clears][0], error.seen)
    else:
        outcome = ("success", str(result) if done is None else done)
        keeper.state()["failed"] = ""
        if clears:
            _begin_anew(clears)
    if outcome[1]:
        st.session_state[f"outcome_{page.key}"] = outcome


def submit_action(
    page: Page,
    label: str,
    done: str | None,
    action: Callable[..., object],
    *args: Any,
    clears: str,
    **kwargs: Any,
) -> None:
    """Run what the button of that label, with `press` as its callback, asks for; rerun the page."""
    if st.session_state["pressed"].pop((fresh_key(clears), label), None) is not None:
        run_action(page, done, action, *args, clears=clears, **kwargs)
        st.rerun()


def editor_button(
    page: Page, label: str, done: str, action: Callable[..., object], *args: Any, **look: Any
) -> None:
    """Button for editors that runs an action."""
    given: dict[str, Any] = {"type": "primary", "args": (page, done, action, *args)} | look
    st.button(label, disabled=page.person is None, on_click=run_action, **given)


def submit_button(
    page: Page,
    label: str,
    done: str,
    action: Callable[..., object],
    *args: Any,
    clears: str,
    is_primary: bool = True,
    **fields: Any,
) -> None:
    """Submit button for editors of the `form` that it `clears`; `fields` go to the action."""
    kind: Literal["primary", "secondary"] = "primary" if is_primary else "secondary"
    pressed: dict[str, Any] = {"on_click": press, "args": (clears, fresh_key(clears), label)}
    st.form_submit_button(label, disabled=page.person is None, type=kind, **pressed)
    submit_action(page, label, done, action, *args, clears=clears, **fields)


def fresh_key(name: str) -> str:
    """Key of a form or popover that resets after its action succeeded.

    After an error the entries stay; `clear_on_submit` would lose them.
    """
    return f"{name}_{st.session_state.get(keeper.ROUND + name, 0)}"


def show_outcome(page_key: str) -> None:
    """Show the outcome of the last action on a page, once."""
    kind, text = st.session_state.pop(f"outcome_{page_key}", (None, ""))
    if kind == "error":
        st.error(plain(text))
    if kind is not None:
        # Beside the page: nothing under it moves, and it is seen from the foot of a long one.
        st.toast(plain(text))
