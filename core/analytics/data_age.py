"""How new the data is: through which day, and when it was last brought here."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from core.analytics.definitions.dimensions import FACTS
from core.analytics.filters import in_scope
from core.analytics.joins import REACH
from core.analytics.predicates import Asked
from core.analytics.sql_runner import Reader
from core.store import SyncRun, table


def data_through(reader: Reader, asked: Asked, today: date) -> date | None:
    """The newest day, not after today, with a row of each fact: of several facts the oldest."""
    found = (_newest(reader, asked, fact, today) for fact in asked.question.facts)
    return min((day for day in found if day is not None), default=None)


def _newest(reader: Reader, asked: Asked, fact: str, today: date) -> date | None:
    clock: Any = REACH[fact].clock(asked.question.basis)
    newest = select(func.max(clock).label("day")).where(
        in_scope(clock.table, asked.scope), clock <= today
    )
    found: date | None = reader.one(newest)["day"]
    return found


def synced_at(reader: Reader, asked: Asked) -> datetime | None:
    """When the accounts' last finished sync of the facts ended: of several the oldest."""
    run = table(SyncRun)
    sources = {FACTS[fact].run_source for fact in asked.question.facts}
    latest = (
        select(func.max(run.c.finished_at).label("at"))
        .where(in_scope(run, asked.scope), run.c.source.in_(sources))
        .where(run.c.status.in_(("done", "partial")))
        .group_by(run.c.account_id, run.c.source)
    )
    found: Iterable[Any] = (row["at"] for row in reader.stored(latest))
    return min((at for at in found if at is not None), default=None)
