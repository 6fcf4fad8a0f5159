"""Escalations: criteria that cannot wait for the next review, by rules, with a message each."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.base import clock, text
from core.base.errors import InputError
from core.base.stats import Verdict
from core.base.text import given_text
from core.criteria.verdicts import CriterionResult
from core.criteria.words import criterion_evidence, criterion_target
from core.store import ReviewEscalation, Scope, table

SEVERITIES = ("critical", "high", "medium")
LEAST_SUCCESS, LONGEST_P95 = 0.90, 120.0
MUCH_WORSE = 0.20
LONGEST_NAME = 100


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
            text = _message(result, why, severity, week, account)
            found.append(Escalation(severity, key, why, text))
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
        return "high", f"the target, {criterion_target(result)}, is missed"
    was = None if before is None else before.estimate.value
    if was and _worse(result, value, was) > MUCH_WORSE:
        now, then = (text.amount(x, result.criterion.unit) for x in (value, was))
        return "high", f"{now} after {then} the week before"
    if result.verdict is Verdict.NOT_PROVEN and not result.criterion.is_on_target(value):
        return "medium", "not proven, and on the bad side of the target"
    return "", ""


def _worse(result: CriterionResult, value: float, was: float) -> float:
    """The relative worsening of a value; below 0 where it is better."""
    fell = (was - value) / abs(was)
    return -fell if result.criterion.direction == "below" else fell


def _message(result: CriterionResult, why: str, severity: str, week: str, account: str) -> str:
    criterion = result.criterion
    value = text.amount(result.estimate.value, criterion.unit)
    return (
        f"{severity.upper()}, {account}, {week}: {criterion.label} is {value}, target "
        f"{criterion_target(result)} ({criterion_evidence(result)}). Why: {why}. "
        f"Owner: {criterion.owner}. Please reply by tomorrow with the next step."
    )


def record_sent(scope: Scope, one: Escalation, *, week: str, sent_to: str) -> None:
    """Record that a person has sent the message. Raises InputError without a recipient."""
    to = given_text(sent_to, "to whom it was sent", longest=LONGEST_NAME)
    if one.severity not in SEVERITIES:
        raise InputError(f"{one.severity!r} is no severity.")
    with scope.write() as unit:
        row = {
            "id": unit.next_id(ReviewEscalation),
            "week": week,
            "severity": one.severity,
            "criterion_key": one.criterion_key,
            "text": one.text,
            "sent_to": to,
            "sent_by": unit.author,
            "sent_at": clock.now(),
        }
        unit.upsert(ReviewEscalation, [row])


def sent_of(scope: Scope, *, week: str | None = None) -> list[ReviewEscalation]:
    """The escalations that were recorded as sent, the latest first."""
    sent = table(ReviewEscalation).c
    of_week = [] if week is None else [sent.week == week]
    return scope.objects(ReviewEscalation, *of_week, order_by=[sent.id.desc()])
