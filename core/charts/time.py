"""Values over time against a target, with what happened and what was excluded marked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.base import text
from core.charts.vega import GREY, STRONG, Drawn

Row = dict[str, Any]

# Okabe and Ito, each a shade that has a contrast of 3:1 on white and on the dark surface.
COLOURS = ("#2b83c2", "#c98500", "#c66fa0", "#0f9d76", "#d9692a")
AXES: dict[str, Row] = {
    "hour": {"format": "%-d %b %H:%M", "tickCount": 6},
    "day": {"format": "%a %-d"},
    "week": {"format": "W%V"},
}
LONGEST_LABEL = 22
# More points than this are no dots on a line any more.
MOST_POINTS = 60
# Names at the end of lines are as far apart as this part of the values.
NAME_GAP = 0.09


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


@dataclass(frozen=True)
class Series:
    """A named line."""

    name: str
    points: Sequence[TimePoint]


@dataclass(frozen=True)
class Mark:
    """Something that happened at a local time."""

    at: datetime
    text: str


@dataclass(frozen=True)
class Span:
    """A local time that is excluded, and why."""

    start: datetime
    end: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class _Frame:
    unit: str
    is_single: bool
    x: Row
    y: Row
    rows: list[Row] = field(default_factory=list)


def time_chart(
    series: Sequence[Series],
    *,
    unit: str,
    grain: str,
    targets: Iterable[float] = (),
    baseline: float | None = None,
    marks: Sequence[Mark] = (),
    spans: Sequence[Span] = (),
    zero: bool = False,
    height: int = 240,
) -> Drawn:
    """Lines by hour, day or week, each named at its end, with the targets dashed.

    A single line has its interval as a band. The way to a period that is not whole is dotted; an
    unknown value leaves a hole. `baseline` is drawn as a thin line through everything.
    """
    rows = [row for line in series for row in _rows(line, unit)]
    x = {
        "field": "at",
        "type": "temporal",
        "scale": {"type": "utc", "padding": 14},
        "title": None,
        "axis": AXES[grain] | _ticks(series, grain) | {"labelOverlap": "greedy", "grid": False},
    }
    share = unit == "fraction"
    y = {
        "field": "value",
        "type": "quantitative",
        "title": None if share else text.upper_first(unit),
        "axis": {"format": ".0%" if share else "~s", "tickCount": 4},
        "scale": {"zero": zero},
    }
    names = [line.name for line in series]
    drawn = _Frame(unit=unit, is_single=len(series) == 1, x=x, y=y, rows=rows)
    return Drawn(
        {
            "datasets": {"points": rows},
            "data": {"name": "points"},
            "layer": [
                *_spans(spans, x),
                *_bands(drawn),
                *_rules(drawn, targets, baseline),
                *_lines(drawn, names),
                *_names(drawn, names),
                *_marks(marks, drawn),
            ],
            "height": height,
            "padding": {"left": 0, "top": 6 + 12 * min(len(marks), 3), "right": 4, "bottom": 4},
            "config": {"view": {"strokeOpacity": 0}, "axis": {"labelFontSize": 12}},
        }
    )


def _ticks(series: Sequence[Series], grain: str) -> Row:
    """A tick under each day or week; none of our own under times that are closer."""
    times = sorted({point.at for line in series for point in line.points})
    if grain == "hour" or len(times) > MOST_POINTS:
        return {"tickCount": 7}
    return {
        "values": [
            {"year": at.year, "month": at.month, "date": at.day, "hours": at.hour, "utc": True}
            for at in times
        ]
    }


def _rows(line: Series, unit: str) -> Iterable[Row]:
    newest = max((n for n, p in enumerate(line.points) if p.is_whole), default=-1)
    for n, point in enumerate(line.points):
        bounds = [text.amount(bound, unit) for bound in (point.low, point.high)]
        yield {
            "at": _utc(point.at),
            "series": line.name,
            "value": point.value,
            "low": point.low,
            "high": point.high,
            "is_whole": point.is_whole,
            # From the newest whole point on, so that the dotted way begins at it.
            "is_tail": n >= newest,
            "When": point.label + ("" if point.is_whole else ", not over yet"),
            "Value": text.amount(point.value, unit),
            "Interval": " to ".join(bounds) if point.low is not None else text.UNKNOWN,
            "Sample": text.UNKNOWN if point.n is None else text.count(point.n),
        }


def _utc(at: datetime) -> str:
    """A wall-clock time that every browser shows as it is, wherever it stands."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def _colour(drawn: _Frame, names: Sequence[str]) -> Mapping[str, Any]:
    if drawn.is_single:
        return {"value": COLOURS[0]}
    scale = {"domain": list(names), "range": list(COLOURS[: len(names)])}
    return {"field": "series", "type": "nominal", "legend": None, "scale": scale}


def _bands(drawn: _Frame) -> list[Row]:
    if not drawn.is_single or all(row["low"] is None for row in drawn.rows):
        return []
    mark = {"type": "area", "color": COLOURS[0], "opacity": 0.16, "tooltip": False}
    low, high = drawn.y | {"field": "low"}, {"field": "high"}
    known = [{"filter": "isValid(datum.low) && isValid(datum.high)"}]
    return [{"transform": known, "mark": mark, "encoding": {"x": drawn.x, "y": low, "y2": high}}]


def _lines(drawn: _Frame, names: Sequence[str]) -> list[Row]:
    colour = _colour(drawn, names)
    encoding = {"x": drawn.x, "y": drawn.y, "color": colour}
    tips = [{"field": name} for name in ("When", "Value", "Interval", "Sample")]
    if not drawn.is_single:
        tips.insert(1, {"field": "series", "title": "What"})
    stroke = {"type": "line", "strokeWidth": 2.2}
    is_dense = len(drawn.rows) > MOST_POINTS * max(1, len(names))
    pale: Row = {"condition": {"test": "datum.is_whole", "value": 0 if is_dense else 1}}
    pale |= {"value": 0 if is_dense else 0.5}
    return [
        {"transform": [{"filter": "datum.is_whole"}], "mark": stroke, "encoding": encoding},
        {
            "transform": [{"filter": "datum.is_tail"}],
            "mark": stroke | {"strokeDash": [3, 4]},
            "encoding": encoding,
        },
        {
            "transform": [{"filter": "isValid(datum.value)"}],
            "mark": {"type": "point", "filled": True, "size": 34},
            "encoding": encoding | {"opacity": pale, "tooltip": tips},
        },
    ]


def _names(drawn: _Frame, names: Sequence[str]) -> list[Row]:
    """The name of each of several lines at its last value, kept apart."""
    if drawn.is_single:
        return []
    last = {row["series"]: row for row in drawn.rows if row["value"] is not None}
    values = [row["value"] for row in drawn.rows if row["value"] is not None]
    gap = (max(values) - min(0, *values)) * NAME_GAP if values else 0.0
    rows: list[Row] = []
    for row in sorted(last.values(), key=lambda row: row["value"]):
        floor = rows[-1]["value"] + gap if rows else row["value"]
        rows.append(
            {key: row[key] for key in ("at", "series")} | {"value": max(row["value"], floor)}
        )
    mark = {"type": "text", "align": "left", "baseline": "middle", "dx": 7, "fontSize": 12}
    encoding = {"x": drawn.x, "y": drawn.y, "color": _colour(drawn, names)}
    text = {"text": {"field": "series"}, "tooltip": {"value": None}}
    return [{"data": {"values": rows}, "mark": mark, "encoding": encoding | text}]


def _rules(drawn: _Frame, targets: Iterable[float], baseline: float | None) -> list[Row]:
    kinds = [("Target", target, [6, 4], STRONG) for target in targets]
    if baseline is not None:
        kinds.append(("Baseline", baseline, [1, 0], GREY))
    return [
        {
            "data": {"values": [{"value": value, name: text.amount(value, drawn.unit)}]},
            "mark": {"type": "rule", "strokeDash": dash, "strokeWidth": 1.5, "color": colour},
            "encoding": {"y": drawn.y, "tooltip": [{"field": name}]},
        }
        for name, value, dash, colour in kinds
    ]


def _marks(marks: Sequence[Mark], drawn: _Frame) -> list[Row]:
    if not marks:
        return []
    x, times = drawn.x, sorted(row["at"] for row in drawn.rows)
    # Beyond the middle the words stand to the left, or they would run out of the chart.
    middle = times[len(times) // 2] if times else ""
    rows = [
        {"at": _utc(m.at), "What": m.text, "short": _short(m.text), "turn": n % 3}
        | {"is_late": _utc(m.at) > middle}
        for n, m in enumerate(marks)
    ]
    tips = [{"field": "What", "title": "What happened"}]
    encoding = {"x": x, "tooltip": tips}
    rule = {"type": "rule", "color": STRONG, "strokeWidth": 1}
    # Above the plot, where no line runs through the words.
    text = {"type": "text", "baseline": "bottom", "fontSize": 11, "color": STRONG}
    text |= {"y": {"expr": "-2 - 12 * datum.turn"}}
    drawn_text = [
        {
            "data": {"values": [row for row in rows if row["is_late"] == is_late]},
            "mark": text | {"align": "right" if is_late else "left", "dx": -4 if is_late else 4},
            "encoding": encoding | {"text": {"field": "short"}},
        }
        for is_late in (False, True)
    ]
    return [{"data": {"values": rows}, "mark": rule, "encoding": encoding}, *drawn_text]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def _spans(spans: Sequence[Span], x: Row) -> list[Row]:
    if not spans:
        return []
    rows = [{"at": _utc(s.start), "until": _utc(s.end), "Excluded": s.text} for s in spans]
    mark = {"type": "rect", "color": GREY, "opacity": 0.28}
    encoding = {"x": x, "x2": {"field": "until"}, "tooltip": [{"field": "Excluded"}]}
    return [{"data": {"values": rows}, "mark": mark, "encoding": encoding}]
