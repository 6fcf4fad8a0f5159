"""The meeting in a calendar: at ten on the wall clock, whatever the clocks do."""

import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule, tz
from icalendar import Calendar

from core.analytics.account_settings import ReviewSettings
from core.report.delivery import calendar_file
from core.store import Account

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "UTC"),
    "Africa/Casablanca",  # where clocks change for the month of Ramadan
)
HOSTILE = (
    "Acme; Inc, \\n \r\nATTENDEE:mailto:evil@example.org\r\nEND:VEVENT\nBEGIN:VALARM \x00\x07 "
    "<script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE} \N{PILE OF POO} " + "x" * 5_000
)


def read(zone="Europe/Berlin", name="Acme", url="https://t.example/", **more):
    account = Account(id=more.pop("account_id", "acme"), name=name)
    data = calendar_file(account, ZoneInfo(zone), url, **({"now": NOW} | more))
    return data, Calendar.from_ical(data)


def meeting(calendar):
    (event,) = calendar.walk("VEVENT")
    return event


@pytest.mark.parametrize("zone", ZONES)
def test_it_is_at_ten_on_mondays_through_both_changes_of_the_clocks(zone):
    data, calendar = read(zone)
    event = meeting(calendar)
    starts = event["DTSTART"].dt
    assert (starts.weekday(), starts.hour, starts.date()) == (0, 10, date(2026, 1, 5))
    assert event["DTEND"].dt - starts == timedelta(minutes=30)
    rule = event["RRULE"].to_ical().decode()
    # What a calendar program has is the VTIMEZONE of the file alone.
    own = tz.UTC
    if zone != "UTC":
        text = data.decode().replace("\r\n ", "")
        own = tz.tzical(io.StringIO(text)).get(event["DTSTART"].params["TZID"])
    naive = starts.replace(tzinfo=None)
    days = list(
        rrule.rrulestr(rule, dtstart=naive).between(naive, naive + timedelta(days=760), inc=True)
    )
    assert len(days) == 109
    for day in days:
        assert day.weekday() == 0
        seen = day.replace(tzinfo=own).astimezone(UTC)
        assert seen == day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), day


def test_a_file_that_is_read_again_changes_the_same_event():
    first, second = (
        meeting(read(account_id="acme", name=name, now=NOW + timedelta(days=n))[1])
        for n, name in ((0, "Acme"), (40, "Acme Ltd"))
    )
    assert first["UID"] == second["UID"]
    assert meeting(read(account_id="other")[1])["UID"] != first["UID"]
    # A calendar that is subscribed to still has every meeting that it had.
    assert first["DTSTART"].dt == second["DTSTART"].dt
    assert first["SEQUENCE"] == second["SEQUENCE"] == 0
    assert read()[0] == read(now=NOW + timedelta(days=1))[0]


@pytest.mark.parametrize("zone", ZONES)
def test_a_cancelled_monday_stays_as_that_and_no_other(zone):
    off = ReviewSettings(cancelled=["2026-03-23", "2026-04-06"], revision=3)
    data, calendar = read(zone, settings=off)
    whole, *gone = calendar.walk("VEVENT")
    assert "STATUS" not in whole
    assert "EXDATE" not in whole
    assert {one["UID"] for one in gone} == {whole["UID"]}
    assert [one["SEQUENCE"] for one in (whole, *gone)] == [3, 3, 3]
    assert [str(one["STATUS"]) for one in gone] == ["CANCELLED"] * 2
    at = datetime(2026, 3, 23, 10, tzinfo=ZoneInfo(zone))
    assert [one["RECURRENCE-ID"].dt for one in gone] == [at, at + timedelta(days=14)]
    # It names the meeting in the terms of the series: RFC 5545, 3.8.4.4.
    assert gone[0]["RECURRENCE-ID"].params == whole["DTSTART"].params
    assert [one["DTSTART"].dt for one in gone] == [one["RECURRENCE-ID"].dt for one in gone]
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))


@pytest.mark.parametrize("zone", ZONES)
def test_a_hostile_name_stays_a_name(zone):
    data, calendar = read(zone, name=HOSTILE)
    assert len(calendar.walk("VEVENT")) == len(calendar.walk("VALARM")) == 1
    event = meeting(calendar)
    assert "ATTENDEE" not in event
    assert str(event["SUMMARY"]).startswith("Weekly review: Acme; Inc, \\n ATTENDEE:")
    assert len(event["SUMMARY"]) < 130
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        assert not any(byte < 32 for byte in line)


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "file:///etc/passwd", "https://", "http://[x", "x\r\nATTENDEE:y"],
)
def test_what_is_no_web_address_is_left_out(url):
    _, calendar = read(url=url)
    event = meeting(calendar)
    assert "URL" not in event
    assert "ATTENDEE" not in event


def test_a_link_leads_back():
    _, calendar = read(url="https://t.example/review\r\nX:y", account_id="a;b,c")
    event = meeting(calendar)
    assert str(event["URL"]) == "https://t.example/review%20X:y?account=a%3Bb%2Cc"
    assert "Criteria: 7 min" in event["DESCRIPTION"]
