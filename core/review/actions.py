"""Actions agreed in reviews: who does what by when, and which criterion should move."""

from datetime import date
from typing import Any

from core.base import clock
from core.base.errors import InputError
from core.base.text import given_text
from core.store import Criterion, ReviewAction, Scope, table

EXPECTED = {"rise": "should rise", "fall": "should fall"}
LONGEST_NAME = 100


def is_overdue(action: ReviewAction, today: date) -> bool:
    """Whether an action is still open after the day it was due."""
    return action.status == "open" and action.due < today


def add_action(
    scope: Scope,
    *,
    week: str,
    text: str,
    owner: str,
    due: date,
    criterion_key: str | None = None,
    expected: str | None = None,
) -> int:
    """Record an action and return its id; raises InputError for missing or invalid values."""
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
        return unit.enter(ReviewAction, "action", row, by="decided")


def close_action(scope: Scope, action_id: int, *, status: str, outcome: str) -> None:
    """Mark an action as done, dropped or open again, with its outcome. Raises InputError."""
    if status not in {"open", "done", "dropped"}:
        raise InputError("An action is open, done or dropped.")
    with scope.write() as unit:
        known = unit.session.get(ReviewAction, (scope.account, action_id))
        if known is None:
            raise InputError("There is no such action: reload the page.")
        after = {"status": status, "outcome": " ".join(outcome.split()) or None}
        by, at = (None, None) if status == "open" else (unit.author, clock.now())
        unit.revise(known, f"action {action_id}", after, closed_by=by, closed_at=at)


def actions(scope: Scope, *, status: str | None = None) -> list[ReviewAction]:
    """The actions of an account, those due first at the top."""
    action = table(ReviewAction).c
    of_status = [] if status is None else [action.status == status]
    return scope.objects(ReviewAction, *of_status, order_by=[action.due, action.id])
