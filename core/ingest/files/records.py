"""Reader of record files: CSV, XLSX or JSON in any common encoding, row by row.

A file is read in one pass and never held as a whole, except a JSON array. How it is read (its
encoding, separator, header line, sheet) is guessed, and told, so that a person can correct it.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from core.base.errors import InputError
from core.base.text import listed
from core.ingest.files.encodings import CHUNK, check_encoding, find_encoding, mended, on_error
from core.ingest.files.tables import (
    LONGEST_LINE,
    Row,
    Table,
    csv_lines,
    find_separator,
    find_table,
    head_of,
)
from core.ingest.files.workbooks import find_sheet, sheet_lines

# A JSON array is read as a whole, which takes several times its size.
LARGEST_ARRAY = 50_000_000
# Objects whose fields are the columns: not every one has them all.
SAMPLE_OBJECTS = 2_000
# A list with such a name holds the records, where an answer has several lists.
RECORD_LISTS = (
    *("ticket", "issue", "incident", "request", "case", "enhancement", "feedback", "survey"),
    *("response", "result", "record", "data"),
)
IDS = {"id", "key", "number", "uuid", "ticket_id", "ticketId"}
# Objects around the fields of a record, and fields that tell what an object is called.
AROUND = ("fields", "attributes", "properties", "_source", "node")
CALLED = ("display_value", "displayName", "name", "value", "label", "title", "login")
DEEPEST = 4
NEWLINE = re.compile(r"\r\n|\r|\n")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*")

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReadAs:
    """How a file is read: each part as a person names it, or None to have it guessed.

    `header` is the line of the column names, from 1; `sheet` is a sheet of a workbook, or the name
    of the list of records in a JSON answer.
    """

    encoding: str | None = None
    separator: str | None = None
    header: int | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class RecordFile:
    """An inspected file, of the kind csv, xlsx, lines or array; `columns` are in order.

    `read_as` has every part that its kind has, named or guessed. `notes` tell of the guesses in
    sentences; `question` is one that a person has to answer before an import, "" for none.
    """

    path: Path
    kind: str
    read_as: ReadAs
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    question: str = ""
    table: Table | None = None

    def rows(self) -> Iterator[Row]:
        """Iterate over the records; blank rows and repeated headers are left out."""
        if self.table is not None:
            first = self.table.line
            lines = (
                sheet_lines(self.path, self.read_as.sheet or "", first, len(self.columns))
                if self.kind == "xlsx"
                else csv_lines(self.path, self._encoding, self.read_as.separator or ",", first)
            )
            yield from filter(None, map(self.table.row, islice(lines, 1, None)))
        elif self.kind == "lines":
            yield from self._lines()
        else:
            for position, one in enumerate(_array(self.path, self.read_as)[0], 1):
                yield _record(position, one)

    def sample(self, count: int) -> list[Record]:
        """Read the first readable records."""
        found = (row.record for row in self.rows() if row.record is not None)
        return list(islice(found, count))

    @property
    def _encoding(self) -> str:
        return self.read_as.encoding or "utf-8"

    def _lines(self) -> Iterator[Row]:
        with self.path.open(encoding=self._encoding, errors=on_error(self._encoding)) as text:
            for number, line in enumerate(text, 1):
                if not line.strip():
                    continue
                whole, doubt = mended(line)
                try:
                    found = json.loads(whole)
                except (ValueError, RecursionError):
                    is_cut = not line.endswith("\n")
                    yield Row(number, None, "the file ends in it" if is_cut else "it is no JSON")
                    continue
                yield _record(number, found, doubt)


def open_records(path: Path, read_as: ReadAs | None = None) -> RecordFile:
    """Inspect a file: its kind, how it is read, and its columns.

    Raises InputError with a sentence when there is nothing to read in it.
    """
    read_as = read_as or ReadAs()
    try:
        with path.open("rb") as raw:
            start = raw.read(CHUNK)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.") from None
    if not start.strip():
        raise InputError(f"{path.name} is empty: choose a file with a header and rows.")
    if _is_workbook(path, start):
        return _sheet(path, read_as)
    notes, question = [], ""
    if read_as.encoding is None:
        encoding, note, question = find_encoding(path, start)
        read_as = replace(read_as, encoding=encoding)
        notes = [note] if note else []
    assert read_as.encoding is not None
    check_encoding(read_as.encoding)
    text = start.decode(read_as.encoding, "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        raise InputError(f"{path.name} is a web page or XML: export it as CSV, XLSX or JSON.")
    if text.startswith(("[", "{")):
        first, *more = NEWLINE.split(text, maxsplit=1)
        kind = "lines" if more and more[0].strip() and _is_object(first) else "array"
        found = _json(path, kind, read_as)
    else:
        found = _csv(path, read_as)
    notes += found.notes
    return replace(found, notes=tuple(notes), question=question)


def _is_workbook(path: Path, start: bytes) -> bool:
    """Whether it is an XLSX file; raises InputError for other files that are no text."""
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            f"{path.name} is an old or protected Excel file: save it as .xlsx without a password, "
            "or as CSV."
        )
    if start.startswith(b"PK\3\4") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            if "xl/workbook.xml" in parts.namelist():
                return True
    if start[:4] in {b"PK\3\4", b"%PDF"} or start[:2] == b"\x1f\x8b":
        raise InputError(
            f"{path.name} is no text file and no whole workbook: export it as CSV, XLSX or JSON, "
            "unpacked, and choose that."
        )
    return False


def _sheet(path: Path, read_as: ReadAs) -> RecordFile:
    others: list[str] = []
    sheet = read_as.sheet
    if sheet is None:
        sheet, others = find_sheet(path)
    lines = head_of(sheet_lines(path, sheet, read_as.header or 1))
    table = find_table(lines, is_first=read_as.header is not None)
    found = _table(RecordFile(path, "xlsx", replace(read_as, sheet=sheet)), table, 1)
    if not others:
        return found
    note = f"It was read from the sheet “{sheet}”, without {listed(others)}."
    return replace(found, notes=(note, *found.notes))


def _csv(path: Path, read_as: ReadAs) -> RecordFile:
    _check_lines(path)
    encoding = read_as.encoding or "utf-8"
    separator, first = find_separator(path, encoding)
    separator = read_as.separator or separator
    if len(separator) != 1 or separator in '"\r\n':
        raise InputError(f"{separator!r} is no separator: it is one character, such as ; or |.")
    lines = head_of(csv_lines(path, encoding, separator, read_as.header or first))
    table = find_table(lines, is_first=read_as.header is not None)
    return _table(RecordFile(path, "csv", replace(read_as, separator=separator)), table, first)


def _table(found: RecordFile, table: Table | None, first: int) -> RecordFile:
    """The file with its table, and notes on the guesses about it."""
    if table is None:
        raise InputError(
            f"{found.path.name} has no columns: a line names them, separated by comma, semicolon, "
            "tab or |, with the rows below."
        )
    notes = []
    if table.line > first and found.read_as.header is None:
        notes.append(f"The columns were taken from line {table.line}, without what is above it.")
    again = [name for name in table.columns if name not in table.cells and name[-1:] == ")"]
    if again:
        said = listed(again[:5]) + (" and others" if len(again) > 5 else "")
        notes.append(f"Columns that have a name twice were told apart: {said}.")
    read_as = replace(found.read_as, header=table.line)
    return replace(found, read_as=read_as, columns=table.columns, notes=tuple(notes), table=table)


def _check_lines(path: Path) -> None:
    """Raise InputError for a file with a line that is longer than any record."""
    length = 0
    with path.open("rb") as raw:
        while chunk := raw.read(CHUNK):
            end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            length = length + len(chunk) if end < 0 else len(chunk) - end
            if length > LONGEST_LINE:
                raise InputError(
                    f"{path.name} has a line of more than {LONGEST_LINE // 1_000_000} MB, which "
                    "is no record: export it again with one record a line."
                )


def _json(path: Path, kind: str, read_as: ReadAs) -> RecordFile:
    notes: tuple[str, ...] = ()
    if kind == "lines":
        _check_lines(path)
    else:
        _, sheet, others = _array(path, read_as)
        read_as = replace(read_as, sheet=sheet)
        if others:
            notes = (f"The records were read from “{sheet}”, without {listed(others)}.",)
    found = RecordFile(path, kind, read_as)
    columns = dict.fromkeys(name for row in found.sample(SAMPLE_OBJECTS) for name in row)
    if not columns:
        raise InputError(
            f"{path.name} has no records: a JSON file holds a list of objects, or one a line."
        )
    return replace(found, columns=tuple(columns), notes=notes)


def _array(path: Path, read_as: ReadAs) -> tuple[list[Any], str | None, list[str]]:
    """The records of a JSON file, the name of the list that holds them, and of other lists."""
    if path.stat().st_size > LARGEST_ARRAY:
        raise InputError(
            f"{path.name} is a JSON list of more than {LARGEST_ARRAY // 1_000_000} MB: export it "
            "as CSV, or with one object a line."
        )
    encoding = read_as.encoding or "utf-8"
    text, _ = mended(path.read_text(encoding=encoding, errors=on_error(encoding)))
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise InputError(f"{path.name} is cut off or is no JSON: export it again.") from None
    if isinstance(found, list):
        return found, None, []
    lists = {} if IDS & found.keys() else _lists_in(found)
    if not lists:
        return [found], None, []
    name = read_as.sheet or (next(iter(lists)) if len(lists) == 1 else _likeliest(list(lists)))
    if name not in lists:
        raise InputError(
            f"{path.name} has more than one list ({', '.join(lists)}): name the one to read."
        )
    return lists[name], name, [other for other in lists if other != name]


def _lists_in(found: Record, path: str = "") -> dict[str, list[Any]]:
    """The lists of objects in an answer, by the names that lead to them."""
    lists: dict[str, list[Any]] = {}
    for name, value in found.items():
        if isinstance(value, dict) and path.count(".") < DEEPEST:
            lists |= _lists_in(value, f"{path}{name}.")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            lists[f"{path}{name}"] = value
    return lists


def _likeliest(names: list[str]) -> str | None:
    last = {name.rpartition(".")[2].lower(): name for name in reversed(names)}
    return next((last[one] for word in RECORD_LISTS for one in last if one.startswith(word)), None)


def _record(line: int, found: Any, doubt: str = "") -> Row:
    return Row(line, _flat(found), doubt) if isinstance(found, dict) else Row(line, None, NO_OBJECT)


def _flat(found: Record, path: str = "") -> Record:
    """The fields of an object and of objects in it, with the names that lead to them.

    An object that has a name, such as a priority, is its name; fields around all others go without
    a path.
    """
    flat: Record = {}
    for name, value in found.items():
        if type(value) is float and value.is_integer():
            # Whole numbers that went through a data frame with gaps.
            flat[path + name] = int(value)
        elif isinstance(value, dict) and path.count(".") < DEEPEST:
            if not path and (name in AROUND or len(found) == 1):
                inner = _flat(value)
                flat |= {k if k not in found else f"{name}.{k}": v for k, v in inner.items()}
            elif (called := _called(value)) is not None:
                flat[path + name] = called
            else:
                flat |= _flat(value, f"{path}{name}.")
        elif isinstance(value, list):
            parts = [_called(one) if isinstance(one, dict) else one for one in value]
            is_plain = all(isinstance(one, str | int | float) for one in parts)
            flat[path + name] = ", ".join(map(str, parts)) if is_plain else value
        else:
            flat[path + name] = value
    return flat


def _called(found: Record) -> Any:
    """What an object is called; None for one without a name. A time is as the server keeps it."""
    value = found.get("value")
    if isinstance(value, str) and ISO_TIME.fullmatch(value):
        return value
    named = (found[name] for name in CALLED if isinstance(found.get(name), str | int | float))
    return next(named, None)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


NO_OBJECT = "it is no object"
