"""Typed reading of external objects: an unreadable field is None and noted as a problem.

A field that is null or missing is None without a problem.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from reprlib import Repr
from typing import Any, Generic, TypeVar

from core.base.text import clean

LONGEST_ID = 500
LONGEST_COMMENT = 5_000
FLAGS = dict.fromkeys(("true", "yes", "y", "1"), True) | dict.fromkeys(
    ("false", "no", "n", "0"), False
)
LARGEST_ID = 2**63 - 1
# Instants outside these years are taken for errors of the source.
FIRST_YEAR, LAST_YEAR = 1970, 2100
SHOWN_LENGTH = 300
NO_FLAG = "it is neither true nor false"
NO_INSTANT = f"it is no ISO 8601 time in the years {FIRST_YEAR} to {LAST_YEAR}"
# How the name begins of an object that has no id to be told by.
ANONYMOUS = "unknown-"

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
class Parsed(Generic[T]):
    """Parsed objects of a list, every problem, and how many objects were refused."""

    items: tuple[T, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    refused: int = 0


def parse_all(parse: Callable[[Any], T | FieldProblem], objects: Iterable[Any]) -> Parsed[T]:
    """Parse each object; one that is refused does not stop the others."""
    items: list[T] = []
    problems: list[FieldProblem] = []
    refused = 0
    for obj in objects:
        item = parse(obj)
        if isinstance(item, FieldProblem):
            problems.append(item)
            refused += 1
        else:
            items.append(item)
            problems += getattr(item, "problems", ())
    return Parsed(tuple(items), tuple(problems), refused)


def excerpt(value: Any) -> str:
    """A value as it was sent, short enough for a list of problems."""
    return clean(SHOWN.repr(value))[:SHOWN_LENGTH]


@dataclass(slots=True)
class Fields:
    """The fields of one object of an entity; the readers take a value and the path it came from."""

    entity: str
    source_id: str
    id: int = 0
    problems: list[FieldProblem] = field(default_factory=list)

    @classmethod
    def of(cls, entity: str, obj: Any) -> "Fields | FieldProblem":
        """Begin reading an object; one that is none, or has no usable id, is refused."""
        number = obj.get("id") if isinstance(obj, dict) else None
        if number is not None and _is_id(number):
            return cls(entity, str(number), number)
        return refusal(entity, obj, "id", "it has no usable id, so the object was left out")

    def note(self, path: str, value: Any, reason: str) -> None:
        """Note a problem with a field of this object."""
        self.problems.append(
            FieldProblem(self.entity, self.source_id, path, excerpt(value), reason)
        )

    def found(self, value: Any, path: str, found: T | None, reason: str) -> T | None:
        """What was found in a value; notes a problem where nothing was found in one."""
        if found is None and value is not None:
            self.note(path, value, reason)
        return found

    def text(self, value: Any, path: str) -> str | None:
        """Text exactly as sent, but for characters that no database takes."""
        text = clean(value) if isinstance(value, str) else None
        return self.found(value, path, text, "it is not text")

    def word(self, value: Any, path: str) -> str | None:
        """Text that is not empty: a name, a status."""
        return self.text(value, path) or None

    def flag(self, value: Any, path: str) -> bool | None:
        """True or false."""
        flag = value if isinstance(value, bool) else None
        return self.found(value, path, flag, NO_FLAG)

    def ref(self, value: Any, path: str) -> int | None:
        """The id of another object."""
        return self.found(value, path, value if _is_id(value) else None, "it is no usable id")

    def instant(self, value: Any, path: str) -> datetime | None:
        """An instant in UTC from ISO 8601 with any offset; without an offset it is UTC."""
        instant = _instant(value) if isinstance(value, str) else None
        return self.found(value, path, instant, NO_INSTANT)

    def object(self, value: Any, path: str) -> Mapping[str, Any]:
        """An object; without any fields where there is none."""
        fields = value if isinstance(value, dict) else None
        return self.found(value, path, fields, "it is no object") or {}

    def objects(self, value: Any, path: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The objects of a list, each with its own path; what is no object is left out."""
        items = self.found(value, path, value if isinstance(value, list) else None, "it is no list")
        found: list[tuple[str, Mapping[str, Any]]] = []
        for position, item in enumerate(items or ()):
            at = f"{path}[{position}]"
            if isinstance(item, dict):
                found.append((at, item))
            else:
                self.note(at, item, "it is no object")
        return found


def refusal(entity: str, obj: Any, name: str, reason: str) -> FieldProblem:
    """The problem of an object that cannot be kept."""
    # It has no id to be told by: the same object gets the same name in each run.
    seen = TOLD_APART.repr(obj).encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(seen).hexdigest()[:12]
    return FieldProblem(entity, f"{ANONYMOUS}{digest}", name, excerpt(obj), reason)


def _is_id(value: Any) -> bool:
    # A bool is an int to Python, but no id.
    return type(value) is int and 0 < value <= LARGEST_ID


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    # The calendar's ends have no neighbours in UTC, so the year is looked at before and after.
    if not FIRST_YEAR - 1 <= found.year <= LAST_YEAR + 1:
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


# Fields that come as JSON or as cells of a file, where numbers and truth values may be text.


def begin(entity: str, obj: Any, *, needs_id: bool = True) -> Fields | FieldProblem:
    """Begin reading an object; one that is none, or lacks a needed id, is refused."""
    if not isinstance(obj, dict):
        return refusal(entity, obj, "id", "it is no object, so it was left out")
    read = Fields(entity, "")
    read.source_id = short(read, obj, "id") or ""
    if needs_id and not read.source_id:
        return refusal(entity, obj, "id", "it has no usable id, so the object was left out")
    return read


def refused(read: Fields, obj: Any, name: str, reason: str) -> FieldProblem:
    """The problem that refuses the object, under its id where it has one."""
    problem = refusal(read.entity, obj, name, reason)
    if not read.source_id:
        return problem
    return FieldProblem(read.entity, read.source_id, name, problem.value, reason)


def given(obj: dict[str, Any], name: str) -> Any:
    """The value of a field; None for blank text."""
    value = obj.get(name)
    return None if isinstance(value, str) and not value.strip() else value


def short(read: Fields, obj: dict[str, Any], name: str) -> str | None:
    """A short name; ticket numbers and priorities are often sent as numbers."""
    value = given(obj, name)
    text = str(value) if type(value) is int else value
    usable = clean(text) if isinstance(text, str) and len(text) <= LONGEST_ID else None
    return read.found(value, name, usable, f"it is no text of at most {LONGEST_ID} characters")


def number_in(value: Any) -> float | None:
    """A finite number; a number in text counts, a truth value does not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def amount(read: Fields, obj: dict[str, Any], name: str) -> float | None:
    """A finite number of at least 0."""
    value = given(obj, name)
    number = number_in(value)
    usable = number if number is not None and number >= 0 else None
    return read.found(value, name, usable, "it is no number from 0 up")


def flag(read: Fields, obj: dict[str, Any], name: str) -> bool | None:
    """True or false, also in words or as 1 and 0."""
    value = given(obj, name)
    is_word = isinstance(value, int | str)
    return read.found(
        value, name, FLAGS.get(str(value).strip().lower()) if is_word else None, NO_FLAG
    )


def comment(read: Fields, obj: dict[str, Any], name: str) -> str | None:
    """Text of a comment, cut at `LONGEST_COMMENT`."""
    text = read.text(given(obj, name), name)
    if text is not None and len(text) > LONGEST_COMMENT:
        read.note(name, text, f"it was cut at {LONGEST_COMMENT:,} characters")
        return text[:LONGEST_COMMENT]
    return text
