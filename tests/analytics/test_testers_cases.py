"""The testers page on worlds made by hand: reasons, nobody, orders, the ends of a period."""

from datetime import date, timedelta

import pytest

from core.analytics.dates import Window
from core.analytics.explore import user_names
from core.base.text import OTHERS
from core.store import RejectionReason, Scope, table
from core.testers import bugs as tester_counts
from core.testers import leaderboard as testers
from core.testers.bugs import BugSelection, bug_reports
from tests.analytics.test_people import ALWAYS
from tests.analytics.worlds import Builder, fill


def test_names_and_reasons(each_store):
    world = Builder()
    cycle = world.cycle(end="2024-03-01")
    for reason in ("unknown_cause", "Already_Known", "x_duplicate", None):
        world.bug(cycle, tester="zoe", status="rejected", rejection_reason=reason)
    world.user("anna")  # a customer
    world.bug(cycle, tester="Anna", severity="odd")
    fill(each_store, world.world)
    with each_store.engine.execution_options(writes=True).begin() as connection:
        reasons = table(RejectionReason)
        connection.execute(reasons.delete())
        connection.execute(
            reasons.insert(),
            [
                {"account_id": "a", "key": "known_issue", "name": None},
                {"account_id": "a", "key": "unclear", "name": "Not clear"},
                {"account_id": "b", "key": "duplicate", "name": "B"},
            ],
        )
    try:
        assert list(user_names(Scope(each_store, "a"), kind="tester").values()) == ["Anna", "zoe"]
        assert tester_counts.reason_names(Scope(each_store, "a")) == {
            "known_issue": "known_issue",
            "unclear": "Not clear",
        }
        assert tester_counts.repeat_reasons(Scope(each_store, "a")) == [
            *("Already_Known", "known_issue", "x_duplicate")
        ]
        assert "odd" in tester_counts.severities_of(Scope(each_store, "a"))
        found = tester_counts.count_details(Scope(each_store, "a"), selection=BugSelection(ALWAYS))
        assert found.counts["repeated"].sum() == 2
    finally:
        with each_store.engine.execution_options(writes=True).begin() as connection:
            connection.execute(reasons.delete())


def test_nobody(each_store):
    fill(each_store, {})
    selection = BugSelection(ALWAYS)
    found = testers.leaderboard(Scope(each_store, "a"), selection=selection)
    assert found.people.empty
    assert found.without_tester == 0
    assert tester_counts.count_details(Scope(each_store, "a"), selection=selection).counts.empty
    assert tester_counts.count_breadth(Scope(each_store, "a"), selection=selection).empty
    assert tester_counts.count_by_day(Scope(each_store, "a"), selection=selection).empty
    assert tester_counts.count_by_value(
        Scope(each_store, "a"), selection=selection, of="product"
    ).empty
    assert bug_reports(Scope(each_store, "a"), selection=selection).empty
    assert tester_counts.severities_of(Scope(each_store, "a")) == []
    trend = testers.monthly_trend(
        Scope(each_store, "a"), selection=selection, tester_ids=(), today=date(2024, 4, 1)
    )
    assert testers.top_and_others(found.people, trend, "score")[1] == []


def test_the_first_in_each_order(each_store):
    world = Builder()
    cycle = world.cycle(end="2024-03-01")
    for tester, bugs in (("Ann", 4), ("Bob", 3), ("Cem", 2), ("Dan", 1)):
        for _ in range(bugs):
            world.bug(cycle, tester=tester, status="rejected" if tester == "Cem" else "accepted")
    fill(each_store, world.world)
    selection = BugSelection(ALWAYS)
    found = testers.leaderboard(Scope(each_store, "a"), selection=selection)
    order = testers.sort_by(found.people, "accepted")
    assert order["tester"].tolist() == ["Ann", "Bob", "Dan", "Cem"]
    ids = order["tester_id"].tolist()
    trend = testers.monthly_trend(
        Scope(each_store, "a"), selection=selection, tester_ids=ids, today=date(2024, 4, 1)
    )
    assert trend.lists() == dict(zip(ids, ([4], [3], [1], [2]), strict=True))
    data, names, share = testers.top_and_others(found.people, trend, "reported")
    assert names == ["Ann", "Bob", "Cem", "Dan"]
    assert list(data["value"]) == [4, 3, 2, 1]
    assert share == pytest.approx(1.0)


def test_beyond_the_first_five_is_everyone_else(each_store):
    world = Builder()
    cycle = world.cycle(end="2024-03-01")
    for number in range(7):
        for _ in range(number + 1):
            world.bug(cycle, tester=f"T{number}", status="accepted")
    fill(each_store, world.world)
    found = testers.leaderboard(Scope(each_store, "a"), selection=BugSelection(ALWAYS))
    ids = found.people["tester_id"].tolist()
    trend = testers.monthly_trend(
        Scope(each_store, "a"),
        selection=BugSelection(ALWAYS),
        tester_ids=ids,
        today=date(2024, 4, 1),
    )
    data, names, share = testers.top_and_others(found.people, trend, "reported")
    assert names == ["T6", "T5", "T4", "T3", "T2", OTHERS]
    assert list(data["value"]) == [7, 6, 5, 4, 3, 3]
    assert share == pytest.approx(25 / 28)


def test_a_bug_of_the_last_second_and_one_of_the_next_day(each_store):
    world = Builder()
    for end in ("2024-03-31T23:59:59", "2024-04-01T00:00:00"):
        world.bug(world.cycle(end=end), tester="Ann", status="accepted")
    fill(each_store, world.world)
    march = Window(date(2024, 3, 1), date(2024, 3, 31), "March")
    found = testers.leaderboard(Scope(each_store, "a"), selection=BugSelection(march))
    assert found.people["reported"].tolist() == [1]
    more = Window(date(2024, 3, 1), date(2024, 3, 31) + timedelta(days=1), "More")
    assert testers.leaderboard(Scope(each_store, "a"), selection=BugSelection(more)).people[
        "reported"
    ].tolist() == [2]
