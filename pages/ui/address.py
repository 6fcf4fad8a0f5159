"""The address of a page: it says what the page shows, and a link opens what it says.

A value stands in the address under the last part of its box's key: `period` for
`engagement_period`. What the address says counts when a page is opened, and when a link, Back or
Forward changes it; from then on the boxes count. Streamlit's own binding leaves out what equals a
default, and makes no step for Back.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.analytics.parse import nearest
from core.base import text

V = TypeVar("V")
Words = Sequence[str]

# What a person chose goes with them from page to page.
SHARED = frozenset({"account", "period", "dates", "products", "versus"})
MOST_SAID = 5
STYLE = """
button, input {font: inherit; font-size: 13px; border: 0; background: none; padding: 4px}
button {color: var(--st-link-color); cursor: pointer}
input {color: var(--st-text-color); border: 1px solid var(--st-border-color)}
"""
BAR = st.components.v2.component(
    "touchstone_address",
    html='<button type="button">Share</button><input hidden readonly aria-label="Address">',
    css=STYLE,
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Form:
    """How a value is written in an address; `read` also returns the words that it cannot read."""

    default: Any
    read: Callable[[Words], tuple[Any, Words]]
    write: Callable[[Any], Words]
    what: str = ""
    why: str = "not found here"
    account: str = ""  # whose members are chosen from
    none: str = "nothing"
    names: Collection[str] = ()


TEXT = Form("", lambda words: (words[-1], ()), lambda value: [value])


def among(
    names: Mapping[Any, str], default: Any, what: str, *, most: int | None = None, **said: str
) -> Form:
    """One of the keys of `names`, or up to `most` where the default is a list.

    They are written as their names, and read as themselves as well.
    """
    is_many = isinstance(default, list)

    def read(words: Words) -> tuple[Any, Words]:
        known = {str(key): key for key in names} | {name: key for key, name in names.items()}
        asked = [word for word in (words if is_many else words[-1:]) if word]
        found = [word for word in asked if word in known][:most]
        rest = [word for word in asked if word not in found]
        if not found and (rest or not is_many):
            return default, rest
        return [known[word] for word in found] if is_many else known[found[0]], rest

    def write(value: Any) -> Words:
        return [names[key] for key in (value if is_many else [value]) if key in names] or [""]

    return Form(default, read, write, what, names=names.values(), **said)


@dataclass
class Address:
    """What a session knows of its address; words, accounts and defaults are by a box's key."""

    page: str = ""
    account: str = ""
    # The queries that the browser may send without a change of its address.
    known: set[str] = field(default_factory=set)
    written: str = ""
    asked: dict[str, list[str]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    shown: dict[str, Words] = field(default_factory=dict)
    words: dict[str, Words] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    travels: dict[str, Words] = field(default_factory=dict)
    is_new: bool = False  # its page was opened, and has not been drawn whole
    is_news: bool = False

    def begin(self, page: str) -> None:
        query, context = _query(), get_script_run_ctx()
        sent, is_opened = urlencode(query, doseq=True), page != self.page
        if is_opened:
            self.page, self.is_new = page, True
            self.known, self.words, self.defaults = set(), {}, {}
        is_step = context is not None and context.is_history_navigation
        self.is_news = is_opened or is_step or sent not in self.known
        if self.is_news:
            self.asked, self.wrong = query, {}
        # Until it has got the last address the browser sends the one before.
        self.known = {sent} if sent == self.written else {*self.known, sent}
        self.shown = {}

    def take(self, name: str, key: str) -> list[str] | None:
        """What the link asks for, once; old links have the page's name before it."""
        found = [one for one in self.asked if one in {name, key} or one.endswith(f"_{name}")]
        return next(iter([self.asked.pop(one) for one in sorted(found, key=len)]), None)

    def note(self, name: str, key: str, form: Form, value: Any) -> None:
        """Write down what a box shows."""
        words, own = [*form.write(value)], [*form.write(form.default)]
        if any(words) or words != own or name in SHARED:
            self.shown[name] = words
        before, self.words[key] = self.words.get(key, words), words
        self.accounts[key] = self.account
        if name not in {"account", "tab"}:
            self.defaults[key] = form.default
        if name in SHARED and (name in self.travels or words != own):
            self.travels[name] = words
        if not self.is_news and words != before:
            self.wrong, self.asked = {}, {}

    def reset(self) -> None:
        """Callback: all boxes of the page but its tabs and its account as they open."""
        for key, default in self.defaults.items():
            self.words.pop(key, None)
            if key in st.session_state:
                st.session_state[key] = default
        self.travels = {name: self.travels[name] for name in self.travels if name == "account"}
        self.wrong, self.asked = {}, {}

    def end(self, bar: DeltaGenerator) -> str:
        """Write the address, draw the button that shares it, and tell what was asked in vain."""
        query, sent = (urlencode(words, doseq=True) for words in (self.shown, _query()))
        if not self.is_new and query != sent:
            st.query_params.from_dict(self.shown)
        with bar:
            data = {"opened": query, "sent": sent} if self.is_new else {}
            BAR(key="share", data=data, width="content")
        self.is_new, self.written = False, query
        self.known.add(query)
        said = [*self.wrong.values()]
        if self.asked:
            said.append(f"Not used here: {_quoted([*self.asked])}.")
        return " ".join([*said, "Choose below what to show."]) if said else ""


def address() -> Address:
    """The address of this session."""
    return cast("Address", st.session_state.setdefault("address", Address()))


def linked(draw: Callable[[Any], V], key: str, form: Form, *, name: str = "") -> V:
    """Draw a box, opened with what the address says, and note in the address what it shows."""
    held, name = address(), name or key.split("_", maxsplit=1)[-1]
    asked, known, value = held.take(name, key), held.words.get(key), form.default
    words: Words | None = asked
    if asked is None and not held.is_news and key in st.session_state:
        value = st.session_state[key]
        if form.names:
            value = form.read(form.write(value))[0]
        if form.account and held.accounts.get(key, held.account) != held.account:
            # Ids count within an account: those of another are read by their names.
            value, words = form.default, known if name in SHARED else None
        elif value != st.session_state[key]:
            words = known
    elif asked is None:
        words = (None if held.is_news else known) or held.travels.get(name)
    wrong: Words = ()
    if words is not None:
        value, wrong = form.read(words)
    if key in st.session_state and st.session_state[key] != value:
        st.session_state[key] = value
    shown = draw(value)
    held.note(name, key, form, shown)
    if wrong:
        head = "No longer shown:" if asked is None else "The link asks for"
        held.wrong[name] = f"{head} {_in_vain(form, value, wrong)}"
    return shown


def asked_text(key: str) -> str:
    """Text that a link hands to the page, and no box shows."""
    return linked(str, key, TEXT)


def _query() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _in_vain(form: Form, value: Any, wrong: Words) -> str:
    words, meant = [word for word in form.write(value) if word], nearest(wrong[0][:60], form.names)
    hint = f" (did you mean “{meant}”?)" if meant else ""
    why = f"not found in {form.account}" if form.account else form.why
    instead = text.listed(words) if words else form.none
    return f"the {form.what} {_quoted(wrong)}{hint}, {why}. Shown instead: {instead}."


def _quoted(words: Words) -> str:
    more = [f"{len(words) - MOST_SAID} more"] if len(words) > MOST_SAID else []
    return text.listed([*(f"“{word[:60]}”" for word in words[:MOST_SAID]), *more])
