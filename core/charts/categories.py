"""Amounts and shares by category: bars from zero, dots with intervals, heat maps."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import altair as alt
import pandas as pd

from core.analytics.dates import period_days, period_name
from core.base import text
from core.base.stats import Estimate
from core.base.text import OTHERS
from core.charts import vega
from core.charts.lines import NAMES, UNFINISHED, name_columns, period_axis, period_x
from core.charts.theme import BLUE, GREEN, GREY, ORANGE, PALETTE, STRONG, VERMILION
from core.charts.vega import ChartSpec, Part

MOST_BARS = 40
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


@vega.template
def _stacked(*, is_periods: bool, has_legend: bool) -> alt.LayerChart:
    names = alt.Legend(orient="top", title=None)
    if is_periods:
        x, y_axis, names = period_x("category"), alt.Axis(tickCount=5), NAMES
    else:
        apart: Part = {"labelOverlap": "parity", "labelSeparation": 6}
        axis = alt.Axis(labelAngle=0, labelExpr=vega.text_slot("label"), **apart)
        x = alt.X("category:O", title=None, sort=None, axis=axis)
        y_axis = alt.Axis(tickMinStep=1, tickCount=4)
    bars = vega.layer(
        x=x,
        y=alt.Y("value:Q", title=vega.text_slot("unit"), stack="zero", axis=y_axis),
        color=vega.colour(legend=names if has_legend else None),
        order=alt.Order("layer:Q"),
        opacity=alt.condition("datum.is_pale", alt.value(UNFINISHED), alt.value(1)),
        tooltip=[
            *vega.tips(category=vega.text_slot("category"), series=vega.text_slot("what")),
            alt.Tooltip("value:Q", title=vega.text_slot("unit"), format=",d"),
        ],
    ).mark_bar()
    beside = [] if is_periods else [vega.target_layer(y=alt.Y("value:Q"))]
    return vega.layered("rows", bars, *beside)


def by_quarter(frame: pd.DataFrame) -> pd.DataFrame | None:
    """The rows of `stacked_periods` by quarter, where their months would be hairline bars."""
    if frame["period"].nunique() <= MOST_BARS:
        return None
    by = [frame["period"].map(quarter_of), frame["series"]]
    sums: pd.DataFrame = frame["value"].groupby(by, sort=False).sum().reset_index()
    return sums


def quarter_of(month: str) -> str:
    """2026-05 as 2026-Q2."""
    return period_name("quarter", period_days(month)[0])


def stacked_periods(
    frame: pd.DataFrame,
    *,
    series: Sequence[str],
    unit: str,
    unfinished: Collection[str],
    others: str = OTHERS,
    what: str = "Who",
    height: int = 320,
) -> ChartSpec:
    """Amounts by period, stacked by series, with the names on top; over many months by quarter.

    `frame` has period (str), series (str) and value (number), one row for each pair; `series` gives
    the order from the bottom, with `others`, where it is one, in grey. The `unfinished` periods are
    pale. `what` is what a series is.
    """
    if (binned := by_quarter(frame)) is not None:
        # A quarter in which the months begin has not all of them, like one that is not over.
        began = frame["period"].min()
        cut = [began] if period_days(quarter_of(began))[0] < period_days(began)[0] else []
        frame, unfinished = binned, {*map(quarter_of, [*unfinished, *cut])}
    order = [name for name in series if name != others]
    colours = list(PALETTE[: len(order)])
    if others in series:
        order, colours = [others, *order], [GREY, *colours]
    position = {name: n for n, name in enumerate(order)}
    rows = frame.assign(
        category=frame["period"],
        layer=frame["series"].map(position),
        is_pale=frame["period"].isin(unfinished),
    )
    return _stacked(is_periods=True, has_legend=len(order) > 1).fill(
        {"rows": rows},
        height=height + 8 * len(order),  # the names above it take their room
        series=order,
        colours=colours,
        unit=unit,
        columns=name_columns(order),
        category="Period",
        what=what,
        times=vega.period_times("category", frame["period"]),
        **period_axis(frame["period"]),
    )


def stacked_choices(
    frame: pd.DataFrame,
    *,
    unit: str,
    what: str,
    targets: Sequence[float] = (),
    days: Mapping[str, date] | None = None,
    height: int = 240,
) -> ChartSpec:
    """Counts by choice, stacked by series, with the names on top and the targets dashed.

    `frame` has choice (str, in the order to be drawn), series (one of `SERIES_COLOURS`) and value
    (number). `what` is what a choice is; where each is a day, `days` has it.
    """
    series = list(dict.fromkeys(frame["series"]))
    rows = frame.assign(
        category=frame["choice"],
        layer=frame["series"].map({name: -n for n, name in enumerate(series)}),
        is_pale=False,
    )
    return _stacked(is_periods=False, has_legend=len(series) > 1).fill(
        {"rows": rows, "targets": vega.target_rows(targets, "per day")},
        height=height,
        series=series,
        colours=[SERIES_COLOURS[name] for name in series],
        unit=unit,
        category=what,
        # A day in two lines, as it is narrow then: Mon, 16 Nov.
        label="[slice(datum.label, 0, 3), slice(datum.label, 4)]" if days else "datum.label",
        what="What",
        times=vega.day_times("category", {c: (d, d) for c, d in days.items()}) if days else None,
    )


@vega.template
def _bars() -> alt.LayerChart:
    unit, number = vega.text_slot("unit"), vega.text_slot("number")
    bars = vega.layer(
        y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X("value:Q", title=unit, axis=alt.Axis(format=number, tickCount=5)),
        tooltip=[*vega.tips(category="What"), alt.Tooltip("value:Q", title=unit, format=number)],
    )
    ends = bars.mark_text(align="left", dx=4, style="ink").encode(
        text=alt.Text("value:Q", format=number)
    )
    return vega.layered("rows", bars.mark_bar(), ends)


def bars(frame: pd.DataFrame, *, unit: str, value_format: str) -> ChartSpec:
    """Amounts by category, from zero, with the value at the end of each bar.

    `frame` has category (str) and value (number or None), in the order to be drawn.
    """
    height = 60 + 34 * len(frame)
    return _bars().fill({"rows": frame}, height=height, unit=unit, number=value_format)


@vega.template
def _intervals(*, has_start: bool) -> alt.LayerChart:
    said = vega.tips("Value", "95 % interval", *([] if has_start else ["Sample"]))
    rows = vega.layer(
        y=alt.Y("category:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
        tooltip=[*vega.tips(category="What"), *said],
    )
    scale, way = alt.Scale(zero=True), Part(grid=True)
    if has_start:
        scale, way = (
            alt.Scale(domain=vega.slot("domain"), nice=False, zero=False),
            Part(tickMinStep=1),
        )
    ticks = alt.Axis(tickCount=5, format=vega.text_slot("number"), **way)
    x = alt.X("low:Q", title=vega.text_slot("title"), scale=scale, axis=ticks)
    return vega.layered(
        "rows",
        rows.encode(x=x, x2="high").mark_bar(height=9, opacity=0.35, cornerRadius=4),
        vega.target_layer(x=alt.X("value:Q")),
        rows.encode(x=alt.X("value:Q")).mark_point(filled=True, size=90, opacity=1),
    )


def intervals(
    estimates: Mapping[str, Estimate],
    *,
    unit: str,
    target: float | None = None,
    title: str | None = None,
    start: float | None = None,
) -> ChartSpec:
    """Estimates below each other: a dot with its interval as a band, and a target as a line.

    An estimate without a value is named, with an empty row. The axis begins at 0, or at `start`.
    """
    rows = [
        {
            "category": name,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "Value": text.amount(estimate.value, unit),
            "95 % interval": vega.interval_words(estimate.low, estimate.high, unit),
            "Sample": text.count(estimate.n),
        }
        for name, estimate in estimates.items()
    ]
    targets = vega.target_rows([] if target is None else [target], unit)
    highs = [estimate.high for estimate in estimates.values() if estimate.high is not None]
    return _intervals(has_start=start is not None).fill(
        {"rows": rows, "targets": targets},
        height=50 + (34 if start is None else 22) * len(rows),
        number={"fraction": ".0%", "count": ",d"}.get(unit, "~s"),
        title=title,
        domain=None if start is None else [start, max([start + 1, *highs])],
    )


@vega.template
def _criterion_bar(*, is_known: bool) -> alt.LayerChart:
    scale = alt.Scale(domain=vega.slot("ends"), nice=False, zero=False)
    said = vega.tips("Estimate", "95 % interval", "Target")

    def part(field: str) -> alt.Chart:
        return vega.layer(x=alt.X(f"{field}:Q", scale=scale, axis=None), tooltip=said)

    layers = [
        part("start").encode(x2="stop").mark_bar(height=6, color=GREY, opacity=0.3, cornerRadius=3)
    ]
    if is_known:
        layers += [
            part("low").encode(x2="high").mark_bar(height=12, opacity=0.45, cornerRadius=3),
            part("value").mark_point(filled=True, size=110, opacity=1),
        ]
    layers.append(part("target").mark_tick(thickness=2.5, size=26, color=STRONG))
    return vega.layered("criterion", *layers)


def criterion_bar(
    estimate: Estimate, *, target: float, ends: tuple[float, float], unit: str
) -> ChartSpec:
    """A verdict in one mark: the target as a line, the estimate as a dot, the interval as a band.

    `ends` are the values at the two ends of the bar; bounds beyond them, and missing ones, run to
    the end.
    """
    start, stop = ends
    value = estimate.value if estimate.value is not None else target
    row = {
        "start": start,
        "stop": stop,
        "low": start if estimate.low is None else max(start, min(estimate.low, stop)),
        "high": stop if estimate.high is None else min(stop, max(estimate.high, start)),
        "value": max(start, min(value, stop)),
        "target": target,
        "Estimate": text.amount(estimate.value, unit),
        "95 % interval": vega.interval_words(estimate.low, estimate.high, unit),
        "Target": text.amount(target, unit),
    }
    chart = _criterion_bar(is_known=estimate.value is not None)
    drawn = chart.fill({"criterion": [row]}, height=30, ends=[start, stop])
    return ChartSpec({**drawn.spec, "padding": {"left": 2, "right": 2, "top": 0, "bottom": 0}})


@vega.template
def _heat_map() -> alt.LayerChart:
    row, column, unit, number = (
        vega.text_slot(name) for name in ("row", "column", "unit", "number")
    )
    names = alt.Axis(
        labelAngle=vega.slot("angle"),
        labelAlign=vega.slot("align"),
        labelOverlap=False,
        labelLimit=120,
    )
    cells = vega.layer(
        y=alt.Y("row:N", title=row, sort=None, axis=alt.Axis(labelLimit=200)),
        x=alt.X("column:N", title=column, sort=None, axis=names),
        color=alt.Color("value:Q", title=unit, legend=alt.Legend(format=number)),
        tooltip=[
            *vega.tips(row=row, column=column),
            alt.Tooltip("value:Q", title=unit, format=number),
        ],
    )
    return vega.layered("rows", cells.mark_rect(cornerRadius=2))


def heat_map(
    frame: pd.DataFrame, *, titles: tuple[str, str], unit: str, value_format: str
) -> ChartSpec:
    """Values by two categories as shades of one colour; pairs without a value stay empty.

    `frame` has row (str), column (str) and value (number or None).
    """
    # Names that have no room beside each other are turned.
    is_narrow = f"width < {75 * frame['column'].nunique()}"
    return _heat_map().fill(
        {"rows": frame},
        height=120 + 34 * frame["row"].nunique(),
        row=titles[0],
        column=titles[1],
        unit=unit,
        number=value_format,
        angle={"expr": f"{is_narrow} ? -45 : 0"},
        align={"expr": f"{is_narrow} ? 'right' : 'center'"},
    )


@vega.template
def _cohort_map() -> alt.LayerChart:
    months = alt.Axis(labelAngle=0, labelOverlap="greedy", domain=False, ticks=False, grid=False)
    cohorts = alt.Axis(labelLimit=150, domain=False, grid=False)
    cells = vega.layer(
        y=alt.Y("row:N", title=None, sort=None, axis=cohorts),
        x=alt.X("after:O", title="Months after their first", axis=months),
        tooltip=[
            *vega.tips(row="Began", month="Month"),
            alt.Tooltip("share:Q", title="Still active", format=".0%"),
            *vega.tips(people="People", state="This month is"),
        ],
    )
    # More or less of one colour, on a light page and on a dark one.
    opacity = alt.Opacity(
        "share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.06, 0.85])
    )
    unfinished = cells.transform_filter("datum.state === 'not over yet'").mark_rect(
        cornerRadius=3, filled=False, stroke=GREY, strokeWidth=1.5, strokeDash=[4, 3]
    )
    return vega.layered(
        "rows",
        cells.mark_rect(cornerRadius=3, color=BLUE, strokeWidth=1.2).encode(opacity=opacity),
        unfinished.encode(opacity=alt.value(1)),
        cells.mark_text(style="ink", opacity=vega.slot("room")).encode(
            text=alt.Text("percent:Q", format=".0f")
        ),
    )


def cohort_map(frame: pd.DataFrame) -> ChartSpec:
    """Cohorts from the top, the months after their first from the left; the share in each cell.

    `frame` has row (the cohort with its size, in order), after (int), month, active, size, share
    and is_over. Months still to come have no row, and stay empty; one that is not over is dashed.
    """
    rows = frame.assign(
        people=[
            f"{active:,} of {size:,}"
            for active, size in zip(frame["active"], frame["size"], strict=True)
        ],
        percent=frame["share"] * 100,
        state=frame["is_over"].map({True: "over", False: "not over yet"}),
    )
    columns = int(frame["after"].max()) if len(frame) else 1
    return _cohort_map().fill(
        {"rows": rows},
        height=70 + 30 * frame["row"].nunique(),
        room={"expr": f"width < {26 * columns} ? 0 : 1"},
    )
