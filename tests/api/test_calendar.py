"""The calendar that people subscribe to: without a token, and without data."""

import pytest
from icalendar import Calendar

from core.analytics.account_settings import ReviewSettings, save_settings
from core.store import Scope


def test_the_meeting_of_an_account_is_subscribed_to(anyone):
    answer = anyone.get("/calendar/acme.ics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Weekly review: Acme"
    assert str(event["URL"]) == "http://testserver/weekly_review?account=acme"
    (other,) = Calendar.from_ical(anyone.get("/calendar/other.ics").content).walk("VEVENT")
    assert other["UID"] != event["UID"]


def test_a_cancelled_meeting_is_in_that_of_its_account_alone(anyone, store):
    off = ReviewSettings(cancelled=["2026-12-28"], revision=1)
    save_settings(Scope(store, "acme", "ann"), off, seen={})
    own, other = (
        [str(one.get("STATUS")) for one in Calendar.from_ical(answer.content).walk("VEVENT")]
        for answer in (anyone.get("/calendar/acme.ics"), anyone.get("/calendar/other.ics"))
    )
    assert (own, other) == (["None", "CANCELLED"], ["None"])


@pytest.mark.parametrize("path", ["no.ics", "acme%0d%0a.ics", "..%2facme.ics", "%3Cscript%3E.ics"])
def test_another_account_has_none(anyone, path):
    answer = anyone.get(f"/calendar/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] != "text/html; charset=utf-8"


def test_nothing_is_written_there(anyone):
    assert anyone.post("/calendar/acme.ics").status_code == 405
