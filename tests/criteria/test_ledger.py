"""Exclusions, annotations, criteria and baseline windows: what people decide, and its history."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.analytics.account_settings import changes
from core.analytics.dates import Window
from core.analytics.exclusions import Excluded, excluded, merged
from core.base.errors import InputError
from core.criteria.baselines import baselines, frozen_baseline, plan_baseline, restart_baseline
from core.criteria.ledger import (
    annotate,
    annotations,
    change_criterion,
    chart_events,
    comment,
    comments,
    exclude,
    exclusions,
    withdraw,
)
from core.criteria.verdicts import evaluate
from core.ingest.parse.records import parse_enhancement
from core.ingest.save.platform import save_enhancements
from core.store import Annotation, Enhancement, Exclusion, Scope, table

TODAY = date(2026, 11, 18)
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(any_store):
    any_store.ensure_account("a", "Account a")
    any_store.ensure_account("b", "Account b")
    return any_store


def excluded_hour(store, account="a", at=NOON, **more):
    return exclude(
        Scope(store, account, "Ann"),
        from_at=at,
        to_at=at + HOUR,
        **{"kind": "outage", "reason": "The database was down"} | more,
    )


def test_a_comment_is_on_its_figure_alone_and_marks_no_chart(store):
    ann = Scope(store, "a", "Ann")
    number = comment(ann, "p95 latency", "  Slow since\nthe release ")
    assert comment(ann, "p95 latency", "Slow since the release") == number  # the answer was lost
    comment(ann, "Bugs", "Fewer than I thought")
    comment(Scope(store, "b", "Bob"), "p95 latency", "Ours is fine")
    (one,) = comments(ann, figure="p95 latency")
    assert (one.text, one.entered_by, one.figure) == (
        *("Slow since the release", "Ann", "p95 latency"),
    )
    assert [known.text for known in comments(ann, since=one.from_at)] == [
        *("Slow since the release", "Fewer than I thought")
    ]
    assert annotations(ann) == chart_events(ann) == []
    withdraw(ann, Annotation, number)
    assert comments(ann, figure="p95 latency") == []
    for nothing in ("", " \n"):
        with pytest.raises(InputError):
            comment(ann, "Bugs", nothing)


def test_an_exclusion_is_kept_with_who_and_why_and_can_be_withdrawn(store):
    number = excluded_hour(store, reason="  The database \n was down ")
    (entry,) = exclusions(Scope(store, "a"))
    assert (entry.id, entry.reason, entry.entered_by) == (number, "The database was down", "Ann")
    assert excluded(Scope(store, "a")) == Excluded(spans=((NOON, NOON + HOUR),))
    withdraw(Scope(store, "a", "Bob"), Exclusion, number)
    (entry,) = exclusions(Scope(store, "a"))
    assert entry.withdrawn_by == "Bob"
    assert not excluded(Scope(store, "a"))
    history = changes(Scope(store, "a"), subject=f"exclusion {number}")
    assert [change.by for change in history] == ["Bob", "Ann"]
    assert history[1].after["reason"] == "The database was down"


def test_the_same_exclusion_is_entered_once_but_again_after_it_was_withdrawn(store):
    first = excluded_hour(store)
    assert excluded_hour(store, reason="Said otherwise") == first
    withdraw(Scope(store, "a", "Ann"), Exclusion, first)
    assert excluded_hour(store) != first


def test_exclusions_of_one_account_leave_the_other_alone(store):
    number = excluded_hour(store)
    assert not excluded(Scope(store, "b"))
    with pytest.raises(InputError, match="no such entry"):
        withdraw(Scope(store, "b", "Eve"), Exclusion, number)
    assert excluded(Scope(store, "a"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"to_at": NOON}, "before the beginning"),
        ({"to_at": NOON - HOUR}, "before the beginning"),
        ({"from_at": NOON.replace(tzinfo=None)}, "with their time zone"),
        ({"kind": "weather"}, "choose outage"),
        ({"reason": " \n"}, "Say the reason"),
        ({"reason": "x" * 501}, "1 to 500"),
        ({"subject": "customer:Ann"}, "cannot be excluded"),
    ],
)
def test_an_exclusion_without_sense_is_refused_with_a_sentence(store, wrong, said):
    asked = {"from_at": NOON, "to_at": NOON + HOUR, "kind": "outage", "reason": "Down"}
    with pytest.raises(InputError, match=said):
        exclude(Scope(store, "a", "A"), **(asked | wrong))
    assert exclusions(Scope(store, "a")) == []


def test_an_annotation_is_shown_until_it_is_withdrawn(store):
    number = annotate(
        Scope(store, "a", "Ann"), from_at=NOON, kind="deployment", text="Release 4 <b>"
    )
    day = NOON.date()
    around, before, after = (
        {"window": Window(one, one)}
        for one in (day, day - timedelta(days=1), day + timedelta(days=1))
    )
    assert [entry.text for entry in annotations(Scope(store, "a"), **around)] == ["Release 4 <b>"]
    assert annotations(Scope(store, "a"), **before) == annotations(Scope(store, "a"), **after) == []
    assert annotations(Scope(store, "b"), **around) == []
    withdraw(Scope(store, "a", "Ann"), Annotation, number)
    assert annotations(Scope(store, "a"), **around) == []


instants = st.integers(0, 2_880).map(lambda minute: NOON + timedelta(minutes=minute))
spans = st.lists(st.tuples(instants, instants).filter(lambda pair: pair[0] < pair[1]), max_size=8)


@given(spans, instants)
def test_merged_spans_cover_what_the_spans_covered(found, at):
    together = merged(found)
    assert Excluded(spans=together).covers(at) == any(start <= at < end for start, end in found)
    assert all(a[1] < b[0] for a, b in pairwise(together))


RUNS = [
    ("r1", NOON - HOUR),
    ("r2", NOON),
    ("r3", NOON + HOUR / 2),
    ("r4", NOON + HOUR),
    ("O'R \N{PILE OF POO}", NOON + 2 * HOUR),
]


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({}, ["O'R \N{PILE OF POO}", "r1", "r4"]),  # up to, and without, the end
        ({"subject": "enhancement:r2"}, ["O'R \N{PILE OF POO}", "r1", "r3", "r4"]),
        ({"subject": "enhancement:r4"}, ["O'R \N{PILE OF POO}", "r1", "r2", "r3", "r4"]),
        ({"subject": "ticket:r2"}, ["O'R \N{PILE OF POO}", "r1", "r2", "r3", "r4"]),
    ],
)
def test_the_condition_leaves_out_what_covers_says(store, more, left):
    runs = table(Enhancement).c
    with store.write("a") as unit:
        save_enhancements(
            unit,
            [
                parse_enhancement({"id": i, "status": "completed", "created_at": at.isoformat()})
                for i, at in RUNS
            ],
        )
    excluded_hour(store, **more)
    out = excluded(Scope(store, "a"))
    # A ticket that no run names is not excluded with the ticket of another one.
    kept = out.keeps(runs.created_at, enhancement=runs.id, ticket=runs.ticket_id)
    with store.read() as session:
        found = session.connection().execute(select(runs.id).where(kept)).scalars().all()
    assert sorted(found) == left
    assert left == sorted(i for i, at in RUNS if not out.covers(at, f"enhancement:{i}"))


def test_a_window_cuts_what_reaches_beyond_it():
    out = Excluded(spans=((NOON - HOUR, NOON + HOUR), (NOON + 5 * HOUR, NOON + 6 * HOUR)))
    assert out.within(NOON, NOON + 2 * HOUR) == ((NOON, NOON + HOUR),)
    assert out.within(NOON + HOUR, NOON + 5 * HOUR) == ()


EDIT = {"target": 0.97, "direction": "above", "owner": "Zoë", "rationale": "Agreed with Acme"}


def test_a_changed_criterion_is_judged_by_its_new_target_and_keeps_its_history(store):
    change_criterion(Scope(store, "a", "Ann"), "success_rate", seen={}, **EDIT)
    window = Window(TODAY, TODAY, "a day")
    by_key = {r.criterion.key: r for r in evaluate(Scope(store, "a"), window=window)}
    assert by_key["success_rate"].criterion.target == 0.97
    (change,) = changes(Scope(store, "a"), subject="criterion success_rate")
    assert (change.by, change.before["target"], change.after["target"]) == ("Ann", 0.95, 0.97)
    change_criterion(Scope(store, "a", "Bob"), "success_rate", seen={}, **EDIT)
    assert len(changes(Scope(store, "a"), subject="criterion success_rate")) == 1
    assert changes(Scope(store, "b"), subject="criterion success_rate") == []


@pytest.mark.parametrize(
    ("key", "wrong", "said"),
    [
        ("success_rate", {"target": 1.5}, "between 0 and 100 %"),
        ("success_rate", {"target": 1.0}, "can ever meet"),
        ("success_rate", {"target": float("nan")}, "is impossible"),
        ("latency_p95", {"target": 0.0, "direction": "below"}, "can ever meet"),
        ("satisfaction", {"target": 6.0}, "between 1 and 5"),
        ("throughput", {"target": 100, "direction": "within", "upper_target": 50}, "raise it"),
        ("throughput", {"target": 100, "direction": "within"}, "raise it"),
        ("success_rate", {"direction": "sideways"}, "above, below"),
        ("success_rate", {"owner": ""}, "who answers"),
        ("success_rate", {"rationale": "x" * 501}, "why it matters"),
        ("no such", {}, "no criterion"),
    ],
)
def test_a_target_without_sense_is_refused_with_a_sentence(store, key, wrong, said):
    with pytest.raises(InputError, match=said):
        change_criterion(Scope(store, "a", "Ann"), key, seen={}, **(EDIT | wrong))
    assert changes(Scope(store, "a"), subject=f"criterion {key}") == []


def plan(store, first_day, account="a", **more):
    return plan_baseline(
        Scope(store, account, "Ann"), name="Autumn", first_day=first_day, **{"today": TODAY} | more
    )


def test_a_baseline_goes_from_planned_to_complete(store):
    plan(store, date(2026, 11, 23))
    (baseline,) = baselines(Scope(store, "a"))
    states = {
        day: (baseline.state(day), baseline.day_number(day))
        for day in (TODAY, date(2026, 11, 23), date(2026, 11, 25), date(2026, 11, 29))
    }
    assert list(states.values()) == [
        ("planned", 0),
        ("collecting", 1),
        ("collecting", 3),
        ("collecting", 7),
    ]
    assert baseline.state(date(2026, 11, 30)) == "complete"
    assert baseline.last_day == date(2026, 11, 29)
    assert frozen_baseline(Scope(store, "a")) is None


def test_a_restart_gives_the_first_window_up_and_keeps_it(store):
    first = plan(store, date(2026, 11, 16))
    new = restart_baseline(Scope(store, "a", "Bob"), first, first_day=date(2026, 11, 23))
    by_id = {baseline.id: baseline for baseline in baselines(Scope(store, "a"))}
    assert by_id[first].state(TODAY) == "given up"
    assert by_id[first].restarted_as == new
    assert (by_id[new].first_day, by_id[new].days) == (date(2026, 11, 23), 7)
    with pytest.raises(InputError, match="given up"):
        restart_baseline(Scope(store, "a", "Bob"), first, first_day=date(2026, 11, 30))
    with pytest.raises(InputError, match="begins after"):
        restart_baseline(Scope(store, "a", "Bob"), new, first_day=date(2026, 11, 23))
    with pytest.raises(InputError, match="no such baseline"):
        restart_baseline(Scope(store, "b", "Bob"), new, first_day=date(2026, 11, 30))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"days": 0}, "1 to 92"),
        ({"days": 93}, "1 to 92"),
        ({"first_day": date(2029, 1, 1)}, "within a year"),
        ({"first_day": date(2020, 1, 1)}, "within a year"),
        ({"name": ""}, "is called"),
    ],
)
def test_a_window_without_sense_is_refused(store, asked, said):
    plain = {"name": "x", "first_day": TODAY, "today": TODAY}
    with pytest.raises(InputError, match=said):
        plan_baseline(Scope(store, "a", "Ann"), **plain | asked)


def test_two_open_baselines_do_not_share_a_day(store):
    plan(store, date(2026, 11, 16))
    with pytest.raises(InputError, match="already has some"):
        plan(store, date(2026, 11, 22))
    plan(store, date(2026, 11, 23))
    plan(store, date(2026, 11, 16), account="b")
