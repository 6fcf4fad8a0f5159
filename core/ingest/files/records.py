"""Reader of record files: CSV, XLSX or JSON in any common encoding, row by row.

A file is read in one pass and never held as a whole, except a JSON array. How it is read is
guessed, and told, so that a person can correct it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from core.base.csv import CHUNK, Line, csv_lines, find_encoding, mended, open_text
from core.base.errors import InputError
from core.base.text import listed
from core.ingest.files import tables
from core.ingest.files.tables import Row, Table

# A JSON array is read as a whole, which takes several times its size.
LARGEST_ARRAY = 50_000_000
# Objects whose fields are the columns: not every one has them all.
LOOKED_AT = 2_000
# How files begin that are a workbook or nothing that can be read: old ones, PDF, web pages.
NO_TEXT = (b"PK\3\4", b"%PDF", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"<")
LINES = re.compile(r"\{.*\}\s*[\r\n]\s*\{")
# Which list of an answer has the records, by its name.
RECORDS = re.compile(
    r"(.*\.)?(ticket|issue|incident|request|case|enhance|feedback|survey|response|result|record|data)"
)
IDS = {"id", "key", "number", "uuid", "ticket_id", "ticketId"}
# Objects around the fields of a record, and fields that tell what an object is called.
AROUND = {"fields", "attributes", "properties", "_source", "node"}
CALLED = ("display_value", "displayName", "name", "value", "label", "title", "login")
DEEPEST = 4
LARGEST_WHOLE = 2**53
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*")

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReadAs:
    """How a file is read: each part as a person names it, or empty to have it guessed.

    `header` is the line of the column names, from 1; `sheet` is a sheet of a workbook, or the name
    of the list of records in a JSON answer.
    """

    encoding: str = ""
    separator: str = ""
    header: int = 0
    sheet: str = ""


@dataclass(frozen=True)
class RecordFile:
    """An inspected file, of the kind csv, xlsx, lines or array; `columns` are in order.

    `read_as` has every part that its kind has, named or guessed; `others` are further sheets or
    lists, which can be named instead of the one that was guessed. `notes` tell of the guesses in
    sentences; `question` is one that a person has to answer before an import, "" for none.
    """

    path: Path
    kind: str
    read_as: ReadAs
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    question: str = ""
    others: tuple[str, ...] = ()
    table: Table | None = None

    def rows(self) -> Iterator[Row]:
        """Iterate over the records; blank rows and repeated headers are left out."""
        if self.table is not None:
            lines = _cells(self, self.table.line, len(self.columns))
            yield from filter(None, map(self.table.row, islice(lines, 1, None)))
        elif self.kind == "array":
            for position, one in enumerate(_array(self)[0], 1):
                yield _record(position, one)
        else:
            with open_text(self.path, self.read_as.encoding) as text:
                for number, line in enumerate(text, 1):
                    whole, doubt = mended(line.strip())
                    try:
                        if whole:
                            yield _record(number, json.loads(whole), doubt)
                    except (ValueError, RecursionError):
                        yield Row(number, None, "it is no JSON")

    def sample(self, count: int) -> list[Record]:
        """Read the first readable records."""
        found = (row.record for row in self.rows() if row.record is not None)
        return list(islice(found, count))


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
    if start.lstrip().startswith(NO_TEXT):
        has_open_formulas = tables.check_workbook(path)
        sheet, others = (read_as.sheet, []) if read_as.sheet else tables.find_sheet(path)
        notes = [f"Read from the sheet “{sheet}”, without {listed(others)}."] if others else []
        if has_open_formulas:
            notes.append("Formulas without results are blank: save it from a spreadsheet first.")
        read_as = replace(read_as, sheet=sheet)
        return _table(RecordFile(path, "xlsx", read_as, others=tuple(others)), 1, notes)
    encoding, note, question = read_as.encoding, "", ""
    if not encoding:
        encoding, note, question = find_encoding(path, start)
    notes = [note] if note else []
    with open_text(path, encoding) as text:
        head = text.read(CHUNK).lstrip("\ufeff \t\r\n")
    found = RecordFile(path, "csv", replace(read_as, encoding=encoding), question=question)
    if head.startswith(("[", "{")):
        return _json(replace(found, kind="lines" if LINES.match(head) else "array"), notes)
    separator, first = tables.find_separator(path, encoding)
    separator = read_as.separator.replace("\\t", "\t") or separator
    if len(separator) != 1 or separator in '"\r\n' or read_as.header < 0:
        raise InputError("A separator is one character, such as ; or \\t; lines count from 1.")
    read_as = replace(found.read_as, separator=separator)
    return _table(replace(found, read_as=read_as), first, notes)


def _cells(found: RecordFile, first: int, width: int | None = None) -> Iterator[Line]:
    read_as = found.read_as
    if found.kind == "xlsx":
        return tables.sheet_lines(found.path, read_as.sheet, first, width)
    return csv_lines(found.path, read_as.encoding, read_as.separator, first)


def _table(found: RecordFile, first: int, notes: list[str]) -> RecordFile:
    """The file with its header, found from a line on."""
    named = found.read_as.header
    lines = list(islice(_cells(found, named or first), tables.LOOKED_AT))
    table = tables.find_table(lines, is_first=bool(named))
    if table is None:
        raise InputError(
            f"{found.path.name} has no columns: a line names them, separated by comma, semicolon, "
            "tab or |, with the rows below."
        )
    if table.line > first and not named:
        notes.append(f"The columns are named by line {table.line}; what is above is left out.")
    read_as = replace(found.read_as, header=table.line)
    return replace(found, read_as=read_as, columns=table.columns, notes=tuple(notes), table=table)


def _json(found: RecordFile, notes: list[str]) -> RecordFile:
    if found.kind == "array":
        _, sheet, others, note = _array(found)
        read_as = replace(found.read_as, sheet=sheet)
        found = replace(found, read_as=read_as, others=tuple(others))
        notes += [note] if note else []
    columns = dict.fromkeys(name for row in found.sample(LOOKED_AT) for name in row)
    if not columns:
        raise InputError(
            f"{found.path.name} has no records: a JSON file holds a list of objects, or one a line."
        )
    return replace(found, columns=tuple(columns), notes=tuple(notes))


def _array(found: RecordFile) -> tuple[list[Any], str, list[str], str]:
    """The records of a JSON file, the name of their list in an answer, other lists, and a note."""
    name, read_as = found.path.name, found.read_as
    if found.path.stat().st_size > LARGEST_ARRAY:
        raise InputError(
            f"{name} is a JSON list of more than {LARGEST_ARRAY // 1_000_000} MB: export it "
            "as CSV, or with one object a line."
        )
    with open_text(found.path, read_as.encoding) as text:
        whole, doubt = mended(text.read().lstrip("\ufeff"))
    try:
        answer = json.loads(whole)
    except (ValueError, RecursionError):
        raise InputError(f"{name} is cut off or is no JSON: export it again.") from None
    note = f"One of its texts is doubtful: {doubt}." if doubt else ""
    if isinstance(answer, list):
        return answer, "", [], note
    lists = {} if IDS & answer.keys() else dict(_lists_in(answer))
    if not lists:
        return [answer], "", [], note
    likely = [*filter(RECORDS.match, lists), *(lists if len(lists) == 1 else [])]
    sheet = read_as.sheet or min(likely, key=len, default="")
    if sheet not in lists:
        raise InputError(f"{name} has no single list of records: name one of {', '.join(lists)}.")
    others = [one for one in lists if one != sheet]
    if others:
        note = f"Read from the list “{sheet}”, without {listed(others)}. {note}".strip()
    return lists[sheet], sheet, others, note


def _lists_in(found: Record, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The lists of objects in an answer, with the names that lead to them."""
    for name, value in found.items():
        if isinstance(value, dict) and path.count(".") < DEEPEST:
            yield from _lists_in(value, f"{path}{name}.")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            yield path + name, value


def _record(line: int, found: Any, doubt: str = "") -> Row:
    if not isinstance(found, dict):
        return Row(line, None, "it is no object")
    return Row(line, _flat(found), doubt)


def _flat(found: Record, path: str = "") -> Record:
    """The fields of an object and of objects in it, by the names that lead to them.

    An object with a name, such as a priority, is that name; those around the fields of a record
    are no part of the path.
    """
    flat: Record = {}
    for name, value in found.items():
        if isinstance(value, dict) and not path and (name in AROUND or len(found) == 1):
            flat = _flat(value) | flat
        elif isinstance(value, dict) and path.count(".") < DEEPEST and _called(value) is value:
            flat |= _flat(value, f"{path}{name}.")
        elif isinstance(value, list):
            parts = [_called(one) for one in value]
            is_plain = not any(isinstance(one, list | dict | None) for one in parts)
            flat[path + name] = ", ".join(map(str, parts)) if is_plain else value
        else:
            flat[path + name] = _called(value)
    return flat


def _called(value: Any) -> Any:
    """What an object is called, or the value as it is; a time is taken as the server keeps it."""
    if isinstance(value, dict):
        names = [value[key] for key in CALLED if isinstance(value.get(key), str | int | float)]
        times = [one for one in names if isinstance(one, str) and ISO_TIME.fullmatch(one)]
        return next(iter(times + names), value)
    # A whole number that went through a data frame with gaps.
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_WHOLE
    return int(value) if is_whole else value
