"""What a page is made of: bordered panels, lazy tabs, choices, histories."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any, Literal, TypeAlias, TypeVar

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.base import text
from core.store import AuditEntry
from pages.ui.page import Page, account_labels, moment, plain

K = TypeVar("K")
Colour: TypeAlias = Literal["red", "orange", "green", "blue", "violet", "gray"]


@contextmanager
def panel(title: str, note: str = "", *, stretch: bool = False) -> Iterator[None]:
    """Bordered box under its title and note; `stretch` makes it as high as its neighbours."""
    with st.container(border=True, height="stretch" if stretch else "content"):
        st.subheader(plain(title), anchor=False)
        if note:
            st.caption(plain(note))
        yield


def line(**look: Any) -> DeltaGenerator:
    return st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", **look
    )


def needs_editor(page: Page, what: str) -> None:
    """Caption for a person who may not do `what`."""
    if page.person is None:
        st.caption(f"{what} takes an editor of this dashboard.")


def tabs(bodies: Mapping[str, Callable[[], None]], *, key: str) -> None:
    """Tabs, kept in the address under `key`; only the open one is computed."""
    for tab, body in zip(
        st.tabs(list(bodies), key=key, bind="query-params"), bodies.values(), strict=True
    ):
        if tab.open:
            with tab:
                body()


def choice(label: str, options: Sequence[str], *, key: str, **more: Any) -> str:
    """One of a few options, the first at the start; kept in the address under `key`."""
    chosen: str = st.segmented_control(
        label, options, default=options[0], required=True, key=key, bind="query-params", **more
    )
    return chosen


def pick(label: str, names: Mapping[K, str], *, at: K | None = None, **more: Any) -> K:
    """One of the keys of `names`, from a box that shows their names; `at` is chosen at first."""
    if at is not None:
        more["index"] = list(names).index(at)
    picked: K = st.selectbox(label, list(names), format_func=_name_in(names), **more)
    return picked


def account_box(page: Page) -> None:
    if len(page.accounts) > 1:
        more = {"bind": "query-params", "persist_state": "session", "width": 200}
        pick("Account", account_labels(page.accounts), at=page.account.id, key="account", **more)


def pick_many(label: str, names: Mapping[K, str], **more: Any) -> list[K]:
    """Some of the keys of `names`, kept in the address."""
    return st.multiselect(
        label, list(names), format_func=_name_in(names), bind="query-params", **more
    )


def moment_boxes(page: Page, label: str, day: date, clock: time, *, at: str = "at") -> datetime:
    """An instant in the business time zone, from a box for its day and one for its time."""
    left, right = st.columns(2)
    chosen = left.date_input(label, day, format="YYYY-MM-DD")
    return datetime.combine(chosen, right.time_input(at, clock, step=60), page.store.zone)


def _name_in(names: Mapping[K, str]) -> Callable[[K], str]:
    # A box asks for the name of a choice that is no longer among the options, too.
    return lambda key: names.get(key, text.UNKNOWN)


def history_table(
    page: Page, found: Sequence[AuditEntry], moved: Callable[[AuditEntry], str]
) -> None:
    """Changes from the defaults, with their time, author and what `moved`."""
    if not found:
        st.caption("Never changed: these are the defaults.")
        return
    frame = pd.DataFrame(
        {
            "When": [moment(page, change.at) for change in found],
            "Who": [change.by for change in found],
            "What": [moved(change) for change in found],
        }
    )
    st.dataframe(frame, hide_index=True)
