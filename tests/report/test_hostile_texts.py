"""Texts that people enter stay texts: in HTML, PDF, Markdown and CSV."""

import csv
import io
import re

import pytest
import typst

from core.base.csv import STARTS_FORMULA
from core.report import baseline_report, markdown, pdf, render
from core.report.document import (
    Bullets,
    Callout,
    Code,
    Document,
    Figure,
    Heading,
    Paragraph,
    Table,
    clean_text,
)
from core.store import Scope
from tests.report.hostile import TEXTS, WINDOW, clear_of_controls
from tests.report.parsed import html_page, of_csv, of_md, queried, texts_in, unescaped

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section"),
    *("h1", "h2", "h3", "h4", "p", "ol", "ul", "li", "a", "dl", "dt", "dd", "div", "figure"),
    *("figcaption", "strong", "span", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("pre", "code", "svg", "g", "path", "text", "tspan", "rect", "line", "defs", "clippath"),
}
KEPT = ("alert(1)", "#import", "=HYPERLINK", "```` ~~~", "javascript:alert", "| a | b |", "漢字")


@pytest.fixture
def document():
    """Every text in every kind of block."""
    blocks = []
    for text in TEXTS:
        blocks += [
            Heading(text),
            Heading(text, 2),
            Paragraph(text),
            Paragraph(text, quiet=True),
            Bullets([text, text]),
            Table(text, (text, "n"), [(text, 1), (text, Figure(0.5, "fraction"))]),
            Code(text, text, "sql"),
            Callout(text, "warning"),
        ]
    stamp = dict.fromkeys(("Account", "As of", "Window", "Days in"), TEXTS[0])
    return Document(
        name="x", title=TEXTS[2], answer=TEXTS[1], stamp=stamp, is_demo=True, blocks=tuple(blocks)
    )


def holds_html(data):
    page = html_page(data)
    assert {tag for tag, _ in page.tags} <= TAGS
    assert sum(tag == "style" for tag, _ in page.tags) == 1
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), attributes
        assert "src" not in attributes
        if tag == "a":
            assert re.fullmatch(r"#s\d+", attributes["href"])
    text = data.decode()
    assert clear_of_controls(text.replace("\n", ""))
    # Nothing is fetched: the only addresses are names of what is written here.
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= set(re.findall(r"url\((#[^)]*)\)", text))
    assert "@import" not in text.split("</style>")[0]
    return "".join(page.text)


def test_html_of_every_block(document):
    text = holds_html(render(document, "html"))
    for kept in KEPT:
        assert kept in text
    assert "gpj.exe" in text
    assert "\N{PILE OF POO}" in text


def test_html_of_a_report(hostile):
    text = holds_html(render(baseline_report(Scope(hostile, "evil"), week=WINDOW), "html"))
    assert "<script>alert(1)</script>" in text


def test_a_page_of_every_block_and_of_a_report_becomes_a_pdf(document, hostile):
    for one in (document, baseline_report(Scope(hostile, "evil"), week=WINDOW)):
        assert render(one, "pdf").startswith(b"%PDF-")
        assert queried(one, "link") == []
        assert queried(one, "strong") == []
        # Only the document's own blocks are code, headings and tables.
        codes = [block for block in one.blocks if isinstance(block, Code)]
        assert [clean_text(c.text).split() for c in codes] == [
            texts_in(raw).split() for raw in queried(one, "raw")
        ]
        headings = [block for block in one.blocks if isinstance(block, Heading)]
        assert len(queried(one, "heading")) == len(headings)


def test_the_pages_can_be_drawn(document):
    inputs = pdf.inputs(document)
    pages = typst.compile(pdf.TEMPLATE, sys_inputs=inputs, format="png", ppi=30)
    assert len(pages) > 5
    assert all(page.startswith(b"\x89PNG") for page in pages)


def holds_markdown(text):
    assert clear_of_controls(text)
    outside = re.sub(r"(?m)^(`{3,})\w*\n.*?^\1$", "", text, flags=re.DOTALL)
    for sign in "<`[]*_~$&":
        of_own = {"*": r"\*\*|\*Chart: |(?<=\.)\*$|\*$", "`": None}.get(sign)
        bare = re.sub(of_own, "", outside, flags=re.MULTILINE) if of_own else outside
        assert not re.search(rf"(?<!\\)(?:\\\\)*{re.escape(sign)}", bare), sign
    # No address becomes a link.
    assert not re.search(r"https?://|www\.\w", outside)
    for line in outside.split("\n"):
        if line.startswith("|"):
            assert line.endswith("|")


def test_markdown_of_every_block(document):
    text = render(document, "md").decode()
    holds_markdown(text)
    for table in of_md(document):
        assert {len(row) for row in table} == {2}
    assert "alert(1)" in unescaped(text)


def test_markdown_of_a_report(hostile):
    document = baseline_report(Scope(hostile, "evil"), week=WINDOW)
    holds_markdown(render(document, "md").decode())
    for table in of_md(document):
        assert len({len(row) for row in table}) == 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("- no bullet", r"\- no bullet"),
        ("1. no list", r"1\. no list"),
        ("92.9 %", "92.9 %"),
        ("# no heading", r"\# no heading"),
        ("10:05", "10:05"),
        ("http://x.example", r"http\://x.example"),
        ("ann@x.example", r"ann\@x.example"),
        ("a|b", r"a\|b"),
        ("success_rate", r"success\_rate"),
    ],
)
def test_what_means_something_in_markdown_is_escaped(text, written):
    assert markdown._plain(text) == written


def holds_csv(data):
    text = data.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert clear_of_controls(cell)
            is_number = re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)
            assert is_number or not STARTS_FORMULA.match(cell), cell


def test_csv_of_every_block_and_of_a_report(document, hostile):
    holds_csv(render(document, "csv"))
    report = baseline_report(Scope(hostile, "evil"), week=WINDOW)
    holds_csv(render(report, "csv"))
    assert len(of_csv(report)) == sum(1 for _ in report.tables)


@pytest.mark.parametrize("text", TEXTS)
def test_clean_text_has_no_control_characters_and_is_clean(text):
    assert clear_of_controls(clean_text(text))
    assert clean_text(clean_text(text)) == clean_text(text)
