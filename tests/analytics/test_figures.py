"""Headline figures: the value, what it was in the window before, the sample and the trend."""

from datetime import date

import pytest

from core.analytics.dates import Window
from core.analytics.query import metric_totals, query_metrics
from core.analytics.series import headline_figures
from core.analytics.verify import explain
from core.store import Scope
from tests.analytics.worlds import Builder, fill

TODAY = date(2024, 3, 31)
LATER = date(2024, 4, 10)  # when all of it is settled
MARCH = Window(date(2024, 3, 1), TODAY, "March")
BEFORE = MARCH.previous
KEYS = ["bug_count", "rejection_rate", "active_testers"]


@pytest.fixture
def filled(each_store):
    world = Builder()
    for end, statuses in (
        ("2024-01-20", ()),
        ("2024-02-20", ("accepted", "rejected")),
        ("2024-03-01", ("accepted", "accepted", "rejected")),
        ("2024-03-31", ("rejected",)),
    ):
        cycle = world.cycle(end=end)
        for number, status in enumerate(statuses):
            world.bug(cycle, tester=f"T{number}", status=status)
    fill(each_store, world.world)
    return each_store


def test_a_figure_and_the_window_before(filled):
    figures = headline_figures(Scope(filled, "a"), KEYS, window=MARCH, compare=BEFORE, today=LATER)
    assert [figure.value for figure in figures] == [4, 0.5, 3]
    assert [figure.beside.total for figure in figures] == [2, 0.5, 2]
    assert {figure.beside.label for figure in figures} == {"the 31 days before"}
    assert [figure.n for figure in figures] == [None, 4, None]
    assert sum(figures[0].trend) == 4
    assert figures[0].periods == ("2024-W09", "2024-W10", "2024-W11", "2024-W12", "2024-W13")
    assert figures[0].cut == ["2024-W09"]  # 1 March was a Friday, and 31 March a Sunday
    assert [figure.waiting for figure in figures] == [0, 0, 0]


def test_all_time_has_nothing_before_it(filled):
    always = Window(None, None, "All time")
    figures = headline_figures(Scope(filled, "a"), KEYS, window=always, today=LATER)
    assert [figure.value for figure in figures] == [6, 0.5, 3]
    assert [figure.beside for figure in figures] == [None] * 3
    figures = headline_figures(Scope(filled, "a"), KEYS, window=always, compare=MARCH, today=LATER)
    assert [figure.beside for figure in figures] == [None] * 3


def test_shares_are_those_of_settled_bugs(filled):
    asked = {"window": MARCH, "compare": BEFORE, "today": TODAY}
    count, rejected, _ = headline_figures(Scope(filled, "a"), KEYS, **asked)
    assert (count.value, count.waiting) == (4, 0)
    assert (rejected.value, rejected.n, rejected.waiting) == (pytest.approx(1 / 3), 3, 1)
    assert rejected.beside.total == 0.5
    assert rejected.trend == (pytest.approx(1 / 3), None, None, None, None)
    # The answer behind it is that of the settled ones.
    assert rejected.result["totals"]["rejection_rate"] == rejected.value
    assert explain(filled, rejected.result, metric="rejection_rate")["total_rows"] == 3
    always = Window(None, None, "All time")
    (figure,) = headline_figures(Scope(filled, "a"), ["rejection_rate"], window=always, today=TODAY)
    assert (figure.value, figure.n, figure.waiting) == (pytest.approx(2 / 5), 5, 1)


def test_a_window_in_which_nothing_is_settled_has_no_share(filled):
    week = Window(date(2024, 3, 25), TODAY, "7 days")
    asked = {"window": week, "compare": week.previous, "today": TODAY}
    (figure,) = headline_figures(Scope(filled, "a"), ["rejection_rate"], **asked)
    assert (figure.value, figure.n, figure.waiting) == (None, None, 1)
    assert (figure.beside.total, figure.beside.gap) == (None, "no data then")


def test_totals_alone_are_those_of_the_whole_answer(filled):
    for asked in (
        {"metrics": KEYS, "start_date": "2024-03"},
        {"metrics": KEYS, "filters": {"tester": "T1"}},
        {"metrics": ["bug_count"], "start_date": "2030"},
        {"metrics": ["rejection_rate"], "with_samples": True},
    ):
        whole = query_metrics(filled, account="a", **asked)["totals"]
        assert metric_totals(Scope(filled, "a"), **asked) == whole
