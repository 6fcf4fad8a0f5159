"""A report as one HTML file: light and dark, printable, no script, and nothing fetched."""

import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup

from core.charts import ChartSpec, chart_svg
from core.report.document import Document, block_kind, cell_text, clean_text, line_text, unbroken

# As wide as each other, so that a text has the room that was measured for it.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
# vl-convert numbers the clip paths of each chart anew.
CLIPS = re.compile(r'(id="|url\(#)(clip\d+)')


def write(document: Document) -> bytes:
    """The document in UTF-8."""
    return filled("report.html", report=document).encode("utf-8", errors="replace")


def filled(template: str, **values: Any) -> str:
    """A template of this folder with values; each text on one line, and escaped in HTML."""
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    made = Environment(
        autoescape=select_autoescape(),
        finalize=_shown,
        loader=FileSystemLoader(Path(__file__).parent),
        lstrip_blocks=True,
        trim_blocks=True,
    )
    made.filters |= {"cell": cell_text, "kind": block_kind, "svg": _svg}
    made.filters["lines"] = lambda text: Markup.escape(clean_text(text))
    return made


@pass_eval_context
def _shown(context: EvalContext, value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return unbroken(line_text(value)) if context.autoescape else line_text(value)


def _svg(drawn: ChartSpec, width: int) -> Markup:
    """The chart as SVG in the page."""
    svg = clean_text(chart_svg(drawn, width=width, font=FONT))
    svg = svg[svg.index("<svg") :]
    order = {clip: n for n, clip in enumerate(dict.fromkeys(c for _, c in CLIPS.findall(svg)))}
    # Told apart by what it draws, so that a report of the same data is the same file.
    own = f"c{zlib.crc32(CLIPS.sub('', svg).encode())}-"
    # vl-convert has escaped the texts in it.
    return Markup(CLIPS.sub(lambda found: f"{found[1]}{own}{order[found[2]]}", svg))  # noqa: S704
