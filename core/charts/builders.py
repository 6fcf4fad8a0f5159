"""Charts: a frame in, a Vega-Lite specification out; they know nothing of pages.

Colours come from the page's theme, so that one chart reads well in light and in dark; only what has
a fixed meaning (everyone else, a target) is named here, in greys that hold on both.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.base import text
from core.base.stats import Estimate
from core.base.text import OTHERS
from core.charts.vega import GREY, STRONG, Drawn, Part, layered, nominal, ordinal, quantity, records

HEIGHT = 280
UNFINISHED = 0.45


def stacked_periods(
    frame: pd.DataFrame,
    *,
    series: Sequence[str],
    unit: str,
    unfinished: str | Collection[str] | None = None,
    height: int = 340,
    others: str = OTHERS,
    what: str = "Who",
) -> Drawn:
    """Amounts by period, stacked by series, with the names at the right edge.

    `frame` has period (str), series (str) and value (number), one row for each pair; `series` gives
    the order from the bottom, with `others`, where it is one, in grey. The `unfinished` periods are
    pale. `what` is what a series is.
    """
    order = [name for name in series if name != others]
    if others in series:
        order.insert(0, others)
    position = {name: n for n, name in enumerate(order)}
    pale = [unfinished] if unfinished is None or isinstance(unfinished, str) else list(unfinished)
    data = frame.assign(layer=frame["series"].map(position), unfinished=frame["period"].isin(pale))
    colour = nominal("series", sort=order, legend=None, scale=_scale(order, others))
    opacity = {"condition": {"test": "datum.unfinished", "value": UNFINISHED}, "value": 1}
    bars = {
        "mark": {"type": "bar"},
        "encoding": {
            "x": ordinal("period", title=None, axis=_period_axis(data["period"])),
            "y": quantity("value", title=unit, stack="zero"),
            "color": colour,
            "order": quantity("layer"),
            "opacity": opacity,
            "tooltip": [
                ordinal("period", title="Period"),
                nominal("series", title=what),
                quantity("value", title=unit, format=",d"),
            ],
        },
    }
    labels = {
        "data": {"values": records(_edge_labels(data, order))},
        "mark": {"type": "text", "align": "left", "baseline": "middle", "dx": 6, "fontSize": 12},
        "encoding": {
            "x": ordinal("period", bandPosition=1),
            "y": quantity("at"),
            "text": nominal("series"),
            "color": colour,
            "tooltip": {"value": None},
        },
    }
    return layered(data, [bars, labels], height=height)


def _scale(order: Sequence[str], others: str) -> Part:
    # An explicit domain keeps a person's colour when the data changes; grey stands for the rest.
    if others not in order:
        return {"domain": list(order)}
    return {"domain": list(order), "range": [GREY, *_palette(len(order) - 1)]}


def _palette(size: int) -> list[str]:
    # Okabe and Ito, each a shade that has a contrast of 3:1 on white and on the dark surface.
    colours = ["#2b83c2", "#c98500", "#0f9d76", "#c66fa0", "#d9692a", "#3f9fd6"]
    return colours[:size]


def _edge_labels(data: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Where each name stands beside the last period: the middle of its part, kept apart."""
    last = data["period"].max()
    values = data[data["period"] == last].set_index("series")["value"].reindex(order).fillna(0)
    totals = data.groupby("period")["value"].sum()
    top = float(totals.max()) if len(totals) else 1.0
    middle = (values.cumsum() - values / 2).to_numpy(dtype=float)
    gap = top * 0.075
    placed = np.empty_like(middle)
    floor = 0.0
    for n, wanted in enumerate(middle):
        placed[n] = floor = max(wanted, floor)
        floor += gap
    return pd.DataFrame({"series": list(order), "period": last, "at": placed})


def _period_axis(periods: pd.Series) -> Part:
    """At most a dozen labels, so that none is turned or lost; over years one for each January."""
    distinct = sorted(periods.unique())
    shown = [period for period in distinct if period.endswith(("-01", "-W01"))]
    if len(shown) < 3 or distinct[0].count("-") > 1:
        step = max(1, -(-len(distinct) // 12))
        shown = distinct[::-1][::step][::-1]
    return {
        "values": shown,
        "labelAngle": 0,
        "labelOverlap": "greedy",
        "labelExpr": _label(shown[0] if shown else ""),
    }


def _label(period: str) -> str:
    """A Vega expression for the two lines under a week, month or day; the first tells the year."""
    is_first = "datum.index === 0"
    if "-W" in period:
        parts = "split(datum.value, '-W')"
        year = f"({is_first} || {parts}[1] === '01') ? {parts}[0] : ''"
        return f"['W' + {parts}[1], {year}]"
    if period.count("-") == 1:
        month = "toDate(datum.value + '-01T00:00')"
        new_year = f"{is_first} || slice(datum.value, 5) === '01'"
        return f"[timeFormat({month}, '%b'), ({new_year}) ? timeFormat({month}, '%Y') : '']"
    day = "toDate(datum.value + 'T00:00')"
    return f"[timeFormat({day}, '%a'), timeFormat({day}, '%-d %b')]"


def line(
    frame: pd.DataFrame,
    *,
    unit: str,
    value_format: str,
    unfinished: str | None = None,
    target: float | None = None,
    zero: bool = True,
    height: int = HEIGHT,
) -> Drawn:
    """Values over periods as lines, the way to an unfinished period dotted, a target as a rule.

    `frame` has period (str), value (number or None), series (str), and may have n (the sample).
    """
    # No fractions between whole numbers: without them two ticks would read the same.
    ticks = {"format": value_format} | ({"tickMinStep": 1} if value_format.endswith("d") else {})
    order = list(frame["series"].unique())
    sample = [quantity("n", title="Sample", format=",d")] if "n" in frame else []
    encoding = {
        "x": ordinal("period", title=None, axis=_period_axis(frame["period"])),
        "y": quantity("value", title=unit, axis=ticks, scale={"zero": zero}),
        "color": nominal("series", legend=_NAMES if len(order) > 1 else None, sort=order),
        "tooltip": [
            ordinal("period", title="Period"),
            nominal("series", title="What"),
            quantity("value", title=unit, format=value_format),
            *sample,
        ],
    }
    periods = sorted(frame["period"].unique())
    tail = periods[-2:] if unfinished in periods[-1:] else []
    stroke = {"type": "line", "strokeWidth": 2.5}

    def way(of: Sequence[str], mark: Part) -> Part:
        inside = {"filter": {"field": "period", "oneOf": list(of)}}
        return {"transform": [inside], "mark": mark, "encoding": encoding}

    layers = [
        way([period for period in periods if period != unfinished], stroke),
        {
            "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
            "encoding": encoding,
        },
    ]
    if tail:
        layers.append(way(tail, stroke | {"strokeDash": [3, 4]}))
    if target is not None:
        layers.append(_target(target, value_format))
    return layered(frame, layers, height=height)


# As many names side by side as there is room for: on a phone they would run out of the chart.
_NAMES = {
    "orient": "top",
    "title": None,
    "columns": {"expr": "width < 400 ? 2 : max(1, floor(width / 160))"},
    "labelLimit": {"expr": "width < 400 ? 100 : 150"},
}


def _target(target: float, value_format: str) -> Part:
    return {
        "data": {"values": [{"target": target}]},
        "mark": {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 1.5, "color": STRONG},
        "encoding": {
            "y": quantity("target"),
            "tooltip": [quantity("target", title="Target", format=value_format)],
        },
    }


def bars(frame: pd.DataFrame, *, unit: str, value_format: str) -> Drawn:
    """Amounts by category, from zero, with the value at the end of each bar.

    `frame` has category (str) and value (number or None), in the order to be drawn.
    """
    encoding = {
        "y": nominal("category", title=None, sort=None, axis={"labelLimit": 220}),
        "x": quantity("value", title=unit, axis={"format": value_format}),
        "tooltip": [
            nominal("category", title="What"),
            quantity("value", title=unit, format=value_format),
        ],
    }
    ends = {
        "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 12, "color": STRONG},
        "encoding": encoding | {"text": quantity("value", format=value_format)},
    }
    layers = [{"mark": {"type": "bar"}, "encoding": encoding}, ends]
    return layered(frame, layers, height=60 + 34 * len(frame))


def intervals(frame: pd.DataFrame, *, unit: str, from_: float = 0) -> Drawn:
    """Values as dots with their intervals as bands, one below the other.

    `frame` has category (str), value, low and high (numbers), in the order to be drawn.
    """
    end = max(float(frame["high"].max()), from_ + 1)
    scale = {"domain": [from_, end], "nice": False, "zero": False}
    encoding = {
        "y": nominal("category", title=None, sort=None, axis={"labelLimit": 150}),
        "tooltip": [
            nominal("category", title="Who"),
            quantity("value", title=unit, format=",d"),
            quantity("low", title="95 % interval from", format=",d"),
            quantity("high", title="to", format=",d"),
        ],
    }
    x = quantity("low", title=unit, scale=scale, axis={"format": ",d", "tickMinStep": 1})
    bands = {
        "mark": {"type": "bar", "height": 8, "opacity": 0.35, "cornerRadius": 4},
        "encoding": encoding | {"x": x, "x2": {"field": "high"}},
    }
    dots = {
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
        "encoding": encoding | {"x": quantity("value", title=unit, scale=scale)},
    }
    return layered(frame, [bands, dots], height=60 + 22 * len(frame))


def heat_map(
    frame: pd.DataFrame, *, titles: tuple[str, str], unit: str, value_format: str
) -> Drawn:
    """Values by two categories as shades of one colour; pairs without a value stay empty.

    `frame` has row (str), column (str) and value (number or None).
    """
    # Names that have no room beside each other are turned.
    is_narrow = f"width < {75 * frame['column'].nunique()}"
    names = {
        "labelAngle": {"expr": f"{is_narrow} ? -45 : 0"},
        "labelAlign": {"expr": f"{is_narrow} ? 'right' : 'center'"},
        "labelOverlap": False,
        "labelLimit": 120,
    }
    encoding = {
        "y": nominal("row", title=titles[0], sort=None, axis={"labelLimit": 200}),
        "x": nominal("column", title=titles[1], sort=None, axis=names),
        "color": quantity("value", title=unit, legend={"format": value_format}),
        "tooltip": [
            nominal("row", title=titles[0]),
            nominal("column", title=titles[1]),
            quantity("value", title=unit, format=value_format),
        ],
    }
    cells = {"mark": {"type": "rect", "cornerRadius": 2}, "encoding": encoding}
    return layered(frame, [cells], height=120 + 34 * len(frame["row"].unique()))


def criterion_bar(
    estimate: Estimate, *, target: float, ends: tuple[float, float], unit: str
) -> Drawn:
    """One mark that tells a verdict: the target a line, the estimate a dot, the interval a band.

    `ends` are the values at the two ends of the bar; bounds beyond them, and missing ones, run to
    the end.
    """
    start, stop = ends
    value = estimate.value if estimate.value is not None else target
    low = start if estimate.low is None else max(start, min(estimate.low, stop))
    high = stop if estimate.high is None else min(stop, max(estimate.high, start))
    row = {
        "start": start,
        "stop": stop,
        "low": low,
        "high": high,
        "value": max(start, min(value, stop)),
        "target": target,
        "Estimate": text.amount(estimate.value, unit),
        "95 % interval": " to ".join(text.amount(x, unit) for x in (estimate.low, estimate.high)),
        "Target": text.amount(target, unit),
    }
    scale = {"domain": [start, stop], "nice": False, "zero": False}
    tips = [{"field": name} for name in ("Estimate", "95 % interval", "Target")]

    def layer(mark: dict[str, Any], field: str, to: str | None = None) -> dict[str, Any]:
        x = {"field": field, "type": "quantitative", "scale": scale, "axis": None}
        end = {} if to is None else {"x2": {"field": to}}
        return {"mark": mark, "encoding": {"x": x, "tooltip": tips} | end}

    rail = {"type": "bar", "height": 6, "color": GREY, "opacity": 0.3, "cornerRadius": 3}
    band = {"type": "bar", "height": 12, "opacity": 0.45, "cornerRadius": 3}
    dot = {"type": "point", "filled": True, "size": 110, "opacity": 1}
    line_ = {"type": "tick", "thickness": 2.5, "size": 26, "color": STRONG}
    known = [] if estimate.value is None else [layer(band, "low", "high"), layer(dot, "value")]
    return Drawn(
        {
            "datasets": {"criterion": [row]},
            "data": {"name": "criterion"},
            "layer": [layer(rail, "start", "stop"), *known, layer(line_, "target")],
            "height": 30,
            "padding": {"left": 2, "right": 2, "top": 0, "bottom": 0},
            "config": {"view": {"strokeOpacity": 0}},
        }
    )
