"""What is good, worrying and stable: each subject in one list, over all combinations."""

from datetime import date, datetime
from itertools import product
from types import SimpleNamespace

import pytest

from core.analytics.dates import Window
from core.analytics.definitions import METRICS
from core.analytics.series import MetricSeries
from core.base.control_limits import SCALES, Point, behaviour
from core.base.stats import Estimate, Verdict
from core.charts import Event
from core.review.agenda import _calm, _fired, standing

# A criterion whose metric has another key, one whose metric has the same, and one without.
KEYS = {"success_rate": "enhancement_success_rate", "latency_p95": "latency_p95", "roi": None}
LISTS = ("positive", "worrying", "stable")


def row(key, verdict, *, is_guardrail=False):
    known = verdict is not Verdict.NO_DATA
    estimate = Estimate(value=0.9 if known else None, method="", reason="" if known else "none")
    criterion = SimpleNamespace(key=key, is_guardrail=is_guardrail)
    result = SimpleNamespace(criterion=criterion, verdict=verdict, estimate=estimate)
    words = {"label": key, "value": "90 %", "target": "over 95 %", "verdict": str(verdict)}
    return SimpleNamespace(**words, against_baseline=None, result=result)


def moved(key, is_good):
    words = f"{key}: now other"
    return {"kind": "criterion", "key": key, "label": key, "words": words, "is_good": is_good}


def fired(key, is_good):
    label = METRICS[key].label
    words = f"{label}: above the limits"
    return {"kind": "rule", "key": key, "label": label, "words": words, "is_good": is_good}


def expected(verdict, signals, *, is_escalated):
    """The rule in other words: worries first, then what is good, then the rest."""
    if is_escalated or verdict is Verdict.MISSED:
        return "worrying"
    if any(not one["is_good"] for one in signals):
        return "worrying"
    return "positive" if signals or verdict is Verdict.MET else "stable"


SIGNALS = [*product((None, True, False), repeat=2)]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("is_guardrail", [False, True])
@pytest.mark.parametrize("is_escalated", [False, True])
def test_each_criterion_stands_in_one_list(key, is_guardrail, is_escalated):
    for verdict, (turn, rule) in product(Verdict, SIGNALS):
        metric = KEYS[key]
        signals = [] if turn is None else [moved(key, turn)]
        if rule is not None and metric:
            signals.append(fired(metric, rule))
        escalated = {key: "too slow"} if is_escalated else {}
        others = [fired("bug_count", False), fired("tests_created", True)]
        found = standing(
            [row(key, verdict, is_guardrail=is_guardrail), row("other", Verdict.NOT_PROVEN)],
            [*signals, *others],
            escalated,
        )
        assert tuple(found) == LISTS
        places = [name for name in LISTS for said in found[name] if said.startswith(f"{key} ")]
        if not (is_escalated or signals) and (is_guardrail or verdict is Verdict.NO_DATA):
            assert places == []
        else:
            assert places == [expected(verdict, signals, is_escalated=is_escalated)]
        # Whatever else a rule marked is told once, and what is open is told as well.
        told = [said for name in LISTS for said in found[name]]
        assert len(told) == len(places) + 3
        assert any(said.startswith("Bugs: ") for said in found["worrying"])
        assert any(said.startswith("Tests created: ") for said in found["positive"])
        assert any(said.startswith("other ") for said in found["stable"])
        if signals and places:
            assert any("above the limits" in s or "now other" in s for s in found[places[0]])


def series(key, *values, waits=0, open_ones=0):
    metric = METRICS[key]
    last = len(values) - open_ones
    points = [
        Point(f"2026-W{n:02}", value, 100 if metric.kind == "share" else None, n <= last)
        for n, value in enumerate(values, 1)
    ]
    found = behaviour(points, kind=metric.kind, scale=SCALES.get(metric.unit))
    return MetricSeries(metric, "week", tuple(points), found, waits)


WEEK = Window(date(2026, 6, 22), date(2026, 6, 28), "2026-W26")


def test_calm_is_what_has_limits_and_nothing_told_of_it():
    steady = [10, 12] * 13
    known = [
        series("tests_created", *steady),
        series("bug_count", *steady),
        series("tests_submitted", *steady[:-1], 40),
        series("active_customers", 1, 2, 3),
        series("latency_p95", *steady),
        series("enhancement_success_rate", *[0.9, 0.91] * 13),
    ]
    assert _calm(known, []) == [
        *("Tests created", "Bugs", "p95 latency", "Enhancement success rate")
    ]
    assert _calm(known, ["success_rate", "latency_p95"]) == ["Tests created", "Bugs"]


def test_a_rule_that_fired_says_whether_it_is_good():
    rose, fell = (series("tests_created", *[10, 12] * 12, 11, last) for last in (40, 0))
    assert [one["is_good"] for one in _fired([rose, fell], WEEK, [])] == [True, False]
    release = Event(datetime(2026, 6, 24), "Release 4.2", "Deployment")  # noqa: DTZ001  # local
    (told,) = _fired([rose], WEEK, [release])
    assert told["marked"] == "Marked: 24 Jun 2026: Deployment, Release 4.2"
    assert "Release 4.2" in str(told["chart"])
    # Neither way is better: it is looked into.
    bugs = series("bug_count", *[10, 12] * 12, 11, 40)
    assert [one["is_good"] for one in _fired([bugs], WEEK, [])] == [False]


def test_what_matured_two_weeks_later_is_told_then():
    weeks = [0.2, 0.22] * 11
    rejected = series("rejection_rate", *weeks, 0.21, 0.6, 0.2, 0.2, waits=10, open_ones=2)
    (told,) = _fired([rejected], WEEK, [])
    assert not told["is_good"]
    assert "2026-W24 is above the limits" in told["words"]
    later = Window(date(2026, 6, 15), date(2026, 6, 21), "2026-W25")
    assert _fired([rejected], later, []) == []
