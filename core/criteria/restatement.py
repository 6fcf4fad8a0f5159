"""A frozen baseline against today's data, and against the weeks after it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core.analytics.dates import Window, iso_week
from core.base import text
from core.base.stats import Bounds
from core.criteria.baselines import frozen_criteria, row_counts, window_of
from core.criteria.ledger import EXCLUSION_KINDS, exclusions
from core.criteria.verdicts import RULES, CriterionResult, load_result, results_by_key
from core.criteria.window_data import window_data
from core.criteria.words import CriterionRow
from core.store import BaselineWindow, Scope

MOST_WEEKS = 8
AIM = ("direction", "target", "upper_target")
# The kinds of rows that the exclusion of one run, ticket or rater leaves out.
LEAVES_OUT = {
    "enhancement": {"runs", "ratings", "thumbs"},
    "ticket": {"tickets", "ratings", "thumbs"},
    "rater": {"ratings", "thumbs", "surveys"},
}
NAMES = {
    "runs": "run",
    "ratings": "rating",
    "thumbs": "thumb",
    "tickets": "ticket",
    "surveys": "survey response",
}


@dataclass(frozen=True)
class Restated:
    """A frozen criterion whose figure differs today: both figures, and the reasons."""

    label: str
    frozen: str
    now: str
    reasons: tuple[str, ...]


def restatement(scope: Scope, baseline: BaselineWindow) -> list[Restated]:
    """The criteria of a frozen baseline that today's data gives differently, and why."""
    if baseline.content is None:
        return []
    content, window = baseline.content, window_of(baseline)
    today = results_by_key(scope, window=window)
    counts = row_counts(scope, window=window)
    exclusions_moved = _exclusions_since(scope, window, content["exclusions"])
    entered = _entered_since(scope, window, content)
    found = []
    for stored in content["criteria"]:
        key = stored["key"]
        if key not in today:
            continue
        now, frozen = CriterionRow.of(today[key]), CriterionRow.of(load_result(stored))
        was, is_now = (f"{r.value}, {text.lower_first(r.result.verdict)}" for r in (frozen, now))
        reasons = []
        if any(stored[name] != getattr(now.result.criterion, name) for name in AIM):
            reasons.append(f"the target was {frozen.target}")
        if stored["definition_version"] != now.content()["definition_version"]:
            reasons.append("the metric's definition has changed")
        if was == is_now and not reasons:
            continue
        if was != is_now:
            kinds = RULES[key].rows
            reasons += _rows_since(kinds, content["rows"], counts)
            reasons += [said for of, said in exclusions_moved if of is None or of & {*kinds}]
            reasons += [said for keys, said in entered if key in keys]
        reasons = reasons or ["rows that were already stored have changed"]
        found.append(Restated(frozen.label, was, is_now, tuple(reasons)))
    return found


def _rows_since(
    kinds: Sequence[str], then: Mapping[str, int], now: Mapping[str, int]
) -> Iterator[str]:
    for kind in kinds:
        more = now[kind] - then.get(kind, 0)
        if kind == "runs" and (late := min(more, then.get("pending", 0) - now["pending"])) > 0:
            yield f"{text.times(late, 'run')} finished late"
            more -= late
        if more > 0:
            yield f"{text.times(more, NAMES[kind])} came in later"
        elif more < 0:
            yield f"{text.times(-more, NAMES[kind])} no longer there"


def _exclusions_since(
    scope: Scope, window: Window, frozen: Sequence[Mapping[str, Any]]
) -> list[tuple[set[str] | None, str]]:
    """Changes of the ledger in a window since: the kinds of rows left out (None: all), in words."""
    start, end = window.instants(scope.zone)
    then = {entry["id"] for entry in frozen}
    said = []
    for entry in exclusions(scope):
        if not entry.touches(start, end):
            continue
        kinds = LEAVES_OUT[entry.subject.partition(":")[0]] if entry.subject else None
        if entry.withdrawn_at is None and entry.id not in then:
            kind = text.lower_first(EXCLUSION_KINDS[entry.kind])
            said.append((kinds, f"exclusion added: {kind}, {entry.reason}"))
        elif entry.withdrawn_at is not None and entry.id in then:
            said.append((kinds, f"exclusion withdrawn: {entry.reason}"))
    return said


def _entered_since(
    scope: Scope, window: Window, content: Mapping[str, Any]
) -> list[tuple[tuple[str, ...], str]]:
    """Inputs that people have changed since: the keys of the criteria that use them, in words."""
    data = window_data(scope, window=window)
    then = {one["key"]: one for one in content["roi"]["inputs"]}
    said: list[tuple[tuple[str, ...], str]] = [
        (("roi",), f"{text.lower_first(one.label)} was {_input(was['value'])}")
        for one in data.roi.inputs
        if (was := then.get(one.key)) is not None
        and was["value"] != one.value
        # A counted number is no input: its rows are told.
        and not was["origin"] == one.origin == "counted"
    ]
    live = (content["comparison"]["go_live"] or {}).get("day")
    if live != (data.go_live and str(data.go_live)):
        was = f"the go-live date was {live}" if live else "no go-live date was entered"
        said.append((("time_reduction", "roi"), was))
    return said


def _input(value: float | str | None) -> str:
    if value is None:
        return "not entered"
    return value if isinstance(value, str) else text.amount(value, "")


@dataclass(frozen=True)
class LaterWeek:
    """A complete ISO week after a baseline, with the week before and the frozen criteria."""

    week: Window
    results: tuple[CriterionResult, ...]
    before: Mapping[str, CriterionResult]
    frozen: Mapping[str, Mapping[str, Any]]

    def rows(self) -> Iterator[dict[str, object]]:
        """A row for each criterion: value, verdict, against the baseline and the week before."""
        for result in self.results:
            key, now = result.criterion.key, result.estimate
            frozen, before = self.frozen.get(key), self.before.get(key)
            against = None
            if frozen is not None and frozen["value"] is not None and now.value is not None:
                was = (frozen["low"], frozen["high"])
                against = difference(result.criterion.direction, was, now.bounds)
            row = CriterionRow.of(
                result,
                week_before=None if before is None else before.estimate.value,
                baseline=frozen["value"] if frozen else None,
                against_baseline=against,
            )
            yield {
                "Week": self.week.label,
                "Criterion": row.label,
                "Value": row.value,
                "Verdict": str(result.verdict),
                "Baseline": row.amount(row.earlier.baseline),
                "Against the baseline": against or text.UNKNOWN,
                "Week before": row.amount(row.earlier.week_before),
                "Change": row.change,
                "Sample": now.n,
            }


def later_weeks(scope: Scope, baseline: BaselineWindow, *, today: date) -> list[LaterWeek]:
    """The latest complete ISO weeks after a frozen window, the newest first; at most eight."""
    if baseline.content is None:
        return []
    frozen = frozen_criteria(baseline)
    monday = baseline.last_day + timedelta(days=7 - baseline.last_day.weekday())
    # A week is over when its Sunday has passed.
    number = (today - monday).days // 7
    weeks = [iso_week(monday + timedelta(weeks=n)) for n in range(number)][-MOST_WEEKS:]
    found: list[LaterWeek] = []
    before: dict[str, CriterionResult] | None = None
    for week in weeks:
        if before is None:
            before = _main(scope, iso_week(week.span[0] - timedelta(weeks=1)))
        results = _main(scope, week)
        found.append(LaterWeek(week, tuple(results.values()), before, frozen))
        before = results
    return found[::-1]


def _main(scope: Scope, week: Window) -> dict[str, CriterionResult]:
    """The criteria of a week without its guardrails, by key."""
    found = results_by_key(scope, window=week)
    return {key: result for key, result in found.items() if not result.criterion.is_guardrail}


def difference(direction: str, before: Bounds, after: Bounds) -> str:
    """Better or worse where two 95 % intervals do not overlap, else "no difference proven".

    Two independent estimates of one value have such intervals by chance in well under 5 % of the
    cases (Schenker and Gentleman 2001): a careful rule that needs nothing but the intervals.
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
