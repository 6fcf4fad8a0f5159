"""Run what a person asks for, and report the outcome when the page is drawn again.

`run_action` is the callback of a button, after which Streamlit reruns the page by itself;
`submit_action` follows `if st.button(...)` in the body of a page. The action gets `page.scope`
first, with the person in it; `run_page` shows the outcome.
"""

from collections.abc import Callable
from typing import Any, Literal, NoReturn

import streamlit as st

from core.base.errors import TouchstoneError
from pages.ui.page import Page, plain


def run_action(
    page: Page,
    done: str | None,
    action: Callable[..., object],
    *args: Any,
    clears: str = "",
    **kwargs: Any,
) -> None:
    """Call `action(page.scope, *args, **kwargs)`, and keep `done` or its error for display.

    `done` is shown only once the action has returned; None shows the sentence that it returns.
    `clears` is the name of the form or popover (`fresh_key`) that a success empties.
    """
    try:
        result = action(page.scope, *args, **kwargs)
    except TouchstoneError as error:
        outcome = ("error", str(error))
    else:
        outcome = ("success", str(result) if done is None else done)
        if clears:
            st.session_state[_round(clears)] = st.session_state.get(_round(clears), 0) + 1
    st.session_state[f"outcome_{page.key}"] = outcome


def submit_action(
    page: Page, done: str | None, action: Callable[..., object], *args: Any, **kwargs: Any
) -> NoReturn:
    """Run an action in the body of a page, and rerun the page."""
    run_action(page, done, action, *args, **kwargs)
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
    is_primary: bool = True,
    **fields: Any,
) -> None:
    """Submit button for editors of a form; `fields` go to `submit_action`."""
    kind: Literal["primary", "secondary"] = "primary" if is_primary else "secondary"
    if st.form_submit_button(label, type=kind, disabled=page.person is None):
        submit_action(page, done, action, *args, **fields)


def fresh_key(name: str) -> str:
    """Key of a form or popover that resets after its action succeeded.

    After an error the entries stay; `clear_on_submit` would lose them.
    """
    return f"{name}_{st.session_state.get(_round(name), 0)}"


def _round(name: str) -> str:
    return f"round_{name}"


def show_outcome(page_key: str) -> None:
    """Show the outcome of the last action on a page, once."""
    kind, text = st.session_state.pop(f"outcome_{page_key}", (None, ""))
    if kind == "error":
        st.error(plain(text))
    if kind is not None:
        # Beside the page: nothing under it moves, and it is seen from the foot of a long one.
        st.toast(plain(text))
