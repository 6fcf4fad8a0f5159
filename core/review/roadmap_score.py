"""Which opportunity first: reach, the part of a criterion's gap it could close, sureness, effort.

And whether the criteria moved as earlier opportunities had promised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from core.analytics.dates import Window
from core.base import text
from core.base.stats import Verdict
from core.criteria.restatement import difference
from core.criteria.verdicts import CriterionResult, evaluate
from core.review.roadmap import Opportunity
from core.store import Scope

# How sure it is that there is a gap, by what the interval of the criterion says of its target.
SURE = {
    Verdict.MISSED: 0.9,
    Verdict.NOT_PROVEN: 0.5,
    Verdict.MET: 0.2,
    Verdict.NO_DATA: 0.1,
}
# Of a criterion that is met, an improvement counts as if it closed this part of a gap.
WITHOUT_GAP = 0.1
# From which on an impact, a frequency and an effort (days) are high, high and low.
HIGH_IMPACT, LOW_IMPACT = 0.5, 0.2
HIGH_FREQUENCY = 10
LOW_EFFORT = 3.0
AS_EXPECTED = "as expected"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """An opportunity with its score (None while something of it is not decided) and why.

    `closes` is the part of the criterion's gap that it could close, from 0 to 1; `confidence` is
    that of the person, else that of the criterion's interval. `priority` is high, medium or low.
    """

    opportunity: Opportunity
    reach: int
    closes: float | None
    confidence: float
    score: float | None
    priority: str | None
    arithmetic: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of an opportunity's criterion in its window, against as long a time before."""

    opportunity: Opportunity
    before: str
    after: str
    moved: str


def ranked(found: Sequence[Opportunity], results: Mapping[str, CriterionResult]) -> list[Scored]:
    """The opportunities that are not done with, the highest score first, the unscored last."""
    scored = [
        _scored(one, results.get(one.criterion_key or ""))
        for one in found
        if one.status in {"open", "planned"}
    ]
    return sorted(
        scored, key=lambda one: (one.score is None, -(one.score or 0), one.opportunity.id)
    )


def _scored(one: Opportunity, result: CriterionResult | None) -> Scored:
    reach = (one.reach_comments or 0) + (one.reach_tickets or 0)
    sure = SURE[result.verdict] if result is not None else SURE[Verdict.NO_DATA]
    confidence = one.confidence if one.confidence is not None else sure
    closes = _closes(one, result)
    missing = tuple(
        name
        for name, value in (
            ("criterion", result),
            ("impact", one.impact),
            ("effort", one.effort or None),
        )
        if value is None
    )
    if missing or closes is None or not one.effort:
        return Scored(
            opportunity=one,
            reach=reach,
            closes=closes,
            confidence=confidence,
            score=None,
            priority=None,
            arithmetic=f"not scored yet: {text.listed(list(missing))} to be decided",
            missing=missing,
        )
    score = reach * closes * confidence / one.effort
    return Scored(
        opportunity=one,
        reach=reach,
        closes=closes,
        confidence=confidence,
        score=score,
        priority=_priority(closes, reach, one.effort),
        arithmetic=f"{reach} reached x {text.share(closes)} of the gap x "
        f"{text.share(confidence)} sure / {one.effort:g} days = {score:.2f}",
        missing=(),
    )


def _closes(one: Opportunity, result: CriterionResult | None) -> float | None:
    """Which part of the gap to the target the expected change would close."""
    if result is None or one.impact is None:
        return None
    value, criterion = result.estimate.value, result.criterion
    if value is None or criterion.is_on_target(value):
        return WITHOUT_GAP if one.impact > 0 else 0.0
    gap = abs(criterion.target - value)
    return min(1.0, one.impact / gap) if gap else WITHOUT_GAP


def _priority(closes: float, reach: int, effort: float) -> str:
    """High: a high impact with a high frequency or a low effort. Low: neither is more than low."""
    is_frequent, is_easy = reach >= HIGH_FREQUENCY, effort <= LOW_EFFORT
    if closes >= HIGH_IMPACT and (is_frequent or is_easy):
        return "high"
    if closes < LOW_IMPACT and not (is_frequent and is_easy):
        return "low"
    return "medium"


def outcomes(scope: Scope, found: Sequence[Opportunity], *, today: date) -> list[Outcome]:
    """What happened to the criteria of opportunities whose window is over, the latest first."""
    told = []
    for one in found:
        if None in {one.criterion_key, one.direction, one.due_from, one.due_to}:
            continue
        assert one.due_from is not None
        assert one.due_to is not None
        if one.status == "dropped" or one.due_to >= today:
            continue
        told.append(_outcome(scope, one, one.due_from, one.due_to))
    return sorted(told, key=lambda one: str(one.opportunity.due_to), reverse=True)


def _outcome(scope: Scope, one: Opportunity, first: date, last: date) -> Outcome:
    length = last - first
    before_ends = first - timedelta(days=1)
    windows = (
        Window(before_ends - length, before_ends, "before"),
        Window(first, last, "after"),
    )
    before, after = (
        next(r for r in evaluate(scope, window=window) if r.criterion.key == one.criterion_key)
        for window in windows
    )
    wanted = "above" if one.direction == "up" else "below"
    found = difference(
        wanted,
        (before.estimate.low, before.estimate.high),
        (after.estimate.low, after.estimate.high),
    )
    moved = {"better": AS_EXPECTED, "worse": "against what was expected"}.get(found, found)
    values = (text.amount(r.estimate.value, r.criterion.unit) for r in (before, after))
    was, is_now = values
    return Outcome(one, was, is_now, moved)


def hit_rate(told: Sequence[Outcome]) -> tuple[int, int]:
    """How many estimates came true, of how many whose window is over."""
    return sum(one.moved == AS_EXPECTED for one in told), len(told)
