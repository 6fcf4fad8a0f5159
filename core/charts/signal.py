"""A series within its process-behaviour limits, as a chart."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.base import text
from core.base.control_limits import Behaviour, Limits, Point, Rule
from core.charts.builders import _period_axis
from core.charts.vega import GREY, STRONG, Drawn

# Vermilion of Okabe and Ito, in a shade that is read on white and on the dark surface.
MARKED = "#d9692a"
SHAPES = {Rule.BEYOND: "diamond", Rule.RUN: "square"}
SIZES = {Rule.BEYOND: 130, Rule.RUN: 60}
PALE = 0.5

Layer = dict[str, Any]
Row = dict[str, Any]


def signal_chart(
    points: Sequence[Point],
    found: Behaviour,
    *,
    unit: str,
    name: str,
    height: int = 240,
    waiting: str = "not over yet",
) -> Drawn:
    """A line with its limits as a light band, the centre, and each signal by shape and word.

    `unit` is that of the metric, `name` what the value is called; `waiting` says of periods that
    were not judged why not. The way to those is dotted, and their points are pale.
    """
    rows = _rows(points, found, unit=unit, waiting=waiting)
    is_share = unit == "fraction"
    periods = _period_axis(pd.Series([point.period for point in points], dtype=str))
    axis = periods | {"labelSeparation": 12}
    scale: Row = {"domain": _seen(points, found), "zero": False} if is_share else {"zero": True}
    if not is_share and not any(point.value for point in points):
        # An axis from 0 to 0 has no ticks that a browser could write.
        scale["domainMax"] = 1
    value = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "axis": {"format": ".0%" if is_share else "~s", "tickCount": 4},
        "scale": scale,
    }
    tips = {"Period": "period", name: "Value", "Limits": "Limits", "State": "State"}
    tips |= {"Sample": "Sample"} if is_share else {}
    tooltip = [{"field": field, "title": title} for title, field in tips.items()]
    x = {"field": "period", "type": "ordinal", "title": None, "axis": axis}
    return Drawn(
        {
            "datasets": {"points": rows},
            "data": {"name": "points"},
            "encoding": {"x": x},
            "layer": [
                _band(value),
                *_centre(rows, found, value),
                *_line(value, tooltip),
                *_marks(rows, found, value, tooltip),
                *_labels(points, found, value),
            ],
            "height": height,
            "padding": {"left": 0, "top": 6, "right": 4, "bottom": 4},
            "config": {
                "view": {"strokeOpacity": 0},
                "axis": {"labelFontSize": 12},
                "axisX": {"grid": False},
            },
        }
    )


def _band(value: Row) -> Layer:
    mark = {"type": "area", "color": GREY, "opacity": 0.22, "interpolate": "step", "clip": True}
    return {
        "mark": mark | {"tooltip": False},
        "encoding": {"y": value | {"field": "low"}, "y2": {"field": "high"}},
    }


def _centre(rows: Sequence[Row], found: Behaviour, value: Row) -> list[Layer]:
    if found.centre is None:
        return []
    judged = [
        {"period": row["period"], "centre": found.centre} for row in rows if row["low"] is not None
    ]
    mark = {"type": "line", "strokeWidth": 1, "strokeDash": [6, 4], "color": STRONG}
    y = value | {"field": "centre"}
    return [{"data": {"values": judged}, "mark": mark, "encoding": {"y": y}}]


def _line(value: Row, tooltip: list[Row]) -> list[Layer]:
    """The line, its dotted end, and the points, pale where they are not judged."""
    stroke = {"type": "line", "strokeWidth": 2.2}
    pale = {"condition": {"test": "datum.is_whole", "value": 1}, "value": PALE}
    return [
        {
            "transform": [{"filter": "datum.is_whole"}],
            "mark": stroke,
            "encoding": {"y": value},
        },
        {
            "transform": [{"filter": "datum.is_tail"}],
            "mark": stroke | {"strokeDash": [3, 4]},
            "encoding": {"y": value},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 28},
            "encoding": {"y": value, "opacity": pale, "tooltip": tooltip},
        },
    ]


def _rows(points: Sequence[Point], found: Behaviour, *, unit: str, waiting: str) -> list[Row]:
    said: dict[int, list[str]] = {}
    for signal in found.signals:
        for at in range(signal.first, signal.last + 1):
            said.setdefault(at, []).append(signal.words)
    whole = [n for n, point in enumerate(points) if point.is_whole and point.value is not None]
    newest = max(whole, default=-1)
    rows = []
    for n, (point, limits) in enumerate(zip(points, found.limits, strict=True)):
        low, high = limits or (None, None)
        usual = "within its limits" if limits else "no limits"
        if not point.is_whole:
            usual = waiting
        rows.append(
            {
                "period": point.period,
                "value": None if point.value is None else float(point.value),
                "low": low,
                "high": high,
                "is_whole": point.is_whole,
                # From the newest whole point on, so that the dotted way begins at it.
                "is_tail": n >= newest >= 0,
                "Value": text.amount(point.value, unit),
                "Sample": text.UNKNOWN if point.n is None else text.count(point.n),
                "Limits": limits_words(low, high, unit),
                "State": "; ".join(said.get(n, [usual])),
            }
        )
    return rows


def _seen(points: Sequence[Point], found: Behaviour) -> list[float]:
    """The shares from the least to the most, and so much of the band as most periods have.

    The limits of a few small samples would press everything else together.
    """
    values = [point.value for point in points if point.value is not None]
    if not values:
        return [0.0, 1.0]
    known: list[Limits] = [limits for limits in found.limits if limits]
    lows, highs = sorted(low for low, _ in known), sorted(high for _, high in known)
    low = min([*values, *lows[len(lows) // 4 :][:1]])
    high = max([*values, *highs[: -(len(highs) // 4) or None][-1:]])
    room = 0.08 * max(high - low, 0.05)
    return [max(low - room, 0.0), min(high + room, 1.0)]


def limits_words(low: float | None, high: float | None, unit: str) -> str:
    """From 2.1 to 9.7."""
    if low is None or high is None:
        return text.UNKNOWN
    return f"{_short(low, unit)} to {_short(high, unit)}"


def _short(value: float, unit: str) -> str:
    # A limit is no exact figure: beyond a hundred its decimals say nothing.
    return text.amount(round(value, 0 if abs(value) >= 100 else 1) if value > 1 else value, unit)


def _marks(rows: Sequence[Row], found: Behaviour, value: Row, tooltip: list[Row]) -> list[Layer]:
    """A shape on each point of a signal."""
    layers: list[Layer] = []
    for rule, shape in SHAPES.items():
        at = {n for s in found.signals if s.rule is rule for n in range(s.first, s.last + 1)}
        if at:
            mark = {"type": "point", "filled": True, "shape": shape, "size": SIZES[rule]}
            layers.append(
                {
                    "data": {"values": [rows[n] for n in sorted(at)]},
                    "mark": mark | {"color": MARKED, "opacity": 1},
                    "encoding": {"y": value, "tooltip": tooltip},
                }
            )
    return layers


def _labels(points: Sequence[Point], found: Behaviour, value: Row) -> list[Layer]:
    """The word of each signal; of neighbours that are marked alike only that of the last."""
    at: dict[tuple[bool, str], list[Row]] = {}
    for signal in found.signals:
        following = (signal.rule, signal.side, signal.last + 1)
        if any((other.rule, other.side, other.first) == following for other in found.signals):
            continue
        # A run has its word where it begins, apart from that of a point at its end.
        place = signal.first
        number = signal.last - signal.first + 1
        text = signal.side if signal.rule is Rule.BEYOND else f"{number} {signal.side}"
        row: Row = {"period": points[place].period, "value": points[place].value, "text": text}
        is_late = place >= len(points) * 2 / 3
        at.setdefault((is_late, signal.side), []).append(row)
    return [
        {
            "data": {"values": rows},
            "mark": {
                "type": "text",
                "align": "right" if is_late else "left",
                "dy": -13 if side == "above" else 14,
                "fontSize": 12,
                "color": MARKED,
            },
            "encoding": {"y": value, "text": {"field": "text"}},
        }
        for (is_late, side), rows in at.items()
    ]
