"""Names in any script are drawn where a machine has no font for them."""

import pytest
import typst
import vl_convert

from core.charts import FONTS
from core.charts.image import FONT
from core.report import pdf
from core.report.document import Document, Heading

# Of one script and as many letters each: as boxes they would look alike.
NAMES = {
    "Japanese": ("ミナ", "ユリ"),
    "Chinese": ("张伟", "王芳"),
    "Korean": ("민준", "서연"),
    "Hebrew": ("אבג", "דהז"),
    "Arabic": ("سلام", "كتاب"),
    "Greek": ("Νίκη", "Ζωής"),
    "Cyrillic": ("Анна", "Иван"),
}


@pytest.mark.parametrize("script", NAMES)
def test_two_names_never_look_alike(script):
    pages = []
    for name in NAMES[script]:
        stamp = dict.fromkeys(("Account", "As of", "Window", "Days in"), "x")
        told = {"title": "x", "answer": "", "stamp": stamp, "is_demo": False}
        document = Document(name="x", blocks=(Heading(name),), **told)
        pages.append(
            typst.compile(
                pdf.TEMPLATE,
                sys_inputs=pdf.inputs(document),
                font_paths=[FONTS],
                ignore_system_fonts=True,
                format="png",
                ppi=60,
            )
        )
    assert pages[0] != pages[1]


@pytest.mark.parametrize("script", NAMES)
def test_nor_in_an_image(script):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" font-family="{FONT}" width="90" height="30">'
    texts = [f'{svg}<text y="20">{name}</text></svg>' for name in NAMES[script]]
    first, second = (vl_convert.svg_to_png(text) for text in texts)
    assert first != second
