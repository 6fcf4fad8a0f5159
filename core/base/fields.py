"""Reading what came from outside: each field as the type it should have, or a problem noted.

A field that is null or missing is None and no problem; a field of a wrong type is None and one.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from reprlib import Repr
from typing import Any, Generic, TypeVar

from core.base.text import clean

LARGEST_ID = 2**63 - 1
# Instants outside these years are taken for errors of the source.
FIRST_YEAR, LAST_YEAR = 1970, 2100
SHOWN_LENGTH = 300
# How the name begins of an object that has no id to be told by.
ANONYMOUS = "unknown-"

T = TypeVar("T")


def _cut(*, levels: int, items: int, characters: int) -> Repr:
    """A way to write any value down in bounded time and space, however deep it is."""
    cut = Repr()
    cut.maxlevel, cut.maxdict, cut.maxlist = levels, items, items
    cut.maxstring = cut.maxother = cut.maxlong = characters
    return cut


SHOWN = _cut(levels=3, items=6, characters=120)
TOLD_APART = _cut(levels=5, items=40, characters=500)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What could not be read; with the field `id` the whole object was refused."""

    entity: str
    source_id: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What became of a list of objects: those read, and every problem, refusals included."""

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

    def text(self, value: Any, path: str) -> str | None:
        """Text exactly as sent, but for characters that no database takes."""
        if value is None:
            return None
        if isinstance(value, str):
            return clean(value)
        self.note(path, value, "it is not text")
        return None

    def word(self, value: Any, path: str) -> str | None:
        """Text of which the empty one says nothing: a name, a status."""
        return self.text(value, path) or None

    def flag(self, value: Any, path: str) -> bool | None:
        """True or false."""
        if value is None or isinstance(value, bool):
            return value
        self.note(path, value, "it is neither true nor false")
        return None

    def ref(self, value: Any, path: str) -> int | None:
        """The id of another object."""
        if value is None:
            return None
        if _is_id(value):
            return int(value)
        self.note(path, value, "it is no usable id")
        return None

    def instant(self, value: Any, path: str) -> datetime | None:
        """An instant in UTC from ISO 8601 with any offset; without an offset it is UTC."""
        if value is None:
            return None
        found = _instant(value) if isinstance(value, str) else None
        if found is None:
            self.note(
                path, value, f"it is no ISO 8601 time in the years {FIRST_YEAR} to {LAST_YEAR}"
            )
        return found

    def object(self, value: Any, path: str) -> Mapping[str, Any]:
        """An object; without any fields where there is none."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.note(path, value, "it is no object")
        return {}

    def objects(self, value: Any, path: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The objects of a list, each with its own path; what is no object is left out."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.note(path, value, "it is no list")
            return []
        found: list[tuple[str, Mapping[str, Any]]] = []
        for position, item in enumerate(value):
            at = f"{path}[{position}]"
            if isinstance(item, dict):
                found.append((at, item))
            else:
                self.note(at, item, "it is no object")
        return found


def refusal(entity: str, obj: Any, name: str, reason: str) -> FieldProblem:
    """The problem that stands for an object which cannot be kept at all."""
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
