"""Synchronisation of accounts with their sources: once, or unattended in threads of the server."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from time import monotonic
from typing import Unpack

from core.base import clock
from core.base.errors import ConfigError, StoreError
from core.base.settings import Settings, TestioAccount
from core.ingest.clients import prometheus, testio
from core.ingest.clients.http import RetryPolicy
from core.ingest.sync.history import runs, sync_interval
from core.ingest.sync.lease import held_lease
from core.ingest.sync.prometheus import SOURCE as PROMETHEUS
from core.ingest.sync.prometheus import sync_prometheus
from core.ingest.sync.run import SyncOptions, SyncReport
from core.ingest.sync.testio import SOURCE as TESTIO
from core.ingest.sync.testio import sync_account
from core.store import Scope, Store, SyncRun

log = logging.getLogger("touchstone")

FIRST_BACKOFF = timedelta(minutes=1)
LONGEST_BACKOFF = timedelta(hours=1)
# How often to check whether another process has synchronised meanwhile, or has ended.
POLL_SECONDS = 30.0
END_SECONDS = 3.0
SYNCS = {TESTIO: sync_account, PROMETHEUS: sync_prometheus}
NONE_CONFIGURED = {
    TESTIO: "No account is configured: set TESTIO_CUSTOMER_ID and TESTIO_CUSTOMER_API_TOKEN.",
    PROMETHEUS: "PROMETHEUS_URL is not set, so there is no Prometheus to read: set its address.",
}


def sync_all(
    store: Store,
    settings: Settings,
    account_id: str | None = None,
    *,
    source: str | None = None,
    **options: Unpack[SyncOptions],
) -> list[SyncReport]:
    """Synchronise every configured account, or one, with all its sources or one of them.

    A failure stops no other account or source. Raises ConfigError where none is configured.
    """
    accounts = [a for a in settings.accounts if account_id in {None, a.id}]
    if settings.accounts and not accounts:
        known = ", ".join(a.id for a in settings.accounts)
        raise ConfigError(f"No account {account_id!r} is configured: there is {known}.")
    chosen = [(a, name) for a in accounts for name in a.sources if source in {None, name}]
    if not chosen:
        raise ConfigError(NONE_CONFIGURED[source or TESTIO])
    return [SYNCS[name](store, account, **options) for account, name in chosen]


def exit_code(reports: Iterable[SyncReport]) -> int:
    """The exit code of a command: 0 done, 1 failed, 3 done in part."""
    reports = list(reports)
    if all(report.status == "done" for report in reports):
        return 0
    # A run that failed after it had read something is done in part.
    nothing = all(report.status == "failed" and not report.has_written for report in reports)
    return 1 if nothing else 3


class _Threads:
    """Named threads of this process until `end`; others can be started after that."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._running: dict[str, threading.Thread] = {}

    def start(self, name: str, work: Callable[[threading.Event], object]) -> None:
        """Start a thread, unless one of that name runs."""
        with self._starting:
            if not self.is_running(name):
                thread = threading.Thread(target=work, args=(self._stop,), name=name, daemon=True)
                self._running[name] = thread
                thread.start()

    def is_running(self, name: str) -> bool:
        """Whether a thread of that name runs."""
        thread = self._running.get(name)
        return thread is not None and thread.is_alive()

    def end(self) -> None:
        """Stop all threads, and wait up to `END_SECONDS` for them."""
        with self._starting:
            self._stop.set()
            running, self._running = self._running, {}
            self._stop = threading.Event()
        until = monotonic() + END_SECONDS
        for thread in running.values():
            thread.join(max(0.0, until - monotonic()))


_threads = _Threads()


def start_sync(scope: Scope, account: TestioAccount, *, full: bool = False) -> None:
    """Synchronise all sources of the account in the background, unless that runs already.

    `full` also reads what is final and was read before. Its progress is in the store's record of
    the run; leaving the page does not stop it.
    """

    def sync_sources(stop: threading.Event) -> None:
        for source in account.sources:
            if not stop.is_set():
                _sync(scope.store, account, source, stop, full=full)

    _threads.start(f"sync {account.id}", sync_sources)


def ask_source(account: TestioAccount, source: str) -> str:
    """Ask a source of an account once, as a person waits, and say what it answers.

    Raises SourceError with a sentence.
    """
    once = RetryPolicy(attempts=1)
    if source == PROMETHEUS:
        assert account.prometheus is not None
        with prometheus.connect(account.prometheus, retry=once) as metrics:
            return f"version {prometheus.fetch_version(metrics)}"
    with testio.connect(account, retry=once) as client:
        return f"with {len(testio.fetch_products(client)):,} products"


def is_running(scope: Scope) -> bool:
    """Whether the account is being synchronised, in this process or another."""
    return _threads.is_running(f"sync {scope.account}") or held_lease(scope) is not None


def keep_synced(settings: Settings, opened: Callable[[], Store]) -> None:
    """Synchronise each source of each account whenever it is due, until `end_background`.

    `opened` returns the store; it is called in a thread, as opening may take a while.
    """
    for account in settings.accounts:
        if interval := sync_interval(settings, account):
            for source in account.sources:
                keep = partial(_keep, opened, account, source, interval)
                _threads.start(f"keep {account.id} {source}", keep)


def end_background() -> None:
    """Stop all background runs, and wait a little until they have ended."""
    _threads.end()


def next_due(found: Sequence[SyncRun], interval: timedelta, now: datetime) -> datetime:
    """When an account is due next, by its latest runs, newest first.

    That is `interval` after the last one; after a failure sooner, with a backoff that doubles with
    each further failure up to the interval or an hour.
    """
    ended = found[0].finished_at if found else None
    if ended is None:
        return now
    failed = len(list(takewhile(lambda run: run.status in {"failed", "stopped"}, found)))
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
        wait = POLL_SECONDS
        try:
            store = opened()
            scope, now = Scope(store, account.id), clock.now()
            left = (next_due(runs(scope, source=source), interval, now) - now).total_seconds()
            if left > 0:
                wait = min(left, POLL_SECONDS)
            elif held_lease(scope) is None:
                report = _sync(store, account, source, stop)
                wait = POLL_SECONDS if report is None or report.status == "busy" else 0.0
        except StoreError as error:
            log.warning("%s: %s", account.id, error)


def _sync(
    store: Store, account: TestioAccount, source: str, stop: threading.Event, *, full: bool = False
) -> SyncReport | None:
    """Run one synchronisation and log it; None where a bug ended it."""
    try:
        report = SYNCS[source](store, account, full=full, stop=stop)
    except Exception:
        # The run's record says that it was interrupted, and the next one follows when it is due.
        log.exception("The %s sync of account %s ended with an error", source, account.id)
        return None
    store.refresh_copy()
    level = logging.INFO if report.status in {"done", "busy"} else logging.WARNING
    said = (account.id, source, report.status, report.message)
    log.log(level, "Sync of account %s with %s: %s. %s", *said)
    return report
