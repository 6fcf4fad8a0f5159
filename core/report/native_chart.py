"""A series by week as a chart that PowerPoint draws, so that people can edit it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE
from pptx.enum.dml import MSO_LINE_DASH_STYLE
from pptx.oxml.ns import qn
from pptx.util import Pt

from core.charts.image import GRID, PALETTE, SOFT

Points = Sequence[Mapping[str, Any]]

PERIOD = re.compile(r"\d{4}-W\d{2}", re.ASCII)
FIELDS = {"period", "value", "low", "high", "is_whole"}
MARKED = "#d9692a"
MOST_LABELS = 8
FORMATS = {"fraction": "0.0%", "count": "#,##0", "stars": "0.0"}
TEXT = Pt(14)


def is_weekly(spec: Mapping[str, Any]) -> bool:
    """Whether a chart is the line of a series by week within its limits (`core.signal_chart`)."""
    points = spec.get("datasets", {}).get("points", [])
    return any(point.get("value") is not None for point in points) and all(
        point.keys() >= FIELDS and PERIOD.fullmatch(str(point["period"])) for point in points
    )


def add_weekly_chart(
    shapes: Any, spec: Mapping[str, Any], box: Sequence[int], *, unit: str, week: str
) -> Any:
    """Draw the series into a box (left, top, width, height in EMU); answers with its frame."""
    points = _from_first(spec["datasets"]["points"])
    kind: Any = CategoryChartData
    data = kind(number_format=FORMATS.get(unit, "General"))
    data.categories = [str(point["period"]) for point in points]
    whole = [p["value"] if p["is_whole"] else None for p in points]
    data.add_series("Value", whole)
    data.add_series("Lower limit", [p["low"] for p in points])
    data.add_series("Upper limit", [p["high"] for p in points])
    open_ones = [None if p["is_whole"] else p["value"] for p in points]
    if any(value is not None for value in open_ones):
        data.add_series("Not over yet", open_ones)
    frame = shapes.add_chart(XL_CHART_TYPE.LINE_MARKERS, *box, data)
    chart = frame.chart
    chart.font.size, chart.font.color.rgb = TEXT, coloured(SOFT)
    chart.has_title, chart.has_legend = False, True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    _axes(chart, points, unit)
    _lines(chart, points, week)
    return frame


def _from_first(points: Points) -> Points:
    """The points from the first that has a value on."""
    first = next(n for n, point in enumerate(points) if point["value"] is not None)
    return points[first:]


def _axes(chart: Any, points: Points, unit: str) -> None:
    values, weeks = chart.value_axis, chart.category_axis
    values.major_gridlines.format.line.color.rgb = coloured(GRID)
    values.format.line.fill.background()
    values.tick_labels.number_format = {"fraction": "0%"}.get(unit, "General")
    values.tick_labels.number_format_is_linked = False
    weeks.format.line.color.rgb = coloured(GRID)
    if unit == "fraction":
        seen = [p[name] for p in points for name in ("value", "low", "high") if p[name] is not None]
        low, high = min(seen), max(seen)
        room = 0.08 * max(high - low, 0.05)
        values.minimum_scale = max(round(low - room, 2), 0.0)
        values.maximum_scale = min(round(high + room, 2), 1.0)
    else:
        values.minimum_scale = 0
    skip = -(-len(points) // MOST_LABELS)
    for name in ("c:tickLblSkip", "c:tickMarkSkip"):
        axis = weeks._element  # noqa: SLF001 (the only way to it)
        element = child(axis, name)
        element.set("val", str(skip))
        # The schema has them before this one.
        axis.find(qn("c:noMultiLvlLbl")).addprevious(element)


def _lines(chart: Any, points: Points, week: str) -> None:
    value, low, high, *rest = chart.plots[0].series
    for series, colour, width in ((value, PALETTE[0], 2.5), (low, SOFT, 1), (high, SOFT, 1)):
        series.smooth = False
        series.format.line.color.rgb, series.format.line.width = coloured(colour), Pt(width)
        series.marker.style = XL_MARKER_STYLE.NONE
    for series in (low, high):
        series.format.line.dash_style = MSO_LINE_DASH_STYLE.DASH
    for series in rest:
        series.smooth = False
        series.format.line.dash_style = MSO_LINE_DASH_STYLE.ROUND_DOT
        _dot(series.marker, XL_MARKER_STYLE.CIRCLE, SOFT, 6)
    _dot(value.marker, XL_MARKER_STYLE.CIRCLE, PALETTE[0], 5)
    for n, point in enumerate(points):
        if point["period"] == week and point["value"] is not None and point["is_whole"]:
            own = value.points[n]
            _dot(own.marker, XL_MARKER_STYLE.DIAMOND, MARKED, 13)
            frame = own.data_label.text_frame
            frame.text = str(point.get("Value", ""))
            run = frame.paragraphs[0].runs[0].font
            run.size, run.bold, run.color.rgb = Pt(16), True, coloured(MARKED)


def _dot(marker: Any, style: Any, colour: str, size: int) -> None:
    marker.style, marker.size = style, size
    marker.format.fill.solid()
    marker.format.fill.fore_color.rgb = coloured(colour)
    marker.format.line.color.rgb = coloured(colour)


def coloured(colour: str) -> Any:
    """A colour such as #10171f as PowerPoint has it."""
    named: Any = RGBColor
    return named.from_string(colour.removeprefix("#").upper())


def child(parent: Any, name: str) -> Any:
    """A new last element of an XML element, by its prefixed name; python-pptx has no such part."""
    made = parent.makeelement(qn(name))
    parent.append(made)
    return made
