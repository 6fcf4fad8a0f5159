"""The formats of reports by file ending, and the writer of CSV."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.base.csv import csv_of_rows
from core.report import deck, html, markdown, pdf
from core.report.document import Cell, Document, Figure, Table, line_text
from core.report.weekly import Packet, packet_document
from core.report.weekly_slides import packet_slides


@dataclass(frozen=True)
class Format:
    """How a report is written, and what a browser calls that."""

    label: str
    mime: str
    write: Callable[[Document], bytes]


def write_csv(document: Document) -> bytes:
    """Every table of the document in UTF-8 with a byte-order mark; numbers are not rounded.

    The stamp and the answer stand above, each in one cell; a blank line ends a table. No cell
    starts a formula (`core.base.csv`).
    """
    head = {"Touchstone": document.title, "Answer": document.answer, **document.stamp}
    rows: list[Iterable[object]] = []
    for table in document.tables:
        rows += [(), (f"# {line_text(table.title)}",), _columns(table)]
        rows += [map(_plain, row) for row in table.rows]
    return csv_of_rows(rows, {name: line_text(said) for name, said in head.items()})


def _columns(table: Table) -> Iterator[str]:
    """The columns, with the unit of those whose numbers have one."""
    for n, column in enumerate(table.columns):
        cells = (row[n] for row in table.rows)
        units = {cell.unit for cell in cells if isinstance(cell, Figure)}
        yield line_text(column) + (
            f" ({units.pop().replace('fraction', 'share')})" if len(units) == 1 else ""
        )


def _plain(value: Cell) -> object:
    if isinstance(value, Figure):
        return value.value
    return line_text(value) if isinstance(value, str) else value


POWERPOINT = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
PACKET_FORMATS: Mapping[str, Format] = {
    "html": Format("HTML", "text/html", html.write),
    "pdf": Format("PDF", "application/pdf", pdf.write),
    "pptx": Format("PowerPoint", POWERPOINT, deck.write),
    "csv": Format("CSV", "text/csv", write_csv),
    "md": Format("Markdown", "text/markdown", markdown.write),
}
# Of documents that are not made for slides.
FORMATS = {kind: PACKET_FORMATS[kind] for kind in ("html", "pdf", "md", "csv")}


def render(document: Document, kind: str) -> bytes:
    """The document in a format of `FORMATS`."""
    return FORMATS[kind].write(document)


def write_packet(packet: Packet, kind: str) -> bytes:
    """The packet in a format of `PACKET_FORMATS`; PowerPoint has a shorter document of it."""
    document = packet_slides(packet) if kind == "pptx" else packet_document(packet)
    return PACKET_FORMATS[kind].write(document)
