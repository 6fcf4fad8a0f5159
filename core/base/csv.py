"""CSV: tables as it, and rows from files of it however they were written."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from core.base.encodings import mended, open_text
from core.base.errors import InputError

# A cell that starts so is run as a formula by spreadsheet programs.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Longer than any line or field that is read: more is no table.
LONGEST = 4_000_000
csv.field_size_limit(LONGEST)
# An id as a formula, ="00123", so that a spreadsheet keeps its zeros.
FORMULA = re.compile(r'\A\s*="([^"]*)"\s*\Z')
# A number, a date or a time.
DATUM = re.compile(r"(?=.*\d)[\d\s.,:/+\-TZ%]+|[-\u2013—]+")
BACKSLASHED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')


class Line(NamedTuple):
    """Cells from a line of the file on; `doubt` is what is wrong with how they are written.

    `is_exact` where there must be as many as in the header.
    """

    number: int
    cells: list[str]
    doubt: str = ""
    is_exact: bool = False


def csv_bytes(frame: pd.DataFrame, stamp: Mapping[str, str]) -> bytes:
    """The frame as CSV in UTF-8 with a byte-order mark, which spreadsheet programs look for.

    The stamp (what it is, filters, zone, as of) stands in lines above the header, each in one cell.
    Unknown values are empty cells.
    """
    rows = frame.astype(object).itertuples(index=False, name=None)
    return csv_of_rows(chain([frame.columns], rows), stamp)


def csv_of_rows(rows: Iterable[Iterable[Any]], stamp: Mapping[str, str]) -> bytes:
    """Rows under a stamp in the same form, the header among them."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([f"# {name}: {value}"] for name, value in stamp.items())
    writer.writerows(map(safe_cell, row) for row in rows)
    return text.getvalue().encode("utf-8-sig", errors="replace")


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet program runs as a formula; unknown is empty."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return "" if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)) else value


def csv_lines(path: Path, encoding: str, separator: str, number: int = 1) -> Iterator[Line]:
    """Read the rows of a CSV file from a line on, each with the number of its first line.

    A quote that is never closed costs its own line alone: reading goes on behind it.
    """
    taken: list[str] = []
    again: list[str] = []
    doubts: list[str] = []

    def fed(lines: Iterator[str]) -> Iterator[str]:
        while given := again.pop() if again else next(lines, ""):
            if len(given) == LONGEST:
                at = number + len(taken)
                raise InputError(f"Line {at:,} of {path.name} is longer than any record can be.")
            line, doubt = mended(given.replace("\0", "").replace("\ufeff", ""))
            doubts.append(doubt)
            taken.append(line)
            yield line

    parse = partial(csv.reader, delimiter=separator, skipinitialspace=True)
    with open_text(path, encoding) as text:
        lines = islice(iter(partial(text.readline, LONGEST), ""), number - 1, None)
        rows, exact_until = parse(fed(lines), strict=True), 0
        while True:
            try:
                cells = next(rows, None)
                is_whole = len(taken) < 2 or not _has_swallowed(cells or [], separator, taken[1:])
            except csv.Error:
                is_whole = False
            if not is_whole:
                rows = parse(fed(lines), strict=True)
                escaped = [BACKSLASHED.sub(r'\1""', line) for line in taken]
                again += reversed(escaped[escaped == taken :])
                if escaped != taken:
                    taken.clear()
                    continue
                exact_until = max(exact_until, number + len(taken))
                cells = next(parse(taken[:1]))
                opened = f"the quote that opens at {cells[-1].strip()[:40]!r} is not closed"
                is_one = len(taken) == 1
                doubts[:] = [
                    "its quotes are not closed at the ends of fields" if is_one else opened
                ]
                cells = cells if is_one else []
                del taken[1:]
            if cells is None:
                return
            if '="' in "".join(taken):
                cells = [FORMULA.sub(r"\1", cell) for cell in cells]
            is_cut = not taken[-1].endswith(("\n", "\r"))
            yield Line(number, cells, max(doubts), is_cut or number < exact_until)
            number += len(taken)
            taken.clear()
            doubts.clear()


def _has_swallowed(cells: list[str], separator: str, lines: list[str]) -> bool:
    """Whether a line inside a row is a row itself, as wide and with numbers and dates as it has."""
    data = [at for at, cell in enumerate(cells) if DATUM.fullmatch(cell)]
    for line in lines if data else ():
        inside = next(csv.reader([line], delimiter=separator), [])
        if len(inside) >= len(cells) and all(DATUM.fullmatch(inside[at]) for at in data):
            return True
    return False
