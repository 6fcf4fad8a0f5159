"""The clock at the edges of days: a demo, a query, a page and a review agree on what day it is.

Each edge is met from both sides, in the business time zone, which is not the clock's.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.analytics import query_metrics
from core.analytics.dates import iso_week
from core.base import clock
from core.base.settings import ROOT
from core.demo import build_demo
from core.demo.build import is_current
from core.review.meeting import meeting_of, open_review
from core.store import Scope
from tests.commands import process
from tests.forked import forked
from tests.shown import close_stores
from tests.stores import open_store

ZONE = ZoneInfo("Europe/Berlin")
HALF_A_MINUTE = timedelta(seconds=30)
# The first instant of a day, and what is special about it.
EDGES = {
    "Sunday": datetime(2026, 11, 23, tzinfo=ZONE),
    "New Year": datetime(2027, 1, 1, tzinfo=ZONE),
    "summer time begins": datetime(2026, 3, 29, tzinfo=ZONE),
    "the day after it began": datetime(2026, 3, 30, tzinfo=ZONE),
    "summer time ends": datetime(2026, 10, 25, tzinfo=ZONE),
    "the day after it ended": datetime(2026, 10, 26, tzinfo=ZONE),
}


@pytest.fixture(params=EDGES)
def edge(request):
    return EDGES[request.param].astimezone(UTC)


@pytest.fixture
def at(monkeypatch, tiny):
    """A function that sets the clock, from which it runs on."""
    monkeypatch.setenv("TOUCHSTONE_TIMEZONE", ZONE.key)

    def sets(instant):
        st.cache_data.clear()
        st.cache_resource.clear()
        monkeypatch.setenv("TOUCHSTONE_NOW", instant.isoformat())
        clock._shift.cache_clear()  # the same instant anew

    yield sets
    close_stores()
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def demo(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone-demo.db", timezone=ZONE.key)
    yield store
    store.close()


def days(store, phrase):
    """The first and the last day of the window that a query takes a phrase for."""
    found = query_metrics(store, metrics=["tests_created"], start_date=phrase, end_date=phrase)
    query = found["metadata"]["query"]
    return query["start_date"], query["end_date"]


def weeks_offered():
    app = AppTest.from_file(str(ROOT / "pages" / "_frame.py"), default_timeout=60)
    app.switch_page("review/weekly_review.py").run()
    assert not app.exception
    return app.selectbox(key="review_week").options


def test_all_agree_on_the_day_on_both_sides_of_midnight(edge, at, demo):
    for distance in (-HALF_A_MINUTE, HALF_A_MINUTE):
        at(edge + distance)
        today = (edge.astimezone(ZONE) + distance).date()
        assert clock.today(ZONE) == today
        assert not is_current(demo)
        build_demo(demo)
        at(edge + distance)  # building may have taken longer than was left of the day
        assert is_current(demo)
        assert days(demo, "today") == (str(today), str(today))
        monday = today - timedelta(days=today.weekday())
        assert days(demo, "this week") == (str(monday), str(monday + timedelta(days=6)))
        assert days(demo, "this year")[0] == str(date(today.year, 1, 1))
    assert weeks_offered()[0] == iso_week(monday - timedelta(days=7)).label


def test_a_review_is_of_the_week_that_has_just_ended(at, demo):
    sunday = EDGES["Sunday"].astimezone(UTC) - HALF_A_MINUTE
    at(sunday)
    build_demo(demo)
    at(sunday)  # building may have taken longer than was left of the day
    assert weeks_offered()[0] == "2026-W46"
    at(sunday + 2 * HALF_A_MINUTE)
    assert weeks_offered()[0] == "2026-W47"
    scope = Scope(demo, "demo", "ann")
    open_review(scope, "2026-W47")
    opened_at = meeting_of(scope, "2026-W47").opened_at
    assert timedelta() < opened_at - sunday < timedelta(minutes=5)


def test_a_process_starts_at_the_instant_that_is_set(tmp_path):
    settings = {
        "TOUCHSTONE_NOW": "2026-12-31T23:59:30+01:00",
        "TOUCHSTONE_TIMEZONE": ZONE.key,
        "TOUCHSTONE_DATABASE_URL": f"sqlite:///{tmp_path}/touchstone.db",
    }
    asked = ("query", "--metrics", "tests_created", "--start", "today", "--format", "json")
    with process("token", "list", **settings | {"TOUCHSTONE_NOW": "New Year"}) as command:
        assert "TOUCHSTONE_NOW is 'New Year', which is no instant" in command.stdout.read()
    assert command.returncode == 1
    open_store(settings["TOUCHSTONE_DATABASE_URL"]).ensure_account("acme", "Acme")
    with forked(*asked, **settings) as command:
        said = command.stdout.read()
    assert '"start_date": "2026-12-31"' in said
