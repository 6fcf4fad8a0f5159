"""The active store: the configured one, or the demo's as long as there is no real data."""

import math
import re
import threading
from dataclasses import dataclass
from itertools import count
from time import monotonic

from core.base.errors import InputError
from core.base.settings import Settings
from core.base.text import LONGEST_NAME
from core.demo import build_demo, is_current
from core.store import Store, accounts, open_store

# One open store for each address in a process: it is made for many threads. The lock also keeps two
# first visitors from building the demo twice.
_open: dict[tuple[str, str], Store] = {}
_opening = threading.RLock()
# By store address, the thread that copies its facts into columns and when that was begun last.
_copying: dict[str, tuple[threading.Thread, float]] = {}
COPY_PAUSE_SECONDS = 60


@dataclass(frozen=True)
class ActiveStore:
    """The store that is shown, and whether what it holds is demo data."""

    store: Store
    is_demo: bool


def active_store(settings: Settings) -> ActiveStore:
    """The configured store; with no source and nothing in it, the demo store, built first.

    Raises StoreError with a sentence.
    """
    real = configured_store(settings)
    known = {account.id: account.name for account in accounts(real)}
    for account in settings.accounts:
        # Entered before its first sync, so that its pages can say that and offer one.
        if known.get(account.id) != account.name:
            real.ensure_account(account.id, account.name)
    if settings.accounts or known:
        return ActiveStore(real, is_demo=False)
    return ActiveStore(demo_store(settings), is_demo=True)


def demo_store(settings: Settings, *, build: bool = True) -> Store:
    """The demo store, built first where its dates do not end today."""
    with _opening:
        store = _opened(settings.demo_database_url, settings.zone.key)
        if build and not is_current(store):
            build_demo(store)
        return store


def keep_copied(store: Store) -> None:
    """Bring the columnar copy of the facts up to date in the background; at most once a minute.

    A sync changes the facts many times, and each copy of a large store takes many seconds.
    """
    address = store.engine.url.render_as_string()
    thread, begun = _copying.get(address, (None, -math.inf))
    if (thread is not None and thread.is_alive()) or monotonic() - begun < COPY_PAUSE_SECONDS:
        return
    thread = threading.Thread(target=store.refresh_copy, name="columnar copy", daemon=True)
    _copying[address] = thread, monotonic()
    thread.start()


def configured_store(settings: Settings) -> Store:
    """The configured store, opened once in a process."""
    return _opened(settings.database_url, settings.zone.key)


def _opened(url: str, timezone: str) -> Store:
    with _opening:
        if (url, timezone) not in _open:
            _open[url, timezone] = open_store(url, timezone=timezone)
        return _open[url, timezone]


def enter_account(store: Store, name: str) -> str:
    """The id of the store's account with this name, created where there is none.

    For imports of files without a source; raises InputError for an invalid name.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise InputError(f"Name the account, with 1 to {LONGEST_NAME} characters.")
    known = {account.name: account.id for account in accounts(store)}
    if name not in known:
        stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "account"
        free = (f"{stem}-{n}" if n > 1 else stem for n in count(1))
        known[name] = next(one for one in free if one not in known.values())
        store.ensure_account(known[name], name)
    return known[name]
