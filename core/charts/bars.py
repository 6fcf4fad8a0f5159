"""Bars from zero: amounts by category, stacked by period or by choice."""

from collections.abc import Collection, Mapping, Sequence

import altair as alt
import pandas as pd

from core.base import text
from core.base.text import OTHERS
from core.charts.lines import period_axis
from core.charts.theme import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALETTE,
    VERMILION,
    ChartSpec,
    Part,
    colour,
    layer,
    layered,
    name_layers,
    records,
    rule_layer,
    slot,
    spread,
    template,
    text_slot,
)

UNFINISHED = 0.45
LABEL_GAP = 0.075  # of the highest bar
# One colour for a series on every page.
SERIES_COLOURS: Mapping[str, str] = {
    "In the product": BLUE,
    "Survey": ORANGE,
    "Thumbs up": GREEN,
    "Thumbs down": VERMILION,
    "Votes": BLUE,
    "Survey responses": ORANGE,
    "Finished runs": BLUE,
}


@template
def _stacked(*, is_periods: bool, has_names: bool, has_legend: bool) -> alt.LayerChart:
    if is_periods:
        axis = alt.Axis(
            values=slot("shown"),
            labelAngle=0,
            labelOverlap="greedy",
            labelExpr=text_slot("label"),
        )
        x, y_axis = alt.X("category:O", title=None, axis=axis), alt.Axis(tickCount=5)
    else:
        axis = alt.Axis(labelAngle=0, labelOverlap="greedy")
        x = alt.X("category:O", title=None, sort=None, axis=axis)
        y_axis = alt.Axis(tickMinStep=1, tickCount=4)
    bars = layer(
        x=x,
        y=alt.Y("value:Q", title=text_slot("unit"), stack="zero", axis=y_axis),
        color=colour(legend=alt.Legend(orient="top", title=None) if has_legend else None),
        order=alt.Order("layer:Q"),
        opacity=alt.condition("datum.is_pale", alt.value(UNFINISHED), alt.value(1)),
        tooltip=[
            alt.Tooltip("category:O", title=text_slot("category")),
            alt.Tooltip("series:N", title=text_slot("what")),
            alt.Tooltip("value:Q", title=text_slot("unit"), format=",d"),
        ],
    ).mark_bar()
    names = name_layers(alt.X("category:O", bandPosition=1), alt.Y("at:Q")) if has_names else []
    rules = [] if is_periods else [rule_layer("targets", "Target", y=alt.Y("value:Q"))]
    return layered("rows", bars, *names, *rules)


def stacked_periods(
    frame: pd.DataFrame,
    *,
    series: Sequence[str],
    unit: str,
    unfinished: str | Collection[str] | None = None,
    height: int = 340,
    others: str = OTHERS,
    what: str = "Who",
) -> ChartSpec:
    """Amounts by period, stacked by series, with the names at the right edge.

    `frame` has period (str), series (str) and value (number), one row for each pair; `series` gives
    the order from the bottom, with `others`, where it is one, in grey. The `unfinished` periods are
    pale. `what` is what a series is.
    """
    order = [name for name in series if name != others]
    colours = list(PALETTE[: len(order)])
    if others in series:
        order, colours = [others, *order], [GREY, *colours]
    position = {name: n for n, name in enumerate(order)}
    pale = {unfinished} if unfinished is None or isinstance(unfinished, str) else set(unfinished)
    rows = frame.assign(
        category=frame["period"],
        layer=frame["series"].map(position),
        is_pale=frame["period"].isin(pale),
    )
    axis = period_axis(frame["period"])
    return _stacked(is_periods=True, has_names=True, has_legend=False).fill(
        {"rows": records(rows), "names": _edge_names(frame, order)},
        height=height,
        series=order,
        colours=colours,
        unit=unit,
        category="Period",
        what=what,
        **axis,
    )


def _edge_names(frame: pd.DataFrame, order: Sequence[str]) -> list[Part]:
    """Each name beside the middle of its part of the last period, kept apart."""
    last = frame["period"].max()
    values = frame[frame["period"] == last].set_index("series")["value"].reindex(order).fillna(0)
    totals = frame.groupby("period")["value"].sum()
    gap = LABEL_GAP * (float(totals.max()) if len(totals) else 1.0)
    places = spread((values.cumsum() - values / 2).tolist(), gap)
    return [
        {"series": name, "category": last, "at": at} for name, at in zip(order, places, strict=True)
    ]


def stacked_choices(
    frame: pd.DataFrame,
    *,
    unit: str,
    what: str,
    targets: Sequence[float] = (),
    height: int = 240,
) -> ChartSpec:
    """Counts by choice, stacked by series, with the names on top and the targets dashed.

    `frame` has choice (str, in the order to be drawn), series (one of `SERIES_COLOURS`) and value
    (number). `what` is what a choice is.
    """
    series = list(dict.fromkeys(frame["series"]))
    rows = frame.assign(
        category=frame["choice"],
        layer=frame["series"].map({name: -n for n, name in enumerate(series)}),
        is_pale=False,
    )
    rules = [{"value": one, "Target": text.amount(one, "per day")} for one in targets]
    return _stacked(is_periods=False, has_names=False, has_legend=len(series) > 1).fill(
        {"rows": records(rows), "targets": rules},
        height=height,
        series=series,
        colours=[SERIES_COLOURS[name] for name in series],
        unit=unit,
        category=what,
        what="What",
    )


@template
def _bars() -> alt.LayerChart:
    unit, number = text_slot("unit"), text_slot("number")
    bars = layer(
        y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X("value:Q", title=unit, axis=alt.Axis(format=number, tickCount=5)),
        tooltip=[
            alt.Tooltip("category:N", title="What"),
            alt.Tooltip("value:Q", title=unit, format=number),
        ],
    )
    ends = bars.mark_text(align="left", dx=4, style="ink").encode(
        text=alt.Text("value:Q", format=number)
    )
    return layered("rows", bars.mark_bar(), ends)


def bars(frame: pd.DataFrame, *, unit: str, value_format: str) -> ChartSpec:
    """Amounts by category, from zero, with the value at the end of each bar.

    `frame` has category (str) and value (number or None), in the order to be drawn.
    """
    height = 60 + 34 * len(frame)
    return _bars().fill({"rows": records(frame)}, height=height, unit=unit, number=value_format)
