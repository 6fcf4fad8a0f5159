"""Two people who edit the same: what does not collide stays, what does is told to the second."""

from datetime import timedelta

import pytest

from core.analytics.account_settings import (
    EngagementSettings,
    LeaderboardSettings,
    changes,
    fields_of,
    save_settings,
    settings_of,
)
from core.analytics.dates import Window
from core.base import clock
from core.base.errors import Conflict, InputError
from core.criteria.ledger import change_criterion, exclude, exclusions
from core.criteria.verdicts import criteria_of
from core.feedback.themes.edit import (
    add_rule,
    delete_theme,
    make_theme,
    merge_themes,
    pin_theme,
    rename_theme,
)
from core.feedback.themes.figures import theme_report
from core.review.actions import Escalation, actions, add_action, close_action, record_sent, sent_of
from core.review.meeting import meeting_of, open_review, set_attendees
from core.review.roadmap import change_opportunity, create_opportunity, opportunities
from core.store import Scope
from tests.criteria.weeks import HOUR, START

TODAY = clock.now().date()
ALL = Window(None, None, "All time")
WEEK = "2026-W47"
FORM = ("direction", "target", "upper_target", "owner", "rationale")


@pytest.fixture
def store(any_store):
    any_store.ensure_account("a", "A")
    return any_store


@pytest.fixture
def ann(store):
    return Scope(store, "a", "Ann")


@pytest.fixture
def bob(store):
    return Scope(store, "a", "Bob")


def criterion(scope, key="success_rate"):
    (found,) = [one for one in criteria_of(scope) if one.key == key]
    return found.model_dump(include={*FORM})


def test_one_decides_the_target_and_the_other_the_owner(ann, bob):
    form = criterion(ann)
    change_criterion(bob, "success_rate", seen=form, **form | {"target": 0.97})
    change_criterion(ann, "success_rate", seen=form, **form | {"owner": "Eve"})
    now = criterion(ann)
    assert (now["target"], now["owner"]) == (0.97, "Eve")
    history = changes(ann, subject="criterion success_rate")
    assert [change.by for change in history] == ["Ann", "Bob"]
    assert history[0].before["target"] == history[0].after["target"] == 0.97


def test_both_decide_the_target_the_second_is_told_and_may_save_on_top(ann, bob):
    form = criterion(ann)
    change_criterion(bob, "success_rate", seen=form, **form | {"target": 0.97, "owner": "Bob"})
    mine = form | {"target": 0.96}
    with pytest.raises(Conflict, match=r"Bob changed this at .* today; it is now .*target 0\.97"):
        change_criterion(ann, "success_rate", seen=form, **mine)
    assert criterion(ann)["target"] == 0.97
    with pytest.raises(Conflict) as told:
        change_criterion(ann, "success_rate", seen=form, **mine)
    change_criterion(ann, "success_rate", seen=told.value.seen, **mine)
    now = criterion(ann)
    assert (now["target"], now["owner"]) == (0.96, "Bob")


def test_a_third_change_is_told_again(ann, bob):
    form = criterion(ann)
    change_criterion(bob, "success_rate", seen=form, **form | {"target": 0.97})
    with pytest.raises(Conflict) as told:
        change_criterion(ann, "success_rate", seen=form, **form | {"target": 0.96})
    change_criterion(bob, "success_rate", seen={}, **form | {"target": 0.98})
    with pytest.raises(Conflict, match=r"0.98"):
        change_criterion(ann, "success_rate", seen=told.value.seen, **form | {"target": 0.96})


def test_a_direction_and_its_target_are_one_decision(ann, bob):
    form = criterion(ann, "throughput")
    turned = {"direction": "within", "target": 5.0, "upper_target": 9.0}
    change_criterion(bob, "throughput", seen=form, **form | turned)
    with pytest.raises(Conflict):
        change_criterion(ann, "throughput", seen=form, **form | {"target": 70.0})
    assert criterion(ann, "throughput") == form | turned


def test_both_decide_the_same_and_numbers_that_were_written_as_per_cent(ann, bob):
    form = criterion(ann)
    change_criterion(bob, "success_rate", seen=form, **form | {"target": 0.97})
    change_criterion(ann, "success_rate", seen=form, **form | {"target": 0.97})
    form = criterion(ann)
    change_criterion(bob, "success_rate", seen=form, **form | {"target": 0.07})
    change_criterion(ann, "success_rate", seen=form, **form | {"target": 97.0 / 100, "owner": "E"})
    assert (criterion(ann)["target"], criterion(ann)["owner"]) == (0.07, "E")


def test_an_opportunity_keeps_what_each_decided(ann, bob):
    number = create_opportunity(ann, title="Faster", problem="Slow")
    seen = {"effort": None, "status": "open", "criterion_key": None, "direction": None}
    change_opportunity(bob, number, seen=seen, effort=5.0)
    change_opportunity(ann, number, seen=seen, status="dropped", effort=None)
    (now,) = opportunities(ann)
    assert (now.effort, now.status, now.decided_by) == (5.0, "dropped", "Ann")
    with pytest.raises(Conflict, match=r"Ann changed this .*status dropped"):
        change_opportunity(bob, number, seen=seen, status="done")


def test_what_two_people_decided_has_to_fit_together(ann, bob):
    number = create_opportunity(ann, title="Faster", problem="Slow")
    window = {"due_from": TODAY, "due_to": TODAY}
    promise = {"criterion_key": "latency_p95", "direction": "down", **window}
    change_opportunity(ann, number, seen={}, **promise)
    change_opportunity(bob, number, seen=promise, criterion_key=None, direction=None)
    with pytest.raises(InputError, match="Before it is planned"):
        change_opportunity(ann, number, seen=promise | {"status": "open"}, status="planned")
    assert opportunities(ann)[0].status == "open"


def test_an_action_is_closed_once_and_the_second_outcome_is_told(ann, bob):
    number = add_action(ann, week=WEEK, text="Warm it", owner="Bob", due=TODAY)
    seen = {"status": "open", "outcome": None}
    close_action(bob, number, seen=seen, status="done", outcome="It is warm")
    with pytest.raises(
        Conflict, match=r"Bob changed this.*status done, outcome It is warm"
    ) as told:
        close_action(ann, number, seen=seen, status="dropped", outcome="They left")
    assert actions(ann)[0].status == "done"
    close_action(ann, number, seen=told.value.seen, status="dropped", outcome="They left")
    assert (actions(ann)[0].status, actions(ann)[0].closed_by) == ("dropped", "Ann")


def test_attendees_are_entered_by_two(ann, bob):
    open_review(ann, WEEK)
    set_attendees(bob, WEEK, {"Product manager": "Zoe", "Sponsor": ""}, seen={})
    set_attendees(ann, WEEK, {"Product manager": "", "Sponsor": "Max"}, seen={})
    assert meeting_of(ann, WEEK).attendees == [["Product manager", "Zoe"], ["Sponsor", "Max"]]
    with pytest.raises(Conflict, match="Product manager Zoe"):
        set_attendees(ann, WEEK, {"Product manager": "Eve"}, seen={"Product manager": ""})


def test_settings_keep_what_each_decided_also_within_the_weights(ann, bob):
    seen = settings_of(ann, LeaderboardSettings)
    weights = dict(seen.weights)
    one = LeaderboardSettings(weights=weights | {"critical": 20}, maturing_days=14)
    save_settings(bob, one, seen=fields_of(seen))
    two = LeaderboardSettings(weights=weights | {"low": 3}, newcomer_below=5)
    save_settings(ann, two, seen=fields_of(seen))
    now = settings_of(ann, LeaderboardSettings)
    assert now.weights == weights | {"critical": 20, "low": 3}
    assert (now.maturing_days, now.newcomer_below) == (14, 5)
    three = LeaderboardSettings(weights=weights | {"critical": 7})
    with pytest.raises(Conflict, match="weights critical 20"):
        save_settings(ann, three, seen=fields_of(seen))


def test_thresholds_of_two_people_that_do_not_fit_together_are_refused(ann, bob):
    seen = fields_of(EngagementSettings())
    save_settings(bob, EngagementSettings(fading_days=80), seen=seen)
    with pytest.raises(InputError, match="Silent begins after fading"):
        save_settings(ann, EngagementSettings(silent_days=60), seen=seen)
    assert settings_of(ann, EngagementSettings) == EngagementSettings(fading_days=80)


def themes(scope):
    return {
        one.theme.name: one.theme for one in theme_report(scope, window=ALL, today=TODAY).themes
    }


def test_a_theme_that_was_renamed_or_merged_meanwhile_is_told(ann, bob):
    for name in ("Slow", "Wrong", "Long"):
        make_theme(ann, name)
    seen = themes(ann)
    rename_theme(bob, seen["Slow"], "Too slow")
    with pytest.raises(Conflict, match=r"Bob changed this .*name Too slow"):
        rename_theme(ann, seen["Slow"], "Sluggish")
    pin_theme(ann, seen["Slow"], is_pinned=True)
    assert themes(ann)["Too slow"].is_pinned
    merge_themes(bob, seen["Wrong"], seen["Long"])
    for decide in (
        lambda: merge_themes(ann, seen["Wrong"], seen["Slow"]),
        lambda: rename_theme(ann, seen["Wrong"], "Mixed up"),
        lambda: delete_theme(ann, seen["Wrong"]),
    ):
        with pytest.raises(InputError, match="Someone has merged 'Wrong' into 'Long'"):
            decide()
    assert set(themes(ann)) == {"Too slow", "Long"}


def test_an_exclusion_that_is_there_with_another_reason_is_told(ann, bob):
    span = {"from_at": START, "to_at": START + HOUR, "kind": "outage"}
    number = exclude(bob, **span, reason="The power went")
    assert exclude(bob, **span, reason="The power went") == number
    with pytest.raises(InputError, match=r"Bob has excluded the same .*\(The power went\)"):
        exclude(ann, **span, reason="The network went")
    assert len(exclusions(ann)) == 1


def test_what_was_entered_and_not_answered_is_entered_once(ann, bob, monkeypatch):
    row = {"week": WEEK, "text": "Warm it", "owner": "Ann", "due": TODAY}
    first = add_action(ann, **row)
    assert add_action(ann, **row) == first
    assert add_action(bob, **row) != first
    assert add_action(ann, **row | {"owner": "Bob"}) != first
    message = Escalation("high", "success_rate", "it is missed", "HIGH: it is missed")
    for _ in range(2):
        record_sent(ann, message, week=WEEK, sent_to="Zoe")
    assert len(sent_of(ann)) == 1
    make_theme(ann, "Speed")
    (made,) = theme_report(ann, window=ALL, today=TODAY).themes
    assert add_rule(ann, made.theme, any_of=["slow"]) == add_rule(ann, made.theme, any_of=["slow"])
    # A day later, or once it was changed, the same is meant.
    assert len(actions(ann)) == 3
    seen = {"status": "open", "outcome": None}
    close_action(bob, first, seen=seen, status="dropped", outcome="")
    second = add_action(ann, **row)
    assert second != first
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert add_action(ann, **row) not in {first, second}
