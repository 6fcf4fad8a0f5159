"""The agenda of a week: criteria, signals, possible causes, feedback, roadmap and actions.

It is plain JSON, so that a closed review opens exactly as it was.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from pydantic_core import to_jsonable_python

from core.analytics.dates import Window, iso_week, week_named
from core.analytics.series import MetricSeries, metric_series
from core.base import clock, text
from core.base.errors import InputError
from core.base.stats import Verdict
from core.charts import Event, control_chart, with_events
from core.criteria.baselines import difference, frozen_baseline, frozen_criteria
from core.criteria.ledger import (
    EXCLUSION_KINDS,
    annotations,
    chart_events,
    comments,
    exclusions_in_force,
)
from core.criteria.quality import findings
from core.criteria.verdicts import RULES, CriterionResult, evaluate, results_by_key
from core.criteria.window_data import window_data
from core.criteria.words import CriterionRow, criteria_answer
from core.feedback.themes.figures import theme_report
from core.feedback.themes.words import trend_words
from core.review import signal_words
from core.review.actions import actions, escalations
from core.review.roadmap import opportunities, ranked
from core.review.shifts import Shift, shifts
from core.store import Review, ReviewAction, Scope, SyncRun, table


class Section(NamedTuple):
    """A step of the meeting: its name, its title, and the minutes that it has."""

    name: str
    title: str
    minutes: int


# In their order, by the keys that notes are stored under.
SECTIONS: Mapping[str, Section] = {
    "carried": Section("Actions", "What we agreed on", 3),
    "metrics": Section("Criteria", "Success criteria", 7),
    "trends": Section("Signals", "Signals", 5),
    "feedback": Section("Voices", "What people say", 5),
    "roadmap": Section("Roadmap", "Opportunities", 5),
    "actions": Section("Decide", "What we do now", 5),
}
LENGTH = timedelta(minutes=sum(section.minutes for section in SECTIONS.values()))
SERIES = (
    *("tests_created", "tests_submitted", "active_customers", "test_completion_rate"),
    *("bug_count", "decided_acceptance_rate", "rejection_rate", "review_rate"),
    *("enhancement_count", "enhancement_success_rate", "latency_p95"),
    *("average_rating", "positive_feedback_rate"),
)
WEEKS_BEFORE = 4
MOST_THEMES, MOST_OPPORTUNITIES = 5, 3
# A point beyond three deviations, and the end of a run of eight: see `core.base.control_limits`.
ALARMS_A_POINT = 0.0027 + 1 / 256


def week_of(label: str, today: date) -> Window:
    """The complete ISO week of a label; raises InputError for a week that is not over."""
    week = week_named(label)
    if week.span[1] >= today:
        raise InputError(f"{week.label} is not over: a review looks at complete weeks only.")
    return week


def seconds_left(elapsed: float) -> dict[str, float]:
    """The seconds that each section has left so long after the begin; negative: it is over."""
    ends = accumulate(60 * section.minutes for section in SECTIONS.values())
    return {
        key: min(60 * section.minutes, end - elapsed)
        for (key, section), end in zip(SECTIONS.items(), ends, strict=True)
    }


def agenda(scope: Scope, week: Window, *, now: datetime | None = None) -> dict[str, Any]:
    """Everything that the review of a complete week shows, as JSON has it."""
    now = now or clock.now()
    today = now.astimezone(scope.zone).date()
    first, last = week.span
    earlier = iso_week(first - timedelta(days=7))
    four = Window(first - timedelta(weeks=WEEKS_BEFORE), earlier.end)
    results, before, fours = (
        results_by_key(scope, window=window) for window in (week, earlier, four)
    )
    tested = shifts(
        window_data(scope, window=week),
        window_data(scope, window=four),
        {key: result.criterion.target for key, result in results.items()},
    )
    # As the series and themes were when the week had just ended.
    then = min(last + timedelta(days=1), today)
    series = metric_series(scope, SERIES, window=week, today=then)
    rows = _criteria(scope, results, before, fours)
    events = chart_events(scope)
    signals = [*_fired(series, week, events), *_moved(rows, tested)]
    raised = escalations(results, before, week=week.label, account=scope.account_name)
    main = [result for result in results.values() if not result.criterion.is_guardrail]
    told = {
        "week": week.label,
        "first_day": first,
        "last_day": last,
        "as_of": now.isoformat(),
        "zone": scope.zone.key,
        "criteria": [row.content() for row in rows],
        "answer": criteria_answer(main, week.label),
        "signals": signals,
        "series": [_series(one, week, events) for one in series],
        "expected_false_alarms": len(series) * ALARMS_A_POINT,
        "tests": [asdict(shift) | {"is_signal": shift.is_signal} for shift in tested],
        "causes": _causes(scope, week),
        "comments": _comments(scope, week),
        **standing(rows, signals, {one.criterion_key: one.why for one in raised}),
        "calm": _calm(series, {*(s["key"] for s in signals), *(e.criterion_key for e in raised)}),
        "escalations": raised,
        "themes": _themes(scope, week, today=then),
        "opportunities": [
            {"title": one.opportunity.title, "words": one.words}
            for one in ranked(opportunities(scope), results)[:MOST_OPPORTUNITIES]
        ],
        "actions": [_action(scope, one, results) for one in _carried(scope, week)],
        "findings": [
            {"check": f.check, "text": f.text, "at": f.from_at.isoformat()}
            for f in findings(scope, window=week, now=now)
        ],
    }
    plain: dict[str, Any] = to_jsonable_python(told, inf_nan_mode="null")
    return plain


def _criteria(
    scope: Scope,
    results: Mapping[str, CriterionResult],
    before: Mapping[str, CriterionResult],
    fours: Mapping[str, CriterionResult],
) -> list[CriterionRow]:
    """Each criterion with the week before, the four weeks before and the baseline."""
    frozen = frozen_criteria(frozen_baseline(scope))
    rows = []
    for key, result in results.items():
        was, base, against = before[key], frozen.get(key), None
        if base is not None:
            bounds = (base["low"], base["high"])
            against = difference(result.criterion.direction, bounds, result.estimate.bounds)
        row = CriterionRow.of(
            result,
            week_before=was.estimate.value,
            verdict_before=str(was.verdict),
            four_weeks=fours[key].estimate.value,
            baseline=None if base is None else base["value"],
            against_baseline=against,
        )
        rows.append(row)
    return rows


def _fired(
    series: Sequence[MetricSeries], week: Window, events: Sequence[Event]
) -> list[dict[str, Any]]:
    """The series in which a rule fired in this week, or in the one that has just matured."""
    found = []
    for one in series:
        at = _place(one, week)
        if at is None:
            continue
        at -= math.ceil(one.maturing_days / 7)
        better = {"up": "above", "down": "below"}.get(one.metric.better)
        sides = [signal.side for signal in one.behaviour.signals if signal.last == at]
        if not sides:
            continue
        signal = {"kind": "rule", "is_good": sides[0] == better, "words": signal_words.finding(one)}
        found.append(_drawn(one, events) | signal)
    return found


def _moved(rows: Sequence[CriterionRow], tested: Sequence[Shift]) -> list[dict[str, Any]]:
    """The criteria whose verdict changed, or that moved by more than chance."""
    sure = {shift.key for shift in tested if shift.is_signal}
    found = []
    for row in rows:
        key, verdict = row.result.criterion.key, row.result.verdict
        said, is_good = [], True
        # Of data that begins to arrive nothing has changed.
        if row.verdict_before not in {None, Verdict.NO_DATA, verdict}:
            was = text.lower_first(row.verdict_before or "")
            said.append(f"now {text.lower_first(row.verdict)}, {was} the week before")
            is_good = verdict is Verdict.MET or row.verdict_before == Verdict.MISSED
        if key in sure:
            rose = (row.result.estimate.value or 0) > (row.four_weeks or 0)
            is_good &= rose == (row.result.criterion.direction == "above")
            four = row.amount(row.four_weeks)
            said.append(f"{row.value} against {four} in the four weeks before, more than chance")
        if said:
            words = f"{row.label}: {'; '.join(said)}"
            named = {"kind": "criterion", "key": key, "label": row.label}
            found.append({**named, "words": words, "is_good": is_good, "chart": None})
    return found


def _series(one: MetricSeries, week: Window, events: Sequence[Event]) -> dict[str, Any]:
    at = _place(one, week)
    return _drawn(one, events) | {
        "value": None if at is None else one.points[at].value,
        "before": None if not at else one.points[at - 1].value,
        "finding": signal_words.short_finding(one),
        "points": [(point.period, point.value) for point in one.points],
    }


def _place(one: MetricSeries, week: Window) -> int | None:
    """The place of a week among the points of a series."""
    return next((n for n, point in enumerate(one.points) if point.period == week.label), None)


def _drawn(one: MetricSeries, events: Sequence[Event]) -> dict[str, Any]:
    """The name, unit and chart of a series, with the events marked and told."""
    metric = one.metric
    chart = control_chart(
        one.points,
        one.behaviour,
        unit=metric.unit,
        name=metric.label,
        waiting=signal_words.waiting(one),
    )
    marked = with_events(chart, events)
    return {
        "key": metric.key,
        "label": metric.label,
        "unit": metric.unit,
        "chart": marked.drawn.to_dict(),
        "subtitle": marked.under(signal_words.subtitle(one)),
        "brief": marked.under(signal_words.subtitle(one, brief=True)),
        "marked": marked.words,
    }


def _comments(scope: Scope, week: Window) -> list[dict[str, Any]]:
    """What people said of figures since the week began, or since the last review before it ended.

    Those of a week later belong to the next review.
    """
    start, end = week.instants(scope.zone)
    review = table(Review).c
    earlier = scope.objects(Review, review.week < week.label, review.closed_at > start)
    since = max([start, *(one.closed_at for one in earlier if one.closed_at)])
    return [
        {"figure": one.figure, "text": one.text, "by": one.entered_by, "at": one.from_at}
        for one in comments(scope, since=since)
        if one.from_at < end + timedelta(weeks=1)
    ]


def _causes(scope: Scope, week: Window) -> list[str]:
    """Events of the week that may explain a signal, without a claim that they do."""
    start, end = week.instants(scope.zone)

    def at(moment: datetime) -> str:
        return f"{moment.astimezone(scope.zone):%a %H:%M}"

    said = [f"{at(entry.from_at)}: {entry.text}" for entry in annotations(scope, window=week)]
    said += [
        f"{at(entry.from_at)} to {at(entry.to_at)} excluded: "
        f"{text.lower_first(EXCLUSION_KINDS[entry.kind])}, {entry.reason}"
        for entry in exclusions_in_force(scope)
        if entry.touches(start, end)
    ]
    run = table(SyncRun).c
    then = (run.status == "failed", run.started_at >= start, run.started_at < end)
    failed = scope.objects(SyncRun, *then, order_by=[run.started_at], limit=5)
    return said + [
        f"{at(one.started_at)}: the sync of {one.source} failed, {one.message}" for one in failed
    ]


def standing(
    rows: Sequence[CriterionRow], signals: Sequence[Mapping[str, Any]], escalated: Mapping[str, str]
) -> dict[str, list[str]]:
    """What is good, what is worrying, and what is stable or open: a sentence on each subject.

    A criterion, with the signals of its metric, stands in one list, a guardrail and one without
    data only where something is told of it; so does any other metric in which a rule fired. What
    is missed, escalated (`escalated` has the reasons by key) or a signal not for the better is
    worrying.
    """
    found: dict[str, list[str]] = {"positive": [], "worrying": [], "stable": []}
    others = {signal["key"]: signal for signal in signals}
    for row in rows:
        result, key = row.result, row.result.criterion.key
        own = [signal for signal in signals if signal["key"] in {key, _metric_of(key)}]
        is_told = own or key in escalated
        if not is_told and (result.criterion.is_guardrail or result.estimate.value is None):
            continue
        verdict = text.lower_first(row.verdict)
        said = [f"{row.label} is {row.value}, target {row.target}: {verdict}"]
        if result.verdict is Verdict.MET and row.against_baseline == "better":
            said.append("better than the baseline")
        if key in escalated:
            why = escalated[key].removeprefix(f"{verdict}, and ")
            said.append(f"to escalate, {why}")
        for signal in own:
            words = signal["words"].removeprefix(f"{signal['label']}: ")
            said.append(words.removeprefix(f"now {verdict}, "))
            others.pop(signal["key"], None)
        state = "positive" if own or result.verdict is Verdict.MET else "stable"
        is_good = all(signal["is_good"] for signal in own)
        if key in escalated or result.verdict is Verdict.MISSED or not is_good:
            state = "worrying"
        found[state].append(f"{'; '.join(said)}.")
    for signal in others.values():
        found["positive" if signal["is_good"] else "worrying"].append(f"{signal['words']}.")
    return found


def _calm(series: Sequence[MetricSeries], told: Iterable[str]) -> list[str]:
    """The series within their limits, without those of metrics and criteria that are told of."""
    keys = {key for one in told for key in (one, _metric_of(one))}
    return [
        one.metric.label
        for one in series
        if one.metric.key not in keys
        and one.behaviour.centre is not None
        and not one.behaviour.newest()
    ]


def _metric_of(criterion: str) -> str:
    """The key of the metric with a criterion's definition; blank where there is none."""
    return (criterion in RULES and RULES[criterion].metric) or ""


def _carried(scope: Scope, week: Window) -> list[ReviewAction]:
    """The actions of earlier weeks that were open when the review began, or are still."""
    review = scope.get(Review, week.label)
    return [
        one
        for one in actions(scope)
        if one.week < week.label
        and (
            one.status == "open" or (review and one.closed_at and one.closed_at >= review.opened_at)
        )
    ]


def _action(
    scope: Scope, one: ReviewAction, results: Mapping[str, CriterionResult]
) -> dict[str, Any]:
    """An action, and whether the criterion that it should move has moved since."""
    row: dict[str, Any] = to_jsonable_python(one)
    result = results.get(one.criterion_key or "")
    if result is None or one.expected is None:
        return row | {"moved": None, "criterion": None}
    week = week_named(one.week)
    (then,) = evaluate(scope, window=week, key=one.criterion_key)
    wanted = "above" if one.expected == "rise" else "below"
    found = difference(wanted, then.estimate.bounds, result.estimate.bounds)
    was, now = (text.amount(r.estimate.value, result.criterion.unit) for r in (then, result))
    rose = "rose" if (found == "better") == (one.expected == "rise") else "fell"
    moved = {
        "better": f"{rose} from {was} to {now}, as expected",
        "worse": f"{rose} from {was} to {now}; it was expected to {one.expected}",
    }.get(found, f"was {was} and is {now}: {found}")
    return row | {"criterion": result.criterion.label, "moved": moved}


def _themes(scope: Scope, week: Window, *, today: date) -> list[dict[str, Any]]:
    """The themes with the most comments in a week: name, a sentence, and quotes without names."""
    found = theme_report(scope, window=week, today=today)
    voiced = [one for one in found.themes if one.figures.comments]
    voiced.sort(key=lambda one: (-len(one.figures.comments), one.theme.name))
    return [
        {
            "name": one.theme.name,
            "words": f"{text.times(len(one.figures.comments), 'comment')}, "
            f"{trend_words(one.figures)}",
            "quotes": [comment.text for comment in one.figures.quotes],
        }
        for one in voiced[:MOST_THEMES]
    ]
