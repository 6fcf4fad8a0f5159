"""A report's tables as one CSV file: one after another, each under its title."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from core.base.csv import safe_cell
from core.report.document import Cell, Document, Figure, Table, line_text


def write(document: Document) -> bytes:
    """Every table of the document in UTF-8 with a byte-order mark; numbers are not rounded.

    The stamp and the answer stand above, each in one cell; a blank line ends a table. No cell
    starts a formula (`core.export`).
    """
    text = io.StringIO()
    writer = csv.writer(text)
    head = {"Touchstone": document.title, "Answer": document.answer, **document.stamp}
    for name, said in head.items():
        writer.writerow([f"# {name}: {line_text(said)}"])
    for table in document.tables:
        writer.writerow([])
        writer.writerow([f"# {line_text(table.title)}"])
        writer.writerow([safe_cell(column) for column in _columns(table)])
        for row in table.rows:
            writer.writerow([safe_cell(_plain(value)) for value in row])
    return text.getvalue().encode("utf-8-sig", errors="replace")


def _columns(table: Table) -> Iterator[str]:
    """The columns, with the unit of those whose numbers have one."""
    for n, column in enumerate(table.columns):
        cells = (row[n] for row in table.rows)
        units = {cell.unit for cell in cells if isinstance(cell, Figure)}
        yield line_text(column) + (f" ({units.pop()})" if len(units) == 1 else "")


def _plain(value: Cell) -> object:
    if isinstance(value, Figure):
        return value.value
    return line_text(value) if isinstance(value, str) else value
