"""Opportunities: what could be improved, whom it reaches, and who decided what about it."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from core.analytics.account_settings import Change, changes, note_change
from core.base import clock
from core.base.errors import InputError
from core.base.given import given_text
from core.feedback.themes.assignment import Theme
from core.feedback.themes.edit import take_over
from core.feedback.themes.figures import Reach
from core.store import Criterion, Scope, Unit, table
from core.store import Opportunity as OpportunityRow

# Keys as they are stored, and what a person reads.
STATUSES = {"open": "Open", "planned": "Planned", "done": "Done", "dropped": "Dropped"}
LONGEST_TITLE = 120
LONGEST_PROBLEM = 2_000
# What of an opportunity can be decided after it was entered.
DECIDED = frozenset(
    {
        *("title", "problem", "criterion_key", "impact", "confidence", "effort", "metric"),
        *("direction", "due_from", "due_to", "status", "note"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Opportunity:
    """Something worth improving; instants in UTC, what nobody has decided is None.

    The reach is that of its theme when it was entered; `evidence` holds under `comments` and
    `tickets` what was counted, from `reach_from` to `reach_to`.
    """

    id: int
    title: str
    problem: str
    theme_id: int | None
    reach_from: date | None
    reach_to: date | None
    reach_comments: int | None
    reach_raters: int | None
    reach_tickets: int | None
    evidence: dict[str, Any] | None
    criterion_key: str | None
    impact: float | None
    confidence: float | None
    effort: float | None
    metric: str | None
    direction: str | None
    due_from: date | None
    due_to: date | None
    status: str
    note: str | None
    created_by: str
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None


def create_opportunity(
    scope: Scope,
    *,
    title: str,
    problem: str,
    by: str,
    theme: Theme | None = None,
    reach: Reach | None = None,
) -> int:
    """Enter an opportunity and answer with its id; a theme of the model is taken over with it.

    Raises InputError for a missing title or problem.
    """
    row: dict[str, Any] = {
        "title": given_text(title, "what it is called", longest=LONGEST_TITLE),
        "problem": given_text(problem, "what the problem is", longest=LONGEST_PROBLEM),
        "status": "open",
    }
    with scope.write() as unit:
        if theme is not None:
            row["theme_id"] = take_over(unit, theme, by=by)
        number = unit.next_id(OpportunityRow)
        entered = {"id": number, "created_by": by, "created_at": clock.now()}
        unit.upsert(OpportunityRow, [row | _counted(reach) | entered])
        note_change(unit, _subject(number), by=by, before=None, after=row)
        return number


def opportunities(scope: Scope) -> list[Opportunity]:
    """All opportunities of an account, the latest first."""
    own = table(OpportunityRow)
    found = select(own).where(own.c.account_id == scope.account).order_by(own.c.id.desc())
    with scope.read() as session:
        rows = session.connection().execute(found).mappings().all()
    return [Opportunity(**{f.name: row[f.name] for f in fields(Opportunity)}) for row in rows]


def change_opportunity(scope: Scope, number: int, *, by: str, **decided: object) -> None:
    """Decide about an opportunity: any of `DECIDED`, by name; who, when, from and to are kept.

    Raises InputError for what is not there, or has no sense.
    """
    with scope.write() as unit:
        known = unit.session.get(OpportunityRow, (scope.account, number))
        if known is None:
            raise InputError("There is no such opportunity: someone may have changed the list.")
        after = _checked(unit, decided)
        before = {name: getattr(known, name) for name in after}
        dues = {name: after.get(name, getattr(known, name)) for name in ("due_from", "due_to")}
        if None not in dues.values() and dues["due_from"] > dues["due_to"]:
            raise InputError("The window ends before it begins: swap its days.")
        if after.get("status") == "planned":
            _promises(known, after)
        if after != before:
            when = {"decided_by": by, "decided_at": clock.now()}
            unit.upsert(OpportunityRow, [{"id": number, **after, **when}])
            sides = {"before": _plain(before), "after": _plain(after)}
            note_change(unit, _subject(number), by=by, **sides)


def opportunity_history(scope: Scope, number: int) -> list[Change]:
    """Who changed an opportunity when, the newest change first."""
    return changes(scope, subject=_subject(number))


def _counted(reach: Reach | None) -> dict[str, Any]:
    if reach is None:
        return {}
    return {
        "reach_from": reach.first_day,
        "reach_to": reach.last_day,
        "reach_comments": len(reach.comments),
        "reach_raters": reach.raters,
        "reach_tickets": len(reach.tickets),
        "evidence": {"comments": list(reach.comments), "tickets": list(reach.tickets)},
    }


def _checked(unit: Unit, decided: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(decided) - DECIDED):
        raise InputError(f"Of an opportunity {unknown[0]!r} cannot be changed.")
    texts = {"title": ("what it is called", LONGEST_TITLE), "problem": ("the problem", None)}
    for name, (what, longest) in texts.items():
        if name in decided:
            decided[name] = given_text(str(decided[name]), what, longest=longest or LONGEST_PROBLEM)
    if decided.get("status", "open") not in STATUSES:
        raise InputError(f"{decided['status']!r} is no status: choose {', '.join(STATUSES)}.")
    if decided.get("direction") not in {None, "up", "down"}:
        raise InputError("A metric should move up or down.")
    for name in ("impact", "confidence", "effort"):
        value = decided.get(name)
        if value is not None and not 0 <= value < float("inf"):
            raise InputError(f"{name.capitalize()} is a number from 0.")
    key = decided.get("criterion_key")
    if key is not None and unit.session.get(Criterion, (unit.account_id, key)) is None:
        raise InputError(f"There is no criterion {key!r} in this account.")
    return decided


def _promises(known: OpportunityRow, after: dict[str, Any]) -> None:
    """What is planned says before the work starts what it will move, where to, and by when."""
    for name in ("criterion_key", "direction", "due_from", "due_to"):
        if after.get(name, getattr(known, name)) is None:
            raise InputError(
                "Before it is planned, name the criterion it moves, the direction and the window."
            )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The row as JSON has it."""
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}


def _subject(number: int) -> str:
    return f"opportunity {number}"
