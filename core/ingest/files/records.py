"""Reader of record files: CSV or JSON in any common encoding, row by row.

A file is read in one pass and never held as a whole, except a JSON array.
"""

import codecs
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.base.errors import InputError

SEPARATORS = (",", ";", "\t")
CHUNK = 1 << 20
# A JSON array is read as a whole, which takes several times its size.
LARGEST_ARRAY = 50_000_000
# Longer than any field: more is a quote that was never closed.
LONGEST_FIELD = 1_000_000
LOOKED_AT = 200

Record = dict[str, Any]


@dataclass(frozen=True)
class BadRow:
    """A row that is not a record, and the reason."""

    reason: str


@dataclass(frozen=True)
class RecordFile:
    """An inspected file; `separator` is None for JSON, `columns` are in order."""

    path: Path
    kind: str
    encoding: str
    separator: str | None
    columns: tuple[str, ...]

    def rows(self) -> Iterator[tuple[int, Record | BadRow]]:
        """Iterate over the records with the line (in an array: the position) of each, from 1."""
        if self.kind == "csv":
            yield from self._csv()
        elif self.kind == "lines":
            yield from self._lines()
        else:
            yield from enumerate(_checked(_array(self.path, self.encoding)), 1)

    def sample(self, count: int) -> list[Record]:
        """Read the first readable records."""
        return list(islice((row for _, row in self.rows() if isinstance(row, dict)), count))

    def _csv(self) -> Iterator[tuple[int, Record | BadRow]]:
        csv.field_size_limit(LONGEST_FIELD)
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as text:
            rows = csv.reader(
                (line.replace("\0", "") for line in text), delimiter=self.separator or ","
            )
            next(rows, None)
            while True:
                line = rows.line_num + 1
                try:
                    row = next(rows)
                except StopIteration:
                    return
                except csv.Error:
                    yield line, BadRow("a quote that begins in it is not closed")
                    continue
                if not any(field.strip() for field in row):
                    continue
                if len(row) != len(self.columns):
                    said = f"it has {len(row)} fields where the header has {len(self.columns)}"
                    yield line, BadRow(said)
                else:
                    yield line, dict(zip(self.columns, row, strict=True))

    def _lines(self) -> Iterator[tuple[int, Record | BadRow]]:
        with self.path.open(encoding=self.encoding, errors="replace") as text:
            for number, line in enumerate(text, 1):
                if not line.strip():
                    continue
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError):
                    yield number, BadRow("it is no JSON")
                    continue
                yield number, next(_checked([found]))


def open_records(path: Path) -> RecordFile:
    """Inspect a file: its kind, encoding and columns.

    Raises InputError with a sentence when there is nothing to read in it.
    """
    try:
        with path.open("rb") as raw:
            start = raw.read(CHUNK)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.") from None
    if not start.strip():
        raise InputError(f"{path.name} is empty: choose a file with a header and rows.")
    if start[:4] in {b"PK\3\4", b"%PDF"} or start[:2] == b"\x1f\x8b":
        raise InputError(
            f"{path.name} is no text file: export it as CSV or JSON, unpacked, and choose that."
        )
    encoding = _encoding(path, start)
    text = start.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("["):
        return _json(path, "array", encoding)
    if text.startswith("{"):
        first, *more = text.splitlines()[:2]
        is_whole = _is_json(first) and (more or not any(map(_is_list, json.loads(first).values())))
        return _json(path, "lines" if is_whole else "array", encoding)
    return _table(path, encoding)


def _encoding(path: Path, start: bytes) -> str:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a byte order mark: every other byte of plain text in UTF-16 is 0.
    for encoding, zeros in (("utf-16-le", start[1:400:2]), ("utf-16-be", start[0:400:2])):
        if zeros and zeros.count(0) > len(zeros) / 2:
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as raw:
            while chunk := raw.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _table(path: Path, encoding: str) -> RecordFile:
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        head = list(islice(text, LOOKED_AT))
    separator = max(SEPARATORS, key=lambda one: _columns_by(head, one))
    try:
        header = next(csv.reader(head, delimiter=separator), [])
    except csv.Error:
        header = []
    columns = tuple(name.replace("\0", "").strip() for name in header)
    if len(columns) < 2:
        raise InputError(
            f"{path.name} has no columns: its first line names them, separated by comma, "
            "semicolon or tab."
        )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(
            f"{path.name} names the column {twice[0]!r} more than once: give each its own name."
        )
    return RecordFile(path, "csv", encoding, separator, columns)


def _columns_by(head: list[str], separator: str) -> tuple[int, int]:
    """The number of first rows that have as many fields as the header, and that number."""
    try:
        widths = [len(row) for row in csv.reader(head, delimiter=separator) if row]
    except csv.Error:
        return 0, 0
    if not widths or widths[0] < 2:
        return 0, 0
    return widths.count(widths[0]), widths[0]


def _json(path: Path, kind: str, encoding: str) -> RecordFile:
    found = RecordFile(path, kind, encoding, None, ())
    columns = dict.fromkeys(name for row in found.sample(LOOKED_AT) for name in row)
    if not columns:
        raise InputError(
            f"{path.name} has no records: a JSON file holds a list of objects, or one a line."
        )
    return RecordFile(path, kind, encoding, None, tuple(columns))


def _array(path: Path, encoding: str) -> list[Any]:
    if path.stat().st_size > LARGEST_ARRAY:
        raise InputError(
            f"{path.name} is a JSON list of more than {LARGEST_ARRAY // 1_000_000} MB: export it "
            "as CSV, or with one object a line."
        )
    try:
        found = json.loads(path.read_text(encoding=encoding, errors="replace"))
    except (ValueError, RecursionError):
        raise InputError(f"{path.name} is cut off or is no JSON: export it again.") from None
    if isinstance(found, dict):
        # {"tickets": [...], "count": 3}: the list in it; an object without one is a record.
        lists = [value for value in found.values() if _is_list(value)]
        return lists[0] if len(lists) == 1 else [found]
    return found if isinstance(found, list) else []


def _checked(objects: list[Any]) -> Iterator[Record | BadRow]:
    for found in objects:
        yield found if isinstance(found, dict) else BadRow("it is no object")


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
