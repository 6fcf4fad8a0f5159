"""Lines over time: by named periods, or at local times with targets."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import altair as alt
import pandas as pd

from core.analytics.series import Beside
from core.base import text
from core.charts import vega
from core.charts.theme import BLUE, GREEN, GREY, ORANGE, PALETTE, PINK, STRONG, VERMILION
from core.charts.vega import ChartSpec, Part, TimeAxis

# In an order in which neighbours differ most.
COLOURS = (BLUE, ORANGE, PINK, GREEN, VERMILION)
AXES = {"hour": "%-d %b %H:%M", "day": "%a %-d", "week": "W%V"}
# With more points than this the dots of a line run into each other.
MOST_POINTS = 60
UNFINISHED = 0.45  # the opacity of bars of a period that has not all of its days
MOST_SPARK_BARS = 30
# Names at the end of lines are as far apart as this part of the values.
NAME_GAP = 0.09
# As many names side by side as there is room for, each as a whole.
NAMES = alt.Legend(
    orient="top",
    title=None,
    columns=vega.slot("columns"),
    labelLimit=alt.ExprRef("max(60, width - 30)"),
)


def name_columns(names: Iterable[str]) -> Part:
    """The columns of `NAMES`, as a Vega expression."""
    longest = 36 + 6.5 * max(map(len, names), default=0)
    return {"expr": f"max(1, floor(width / {longest:.0f}))"}


def period_axis(periods: pd.Series) -> Part:
    """Slots of a period axis: `shown`, at most a dozen, and `label`, a Vega expression.

    No label is turned or lost so; over years there is one for each January.
    """
    distinct = sorted(periods.unique())
    shown = [period for period in distinct if period.endswith(("-01", "-W01", "-Q1"))]
    if len(shown) < 3 or distinct[0].count("-") > 1:
        step = max(1, -(-len(distinct) // 12))
        shown = distinct[::-1][::step][::-1]
        # Every other label goes where there is no room: never January, which tells the year.
        year = next((n for n, period in enumerate(shown) if period.endswith("-01")), 0)
        shown = shown[year % 2 :]
    return {"shown": shown, "label": _label(shown[0] if shown else "")}


def _label(period: str) -> str:
    """A Vega expression for the two lines under a week, month or day; the first tells the year."""
    is_first = "datum.index === 0"
    if "-W" in period:
        # The number of a week says little without its Monday.
        monday = "timeFormat(timeParse(datum.value + '-1', '%G-W%V-%u'), '%-d %b')"
        return f"['W' + split(datum.value, '-W')[1], {monday}]"
    if "-Q" in period:
        parts = "split(datum.value, '-')"
        return f"[{parts}[1], ({is_first} || {parts}[1] === 'Q1') ? {parts}[0] : '']"
    if period.count("-") == 1:
        month = "toDate(datum.value + '-01T00:00')"
        new_year = f"{is_first} || slice(datum.value, 5) === '01'"
        return f"[timeFormat({month}, '%b'), ({new_year}) ? timeFormat({month}, '%Y') : '']"
    day = "toDate(datum.value + 'T00:00')"
    return f"[timeFormat({day}, '%a'), timeFormat({day}, '%-d %b')]"


def period_x(field: str = "period", **axis: Any) -> alt.X:
    """The channel of named periods, with the slots of `period_axis`."""
    shared: Part = {
        "values": vega.slot("shown"),
        "labelExpr": vega.text_slot("label"),
        "labelAngle": 0,
    }
    apart = alt.Axis(**shared, labelOverlap="parity", labelSeparation=8, **axis)
    return alt.X(f"{field}:O", title=None, axis=apart)


@vega.template
def _line(*, is_single: bool, is_whole_number: bool, zero: bool) -> alt.LayerChart:
    unit, number = vega.text_slot("unit"), vega.text_slot("number")
    # No fractions between whole numbers: without them two ticks would read the same.
    ticks: Part = {"tickMinStep": 1} if is_whole_number else {}
    axis = alt.Axis(format=number, tickCount=5, **ticks)
    said = vega.tips(period="Period", series="What")
    lines = vega.line_layers(
        period_x(),
        alt.Y("value:Q", title=unit, axis=axis, scale=alt.Scale(zero=zero)),
        ends=("is_head", "is_tail"),
        color=vega.colour(legend=None if is_single else NAMES),
        tooltip=[*said, alt.Tooltip("value:Q", title=unit, format=number)],
    )
    return vega.layered("rows", *lines)


def line(
    frame: pd.DataFrame,
    *,
    unit: str,
    value_format: str,
    unfinished: Collection[str],
    height: int,
    zero: bool = True,
) -> ChartSpec:
    """Values over periods as lines, dotted to the first and the last where they are `unfinished`.

    `frame` has period (str), value (number or None) and series (str).
    """
    names = list(frame["series"].unique())
    period = frame["period"]
    periods = sorted(period.unique())
    head = periods[:2] if {*periods[:1]} & {*unfinished} else []
    tail = periods[-2:] if {*periods[-1:]} & {*unfinished} else []
    rows = frame.assign(
        is_whole=~period.isin(unfinished), is_head=period.isin(head), is_tail=period.isin(tail)
    )
    is_whole_number = value_format.endswith("d")
    return _line(is_single=len(names) < 2, is_whole_number=is_whole_number, zero=zero).fill(
        {"rows": rows},
        height=height,
        series=names,
        colours=list(PALETTE[: max(1, len(names))]),
        columns=name_columns(names),
        unit=unit,
        number=value_format,
        times=vega.period_times("period", frame["period"]),
        **period_axis(frame["period"]),
    )


def beside_layers(x: alt.X, y: alt.Y, *, is_ticks: bool = False) -> list[alt.Chart]:
    """What is compared with, thin and grey: ticks over bars, else a line."""
    was = vega.layer("beside", x=x, y=y, tooltip=vega.tips("Compared with"))
    if is_ticks:
        return [was.mark_tick(thickness=1.5, color=STRONG)]
    return [
        was.mark_line(strokeWidth=1.2, color=GREY),
        was.mark_point(filled=True, size=12, color=GREY),
    ]


def beside_rows(beside: Beside | None, periods: Iterable[str], unit: str) -> list[Part]:
    """Rows of `beside_layers` over these periods."""
    found = beside.points if beside else {}
    return [
        {"period": at, "value": value, "Compared with": f"{name}: {text.amount(value, unit)}"}
        for at, (name, value) in ((at, found[at]) for at in periods if at in found)
    ]


@vega.template
def _spark(*, is_bars: bool, has_beside: bool) -> alt.LayerChart:
    x = alt.X("period:O", axis=None)
    y = alt.Y("value:Q", axis=None, scale=alt.Scale(zero=is_bars))
    tooltip = vega.tips(Period="Period", Value=vega.text_slot("name"))
    was = beside_layers(x, y, is_ticks=is_bars) if has_beside else []
    if not is_bars:
        lines = vega.line_layers(x, y, tooltip=tooltip, dots=0, ends=("is_head", "is_tail"))
        return vega.layered("rows", *was, *lines)
    pale = alt.condition("datum.is_whole", alt.value(1), alt.value(UNFINISHED))
    bars = vega.layer(x=x, y=y, tooltip=tooltip, opacity=pale).mark_bar()
    return vega.layered("rows", bars, *was)


def spark(
    values: Mapping[str, float | None],
    *,
    unit: str,
    name: str,
    cut: Collection[str] = (),
    beside: Beside | None = None,
) -> ChartSpec:
    """A small chart of values by period: bars of counts that have room, else a line.

    Periods that are `cut`, so that they have not all of their days, are pale or dotted.
    """
    periods = list(values)
    # The line goes on over a period without a value: it would break into dots.
    whole = [period for period in periods if period not in cut and values[period] is not None]
    first, last = (periods.index(whole[n]) for n in (0, -1)) if whole else (0, len(periods))
    rows = [
        {
            "period": period,
            "value": value,
            "is_whole": period in whole,
            "is_head": value is not None and n <= first,
            "is_tail": value is not None and n >= last,
            "Period": period + (", not all of it" if period in cut else ""),
            "Value": text.amount(value, unit),
        }
        for n, (period, value) in enumerate(values.items())
    ]
    is_bars = unit == "count" and len(rows) <= MOST_SPARK_BARS
    times = vega.period_times("period", periods)
    was = beside_rows(beside, periods, unit)
    data = {"rows": rows, "beside": was}
    made = _spark(is_bars=is_bars, has_beside=bool(was)).fill(
        data, height=48, times=times, name=name
    )
    bare = {"left": 0, "right": 0, "top": 4, "bottom": 2}
    return replace(made, spec={**made.spec, "padding": bare})


@dataclass(frozen=True, kw_only=True)
class TimePoint:
    """A value at a local time (naive: as the wall clock shows it); None where it is unknown."""

    at: datetime
    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    is_whole: bool = True


@vega.template
def _time_chart(
    *, is_single: bool, is_share: bool, is_dense: bool, has_ticks: bool, zero: bool
) -> alt.LayerChart:
    ticks: Part = {"values": vega.slot("ticks")} if has_ticks else {"tickCount": 7}
    ticks |= {"labelOverlap": "greedy", "labelSeparation": 6}
    axis = alt.Axis(grid=False, format=vega.text_slot("format"), **ticks)
    x = alt.X("at:T", title=None, scale=alt.Scale(type="utc", padding=14), axis=axis)

    def y(field: str = "value") -> alt.Y:
        number = alt.Axis(format=".0%" if is_share else "~s", tickCount=4)
        scale = alt.Scale(zero=zero)
        return alt.Y(f"{field}:Q", title=vega.text_slot("unit"), axis=number, scale=scale)

    series = {} if is_single else {"series": "What"}
    said = [*vega.tips("When"), *vega.tips(**series), *vega.tips("Value", "Interval", "Sample")]
    band = vega.layer(x=x, y=y("low"), y2="high")
    band = band.transform_filter("isValid(datum.low) && isValid(datum.high)")
    baseline = vega.layer("baseline", y=y(), tooltip=alt.Tooltip("Baseline:N"))
    return vega.layered(
        "points",
        *([band.mark_area(color=BLUE, opacity=0.16, tooltip=False)] if is_single else []),
        vega.target_layer(y=y()),
        baseline.mark_rule(strokeWidth=1.5, color=GREY),
        *vega.line_layers(x, y(), color=vega.colour(), tooltip=said, dots=0 if is_dense else 1),
        *([] if is_single else vega.name_layers(x, y())),
    )


def time_chart(
    lines: Mapping[str, Sequence[TimePoint]],
    *,
    unit: str,
    grain: str,
    targets: Iterable[float] = (),
    baseline: float | None = None,
    zero: bool = False,
    height: int = 240,
) -> ChartSpec:
    """Lines by hour, day or week, each named at its end, with the targets dashed.

    `lines` holds points by the name of their line. A single line has its interval as a band. It is
    dotted to a period that is not over; an unknown value leaves a hole. `baseline` is drawn as a
    thin line through everything.
    """
    rows = [row for name, points in lines.items() for row in _rows(name, points, unit)]
    times = sorted({point.at for points in lines.values() for point in points})
    is_single, is_share = len(lines) == 1, unit == "fraction"
    # A tick under each day or week; none of our own under times that are closer.
    ticks = [] if grain == "hour" or len(times) > MOST_POINTS else [_tick(at) for at in times]
    data = {
        "points": rows,
        "targets": vega.target_rows(targets, unit),
        "baseline": vega.target_rows([] if baseline is None else [baseline], unit, "Baseline"),
        "names": [] if is_single else _name_rows(rows),
    }
    return _time_chart(
        is_single=is_single,
        is_share=is_share,
        is_dense=len(rows) > MOST_POINTS * max(1, len(lines)),
        has_ticks=bool(ticks),
        zero=zero,
    ).fill(
        data,
        height=height,
        times=_times(times, grain),
        unit=None if is_share else text.upper_first(unit),
        format=AXES[grain],
        ticks=ticks,
        series=list(lines),
        colours=list(COLOURS[: max(1, len(lines))]),
    )


def _times(times: Sequence[datetime], grain: str) -> TimeAxis | None:
    """From the first day to the last; a week's point lies in the middle of its days."""
    if not times:
        return None
    beside = timedelta(days=3 if grain == "week" else 0)
    first, last = (datetime.combine(at.date(), time()) for at in (times[0], times[-1]))
    return TimeAxis("at", [first - beside], last + beside + timedelta(days=1))


def _tick(at: datetime) -> Part:
    return {"year": at.year, "month": at.month, "date": at.day, "hours": at.hour, "utc": True}


def _rows(name: str, points: Sequence[TimePoint], unit: str) -> Iterable[Part]:
    newest = max((n for n, p in enumerate(points) if p.is_whole), default=-1)
    for n, point in enumerate(points):
        interval = vega.interval_words(point.low, point.high, unit)
        yield {
            "at": vega.utc(point.at),
            "series": name,
            "value": point.value,
            "low": point.low,
            "high": point.high,
            "is_whole": point.is_whole,
            # From the newest whole point on, so that the dotted line begins at it.
            "is_tail": n >= newest,
            "When": point.label + ("" if point.is_whole else ", not over yet"),
            "Value": text.amount(point.value, unit),
            "Interval": text.UNKNOWN if point.low is None else interval,
            "Sample": text.amount(point.n, "count"),
        }


def _name_rows(rows: Sequence[Part]) -> list[Part]:
    """The name of each line at its last value, kept apart."""
    known = [row for row in rows if row["value"] is not None]
    values = [row["value"] for row in known]
    last = sorted({row["series"]: row for row in known}.values(), key=lambda row: row["value"])
    gap = (max(values) - min(0, *values)) * NAME_GAP if values else 0.0
    places = vega.spread([row["value"] for row in last], gap)
    return [
        {"at": row["at"], "series": row["series"], "value": place}
        for row, place in zip(last, places, strict=True)
    ]
