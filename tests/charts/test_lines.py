"""Charts over time and those of the criteria: valid and drawn, whatever they are given."""

import warnings
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import vl_convert

from core.base import text
from core.base.stats import Estimate
from core.charts import Event, TimePoint, intervals, spark, stacked_choices, time_chart, with_events
from tests import vega

NOON = datetime(2026, 11, 2, 12)  # noqa: DTZ001  # as the clock on the wall shows it
DAY = timedelta(days=1)
HOSTILE = 'O"Neil \\ *b* <script>alert(1)</script> $1$ :red[x] \N{PILE OF POO} ' + "x" * 500
BERLIN = ZoneInfo("Europe/Berlin")


def point(n, value=0.9, step=DAY, **more):
    low, high = (None, None) if value is None else (value - 0.1, value + 0.1)
    at = NOON + n * step
    return TimePoint(at=at, label=f"Day {n}", value=value, low=low, high=high, n=9, **more)


def line(number, name="Success", **more):
    return {name: [point(n, **more) for n in range(number)]}


UNFINISHED = {"Success": [point(0), point(1), point(2, is_whole=False)]}
WORLDS = {
    "empty": {"Success": []},
    "nothing at all": {},
    "single": line(1),
    "all null": line(7, value=None),
    "unfinished": UNFINISHED,
    "only unfinished": {"Success": [point(0, is_whole=False)]},
    "whole days without a value": {"S": [point(0, None), point(1, is_whole=False)]},
    "dense": line(700, step=timedelta(minutes=15)),
    "several": line(7, "p50") | line(7, "p95", value=None) | line(7, "p99", value=3.0),
    "hostile": line(7, HOSTILE) | line(7, "null") | line(7, "a.b[0]"),
    "equal and negative": line(7, "a", value=0.0)
    | line(7, "b", value=0.0)
    | line(7, "c", value=-2),
}
EVENTS = [
    *(Event(NOON + n * DAY, HOSTILE) for n in range(5)),
    Event(NOON, HOSTILE, until=NOON + DAY),
    Event(NOON, "of no length", until=NOON),
]


def drawn(chart):
    """The chart as Vega-Lite, checked and drawn; a warning of the compiler fails."""
    spec = chart.to_dict()
    vega.check(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return spec, vl_convert.vegalite_to_svg(spec)


@pytest.mark.parametrize("grain", ["hour", "day", "week"])
@pytest.mark.parametrize("name", WORLDS)
def test_a_chart_over_time_is_valid_and_is_drawn(name, grain):
    more = {"targets": [0.95, 0.99], "baseline": 0.9}
    for asked, events in (({}, []), (more, EVENTS), ({"zero": True}, EVENTS[:1])):
        made = time_chart(WORLDS[name], unit="fraction", grain=grain, **asked)
        _, svg = drawn(with_events(made, events).drawn)
        assert svg.startswith("<svg")
        # Without any point there is no place on the axis; the pages say so in words then.
        assert "NaN" not in svg or not any(WORLDS[name].values())
        assert "<script" not in svg


def layers(chart):
    return chart.to_dict()["layer"]


def rows_of(chart, test):
    return [row for row in chart.to_dict()["datasets"]["points"] if row[test]]


def test_the_dotted_way_begins_at_the_last_whole_point():
    chart = time_chart(UNFINISHED, unit="fraction", grain="day")
    assert [row["When"] for row in rows_of(chart, "is_tail")] == ["Day 1", "Day 2, not over yet"]
    assert [row["When"] for row in rows_of(chart, "is_whole")] == ["Day 0", "Day 1"]
    dotted = [one for one in layers(chart) if one["mark"].get("strokeDash") == [3, 4]]
    assert [one["transform"] for one in dotted] == [[{"filter": "datum.is_tail"}]]


def test_several_lines_have_each_their_own_dotted_way():
    other = {"p99": [point(0), point(1, is_whole=False), point(2, is_whole=False)]}
    chart = time_chart(UNFINISHED | other, unit="fraction", grain="day")
    tails = [(row["series"], row["When"][:5]) for row in rows_of(chart, "is_tail")]
    assert tails == [
        *(("Success", "Day 1"), ("Success", "Day 2")),
        *(("p99", "Day 0"), ("p99", "Day 1"), ("p99", "Day 2")),
    ]


def test_an_unknown_value_is_null_and_no_dot():
    chart = time_chart({"S": [point(0), point(1, None), point(2)]}, unit="s", grain="day")
    assert [row["value"] for row in chart.to_dict()["datasets"]["points"]] == [0.9, None, 0.9]
    _, svg = drawn(chart)
    dots = svg.partition("mark-symbol")[2].partition("</g>")[0]
    assert dots.count("<path") == 2
    # A reader hears the text alternative of a chart, and not each of its marks.
    assert "graphics-symbol" not in svg


@pytest.mark.parametrize(
    ("values", "unit", "mark"),
    [
        ({"2026-W44": 3, "2026-W45": 0, "2026-W46": None, "2026-W47": 2}, "count", "bar"),
        ({"2026-W44": 0.5, "2026-W45": None, "2026-W46": 1.0, "2026-W47": 0.1}, "fraction", "line"),
        ({f"{year}": year for year in range(1990, 2026)}, "count", "line"),
        ({}, "count", "bar"),
        ({"2026-W47": None}, "stars", "line"),
    ],
)
def test_a_small_chart_says_period_and_value_and_which_are_cut(values, unit, mark):
    chart = spark(values, unit=unit, name="Tests created", cut=["2026-W44", "2026-W47"])
    spec, svg = drawn(chart)
    assert spec["layer"][0]["mark"]["type"] == mark
    assert "NaN" not in svg
    rows = spec["datasets"]["rows"]
    assert [row["Period"].partition(",")[0] for row in rows] == list(values)
    assert [row["Value"] for row in rows] == [text.amount(one, unit) for one in values.values()]
    known = [p for p in values if values[p] is not None and p not in {"2026-W44", "2026-W47"}]
    assert [row["period"] for row in rows if row["is_whole"]] == known
    told = [one["title"] for one in spec["layer"][-1]["encoding"]["tooltip"]]
    assert told == ["Period", "Tests created"]
    assert "axis" not in svg


def test_many_points_have_no_dots_that_are_seen_and_few_ticks():
    few, many = (
        time_chart(line(n, step=timedelta(minutes=15)), unit="s", grain="day") for n in (60, 700)
    )
    opacity = [
        next(one for one in layers(chart) if one["mark"]["type"] == "point")["encoding"]["opacity"]
        for chart in (few, many)
    ]
    assert [one["condition"]["value"] for one in opacity] == [1, 0]
    axis = layers(many)[-1]["encoding"]["x"]["axis"]
    assert "values" not in axis


def test_a_day_of_25_hours_is_drawn_as_the_clock_shows_it():
    """The wall clock is what is drawn, so that an hour is drawn twice and no day is moved."""
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin
    quarters = [start + n * timedelta(minutes=15) for n in range(100)]
    points = [
        TimePoint(at=at.astimezone(BERLIN).replace(tzinfo=None), label="x", value=1.0)
        for at in quarters
    ]
    chart = time_chart({"Queue": points}, unit="Waiting", grain="hour")
    times = [row["at"] for row in chart.to_dict()["datasets"]["points"]]
    assert (times[0], times[-1]) == ("2026-10-25T00:00:00Z", "2026-10-25T23:45:00Z")
    assert times.count("2026-10-25T02:30:00Z") == 2
    assert "NaN" not in drawn(chart)[1]


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other():
    lines = line(7, "a", value=1.0) | line(7, "b", value=1.0) | line(7, "c", value=1.01)
    chart = time_chart(lines, unit="seconds", grain="day")
    text = next(one for one in layers(chart) if one["mark"]["type"] == "text")
    at = sorted(row["value"] for row in text["data"]["values"])
    assert all(b - a > 0.08 for a, b in pairwise(at))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("5", "Survey", 0)],
        [("5", "In the product", 3), ("5", "Survey", None)],
        [(HOSTILE, "Votes", 2), ("b.c[0]", "Survey responses", 10**9)],
        [(f"Day {n}", "Finished runs", n) for n in range(700)],
    ],
)
def test_counts_by_choice_are_drawn(rows):
    frame = pd.DataFrame(rows, columns=["choice", "series", "value"])
    _, svg = drawn(stacked_choices(frame, unit="Votes", what="Day", targets=(50.0, 100.0)))
    assert "NaN" not in svg


def estimate(value, low=None, high=None):
    return Estimate(value=value, low=low, high=high, n=7, method="x")


@pytest.mark.parametrize("target", [None, 0.2])
@pytest.mark.parametrize(
    "estimates",
    [
        {},
        {"none": estimate(None)},
        {"no interval": estimate(0.3)},
        {"half": estimate(0.3, 0.1), HOSTILE: estimate(-2.5, -7.0, 0.5)},
    ],
)
@pytest.mark.parametrize("unit", ["fraction", "minutes"])
def test_estimates_below_each_other_are_drawn(estimates, target, unit):
    _, svg = drawn(intervals(estimates, unit=unit, target=target))
    assert "NaN" not in svg
