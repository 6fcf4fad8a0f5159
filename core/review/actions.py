"""Actions agreed in reviews, and escalations of criteria that cannot wait for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.base import clock, text
from core.base.errors import InputError
from core.base.stats import Verdict
from core.base.text import LONGEST_NAME, given_text
from core.criteria.verdicts import CriterionResult
from core.criteria.words import CriterionRow, criterion_target, verdict_words
from core.store import Criterion, Review, ReviewAction, ReviewEscalation, Scope, Unit, table

EXPECTED = {"rise": "should rise", "fall": "should fall"}
SEVERITIES = ("critical", "high", "medium")
LEAST_SUCCESS, LONGEST_P95 = 0.90, 120.0
MUCH_WORSE = 0.20


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
        check_open(unit, week)
        if criterion_key is not None:
            gone = "There is no such criterion in this account: reload the page."
            unit.known(Criterion, criterion_key, gone)
        return unit.enter(ReviewAction, "action", row, by="decided")


def check_open(unit: Unit, week: str) -> None:
    """Raise InputError where the review of a week is closed."""
    review = unit.session.get(Review, (unit.account_id, week))
    if review is not None and review.closed_at is not None:
        raise InputError(
            f"{review.closed_by} has closed the review of {week}: it stays as it was, and this is "
            "not in it."
        )


def close_action(
    scope: Scope, action_id: int, *, seen: Mapping[str, Any], status: str, outcome: str
) -> None:
    """Mark an action as done, dropped or open again, with its outcome. Raises InputError.

    `seen` are these two as they were shown: see `Unit.merge`.
    """
    if status not in {"open", "done", "dropped"}:
        raise InputError("An action is open, done or dropped.")
    with scope.write() as unit:
        known = unit.known(ReviewAction, action_id, "There is no such action: reload the page.")
        after = {"status": status, "outcome": " ".join(outcome.split()) or None}
        by, at = (None, None) if status == "open" else (unit.author, clock.now())
        together = ("status", "outcome")
        stamp = {"closed_by": by, "closed_at": at}
        unit.revise(known, f"action {action_id}", after, seen, together=together, **stamp)


def actions(scope: Scope, *, status: str | None = None) -> list[ReviewAction]:
    """The actions of an account, those due first at the top."""
    action = table(ReviewAction).c
    of_status = [] if status is None else [action.status == status]
    return scope.objects(ReviewAction, *of_status, order_by=[action.due, action.id])


@dataclass(frozen=True)
class Escalation:
    """A criterion to escalate: severity, reason and message."""

    severity: str
    criterion_key: str
    why: str
    text: str


def escalations(
    results: Mapping[str, CriterionResult],
    before: Mapping[str, CriterionResult],
    *,
    week: str,
    account: str,
) -> list[Escalation]:
    """The criteria of a week to escalate, the most severe first.

    Critical: success under 90 %, p95 over 120 s. High: a criterion missed, or 20 % worse
    than the week before. Medium: not proven, and on the bad side of its target.
    """
    found = []
    for key, result in results.items():
        severity, why = _severity(key, result, before.get(key))
        if severity:
            row = CriterionRow.of(result)
            message = (
                f"{severity.upper()}, {account}, {week}: {row.label} is {row.value}, target "
                f"{row.target} ({row.evidence}). Why: {why}. Owner: {result.criterion.owner}. "
                "Please reply by tomorrow with the next step."
            )
            found.append(Escalation(severity, key, why, message))
    return sorted(found, key=lambda one: (SEVERITIES.index(one.severity), one.criterion_key))


def _severity(key: str, result: CriterionResult, before: CriterionResult | None) -> tuple[str, str]:
    value = result.estimate.value
    if value is None:
        return "", ""
    critical = {
        "success_rate": (value < LEAST_SUCCESS, f"only {text.share(value)} of the runs succeeded"),
        "latency_p95": (value > LONGEST_P95, f"p95 latency is {text.duration(value)}"),
    }
    is_critical, why = critical.get(key, (False, ""))
    if is_critical:
        return "critical", why
    return ("", "") if result.criterion.is_guardrail else _of_target(result, value, before)


def _of_target(
    result: CriterionResult, value: float, before: CriterionResult | None
) -> tuple[str, str]:
    if result.verdict is Verdict.MISSED:
        return "high", f"the target, {criterion_target(result.criterion)}, is missed"
    was = None if before is None else before.estimate.value
    worsens = 1 if result.criterion.direction == "below" else -1
    if was and worsens * (value - was) / abs(was) > MUCH_WORSE:
        now, then = (text.amount(x, result.criterion.unit) for x in (value, was))
        return "high", f"{now} after {then} the week before"
    if result.verdict is Verdict.NOT_PROVEN and not result.criterion.is_on_target(value):
        said = text.lower_first(verdict_words(result.judged))
        return "medium", f"{said}, and on the bad side of the target"
    return "", ""


def record_sent(scope: Scope, one: Escalation, *, week: str, sent_to: str) -> None:
    """Record that a person has sent the message. Raises InputError without a recipient."""
    to = given_text(sent_to, "to whom it was sent", longest=LONGEST_NAME)
    if one.severity not in SEVERITIES:
        raise InputError(f"{one.severity!r} is no severity.")
    with scope.write() as unit:
        message = {"severity": one.severity, "criterion_key": one.criterion_key, "text": one.text}
        row = {"week": week, "sent_to": to} | message
        unit.enter(ReviewEscalation, "escalation", row, by="sent")


def sent_of(scope: Scope, *, week: str | None = None) -> list[ReviewEscalation]:
    """The escalations that were recorded as sent, the latest first."""
    sent = table(ReviewEscalation).c
    of_week = [] if week is None else [sent.week == week]
    return scope.objects(ReviewEscalation, *of_week, order_by=[sent.id.desc()])
