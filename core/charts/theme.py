"""Theme of all charts: the palette, and the colours of light and dark pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Okabe and Ito, each a shade that has a contrast of 3:1 on white and on the dark surface.
PALETTE = ("#2b83c2", "#c98500", "#0f9d76", "#c66fa0", "#d9692a", "#3a9ad2", "#948700")
BLUE, ORANGE, GREEN, PINK, VERMILION, *_ = PALETTE
GREY = "#97a1ac"  # everyone else, excluded time, usual limits
STRONG = "#6b7683"  # targets and events
INK, SOFT, GRID, PAPER = "#10171f", "#515c69", "#e3e8ed", "#ffffff"


@dataclass(frozen=True)
class Theme:
    """Colours of a page, as in .streamlit/config.toml: its text, softer text, and grid."""

    ink: str
    soft: str
    grid: str


LIGHT = Theme(INK, SOFT, GRID)
DARK = Theme("#e8edf2", "#a8b3be", "#2b343e")
CONFIG: Mapping[str, dict[str, Any]] = {
    "view": {"strokeOpacity": 0},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
    "axisX": {"grid": False},
    "mark": {"color": BLUE, "aria": False},
    "range": {"category": list(PALETTE)},
}
