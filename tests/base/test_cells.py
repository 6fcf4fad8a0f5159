"""Cells of dates and durations: each as what it is, or not at all."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.base.cells import (
    DAY_FIRST,
    ISO,
    MONTH_FIRST,
    YEAR_FIRST,
    is_nothing,
    order_of,
    read_date,
    read_duration,
    read_number,
    readings,
    unit_of,
)

NINE = datetime(2026, 3, 25, 9)  # noqa: DTZ001
MINUTE = 60_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-25 09:00",
        "2026-03-25T09:00:00.000",
        "2026/03/25 9:00 AM",
        "25.03.2026 09:00",
        "25.3.2026 9.00 Uhr",
        "25-03-2026 09:00",
        "25/03/2026, 09:00:00",
        "Wed 25/03/2026 09:00",
        "3/25/26 9:00",
        "03/25/2026 9:00:00 a.m.",
        "25/Mar/26 9:00 AM",
        "25-MAR-26 09.00.00.000000 AM",
        "25. Mär. 2026 09:00",
        "25 mars 2026 à 09:00",
        "mercredi 25 mars 2026 09:00",
        "25 de marzo de 2026 09:00",
        "25th March 2026 at 9:00 am",
        "Wednesday, March 25, 2026 9:00:00\u202fAM",
        "Mar 25, 2026, 9:00 AM",
        "2026年3月25日 09:00",
        "2026. 03. 25. 09:00",
        "202603250900",
        "20260325090000",
        "46106.375",
        "46106,375",
    ],
)
def test_a_date_that_can_be_read_in_one_way(text):
    assert readings(text)[ISO] == NINE


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2026-03-25 09:00:00 UTC", 0),
        ("2026-03-25T09:00:00.000+0000", 0),
        ("2026-03-25 09:00:00 -0800", -8),
        ("2026/03/25 9:00:00 AM GMT+1", 1),
        ("Wed, 25 Mar 2026 09:00:00 +0530", 5.5),
        ("Wed Mar 25 2026 09:00:00 GMT+0100 (Central European Standard Time)", 1),
        ("Wed Mar 25 09:00:00 UTC 2026", 0),
        ("2026-03-25T09:00+01:00[Europe/Berlin]", 1),
        ("25/03/2026 09:00 CEST", 2),
        ("1774429200", 0),
        ("1774429200.0", 0),
        ("1774429200000", 0),
        ("1774429200000000", 0),
        ("1774429200000000000", 0),
    ],
)
def test_an_offset_in_a_text_counts(text, hours):
    expected = NINE.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert readings(text)[ISO] == expected
    assert readings(text)[ISO].tzinfo is not None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("03/04/2026", {DAY_FIRST: (2026, 4, 3), MONTH_FIRST: (2026, 3, 4)}),
        ("25/03/2026", {DAY_FIRST: (2026, 3, 25), ISO: (2026, 3, 25)}),
        ("03/25/2026", {MONTH_FIRST: (2026, 3, 25), ISO: (2026, 3, 25)}),
        ("03.04.2026", {DAY_FIRST: (2026, 4, 3), ISO: (2026, 4, 3)}),
        ("04/04/2026", dict.fromkeys((DAY_FIRST, MONTH_FIRST, ISO), (2026, 4, 4))),
        ("26/03/25", {DAY_FIRST: (2025, 3, 26), YEAR_FIRST: (2026, 3, 25)}),
        # No record is of the year 2031.
        ("31/03/25", {DAY_FIRST: (2025, 3, 31), ISO: (2025, 3, 31)}),
    ],
)
def test_the_orders_of_day_month_and_year(text, days):
    assert readings(text) == {order: datetime(*day) for order, day in days.items()}  # noqa: DTZ001
    for order, day in days.items():
        assert read_date(text, order) == datetime(*day)  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "soon", "1:30", "01:00:00", "31/04/2026", "13/13/2026", "25/03/2026 25:00"),
        *("25/03/2026 09:00 IST", "OPS-12", "1.2.3", "12", "2026", "99999999999", "10.0.0.1"),
    ],
)
def test_what_is_no_date(text):
    assert readings(text) == {}


def test_noon_and_midnight_on_a_clock_of_twelve_hours():
    hours = ("12:00 AM", "12:30 PM", "11:45 PM", "12:15 AM", "1:00 p.m.")
    found = [read_date(f"25/03/2026 {hour}", ISO) for hour in hours]
    assert [(at.hour, at.minute) for at in found] == [(0, 0), (12, 30), (23, 45), (0, 15), (13, 0)]


def test_a_format_of_strptime_is_taken_by_its_order():
    assert order_of("%d/%m/%Y %H:%M") == DAY_FIRST
    assert order_of("%m-%d-%y %I:%M %p") == MONTH_FIRST
    assert order_of("%d %b %Y") == order_of(ISO) == ISO
    assert read_date("03/04/2026 09:00", "%m/%d/%Y %H:%M:%S").month == 3
    assert read_date("25032026", "%d%m%Y") == datetime(2026, 3, 25)  # noqa: DTZ001
    assert read_date("2026-03-25 09:00", "%d/%m/%Y %H:%M") == NINE
    assert read_date("03/25/2026", DAY_FIRST) is None


@pytest.mark.parametrize(
    ("text", "unit", "minutes"),
    [
        ("1800", "seconds", 30),
        ("1.5", "hours", 90),
        ("1h 30m", "minutes", 90),
        ("1:30", "minutes", 90),
        ("01:30:00", "seconds", 90),
        ("PT1H30M", "minutes", 90),
        ("1 hour, 30 minutes", "minutes", 90),
        ("1 Std. 30 Min.", "minutes", 90),
        ("1,5 h", "minutes", 90),
        ("-5 min", "minutes", -5),
        ("90,5", "minutes", 90.5),
        ("1500ms", "milliseconds", 0.025),
        ("1.250,5", "minutes", 1250.5),
        ("1 250", "minutes", 1250),
        # A desk's day has 8 hours or 24; 1,250 is 1250 or 1.25; 0:12 of a run is 12 s or 12 min.
        ("2d 4h", "minutes", None),
        ("1w", "minutes", None),
        ("1,250", "minutes", None),
        ("0:12", "milliseconds", None),
        ("1h 30", "minutes", None),
        ("about 5", "minutes", None),
        ("1 month", "minutes", None),
        ("", "minutes", None),
        ("nan", "minutes", None),
    ],
)
def test_durations(text, unit, minutes):
    found = read_duration(text, unit)
    assert found == (None if minutes is None else pytest.approx(minutes * MINUTE))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("1,234.5", 1234.5), ("1.234,5", 1234.5), ("1,234,567", 1234567), ("1.250", 1.25)),
        *(("0,125", 0.125), ("12'500", 12500), ("1,2,3", None), ("1e3", 1000), ("inf", None)),
    ],
)
def test_numbers_with_a_point_or_a_comma(text, number):
    assert read_number(text) == number


def test_words_for_nothing():
    words = ["", " ", "-", "—", "N/A", "#N/A", "NULL", "<null>", "(empty)", "None", "NaN", "NaT"]
    assert all(map(is_nothing, [None, *words, "Not Assigned", "Unassigned"]))
    assert not any(map(is_nothing, [0, False, "0", "no", "NA", "Nullmann", "x"]))


def test_every_reading_is_of_a_real_calendar():
    assert readings("29/02/2025") == {}
    assert readings("29/02/2024")[ISO].day == 29
    assert readings("1774429200")[ISO].tzinfo is UTC


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        *(("Time spent (sec)", "seconds"), ("Effort (h)", "hours"), ("minutes_spent", "minutes")),
        *(("durationMs", "milliseconds"), ("duration_s", "seconds"), ("Time Spent", None)),
        *(("Person's effort", None), ("Aufwand in Stunden", "hours")),
    ],
)
def test_the_unit_in_a_header(column, unit):
    assert unit_of(column) == unit
