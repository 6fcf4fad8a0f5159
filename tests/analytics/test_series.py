"""A metric by week or month: what is unknown, what is not over, and what is still being decided."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert

from core.analytics.account_settings import LeaderboardSettings, save_settings
from core.analytics.dates import Window, period_days, preset
from core.analytics.query import metric_rows
from core.analytics.series import HISTORY, metric_series
from core.store import Scope, SyncRun, table
from tests.analytics.worlds import Builder, fill, prepare
from tests.stores import open_store

TODAY = date(2024, 9, 12)  # a Thursday
LAST_90 = preset("Last 90 days", TODAY)


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/s.db", timezone="UTC")
    prepare(opened)
    yield opened
    opened.close()


def weekly(weeks, *, bugs=0):
    """A world with a cycle on the Wednesday of each of so many weeks up to this one."""
    world = Builder()
    for ago in range(weeks):
        day = TODAY - timedelta(days=1, weeks=ago)
        cycle = world.cycle(creator="Ann", submitter="Ann", end=f"{day}T10:00", product_id=None)
        for n in range(bugs):
            world.bug(cycle, tester="Tia", status="rejected" if n == 0 else "accepted")
    return world.world


def asked(store, metric="tests_created", *, window=LAST_90, today=TODAY, **more):
    (found,) = metric_series(Scope(store, "a"), [metric], window=window, today=today, **more)
    return found


def synced(store, at):
    run = {"account_id": "a", "id": 1, "source": "testio", "status": "done", "message": ""}
    run |= {"started_at": at, "finished_at": at, "step": "", "done": 0, "requests": 0}
    engine = store.engine.execution_options(writes=True)
    with engine.begin() as connection:
        connection.execute(insert(table(SyncRun)), [run | {"counts": {}}])


@pytest.mark.parametrize("label", ["Last 30 days", "Last 90 days"])
def test_weeks_reach_back_half_a_year_whatever_the_window(store, label):
    fill(store, weekly(60))
    found = asked(store, window=preset(label, TODAY))
    assert found.grain == "week"
    assert len(found.points) == HISTORY["week"] + 1
    assert found.points[-1].period == "2024-W37"
    assert [p.is_whole for p in found.points] == [True] * HISTORY["week"] + [False]
    assert found.behaviour.judged == HISTORY["week"]
    assert found.behaviour.signals == ()


def test_longer_windows_are_by_month_over_two_years_at_least(store):
    fill(store, weekly(200))
    found = asked(store, window=preset("Last 12 months", TODAY))
    assert (found.grain, len(found.points)) == ("month", 25)
    assert found.points[0].period == "2022-09"
    always = asked(store, window=preset("All time", TODAY))
    assert always.points[0].period == "2020-11"  # the first month of the data, which is not whole
    assert not always.points[0].is_whole
    assert always.points[1].is_whole


def test_values_are_those_of_the_query(store):
    fill(store, weekly(40, bugs=3))
    for metric in ("tests_created", "bug_count", "rejection_rate", "test_completion_rate"):
        found = asked(store, metric)
        rows = metric_rows(
            Scope(store, "a"),
            metrics=[metric],
            dimensions=["week"],
            start_date=period_days(found.points[0].period)[0],
            end_date=TODAY,
        )
        known = {p.period: p.value for p in found.points if p.value}
        assert known == {row["week"]: row[metric] for row in rows if row[metric]}


def test_weeks_before_the_first_cycle_are_unknown_and_quiet_ones_are_0(store):
    world = Builder()
    for day in ("2024-07-03", "2024-07-17", "2024-09-04"):
        world.cycle(creator="Ann", end=day)
    fill(store, world.world)
    found = asked(store)
    values = {p.period: p.value for p in found.points}
    assert values["2024-W26"] is None
    assert (values["2024-W27"], values["2024-W28"], values["2024-W29"]) == (1, 0, 1)
    # The data begins on a Wednesday: that week is not whole.
    assert next(p.period for p in found.points if p.is_whole and p.value is not None) == "2024-W28"


def test_weeks_after_the_last_sync_are_unknown(store):
    fill(store, weekly(40))
    synced(store, datetime(2024, 8, 28, 9, tzinfo=UTC))  # the Wednesday of week 35
    points = {p.period: p for p in asked(store).points}
    assert points["2024-W34"].is_whole
    assert not points["2024-W35"].is_whole
    assert points["2024-W36"].value is None
    assert points["2024-W37"].value is None


def test_what_is_still_being_decided_is_not_judged(store):
    fill(store, weekly(40, bugs=4))
    found = asked(store, "rejection_rate")
    assert found.maturing_days == 10
    assert [p.period for p in found.points if not p.is_whole] == ["2024-W36", "2024-W37"]
    assert [p.n for p in found.points] == [4] * 27
    assert [p.period for p in asked(store, "bug_count").points if not p.is_whole] == ["2024-W37"]
    settings = LeaderboardSettings(maturing_days=40)
    save_settings(Scope(store, "a", "Ann"), settings, seen={})
    assert sum(not p.is_whole for p in asked(store, "rejection_rate").points) == 7  # from 2024-W31


def test_an_account_without_anything_has_no_limits(store):
    fill(store, {})
    for metric in ("tests_created", "decided_acceptance_rate"):
        for label in ("Last 90 days", "All time"):
            found = asked(store, metric, window=preset(label, TODAY))
            assert all(p.value is None for p in found.points)
            assert found.behaviour.centre is None


def test_a_window_of_the_past_ends_there_with_whole_weeks(store):
    fill(store, weekly(60))
    found = asked(store, window=Window(date(2024, 6, 1), date(2024, 6, 26), ""))
    assert found.points[-1].period == "2024-W26"
    assert found.points[-1].is_whole
    assert found.points[-1].value == 1


def test_a_signal_of_the_newest_week(store):
    world = weekly(40)
    busy = Builder()
    busy.world = {"users": list(world["users"]), "cycles": list(world["cycles"])}
    for _ in range(12):
        busy.cycle(creator="Ann", end="2024-09-05")
    fill(store, busy.world)
    found = asked(store)
    (signal,) = found.behaviour.newest()
    assert (found.points[signal.last].period, signal.side) == ("2024-W36", "above")


def test_on_each_database(any_store):
    prepare(any_store)
    fill(any_store, weekly(40, bugs=2))
    assert asked(any_store).behaviour.judged == HISTORY["week"]
    assert asked(any_store, "rejection_rate").behaviour.centre == 0.5


def test_days_of_periods():
    assert period_days("2020-W53") == (date(2020, 12, 28), date(2021, 1, 3))
    assert period_days("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))
    assert period_days("2024-12") == (date(2024, 12, 1), date(2024, 12, 31))
