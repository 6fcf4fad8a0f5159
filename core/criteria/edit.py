"""Changing a success criterion, with its history."""

import math
from dataclasses import dataclass
from typing import Any

from core.analytics.account_settings import Change, changes, note_change
from core.base.errors import InputError
from core.base.given import given_text
from core.store import Criterion, Scope

# What a value in a unit can be at all, both ends included.
POSSIBLE = {
    "fraction": (0.0, 1.0),
    "stars": (1.0, 5.0),
    "seconds": (0.0, 86_400.0),
    "per day": (0.0, 1_000_000.0),
    "waiting": (0.0, 1_000_000.0),
    "money": (-1e12, 1e12),
}
# How a person writes the ends: shares in per cent.
WRITTEN = {"fraction": "0 and 100 %", "stars": "1 and 5", "seconds": "0 and 86,400 s"}


@dataclass(frozen=True, kw_only=True)
class CriterionEdit:
    """What of a criterion can be decided; `upper_target` only where the direction is within."""

    target: float
    upper_target: float | None = None
    direction: str
    owner: str
    rationale: str


def change_criterion(scope: Scope, key: str, edit: CriterionEdit, *, by: str) -> None:
    """Decide a criterion of the account anew; who, when, from and to are kept.

    Raises InputError for a target without sense.
    """
    with scope.write() as unit:
        known = unit.session.get(Criterion, (scope.account, key))
        if known is None:
            raise InputError(f"There is no criterion {key!r} in this account.")
        after = _checked(edit, known.unit)
        before = {name: getattr(known, name) for name in after}
        if after != before:
            unit.upsert(Criterion, [{"key": key, **after}])
            note_change(unit, _subject(key), by=by, before=before, after=after)


def criterion_history(scope: Scope, key: str) -> list[Change]:
    """Who changed a criterion when, the newest change first."""
    return changes(scope, subject=_subject(key))


def _subject(key: str) -> str:
    return f"criterion {key}"


def _checked(edit: CriterionEdit, unit: str) -> dict[str, Any]:
    if edit.direction not in {"above", "below", "within"}:
        raise InputError("A target is above, below, or within two values.")
    upper = edit.upper_target if edit.direction == "within" else None
    least, most = POSSIBLE.get(unit, (-math.inf, math.inf))
    for value in (edit.target, upper):
        if value is None:
            continue
        if not math.isfinite(value) or not least <= value <= most:
            between = WRITTEN.get(unit, f"{least:,.0f} and {most:,.0f}")
            raise InputError(f"This target has no sense: it lies between {between}.")
    # Nothing is above all that is possible, nor below the least of it.
    unreachable = edit.target == (most if edit.direction == "above" else least)
    if edit.direction != "within" and unreachable:
        raise InputError("Nothing could ever meet this target: choose one that can be reached.")
    if edit.direction == "within" and (upper is None or upper <= edit.target):
        raise InputError("The upper end of the target lies above the lower one: raise it.")
    return {
        "target": float(edit.target),
        "upper_target": None if upper is None else float(upper),
        "direction": edit.direction,
        "owner": given_text(edit.owner, "who answers for it"),
        "rationale": given_text(edit.rationale, "why it matters"),
    }
