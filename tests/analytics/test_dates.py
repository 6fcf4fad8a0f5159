from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analytics.dates import Window, period_days, period_of, read_window, resolve_day
from core.base.errors import QueryError

TODAY = date(2024, 3, 31)  # a Sunday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("today", "2024-03-31", "2024-03-31"),
        ("Yesterday", "2024-03-30", "2024-03-30"),
        ("1 day ago", "2024-03-30", "2024-03-30"),
        ("30 days ago", "2024-03-01", "2024-03-01"),
        ("2 weeks ago", "2024-03-17", "2024-03-17"),
        ("1 month ago", "2024-02-29", "2024-02-29"),
        ("13 months ago", "2023-02-28", "2023-02-28"),
        ("1 year ago", "2023-03-31", "2023-03-31"),
        ("this week", "2024-03-25", "2024-03-31"),
        ("last week", "2024-03-18", "2024-03-24"),
        ("this month", "2024-03-01", "2024-03-31"),
        ("  last   month ", "2024-02-01", "2024-02-29"),
        ("this quarter", "2024-01-01", "2024-03-31"),
        ("last quarter", "2023-10-01", "2023-12-31"),
        ("this year", "2024-01-01", "2024-12-31"),
        ("last year", "2023-01-01", "2023-12-31"),
        ("ytd", "2024-01-01", "2024-03-31"),
        ("YTD", "2024-01-01", "2024-03-31"),
        ("2025-W01", "2024-12-30", "2025-01-05"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-Q4", "2024-10-01", "2024-12-31"),
        ("2023", "2023-01-01", "2023-12-31"),
    ],
)
def test_a_phrase_means_its_first_day_as_a_start_and_its_last_as_an_end(text, first, last):
    assert resolve_day(text, is_end=False, today=TODAY) == date.fromisoformat(first)
    assert resolve_day(text, is_end=True, today=TODAY) == date.fromisoformat(last)


def test_a_date_means_itself():
    assert resolve_day(date(2024, 1, 2), is_end=True, today=TODAY) == date(2024, 1, 2)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2024-02-30", "2024-13", "2024-W54", "2024-Q5", "2024-1", "20240101"),
        *("next week", "99999 years ago", "999999 days ago", "-1 days ago", "1.5 days ago"),
        *("2024-W01-1", "٢٠٢٤", "0000", "2024-01-01T00:00"),
        *(20240101, 1.5, b"2024-01-01", ["today"]),
    ],
)
def test_what_is_no_date_is_refused_with_what_can_be_written(text):
    with pytest.raises(QueryError, match=r"2024-01-31|is text or a date"):
        resolve_day(text, is_end=False, today=TODAY)


def test_a_window_that_ends_before_it_starts_is_refused():
    with pytest.raises(QueryError, match="swap them"):
        read_window("today", "yesterday", today=TODAY)
    assert read_window("today", "today", today=TODAY) == Window(TODAY, TODAY)
    assert not read_window(None, None, today=TODAY).is_dated


DAYS = st.dates(date(1970, 1, 1), date(2100, 12, 31))


@given(DAYS, st.sampled_from(["week", "month", "quarter", "year"]))
def test_a_period_holds_its_day_and_the_next_period_follows_at_once(day, unit):
    first, last = period_of(unit, day)
    assert first <= day <= last
    assert period_of(unit, first) == period_of(unit, last) == (first, last)
    assert period_of(unit, last + timedelta(days=1))[0] == last + timedelta(days=1)


@given(DAYS)
def test_the_label_of_a_period_means_that_period(day):
    week = day.isocalendar()
    assert period_days(f"{week.year}-W{week.week:02}") == period_of("week", day)
    assert period_days(f"{day:%Y-%m}") == period_of("month", day)
    assert period_days(f"{day:%Y}") == period_of("year", day)
    assert period_days(f"{day:%Y}-Q{(day.month + 2) // 3}") == period_of("quarter", day)
