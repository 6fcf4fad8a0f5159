"""A report as PowerPoint slides: native tables, lists, and charts as pictures.

The slides are made from the layouts of `deck.pptx`, which PowerPoint opens and edits: their places
shrink a text that does not fit. What goes on a slide is estimated without the machine's fonts, by
a character width that is on the safe side for Arial and for wider substitutes.
"""

import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import vl_convert
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.enum.text import PP_ALIGN
from pptx.util import Emu, Pt

from core.base import text
from core.base.stats import Verdict
from core.charts import INK, SOFT, chart_svg
from core.criteria.words import SIGNS
from core.report.document import (
    Block,
    Bullets,
    Cell,
    Chart,
    Document,
    Heading,
    Paragraph,
    Table,
    cell_text,
    is_number,
    line_text,
    unbroken,
)

TEMPLATE = Path(__file__).with_name("deck.pptx")
MOST_SLIDES = 15
# The numbers of the template's places.
SUBTITLE, ANSWER, STAMP, BADGE = 10, 10, 11, 12
LISTS, HEADINGS = (11, 12, 13), (21, 22, 23)
LAYOUTS = {1: "List", 2: "Two lists", 3: "Three lists"}
# Of the body of a slide, and the font sizes of its lists by their number, in points.
LEFT, WIDTH, TOP, BOTTOM, GAP, INDENT = 42, 876, 142, 496, 24, 16
LIST_SIZES = {1: 20, 2: 18, 3: 16}
HEADING_HEIGHT, ITEM_GAP = 48, 6
TABLE_SIZES, MANY_COLUMNS, CELL_MARGIN = (16, 14, 12), 6, 4
LINE, CHARACTER, BOLD_CHARACTER = 1.2, 0.58, 0.64
MOST_LINES, MOST_CELL_LINES, MOST_ALT = 5, 17, 1_000
PICTURE_WIDTH, PICTURE_SCALE = 640, 2.0
# Signs of scripts that take the room of two letters.
WIDE = re.compile("[\N{CJK RADICAL REPEAT}-\U0010ffff]")
COLOURS = {
    Verdict.MET: "#0a6b4c",
    Verdict.MISSED: "#a03512",
    Verdict.NOT_PROVEN: "#8a5000",
    Verdict.NO_DATA: SOFT,
}

# A list under its heading.
Column: TypeAlias = tuple[str, Sequence[str]]


@dataclass(frozen=True)
class SlidePage:
    """A slide to be drawn; `items` counts its rows, sentences or charts, `size` is in points."""

    title: str
    subtitle: str
    body: Table | Chart | Sequence[Column]
    items: int
    size: int = 0


def write(document: Document) -> bytes:
    """The document as a .pptx of at most `MOST_SLIDES` slides: one section after another.

    A section begins with a heading of level 1; headings of level 2 stand over lists side by side.
    Of a section that is too long the first slides are shown, and how much is left out.
    """
    deck = Presentation(str(TEMPLATE))
    about = deck.core_properties
    about.title, about.subject = line_text(document.title)[:200], line_text(document.answer)[:200]
    _opening(deck, document)
    for page, left_out in _chosen([*_sections(document.blocks)], MOST_SLIDES - 1):
        _draw(deck, page, left_out, foot=_foot(document))
    file = io.BytesIO()
    deck.save(file)
    return file.getvalue()


def fitted(
    said: str, width: float, size: float, most: int = MOST_LINES, *, bold: bool = False
) -> tuple[str, int]:
    """A text on one line, cut to `most` lines of a width in points, and how many it takes."""
    said = unbroken(line_text(said))
    character = (BOLD_CHARACTER if bold else CHARACTER) * (2 if WIDE.search(said) else 1)
    a_line = max(int(width / size / character), 2)
    lines = textwrap.wrap(said, a_line, break_on_hyphens=False)
    if len(lines) <= most:
        return said, max(len(lines), 1)
    return " ".join([*lines[: most - 1], lines[most - 1][: a_line - 1]]) + "…", most


def _sections(blocks: Sequence[Block]) -> Iterator[list[SlidePage]]:
    """The slides of each section."""
    starts = [n for n, b in enumerate(blocks) if isinstance(b, Heading) and b.level == 1]
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        heading, *section = blocks[start:end]
        assert isinstance(heading, Heading)
        yield [*_pages(heading.text, section)]


def _pages(title: str, blocks: Sequence[Block]) -> Iterator[SlidePage]:
    subtitle = "; ".join(b.text for b in blocks if isinstance(b, Paragraph) and b.quiet)
    columns: list[tuple[str, list[str]]] = []
    for block in blocks:
        match block:
            case Heading():
                columns.append((block.text, []))
            case Paragraph(quiet=True):
                pass
            case Paragraph() | Bullets():
                items = block.items if isinstance(block, Bullets) else [block.text]
                columns = columns or [("", [])]
                columns[-1][1].extend(items)
            case Table():
                yield from _table_pages(title, subtitle, block)
            case Chart():
                yield SlidePage(block.title, block.subtitle, block, 1)
            case _:
                raise TypeError(f"A deck has no {type(block).__name__}.")
    for start in range(0, len(columns), len(LISTS)):
        yield from _list_pages(title, subtitle, columns[start : start + len(LISTS)])


def _table_pages(title: str, subtitle: str, table: Table) -> Iterator[SlidePage]:
    """A table in the largest text that fits one slide; on several where the smallest does not."""
    # In many columns a larger text would break words.
    sizes = iter(TABLE_SIZES if len(table.columns) <= MANY_COLUMNS else TABLE_SIZES[-1:])
    heights = _row_heights(table, size := next(sizes))
    while sum(heights) > BOTTOM - TOP and (smaller := next(sizes, None)):
        heights = _row_heights(table, size := smaller)
    for start, end in _parts(heights[1:], BOTTOM - TOP - heights[0]):
        part = replace(table, rows=table.rows[start:end])
        yield SlidePage(title, subtitle, part, end - start, size)


def _row_heights(table: Table, size: float) -> list[float]:
    """How high the header and each row is, in points."""
    return [
        max(
            fitted(cell_text(value), width, size, MOST_CELL_LINES)[1]
            for value, width in zip(row, _widths(table), strict=True)
        )
        * (size * LINE)
        + 2 * CELL_MARGIN
        for row in (table.columns, *table.rows)
    ]


def _list_pages(title: str, subtitle: str, columns: Sequence[Column]) -> Iterator[SlidePage]:
    """Lists side by side, continued on the next slide where one of them is too long."""
    size, width = LIST_SIZES[len(columns)], _list_width(len(columns))
    room = BOTTOM - TOP - (HEADING_HEIGHT if len(columns) > 1 else 0)
    parts = [
        [
            items[start:end]
            for start, end in _parts(
                [fitted(item, width, size)[1] * size * LINE + ITEM_GAP for item in items], room
            )
        ]
        for _, items in columns
    ]
    for n in range(max(len(part) for part in parts)):
        shown = [
            (name, part[n] if n < len(part) else ())
            for (name, _), part in zip(columns, parts, strict=True)
        ]
        yield SlidePage(title, subtitle, shown, sum(len(items) for _, items in shown))


def _parts(heights: Sequence[float], room: float) -> Iterator[tuple[int, int]]:
    """From which to which thing each slide has them."""
    start, used = 0, 0.0
    for n, height in enumerate(heights):
        if used and used + height > room:
            yield start, n
            start, used = n, 0.0
        used += height
    if heights:
        yield start, len(heights)


def _chosen(sections: Sequence[Sequence[SlidePage]], most: int) -> Iterator[tuple[SlidePage, int]]:
    """The first slide of each section and, while there is room, the second, the third and so on.

    Tables go on before charts and lists. Each comes with the number that is left out behind it.
    """
    every = [(depth, at) for at, pages in enumerate(sections) for depth in range(len(pages))]
    every.sort(key=lambda one: (one[0], not isinstance(sections[one[1]][one[0]].body, Table)))
    taken = sorted((at, depth) for depth, at in every[:most])
    for at, depth in taken:
        is_last = (at, depth + 1) not in taken
        left_out = sum(page.items for page in sections[at][depth + 1 :]) if is_last else 0
        yield sections[at][depth], left_out


def _opening(deck: Any, document: Document) -> None:
    slide = _slide(deck, "Opening", _foot(document))
    title, account = slide.shapes.title, document.stamp["Account"]
    title.text = _cut(f"{document.title}, {account}", WIDTH, 32, 2, bold=True)
    _write(slide, ANSWER, [_cut(document.answer, WIDTH, 24)])
    stamp = [f"{name}: {said}" for name, said in document.stamp.items()]
    _write(slide, STAMP, [_cut(line, WIDTH, 14, 1) for line in stamp])
    _write(slide, BADGE, ["Demo data: made up, in a store of its own"] if document.is_demo else [])


def _draw(deck: Any, page: SlidePage, left_out: int, *, foot: str) -> None:
    body = page.body
    layout = "Table or chart" if isinstance(body, Table | Chart) else LAYOUTS[len(body)]
    slide = _slide(deck, layout, foot)
    slide.shapes.title.text = _cut(page.title, WIDTH, 24, 2, bold=True)
    rest = [f"And {text.count(left_out)} more: see the packet as PDF or HTML."] if left_out else []
    said = [_cut(page.subtitle, WIDTH, 14, 1 if rest else 2)] if page.subtitle else []
    _write(slide, SUBTITLE, said + rest)
    match body:
        case Table():
            _table(slide, page.title, body, page.size)
        case Chart():
            _picture(slide, body)
        case columns:
            width, size = _list_width(len(columns)), LIST_SIZES[len(columns)]
            for (name, items), heading, place in zip(columns, HEADINGS, LISTS, strict=False):
                if len(columns) > 1:
                    _write(slide, heading, [_cut(name, width, 16, 2, bold=True)])
                _write(slide, place, [_cut(item, width, size) for item in items])


def _slide(deck: Any, layout: str, foot: str) -> Any:
    """A new slide with the layout's places, its footer and its number."""
    made = deck.slides.add_slide(deck.slide_layouts.get_by_name(layout))
    for place in made.slide_layout.placeholders:
        kind = place.placeholder_format.type
        # python-pptx leaves these two to PowerPoint's own dialog.
        if kind in {PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER}:
            made.shapes._spTree.append(deepcopy(place._element))  # noqa: SLF001
            if kind == PP_PLACEHOLDER.FOOTER:
                made.shapes[-1].text_frame.text = _cut(foot, WIDTH - 60, 11, 1)
    return made


def _foot(document: Document) -> str:
    stamp = document.stamp
    said = [stamp["Account"], stamp["Window"], f"as of {stamp['As of']} {stamp['Days in']}"]
    return "; ".join([*said, "demo data: made up"] if document.is_demo else said)


def _write(slide: Any, number: int, paragraphs: Sequence[str]) -> None:
    """Fill a place with paragraphs; one without any is taken away."""
    place = next(p for p in slide.placeholders if p.placeholder_format.idx == number)
    if paragraphs:
        place.text_frame.text = "\n".join(paragraphs)
    else:
        place._element.getparent().remove(place._element)  # noqa: SLF001 (the only way to do it)


def _table(slide: Any, title: str, table: Table, size: int) -> None:
    rows: list[Sequence[Cell]] = [[*table.columns], *table.rows]
    box = (Pt(x) for x in (LEFT, TOP, WIDTH, 1))
    frame = slide.shapes.add_table(len(rows), len(table.columns), *box)
    frame.name = "Table"
    _describe(frame, f"Table: {title}")
    widths = _widths(table)
    for column, width in zip(frame.table.columns, widths, strict=True):
        column.width = Pt(width + 2 * CELL_MARGIN)
    for at, (grid_row, row) in enumerate(zip(frame.table.rows, rows, strict=True)):
        for cell, value, width in zip(grid_row.cells, row, widths, strict=True):
            cell.margin_left = cell.margin_right = Pt(CELL_MARGIN)
            cell.margin_top = cell.margin_bottom = Pt(CELL_MARGIN)
            cell.text = _cut(cell_text(value), width, size, MOST_CELL_LINES)
            paragraph = cell.text_frame.paragraphs[0]
            paragraph.font.size = Pt(size)
            if at:
                paragraph.font.color.rgb = _colour(cell.text)
            paragraph.alignment = PP_ALIGN.RIGHT if is_number(value) else PP_ALIGN.LEFT


def _colour(said: str) -> Any:
    """The colour of a verdict for a cell that begins with its sign; else that of text."""
    found = (COLOURS[verdict] for verdict, sign in SIGNS.items() if said.startswith(sign[:2]))
    made: Any = RGBColor
    return made(*bytes.fromhex(next(found, INK).removeprefix("#")))


def _widths(table: Table) -> list[float]:
    """The room for text in each column, in points."""
    parts = table.widths
    return [WIDTH * part / sum(parts) - 2 * CELL_MARGIN for part in parts]


def _list_width(number: int) -> float:
    """The room for text in each of so many lists, in points."""
    return (WIDTH - GAP * (number - 1)) / number - INDENT


def _picture(slide: Any, chart: Chart) -> None:
    """A chart as large as there is room, crisp on a large screen, and what it shows in words."""
    svg = chart_svg(chart.drawn, width=PICTURE_WIDTH)
    png = vl_convert.svg_to_png(svg, scale=PICTURE_SCALE)
    frame = slide.shapes.add_picture(io.BytesIO(png), Pt(LEFT), Pt(TOP))
    scale = min(Pt(WIDTH) / frame.width, Pt(BOTTOM - TOP) / frame.height)
    frame.width, frame.height = Emu(int(frame.width * scale)), Emu(int(frame.height * scale))
    frame.name = "Chart"
    _describe(frame, f"{chart.title}. {chart.subtitle}. {chart.alt}")


def _describe(frame: Any, said: str) -> None:
    """Say in words what the shape shows."""
    frame._element.xpath(".//p:cNvPr")[0].set("descr", line_text(said)[:MOST_ALT])  # noqa: SLF001


def _cut(
    said: str, width: float, size: float, most: int = MOST_LINES, *, bold: bool = False
) -> str:
    return fitted(said, width, size, most, bold=bold)[0]
