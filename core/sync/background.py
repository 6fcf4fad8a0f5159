"""Work that goes on while people click: a sync in a thread of the server."""

import threading

from core.config import TestioAccount
from core.store import Store
from core.sync.accounts import sync_account

__all__ = ["is_running", "start_sync"]

_running: dict[str, threading.Thread] = {}


def start_sync(store: Store, account: TestioAccount) -> None:
    """Synchronise the account in the background, unless that goes on already.

    How it goes stands in the store's record of the run; leaving the page does not stop it.
    """
    if is_running(account.id):
        return
    thread = threading.Thread(
        target=sync_account, args=(store, account), name=f"sync {account.id}", daemon=True
    )
    _running[account.id] = thread
    thread.start()


def is_running(account_id: str) -> bool:
    """Whether this process synchronises the account right now."""
    thread = _running.get(account_id)
    return thread is not None and thread.is_alive()
