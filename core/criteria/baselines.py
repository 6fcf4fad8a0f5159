"""The life of a baseline, and a frozen one against today's data and later weeks.

It is planned, collecting, complete, frozen; or given up for another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
from pydantic_core import to_jsonable_python
from sqlmodel import select

from core.analytics.dates import Window, iso_week
from core.base import clock, text
from core.base.errors import InputError
from core.base.stats import Bounds
from core.base.text import LONGEST_NAME, given_text
from core.criteria.days import daily_criteria, opinions
from core.criteria.ledger import AIM, EXCLUSION_KINDS, exclusions, exclusions_in_force
from core.criteria.quality import findings
from core.criteria.verdicts import (
    RULES,
    RULES_VERSION,
    CriterionResult,
    evaluate,
    load_result,
    result_content,
    results_by_key,
)
from core.criteria.window_data import WindowData, rows_by_day, window_data
from core.criteria.words import CriterionRow
from core.feedback.surveys import survey_results
from core.store import BaselineWindow, Scope, Unit, table

USUAL_DAYS = 7
MOST_DAYS = 92
# The first day lies at most this far from today.
FARTHEST_DAYS = 366
MOST_WEEKS = 8
MISSING = "There is no such baseline: reload the page."
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


def window_of(baseline: BaselineWindow) -> Window:
    """The days of a baseline, under its name."""
    return Window(baseline.first_day, baseline.last_day, baseline.name)


def baselines(scope: Scope) -> list[BaselineWindow]:
    """Every baseline window of the account, the latest days first."""
    window = table(BaselineWindow).c
    return scope.objects(BaselineWindow, order_by=[window.first_day.desc(), window.id.desc()])


def frozen_baseline(scope: Scope) -> BaselineWindow | None:
    """The latest frozen baseline, which later weeks are compared with."""
    return next((b for b in baselines(scope) if b.frozen_at is not None), None)


def frozen_criteria(baseline: BaselineWindow | None) -> dict[str, Mapping[str, Any]]:
    """The criteria of a frozen baseline by key, as stored; none without one."""
    content = baseline.content if baseline is not None and baseline.content else {"criteria": []}
    return {stored["key"]: stored for stored in content["criteria"]}


def plan_baseline(
    scope: Scope, *, name: str, first_day: date, days: int = USUAL_DAYS, today: date | None = None
) -> int:
    """Plan a baseline over whole days and return its id.

    It may lie in the past, where its data is already in the store. Raises InputError for an
    impossible length or first day, and where an open baseline shares a day with it.
    """
    today = today or clock.today(scope.zone)
    name = given_text(name, "how the baseline is called", longest=LONGEST_NAME)
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"A baseline has 1 to {MOST_DAYS} whole days; {USUAL_DAYS} are usual.")
    if abs((first_day - today).days) > FARTHEST_DAYS:
        raise InputError("A baseline begins within a year from today: check the date.")
    with scope.write() as unit:
        return _enter(unit, name, first_day, days)


def restart_baseline(scope: Scope, baseline_id: int, *, first_day: date) -> int:
    """Give a window up for one of the same length from a later day; returns the new id."""
    with scope.write() as unit:
        known = unit.known(BaselineWindow, baseline_id, MISSING)
        if known.frozen_at is not None:
            raise InputError("A frozen baseline stays as it is: plan another one.")
        if known.restarted_as is not None:
            raise InputError("This window was already given up for another: reload the page.")
        if first_day <= known.first_day:
            raise InputError("The new window begins after the one that is given up.")
        # Given up first: a window that is still open keeps its days.
        new = unit.next_id(BaselineWindow)
        unit.revise(known, f"baseline {baseline_id}", {"restarted_as": new}, {})
        return _enter(unit, known.name, first_day, known.days)


def _enter(unit: Unit, name: str, first_day: date, days: int) -> int:
    last_day = first_day + timedelta(days=days - 1)
    window = table(BaselineWindow).c
    taken = select(window.name).where(
        window.account_id == unit.account_id,
        window.restarted_as.is_(None),
        window.frozen_at.is_(None),
        window.first_day <= last_day,
        window.last_day >= first_day,
    )
    other = unit.session.connection().execute(taken).scalar()
    if other is not None:
        raise InputError(f"The baseline {other!r} already has some of these days.")
    row = {"name": name, "first_day": first_day, "last_day": last_day}
    return unit.enter(BaselineWindow, "baseline", row, by="planned")


def freeze_baseline(scope: Scope, baseline_id: int, *, now: datetime | None = None) -> None:
    """Store every figure of a complete window as it is now; it never changes from then on.

    Raises InputError where the window is not over, given up, or frozen already.
    """
    now = now or clock.now()
    baseline = scope.get(BaselineWindow, baseline_id)
    if baseline is None:
        raise InputError(MISSING)
    state = baseline.state(now.astimezone(scope.zone).date())
    if state == "frozen":
        raise InputError("This baseline is frozen already.")
    if state != "complete":
        raise InputError(f"Only a complete window can be frozen; this one is {state}.")

    def store_content(unit: Unit, content: dict[str, Any]) -> None:
        known = unit.known(BaselineWindow, baseline_id, MISSING)
        if known.frozen_at is not None:
            raise InputError("Someone else has just frozen this baseline: reload the page.")
        if known.restarted_as is not None:
            raise InputError("Someone else has just given this window up: reload the page.")
        row = {"id": baseline_id, "frozen_by": unit.author, "frozen_at": now, "content": content}
        unit.upsert(BaselineWindow, [row])
        before, after = {"frozen": False}, {"frozen": True}
        unit.record_change(f"baseline {baseline_id}", before=before, after=after)

    scope.freeze(lambda: content_of(scope, window_of(baseline), now=now), store_content)


def content_of(scope: Scope, window: Window, *, now: datetime) -> dict[str, Any]:
    """Everything that a frozen baseline keeps of a window, as JSON."""
    data = window_data(scope, window=window)
    told = {
        "as_of": now.isoformat(),
        "zone": scope.zone.key,
        "first_day": str(window.start),
        "last_day": str(window.end),
        "criteria": [result_content(result) for result in evaluate(scope, window=window)],
        "rows": row_counts(scope, window=window),
        "exclusions": [
            {
                "id": entry.id,
                "from": entry.from_at.isoformat(),
                "to": entry.to_at.isoformat(),
                "kind": entry.kind,
                "reason": entry.reason,
                "subject": entry.subject,
                "by": entry.entered_by,
                "at": entry.entered_at.isoformat(),
            }
            for entry in exclusions_in_force(scope)
        ],
        "findings": [
            {"check": found.check, "at": found.from_at.isoformat(), "text": found.text}
            for found in findings(scope, window=window, now=now)
        ],
        "days": daily_criteria(scope, window=window, until=now.astimezone(scope.zone).date()),
        "opinions": opinions(scope, window=window),
        "comparison": data.comparison,
        "roi": data.roi,
        "survey": survey_results(scope, window=window, without=data.without),
    }
    # Databases refuse infinity and NaN in JSON.
    plain: dict[str, Any] = to_jsonable_python(told, inf_nan_mode="null")
    return plain


def row_counts(scope: Scope, *, window: Window) -> dict[str, int]:
    """The number of rows of each kind in a window, excluded ones included."""
    runs = WindowData(scope, window).runs
    kinds = ("thumbs", "ratings", "surveys", "tickets")
    return {"runs": runs.finished, "pending": runs.pending} | {
        kind: sum(rows_by_day(scope, window, kind).values()) for kind in kinds
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
        is_like = now.is_like(frozen)
        reasons = []
        if any(stored[name] != getattr(now.result.criterion, name) for name in AIM):
            reasons.append(f"the target was {frozen.target}")
        if stored["definition_version"] != now.content()["definition_version"]:
            reasons.append("the metric's definition has changed")
        if is_like and not reasons:
            continue
        if not is_like:
            if stored.get("rules_version") != RULES_VERSION:
                reasons.append("verdicts are computed by better rules since")
            kinds = RULES[key].rows
            reasons += _rows_since(kinds, content["rows"], counts)
            reasons += [said for of, said in exclusions_moved if of is None or of & {*kinds}]
            reasons += [said for keys, said in entered if key in keys]
        reasons = reasons or ["rows that were already stored have changed"]
        said = (frozen.judged_value, now.judged_value)
        found.append(Restated(frozen.label, *said, tuple(reasons)))
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


def later_weeks(scope: Scope, baseline: BaselineWindow, *, today: date) -> pd.DataFrame:
    """The latest complete ISO weeks after a frozen window, the newest first; at most eight.

    A row for each week and criterion without its guardrails, in words; `Sample` is a number.
    """
    if baseline.content is None:
        return pd.DataFrame()
    frozen = frozen_criteria(baseline)
    monday = baseline.last_day + timedelta(days=7 - baseline.last_day.weekday())
    # A week is over when its Sunday has passed.
    number = (today - monday).days // 7
    weeks = [iso_week(monday + timedelta(weeks=n)) for n in range(number)][-MOST_WEEKS:]
    if not weeks:
        return pd.DataFrame()
    week_before = iso_week(weeks[0].span[0] - timedelta(weeks=1))
    results = [results_by_key(scope, window=week) for week in (week_before, *weeks)]
    by_week = [
        [
            _later(week, result, before.get(key), frozen.get(key))
            for key, result in now.items()
            if not result.criterion.is_guardrail
        ]
        for week, (before, now) in zip(weeks, pairwise(results), strict=True)
    ]
    return pd.DataFrame([row for rows in by_week[::-1] for row in rows])


def _later(
    week: Window,
    result: CriterionResult,
    before: CriterionResult | None,
    frozen: Mapping[str, Any] | None,
) -> dict[str, object]:
    """A criterion in a week: value, verdict, against the baseline and the week before."""
    now, against = result.estimate, None
    if frozen is not None and frozen["value"] is not None and now.value is not None:
        was = (frozen["low"], frozen["high"])
        against = difference(result.criterion.direction, was, now.bounds)
    row = CriterionRow.of(result, week_before=None if before is None else before.estimate.value)
    return {
        "Week": week.label,
        "Criterion": row.label,
        "Value": row.value,
        "Verdict": str(result.verdict),
        "Baseline": row.amount(frozen["value"] if frozen else None),
        "Against the baseline": against or text.UNKNOWN,
        "Week before": row.amount(row.week_before),
        "Change": row.change,
        "Sample": now.n,
    }


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
