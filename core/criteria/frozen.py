"""Freezing a baseline: every figure as it was shown, and later what was restated since and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import and_, func, select

from core.analytics.account_settings import note_change
from core.analytics.window import Window
from core.base import text
from core.base.errors import InputError
from core.criteria import words as criteria_words
from core.criteria.days import daily_criteria, opinions
from core.criteria.entries import EXCLUSION_KINDS, ExclusionEntry, exclusions
from core.criteria.quality import findings
from core.criteria.verdicts import evaluate, result_content
from core.criteria.window_data import WindowData, instants, window_data
from core.criteria.windows import Baseline, baselines
from core.feedback.counted_votes import cast
from core.feedback.survey_answers import survey_results
from core.store import (
    Account,
    BaselineWindow,
    Feedback,
    Scope,
    SurveyResponse,
    Ticket,
    table,
)

# A write that comes in between makes what was computed old; it is computed again so often.
ATTEMPTS = 5
# Which rows a criterion rests on, by the beginning of its key.
RESTS_ON = {
    "success_rate": ("runs",),
    "latency": ("runs",),
    "throughput": ("runs",),
    "satisfaction": ("ratings", "surveys"),
    "positive_feedback": ("thumbs",),
    "time_reduction": ("tickets", "surveys"),
    "roi": ("tickets", "surveys"),
}
# Which rows an exclusion leaves out that names a run, a ticket or a rater.
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
    """A criterion whose figure is no longer what was frozen: both, and why."""

    label: str
    frozen: str
    now: str
    reasons: tuple[str, ...]


def freeze_baseline(
    scope: Scope, baseline_id: int, *, by: str, now: datetime | None = None
) -> None:
    """Store everything that is said of a complete window, as it is said now; nothing changes it.

    Raises InputError where the window is not over, given up, or frozen already.
    """
    now = now or datetime.now(UTC)
    baseline = _open_one(scope, baseline_id, now)
    for _ in range(ATTEMPTS):
        version = scope.store.data_version(scope.account)
        content = content_of(scope, baseline.window, now=now)
        with scope.write() as unit:
            # Read in this unit: nothing can be written between here and its end.
            if unit.session.get_one(Account, scope.account).data_version != version:
                continue
            known = unit.session.get(BaselineWindow, (scope.account, baseline_id))
            if known is None or known.frozen_at is not None:
                raise InputError("Someone else has just frozen this baseline: reload the page.")
            if known.restarted_as is not None:
                raise InputError("Someone else has just given this window up: reload the page.")
            row = {"id": baseline_id, "frozen_by": by, "frozen_at": now, "content": content}
            unit.upsert(BaselineWindow, [row])
            note_change(
                unit,
                f"baseline {baseline_id}",
                by=by,
                before={"frozen": False},
                after={"frozen": True},
            )
            return
    raise InputError("Data keeps coming in: freeze again when the import or sync is over.")


def _open_one(scope: Scope, baseline_id: int, now: datetime) -> Baseline:
    found = {b.id: b for b in baselines(scope)}
    baseline = found.get(baseline_id)
    if baseline is None:
        raise InputError("There is no such baseline: reload the page.")
    state = baseline.state(now.astimezone(scope.zone).date())
    if state == "frozen":
        raise InputError("This baseline is frozen already.")
    if state != "complete":
        raise InputError(f"Only a complete window can be frozen; this one is {state}.")
    return baseline


def content_of(scope: Scope, window: Window, *, now: datetime) -> dict[str, Any]:
    """Everything that is said of a window, as JSON has it."""
    results = evaluate(scope, window=window)
    told = {
        "as_of": now.isoformat(),
        "zone": scope.zone.key,
        "first_day": str(window.start),
        "last_day": str(window.end),
        "criteria": [result_content(result) for result in results],
        "rows": row_counts(scope, window=window),
        "exclusions": [_exclusion(e) for e in _in_force(scope)],
        "findings": [
            {"check": found.check, "at": found.from_at.isoformat(), "text": found.text}
            for found in findings(scope, window=window, now=now)
        ],
        **_beside(scope, window, now),
    }
    # No database takes what is infinite or no number as JSON.
    plain: dict[str, Any] = to_jsonable_python(told, inf_nan_mode="null")
    return plain


def _beside(scope: Scope, window: Window, now: datetime) -> dict[str, Any]:
    """What is drawn and told beside the criteria, as it is at this moment."""
    data = window_data(scope, window=window)
    asked: dict[str, Any] = {"window": window}
    until = now.astimezone(scope.zone).date()
    return {
        "days": daily_criteria(scope, **asked, until=until),
        "opinions": opinions(scope, **asked),
        "comparison": data.comparison,
        "roi": data.roi,
        "survey": survey_results(scope, **asked, without=data.without),
    }


def _exclusion(entry: ExclusionEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "from": entry.from_at.isoformat(),
        "to": entry.to_at.isoformat(),
        "kind": entry.kind,
        "reason": entry.reason,
        "subject": entry.subject,
        "by": entry.entered_by,
        "at": entry.entered_at.isoformat(),
    }


def _in_force(scope: Scope) -> list[ExclusionEntry]:
    return [e for e in exclusions(scope) if e.withdrawn_at is None]


def row_counts(scope: Scope, *, window: Window) -> dict[str, int]:
    """How many rows of each kind lie in a window, excluded or not."""
    runs = WindowData(scope, window).runs
    counts = {"runs": runs.finished, "pending": runs.pending}
    votes, answers, tickets = (table(m).c for m in (Feedback, SurveyResponse, Ticket))
    wanted = {
        "thumbs": (votes, votes.created_day, and_(cast(), votes.thumb.is_not(None))),
        "ratings": (votes, votes.created_day, and_(cast(), votes.rating.is_not(None))),
        "surveys": (answers, answers.answered_day, answers.account_id.is_not(None)),
        "tickets": (tickets, tickets.day, tickets.resolved_at.is_not(None)),
    }
    with scope.read() as session:
        for name, (columns, day, condition) in wanted.items():
            number = select(func.count()).where(
                columns.account_id == scope.account,
                day.between(window.start, window.end),
                condition,
            )
            counts[name] = session.connection().execute(number).scalar_one()
    return counts


def restatement(scope: Scope, baseline: Baseline) -> list[Restated]:
    """The criteria of a frozen baseline whose figures today's data gives otherwise, and why."""
    if baseline.content is None:
        return []
    content = baseline.content
    now = evaluate(scope, window=baseline.window)
    counts = row_counts(scope, window=baseline.window)
    by_key = {result.criterion.key: result for result in now}
    moved = _exclusions_since(scope, baseline.window, content["exclusions"])
    entered = _entered_since(scope, baseline.window, content)
    found = []
    for frozen in content["criteria"]:
        result = by_key.get(frozen["key"])
        if result is None:
            continue
        was, is_now = _said(frozen), _said(result_content(result))
        aims = _aims(frozen, result_content(result))
        if was == is_now and not aims:
            continue
        reasons = [*aims]
        if was != is_now:
            key = frozen["key"]
            reasons += _rows_since(key, content["rows"], counts)
            reasons += [said for kinds, said in moved if kinds is None or kinds & {*_rests_on(key)}]
            reasons += [said for keys, said in entered if key in keys]
        reasons = reasons or ["rows that were there have changed"]
        found.append(Restated(frozen["label"], was, is_now, tuple(reasons)))
    return found


def _said(criterion: Mapping[str, Any]) -> str:
    value = text.amount(criterion["value"], criterion["unit"])
    return f"{value}, {text.lower_first(criterion['verdict'])}"


def _aims(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    said = []
    if any(frozen[name] != now[name] for name in ("direction", "target", "upper_target")):
        said.append(f"the target was {criteria_words.target(**_aim(frozen))}")
    if frozen["definition_version"] != now["definition_version"]:
        said.append("the metric's definition has changed")
    return said


def _aim(criterion: Mapping[str, Any]) -> dict[str, Any]:
    return {name: criterion[name] for name in ("direction", "target", "upper_target", "unit")}


def _rows_since(key: str, then: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    said = []
    for kind in _rests_on(key):
        more = now[kind] - then.get(kind, 0)
        if kind == "runs" and (late := min(more, then.get("pending", 0) - now["pending"])) > 0:
            said.append(f"{text.times(late, 'run')} finished late")
            more -= late
        if more > 0:
            said.append(f"{text.times(more, NAMES[kind])} came in later")
        elif more < 0:
            said.append(f"{text.times(-more, NAMES[kind])} no longer there")
    return said


def _rests_on(key: str) -> Sequence[str]:
    return next((kinds for start, kinds in RESTS_ON.items() if key.startswith(start)), ())


def _exclusions_since(
    scope: Scope, window: Window, frozen: Sequence[Mapping[str, Any]]
) -> list[tuple[set[str] | None, str]]:
    """What was added to or withdrawn from the ledger of these days; of which rows, None for all."""
    start, end = instants(scope.zone, window)
    inside = [e for e in exclusions(scope) if e.from_at < end and e.to_at > start]
    then = {entry["id"] for entry in frozen}
    said = []
    for entry in inside:
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
    """What people have entered otherwise since, and the criteria that are computed from it."""
    data = window_data(scope, window=window)
    then = {one["key"]: one for one in content["roi"]["inputs"]}
    said: list[tuple[tuple[str, ...], str]] = [
        (("roi",), f"{text.lower_first(one.label)} was {_input(was['value'])}")
        for one in data.roi.inputs
        if (was := then.get(one.key)) is not None
        and was["value"] != one.value
        # What is counted is no input: its rows are told.
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
