"""A report as PDF: Typst lays out a template, and the texts come to it as data, never as source."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import typst

from core.charts import chart_svg
from core.report.document import (
    SIGNS,
    Block,
    Bullets,
    Callout,
    Chart,
    Code,
    Document,
    Heading,
    Judgement,
    Paragraph,
    Table,
    cell_text,
    clean_text,
    is_number,
    line_text,
    unbroken,
)

TEMPLATE = Path(__file__).with_name("report.typ")
CHART_WIDTH, BAR_WIDTH = 620, 300
# Typst comes with DejaVu Sans Mono and a serif; these are what a machine may have besides.
FONT = "Liberation Sans, Arial, Helvetica, DejaVu Sans, sans-serif"


def write(document: Document) -> bytes:
    """The document as PDF; nothing is fetched, and a machine without fonts gets a serif one."""
    return bytes(typst.compile(_template(), sys_inputs=_inputs(document)))


def pages(document: Document, *, dots_per_inch: float = 90) -> list[bytes]:
    """The same pages as PNG images."""
    made: Any = typst.compile(
        _template(), sys_inputs=_inputs(document), format="png", ppi=dots_per_inch
    )
    # One page comes alone.
    return made if isinstance(made, list) else [made]


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()


def _inputs(document: Document) -> dict[str, str]:
    plain = {
        "title": _text(document.title),
        "answer": _text(document.answer),
        "is_demo": document.is_demo,
        "stamp": [[_text(name), _text(said)] for name, said in document.stamp.items()],
        "blocks": [_block(block) for block in document.blocks],
    }
    return {"document": json.dumps(plain)}


def _block(block: Block) -> dict[str, Any]:
    made: dict[str, Any]
    match block:
        case Heading():
            made = {"is": "heading", "text": _text(block.text), "level": block.level}
        case Paragraph():
            made = {"is": "paragraph", "text": _text(block.text), "quiet": block.quiet}
        case Bullets():
            made = {"is": "bullets", "items": _texts(block.items)}
        case Table():
            made = _table(block)
        case Chart():
            said = {"title": _text(block.title), "subtitle": _text(block.subtitle)}
            svg = clean_text(chart_svg(block.drawn, width=CHART_WIDTH, font=FONT))
            made = {"is": "chart", "svg": svg, "alt": _text(block.alt), **said}
        case Code():
            made = {"is": "code", "title": _text(block.title), "text": clean_text(block.text)}
        case Callout():
            made = {"is": "callout", "text": _text(block.text), "kind": block.kind}
        case Judgement():
            made = _judgement(block)
    return made


def _judgement(block: Judgement) -> dict[str, Any]:
    names = ("label", "value", "target", "said", "note", "owner")
    said = {name: _text(getattr(block, name)) for name in names}
    sign, verdict = SIGNS[block.verdict], str(block.verdict)
    svg = clean_text(chart_svg(block.bar, width=BAR_WIDTH, font=FONT))
    return {"is": "judgement", "sign": sign, "verdict": verdict, "svg": svg, **said}


def _table(table: Table) -> dict[str, Any]:
    columns = range(len(table.columns))
    return {
        "is": "table",
        "title": _text(table.title),
        "columns": _texts(table.columns),
        "widths": table.widths,
        "right": [any(is_number(row[n]) for row in table.rows) for n in columns],
        "rows": [[_text(cell_text(value)) for value in row] for row in table.rows],
    }


def _texts(texts: Sequence[str]) -> list[str]:
    return [_text(text) for text in texts]


def _text(text: str) -> str:
    return unbroken(line_text(text))
