"""Fields that come as JSON or as cells of a CSV file: numbers and truth values may be text."""

import math
from typing import Any

from core.base.fields import FieldProblem, Fields, refusal
from core.base.text import clean

LONGEST_ID = 500
LONGEST_COMMENT = 5_000
FLAGS = dict.fromkeys(("true", "yes", "y", "1"), True) | dict.fromkeys(
    ("false", "no", "n", "0"), False
)


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
    """What is there under a name; blank text says nothing."""
    value = obj.get(name)
    return None if isinstance(value, str) and not value.strip() else value


def short(read: Fields, obj: dict[str, Any], name: str) -> str | None:
    """A short name; ticket numbers and priorities are often sent as numbers."""
    value = given(obj, name)
    if value is None:
        return None
    if type(value) is int:
        value = str(value)
    if isinstance(value, str) and len(value) <= LONGEST_ID:
        return clean(value)
    read.note(name, value, f"it is no text of at most {LONGEST_ID} characters")
    return None


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
    if number is not None and number >= 0:
        return number
    if value is not None:
        read.note(name, value, "it is no number from 0 up")
    return None


def flag(read: Fields, obj: dict[str, Any], name: str) -> bool | None:
    """True or false, in one of the words for them."""
    value = given(obj, name)
    if value is None or isinstance(value, bool):
        return value
    known = FLAGS.get(str(value).strip().lower()) if isinstance(value, int | str) else None
    if known is None:
        read.note(name, value, "it is neither true nor false")
    return known


def comment(read: Fields, obj: dict[str, Any], name: str) -> str | None:
    """Words, cut where there are more than any comment needs."""
    text = read.text(given(obj, name), name)
    if text is not None and len(text) > LONGEST_COMMENT:
        read.note(name, text, f"it was cut at {LONGEST_COMMENT:,} characters")
        return text[:LONGEST_COMMENT]
    return text
