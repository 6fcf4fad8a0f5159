"""Every chart is valid Vega-Lite with the data that it was given, and can be taken away."""

import re
import tomllib
from functools import cache

import pandas as pd
import pytest
import vl_convert

from core import charts
from core.analytics.dates import every_period
from core.analytics.definitions import METRICS
from core.base.control_limits import Point, behaviour
from core.base.settings import ROOT
from core.base.stats import Estimate
from core.charts import chart_image, chart_svg, cohort_map
from core.charts import image as images
from core.charts.theme import DARK, LIGHT, PALETTE
from tests import vega

MONTHS = [f"2026-{month:02}" for month in range(1, 12)]
STACK = pd.DataFrame(
    [
        (month, who, number + len(who))
        for number, month in enumerate(MONTHS)
        for who in ("Ann", "Everyone else")
    ],
    columns=["period", "series", "value"],
)
LINE = STACK.assign(value=STACK["value"].where(STACK["period"] != "2026-03"), n=9)
BARS = pd.DataFrame({"category": ["a <b> & c", "d"], "value": [3, None]})
RANKS = {
    name: Estimate(value=value, low=1, high=high, n=0, method="rank")
    for name, value, high in (("1 Ann", 1, 2), ("2 Bob", 2, 5))
}
CELLS = pd.DataFrame({"row": ["a", "b"], "column": ["x", "y"], "value": [0.5, None]})
COHORTS = pd.DataFrame(
    [(0, "May 2026", 9, 1.0, True), (1, "Jun 2026", 3, 1 / 3, False)],
    columns=["after", "month", "active", "share", "is_over"],
).assign(row="May 2026, n = 9", size=9)
DRAWN = {
    "stack": lambda: charts.stacked_periods(
        STACK, series=["Ann", "Everyone else"], unit="Cycles", unfinished=["2026-11"]
    ),
    "line": lambda: charts.line(
        LINE, unit="Bugs", value_format=",d", unfinished=["2026-11"], height=280
    ),
    "bars": lambda: charts.bars(BARS, unit="Bugs", value_format=",d"),
    "ranks": lambda: charts.intervals(RANKS, unit="count", title="Rank", start=1),
    "cells": lambda: charts.heat_map(
        CELLS, titles=("Row", "Column"), unit="Share", value_format=".0%"
    ),
    "cohorts": lambda: cohort_map(COHORTS).in_theme(DARK),
}
TEXTS = {
    "title": "Two of <three> & more",
    "subtitle": "By month",
    "stamp": {"Account": "Acme & Söhne", "Filters": "Last 90 days", "As of": "2026-11-22 18:00"},
}


@cache
def drawn(name):
    return DRAWN[name]()


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_is_valid_and_is_drawn(name):
    spec = drawn(name).to_dict()
    vega.check(spec)
    assert "<svg" in vl_convert.vegalite_to_svg(spec)
    spec["layer"].clear()
    assert drawn(name).to_dict()["layer"]  # who changes the answer does not change the chart


def test_unknown_values_are_null_and_whole_numbers_stay_whole():
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, float("nan")], "c": ["x", None]})
    frame["d"] = pd.Series([3, None], dtype="Int64")
    found = charts.bars(frame, unit="Bugs", value_format=",d").to_dict()["datasets"]["rows"]
    assert found == [
        {"a": 1, "b": 0.5, "c": "x", "d": 3},
        {"a": 2, "b": None, "c": None, "d": None},
    ]
    assert type(found[0]["a"]) is int


def svg(name, **texts):
    return chart_image(drawn(name), kind="svg", **TEXTS | texts).decode()


@pytest.mark.parametrize("name", DRAWN)
def test_an_image_says_what_it_is(name):
    found = svg(name)
    assert "Two of &lt;three&gt; &amp; more" in found
    assert "Filters: Last 90 days" in found
    assert "Account: Acme &amp; Söhne" in found
    png = chart_image(drawn(name), kind="png", **TEXTS)
    assert png.startswith(b"\x89PNG")
    wide, high = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert wide >= images.WIDTH * images.SCALE
    assert high > 200


def test_an_image_is_read_on_white_whatever_the_page_looks_like():
    found = svg("cohorts")
    assert "#e8edf2" not in found  # the ink of a dark page
    assert images.INK in found
    theme = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    assert tuple(theme["light"]["chartCategoricalColors"]) == PALETTE
    assert tuple(theme["dark"]["chartCategoricalColors"]) == PALETTE
    assert theme["light"]["textColor"] == images.INK
    assert theme["light"]["backgroundColor"] == images.PAPER


def test_names_that_no_xml_can_hold_do_not_break_an_image():
    texts = {"title": "Bell \x07 and \ud800", "stamp": {"Filters": "a\x00b"}}
    assert chart_image(drawn("bars"), kind="png", **TEXTS | texts).startswith(b"\x89PNG")
    signs = "".join(map(chr, [*range(32), 127, 0xFFFE, 0xFFFF, 0x202E, 0x5D0, 0x1F600]))
    odd = charts.bars(BARS.assign(category=[signs, "y"]), unit="Bugs", value_format=",d")
    assert chart_image(odd, kind="png", **TEXTS).startswith(b"\x89PNG")


def test_long_texts_take_more_lines_and_none_is_cut():
    title = " ".join(f"word{n}" for n in range(60))
    found = svg("bars", title=title)
    assert all(f"word{n}" in found for n in range(60))


def test_text_that_looks_like_a_place_of_the_template_stays_text():
    odd = BARS.assign(category=["slot:unit", "rows"])
    spec = charts.bars(odd, unit="slot:number", value_format=",d").to_dict()
    assert [row["category"] for row in spec["datasets"]["rows"]] == ["slot:unit", "rows"]
    assert spec["layer"][0]["encoding"]["x"]["title"] == "slot:number"


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted(luminance(colour) + 0.05 for colour in (one, other))
    return high / low


@pytest.mark.parametrize("name", ["light", "dark"])
def test_colours_and_words_are_seen_on_both_pages(name):
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    paper = config["theme"][name]["backgroundColor"]
    theme = {"light": LIGHT, "dark": DARK}[name]
    assert all(contrast(colour, paper) >= 3 for colour in PALETTE)
    assert all(contrast(colour, paper) >= 4.5 for colour in (theme.ink, theme.soft))


def rows(drawn):
    return drawn.to_dict()["datasets"]["rows"]


def months(first, last):
    names = every_period("month", first, last)
    return pd.DataFrame({"period": names, "series": "All", "value": 1})


def test_more_than_forty_months_are_drawn_by_quarter():
    few, many = months("2023-08", "2026-11"), months("2023-05", "2026-11")
    assert charts.by_quarter(few) is None
    made = charts.stacked_periods(many, series=["All"], unit="Bugs", unfinished=["2026-11"])
    drawn = [(row["category"], row["value"], row["is_pale"]) for row in rows(made)]
    # What begins or ends within a quarter is no whole one.
    assert drawn[:2] == [("2023-Q2", 2, True), ("2023-Q3", 3, False)]
    assert drawn[-2:] == [("2026-Q3", 3, False), ("2026-Q4", 2, True)]
    assert sum(value for _, value, _ in drawn) == len(many) == 43
    assert "Q1" in chart_image(made, kind="svg", **TEXTS).decode()


def test_a_line_is_dotted_at_both_ends_where_they_are_not_whole():
    frame = months("2026-01", "2026-05")
    ends = ["2026-01", "2026-05"]
    made = charts.line(frame, unit="Bugs", value_format=",d", unfinished=ends, height=240)
    for key, periods in {
        "is_head": ["2026-01", "2026-02"],
        "is_tail": ["2026-04", "2026-05"],
        "is_whole": ["2026-02", "2026-03", "2026-04"],
    }.items():
        assert [row["period"] for row in rows(made) if row[key]] == periods


@pytest.mark.parametrize("width", [300, 400, 900])
def test_long_names_stand_above_the_bars_and_leave_them_their_room(width):
    names = ["Alexandra Konstantinopoulou", "Chrysanthemum van der Westhuizen", "Bo"]
    frame = pd.DataFrame([(m, n, 2) for m in MONTHS for n in names], columns=list(STACK))
    made = charts.stacked_periods(frame, series=names, unit="Cycles", unfinished=[])
    found = chart_svg(made, width=width)
    assert all(f">{name}<" in found for name in names)
    assert float(re.search(r"M0.5,0.5h([\d.]+)", found)[1]) > width - 60


def test_every_other_month_is_named_where_there_is_no_room_and_january_with_its_year():
    frame = months("2025-12", "2026-11")
    made = charts.line(frame, unit="Bugs", value_format=",d", unfinished=[], height=240)
    labels = re.findall(r'opacity="1">(?:<tspan>)?(\w{3})<', chart_svg(made, width=250))
    assert labels == ["Jan", "Mar", "May", "Jul", "Sep", "Nov"]


def test_the_word_of_a_signal_lies_on_none_of_its_points():
    values = [50, 52] * 4 + [0, *[47] * 9, 50, 52, 50, 52, 99, 50, 52, 51]
    names = [f"2026-W{n:02}" for n in range(10, 10 + len(values))]
    points = [Point(name, value, None, True) for name, value in zip(names, values, strict=True)]
    kind = METRICS["tests_created"].kind
    found = behaviour(points, kind=kind, period="week")
    made = charts.control_chart(points, found, unit="count", name="Tests").to_dict()
    words = {row["text"]: row for row in made["layer"][-1]["data"]["values"]}
    low, run, high = words["below"], words["10 below"], words["above"]
    assert (low["value"], low["align"], low["period"]) == (0, "left", names[8])
    assert (high["value"], high["align"]) == (99, "right")
    # A run below the mean has its word above the mean, in its middle.
    assert run["value"] == found.centre
    assert (run["dy"], run["period"]) == (-9, names[12])
    assert "W35" in chart_svg(charts.control_chart(points, found, unit="", name="T"), width=900)
