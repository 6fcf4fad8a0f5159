"""Sheets of a workbook (XLSX) as rows of cells, each as a person sees it."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook

from core.base.csv import Line
from core.base.errors import InputError
from core.ingest.files.tables import LOOKED_AT

# That of the unpacked parts: a small file can unpack to anything.
LARGEST_WORKBOOK = 200_000_000
OPEN_FORMULA = re.compile(rb"</f>(<v ?/>|<v></v>)?</c>")


@contextmanager
def _open_parts(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the parts of a workbook; any fault of it, also one met later, is an InputError."""
    try:
        with zipfile.ZipFile(path) as parts:
            _check_size(path, sum(one.file_size for one in parts.infolist()))
            yield parts
    except InputError:
        raise
    except Exception as error:  # a damaged workbook fails anywhere in the library
        raise InputError(
            f"{path.name} is neither text nor a whole workbook (.xlsx, unpacked, without a "
            "password): export it as CSV, XLSX or JSON."
        ) from error


@contextmanager
def open_workbook(path: Path) -> Iterator[Workbook]:
    """Open a workbook to read its values; any fault of it is an InputError."""
    with (
        _open_parts(path),
        closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book,
    ):
        yield book


def _check_size(path: Path, size: int) -> None:
    if size > LARGEST_WORKBOOK:
        raise InputError(f"{path.name} is too large when unpacked: save its sheet as CSV.")


def find_sheet(path: Path) -> tuple[str, list[str]]:
    """Find the first visible sheet of a workbook that has a table; and the other sheets."""
    with open_workbook(path) as book:
        names = [page.title for page in book.worksheets if page.sheet_state == "visible"]
    for name in names:
        rows = islice(sheet_lines(path, name), LOOKED_AT)
        if sum(sum(map(bool, row.cells)) > 1 for row in rows) > 1:
            return name, [other for other in names if other != name]
    raise InputError(f"{path.name} has no sheet with a header and rows.")


def has_open_formulas(path: Path) -> bool:
    """Whether formulas of a workbook have no results: no spreadsheet has calculated it."""
    with _open_parts(path) as parts:
        sheets = (parts.read(name) for name in parts.namelist() if "/worksheets/" in name)
        return any(map(OPEN_FORMULA.search, sheets))


def sheet_lines(path: Path, name: str, number: int = 1, width: int | None = None) -> Iterator[Line]:
    """Read the rows of a sheet from a row on; times are ISO 8601 without an offset."""
    with open_workbook(path) as book:
        if name not in book.sheetnames:
            said = f"{path.name} has no sheet {name!r}: it has {', '.join(book.sheetnames)}."
            raise InputError(said)
        page = book[name]
        # Some writers declare a smaller sheet than they write.
        page.reset_dimensions()
        for at, row in enumerate(page.iter_rows(min_row=number, max_col=width), number):
            yield Line(at, [_shown(cell) for cell in row])


def _shown(cell: Any) -> str:
    value = cell.value
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "" if value is None else str(value)
    shown, form = f"{value:.15g}", cell.number_format
    # A format such as 00000 shows the zeros before an id.
    return shown.zfill(len(form)) if shown.isdigit() and not form.strip("0") else shown
