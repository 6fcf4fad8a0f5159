"""A report as PDF: Typst lays out a template, and the texts come to it as data, never as source."""

import json
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import typst

from core.charts import FONTS, ChartSpec, chart_svg
from core.report.document import (
    Block,
    Chart,
    Code,
    Document,
    Judgement,
    Table,
    block_kind,
    cell_text,
    clean_text,
    line_text,
    unbroken,
)

# The source that lays out every report.
TEMPLATE = Path(__file__).with_name("report.typ").read_bytes()
CHART_WIDTH, BAR_WIDTH = 620, 300
FONT = "Liberation Sans, Arial, Helvetica, DejaVu Sans, sans-serif"


def write(document: Document) -> bytes:
    """The document as PDF; nothing is fetched, and a machine may be without fonts."""
    return bytes(typst.compile(TEMPLATE, font_paths=_fonts(), sys_inputs=inputs(document)))


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(font_paths=[FONTS])


def inputs(document: Document) -> dict[str, str]:
    """The document as the JSON that the template takes."""
    data = {
        "title": _plain(document.title),
        "answer": _plain(document.answer),
        "is_demo": document.is_demo,
        "stamp": [[_plain(name), _plain(said)] for name, said in document.stamp.items()],
        "blocks": [_block(block) for block in document.blocks],
    }
    return {"document": json.dumps(data)}


def _block(block: Block) -> dict[str, Any]:
    """The fields of a block as JSON has them: texts on one line, a chart as `svg`."""
    made = {field.name: _plain(getattr(block, field.name)) for field in fields(block)}
    match block:
        case Table():
            cells = [[_plain(cell_text(cell)) for cell in row] for row in block.rows]
            made |= {"rows": cells, "widths": block.widths, "right": block.is_numeric}
        case Chart():
            made["svg"] = _svg(made.pop("drawn"), CHART_WIDTH)
        case Judgement():
            made["svg"] = _svg(made.pop("bar"), BAR_WIDTH)
        case Code():
            made["text"] = clean_text(block.text)
    return made | {"is": block_kind(block)}


def _svg(drawn: ChartSpec, width: int) -> str:
    return clean_text(chart_svg(drawn, width=width, font=FONT))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return unbroken(line_text(value))
    return [_plain(one) for one in value] if isinstance(value, Sequence) else value
