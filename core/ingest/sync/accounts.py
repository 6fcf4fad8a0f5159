"""Synchronising the store with its sources: one report for each account, whatever happens."""

from collections.abc import Callable, Iterable
from functools import partial
from threading import Event
from typing import Any

import httpx

from core.base.errors import ConfigError
from core.base.settings import Settings, TestioAccount
from core.ingest.clients.http import RetryPolicy
from core.ingest.clients.testio import connect
from core.ingest.sync.prometheus import SOURCE as PROMETHEUS
from core.ingest.sync.prometheus import sync_prometheus
from core.ingest.sync.recorded import recorded
from core.ingest.sync.run import Progress, Run, SyncReport
from core.ingest.sync.testio import read_account
from core.store import Store

SOURCE = "testio"
NONE_CONFIGURED = {
    SOURCE: "No account is configured: set TESTIO_CUSTOMER_ID and TESTIO_CUSTOMER_API_TOKEN.",
    PROMETHEUS: "PROMETHEUS_URL is not set, so there is no Prometheus to read: set its address.",
}
ENTITIES = {
    "product": "products",
    "feature": "features",
    "test_cycle": "test cycles",
    "bug": "bugs",
}

OnProgress = Callable[[Progress], None]


def sync_all(
    store: Store,
    settings: Settings,
    account_id: str | None = None,
    *,
    source: str | None = None,
    full: bool = False,
    stop: Event | None = None,
    on_progress: OnProgress | None = None,
    transport: httpx.BaseTransport | None = None,
    retry: RetryPolicy | None = None,
) -> list[SyncReport]:
    """Synchronise every configured account, or one, with all its sources or one of them.

    What fails stops no other; `full` reads again what need not be; `stop` ends it as soon as it is
    set. Raises ConfigError where there is nothing to synchronise.
    """
    accounts = [a for a in settings.accounts if account_id in {None, a.id}]
    if settings.accounts and not accounts:
        known = ", ".join(a.id for a in settings.accounts)
        raise ConfigError(f"No account {account_id!r} is configured: there is {known}.")
    wanted = [(a, name) for a in accounts for name in a.sources if source in {None, name}]
    if not wanted:
        raise ConfigError(NONE_CONFIGURED[source or SOURCE])
    sync = partial(
        sync_source,
        store,
        full=full,
        stop=stop,
        on_progress=on_progress,
        transport=transport,
        retry=retry,
    )
    return [sync(account, name) for account, name in wanted]


def sync_source(store: Store, account: TestioAccount, source: str, **options: Any) -> SyncReport:
    """Synchronise one source of an account; the options are those of `sync_account`."""
    sync = {SOURCE: sync_account, PROMETHEUS: sync_prometheus}[source]
    return sync(store, account, **options)


def sync_account(
    store: Store,
    account: TestioAccount,
    *,
    full: bool = False,
    stop: Event | None = None,
    on_progress: OnProgress | None = None,
    transport: httpx.BaseTransport | None = None,
    retry: RetryPolicy | None = None,
) -> SyncReport:
    """Synchronise one account with what test IO has; what fails stands in the report."""

    def read(run: Run) -> SyncReport:
        with connect(account, retry=retry, stop=stop, transport=transport) as client:
            run.client = client
            met = read_account(client, run, full=full)
        return run.finish(_message, whole=met.whole, nameless=met.nameless)

    return recorded(store, (account.id, account.name), SOURCE, on_progress, read)


def exit_code(reports: Iterable[SyncReport]) -> int:
    """What a program ends with: 0 done, 1 failed, 3 done in part."""
    reports = list(reports)
    if all(report.status == "done" for report in reports):
        return 0
    # What failed after something was read is done in part.
    nothing = all(report.status == "failed" and not report.has_written for report in reports)
    return 1 if nothing else 3


def _message(run: Run) -> str:
    """What was read and what that changed, in a sentence or two."""
    counts = {name: run.counts.get(name, {}) for name in ENTITIES}
    read = [
        f"{sum(numbers.get(kind, 0) for kind in ('added', 'changed', 'unchanged')):,} {words}"
        for (name, words), numbers in zip(ENTITIES.items(), counts.values(), strict=True)
    ]
    changes = [
        f"{sum(numbers.get(kind, 0) for numbers in counts.values()):,} {words}"
        for kind, words in (("added", "new"), ("changed", "changed"), ("removed", "removed"))
    ]
    gone = sum(counts[name].get("removed", 0) for name in ("test_cycle", "bug"))
    message = f"Read {', '.join(read[:-1])} and {read[-1]}: {', '.join(changes)}."
    if gone:
        message += f" No longer in the source, and kept apart: {gone:,}."
    if run.problems:
        message += f" Problems noted: {run.problems:,}; everything else is in."
    return message
