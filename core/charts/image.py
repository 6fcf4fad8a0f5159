"""Images of charts: the finding above, the stamp below."""

import json
import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

import vl_convert

from core.charts.theme import INK, LIGHT, PAPER, SOFT
from core.charts.vega import ChartSpec, Part

ImageKind: TypeAlias = Literal["png", "svg"]

WIDTH = 900  # of the chart, in pixels at a scale of 1
MARGIN = 24
SCALE = 2.0  # a PNG is read on screens with two dots to the pixel
# Stand in for fonts that a machine lacks.
FONTS = str(Path(__file__).with_name("fonts"))
vl_convert.register_font_directory(FONTS)
FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
# XML has no room for these, not even escaped; the converter ends the whole process over one.
NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def chart_image(
    drawn: ChartSpec, *, kind: ImageKind, title: str, subtitle: str, stamp: Mapping[str, str]
) -> bytes:
    """The chart in the light theme, under its title and subtitle and over the lines of the stamp.

    Nothing is fetched from anywhere: the fonts are those of this machine and `FONTS`. Raises
    ValueError for a specification that is no Vega-Lite.
    """
    svg = NO_XML.sub("", _framed(_as_svg(_themed(drawn)), title, subtitle, stamp))
    return svg.encode() if kind == "svg" else vl_convert.svg_to_png(svg, scale=SCALE)


def chart_svg(drawn: ChartSpec, *, width: int, font: str = FONT) -> str:
    """The chart alone as an SVG without a background, in the light theme, `width` pixels wide.

    It has no control characters, and nothing is fetched; raises ValueError like `chart_image`.
    """
    return NO_XML.sub("", _as_svg(_themed(drawn, width=width, background=None, font=font)))


def _themed(
    drawn: ChartSpec, *, width: int = WIDTH, background: str | None = PAPER, font: str = FONT
) -> Part:
    spec = drawn.in_theme(LIGHT).to_dict()
    size = {"width": width, "autosize": {"type": "fit", "contains": "padding"}}
    return spec | size | {"config": spec["config"] | {"background": background, "font": font}}


def _as_svg(spec: Part) -> str:
    return _converted(json.dumps(_printable(spec)))


@lru_cache(maxsize=64)  # a report is made in several formats, with the same charts
def _converted(spec: str) -> str:
    return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])


def _printable(part: Any) -> Any:
    if isinstance(part, dict):
        return {_printable(key): _printable(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_printable(value) for value in part]
    if isinstance(part, float) and not math.isfinite(part):
        return None
    return NO_XML.sub("", part) if isinstance(part, str) else part


def _framed(inner: str, title: str, subtitle: str, stamp: Mapping[str, str]) -> str:
    """The chart's SVG within another one that has the texts above and below it."""
    found = re.search(r'<svg[^>]*\bwidth="([\d.]+)"[^>]*\bheight="([\d.]+)"', inner)
    if found is None:
        raise ValueError("The chart was not drawn as an SVG with a size.")
    width, height = (float(size) for size in found.groups())
    above: list[str] = []
    top = _lines(above, textwrap.wrap(title, 92), MARGIN, size=18, ink=INK, weight=600)
    top = _lines(above, textwrap.wrap(subtitle, 136), top, size=13, ink=SOFT) + 10
    said = " \N{MIDDLE DOT} ".join(f"{name}: {value}" for name, value in stamp.items())
    below: list[str] = []
    end = _lines(below, textwrap.wrap(said, 146), top + height + 10, size=12, ink=SOFT) + MARGIN
    whole = max(width, WIDTH) + 2 * MARGIN
    placed = inner[inner.index("<svg") :].replace("<svg", f'<svg x="{MARGIN}" y="{top}"', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole:g}" height="{end:g}" '
        f'viewBox="0 0 {whole:g} {end:g}"><rect width="100%" height="100%" fill="{PAPER}"/>'
        f"{''.join(above)}{placed}{''.join(below)}</svg>"
    )


def _lines(
    drawn: list[str], texts: Sequence[str], top: float, *, size: int, ink: str, weight: int = 400
) -> float:
    """Add the lines of text from `top` on; answers with where the last one ends."""
    for text in texts:
        top += size * 1.35
        drawn.append(
            f'<text x="{MARGIN}" y="{top - size * 0.3:g}" font-family={quoteattr(FONT)} '
            f'font-size="{size}" font-weight="{weight}" fill="{ink}">{escape(text)}</text>'
        )
    return top
