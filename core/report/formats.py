"""The formats of a report, and what each is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.report.csv import write as write_csv
from core.report.document import Document
from core.report.html import write as write_html
from core.report.markdown import write as write_markdown
from core.report.pdf import write as write_pdf


@dataclass(frozen=True)
class Format:
    """How a report is written, and what a browser calls that."""

    label: str
    mime: str
    write: Callable[[Document], bytes]


FORMATS: Mapping[str, Format] = {
    "html": Format("HTML", "text/html", write_html),
    "pdf": Format("PDF", "application/pdf", write_pdf),
    "md": Format("Markdown", "text/markdown", write_markdown),
    "csv": Format("CSV", "text/csv", write_csv),
}


def render(document: Document, kind: str) -> bytes:
    """The document in a format of `FORMATS`."""
    return FORMATS[kind].write(document)
