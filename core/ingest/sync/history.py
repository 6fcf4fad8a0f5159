"""What synchronising did: its runs and its problems, as the data page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from core.store import Scope, SyncProblem, SyncRun, table

MOST_PROBLEMS = 1_000
OBJECTS = (
    *("product", "feature", "test_cycle", "bug"),
    *("counter_increment", "gauge_reading"),
)
READ = ("added", "changed", "unchanged")


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
    source: str = "testio"

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    def total_of(self, kind: str) -> int:
        """How many rows of all tables were added, changed, unchanged, removed or refused."""
        return sum(numbers.get(kind, 0) for numbers in self.counts.values())

    @property
    def objects(self) -> int:
        """How many objects were read: products, features, test cycles and bugs, or readings."""
        read: list[Mapping[str, int]] = [self.counts.get(name, {}) for name in OBJECTS]
        return sum(numbers.get(kind, 0) for numbers in read for kind in READ)

    def pace(self, now: datetime) -> float | None:
        """Objects a second until its end, or until now; None for no time at all."""
        seconds = ((self.finished_at or now) - self.started_at).total_seconds()
        return self.objects / seconds if seconds > 0 else None

    def seconds_left(self, now: datetime) -> float | None:
        """How long it still takes, if it goes on as until now; None where that is not known."""
        if self.finished_at or not self.total or not self.done:
            return None
        seconds = (now - self.started_at).total_seconds()
        return seconds * (self.total - self.done) / self.done


@dataclass(frozen=True)
class ProblemGroup:
    """Problems of one cause: how many objects of an entity have it in a field."""

    entity: str
    field: str
    reason: str
    number: int


def runs(scope: Scope, *, source: str | None = None, limit: int = 20) -> list[RunRecord]:
    """The account's latest runs, or those with one source, the newest first."""
    found = table(SyncRun)
    names = list(RunRecord.__dataclass_fields__)
    latest = (
        select(*(found.c[name] for name in names))
        .where(found.c.account_id == scope.account)
        .order_by(found.c.started_at.desc(), found.c.id.desc())
        .limit(limit)
    )
    if source is not None:
        latest = latest.where(found.c.source == source)
    with scope.read() as session:
        return [RunRecord(**row) for row in session.connection().execute(latest).mappings()]


def problem_groups(scope: Scope) -> list[ProblemGroup]:
    """What could not be read, by cause, the most frequent first."""
    found = table(SyncProblem).c
    cause = (found.entity, found.field, found.reason)
    number = func.count()
    counted = (
        select(*cause, number)
        .where(found.account_id == scope.account)
        .group_by(*cause)
        .order_by(number.desc(), *cause)
    )
    with scope.read() as session:
        return [ProblemGroup(*row) for row in session.connection().execute(counted)]


def problems(scope: Scope, *, group: ProblemGroup | None = None) -> list[SyncProblem]:
    """What could not be read, or what of it has one cause: the first `MOST_PROBLEMS`."""
    found = table(SyncProblem)
    listed = (
        select(found)
        .where(found.c.account_id == scope.account)
        .order_by(found.c.entity, found.c.source_id, found.c.field)
        .limit(MOST_PROBLEMS)
    )
    if group is not None:
        listed = listed.where(
            found.c.entity == group.entity,
            found.c.field == group.field,
            found.c.reason == group.reason,
        )
    with scope.read() as session:
        return [SyncProblem(**row) for row in session.connection().execute(listed).mappings()]
