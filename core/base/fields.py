"""Typed reading of external objects: an unreadable field is None and noted as a problem.

A field that is null or missing is None without a problem.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from reprlib import Repr
from typing import Any, TypeVar

from core.base.text import clean

LONGEST_ID = 500
LONGEST_COMMENT = 5_000
YES = ("true", "yes", "y", "t", "1", "x", "✓", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "sim")
NO = ("false", "no", "n", "f", "0", "nein", "falsch", "non", "faux", "não")
FLAGS = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
# 1.23457E+11, as spreadsheets write a long number.
SHORTENED, FRAMED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+"), re.compile(r"[1-9]\d*\.0")
LARGEST_ID = 2**63 - 1
# Instants outside these years are taken for errors of the source.
FIRST_YEAR, LAST_YEAR = 1970, 2100
SHOWN_LENGTH = 300
NO_ID = "it has no usable id, so the object was left out"
NO_OBJECT = "it is no object"
NO_FLAG = "it is neither true nor false"
NO_INSTANT = f"it is no time in its format (else ISO 8601), from {FIRST_YEAR} to {LAST_YEAR}"
NO_AMOUNT = "it is no number from 0 up, or can be read in two ways, as 1,250 and 2d can"
# How the name begins of an object that has no id to be told by.
ANONYMOUS = "unknown-"

Row = dict[str, Any]
T = TypeVar("T")


def _cut(*, levels: int, items: int, characters: int) -> Repr:
    """A `repr` of bounded time and length, however deep the value is."""
    cut = Repr()
    cut.maxlevel, cut.maxdict, cut.maxlist = levels, items, items
    cut.maxstring = cut.maxother = cut.maxlong = characters
    return cut


SHOWN = _cut(levels=3, items=6, characters=120)
TOLD_APART = _cut(levels=5, items=40, characters=500)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """An unreadable field; with the field `id` the whole object was refused."""

    entity: str
    source_id: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A parsed object as a row of its table, and a problem for each unreadable field.

    Nothing is known of the `silent` fields, which the object lacks or which cannot be read; `links`
    name other objects, to be looked up when the row is saved.
    """

    row: Row
    problems: tuple[FieldProblem, ...]
    links: Row
    silent: frozenset[str] = frozenset()

    @property
    def id(self) -> Any:
        """The id of the object."""
        return self.row["id"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """Parsed objects of a list, and the problem of each object that was refused."""

    items: tuple[ParsedRow, ...] = ()
    refused: tuple[FieldProblem, ...] = ()

    @property
    def problems(self) -> list[FieldProblem]:
        """The problems of the items' fields, then those of refused objects."""
        return [p for item in self.items for p in item.problems] + [*self.refused]


Parser = Callable[[Any], ParsedRow | FieldProblem]


def parse_all(parse: Parser, objects: Iterable[Any]) -> Parsed:
    """Parse each object; one that is refused does not stop the others."""
    found = [parse(obj) for obj in objects]
    return Parsed(
        items=tuple(one for one in found if not isinstance(one, FieldProblem)),
        refused=tuple(one for one in found if isinstance(one, FieldProblem)),
    )


def excerpt(value: Any) -> str:
    """A value as it was sent, short enough for a list of problems."""
    return clean(SHOWN.repr(f"{value}" if isinstance(value, datetime) else value))[:SHOWN_LENGTH]


@dataclass(slots=True)
class Fields:
    """Reads the fields of an object by their names; `path` leads to it from the whole object."""

    entity: str
    source_id: str
    obj: Mapping[str, Any]
    path: str = ""
    problems: list[FieldProblem] = field(default_factory=list)

    @classmethod
    def of(cls, entity: str, obj: Any) -> "Fields | FieldProblem":
        """Begin reading an object; one that is none, or has no usable id, is refused."""
        number = obj.get("id") if isinstance(obj, dict) else None
        if number is not None and _is_id(number):
            return cls(entity, str(number), obj)
        return refusal(entity, obj, "id", NO_ID)

    @property
    def id(self) -> int:
        """The id of the whole object."""
        return int(self.source_id)

    def value(self, name: str) -> Any:
        """The value of a field as it was sent."""
        return self.obj.get(name)

    def note(self, name: str, reason: str, **sent: Any) -> None:
        """Note a problem with a field, or with the value that was `sent` in it."""
        at, value = f"{self.path}{name}", excerpt(sent.get("value", self.obj.get(name)))
        self.problems.append(FieldProblem(self.entity, self.source_id, at, value, reason))

    def found(self, name: str, found: T | None, reason: str) -> T | None:
        """What was found in a field; notes a problem where nothing was found in its value."""
        if found is None and self.value(name) is not None:
            self.note(name, reason)
        return found

    def parsed(self, links: Row | None = None, /, **row: Any) -> ParsedRow:
        """The whole object as a row, after all its fields were read."""
        return ParsedRow(row, tuple(self.problems), links or {})

    def text(self, name: str) -> str | None:
        """Text exactly as sent, but for characters that no database takes."""
        value = self.value(name)
        return clean(value) if isinstance(value, str) else self.found(name, None, "it is not text")

    def word(self, name: str) -> str | None:
        """Text that is not empty: a name, a status."""
        return self.text(name) or None

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.value(name)
        return value if isinstance(value, bool) else self.found(name, None, NO_FLAG)

    def ref(self, name: str) -> int | None:
        """The id of another object."""
        value = self.value(name)
        return int(value) if _is_id(value) else self.found(name, None, "it is no usable id")

    def instant(self, name: str) -> datetime | None:
        """An instant in UTC from ISO 8601 with any offset; without an offset it is UTC."""
        return self.found(name, _instant(self.value(name)), NO_INSTANT)

    def object(self, name: str) -> "Fields":
        """The fields of an object in this one; none where there is no object."""
        value = self.value(name)
        found = value if isinstance(value, dict) else self.found(name, None, NO_OBJECT)
        return self._inside(found or {}, name)

    def _inside(self, obj: Row, at: str) -> "Fields":
        return type(self)(self.entity, self.source_id, obj, f"{self.path}{at}.", self.problems)

    def objects(self, name: str) -> "list[Fields]":
        """The fields of each object in a list; what is no object is left out."""
        value = self.value(name)
        items = self.found(name, value if isinstance(value, list) else None, "it is no list") or []
        found = []
        for position, item in enumerate(items):
            at = f"{name}[{position}]"
            if isinstance(item, dict):
                found.append(self._inside(item, at))
            else:
                self.note(at, NO_OBJECT, value=item)
        return found


class Cells(Fields):
    """Fields from JSON or from cells of a file: numbers and truths may be text, blank is None."""

    @classmethod
    def read(cls, entity: str, obj: Any, *, needs_id: bool = True) -> "Cells | FieldProblem":
        """Begin reading an object; one that is none, or lacks a needed id, is refused."""
        if not isinstance(obj, dict):
            return refusal(entity, obj, "id", f"{NO_OBJECT}, so it was left out")
        found = cls(entity, "", obj)
        found.source_id = found.reference("id") or ""
        reason = found.problems[0].reason if found.problems else NO_ID
        return refusal(entity, obj, "id", reason) if needs_id and not found.source_id else found

    def parsed(self, links: Row | None = None, /, **row: Any) -> ParsedRow:
        """The whole object as a row, after all its fields were read."""
        known = self.obj.keys() - {problem.field for problem in self.problems}
        silent = frozenset(n for n, value in row.items() if value is None and n not in known)
        return ParsedRow(row, tuple(self.problems), links or {}, silent)

    def refused(self, name: str, reason: str) -> FieldProblem:
        """The problem that refuses the object, under its id where it has one."""
        problem = refusal(self.entity, self.obj, name, reason)
        return replace(problem, source_id=self.source_id or problem.source_id)

    def value(self, name: str) -> Any:
        """The value of a field; None for blank text."""
        value = self.obj.get(name)
        return None if isinstance(value, str) and (not value or value.isspace()) else value

    def short(self, name: str) -> str | None:
        """A short name; ticket numbers and priorities are often sent as numbers."""
        value = self.value(name)
        text = str(value) if type(value) is int else value
        usable = clean(text) if isinstance(text, str) and len(text) <= LONGEST_ID else None
        return self.found(name, usable, f"it is no text of at most {LONGEST_ID} characters")

    def reference(self, name: str) -> str | None:
        """The id of this or another object; none that a spreadsheet has shortened."""
        value = self.value(name)
        if isinstance(value, str) and "+" in value and SHORTENED.fullmatch(value.strip()):
            self.note(name, "a spreadsheet has shortened it: export it again with ids as text")
            return None
        # 1001.0, from a data frame with gaps in the column.
        found = self.short(name)
        is_framed = found is not None and found.endswith(".0") and FRAMED.fullmatch(found)
        return found.removesuffix(".0") if found and is_framed else found

    def amount(self, name: str) -> float | None:
        """A finite number of at least 0."""
        number = number_in(self.value(name))
        usable = number if number is not None and number >= 0 else None
        return self.found(name, usable, NO_AMOUNT)

    def flag(self, name: str, *, counts: bool = False) -> bool | None:
        """True or false, also in words or as 1 and 0; with `counts` every count above 0 is true."""
        value = self.value(name)
        number = number_in(value)
        if number in {0, 1} or (counts and number is not None and number == abs(int(number))):
            return bool(number)
        word = str(value).strip().lower() if isinstance(value, bool | str) else ""
        return self.found(name, FLAGS.get(word), NO_FLAG)

    def comment(self, name: str) -> str | None:
        """Text of a comment, cut at `LONGEST_COMMENT`."""
        text = self.text(name)
        if text is not None and len(text) > LONGEST_COMMENT:
            self.note(name, f"it was cut at {LONGEST_COMMENT:,} characters")
            return text[:LONGEST_COMMENT]
        return text


def refusal(entity: str, obj: Any, name: str, reason: str) -> FieldProblem:
    """The problem of an object that cannot be kept."""
    # It has no id to be told by: the same object gets the same name in each run.
    seen = TOLD_APART.repr(obj).encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(seen).hexdigest()[:12]
    return FieldProblem(entity, f"{ANONYMOUS}{digest}", name, excerpt(obj), reason)


def number_in(value: Any) -> float | None:
    """A finite number; a number in text counts, a truth value does not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _is_id(value: Any) -> bool:
    # A bool is an int to Python, but no id.
    return type(value) is int and 0 < value <= LARGEST_ID


def _instant(value: Any) -> datetime | None:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    # The calendar's ends have no neighbours in UTC, so the year is looked at before and after.
    if not FIRST_YEAR - 1 <= found.year <= LAST_YEAR + 1:
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None
