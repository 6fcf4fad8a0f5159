"""What figures and charts are compared with, against a count by hand over the same rows."""

import random
from datetime import date, timedelta

import pytest

from core.analytics.dates import Window, period_days, period_name
from core.analytics.series import headline_figures, metric_series
from core.store import Scope
from tests.analytics.worlds import Builder, fill, prepare
from tests.stores import open_store

BEGUN, TODAY = date(2023, 1, 10), date(2025, 3, 20)
SETTLED = date(2025, 3, 10)
BASELINE = Window(date(2024, 9, 2), date(2024, 9, 8), "the baseline, 2 to 8 Sep 2024")
KEYS = ["tests_created", "bug_count", "rejection_rate", "active_testers"]
WINDOWS = {
    "90 days": Window(date(2024, 12, 21), TODAY),
    "a leap day in it": Window(date(2024, 2, 1), date(2024, 2, 29)),
    "on a leap day": Window(date(2024, 2, 29), date(2024, 2, 29)),
    "a year": Window(date(2024, 3, 21), TODAY),
    "a year with a leap day": Window(date(2024, 1, 1), date(2024, 12, 31)),
    "as long as the baseline": Window(date(2025, 3, 3), date(2025, 3, 9)),
    "back to the first day": Window(date(2023, 4, 10), date(2023, 7, 8)),
    "before the first day": Window(date(2023, 4, 9), date(2023, 7, 8)),
    "nothing before": Window(date(2023, 1, 10), date(2023, 2, 10)),
}
MODES = {
    "before": lambda window: window.previous,
    "year": lambda window: window.year_before,
    "baseline": lambda _: BASELINE,
}


def rows():
    """Days of cycles, each with the testers and verdicts of its bugs."""
    draw = random.Random(5)
    days = [BEGUN, *(BEGUN + timedelta(days=draw.randrange(800)) for _ in range(500))]
    return [
        (day, [(draw.choice("ABCDE"), draw.random() < 0.3) for _ in range(draw.randrange(4))])
        for day in days
    ]


ROWS = rows()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    world = Builder()
    for day, bugs in ROWS:
        cycle = world.cycle(creator="Ann", end=f"{day}T12:00")
        for tester, is_rejected in bugs:
            world.bug(cycle, tester=tester, status="rejected" if is_rejected else "accepted")
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('compared')}/s.db", timezone="UTC")
    prepare(opened)
    fill(opened, world.world)
    yield opened
    opened.close()


def by_hand(first, last):
    """The metrics of `KEYS` over the days from one to another."""
    within = [bugs for day, bugs in ROWS if first <= day <= last]
    bugs = [bug for found in within for bug in found]
    rejected = [is_rejected for _, is_rejected in bugs]
    share = sum(rejected) / len(rejected) if rejected else None
    return dict(zip(KEYS, (len(within), len(bugs), share, len({t for t, _ in bugs})), strict=True))


def of_mode(mode, window):
    """First and last day that a window is compared with."""
    if mode == "baseline":
        return BASELINE.span
    if mode == "before":
        return window.start - (window.end - window.start) - timedelta(days=1), (
            window.start - timedelta(days=1)
        )
    return tuple(
        date(day.year - 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
        for day in window.span
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", WINDOWS)
def test_a_compared_figure_is_the_one_by_hand(store, name, mode):
    window = WINDOWS[name]
    first, last = of_mode(mode, window)
    asked = {"window": window, "compare": MODES[mode](window), "today": TODAY}
    expected, factor = by_hand(first, last), 1.0
    is_other = mode == "baseline" and window.days != 7
    if is_other:
        factor = window.days / 7
    for figure in headline_figures(Scope(store, "a"), KEYS, **asked):
        key, beside = figure.metric.key, figure.beside
        total, gap = expected[key], ""
        if key in {"tests_created", "bug_count"}:
            total *= factor
        if total is None or last < BEGUN:
            total, gap = None, "no data then"
        elif first < BEGUN and key != "rejection_rate":  # a rate of a part is a rate
            total, gap = None, "data in part"
        elif key == "active_testers" and is_other:
            total, gap = None, "not comparable"
        assert (beside.gap, beside.total) == (gap, total and pytest.approx(total)), key


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", WINDOWS)
def test_each_period_stands_beside_the_one_as_far_from_the_end(store, name, mode):
    window = WINDOWS[name]
    grain, end = window.grain, of_mode(mode, window)[1]
    is_level = mode == "baseline" and window.days != 7
    asked = {"window": window, "compare": MODES[mode](window), "today": TODAY}
    for found in metric_series(Scope(store, "a"), KEYS, **asked):
        key, day, then = found.metric.key, window.end, end
        week = by_hand(*BASELINE.span)[key]
        expected = {}
        while day >= period_days(period_name(grain, window.start))[0]:
            period, earlier = period_name(grain, day), period_name(grain, then)
            first, last = period_days(earlier)
            until = SETTLED if key == "rejection_rate" else TODAY
            if is_level:
                days = Window(*period_days(period)).days
                value = week if key == "rejection_rate" else week * days / 7
                if days == 7 or key != "active_testers":
                    expected[period] = (BASELINE.label, pytest.approx(value))
            else:
                value = by_hand(first, last)[key]
                if first >= BEGUN and last <= until and value is not None:
                    expected[period] = (earlier, pytest.approx(value))
            day, then = period_days(period)[0] - timedelta(days=1), first - timedelta(days=1)
            if not is_level and then < of_mode(mode, window)[0]:
                break
        assert found.beside.points == expected, key


def test_bugs_that_are_still_decided_are_no_comparison(store):
    week = Window(date(2025, 3, 14), TODAY, "this week")
    window = Window(date(2024, 6, 1), date(2024, 6, 7))
    asked = {"window": window, "compare": week, "today": TODAY}
    count, _, rejected, _ = headline_figures(Scope(store, "a"), KEYS, **asked)
    assert count.beside.gap == ""
    assert (rejected.beside.total, rejected.beside.gap) == (None, "data in part")
