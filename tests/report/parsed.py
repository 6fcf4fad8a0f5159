"""Reports read back: the tables of each format by their header."""

import csv
import io
import json
import re
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import typst

from core.report import pdf, render

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Tags with their attributes, tables, and the text outside of the style."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.tables, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in {"td", "th"}:
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data


def html_page(data):
    page = Page()
    page.feed(data.decode())
    page.close()
    assert page.open == []
    return page


def of_html(document):
    return html_page(render(document, "html")).tables


def of_csv(document):
    rows = list(csv.reader(io.StringIO(render(document, "csv").decode("utf-8-sig"))))
    found, table = [], []
    for row in [*rows, []]:
        if row and not (len(row) == 1 and row[0].startswith("# ")):
            table.append(row)
        elif not row and table:
            found.append(table)
            table = []
    return found


def unescaped(text):
    return re.sub(r"\\(.)", r"\1", text)


def of_md(document):
    found, table = [], []
    for line in [*render(document, "md").decode().split("\n"), ""]:
        if line.startswith("| "):
            table.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif table:
            found.append([[unescaped(cell) for cell in row] for row in (table[0], *table[2:])])
            table = []
    return found


def queried(document, kind):
    """The elements of a kind in the pages as Typst has laid them out."""
    return json.loads(_laid_out(**pdf.inputs(document)).query(kind))


@lru_cache(maxsize=8)  # what one test asks of a document, others ask as well
def _laid_out(**inputs):
    return typst.Compiler(Path(pdf.__file__).with_name("report.typ"), sys_inputs=inputs)


def texts_in(content):
    """Every text of an element, in order."""
    if isinstance(content, dict):
        if content.get("func") in {"text", "raw"}:
            return str(content["text"])
        if content.get("func") == "space":
            return " "
        parts = content.get("children") or [content.get("body") or content.get("child")]
        return "".join(texts_in(part) for part in parts if part)
    return "".join(texts_in(part) for part in content) if isinstance(content, list) else ""


def of_pdf(document):
    tables = []
    for table in queried(document, "table"):
        head, *cells = table["children"]
        header = [texts_in(cell) for cell in head["children"]]
        plain = [texts_in(cell).replace("\u200b", "") for cell in cells]
        width = len(header)
        rows = [plain[n : n + width] for n in range(0, len(plain), width)]
        tables.append([header, *rows])
    return tables


READERS = {"csv": of_csv, "html": of_html, "md": of_md, "pdf": of_pdf}


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def table_of(document, kind, *header):
    """The rows of the table whose header begins so."""
    for table in READERS[kind](document):
        if tuple(plain(name) for name in table[0][: len(header)]) == header:
            return [[plain(cell) for cell in row] for row in table[1:]]
    raise AssertionError(header)
