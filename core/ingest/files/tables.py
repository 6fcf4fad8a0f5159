"""Tables in CSV files and workbooks: the header among title lines, and the rows under it."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
from openpyxl.workbook import Workbook

from core.base.csv import DATUM, LONGEST, Line, csv_lines, open_text
from core.base.errors import InputError

SEPARATORS = (",", ";", "\t", "|")
# First rows, among which the header is; they tell how the others are.
LOOKED_AT = 100
TOTAL = re.compile(
    r"((grand |sub-?)?(total|sum|average|mean|count)s?|summe|gesamt|insgesamt|somme|suma|totale"
    r"|итого|всего|合计)( (tickets|issues|requests|records|rows))?[:\s]*(\(?[\d.,]+\)?( \w+)?)?",
    re.IGNORECASE,
)
IS_TOTAL = "it is a total, no record"
# Of the unpacked parts: a small workbook can unpack to anything.
LARGEST_WORKBOOK = 200_000_000
OPEN_FORMULA = re.compile(rb"</f>(<v ?/>|<v></v>)?</c>")


class Row(NamedTuple):
    """A record with its line (in a list: its position), or None with a note that says why not.

    The note of a record says what is doubtful in it, "" where nothing is.
    """

    line: int
    record: dict[str, Any] | None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """The header of a table: its line and cells, and the names of the columns.

    Rows may be short where the file leaves out blanks at their end; then those columns that hold
    nothing but numbers and dates tell whether a short row is one of the table.
    """

    line: int
    cells: list[str]
    columns: tuple[str, ...]
    may_be_short: bool
    data: frozenset[int]

    def row(self, line: Line) -> Row | None:
        """The record of a row; None for a blank one and for the header repeated."""
        cells, width = [cell.strip() for cell in line.cells], len(self.columns)
        filled = [at for at, cell in enumerate(cells) if cell]
        if not (filled or line.doubt) or cells[:width] == self.cells[:width]:
            return None
        first, why = cells[filled[0]] if filled else "", ""
        is_short = len(cells) < width
        if len(filled) <= max(2, width // 2) and TOTAL.fullmatch(first):
            return Row(line.number, None, IS_TOTAL)
        if len(filled) == 1 and width > 2 and (is_short or " " in first):
            why = "only one of its fields has text"
        elif filled and (
            filled[-1] >= len(self.cells)
            or (is_short and (line.is_exact or not self.may_be_short))
            or (is_short and not all(DATUM.fullmatch(cells[at]) for at in self.data & {*filled}))
        ):
            why = f"it has {len(cells)} fields where the header has {width}"
        record = None if why or not filled else dict(zip(self.columns, cells, strict=False))
        return Row(line.number, record, f"{line.doubt}; {why}".strip("; ") if why else line.doubt)


def find_table(lines: Sequence[Line], *, is_first: bool) -> Table | None:
    """Find the header among the first lines of a table; None without two columns.

    It is the first row with at least as many filled cells as nine of ten rows below have, and
    with neither number nor date among them; or else the first row with two cells. `is_first`
    where a person has named the first line as the header.
    """
    lines = [line._replace(cells=[cell.strip() for cell in line.cells]) for line in lines]
    filled = [sum(map(bool, line.cells)) for line in lines]
    wide = [at for at, count in enumerate(filled) if count > 1]
    if not wide or (is_first and wide[0]):
        return None
    header = wide[0]
    for at in () if is_first else wide:
        below = [count <= filled[at] for count in filled[at:] if count]
        if sum(below) >= 0.9 * len(below) and not any(map(DATUM.fullmatch, lines[at].cells)):
            header = at
            break
    number, cells, *_ = lines[header]
    width = max(at for at, cell in enumerate(cells, 1) if cell)
    # Each name once: a further "Labels" is "Labels (2)", one without a name "column 5".
    times: Counter[str] = Counter()
    columns = []
    for at, cell in enumerate(cells[:width], 1):
        name = " ".join(cell.split()) or f"column {at}"
        times[name] += 1
        if times[name] > 1:
            name = f"{name} ({times[name]})"
            times[name] += 1
        columns.append(name)
    whole = [line.cells for line in lines[header + 1 :] if len(line.cells) >= width]
    by_column = enumerate(list(filter(None, found)) for found in zip(*whole, strict=False))
    data = frozenset(at for at, found in by_column if found and all(map(DATUM.fullmatch, found)))
    return Table(number, cells, tuple(columns), all(row[width - 1] for row in whole), data)


def find_separator(path: Path, encoding: str) -> tuple[str, int]:
    """Find the separator of a CSV file, and the line at which its table or titles begin."""

    def fit(separator: str) -> int:
        """Rows of one width, squared, times their separators."""
        head = islice(csv_lines(path, encoding, separator), LOOKED_AT)
        widths = Counter(len(line.cells) for line in head if line.cells)
        return max((rows * rows * (width - 1) for width, rows in widths.items()), default=0)

    with open_text(path, encoding) as text:
        # Excel's own line for it, "sep=;".
        named = re.fullmatch(r'\ufeff?"?sep=(.)"?\s*', text.readline(LONGEST))
    return (named[1], 2) if named else (max(SEPARATORS, key=fit), 1)


@contextmanager
def _told_faults(path: Path) -> Iterator[None]:
    """Make an InputError of whatever is wrong with a workbook."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # a damaged workbook fails anywhere in the library
        raise InputError(
            f"{path.name} is neither text nor a whole workbook (.xlsx, unpacked, without a "
            "password): export it as CSV, XLSX or JSON."
        ) from error


def _open_book(path: Path) -> closing[Workbook]:
    return closing(openpyxl.load_workbook(path, read_only=True, data_only=True))


def check_workbook(path: Path) -> bool:
    """Whether some formulas have no results, as no spreadsheet has calculated them.

    Raises InputError where the file is no workbook, or too large a one.
    """
    with _told_faults(path), zipfile.ZipFile(path) as parts:
        if sum(one.file_size for one in parts.infolist()) > LARGEST_WORKBOOK:
            raise InputError(f"{path.name} is too large when unpacked: save its sheet as CSV.")
        sheets = (parts.read(name) for name in parts.namelist() if "/worksheets/" in name)
        return any(map(OPEN_FORMULA.search, sheets))


def find_sheet(path: Path) -> tuple[str, list[str]]:
    """Find the first visible sheet of a workbook that has a table; and the other sheets."""
    with _told_faults(path), _open_book(path) as book:
        visible = [page for page in book.worksheets if page.sheet_state == "visible"]
        for page in visible:
            rows = islice(_page_lines(page), LOOKED_AT)
            if sum(sum(map(bool, row.cells)) > 1 for row in rows) > 1:
                return page.title, [other.title for other in visible if other is not page]
    raise InputError(f"{path.name} has no sheet with a header and rows.")


def sheet_lines(path: Path, name: str, number: int = 1, width: int | None = None) -> Iterator[Line]:
    """Read the rows of a sheet from a row on; times are ISO 8601 without an offset."""
    with _told_faults(path), _open_book(path) as book:
        if name not in book.sheetnames:
            said = f"{path.name} has no sheet {name!r}: it has {', '.join(book.sheetnames)}."
            raise InputError(said)
        yield from _page_lines(book[name], number, width)


def _page_lines(page: Any, number: int = 1, width: int | None = None) -> Iterator[Line]:
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
