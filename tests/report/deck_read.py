"""Decks read back: tables, texts and charts, and whether any text runs over its edge."""

import io
from pathlib import Path

from PIL import ImageFont
from pptx import Presentation

PT = 12_700
WIDTH, HEIGHT = 960, 540
LINE = 1.17
FONTS = Path("/usr/share/fonts/truetype/liberation")


def slides_of(data):
    return list(Presentation(io.BytesIO(data)).slides)


def title_of(slide):
    return plain(slide.shapes.title.text_frame.text)


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def tables_of(data):
    """Rows of texts of each table, by the title of its slide; tables that go on are one."""
    found = {}
    for slide in slides_of(data):
        for shape in slide.shapes:
            if shape.has_table:
                rows = [[plain(cell.text) for cell in row.cells] for row in shape.table.rows]
                known = found.setdefault(title_of(slide), rows[:1])
                known += rows[1:]
    return found


def charts_of(data):
    """The frames of native charts, with their titles."""
    return [
        (title_of(slide), shape.chart)
        for slide in slides_of(data)
        for shape in slide.shapes
        if shape.has_chart
    ]


def texts_of(data):
    found = []
    for slide in slides_of(data):
        for shape in slide.shapes:
            if shape.has_text_frame:
                found += [plain(p.text) for p in shape.text_frame.paragraphs]
            elif shape.has_table:
                found += [plain(c.text) for row in shape.table.rows for c in row.cells]
    return found


def overflows(data):
    """What lies outside its slide or its shape, measured with a font as wide as Arial."""
    found = []
    for number, slide in enumerate(slides_of(data), 1):
        for shape in slide.shapes:
            left, top, width, height = (
                x / PT for x in (shape.left, shape.top, shape.width, shape.height)
            )
            if left < 0 or top < 0 or left + width > WIDTH + 1 or top + height > HEIGHT + 1:
                found.append((number, shape.name, "off the slide"))
            if shape.has_table:
                found += [(number, *cell) for cell in _full_cells(shape.table)]
            elif shape.has_text_frame and text_height(shape.text_frame, width) > height + 1:
                found.append((number, shape.name, shape.text_frame.text[:40]))
    return found


def _full_cells(table):
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            across = (cell.margin_left + cell.margin_right) / PT
            down = (cell.margin_top + cell.margin_bottom) / PT
            needed = text_height(cell.text_frame, column.width / PT - across) + down
            if needed > row.height / PT + 1:
                yield "cell", cell.text[:40]


def text_height(frame, width):
    height = 0.0
    for paragraph in frame.paragraphs:
        if not paragraph.runs:
            continue
        run = paragraph.runs[0]
        properties = paragraph._p.pPr
        indent = int(properties.get("marL", 0)) / PT if properties is not None else 0
        size = run.font.size.pt
        height += lines(paragraph.text, width - indent, size, run.font.bold) * size * LINE
        height += paragraph.space_after.pt if paragraph.space_after is not None else 0
    return height


def lines(text, width, size, bold):
    name = "LiberationSans-Bold.ttf" if bold else "LiberationSans-Regular.ttf"
    font = ImageFont.truetype(str(FONTS / name), round(size * 10))
    count, used = 1, 0.0
    for word in text.split(" "):
        room = font.getlength(word) / 10
        gap = font.getlength(" ") / 10 if used else 0
        if used + gap + room <= width:
            used += gap + room
            continue
        count += bool(used)
        while room > width:
            count, room = count + 1, room - width
        used = room
    return count
