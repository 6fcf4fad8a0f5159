"""What people decide beside the data: exclusions, annotations and the criteria themselves.

Each entry keeps who made it and when, and the account's history says what changed.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import select

from core.analytics.dates import Window
from core.base import clock
from core.base.errors import InputError
from core.base.text import canonical_address, given_text
from core.charts import Event
from core.store import Annotation, Criterion, Exclusion, Scope, table

# Keys as they are stored, and their labels.
EXCLUSION_KINDS = {
    "outage": "Outage",
    "deployment": "Deployment",
    "volume": "Unusual volume",
    "external": "External failure",
    "other": "Other",
}
ANNOTATION_KINDS = {"deployment": "Deployment", "incident": "Incident", "other": "Other"}
COMMENT = "comment"
EXCLUDED = "Left out of the criteria"
SUBJECTS = ("enhancement", "ticket", "rater")
# What decides whether a value is good.
AIM = ("direction", "target", "upper_target")
# The possible values in a unit, both ends included.
POSSIBLE = {
    "fraction": (0.0, 1.0),
    "stars": (1.0, 5.0),
    "seconds": (0.0, 86_400.0),
    "per day": (0.0, 1_000_000.0),
    "waiting": (0.0, 1_000_000.0),
    "money": (-1e12, 1e12),
}
# How a person writes those ends.
WRITTEN = {"fraction": "0 and 100 %", "stars": "1 and 5", "seconds": "0 and 86,400 s"}


def exclude(
    scope: Scope,
    *,
    from_at: datetime,
    to_at: datetime,
    kind: str,
    reason: str,
    subject: str | None = None,
    finding: str | None = None,
) -> int:
    """Enter an exclusion and return its id; the excluded rows stay in the store.

    `to_at` is the first instant that counts again. An equal exclusion in force is not entered
    twice. Raises InputError for an empty time, an unknown kind or subject, or a missing reason.
    """
    _check_span(from_at, to_at)
    _check_choice(kind, EXCLUSION_KINDS, "kind of exclusion")
    if subject is not None and subject.partition(":")[0] not in SUBJECTS:
        raise InputError(f"{subject[:80]!r} cannot be excluded: name a run, a ticket or a rater.")
    if subject is not None and subject.startswith("rater:"):
        subject = f"rater:{canonical_address(subject.removeprefix('rater:'))}"
    row = {
        "from_at": from_at.astimezone(UTC),
        "to_at": to_at.astimezone(UTC),
        "kind": kind,
        "reason": given_text(reason, "the reason"),
        "subject": subject,
    }
    with scope.write() as unit:
        entry = table(Exclusion)
        same = select(Exclusion).where(
            entry.c.account_id == scope.account,
            entry.c.withdrawn_at.is_(None),
            *(entry.c[name].is_not_distinct_from(row[name]) for name in row if name != "reason"),
        )
        known = unit.session.exec(same).first()
        if known is not None:
            if known.entered_by != unit.author and known.reason != row["reason"]:
                raise InputError(
                    f"{known.entered_by} has excluded the same already, with another reason "
                    f"({known.reason}): leave it at that, or withdraw it first."
                )
            return known.id
        return unit.enter(Exclusion, "exclusion", row | {"finding": finding}, by="entered")


def exclusions(scope: Scope) -> list[Exclusion]:
    """The whole ledger, the latest entry first, withdrawn ones included."""
    return scope.objects(Exclusion, order_by=[table(Exclusion).c.id.desc()])


def exclusions_in_force(scope: Scope) -> list[Exclusion]:
    """The exclusions that are not withdrawn, the latest first."""
    return [entry for entry in exclusions(scope) if entry.withdrawn_at is None]


def annotate(
    scope: Scope, *, from_at: datetime, kind: str, text: str, to_at: datetime | None = None
) -> int:
    """Enter an annotation and return its id; raises InputError like `exclude`."""
    if to_at is not None:
        _check_span(from_at, to_at)
    _check_choice(kind, ANNOTATION_KINDS, "kind of annotation")
    row = {
        "from_at": from_at.astimezone(UTC),
        "to_at": to_at and to_at.astimezone(UTC),
        "kind": kind,
        "text": given_text(text, "what happened"),
    }
    with scope.write() as unit:
        return unit.enter(Annotation, "annotation", row, by="entered")


def annotations(scope: Scope, *, window: Window | None = None) -> list[Annotation]:
    """The annotations, of those that begin in a window where one is given, in order of time."""
    entry = table(Annotation).c
    inside: list[Any] = [entry.withdrawn_at.is_(None), entry.kind != COMMENT]
    if window is not None:
        start, end = window.instants(scope.zone)
        inside += [entry.from_at >= start, entry.from_at < end]
    return scope.objects(Annotation, *inside, order_by=[entry.from_at, entry.id])


def comment(scope: Scope, figure: str, text: str) -> int:
    """Enter a comment on the figure of that name and return its id; raises InputError."""
    row = {"kind": COMMENT, "figure": figure, "text": given_text(text, "the comment")}
    with scope.write() as unit:
        return unit.enter(Annotation, "annotation", row, by="entered", from_at=clock.now())


def comments(
    scope: Scope, *, figure: str | None = None, since: datetime | None = None
) -> list[Annotation]:
    """The comments on a figure, or on all of them, in order of time; `since` some instant."""
    entry = table(Annotation).c
    own: list[Any] = [entry.withdrawn_at.is_(None), entry.kind == COMMENT]
    if figure is not None:
        own.append(entry.figure == figure)
    if since is not None:
        own.append(entry.from_at >= since)
    return scope.objects(Annotation, *own, order_by=[entry.from_at, entry.id])


def chart_events(scope: Scope) -> list[Event]:
    """Annotations and excluded times in force, as charts over time mark them."""
    return as_events(annotations(scope), exclusions_in_force(scope), scope.zone)


def as_events(
    noted: Iterable[Annotation], excluded: Iterable[Exclusion], zone: ZoneInfo
) -> list[Event]:
    """Annotations and excluded times in local time."""

    def wall(at: datetime) -> datetime:
        return at.astimezone(zone).replace(tzinfo=None)

    return [
        *(Event(wall(e.from_at), e.text, ANNOTATION_KINDS[e.kind], e.entered_by) for e in noted),
        *(
            Event(wall(e.from_at), e.reason, EXCLUDED, e.entered_by, wall(e.to_at))
            for e in excluded
            if e.subject is None
        ),
    ]


def withdraw(scope: Scope, model: type[Exclusion] | type[Annotation], number: int) -> None:
    """Withdraw an exclusion, so that its rows count again, or an annotation; the store keeps it."""
    with scope.write() as unit:
        gone = "There is no such entry: the list may have changed. Reload the page."
        known = unit.known(model, number, gone)
        if known.withdrawn_at is not None:
            return
        stamp = {"withdrawn_by": unit.author, "withdrawn_at": clock.now()}
        unit.upsert(model, [{"id": number, **stamp}])
        before, after = {"withdrawn": False}, {"withdrawn": True}
        unit.record_change(f"{table(model).name} {number}", before=before, after=after)


def _check_span(from_at: datetime, to_at: datetime) -> None:
    if from_at.utcoffset() is None or to_at.utcoffset() is None:
        raise InputError("Give both times with their time zone.")
    # In UTC: within a zone Python compares wall clocks, also across a change of the clocks.
    if to_at.astimezone(UTC) <= from_at.astimezone(UTC):
        raise InputError("The end lies before the beginning: swap them.")


def _check_choice(value: str, known: Collection[str], what: str) -> None:
    if value not in known:
        raise InputError(f"{value!r} is no {what}: choose {', '.join(known)}.")


def change_criterion(
    scope: Scope,
    key: str,
    *,
    seen: Mapping[str, Any],
    direction: str,
    target: float,
    upper_target: float | None = None,
    owner: str,
    rationale: str,
) -> None:
    """Change a criterion of the account, and note who changed what in its history.

    `upper_target` counts only where the direction is within; `seen` are the fields as they were
    shown: see `Unit.merge`. Raises InputError for a target that is impossible or can never be met.
    """
    upper = upper_target if direction == "within" else None
    with scope.write() as unit:
        known = unit.known(Criterion, key, f"There is no criterion {key!r} in this account.")
        _check_target(direction, target, upper, known.unit)
        after = {
            "target": float(target),
            "upper_target": None if upper is None else float(upper),
            "direction": direction,
            "owner": given_text(owner, "who answers for it"),
            "rationale": given_text(rationale, "why it matters"),
        }
        unit.revise(known, f"criterion {key}", after, seen, together=AIM)


def _check_target(direction: str, target: float, upper: float | None, unit: str) -> None:
    if direction not in {"above", "below", "within"}:
        raise InputError("A target is above, below, or within two values.")
    least, most = POSSIBLE.get(unit, (-math.inf, math.inf))
    for value in (target, upper):
        if value is not None and not (math.isfinite(value) and least <= value <= most):
            between = WRITTEN.get(unit, f"{least:,.0f} and {most:,.0f}")
            raise InputError(f"This target is impossible: choose one between {between}.")
    # No value exceeds the highest possible one, or falls below the lowest.
    unreachable = target == (most if direction == "above" else least)
    if direction != "within" and unreachable:
        raise InputError("No value can ever meet this target: choose one that can be reached.")
    if direction == "within" and (upper is None or upper <= target):
        raise InputError("The upper end of the target lies above the lower one: raise it.")
