"""A technician's answers to the survey: a parser of objects, from JSON or a row of a CSV file."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.base.cells import begin, comment, flag, given, number_in, refused, short
from core.base.fields import FieldProblem, Fields

RATINGS = ("relevance", "accuracy", "usefulness", "overall")
TEXTS = ("what_helps", "what_to_improve")
BETTER = (
    dict.fromkeys(("yes", "y", "true", "1"), "yes")
    | dict.fromkeys(("no", "n", "false", "0"), "no")
    | dict.fromkeys(("unsure", "not sure", "maybe", "don't know"), "unsure")
)
# A ticket costs nobody more than a day of work.
MOST_MINUTES = 1_440


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSurvey:
    """One person's answers, None where there is none; ratings 1 to 5, `renewal` 0 to 10.

    `better_resolution` is yes, no or unsure; `minutes_saved` are minutes for each ticket, below 0
    where it costs time.
    """

    id: str
    respondent: str | None
    answered_at: datetime
    relevance: int | None
    accuracy: int | None
    usefulness: int | None
    overall: int | None
    minutes_saved: float | None
    better_resolution: str | None
    what_helps: str | None
    what_to_improve: str | None
    renewal: int | None
    may_interview: bool | None
    problems: tuple[FieldProblem, ...]


def parse_survey(obj: Any) -> ParsedSurvey | FieldProblem:
    """Read a response; refused without the time it was given, and without any answer.

    Where it has no id, one is made of respondent and time, of a nameless one of its answers too.
    """
    read = begin("survey", obj, needs_id=False)
    if isinstance(read, FieldProblem):
        return read
    answered_at = read.instant(given(obj, "answered_at"), "answered_at")
    if answered_at is None:
        return refused(read, obj, "answered_at", "it has no usable time, so it was left out")
    answers: dict[str, Any] = {name: _whole(read, obj, name, 1, 5) for name in RATINGS}
    answers["minutes_saved"] = _minutes(read, obj, "minutes_saved")
    answers["better_resolution"] = _better(read, obj, "better_resolution")
    answers |= {name: comment(read, obj, name) for name in TEXTS}
    answers["renewal"] = _whole(read, obj, "renewal", 0, 10)
    if all(answer is None for answer in answers.values()):
        return refused(read, obj, "overall", "it answers no question, so it was left out")
    respondent = short(read, obj, "respondent")
    return ParsedSurvey(
        id=read.source_id or _made_id(respondent, answered_at, answers),
        respondent=respondent,
        answered_at=answered_at,
        may_interview=flag(read, obj, "may_interview"),
        problems=tuple(read.problems),
        **answers,
    )


def _made_id(respondent: str | None, answered_at: datetime, answers: dict[str, Any]) -> str:
    parts = (respondent, answered_at.isoformat(), None if respondent else sorted(answers.items()))
    return f"made-{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"


def _whole(read: Fields, obj: dict[str, Any], name: str, least: int, most: int) -> int | None:
    value = given(obj, name)
    number = number_in(value)
    if number is not None and number.is_integer() and least <= number <= most:
        return int(number)
    if value is not None:
        read.note(name, value, f"it is no whole number from {least} to {most}")
    return None


def _minutes(read: Fields, obj: dict[str, Any], name: str) -> float | None:
    value = given(obj, name)
    number = number_in(value)
    if number is not None and abs(number) <= MOST_MINUTES:
        return number
    if value is not None:
        read.note(name, value, "it is no number of minutes up to a day")
    return None


def _better(read: Fields, obj: dict[str, Any], name: str) -> str | None:
    value = given(obj, name)
    if value is None:
        return None
    known = BETTER.get(str(value).strip().lower()) if isinstance(value, str | bool | int) else None
    if known is None:
        read.note(name, value, "it is neither yes, no nor unsure")
    return known
