"""Sheets of a workbook (XLSX) as rows of cells, each as a person sees it."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook

from core.base.errors import InputError
from core.ingest.files.tables import Line, head_of

# That of the unpacked parts: a small file can unpack to anything.
LARGEST_WORKBOOK = 200_000_000


def find_sheet(path: Path) -> tuple[str, list[str]]:
    """Find the first visible sheet of a workbook that has a table; and the other sheets."""
    with _workbook(path) as book:
        names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for name in names:
        head = head_of(sheet_lines(path, name, 1))
        if sum(sum(map(bool, line.cells)) > 1 for line in head) > 1:
            return name, [other for other in names if other != name]
    raise InputError(f"{path.name} has no sheet with a table: a header and rows.")


def sheet_lines(path: Path, sheet: str, first: int, width: int | None = None) -> Iterator[Line]:
    """Read the rows of a sheet from a row on, cells as a person sees them, dates as ISO 8601."""
    with _workbook(path) as book:
        if sheet not in book.sheetnames:
            raise InputError(f"{path.name} has no sheet {sheet!r}: it has {book.sheetnames}.")
        page = book[sheet]
        # Some writers declare a smaller sheet than they write.
        page.reset_dimensions()
        for number, row in enumerate(page.iter_rows(min_row=first, max_col=width), first):
            yield Line(number, [_shown(cell) for cell in row])


@contextmanager
def _workbook(path: Path) -> Iterator[Workbook]:
    with zipfile.ZipFile(path) as parts:
        size = sum(part.file_size for part in parts.infolist())
    if size > LARGEST_WORKBOOK:
        raise InputError(
            f"{path.name} is a workbook of more than {LARGEST_WORKBOOK // 1_000_000} MB when "
            "unpacked: export its sheet as CSV."
        )
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            yield book
        finally:
            book.close()
    except InputError:
        raise
    except Exception as error:  # a damaged workbook fails anywhere in the library
        raise InputError(
            f"{path.name} cannot be read as a workbook: save it again as .xlsx, or as CSV."
        ) from error


def _shown(cell: Any) -> str:
    value = cell.value
    match value:
        case None | bool():
            return "" if value is None else str(value).lower()
        case int() | float():
            shown, form = f"{value:.15g}", cell.number_format
            # A format such as 00000 keeps the zeros before an id.
            return shown.zfill(len(form)) if shown.isdigit() and not form.strip("0") else shown
        case datetime():
            # Days are fractions there: 09:00 can come as 08:59:59.999999.
            return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        case date() | time():
            return value.isoformat()
    return str(value)
