"""The roadmap's arithmetic, its priorities, and whether earlier estimates came true."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.analytics.dates import Window
from core.base.errors import InputError
from core.criteria.verdicts import evaluate
from core.ingest.parse.records import parse_enhancement
from core.ingest.save.platform import save_enhancements
from core.review.roadmap import (
    change_opportunity,
    create_opportunity,
    hit_rate,
    opportunities,
    outcomes,
    ranked,
)
from core.store import Opportunity as OpportunityRow
from core.store import Scope

TODAY = date(2026, 11, 20)
FIRST, LAST = date(2026, 11, 2), date(2026, 11, 8)
WINDOW = Window(FIRST, LAST, "a week")


@pytest.fixture
def store(any_store):
    for account in ("a", "b"):
        any_store.ensure_account(account, account)
    return any_store


def add_runs(store, day, completed, failed):
    objects = [
        {
            "id": f"{day}-{n}",
            "status": "completed" if n < completed else "failed",
            "processing_time_ms": 10_000,
            "created_at": datetime.combine(day, datetime.min.time(), UTC).isoformat(),
        }
        for n in range(completed + failed)
    ]
    with store.write("a") as unit:
        save_enhancements(unit, [parse_enhancement(one) for one in objects])


def entered(store, title="Cache", *, comments=0, tickets=0, **decided):
    number = create_opportunity(Scope(store, "a", "Ann"), title=title, problem="Slow")
    with store.write("a") as unit:
        reach = {"reach_comments": comments, "reach_tickets": tickets, "reach_raters": 1}
        unit.upsert(OpportunityRow, [{"id": number, **reach}])
    if decided:
        change_opportunity(Scope(store, "a", "Ann"), number, seen={}, **decided)
    return number


def scored(store):
    results = {r.criterion.key: r for r in evaluate(Scope(store, "a"), window=WINDOW)}
    return ranked(opportunities(Scope(store, "a")), results)


def test_the_score_is_reach_times_the_gap_closed_times_sureness_per_effort(store):
    add_runs(store, FIRST, 850, 150)  # 85 %, missed: 10 points below its target
    decided = {"criterion_key": "success_rate", "impact": 0.05, "effort": 4.0}
    entered(store, comments=12, tickets=8, **decided)
    (one,) = scored(store)
    assert (one.reach, one.confidence) == (20, 0.9)
    assert one.closes == pytest.approx(0.5)
    assert one.score == pytest.approx(20 * 0.5 * 0.9 / 4)
    assert one.priority == "high"
    assert one.factors == {
        "Reach": "20",
        "Gap closed": "50 %",
        "Confidence": "90 %",
        "Effort": "4 days",
        "Score": "2.25",
    }
    assert one.words == (
        "high priority (reach 20, gap closed 50 %, confidence 90 %, effort 4 days, score 2.25)"
    )


@pytest.mark.parametrize(
    ("impact", "comments", "effort", "priority"),
    [
        (0.05, 10, 30.0, "high"),  # high impact, frequent
        (0.05, 0, 3.0, "high"),  # high impact, easy
        (0.05, 9, 4.0, "medium"),  # high impact, neither
        (0.03, 10, 1.0, "medium"),
        (0.01, 9, 1.0, "low"),
        (0.01, 10, 4.0, "low"),
        (0.01, 10, 3.0, "medium"),  # a low impact, but many and easily helped
    ],
)
def test_priorities_follow_the_rules(store, impact, comments, effort, priority):
    add_runs(store, FIRST, 850, 150)
    entered(store, comments=comments, criterion_key="success_rate", impact=impact, effort=effort)
    (one,) = scored(store)
    assert one.priority == priority


def test_a_criterion_that_is_met_has_no_gap_to_close(store):
    add_runs(store, FIRST, 1_000, 0)
    entered(store, comments=10, criterion_key="success_rate", impact=0.05, effort=1.0)
    (one,) = scored(store)
    assert (one.closes, one.confidence, one.priority) == (0.1, 0.2, "medium")


def test_what_is_not_decided_is_named_and_comes_last(store):
    add_runs(store, FIRST, 850, 150)
    entered(store, "Open")
    entered(store, "Decided", criterion_key="success_rate", impact=0.01, effort=1.0, comments=1)
    entered(store, "Without effort", criterion_key="success_rate", impact=0.01, effort=0.0)
    entered(store, "Dropped", status="dropped")
    found = scored(store)
    assert [one.opportunity.title for one in found] == ["Decided", "Open", "Without effort"]
    assert found[1].missing == ("criterion", "impact", "effort")
    assert "to be decided" in found[2].words


def test_a_plan_names_criterion_direction_and_window_before_the_work_starts(store):
    number = entered(store)
    with pytest.raises(InputError, match="name the criterion"):
        change_opportunity(Scope(store, "a", "Ann"), number, seen={}, status="planned")
    promise = {"criterion_key": "success_rate", "direction": "up"}
    promise |= {"due_from": FIRST, "due_to": LAST}
    change_opportunity(Scope(store, "a", "Ann"), number, seen={}, status="planned", **promise)
    assert opportunities(Scope(store, "a"))[0].status == "planned"


def test_estimates_are_held_to_what_happened(store):
    before = FIRST - timedelta(days=3)
    add_runs(store, before, 800, 200)
    add_runs(store, FIRST, 990, 10)
    promise = {"criterion_key": "success_rate", "due_from": FIRST, "due_to": LAST}
    right = entered(store, "Right", direction="up", status="done", **promise)
    wrong = entered(store, "Wrong", direction="down", **promise)
    entered(store, "Dropped", direction="up", status="dropped", **promise)
    later = {"due_from": TODAY, "due_to": TODAY + timedelta(days=7)}
    entered(store, "Not over", direction="up", **(promise | later))
    entered(store, "No promise")
    told = outcomes(Scope(store, "a"), opportunities(Scope(store, "a")), today=TODAY)
    assert {one.opportunity.id: one.moved for one in told} == {
        right: "as expected",
        wrong: "against what was expected",
    }
    assert (told[0].before, told[0].after) == ("80 %", "99 %")
    assert hit_rate(told) == (1, 2)
    assert outcomes(Scope(store, "b"), opportunities(Scope(store, "b")), today=TODAY) == []
