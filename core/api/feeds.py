"""Feeds that need no token: Prometheus metrics, and the calendar of the weekly review.

Neither has secrets, people or figures of an account in it.
"""

import time
from functools import partial
from pathlib import Path
from threading import Lock

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import Connection, text
from starlette.requests import Request
from starlette.responses import Response

from core.analytics.account_settings import ReviewSettings, settings_of
from core.analytics.freshness import syncs
from core.api.access import in_thread, served
from core.api.errors import Refusal
from core.base import clock
from core.base.telemetry import REGISTRY
from core.feedback import feedback_summary
from core.store import Scope, Store, accounts, one_state

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# A scrape within these gets the same text again.
CACHED_SECONDS = 5.0

_cached: dict[int, tuple[float, bytes]] = {}
_lock = Lock()


async def get_metrics() -> Response:
    """All metrics in Prometheus text format 0.0.4, at most some seconds old."""
    return Response(await in_thread(_text, (await served()).store), media_type=CONTENT_TYPE)


async def get_calendar(request: Request, account: str) -> Response:
    """The weekly review of an account in iCalendar format, to subscribe to."""
    # The review's agenda, on which it rests, takes seconds to load: the server starts without.
    from core.report.delivery import calendar_file  # noqa: PLC0415

    store = (await served()).store
    known = {one.id: one for one in await in_thread(accounts, store)}
    if account not in known:
        raise Refusal(404, f"There is nothing at {request.url.path}.")
    url = f"{request.base_url}weekly_review"
    review = await in_thread(settings_of, Scope(store, account), ReviewSettings)
    data = await in_thread(calendar_file, known[account], store.zone, url, review)
    return Response(data, media_type="text/calendar; charset=utf-8")


def _text(store: Store) -> bytes:
    with _lock:
        at, found = _cached.get(id(store), (0.0, b""))
        if found and time.monotonic() - at <= CACHED_SECONDS:
            return found
        found = generate_latest(REGISTRY) + generate_latest(_stored(store))
        _cached.clear()
        _cached[id(store)] = (time.monotonic(), found)
        return found


@one_state()
def _stored(store: Store) -> CollectorRegistry:
    """Feedback by account, the age of each source, the size of the store."""
    made = CollectorRegistry()
    gauge = partial(Gauge, registry=made)
    # Current votes: they can be taken back, so these are gauges, not counters.
    votes = gauge(
        "touchstone_feedback", "Current votes on tickets and enhancements.", ["account", "type"]
    )
    mean = gauge("touchstone_feedback_rating_average", "Mean rating from 1 to 5.", ["account"])
    ids = tuple(account.id for account in accounts(store))
    for account_id in ids:
        found = feedback_summary(Scope(store, account_id))
        for kind, number in found.by_type.items():
            votes.labels(account_id, kind).set(number)
        if found.average_rating is not None:
            mean.labels(account_id).set(found.average_rating)
    age = gauge(
        "touchstone_sync_age_seconds",
        "Time since a synchronisation or import ended that brought data in.",
        ["account", "source"],
    )
    now = clock.now()
    with store.read() as session:
        connection = session.connection()
        for (account_id, source), at in syncs(connection, ids).items():
            age.labels(account_id, source).set(max(0.0, (now - at).total_seconds()))
        gauge("touchstone_store_bytes", "Size of the store.").set(_size(connection))
    return made


def _size(connection: Connection) -> int:
    if connection.dialect.name != "sqlite":
        size = connection.execute(text("SELECT pg_database_size(current_database())"))
        return int(size.scalar_one())
    path = Path(str(connection.engine.url.database))
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.is_file())
