"""CSV: tables as it, and rows from files of it however they were written."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import pandas as pd

from core.base.errors import InputError

# Some spreadsheet program runs as a formula what starts so: wide signs and unseen ones are read.
STARTS_FORMULA = re.compile(
    r"[\t\r\n]|[\s\0-\x20\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62-\ufe66\ufe6b]"
)
# Longer than any line or field that is read: more is no table.
LONGEST = 4_000_000
csv.field_size_limit(LONGEST)
# An id as a formula, ="00123", so that a spreadsheet keeps its zeros.
FORMULA = re.compile(r'\A\s*="([^"]*)"\s*\Z')
# A number, a date or a time.
DATUM = re.compile(r"(?=.*\d)[\d\s.,:/+\-TZ%]+|[-\u2013—]+")
BACKSLASHED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')

CHUNK = 1 << 20
# What a person chooses from; any other that Python knows can be named as well.
ENCODINGS = (
    *("utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1255"),
    *("cp1256", "cp1257", "cp850", "mac-roman", "cp932", "gb18030", "big5", "cp949"),
)
# A byte that is not UTF-8, as Python's "surrogateescape" keeps it.
ODD = re.compile("[\udc80-\udcff]")
WORD = re.compile("[A-Za-z\u0080-\uffff]+")
MOST_WORDS = 1_000
# A word of a Western European language: with letters of ASCII, and no capital after a small one.
WESTERN = re.compile(
    "(?=.*[A-Za-z]|..?$)(?!.*[a-zß-ÿ][À-ÞŠŒŽŸ])[A-Za-zªºÀ-ÖØ-öø-ÿŠŒŽšœžŸ\u2019]+|", re.DOTALL
)
SIGNS = "\u00a0\u00ad€\u201a„…\u2018\u2019“”•\u2013—™¡§©«®°\u00b4·»¿"


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
        return f"'{value}" if STARTS_FORMULA.match(value) else value
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


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a text file with its own line ends, keeping what is not in its encoding for `mended`."""
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    try:
        return path.open(encoding=encoding, errors=errors, newline="")
    except LookupError:
        said = f"{encoding!r} is no encoding: there is {', '.join(ENCODINGS)}, among others."
        raise InputError(said) from None


def mended(line: str) -> tuple[str, str]:
    """A line with its odd bytes read as Windows-1252, and a note where there are any."""
    if line.isascii() or not ODD.search(line):
        return line, ""
    line = ODD.sub(lambda odd: bytes([ord(odd[0]) - 0xDC00]).decode("cp1252", "replace"), line)
    return line, "it is not all in the encoding of the file, so its text is doubtful"


def find_encoding(path: Path, start: bytes) -> tuple[str, str, str]:
    """Find the encoding of a text file; `start` is its first bytes.

    With it come a note where it was guessed, and a question where a person has to name it.
    """
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "", ""
    # Without a byte order mark: every other byte of plain text in UTF-16 is 0.
    for encoding, zeros in (("utf-16-le", start[1:400:2]), ("utf-16-be", start[0:400:2])):
        if zeros and zeros.count(0) > len(zeros) / 2:
            return encoding, "", ""
    good = odd = 0
    words: list[str] = []
    with open_text(path, "utf-8") as text:
        while chunk := text.read(CHUNK):
            if found := 0 if chunk.isascii() else len(ODD.findall(chunk)):
                words += islice(filter(ODD.search, WORD.findall(chunk)), MOST_WORDS)
            good += len(chunk) - len(chunk.encode("ascii", "ignore")) - found
            odd += found
    if not odd:
        return "utf-8-sig", "", ""
    raw = [word.encode("utf-8", "surrogateescape") for word in words[:MOST_WORDS]]
    western = [bool(WESTERN.fullmatch(one.decode("cp1252", "replace").strip(SIGNS))) for one in raw]
    is_western = sum(western) >= 0.8 * len(raw)
    # UTF-8 has its own pattern, which text in another encoding has by chance only.
    if good >= odd or (is_western and good * 10 > odd):
        return "utf-8-sig", "", ""
    seen = min(raw, key=lambda word: abs(len(word) - 8))[:40]
    if is_western:
        return "cp1252", f"Read in Windows-1252, as in “{seen.decode('cp1252')}”.", ""
    read = (
        f"“{seen.decode(name, 'replace')}” in {name}" for name in ("cp1251", "cp1250", "cp1253")
    )
    return "cp1252", "", f"The encoding of {path.name} is not clear: name it ({', '.join(read)})."
