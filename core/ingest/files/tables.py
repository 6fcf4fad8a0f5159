"""Tables as people save them: the header among title lines, and rows under it.

Rows come from CSV text or from a sheet of a workbook, as lists of cells in the order of columns.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from core.ingest.files.encodings import mended, on_error

SEPARATORS = (",", ";", "\t", "|")
# Rows, and cells of them, among which the header is looked for; they tell how the others are.
LOOKED_AT = 200
LOOKED_AT_CELLS = 200_000
# Longer than any field or line: more is a quote that was never closed, or no table.
LONGEST_FIELD = 1_000_000
LONGEST_LINE = 10_000_000
csv.field_size_limit(LONGEST_FIELD)
SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
# A number, a date or a time: what a header does not consist of.
DATUM = re.compile(r"(?=.*\d)[\d\s.,:/+\-TZ%]+|[-\u2013—]*")
FORMULA = re.compile(r'="(.*)"', re.DOTALL)
BACKSLASHED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
TOTAL = re.compile(
    r"(?:grand |sub-?)?(?:totals?|sum|summe|gesamt(?:summe)?|insgesamt|somme|suma|totale|итого"
    r"|всего|合計|总计|count|average|mean)(?: (?:tickets|issues|incidents|requests|records|rows"
    r"|results|count|number|time|hours|minutes))?:?(?: *\(?[\d.,]+\)?(?: \w+)?)?",
    re.IGNORECASE,
)


class Line(NamedTuple):
    """Cells of a row, from a line of the file on; `doubt` is what is wrong with how it is written.

    `is_exact` where it must be as wide as the header, `is_cut` where the file ends in it.
    """

    number: int
    cells: list[str]
    doubt: str = ""
    is_exact: bool = False
    is_cut: bool = False


class Row(NamedTuple):
    """A record with its line (in a list: its position), or None with a note that says why not.

    The note of a record says what is doubtful in it, "" where nothing is.
    """

    line: int
    record: dict[str, Any] | None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """The header of a table: its line, its cells, and the names of columns made from them."""

    line: int
    cells: tuple[str, ...]
    columns: tuple[str, ...]
    # Short rows lack blanks at their end, which the file leaves out.
    leaves_out: bool
    has_short: bool
    # Positions of columns that hold numbers and dates alone.
    data: tuple[int, ...]

    def row(self, line: Line) -> Row | None:
        """The record of a row; None for a blank one and for the header repeated."""
        number, cells, doubt, *_ = line
        filled = filter(None, map(str.strip, cells))
        first, second = next(filled, ""), next(filled, "")
        if not first:
            return Row(number, None, doubt) if doubt else None
        width = len(self.columns)
        if first in self.cells[:2] and tuple(map(str.strip, cells[:width])) == self.cells[:width]:
            return None
        if why := self._misfit(line, first, second):
            return Row(number, None, f"{doubt}; {why}" if doubt else why)
        return Row(number, dict(zip(self.columns, cells, strict=False)), doubt)

    def _misfit(self, line: Line, first: str, second: str) -> str:
        """Why a row that is not blank is no record of the table; "" where it is one."""
        cells, width = line.cells, len(self.columns)
        if TOTAL.fullmatch(first) and sum(map(bool, map(str.strip, cells))) <= max(2, width // 2):
            return "it is a total, no record"
        if not second and width > 2 and (len(cells) < width or " " in first):
            return "it has text in one column only"
        said = f"it has {len(cells)} fields where the header has {width}"
        if len(cells) > width:
            return said if any(map(str.strip, cells[len(self.cells) :])) else ""
        if len(cells) == width:
            return ""
        if line.is_cut and not self.has_short:
            return f"{said}, and the file ends in it"
        is_fit = all(DATUM.fullmatch(cells[at].strip()) for at in self.data if at < len(cells))
        return "" if self.leaves_out and is_fit and not line.is_exact else said


def find_table(lines: Sequence[Line], *, is_first: bool = False) -> Table | None:
    """Find the header among the first lines of a table; None without two columns.

    It is the first row with at least as many filled cells as nine of ten rows below have, and
    with neither number nor date among them; or else the first row with two cells. `is_first`
    where a person has named the first line as the header.
    """
    filled = [sum(map(bool, map(str.strip, line.cells))) for line in lines]
    wide = [at for at, count in enumerate(filled) if count > 1]
    if not wide or (is_first and wide[0] > 0):
        return None
    below = Counter(filter(None, filled))
    header = wide[0]
    for at, count in enumerate([] if is_first else filled):
        fewer = sum(rows for other, rows in below.items() if other <= count)
        named = filter(None, map(str.strip, lines[at].cells))
        if count > 1 and fewer >= 0.9 * below.total() and not any(map(DATUM.fullmatch, named)):
            header = at
            break
        below[count] -= 1
    line = lines[header]
    names = [" ".join(cell.split()) for cell in line.cells]
    while not names[-1]:
        names.pop()
    rows = [line for line in lines[header + 1 :] if any(map(str.strip, line.cells))]
    width = len(names)
    whole = [row.cells for row in rows if len(row.cells) >= width]
    return Table(
        line.number,
        tuple(map(str.strip, line.cells)),
        _distinct(names),
        leaves_out=all(cells[width - 1].strip() for cells in whole),
        has_short=any(1 < len(row.cells) < width and not row.is_cut for row in rows),
        data=tuple(
            at
            for at in range(width)
            if whole and all(DATUM.fullmatch(cells[at].strip()) for cells in whole)
        ),
    )


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Each name once: a further "Labels" is "Labels (2)", one without a name "column 5"."""
    seen: set[str] = set()
    times: Counter[str] = Counter()
    found = []
    for at, name in enumerate(names, 1):
        base = one = name or f"column {at}"
        while one in seen:
            times[base] += 1
            one = f"{base} ({times[base] + 1})"
        seen.add(one)
        found.append(one)
    return tuple(found)


def head_of(lines: Iterable[Line]) -> list[Line]:
    """The first rows: `LOOKED_AT`, or fewer where they are very wide."""
    head: list[Line] = []
    cells = 0
    for line in islice(lines, LOOKED_AT):
        head.append(line)
        cells += len(line.cells)
        if cells > LOOKED_AT_CELLS and len(head) > 1:
            break
    return head


def find_separator(path: Path, encoding: str) -> tuple[str, int]:
    """Find the separator of a CSV file, and the line at which its table or titles begin."""
    with path.open(encoding=encoding, errors=on_error(encoding), newline="") as text:
        named = SEP_LINE.fullmatch(text.readline(LONGEST_LINE).lstrip("\ufeff"))
    if named:
        return named[1], 2

    def fit(separator: str) -> int:
        """Rows of one width, squared, times their separators."""
        head = head_of(csv_lines(path, encoding, separator, 1))
        widths = Counter(len(line.cells) for line in head if line.cells)
        return max((rows * rows * (width - 1) for width, rows in widths.items()), default=0)

    return max(SEPARATORS, key=fit), 1


def csv_lines(path: Path, encoding: str, separator: str, first: int) -> Iterator[Line]:
    """Read the rows of a CSV file from a line on, each with the number of its first line.

    A quote that is never closed costs its own line alone: reading goes on after it.
    """
    with path.open(encoding=encoding, errors=on_error(encoding), newline="") as text:
        lines = iter(partial(text.readline, LONGEST_LINE), "")
        yield from _Reader(islice(lines, first - 1, None), separator).read(first)


@dataclass
class _Reader:
    """CSV rows with their lines; `taken` are those of the row that is being read."""

    lines: Iterator[str]
    separator: str
    taken: list[str] = field(default_factory=list)
    # Lines to be read again, the last one first.
    again: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def read(self, number: int) -> Iterator[Line]:
        rows, exact_until = self._rows(), 0
        while True:
            doubt = ""
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error:
                rows = self._rows()
                if self._takes_backslashes():
                    continue
                exact_until = max(exact_until, number + len(self.taken))
                cells, doubt = self._first_alone()
            if any('="' in line for line in self.taken):
                cells = [_unquoted(cell) for cell in cells]
            is_cut = not self.taken[-1].endswith(("\n", "\r"))
            doubt = doubt or "".join(self.doubts[:1])
            yield Line(number, cells, doubt, number < exact_until, is_cut)
            number += len(self.taken)
            self.taken.clear()
            self.doubts.clear()

    def _rows(self) -> Iterator[list[str]]:
        return csv.reader(self._fed(), delimiter=self.separator, skipinitialspace=True, strict=True)

    def _fed(self) -> Iterator[str]:
        while given := self.again.pop() if self.again else next(self.lines, ""):
            line, doubt = mended(given.replace("\0", ""))
            if doubt:
                self.doubts.append(doubt)
            self.taken.append(line)
            yield line

    def _takes_backslashes(self) -> bool:
        """Whether a row with wrong quotes is read again with escaped quotes doubled."""
        better = [BACKSLASHED.sub(r'\1""', line) for line in self.taken]
        if better == self.taken:
            return False
        self.again += reversed(better)
        self.taken.clear()
        return True

    def _first_alone(self) -> tuple[list[str], str]:
        """The first line of a row with wrong quotes, and what is wrong; the others come again."""
        first, *others = self.taken
        self.again += reversed(others)
        self.taken = [first]
        try:
            cells = next(csv.reader([first], delimiter=self.separator, skipinitialspace=True), [])
        except csv.Error:
            return [], f"a field of it is longer than {LONGEST_FIELD:,} characters"
        if not others:
            return cells, "a quote in it is not closed at the end of its field"
        opened = "".join(cells[-1:]).strip()[:40]
        return [], f"the quote that opens at {opened!r} is never closed"


def _unquoted(cell: str) -> str:
    """An id written as a formula, ="00123", so that a spreadsheet keeps its zeros."""
    found = FORMULA.fullmatch(cell.strip())
    return found[1].replace('""', '"') if found else cell
