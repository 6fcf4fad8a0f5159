"""A page's account, person and cached reads."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.analytics.dates import Window
from core.analytics.freshness import (
    SYNCED,
    SourceState,
    last_synced,
    source_states,
    sources_through,
)
from core.base import clock, text
from core.base.settings import Settings, load_settings
from core.base.telemetry import QUERY_SECONDS
from core.demo.active_store import active_store, keep_copied
from core.store import Account, Scope, Store, accounts, one_state
from pages.ui.address import address, among, linked

R = TypeVar("R")


@dataclass(frozen=True)
class Page:
    """The store that a page shows, the account it is scoped to, and the person at it."""

    key: str
    settings: Settings
    store: Store
    is_demo: bool
    accounts: tuple[Account, ...]
    account: Account
    now: datetime
    # The name under which this person changes what the account decides; None without that right.
    person: str | None = None
    # The slim bar at the top, for the boxes that choose what the page shows.
    bar: DeltaGenerator = field(default_factory=st.container)
    # Where the answer goes, which is known only after what stands below it.
    top: DeltaGenerator = field(default_factory=st.container)

    @property
    def scope(self) -> Scope:
        return Scope(self.store, self.account.id, self.person)

    @property
    def today(self) -> date:
        return self.now.date()


def open_page(key: str, bar: DeltaGenerator) -> Page:
    """Open the store, and choose the account from the box or the link."""
    settings = load_settings()
    with st.spinner("Opening the store; the first time it takes some seconds.", show_time=False):
        shown = active_store(settings)
    keep_copied(shown.store)
    found = accounts(shown.store)
    account = _chosen_account(found)
    return Page(
        key=key,
        settings=settings,
        store=shown.store,
        is_demo=shown.is_demo,
        accounts=tuple(found),
        account=account,
        now=clock.now().astimezone(shown.store.zone),
        person=_editor(settings),
        bar=bar,
    )


def _chosen_account(found: Sequence[Account]) -> Account:
    """The account of the link or the box, else the first; none is shown for one that is unknown."""
    labels, held = account_labels(found), address()
    asked = held.asked.get("account") or held.travels.get("account")
    # The box is drawn later, in the filter bar.
    known = among(labels, None, "account", why="not found in this store", none="none, until chosen")
    form = replace(known, write=lambda account: [account or ""])
    held.account = linked(lambda account: str(account or found[0].id), "account", form)
    if "account" in held.wrong:
        held.travels["account"] = asked or []  # the next page shows no other account either
        st.warning(plain(held.wrong["account"]))
        account_select(labels, None, on_change=held.wrong.clear)
        st.stop()
    return next(account for account in found if account.id == held.account)


def account_select(labels: Mapping[str, str], at: str | None, **more: Any) -> str | None:
    """The box of the account, opened at one or at none."""
    place = None if at is None else list(labels).index(at)
    look: dict[str, Any] = {"key": "account", "width": 200, **more}
    return st.selectbox("Account", list(labels), place, labels.__getitem__, **look)


def account_labels(found: Sequence[Account]) -> dict[str, str]:
    """Labels of the accounts by id: their names, with the id where two share one."""
    names = Counter(account.name for account in found)
    return {a.id: a.name if names[a.name] == 1 else f"{a.name} ({a.id})" for a in found}


def _editor(settings: Settings) -> str | None:
    if settings.editors is None:
        return "someone on this machine"
    address = signed_in().lower()
    return address if address in settings.editors else None


def signed_in() -> str:
    """The address of the person who is signed in, else blank."""
    return str(st.user.get("email") or "") if st.user.get("is_logged_in") else ""


def moment(page: Page, at: datetime) -> str:
    """An instant in the business time zone: 14:05 today, 14:05 on 20 Nov 2026."""
    return text.moment(at.astimezone(page.store.zone), page.today)


def plain(text: str) -> str:
    """Escape text for Markdown: every punctuation character."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def read(page: Page, function: Callable[..., R], **kwargs: Any) -> R:
    """Read from the store, cached for each version of the account's data.

    `function` takes the store first, and the rest by keyword: all of it is the cache's key.
    """
    return _read(page, function, "data_version", kwargs)


def read_facts(page: Page, function: Callable[..., R], **kwargs: Any) -> R:
    """Like `read`, for functions that read `FACT_TABLES` alone: votes leave the cache valid."""
    return _read(page, function, "facts_version", kwargs)


def _read(page: Page, function: Callable[..., R], of: str, kwargs: Mapping[str, Any]) -> R:
    # What is computed is of the state that it is cached for, also in a fragment or a callback.
    with one_state():
        key = (
            f"{function.__module__}.{function.__qualname__}",
            repr(sorted(kwargs.items())),
            page.store.engine.url.render_as_string(),
            page.account.id,
            of,
            getattr(page.store.account(page.account.id), of),
            page.today,
        )
        result: R = _computed(key, partial(function, page.scope, **kwargs))
    return result


@st.cache_data(max_entries=300, show_spinner=False)
def _computed(key: tuple[Any, ...], _call: Callable[[], Any]) -> Any:
    with QUERY_SECONDS.labels(key[0].removeprefix("core.analytics.")).time():
        return _call()


def sources(page: Page) -> list[SourceState]:
    """States of the account's sources as of the end of this hour, which stays a cache's key."""
    return read(page, source_states, now=page.now.replace(minute=59, second=59, microsecond=0))


def answer(
    page: Page,
    sentence: str,
    names: frozenset[str],
    *,
    compare: Window | None = None,
    note: str = "",
) -> None:
    """At the top of a page the answer to its question, over the freshness of its sources.

    `compare` is the window that its figures are compared with.
    """
    through = sources_through(sources(page), names=names, zone=page.store.zone)
    said = [f"Data through {text.day(through)}" if through else "No data yet"]
    # Read each time: a sync that found nothing new leaves the data version alone.
    synced_at = last_synced(page.scope) if names & SYNCED.keys() else None
    if synced_at:
        said.append(f"synced {moment(page, synced_at)}")
    said.append(f"days in {page.store.zone.key}")
    if compare is not None:
        said.append(f"changes against {compare.label}")
    if note:
        said.append(note)
    top = page.top.container(key="answer")
    top.header(plain(sentence), anchor=False)
    with top.container(horizontal=True, vertical_alignment="center", gap="small"):
        if page.is_demo:
            st.badge("Demo data", color="orange", help="Made up, in a store of its own")
        st.caption(plain(", ".join(said)), width="content")
