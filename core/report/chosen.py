"""Which baseline a report is of, and its criteria: those that were frozen, or today's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from core.analytics.dates import Window, iso_week, last_complete_week
from core.analytics.exclusions import Excluded, merged
from core.base.errors import QueryError
from core.criteria.baselines import Baseline, baselines
from core.criteria.verdicts import CriterionResult, evaluate, load_result
from core.store import Criterion, Scope

T = TypeVar("T")
WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """The days of a report; `baseline` is None where they are a week that nobody planned."""

    window: Window
    baseline: Baseline | None
    state: str

    @property
    def content(self) -> Mapping[str, Any] | None:
        """What was frozen; None before."""
        return None if self.baseline is None else self.baseline.content


def week_of(text: str) -> Window:
    """The ISO week that 2026-W47 names; raises QueryError where it names none."""
    found = WEEK.fullmatch(text.strip())
    year, week = (int(part) for part in found.groups()) if found else (0, 0)
    try:
        return iso_week(date.fromisocalendar(year, week, 1))
    except ValueError:
        raise QueryError(f"{text[:40]!r} is no week: write 2026-W47.") from None


def choose(scope: Scope, *, today: date, week: Window | None = None) -> Chosen:
    """The latest frozen baseline, else the latest complete one, else the last complete week.

    A `week` is taken as it is; the baseline that has exactly its days goes with it.
    """
    known = baselines(scope)
    if week is not None:
        same = [b for b in known if (b.first_day, b.last_day) == (week.start, week.end)]
        for state in ("frozen", "complete", "collecting"):
            for baseline in same:
                if baseline.state(today) == state:
                    return Chosen(baseline.window, baseline, state)
        return Chosen(week, None, _state_of(week, today))
    for state in ("frozen", "complete"):
        for baseline in known:
            if baseline.state(today) == state:
                return Chosen(baseline.window, baseline, state)
    return Chosen(last_complete_week(today), None, "not planned as a baseline")


def _state_of(week: Window, today: date) -> str:
    is_over = week.end is not None and week.end < today
    return "not planned as a baseline" if is_over else "not over yet"


def results_of(scope: Scope, chosen: Chosen) -> list[CriterionResult]:
    """The criteria as they were frozen, else as today's data has them.

    Where it was not frozen how much more it takes, today's data says it if it still gives the
    figure.
    """
    now = evaluate(scope, window=chosen.window)
    if chosen.content is None:
        return now
    by_key = {result.criterion.key: result for result in now}
    return [_with_today(result, by_key) for result in map(load_result, chosen.content["criteria"])]


def _with_today(frozen: CriterionResult, now: Mapping[str, CriterionResult]) -> CriterionResult:
    key = frozen.criterion.key
    today = now.get(key)
    if today is None:
        return frozen
    criterion = Criterion(
        **(frozen.criterion.model_dump() | {"rationale": today.criterion.rationale})
    )
    judged = frozen.judged
    aim = ("direction", "target", "upper_target")
    is_same = judged.estimate == today.estimate and all(
        getattr(criterion, name) == getattr(today.criterion, name) for name in aim
    )
    if is_same and judged.more_needed is None:
        more, days = today.judged.more_needed, today.judged.more_days
        judged = replace(judged, more_needed=more, more_days=days)
    return replace(frozen, criterion=criterion, judged=judged, metric=today.metric)


def load_frozen(chosen: Chosen, name: str, kind: type[T]) -> T | None:
    """What was frozen under a name, as what it was; None where nothing is frozen."""
    if chosen.content is None:
        return None
    return TypeAdapter(kind).validate_python(chosen.content[name])


def frozen_exclusions(content: Mapping[str, Any]) -> Excluded:
    """What the figures left out when they were frozen."""
    entries = [
        (datetime.fromisoformat(one["from"]), datetime.fromisoformat(one["to"]), one["subject"])
        for one in content["exclusions"]
    ]
    return Excluded(
        spans=merged([(start, end) for start, end, subject in entries if subject is None]),
        subjects=tuple((subject, start, end) for start, end, subject in entries if subject),
    )
