"""What a page is made of: bordered panels, lazy tabs, choices, histories."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.base import text
from core.store import AuditEntry
from pages.ui import comments
from pages.ui.address import TEXT, among, linked
from pages.ui.page import Page, account_labels, account_select, moment, plain

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


@contextmanager
def card(page: Page, key: str) -> Iterator[None]:
    """Bordered box, all of which opens what its button opens."""
    with st.container(border=True, height="stretch", gap="xsmall", key=f"{page.key}_card_{key}"):
        yield


def opens(
    page: Page, key: str, name: str, body: Callable[[], None], *, label: str = "", **look: Any
) -> None:
    """Button that opens a panel at the side, titled with a name and filled by `body`."""
    label = plain(label or f"About {text.lower_first(name)}")
    if st.button(label, key=f"{page.key}_what_{key}", type="tertiary", **look):

        def commented() -> None:
            body()
            comments.show(page, name)

        side_panel(name, commented)


def side_panel(name: str, body: Callable[[], None], on_dismiss: Any = "ignore") -> None:
    """Panel at the right side, over the page, which stays as it is."""
    st.dialog(plain(name), width="medium", position="right", on_dismiss=on_dismiss)(body)()


def leave_panel(label: str, boxes: Mapping[str, Any]) -> None:
    """Button of a panel that closes it, with other choices in the page's boxes."""
    # Its callback runs before the page is drawn anew.
    if st.button(label, on_click=st.session_state.update, args=(boxes,)):
        st.rerun()


def line(**look: Any) -> DeltaGenerator:
    return st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", **look
    )


def needs_editor(page: Page, what: str) -> None:
    """Caption for a person who may not do `what`."""
    if page.person is None:
        st.caption(f"{what} takes an editor of this dashboard.")


def tabs(bodies: Mapping[str, Callable[[], None]], *, key: str) -> None:
    """Tabs, kept in the address; only the open one is computed."""
    names = list(bodies)

    def draw(opened: str) -> str:
        # Another default would make other tabs.
        if opened != st.session_state.get(key, names[0]):
            st.session_state[key] = opened
        drawn.extend(st.tabs(names, key=key, on_change="rerun"))
        return str(st.session_state[key])

    drawn: list[Any] = []
    linked(draw, key, among({name: name for name in names}, names[0], "tab"), name="tab")
    for tab, body in zip(drawn, bodies.values(), strict=True):
        if tab.open:
            with tab:
                body()


def choice(label: str, options: Sequence[str], *, key: str, **more: Any) -> str:
    """One of a few options, the first at the start; kept in the address."""
    known = {option: more.get("format_func", str)(option) for option in options}
    return linked(
        lambda opened: str(
            st.segmented_control(label, options, default=opened, required=True, key=key, **more)
        ),
        *(key, among(known, options[0], "choice")),
    )


def pick(
    label: str,
    names: Mapping[K, str],
    *,
    at: K | None = None,
    what: str = "",
    account: str = "",
    **more: Any,
) -> K:
    """One of the keys of `names`, from a box that shows their names; `at` is chosen at first.

    Without `at` it is the first, or none where there is a placeholder. The choice of a box that
    says `what` it offers is kept in the address.
    """
    if at is None and "placeholder" not in more:
        at = next(iter(names))

    def draw(opened: Any) -> K:
        more["index"] = None if opened is None else list(names).index(opened)
        picked: K = st.selectbox(label, list(names), format_func=_name_in(names), **more)
        return picked

    if not what:
        return draw(at)
    none = text.lower_first(more.get("placeholder", ""))
    return linked(draw, more["key"], among(names, at, what, account=account, none=none))


def account_box(page: Page) -> None:
    if len(page.accounts) > 1:
        at = page.account.id
        if account_select(account_labels(page.accounts), at) != at:
            st.rerun()  # it was chosen in a browser that had lost its server


def pick_many(
    label: str,
    names: Mapping[K, str],
    *,
    key: str,
    what: str,
    default: Sequence[K] = (),
    said: Mapping[str, str] | None = None,
    **more: Any,
) -> list[K]:
    """Some of the keys of `names`, kept in the address; `said` goes to their `Form`."""
    look = {"key": key, "format_func": _name_in(names), **more}
    most, none = more.get("max_selections"), text.lower_first(more.get("placeholder", "nothing"))
    form = among(names, [*default], what, most=most, none=none, **(said or {}))
    return linked(lambda opened: st.multiselect(label, [*names], opened, **look), key, form)


def search_box(label: str, *, key: str, **more: Any) -> str:
    """Words to look for, kept in the address."""
    draw = partial(st.text_input, label, key=key, **more)
    return linked(lambda opened: str(draw(opened)).strip(), key, TEXT)


def moment_box(page: Page, label: str, at: datetime) -> datetime:
    """An instant in the business time zone."""
    chosen = st.datetime_input(label, at, format="YYYY-MM-DD", step=60, required=True)
    return chosen.replace(tzinfo=page.store.zone)


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
