"""Events on charts over time, with labels that are neither cut nor on each other."""

import re
from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from core import charts
from core.charts import Event, TimePoint, chart_svg, with_events

START = datetime(2026, 10, 5)  # noqa: DTZ001  # as the clock on the wall shows it; a Monday
RELEASE = Event(
    START + timedelta(days=9, hours=10), "Release 4.2 of the engine", "Deployment", "Ann"
)
WEEKS = [f"2026-W{week}" for week in range(41, 47)]
DAYS = [START.date() + timedelta(days=n) for n in range(42)]


def frame(names, series="All"):
    return pd.DataFrame({"period": names, "series": series, "value": range(1, len(names) + 1)})


def by_day():
    points = [
        TimePoint(at=START + timedelta(days=n, hours=12), label="", value=n) for n in range(42)
    ]
    return charts.time_chart({"Runs": points}, unit="count", grain="day")


def daily_bars():
    days = {f"{day:%a %-d}, {day}": day for day in DAYS}
    rows = pd.DataFrame({"choice": list(days), "series": "Votes", "value": 1})
    return charts.stacked_choices(rows, unit="Votes", what="Day", days=days)


OVER_TIME = {
    "line": lambda: charts.line(
        frame(WEEKS), unit="Bugs", value_format=",d", unfinished=[], height=240
    ),
    "stack": lambda: charts.stacked_periods(
        frame(WEEKS), series=["All"], unit="Bugs", unfinished=[]
    ),
    "days": by_day,
    "daily bars": daily_bars,
}


def labels(drawn, width=300):
    """The width of the plot, and the texts above it with their middles."""
    svg = chart_svg(drawn, width=width)
    found = re.findall(r'translate\(([\d.-]+),-5\)"[^>]* font-size="11px"[^>]*>([^<]+)<', svg)
    return float(re.search(r"M0.5,0.5h([\d.]+)", svg)[1]), [(text, float(x)) for x, text in found]


@pytest.mark.parametrize("name", OVER_TIME)
def test_an_event_is_marked_where_it_happened(name):
    marked = with_events(OVER_TIME[name](), [RELEASE])
    field = marked.drawn.times.field
    (row,) = marked.drawn.spec["layer"][-2]["data"]["values"]
    assert row[field].startswith(
        {"line": "2026-W42", "stack": "2026-W42", "days": "2026-10-14T10:00"}.get(name, "Wed 14")
    )
    assert row["When"] == "14 Oct 2026"
    assert row["What"] == "Deployment, Release 4.2 of the engine"
    assert row["Noted by"] == "Ann"
    assert marked.key == ""
    assert marked.said("Runs.") == (
        "Runs. Marked: 14 Oct 2026: Deployment, Release 4.2 of the engine"
    )
    assert [text for text, _ in labels(marked.drawn)[1]] == ["Release 4.2 of the engine"]


@pytest.mark.parametrize("name", OVER_TIME)
def test_what_happened_outside_the_chart_is_not_marked(name):
    drawn = OVER_TIME[name]()
    for days in (-1, 42):
        marked = with_events(drawn, [Event(START + timedelta(days=days), "Elsewhere")])
        assert marked.drawn is drawn
        assert marked.words == ""
    assert with_events(drawn, [Event(START + timedelta(days=41, hours=23), "At the end")]).words


@pytest.mark.parametrize("width", [260, 500, 900])
@pytest.mark.parametrize("day", [0, 20, 41])
@pytest.mark.parametrize("name", OVER_TIME)
def test_a_label_is_never_cut(name, day, width):
    words = "A release with a name of 40 letters, yes"
    marked = with_events(OVER_TIME[name](), [Event(START + timedelta(days=day, hours=12), words)])
    plot, ((text, middle),) = labels(marked.drawn, width)
    assert text == words
    half = 6.2 / 2 * len(words)
    assert half - 1 <= middle or plot < 2 * half
    assert middle + half <= max(plot, 2 * half) + 1


def test_several_events_have_numbers_that_the_key_explains():
    events = [
        Event(START + timedelta(days=30), "B" * 300, "Incident"),
        RELEASE,
        Event(START + timedelta(days=9), "Config", "Other"),
    ]
    for make in OVER_TIME.values():
        marked = with_events(make(), events)
        assert [text for text, _ in labels(marked.drawn)[1]] == ["1-2", "3"]
        assert marked.under("By week") == (
            "By week; marked: 1 14 Oct 2026: Other, Config; 2 14 Oct 2026: Deployment, Release 4.2 "
            f"of the engine; 3 4 Nov 2026: Incident, {'B' * 300}"
        )
        assert "2 14 Oct" not in marked.words
        hovered = marked.drawn.spec["layer"][-1]["data"]["values"][0]["What"]
        assert hovered == "Other, Config; Deployment, Release 4.2 of the engine"


def test_excluded_time_is_drawn_from_its_beginning_to_its_end():
    outage = Event(START - timedelta(days=2), "Outage", until=START + timedelta(days=2))
    marked = with_events(by_day(), [outage])
    (row,) = marked.drawn.spec["layer"][0]["data"]["values"]
    assert (row["at"], row["until"]) == ("2026-10-05T00:00:00Z", "2026-10-07T00:00:00Z")
    over = with_events(by_day(), [Event(START - timedelta(days=2), "Over", until=START)])
    assert over.words == ""


def test_events_leave_room_for_a_legend_and_a_chart_without_time_alone():
    rows = pd.DataFrame(
        [(f"{day}", name, 1) for day in DAYS[:7] for name in ("Votes", "Survey responses")],
        columns=["choice", "series", "value"],
    )
    days = {f"{day}": day for day in DAYS[:7]}
    made = charts.stacked_choices(rows, unit="Votes", what="Day", days=days)
    marked = with_events(made, [Event(START, "Start")]).drawn
    assert marked.spec["config"]["legend"]["offset"] > 18
    assert marked.spec["padding"]["top"] > made.spec["padding"]["top"]
    plain = charts.stacked_choices(rows, unit="Votes", what="Stars")
    assert with_events(plain, [RELEASE]).drawn is plain


def test_an_event_of_a_year_and_a_quarter_lies_in_it():
    for names in (["2024", "2025", "2026"], ["2026-Q3", "2026-Q4"]):
        made = charts.line(frame(names), unit="Bugs", value_format=",d", unfinished=[], height=90)
        (row,) = with_events(made, [RELEASE]).drawn.spec["layer"][-2]["data"]["values"]
        assert row["period"] == names[-1]
    assert date(2026, 10, 14) == RELEASE.at.date()


def test_a_chart_as_low_as_a_spark_has_marks_without_labels():
    values = dict.fromkeys(WEEKS, 3)
    made = charts.spark(values, unit="count", name="Bugs")
    marked = with_events(made, [RELEASE, Event(START, "Start")])
    rule = marked.drawn.spec["layer"][-1]
    assert (rule["mark"]["type"], len(rule["data"]["values"])) == ("rule", 2)
    assert marked.drawn.spec["padding"] == made.spec["padding"]
    assert marked.key == ""
    assert "Release 4.2" in marked.words
    assert "Release 4.2" not in chart_svg(marked.drawn, width=200)
