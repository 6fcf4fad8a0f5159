"""What synchronising did: its runs and its problems, as the data page shows them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.store import Store, SyncProblem, SyncRun, table

__all__ = ["RunRecord", "problems", "runs"]

MOST_PROBLEMS = 1_000


@dataclass(frozen=True)
class RunRecord:
    """One run; `total` is None where it is not known how much there is to do."""

    status: str
    started_at: datetime
    finished_at: datetime | None
    step: str
    done: int
    total: int | None
    requests: int
    counts: dict[str, dict[str, int]]
    message: str

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    def total_of(self, kind: str) -> int:
        """How many rows of all tables were added, changed, unchanged, removed or refused."""
        return sum(numbers.get(kind, 0) for numbers in self.counts.values())


def runs(store: Store, *, account: str, limit: int = 20) -> list[RunRecord]:
    """The account's latest runs, the newest first."""
    found = table(SyncRun)
    names = list(RunRecord.__dataclass_fields__)
    latest = (
        select(*(found.c[name] for name in names))
        .where(found.c.account_id == account)
        .order_by(found.c.started_at.desc(), found.c.id.desc())
        .limit(limit)
    )
    with store.read() as session:
        return [RunRecord(**row) for row in session.connection().execute(latest).mappings()]


def problems(store: Store, *, account: str) -> list[SyncProblem]:
    """What could not be read, the first `MOST_PROBLEMS`."""
    found = table(SyncProblem)
    listed = (
        select(found)
        .where(found.c.account_id == account)
        .order_by(found.c.entity, found.c.source_id, found.c.field)
        .limit(MOST_PROBLEMS)
    )
    with store.read() as session:
        return [SyncProblem(**row) for row in session.connection().execute(listed).mappings()]
