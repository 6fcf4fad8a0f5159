"""Decks read back: tables, texts and charts, and where the words stand on a rendered slide."""

import io
import re
import subprocess

from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.util import Pt

WIDTH, HEIGHT = Pt(960), Pt(540)


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
    """What the pictures of charts say in words, by the title of their slide."""
    return {
        title_of(slide): shape._element.xpath(".//p:cNvPr")[0].get("descr")
        for slide in slides_of(data)
        for shape in slide.shapes
        if shape.shape_type == MSO_SHAPE_TYPE.PICTURE
    }


def texts_of(data):
    found = []
    for slide in slides_of(data):
        for shape in slide.shapes:
            if shape.has_text_frame:
                found += [plain(p.text) for p in shape.text_frame.paragraphs]
            elif shape.has_table:
                found += [plain(c.text) for row in shape.table.rows for c in row.cells]
    return found


def off_the_slide(data):
    """The shapes that lie outside of their slide."""
    return [
        (number, shape.name)
        for number, slide in enumerate(slides_of(data), 1)
        for shape in slide.shapes
        if min(shape.left, shape.top) < 0
        or shape.left + shape.width > WIDTH
        or shape.top + shape.height > HEIGHT
    ]


def rendered(decks, folder):
    """The words of each deck's slides, as LibreOffice lays them out: text, x, y, x end, y end."""
    files = []
    for name, data in decks.items():
        files.append(folder / f"{name}.pptx")
        files[-1].write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    made = ("soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder))
    subprocess.run([*made, *map(str, files)], check=True, capture_output=True, timeout=120)
    return {name: _pages(folder / f"{name}.pdf") for name in decks}


def _pages(file):
    found = subprocess.run(["pdftotext", "-bbox", file, "-"], check=True, capture_output=True)
    text = found.stdout.decode()
    word = re.compile(r'<word xMin="(.+)" yMin="(.+)" xMax="(.+)" yMax="(.+)">(.*)</word>')
    return [
        [(said, *map(float, box)) for *box, said in word.findall(page)]
        for page in text.split("<page ")[1:]
    ]
