"""Actions: who does what by when, what it should move, and whether it did."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from core.analytics.account_settings import note_change
from core.base import clock
from core.base.errors import InputError
from core.base.given import given_text
from core.store import Criterion, ReviewAction, Scope, table

EXPECTED = {"rise": "should rise", "fall": "should fall"}
LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Action:
    """What was agreed in a review; `week` is that review's, status open, done or dropped."""

    id: int
    week: str
    text: str
    owner: str
    due: date
    criterion_key: str | None
    expected: str | None
    status: str
    outcome: str | None
    decided_by: str
    decided_at: datetime
    closed_by: str | None
    closed_at: datetime | None

    def is_overdue(self, today: date) -> bool:
        """Whether it is still open after the day it was due."""
        return self.status == "open" and self.due < today


def add_action(
    scope: Scope,
    *,
    week: str,
    text: str,
    owner: str,
    due: date,
    by: str,
    criterion_key: str | None = None,
    expected: str | None = None,
) -> int:
    """Agree on an action and answer with its id; raises InputError for what is missing."""
    if (criterion_key is None) != (expected is None):
        raise InputError("Say which criterion should move and in which direction, or neither.")
    if expected is not None and expected not in EXPECTED:
        raise InputError("A criterion is expected to rise or to fall.")
    row: dict[str, Any] = {
        "week": week,
        "text": given_text(text, "what will be done"),
        "owner": given_text(owner, "who does it", longest=LONGEST_NAME),
        "due": due,
        "criterion_key": criterion_key,
        "expected": expected,
    }
    with scope.write() as unit:
        if (
            criterion_key is not None
            and unit.session.get(Criterion, (scope.account, criterion_key)) is None
        ):
            raise InputError("There is no such criterion in this account: reload the page.")
        number = unit.next_id(ReviewAction)
        made = {"id": number, "decided_by": by, "decided_at": clock.now()}
        unit.upsert(ReviewAction, [row | made])
        after = row | {"due": str(due)}
        note_change(unit, f"action {number}", by=by, before=None, after=after)
    return number


def close_action(scope: Scope, action_id: int, *, status: str, outcome: str, by: str) -> None:
    """Say of an action that it is done or dropped, or open again, and what came of it."""
    if status not in {"open", "done", "dropped"}:
        raise InputError("An action is open, done or dropped.")
    with scope.write() as unit:
        known = unit.session.get(ReviewAction, (scope.account, action_id))
        if known is None:
            raise InputError("There is no such action: reload the page.")
        before = {"status": known.status, "outcome": known.outcome}
        after = {"status": status, "outcome": " ".join(outcome.split()) or None}
        if before == after:
            return
        closed = status != "open"
        row = {"id": action_id, **after, "closed_by": by if closed else None}
        unit.upsert(ReviewAction, [row | {"closed_at": clock.now() if closed else None}])
        note_change(unit, f"action {action_id}", by=by, before=before, after=after)


def actions(scope: Scope, *, status: str | None = None) -> list[Action]:
    """The actions of an account, those due first at the top."""
    action = table(ReviewAction)
    found = select(action).where(action.c.account_id == scope.account)
    if status is not None:
        found = found.where(action.c.status == status)
    with scope.read() as session:
        rows = (
            session.connection().execute(found.order_by(action.c.due, action.c.id)).mappings().all()
        )
    return [Action(**{name: row[name] for name in Action.__dataclass_fields__}) for row in rows]
