"""What a series says in words, and its chart."""

import pytest

from core.analytics.definitions import METRICS
from core.analytics.series import MetricSeries
from core.base.control_limits import SCALES, Point, behaviour
from core.base.stats import Estimate
from core.charts import control_chart, criterion_bar, limits_words
from core.review.signal_words import alt_text, chance, chance_of_all, finding, news, subtitle
from tests import vega


def series(*values, metric="tests_created", waits=0, open_ones=1):
    """A series by week; a pair is a share of a sample, and the last ones are not over."""
    chosen = METRICS[metric]
    is_share = chosen.kind == "share"
    points = [
        Point(
            f"2026-W{n:02}",
            (value[0] / value[1] if value[1] else None) if is_share else value,
            value[1] if is_share else None,
            n <= len(values) - open_ones,
        )
        for n, value in enumerate(values, 1)
    ]
    found = behaviour(points, kind=chosen.kind, scale=SCALES.get(chosen.unit))
    return MetricSeries(chosen, "week", tuple(points), found, waits)


CALM = series(*[10, 12] * 13, 3)
HIGH = series(*[10, 12] * 12, 30, 3)
EARLIER = series(*[10, 12] * 6, 30, *[10, 12] * 6, 3)
RUN = series(*[15, 17] * 5, *[9, 11] * 5, 3)
YOUNG = series(1, 2, 3, 4)
SOFT = series(*[10, 12] * 4, 3)
REJECTED = series(*[(20, 100), (21, 100)] * 9, (60, 100), (1, 2), metric="rejection_rate", waits=10)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (CALM, "Tests created: within the usual limits"),
        (HIGH, "Tests created: 2026-W25 is above the limits, for the better"),
        (EARLIER, "Tests created: within the usual limits, 1 earlier signal"),
        (RUN, "Tests created: 10 weeks in a row below the centre, for the worse"),
        (REJECTED, "Rejection rate: 2026-W19 is above the limits, for the worse"),
        (
            YOUNG,
            "Tests created: no limits yet, limits take 6 finished weeks with data, and there are 3",
        ),
    ],
)
def test_the_title_states_the_finding(found, said):
    assert finding(found) == said


def test_the_subtitle_says_what_is_drawn():
    assert subtitle(CALM) == (
        "By week, 2026-W01 to 2026-W27; band: usual limits (5.7 to 16.3) from 26 finished weeks; "
        "dashed: mean 11; "
        "false alarms: about 1 in 7 such charts; pale: not over yet"
    )
    assert "provisional until there are 12" in subtitle(SOFT)
    assert "for each week's sample" in subtitle(
        series(*[(8, 10), (7, 9)] * 8, metric="review_rate")
    )
    assert "bugs still being decided (10 days)" in subtitle(REJECTED)
    assert "widened" in subtitle(
        series(*[(20, 100), (60, 100)] * 8, metric="rejection_rate", open_ones=0)
    )
    assert subtitle(YOUNG) == "By week, 2026-W01 to 2026-W04; pale: not over yet"


def test_false_alarms_of_several_charts_are_added():
    assert chance([CALM, HIGH, CALM]) == "about 0.4 false alarms expected"
    said = "About 0.3 false alarms are expected in these charts."
    assert chance_of_all([CALM, HIGH, YOUNG]) == said
    assert chance_of_all([YOUNG]) == ""


def test_the_news():
    assert (
        news([CALM, CALM, EARLIER])
        == "No new signal: all three trends are within the usual limits."
    )
    assert news([CALM, YOUNG]) == "No new signal: one of the trends is within the usual limits."
    assert news([YOUNG]) == "No limits yet: too few finished weeks."
    assert news([HIGH, CALM, RUN]) == (
        "Two signals: tests created (2026-W25 is above the limits, for the better) and "
        "tests created (10 weeks in a row below the centre, for the worse)."
    )


def test_the_chart_in_words():
    assert alt_text(CALM) == "Tests created by week, no signal; last 2026-W27 3"
    assert "2026-W25 one week above the upper limit" in alt_text(HIGH)
    assert alt_text(series(None, None)) == "Tests created by week, no signal"


@pytest.mark.parametrize("found", [CALM, HIGH, EARLIER, RUN, YOUNG, SOFT, REJECTED])
def test_the_chart_is_drawn(found):
    drawn = control_chart(
        found.points, found.behaviour, unit=found.metric.unit, name=found.metric.label
    ).to_dict()
    vega.check(drawn)
    marked = [layer for layer in drawn["layer"] if "shape" in layer["mark"]]
    shapes = {layer["mark"]["shape"] for layer in marked if layer["data"]["values"]}
    rules = {signal.rule.name for signal in found.behaviour.signals}
    assert shapes == {{"BEYOND": "diamond", "RUN": "square"}[rule] for rule in rules}
    texts = [layer for layer in drawn["layer"] if layer["mark"]["type"] == "text"]
    words = [row["text"] for layer in texts for row in layer["data"]["values"]]
    assert len(words) == len(found.behaviour.signals)


def test_a_chart_without_data_is_drawn():
    for values in ([], [None] * 30, [(0, 0)] * 30):
        metric = "review_rate" if values and values[0] else "tests_created"
        found = series(*values, metric=metric)
        drawn = control_chart(found.points, found.behaviour, unit=found.metric.unit, name="x")
        vega.check(drawn.to_dict())


@pytest.mark.parametrize("value", [0.9, None])
def test_the_bar_of_a_criterion_is_drawn(value):
    estimate = Estimate(value=value, low=value and 0.8, high=None, n=9, method="")
    drawn = criterion_bar(estimate, target=0.95, ends=(0.7, 1.0), unit="fraction").to_dict()
    vega.check(drawn)
    marks = [layer["mark"]["type"] for layer in drawn["layer"]]
    assert marks == (["bar", "tick"] if value is None else ["bar", "bar", "point", "tick"])
    assert drawn["datasets"]["criterion"][0]["high"] == 1.0


def test_limits_in_words():
    assert limits_words(0.0, 12.43, "count") == "0 to 12.4"
    assert limits_words(11_508.6, 15_829.59, "count") == "11,509 to 15,830"
    assert limits_words(0.7152, 1.0, "fraction") == "71.5 % to 100 %"
    assert limits_words(None, None, "count") == "\N{EN DASH}"
