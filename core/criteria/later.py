"""The weeks after a baseline, each compared with it and with the week before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core.analytics.window import Window, iso_week
from core.base import text
from core.base.stats import Bounds
from core.criteria.verdicts import CriterionResult, evaluate
from core.criteria.windows import Baseline
from core.store import Scope

MOST_WEEKS = 8


@dataclass(frozen=True)
class LaterWeek:
    """A complete ISO week after a baseline, its criteria, and those of the two beside it."""

    week: Window
    results: tuple[CriterionResult, ...]
    before: Mapping[str, CriterionResult]
    frozen: Mapping[str, Mapping[str, Any]]

    def rows(self) -> Iterator[dict[str, object]]:
        """A row for each criterion: value, verdict, against the baseline and the week before."""
        for result in self.results:
            key, unit = result.criterion.key, result.criterion.unit
            frozen, before = self.frozen.get(key), self.before.get(key)
            estimate = result.estimate
            was = None if before is None else before.estimate.value
            yield {
                "Week": self.week.label,
                "Criterion": result.criterion.label,
                "Value": text.amount(estimate.value, unit),
                "Verdict": str(result.verdict),
                "Baseline": text.amount(frozen["value"] if frozen else None, unit),
                "Against the baseline": _against(result, frozen),
                "Week before": text.amount(was, unit),
                "Change": text.change(estimate.value, was, unit) or text.UNKNOWN,
                "Sample": estimate.n,
            }


def later_weeks(scope: Scope, baseline: Baseline, *, today: date) -> list[LaterWeek]:
    """The latest complete ISO weeks after a frozen window, the newest first; at most eight."""
    if baseline.content is None:
        return []
    frozen = {c["key"]: c for c in baseline.content["criteria"]}
    first = iso_week(baseline.last_day + timedelta(days=7))
    weeks = []
    week = first
    while week.end is not None and week.start is not None and week.end < today:
        weeks.append(week)
        week = iso_week(week.start + timedelta(days=7))
    weeks = weeks[-MOST_WEEKS:]
    if not weeks:
        return []
    found: list[LaterWeek] = []
    before = {r.criterion.key: r for r in _main(scope, _week_before(weeks[0]))}
    for week in weeks:
        results = _main(scope, week)
        found.append(LaterWeek(week, tuple(results), before, frozen))
        before = {result.criterion.key: result for result in results}
    return found[::-1]


def _week_before(week: Window) -> Window:
    assert week.start is not None
    return iso_week(week.start - timedelta(days=7))


def _main(scope: Scope, week: Window) -> list[CriterionResult]:
    found = evaluate(scope, window=week)
    return [result for result in found if not result.criterion.is_guardrail]


def _against(result: CriterionResult, frozen: Mapping[str, Any] | None) -> str:
    if frozen is None or frozen["value"] is None or result.estimate.value is None:
        return text.UNKNOWN
    now = (result.estimate.low, result.estimate.high)
    return difference(result.criterion.direction, (frozen["low"], frozen["high"]), now)


def difference(direction: str, before: Bounds, after: Bounds) -> str:
    """Better or worse where two 95 % intervals do not overlap, else that nothing is proven.

    Of two independent estimates such intervals are that far apart by chance in well under 5 % of
    the cases (Schenker and Gentleman 2001): a careful rule that needs nothing but the intervals.
    """
    (low, high), (new_low, new_high) = before, after
    if new_low is not None and high is not None and new_low > high:
        is_more = True
    elif new_high is not None and low is not None and new_high < low:
        is_more = False
    else:
        return "no difference proven"
    if direction == "within":
        return "more" if is_more else "less"
    return "better" if is_more == (direction == "above") else "worse"
