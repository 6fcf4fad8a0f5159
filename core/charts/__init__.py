"""Charts: one theme, one palette, a few builders in Altair, and their images."""

from core.charts.bars import bars, stacked_choices, stacked_periods
from core.charts.control import control_chart, limits_words
from core.charts.heat import cohort_map, heat_map
from core.charts.image import ImageKind, chart_image, chart_svg
from core.charts.intervals import criterion_bar, estimate_rows, rank_rows
from core.charts.lines import Line, Mark, Span, TimePoint, line, time_chart
from core.charts.theme import DARK_INK, GRID, INK, PAPER, SOFT, ChartSpec

__all__ = [
    "DARK_INK",
    "GRID",
    "INK",
    "PAPER",
    "SOFT",
    "ChartSpec",
    "ImageKind",
    "Line",
    "Mark",
    "Span",
    "TimePoint",
    "bars",
    "chart_image",
    "chart_svg",
    "cohort_map",
    "control_chart",
    "criterion_bar",
    "estimate_rows",
    "heat_map",
    "limits_words",
    "line",
    "rank_rows",
    "stacked_choices",
    "stacked_periods",
    "time_chart",
]
