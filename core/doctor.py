"""What works here and what does not, for a person who sets Touchstone up."""

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.engine import make_url

from core.analytics.freshness import last_synced, source_states
from core.base import clock
from core.base.errors import TouchstoneError
from core.base.settings import ROOT, PrometheusSource, Settings
from core.demo.active_store import configured_store
from core.ingest.clients import prometheus
from core.ingest.clients.http import RetryPolicy
from core.ingest.clients.testio import connect, fetch_products
from core.store import Scope, accounts

ENOUGH_DISK_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    said: str
    ok: bool = True


def examine(settings: Settings) -> list[Finding]:
    """Look at the machine, the store, and each configured account's source."""
    free = shutil.disk_usage(ROOT).free
    return [
        Finding("Python", platform.python_version()),
        Finding("Disk", f"{free / 1e9:,.1f} GB free", ok=free > ENOUGH_DISK_BYTES),
        Finding("Time zone", settings.timezone),
        *_store(settings),
        *_sources(settings),
    ]


def _store(settings: Settings) -> Iterator[Finding]:
    try:
        store = configured_store(settings)
        yield Finding("Store", make_url(settings.database_url).render_as_string(hide_password=True))
        for account in accounts(store):
            states = source_states(Scope(store, account.id), now=clock.now())
            said = ", ".join(f"{state.rows:,} {state.name.lower()}" for state in states)
            yield Finding(f"Account {account.id}", said)
            configured = next((a.sources for a in settings.accounts if a.id == account.id), None)
            for source in configured or ("testio",):
                at = last_synced(Scope(store, account.id), source=source)
                said = f"{at:%Y-%m-%d %H:%M} UTC" if at else "never: run `python -m core sync`"
                what = "Last sync" if source == "testio" else "Last Prometheus sync"
                yield Finding(f"{what} of {account.id}", said, ok=at is not None)
    except TouchstoneError as error:
        yield Finding("Store", str(error), ok=False)


def _sources(settings: Settings) -> Iterator[Finding]:
    if not settings.accounts:
        yield Finding("Sources", "none configured: the dashboard shows demo data")
    for account in settings.accounts:
        if account.prometheus is not None:
            yield _prometheus(account.id, account.prometheus)
        if account.token is None:
            continue
        what = f"Source of {account.id}"
        try:
            # Asked once: a person waits for the answer, and can ask again.
            with connect(account, retry=RetryPolicy(attempts=1)) as client:
                products = fetch_products(client)
        except TouchstoneError as error:
            yield Finding(what, str(error), ok=False)
        else:
            yield Finding(what, f"answers, with {len(products):,} products")


def _prometheus(account_id: str, source: PrometheusSource) -> Finding:
    what = f"Prometheus of {account_id}"
    try:
        with prometheus.connect(source, retry=RetryPolicy(attempts=1)) as client:
            version = prometheus.fetch_version(client)
    except TouchstoneError as error:
        return Finding(what, str(error), ok=False)
    return Finding(what, f"answers, version {version}")
