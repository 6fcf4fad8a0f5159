"""Numbers and dates as people read them."""

from datetime import date, datetime

import pytest

from core.base import text


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "count", "\N{EN DASH}"),
        (12345, "count", "12,345"),
        (0, "count", "0"),
        (0.971, "fraction", "97.1 %"),
        (1.0, "fraction", "100 %"),
        (0.0, "fraction", "0 %"),
        (0.0004, "fraction", "0 %"),
        (42.4, "seconds", "42 s"),
        (3.14, "seconds", "3.1 s"),
        (190, "seconds", "3 min 10 s"),
        (59.7, "seconds", "60 s"),
        (101.2, "seconds", "101 s"),
        (120, "seconds", "2 min"),
        (7_500, "seconds", "2 h 5 min"),
        (100_800, "seconds", "1 d 4 h"),
        (4307, "minutes", "2 d 23 h"),
        (-190, "seconds", "-3 min 10 s"),
        (4.25, "stars", "4.25"),
        (4.0, "stars", "4"),
        (2.345678, "per test", "2.35"),
    ],
)
def test_amounts(value, unit, said):
    assert text.amount(value, unit) == said


@pytest.mark.parametrize(
    ("value", "previous", "unit", "said"),
    [
        (112, 100, "count", "+12 %"),
        (88, 100, "count", "-12 %"),
        (100, 100, "count", 0),
        (5, 0, "count", "+5"),
        (0, 0, "count", 0),
        (0.80, 0.82, "fraction", "-2 pts"),
        (0.8, 0.8, "fraction", 0),
        (4.3, 4.1, "stars", "+0.2"),
        (None, 3, "count", None),
        (3, None, "count", None),
    ],
)
def test_changes(value, previous, unit, said):
    assert text.change(value, previous, unit) == said


def test_dates():
    today = date(2026, 11, 22)
    assert text.day(today) == "22 Nov 2026"
    ago = {0: "today", 1: "yesterday", 12: "12 d ago", 200: "7 months ago", 800: "2 years ago"}
    for days, said in ago.items():
        assert text.ago(date.fromordinal(today.toordinal() - days), today) == said
    assert text.ago(date(2026, 11, 25), today) == "in 3 d"
    assert text.moment(datetime(2026, 11, 22, 14, 5), today) == "14:05 today"  # noqa: DTZ001
    assert text.moment(datetime(2026, 11, 2, 9, 0), today) == "09:00 on 2 Nov 2026"  # noqa: DTZ001


def test_lists_and_plurals():
    assert text.listed(["a"]) == "a"
    assert text.listed(["a", "b", "c"]) == "a, b and c"
    assert text.times(1, "person", "people") == "1 person"
    assert text.times(1200, "person", "people") == "1,200 people"
    assert text.times(0, "cycle") == "0 cycles"
