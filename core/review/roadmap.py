"""The roadmap: opportunities, their scores, and whether earlier estimates came true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core.analytics.dates import Window
from core.base import clock, text
from core.base.errors import InputError
from core.base.stats import Verdict
from core.base.text import given_text
from core.criteria.baselines import difference
from core.criteria.verdicts import CriterionResult, evaluate
from core.feedback.themes.assignment import Theme
from core.feedback.themes.edit import take_over
from core.feedback.themes.figures import Reach
from core.store import Criterion, Opportunity, Scope, Unit, table

# Keys as they are stored, and what a person reads.
STATUSES = {"open": "Open", "planned": "Planned", "done": "Done", "dropped": "Dropped"}
LONGEST_TITLE = 120
LONGEST_PROBLEM = 2_000
# What an opportunity names before it is planned.
PROMISED = ("criterion_key", "direction", "due_from", "due_to")
# What it moves is decided as one: the impact is in the criterion's unit.
MOVES = ("criterion_key", "direction", "impact")
# The fields of an opportunity that can be changed after it was entered.
DECIDED = frozenset(
    {
        *("title", "problem", "criterion_key", "impact", "confidence", "effort", "metric"),
        *("direction", "due_from", "due_to", "status", "note"),
    }
)
# The confidence that there is a gap to close, by the verdict of the criterion.
CONFIDENCE = {Verdict.MISSED: 0.9, Verdict.NOT_PROVEN: 0.5, Verdict.MET: 0.2, Verdict.NO_DATA: 0.1}
# An improvement of a criterion that is met counts as closing this part of a gap.
WITHOUT_GAP = 0.1
# Limits of a high or low impact, a high frequency, and a low effort in days.
HIGH_IMPACT, LOW_IMPACT = 0.5, 0.2
HIGH_FREQUENCY = 10
LOW_EFFORT = 3.0
AS_EXPECTED = "as expected"


@dataclass(frozen=True)
class Scored:
    """An opportunity and the result of its criterion, with the score that follows from them."""

    opportunity: Opportunity
    result: CriterionResult | None

    @property
    def reach(self) -> int:
        """The comments and tickets behind it."""
        return (self.opportunity.reach_comments or 0) + (self.opportunity.reach_tickets or 0)

    @property
    def closes(self) -> float | None:
        """The part of the criterion's gap that it could close, from 0 to 1."""
        impact = self.opportunity.impact
        if self.result is None or impact is None:
            return None
        value, criterion = self.result.estimate.value, self.result.criterion
        if value is None or criterion.is_on_target(value):
            return WITHOUT_GAP if impact > 0 else 0.0
        gap = abs(criterion.target - value)
        return min(1.0, impact / gap) if gap else WITHOUT_GAP

    @property
    def confidence(self) -> float:
        """The confidence that was entered, else that of the criterion's verdict."""
        if self.opportunity.confidence is not None:
            return self.opportunity.confidence
        return CONFIDENCE[self.result.verdict if self.result is not None else Verdict.NO_DATA]

    @property
    def score(self) -> float | None:
        """Reach x gap closed x confidence / effort; None while a factor is not decided."""
        if self.closes is None or not self.opportunity.effort:
            return None
        return self.reach * self.closes * self.confidence / self.opportunity.effort

    @property
    def priority(self) -> str | None:
        """High: a high impact with a high frequency or a low effort. Low: neither is over low."""
        if self.closes is None or not self.opportunity.effort:
            return None
        is_frequent = self.reach >= HIGH_FREQUENCY
        is_easy = self.opportunity.effort <= LOW_EFFORT
        if self.closes >= HIGH_IMPACT and (is_frequent or is_easy):
            return "high"
        if self.closes < LOW_IMPACT and not (is_frequent and is_easy):
            return "low"
        return "medium"

    @property
    def missing(self) -> tuple[str, ...]:
        """The factors that are not decided."""
        one = self.opportunity
        factors = {"criterion": self.result, "impact": one.impact, "effort": one.effort or None}
        return tuple(name for name, value in factors.items() if value is None)

    @property
    def factors(self) -> dict[str, str]:
        """The score and its factors by name; empty while one is not decided."""
        if self.score is None or self.closes is None:
            return {}
        return {
            "Reach": text.count(self.reach),
            "Gap closed": text.share(self.closes),
            "Confidence": text.share(self.confidence),
            "Effort": f"{self.opportunity.effort or 0:g} days",
            "Score": f"{self.score:.2f}",
        }

    @property
    def words(self) -> str:
        """The priority and the factors in a sentence."""
        if not self.factors:
            return f"not scored yet: {text.listed(self.missing)} to be decided"
        said = ", ".join(
            f"{text.lower_first(name)} {value}" for name, value in self.factors.items()
        )
        return f"{self.priority} priority ({said})"


@dataclass(frozen=True)
class Outcome:
    """An opportunity's criterion in its window, and in a window as long before it."""

    opportunity: Opportunity
    before: str
    after: str
    moved: str


def create_opportunity(
    scope: Scope,
    *,
    title: str,
    problem: str,
    theme: Theme | None = None,
    reach: Reach | None = None,
) -> int:
    """Enter an opportunity and return its id; a theme of the model is taken over with it.

    Raises InputError for a missing title or problem.
    """
    row: dict[str, Any] = {
        "title": given_text(title, "what it is called", longest=LONGEST_TITLE),
        "problem": given_text(problem, "what the problem is", longest=LONGEST_PROBLEM),
        "status": "open",
    }
    with scope.write() as unit:
        if theme is not None:
            row["theme_id"] = take_over(unit, theme)
        return unit.enter(Opportunity, "opportunity", row, by="created", **_counted(reach))


def opportunities(scope: Scope) -> list[Opportunity]:
    """All opportunities of an account, the latest first."""
    return scope.objects(Opportunity, order_by=[table(Opportunity).c.id.desc()])


def change_opportunity(
    scope: Scope, number: int, *, seen: Mapping[str, Any], **decided: object
) -> None:
    """Change fields of an opportunity, any of `DECIDED`, and record who changed what when.

    `seen` are the fields as they were shown: see `Unit.merge`. Raises InputError for an unknown
    opportunity and for invalid values.
    """
    with scope.write() as unit:
        gone = "There is no such opportunity: someone may have changed the list."
        known = unit.known(Opportunity, number, gone)
        after, now = _checked(unit, decided), {"decided_by": unit.author, "decided_at": clock.now()}
        after = unit.revise(known, f"opportunity {number}", after, seen, together=MOVES, **now)
        plan = {name: after.get(name, getattr(known, name)) for name in PROMISED}
        if plan["due_from"] and plan["due_to"] and plan["due_from"] > plan["due_to"]:
            raise InputError("The window ends before it begins: swap its days.")
        if after.get("status") == "planned" and None in plan.values():
            raise InputError(
                "Before it is planned, name the criterion it moves, the direction and the window."
            )


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
        raise InputError(f"An opportunity has no field {unknown[0]!r} to change.")
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
    if key is not None:
        unit.known(Criterion, key, f"There is no criterion {key!r} in this account.")
    return decided


def ranked(found: Sequence[Opportunity], results: Mapping[str, CriterionResult]) -> list[Scored]:
    """The open and planned opportunities, the highest score first, the unscored last."""
    scored = [
        Scored(one, results.get(one.criterion_key or ""))
        for one in found
        if one.status in {"open", "planned"}
    ]
    return sorted(
        scored, key=lambda one: (one.score is None, -(one.score or 0), one.opportunity.id)
    )


def outcomes(scope: Scope, found: Sequence[Opportunity], *, today: date) -> list[Outcome]:
    """The outcomes of opportunities whose window is over, the latest first."""
    told = []
    for one in found:
        window = Window(one.due_from, one.due_to)
        is_promised = one.criterion_key and one.direction and window.days is not None
        if is_promised and one.status != "dropped" and window.span[1] < today:
            told.append(_outcome(scope, one, window))
    return sorted(told, key=lambda one: str(one.opportunity.due_to), reverse=True)


def _outcome(scope: Scope, one: Opportunity, window: Window) -> Outcome:
    first, last = window.span
    day_before = first - timedelta(days=1)
    windows = (Window(day_before - (last - first), day_before), window)
    (before,), (after,) = (evaluate(scope, window=each, key=one.criterion_key) for each in windows)
    wanted = "above" if one.direction == "up" else "below"
    found = difference(wanted, before.estimate.bounds, after.estimate.bounds)
    moved = {"better": AS_EXPECTED, "worse": "against what was expected"}.get(found, found)
    was, is_now = (text.amount(r.estimate.value, r.criterion.unit) for r in (before, after))
    return Outcome(one, was, is_now, moved)


def hit_rate(told: Sequence[Outcome]) -> tuple[int, int]:
    """The number of estimates that came true, and of all whose window is over."""
    return sum(one.moved == AS_EXPECTED for one in told), len(told)
