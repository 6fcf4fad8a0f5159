"""Where each segment begins and ends, to the day and to the cycle."""

from datetime import date, timedelta

import pytest

from core.analytics.account_settings import EngagementSettings
from core.analytics.dates import Window
from core.engagement.people import engagement
from core.engagement.segments import activity_of, lifecycle_of
from core.store import Scope
from tests.analytics.worlds import Builder, fill, prepare
from tests.stores import open_store

TODAY = date(2024, 6, 30)
SETTINGS = EngagementSettings()
LONG_AGO = date(2020, 1, 1)


def ago(days):
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("created", "activity"),
    [(0, "none"), (1, "low"), (2, "low"), (3, "medium"), (9, "medium"), (10, "high"), (99, "high")],
)
def test_activity(created, activity):
    assert activity_of(created, SETTINGS) == activity


@pytest.mark.parametrize(
    ("first", "last", "lifecycle"),
    [
        (None, None, None),
        (ago(0), ago(0), "new"),
        (ago(30), ago(1), "new"),
        (ago(31), ago(1), "returning"),
        (LONG_AGO, ago(45), "returning"),
        (LONG_AGO, ago(46), "fading"),
        (LONG_AGO, ago(90), "fading"),
        (LONG_AGO, ago(91), "silent"),
        (LONG_AGO, LONG_AGO, "silent"),
        (ago(-5), ago(-5), "new"),  # planned for later
        (LONG_AGO, ago(-5), "returning"),
    ],
)
def test_lifecycle(first, last, lifecycle):
    assert lifecycle_of(first, last, today=TODAY, settings=SETTINGS) == lifecycle


def test_who_went_away_is_gone_however_new():
    settings = EngagementSettings(new_days=200)
    for days, lifecycle in ((45, "new"), (46, "fading"), (91, "silent")):
        seen = ago(days)
        assert lifecycle_of(seen, seen, today=TODAY, settings=settings) == lifecycle


def test_fell_silent_is_within_thirty_days(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db", timezone="UTC")
    prepare(store)
    for days, silent, fell in ((90, 0, 0), (91, 1, 1), (119, 1, 1), (120, 1, 0), (400, 1, 0)):
        world = Builder()
        world.cycle(submitter="Ann", end=f"{ago(days)}T23:30")
        fill(store, world.world)
        window = Window(ago(30), TODAY, "Some days")
        found = engagement(Scope(store, "a"), window=window, today=TODAY)
        assert (found.count("silent"), found.fell_silent) == (silent, fell)
    store.close()
