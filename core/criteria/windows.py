"""The life of a baseline window: planned, collecting, complete, frozen; or given up for another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from core.analytics.account_settings import note_change
from core.analytics.window import Window
from core.base.errors import InputError
from core.base.given import given_text
from core.store import BaselineWindow, Scope, Unit, table

USUAL_DAYS = 7
MOST_DAYS = 92
LONGEST_NAME = 100
# A window may be planned for later, not for another age.
FARTHEST_DAYS = 366


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A baseline window; `content` is what freezing stored, None before."""

    id: int
    name: str
    first_day: date
    last_day: date
    planned_by: str
    planned_at: datetime
    restarted_as: int | None
    frozen_by: str | None
    frozen_at: datetime | None
    content: Mapping[str, Any] | None

    @property
    def window(self) -> Window:
        """Its days."""
        return Window(self.first_day, self.last_day, self.name)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last_day - self.first_day).days + 1

    def state(self, today: date) -> str:
        """planned, collecting, complete, frozen or given up."""
        if self.frozen_at is not None:
            return "frozen"
        if self.restarted_as is not None:
            return "given up"
        if today < self.first_day:
            return "planned"
        return "collecting" if today <= self.last_day else "complete"

    def day_number(self, today: date) -> int:
        """Which of its days today is, the first being 1; 0 before, and the last one after."""
        return min(max((today - self.first_day).days + 1, 0), self.days)


def plan_baseline(
    scope: Scope,
    *,
    name: str,
    first_day: date,
    by: str,
    days: int = USUAL_DAYS,
    today: date | None = None,
) -> int:
    """Plan a baseline over whole days and answer with its id.

    It may lie in the past, where its data is already in the store. Raises InputError for days
    without sense, and where one that is still open has some of them.
    """
    today = today or datetime.now(scope.zone).date()
    name = given_text(name, "how the baseline is called", longest=LONGEST_NAME)
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"A baseline has 1 to {MOST_DAYS} whole days; {USUAL_DAYS} are usual.")
    if abs((first_day - today).days) > FARTHEST_DAYS:
        raise InputError("A baseline begins within a year from today: check the date.")
    with scope.write() as unit:
        return _enter(unit, name, first_day, days, by)


def restart_baseline(scope: Scope, baseline_id: int, *, first_day: date, by: str) -> int:
    """Give a window up for one of the same length from another day; answers with the new id."""
    with scope.write() as unit:
        known = unit.session.get(BaselineWindow, (scope.account, baseline_id))
        if known is None:
            raise InputError("There is no such baseline: reload the page.")
        if known.frozen_at is not None:
            raise InputError("A frozen baseline stays as it is: plan another one.")
        if known.restarted_as is not None:
            raise InputError("This window was already given up for another: reload the page.")
        if first_day <= known.first_day:
            raise InputError("The new window begins after the one that is given up.")
        days = (known.last_day - known.first_day).days + 1
        new = unit.next_id(BaselineWindow)
        unit.upsert(BaselineWindow, [{"id": baseline_id, "restarted_as": new}])
        _enter(unit, known.name, first_day, days, by)
        note_change(
            unit,
            f"baseline {baseline_id}",
            by=by,
            before={"restarted_as": None},
            after={"restarted_as": new},
        )
        return new


def baselines(scope: Scope) -> list[Baseline]:
    """Every baseline window of the account, that with the latest days first."""
    window = table(BaselineWindow)
    found = (
        select(window)
        .where(window.c.account_id == scope.account)
        .order_by(window.c.first_day.desc(), window.c.id.desc())
    )
    with scope.read() as session:
        rows = session.connection().execute(found).mappings().all()
    return [Baseline(**{name: row[name] for name in Baseline.__dataclass_fields__}) for row in rows]


def frozen_baseline(scope: Scope) -> Baseline | None:
    """The baseline that later weeks are compared with: of the frozen ones the latest."""
    return next((b for b in baselines(scope) if b.frozen_at is not None), None)


def _enter(unit: Unit, name: str, first_day: date, days: int, by: str) -> int:
    last_day = first_day + timedelta(days=days - 1)
    window = table(BaselineWindow).c
    taken = select(window.name).where(
        window.account_id == unit.account_id,
        window.restarted_as.is_(None),
        window.frozen_at.is_(None),
        window.first_day <= last_day,
        window.last_day >= first_day,
    )
    other = unit.session.connection().execute(taken).scalar()
    if other is not None:
        raise InputError(f"The baseline {other!r} already has some of these days.")
    number = unit.next_id(BaselineWindow)
    row = {"name": name, "first_day": first_day, "last_day": last_day, "planned_by": by}
    unit.upsert(BaselineWindow, [row | {"id": number, "planned_at": datetime.now(UTC)}])
    said = row | {"first_day": str(first_day), "last_day": str(last_day)}
    note_change(unit, f"baseline {number}", by=by, before=None, after=said)
    return number
