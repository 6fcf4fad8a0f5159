"""The formats of a report, and what each is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.report import csv as csv_format
from core.report import html, markdown, pdf
from core.report.document import Document

__all__ = ["FORMATS", "Format", "render"]


@dataclass(frozen=True)
class Format:
    """How a report is written, and what a browser calls that."""

    label: str
    mime: str
    write: Callable[[Document], bytes]


FORMATS: Mapping[str, Format] = {
    "html": Format("HTML", "text/html", html.write),
    "pdf": Format("PDF", "application/pdf", pdf.write),
    "md": Format("Markdown", "text/markdown", markdown.write),
    "csv": Format("CSV", "text/csv", csv_format.write),
}


def render(document: Document, kind: str) -> bytes:
    """The document in a format of `FORMATS`."""
    return FORMATS[kind].write(document)
