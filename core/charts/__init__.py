"""Charts: one theme, one palette, a few builders in Altair, and their images."""

from core.charts.categories import (
    bars,
    by_quarter,
    cohort_map,
    criterion_bar,
    heat_map,
    intervals,
    quarter_of,
    stacked_choices,
    stacked_periods,
)
from core.charts.control import control_chart, limits_words
from core.charts.events import Event, Marked, with_events
from core.charts.image import FONTS, ImageKind, chart_image, chart_svg
from core.charts.lines import TimePoint, line, spark, time_chart
from core.charts.theme import DARK, GRID, INK, LIGHT, PAPER, SOFT
from core.charts.vega import ChartSpec
