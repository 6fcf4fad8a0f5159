"""What is typed, kept in the browser until it is stored; and the connection of a page.

`keeper.js` has every box of text: it shows beside a box whether what is in it is saved, and puts
what was typed back after another page, a reload or a restart of the server. Where no cookie tells
browsers apart, as in another site's frame, it says which one this is.
"""

import re
from pathlib import Path
from typing import Any

import streamlit as st

# The round of a form by its name: the browser forgets what was typed in earlier ones.
ROUND = "round_"
# The server's cookie for each browser, which is written with a new mask each time.
COOKIE = "_streamlit_xsrf"
MASKED = re.compile(r"2\|([0-9a-f]{8})\|([0-9a-f]+)\|\d+")
STYLE = """
.st-key-keeper {position: absolute}
.typed-state {font-size: .8rem; opacity: .7}
#keeper-banner:not([hidden]) {position: fixed; bottom: 1rem; left: 50%; z-index: 1000001;
  transform: translateX(-50%); max-width: 90vw; padding: .6rem 1rem; border-radius: .5rem;
  background: #8a3b00; color: #fff; font: .9rem sans-serif}
"""
KEEPER = st.components.v2.component(
    "keeper",
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    css=STYLE,
    isolate_styles=False,
)


def state() -> dict[str, Any]:
    """What the browser is told: texts that were stored, and the key of what failed to be."""
    known: dict[str, Any] = {"stored": {}, "failed": ""}
    return st.session_state.setdefault("keeper_state", known)  # type: ignore[no-any-return]


def stored(key: str, taken: str = "", said: str | None = None, *, shown: str | None = None) -> None:
    """Have a box outside of forms kept: the text last taken from it, and what is said of that.

    A text area saves itself; `shown` is what was put there in place of what was taken. Nothing is
    said of a box that has None.
    """
    shown = taken if shown is None else shown
    state()["stored"][_in_page(key)] = {"taken": taken, "shown": shown, "said": said}


def mount(scope: str) -> None:
    """Put the keeper into a page; `scope` tells texts of one account and person from others'."""
    rounds = {
        _in_page(str(name).removeprefix(ROUND)): number
        for name, number in st.session_state.items()
        if str(name).startswith(ROUND)
    }
    data = {**state(), "scope": scope, "rounds": rounds, "failed": _in_page(state()["failed"])}
    data["asks"] = not browser()
    KEEPER(key="keeper", data=data, on_back_change=lambda: None, on_browser_change=lambda: None)


def browser() -> str:
    """The random key of this browser: the cookie's, or the one that it gave itself; else blank."""
    if found := MASKED.fullmatch(str(st.context.cookies.get(COOKIE))):
        mask, masked = map(bytes.fromhex, found.groups())
        return bytes(one ^ mask[n % len(mask)] for n, one in enumerate(masked)).hex()
    given = str(st.session_state.get("keeper", {}).get("browser", ""))
    return given if re.fullmatch("[0-9a-f]{32}", given) else ""


def _in_page(key: str) -> str:
    """A key as Streamlit writes it into the page."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", key)
