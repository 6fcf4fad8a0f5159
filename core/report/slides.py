"""Slides as PowerPoint has them: titles, tables, lists and charts that fit and can be edited."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import vl_convert
from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from core.charts.image import GRID, INK, PALETTE, SOFT, chart_svg
from core.charts.vega import Drawn
from core.report.document import line_text, unbroken
from core.report.fitting import shortened, text_height
from core.report.native_chart import add_weekly_chart, child, coloured, is_weekly

# In points; 16:9. The room between head and foot is what a page's body has.
WIDTH, HEIGHT = 960.0, 540.0
LEFT, ROOM = 42.0, 876.0
TOP, BOTTOM = 118.0, 496.0
TITLE_SIZES, TEXT_SIZES = (32, 28, 24, 20), (22, 20, 18, 16)
TABLE_SIZES = (18, 16, 14)
CELL_X, CELL_Y = 6.0, 4.0
MOST_LINES, MOST_ALT = 5, 1_000
ITEM_GAP, INDENT, GAP = 7.0, 16.0, 24.0
# What the names of lists and a line on what was left out take.
NAME, REST = 34.0, 24.0
FOOT = 11
HEAD_FILL, ACCENT = "#f3f5f7", "#1f5fa8"
FONT = "Arial"
PICTURE_WIDTH, PICTURE_SCALE, PICTURE_TOP = 640, 2.0, 270.0


@dataclass(frozen=True)
class Cell:
    """A text of a table, in a colour of its own where that means something."""

    text: str
    colour: str = INK
    bold: bool = False


@dataclass(frozen=True)
class TableOf:
    """Rows under their columns; `widths` are the columns' parts, `right` those that are numbers."""

    columns: Sequence[str]
    widths: Sequence[int]
    rows: Sequence[Sequence[Cell]]
    right: frozenset[int] = field(default_factory=frozenset)

    def width(self, n: int) -> float:
        """The room for the text of a column, in points."""
        return ROOM * self.widths[n] / sum(self.widths) - 2 * CELL_X

    def part(self, start: int, end: int) -> "TableOf":
        """The same columns with some of the rows."""
        return TableOf(self.columns, self.widths, self.rows[start:end], self.right)


def row_heights(table: TableOf, size: float) -> list[float]:
    """How high the header and each row is at a font size, in points."""
    lines: list[Sequence[Cell]] = [[Cell(c, bold=True) for c in table.columns], *table.rows]
    return [
        max(
            text_height(_cut(cell, table.width(n), size), table.width(n), size, bold=cell.bold)
            for n, cell in enumerate(row)
        )
        + 2 * CELL_Y
        for row in lines
    ]


def _cut(cell: Cell, width: float, size: float) -> str:
    return shortened(_clean(cell.text), width, size, MOST_LINES, bold=cell.bold)


def _clean(text: str) -> str:
    return unbroken(line_text(text))


class Slides:
    """A deck that grows; every text is cleaned, and shortened where nothing else makes it fit."""

    def __init__(self, *, title: str, foot: str, subject: str) -> None:
        self._deck = Presentation()
        _widen(self._deck)
        _dress(self._deck)
        self._foot = line_text(foot)
        about = self._deck.core_properties
        about.title, about.subject, about.author = (
            line_text(title)[:200],
            line_text(subject)[:200],
            "Touchstone",
        )
        about.last_modified_by = "Touchstone"

    def data(self) -> bytes:
        """The deck as a .pptx file."""
        file = io.BytesIO()
        self._deck.save(file)
        return file.getvalue()

    def opening(self, title: str, answer: str, stamp: Mapping[str, str], badge: str) -> None:
        """The first slide: whose review it is, and its answer."""
        slide = self._slide(title, size=40, top=64.0, height=60.0)
        bar = slide.shapes.add_shape(1, Pt(0), Pt(0), Pt(14), Pt(HEIGHT))
        bar.name = "Accent"
        bar.fill.solid()
        bar.fill.fore_color.rgb = coloured(ACCENT)
        bar.line.fill.background()
        if badge:
            self._text(slide, badge, (LEFT, 34, ROOM, 30), (18,), colour="#8a5000", bold=True)
        self._text(slide, answer, (LEFT, 140, ROOM, 190), (30, 26, 22, 18))
        box = slide.shapes.add_textbox(Pt(LEFT), Pt(346), Pt(ROOM), Pt(146)).text_frame
        _bare(box)
        for n, (name, said) in enumerate(stamp.items()):
            line = shortened(line_text(f"{name}: {said}"), ROOM, 16, 1)
            paragraph = box.paragraphs[0] if n == 0 else box.add_paragraph()
            _run(paragraph, line, 16, SOFT)

    def table(self, title: str, subtitle: str, table: TableOf, *, rest: str = "") -> None:
        """A native table, as large as it fits."""
        slide = self._slide(title, subtitle)
        room = BOTTOM - TOP - (REST if rest else 0)
        size = next((s for s in TABLE_SIZES if sum(row_heights(table, s)) <= room), TABLE_SIZES[-1])
        heights = row_heights(table, size)
        frame = slide.shapes.add_table(
            len(table.rows) + 1, len(table.columns), Pt(LEFT), Pt(TOP), Pt(ROOM), Pt(sum(heights))
        )
        frame.name = "Table"
        _describe(frame, f"Table: {title}")
        grid = frame.table
        _plain_style(frame)
        for n, width in enumerate(table.widths):
            grid.columns[n].width = Pt(ROOM * width / sum(table.widths))
        rows = [[Cell(column, SOFT, bold=True) for column in table.columns], *table.rows]
        for at, (row, height) in enumerate(zip(rows, heights, strict=True)):
            grid.rows[at].height = Pt(height)
            for n, cell in enumerate(row):
                _fill(grid.cell(at, n), cell, table.width(n), size, right=n in table.right)
                if at == 0:
                    grid.cell(at, n).fill.solid()
                    grid.cell(at, n).fill.fore_color.rgb = coloured(HEAD_FILL)
        self._rest(slide, rest)

    def lists(
        self,
        title: str,
        subtitle: str,
        groups: Sequence[tuple[str, str, Sequence[str]]],
        *,
        rest: str = "",
    ) -> None:
        """Lists side by side, each under its name in its colour."""
        slide = self._slide(title, subtitle)
        width = column_width(len(groups))
        top = TOP + (NAME if any(name for name, _, _ in groups) else 0)
        height = BOTTOM - (REST if rest else 0) - top
        size = next(
            (
                s
                for s in TEXT_SIZES
                if all(items_height(items, width, s) <= height for _, _, items in groups)
            ),
            TEXT_SIZES[-1],
        )
        for n, (name, colour, items) in enumerate(groups):
            left = LEFT + n * (width + GAP)
            if name:
                box = (left, TOP, width, NAME - 4)
                self._text(slide, name, box, (20, 18), colour=colour, bold=True)
            self._bullets(slide, items, (left, top, width, height), size)
        self._rest(slide, rest)

    def figures(
        self,
        title: str,
        subtitle: str,
        figures: Sequence[tuple[str, str, str]],
        picture: tuple[Drawn, str],
    ) -> None:
        """Numbers side by side, each under its name in its colour, over a picture and its words."""
        slide = self._slide(title, subtitle)
        width = column_width(len(figures))
        for n, (name, colour, said) in enumerate(figures):
            left = LEFT + n * (width + GAP)
            self._text(slide, name, (left, TOP + 30, width, 24), (16,), colour=SOFT)
            box = (left, TOP + 56, width, 50)
            self._text(slide, said, box, (36, 28, 22), colour=colour, bold=True)
        _picture(slide, picture[0], PICTURE_TOP, picture[1])

    def chart(
        self, title: str, subtitle: str, spec: Mapping[str, Any], unit: str, week: str
    ) -> None:
        """A chart: one that PowerPoint draws where it is a line by week, else a picture."""
        slide = self._slide(title, subtitle)
        said = f"{title}. {subtitle}"
        if is_weekly(spec):
            box = tuple(Pt(x) for x in (LEFT, TOP, ROOM, BOTTOM - TOP))
            frame = add_weekly_chart(slide.shapes, spec, box, unit=unit, week=week)
            frame.name = "Chart"
            _describe(frame, said)
        else:
            _picture(slide, Drawn(spec), TOP, said)

    def _slide(
        self,
        title: str,
        subtitle: str = "",
        *,
        size: int = 0,
        top: float = 30.0,
        height: float = 52.0,
    ) -> Any:
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[5])
        head = slide.shapes.title
        head.left, head.top, head.width, head.height = (Pt(x) for x in (LEFT, top, ROOM, height))
        sizes = (size,) if size else TITLE_SIZES
        _text_into(head.text_frame, title, (ROOM, height), sizes, INK, bold=True)
        head.text_frame.vertical_anchor = MSO_ANCHOR.TOP
        if subtitle:
            self._text(slide, subtitle, (LEFT, 82, ROOM, 34), (16, 14), colour=SOFT)
        self._text(slide, self._foot, (LEFT, 508, ROOM - 60, 18), (FOOT,), colour=SOFT)
        _number(slide, len(self._deck.slides))
        return slide

    def _text(
        self,
        slide: Any,
        text: str,
        box: Sequence[float],
        sizes: Sequence[int],
        *,
        colour: str = INK,
        bold: bool = False,
    ) -> None:
        shape = slide.shapes.add_textbox(*(Pt(x) for x in box))
        _text_into(shape.text_frame, text, box[2:], sizes, colour, bold=bold)

    def _bullets(self, slide: Any, items: Sequence[str], box: Sequence[float], size: float) -> None:
        shape = slide.shapes.add_textbox(*(Pt(x) for x in box))
        _bare(shape.text_frame)
        for n, item in enumerate(items):
            frame = shape.text_frame
            paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(ITEM_GAP)
            _bullet(paragraph)
            text = shortened(_clean(item), box[2] - INDENT, size, MOST_LINES)
            _run(paragraph, text, size, INK)

    def _rest(self, slide: Any, rest: str) -> None:
        if rest:
            self._text(slide, rest, (LEFT, BOTTOM - 20, ROOM, 20), (14,), colour=SOFT)


def column_width(number: int) -> float:
    """How wide each of so many lists side by side is, in points."""
    return (ROOM - GAP * (number - 1)) / number


def items_height(items: Sequence[str], width: float, size: float) -> float:
    """How high a list is, in points."""
    texts = (shortened(_clean(item), width - INDENT, size, MOST_LINES) for item in items)
    return sum(text_height(text, width - INDENT, size) + ITEM_GAP for text in texts)


def _text_into(
    frame: Any, text: str, room: Sequence[float], sizes: Sequence[int], colour: str, *, bold: bool
) -> None:
    """The text in the largest size that fits, shortened where not even the smallest does."""
    _bare(frame)
    (width, height), text = room, _clean(text)
    fits = (s for s in sizes if text_height(text, width, s, bold=bold) <= height)
    size = next(fits, sizes[-1])
    most = max(int(height // (size * 1.2)), 1)
    _run(
        frame.paragraphs[0], shortened(text, width, size, most, bold=bold), size, colour, bold=bold
    )
    frame.paragraphs[0].alignment = PP_ALIGN.LEFT


def _picture(slide: Any, drawn: Drawn, top: float, words: str) -> None:
    """A chart as a picture, crisp on a large screen, as large as there is room below `top`."""
    svg = chart_svg(drawn, width=PICTURE_WIDTH)
    png = vl_convert.svg_to_png(svg, scale=PICTURE_SCALE)
    frame = slide.shapes.add_picture(io.BytesIO(png), Pt(LEFT), Pt(top))
    scale = min(Pt(ROOM) / frame.width, Pt(BOTTOM - top) / frame.height)
    frame.width, frame.height = Emu(int(frame.width * scale)), Emu(int(frame.height * scale))
    _describe(frame, words)


def _bare(frame: Any) -> None:
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0


def _run(paragraph: Any, text: str, size: float, colour: str, *, bold: bool = False) -> None:
    run = paragraph.add_run()
    run.text = text
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, coloured(colour)


def _bullet(paragraph: Any) -> None:
    properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001 (python-pptx has no bullets)
    properties.set("marL", str(Pt(INDENT)))
    properties.set("indent", str(-Pt(INDENT)))
    child(properties, "a:buFont").set("typeface", FONT)
    child(properties, "a:buChar").set("char", "\N{BULLET}")


def _fill(place: Any, cell: Cell, width: float, size: float, *, right: bool) -> None:
    place.margin_left = place.margin_right = Pt(CELL_X)
    place.margin_top = place.margin_bottom = Pt(CELL_Y)
    place.fill.background()
    paragraph = place.text_frame.paragraphs[0]
    _run(paragraph, _cut(cell, width, size), size, cell.colour, bold=cell.bold)
    paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
    # Only a line below each row.
    properties = place._tc.get_or_add_tcPr()  # noqa: SLF001 (python-pptx has no borders)
    line = child(properties, "a:lnB")
    line.set("w", "9525")
    solid = child(child(line, "a:solidFill"), "a:srgbClr")
    solid.set("val", GRID.removeprefix("#").upper())
    properties.insert(0, line)


def _plain_style(frame: Any) -> None:
    """No stripes, and the style that has no colours of its own."""
    frame.table.horz_banding = False
    style = frame._element.find(f".//{qn('a:tableStyleId')}")  # noqa: SLF001
    style.text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"


def _number(slide: Any, number: int) -> None:
    """The slide's number as a field: it stays right where slides are moved."""
    shape = slide.shapes.add_textbox(Pt(LEFT + ROOM - 50), Pt(508), Pt(50), Pt(18))
    shape.name = "Slide number"
    _bare(shape.text_frame)
    paragraph = shape.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT
    part = child(paragraph._p, "a:fld")  # noqa: SLF001
    part.set("id", "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}")
    part.set("type", "slidenum")
    look = child(part, "a:rPr")
    look.set("lang", "en-GB")
    look.set("sz", str(FOOT * 100))
    child(part, "a:t").text = str(number)


def _describe(frame: Any, text: str) -> None:
    """What the shape says to who cannot see it."""
    frame._element.xpath(".//p:cNvPr")[0].set("descr", line_text(text)[:MOST_ALT])  # noqa: SLF001


def _widen(deck: Any) -> None:
    """16:9, with what the layouts have as wide as that."""
    scale = Pt(WIDTH) / deck.slide_width
    deck.slide_width, deck.slide_height = Pt(WIDTH), Pt(HEIGHT)
    for part in (deck.slide_master, *deck.slide_layouts):
        for shape in part.shapes:
            if shape._element.spPr.find(qn("a:xfrm")) is not None:  # noqa: SLF001
                shape.left, shape.width = (
                    Emu(int(shape.left * scale)),
                    Emu(int(shape.width * scale)),
                )


def _dress(deck: Any) -> None:
    """The product's font and colours as the deck's theme, for what people add."""
    theme = deck.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    text = theme.blob.decode().replace('typeface="Calibri"', f'typeface="{FONT}"')
    for n, colour in enumerate(PALETTE[:6], 1):
        text = re.sub(
            rf"(<a:accent{n}>)<a:srgbClr val=\"\w+\"/>",
            rf'\g<1><a:srgbClr val="{colour.removeprefix("#").upper()}"/>',
            text,
        )
    theme.blob = text.encode()
