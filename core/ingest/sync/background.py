"""Synchronising unattended: a sync that a page started, and accounts that are kept up to date.

Each goes on in a thread of the server, and all of them end with it.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from core.base import clock
from core.base.errors import StoreError
from core.base.settings import Settings, TestioAccount
from core.ingest.sync.accounts import sync_source
from core.ingest.sync.history import RunRecord, runs
from core.ingest.sync.lease import holder_of
from core.ingest.sync.run import SyncReport
from core.store import Scope, Store

log = logging.getLogger("touchstone")

FIRST_BACKOFF = timedelta(minutes=1)
LONGEST_BACKOFF = timedelta(hours=1)
# How often it is looked whether someone else has synchronised meanwhile, or has ended.
LOOK_SECONDS = 30.0
END_SECONDS = 3.0


class _Threads:
    """The threads of this process, until they are ended; others can be started after that."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._running: dict[str, threading.Thread] = {}

    def start(self, name: str, work: Callable[[threading.Event], object]) -> None:
        """Do the work in a thread of that name, unless there is one."""
        with self._starting:
            if not self.is_running(name):
                thread = threading.Thread(target=work, args=(self._stop,), name=name, daemon=True)
                self._running[name] = thread
                thread.start()

    def is_running(self, name: str) -> bool:
        """Whether the work of that name goes on."""
        thread = self._running.get(name)
        return thread is not None and thread.is_alive()

    def end(self) -> None:
        """Stop them all, and wait a little until they have ended."""
        with self._starting:
            self._stop.set()
            running, self._running = self._running, {}
            self._stop = threading.Event()
        until = monotonic() + END_SECONDS
        for thread in running.values():
            thread.join(max(0.0, until - monotonic()))


_threads = _Threads()


def start_sync(store: Store, account: TestioAccount, *, full: bool = False) -> None:
    """Synchronise all sources of the account in the background, unless that goes on already.

    How it goes stands in the store's record of the run; leaving the page does not stop it.
    """
    _threads.start(f"sync {account.id}", partial(_sync_all, store, account, full=full))


def is_running(scope: Scope) -> bool:
    """Whether the account is being synchronised right now, here or in another process."""
    return _threads.is_running(f"sync {scope.account}") or holder_of(scope) is not None


def keep_synced(settings: Settings, opened: Callable[[], Store]) -> None:
    """Synchronise each source of each account whenever it is due, until `end_background`.

    `opened` answers with the store, in a thread: to open it may take a while.
    """
    intervals = {
        account: settings.sync_interval_seconds
        if account.sync_interval_seconds is None
        else account.sync_interval_seconds
        for account in settings.accounts
    }
    for account, seconds in intervals.items():
        if seconds:
            interval = timedelta(seconds=seconds)
            for source in account.sources:
                keep = partial(_keep, opened, account, source, interval)
                _threads.start(f"keep {account.id} {source}", keep)


def end_background() -> None:
    """Stop what goes on, and wait a little until it has ended."""
    _threads.end()


def next_due(found: Iterable[RunRecord], interval: timedelta, now: datetime) -> datetime:
    """When an account is to be synchronised next, by its latest runs, the newest first.

    That is `interval` after the last one; sooner after one that failed, and less soon after each
    further one, up to the interval or an hour.
    """
    found = list(found)
    ended: datetime | None = found[0].finished_at if found else None
    if ended is None:
        return now
    failed = next(
        (n for n, run in enumerate(found) if run.status not in {"failed", "stopped"}), len(found)
    )
    if not failed:
        return ended + interval
    backoff = FIRST_BACKOFF * 2.0 ** min(failed - 1, 10)
    return ended + min(backoff, interval, LONGEST_BACKOFF)


def _keep(
    opened: Callable[[], Store],
    account: TestioAccount,
    source: str,
    interval: timedelta,
    stop: threading.Event,
) -> None:
    wait = 0.0
    while not stop.wait(wait):
        wait = LOOK_SECONDS
        try:
            store = opened()
            found = runs(Scope(store, account.id), source=source)
            due = next_due(found, interval, clock.now())
            left = (due - clock.now()).total_seconds()
            if left > 0:
                wait = min(left, LOOK_SECONDS)
            elif holder_of(Scope(store, account.id)) is None:
                report = _sync(store, account, source, stop)
                wait = LOOK_SECONDS if report is None or report.status == "busy" else 0.0
        except StoreError as error:
            log.warning("%s: %s", account.id, error)


def _sync_all(
    store: Store, account: TestioAccount, stop: threading.Event, *, full: bool = False
) -> None:
    for source in account.sources:
        if not stop.is_set():
            _sync(store, account, source, stop, full=full)


def _sync(
    store: Store, account: TestioAccount, source: str, stop: threading.Event, *, full: bool = False
) -> SyncReport | None:
    """One run, and its line in the log; None where a bug of ours ended it."""
    try:
        report = sync_source(store, account, source, full=full, stop=stop)
    except Exception:
        # The record of the run says that it was interrupted, and the next one is tried in time.
        log.exception("The %s sync of account %s ended with an error", source, account.id)
        return None
    store.refresh_copy()
    level = logging.INFO if report.status in {"done", "busy"} else logging.WARNING
    said = (account.id, source, report.status, report.message)
    log.log(level, "Sync of account %s with %s: %s. %s", *said)
    return report
