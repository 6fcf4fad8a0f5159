"""The survey: its questions, the parser of responses, invitations, drafts, and results."""

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded
from core.base import clock, stats
from core.base.errors import InputError
from core.base.fields import Cells, FieldProblem, ParsedRow, number_in
from core.base.stats import Estimate
from core.base.text import canonical_address, clean
from core.store import Scope, SurveyDraft, SurveyInvitation, SurveyResponse, table

# Distributions of fewer answers than this are withheld: they would tell who said what.
LEAST_ANSWERS = 5
# A day: no ticket takes or saves more.
MOST_MINUTES = 1_440
MOST_INVITED = 1_000
LONGEST_RESPONDENT = 200
LONGEST_ANSWER = 5_000
KEY_BYTES = 16
BETTER = (
    dict.fromkeys(("yes", "y", "true", "1"), "yes")
    | dict.fromkeys(("no", "n", "false", "0"), "no")
    | dict.fromkeys(("unsure", "not sure", "maybe", "don't know"), "unsure")
)


@dataclass(frozen=True)
class Question:
    """A question: the column of its answers, its label, and its `choices` in their order.

    A question without choices is answered with a number. `unit` is that of the mean, or of the
    share of yes where answers are not numbers.
    """

    key: str
    label: str
    unit: str
    choices: tuple[Any, ...] = ()


STARS = (1, 2, 3, 4, 5)
INTERVIEW = "may_interview"
QUESTIONS = (
    Question("relevance", "How relevant is what the enhancement adds?", "stars", STARS),
    Question("accuracy", "How accurate is it?", "stars", STARS),
    Question("usefulness", "How useful is it?", "stars", STARS),
    Question("overall", "How satisfied are you overall?", "stars", STARS),
    Question("minutes_saved", "How many minutes does it save for each ticket?", "minutes"),
    Question(
        *("better_resolution", "Are tickets resolved better with it?", "fraction"),
        ("yes", "no", "unsure"),
    ),
    Question("renewal", "How likely would you renew it?", "of 10", tuple(range(11))),
    Question(INTERVIEW, "May we interview you?", "fraction", (True, False)),
)
TEXTS = {"what_helps": "What helps?", "what_to_improve": "What should be improved?"}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question with its answers: the mean, or the share of yes, with its interval.

    `distribution` counts each choice, or each number that was given; None below five answers.
    """

    question: Question
    estimate: Estimate
    distribution: Mapping[Any, int] | None

    @property
    def n(self) -> int:
        """The number of answers to the question."""
        return self.estimate.n


@dataclass(frozen=True, kw_only=True)
class SurveyResults:
    """The survey in a window: number of responses, their questions, and free texts by question.

    Texts are the oldest first, without the names of their authors.
    """

    responses: int
    questions: tuple[Answered, ...]
    texts: Mapping[str, tuple[str, ...]]


def choice_label(choice: bool | float | str) -> str:  # noqa: FBT001 (an answer as it was given)
    """Yes for True, and 1 for 1, which are equal in Python."""
    if isinstance(choice, bool):
        return "Yes" if choice else "No"
    return choice.capitalize() if isinstance(choice, str) else f"{choice:g}"


def parse_survey(obj: Any) -> ParsedRow | FieldProblem:
    """Parse a response from JSON or a CSV row; refused without a time, or without any answer.

    A missing id is made from respondent and time; without a respondent, from the answers too.
    """
    read = Cells.read("survey", obj, needs_id=False)
    if isinstance(read, FieldProblem):
        return read
    answered_at = read.instant("answered_at")
    if answered_at is None:
        return read.refused("answered_at", "it has no usable time, so it was left out")
    answers = {one.key: _answer(read, one) for one in QUESTIONS if one.key != INTERVIEW}
    answers |= {name: read.comment(name) for name in TEXTS}
    if all(answer is None for answer in answers.values()):
        return read.refused("overall", "it answers no question, so it was left out")
    respondent = read.short("respondent")
    parts = (respondent, answered_at.isoformat(), None if respondent else sorted(answers.items()))
    made = hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
    number = read.source_id or f"made-{made}"
    answers[INTERVIEW] = read.flag(INTERVIEW)
    respondent = None if respondent is None else canonical_address(respondent)
    return read.parsed(id=number, respondent=respondent, answered_at=answered_at, **answers)


def invite(scope: Scope, people: str) -> int:
    """Invite people, one to a line or separated by commas; returns how many are new.

    People who were invited before keep their link. Raises InputError for no name and for too many.
    """
    said = (clean(" ".join(name.split())) for name in re.split(r"[\n,;]", people))
    names = dict.fromkeys(map(canonical_address, said))
    names.pop("", None)
    if not names:
        raise InputError("Name who is invited: addresses or names, one to a line.")
    if len(names) > MOST_INVITED or any(len(name) > LONGEST_RESPONDENT for name in names):
        raise InputError(
            f"At most {MOST_INVITED:,} people are invited at once, each with a name of up to "
            f"{LONGEST_RESPONDENT} characters."
        )
    invited = table(SurveyInvitation).c.respondent
    with scope.write() as unit:
        known = {row["respondent"] for row in unit.stored(invited, names, invited)}
        row = {"invited_by": unit.author, "invited_at": clock.now()}
        rows = [
            {"id": secrets.token_urlsafe(KEY_BYTES), "respondent": name, **row}
            for name in names
            if name not in known
        ]
        unit.upsert(SurveyInvitation, rows)
    return len(rows)


def invitations(scope: Scope) -> list[SurveyInvitation]:
    """All invitations by the respondent's name."""
    return scope.objects(SurveyInvitation, order_by=[table(SurveyInvitation).c.respondent])


def invitation_of(scope: Scope, key: str) -> SurveyInvitation | None:
    """The invitation that a link's key belongs to; None where the account has none."""
    return scope.get(SurveyInvitation, key)


def save_draft(scope: Scope, key: str, answers: Mapping[str, Any]) -> None:
    """Store unsent answers under a key, in place of its draft; blank answers are dropped."""
    kept = {name: value for name, value in answers.items() if value not in {None, ""}}
    # No figure shows a draft.
    with scope.write(quiet=True) as unit:
        unit.upsert(SurveyDraft, [{"id": key, "answers": kept, "updated_at": clock.now()}])


def draft_of(scope: Scope, key: str) -> dict[str, Any]:
    """The draft stored under a key; empty where there is none."""
    found = scope.get(SurveyDraft, key)
    return dict(found.answers) if found is not None else {}


def sent_answers(scope: Scope, key: str) -> dict[str, Any]:
    """The answers sent under a key, with the respondent; empty where none were."""
    found = scope.get(SurveyResponse, f"sent-{key}")
    names = ("respondent", *TEXTS, *(question.key for question in QUESTIONS))
    return {name: getattr(found, name) for name in names} if found is not None else {}


def send_answers(
    scope: Scope, key: str, answers: Mapping[str, Any], *, respondent: str | None
) -> None:
    """Store the answers as a response, in place of those sent earlier under the same key.

    Deletes the draft and marks the invitation as answered. Raises InputError where no question is
    answered, or an answer is invalid.
    """
    now = clock.now()
    for name, value in answers.items():
        if isinstance(value, str) and len(value) > LONGEST_ANSWER:
            raise InputError(
                f"{name.replace('_', ' ').capitalize()} has {len(value):,} characters: shorten it "
                f"to {LONGEST_ANSWER:,}."
            )
    response = {"id": f"sent-{key}", "respondent": respondent, "answered_at": now.isoformat()}
    parsed = parse_survey({**answers, **response})
    if isinstance(parsed, FieldProblem):
        raise InputError("Answer at least one question before you send.")
    if parsed.problems:
        wrong = parsed.problems[0]
        raise InputError(f"{wrong.field.replace('_', ' ').capitalize()}: {wrong.reason}.")
    with scope.write() as unit:
        unit.upsert(SurveyResponse, [parsed.row])
        unit.delete(SurveyDraft, table(SurveyDraft).c.id == key)
        if unit.session.get(SurveyInvitation, (scope.account, key)) is not None:
            unit.upsert(SurveyInvitation, [{"id": key, "answered_at": now}])


def survey_results(scope: Scope, *, window: Window, without: Excluded = NOTHING) -> SurveyResults:
    """The results of each question over the responses of a window, counted by their day."""
    keys = [question.key for question in QUESTIONS]
    rows = survey_answers(scope, [*keys, *TEXTS], window=window, without=without)
    return SurveyResults(
        responses=len(rows),
        questions=tuple(
            _answered(question, [row[n] for row in rows if row[n] is not None])
            for n, question in enumerate(QUESTIONS)
        ),
        texts={
            key: tuple(row[n] for row in rows if row[n] is not None)
            for n, key in enumerate(TEXTS, len(keys))
        },
    )


def survey_answers(
    scope: Scope, columns: Sequence[str], *, window: Window, without: Excluded = NOTHING
) -> Sequence[Any]:
    """These columns of a window's responses, the oldest first; None for no answer."""
    survey = table(SurveyResponse).c
    statement = select(*(survey[name] for name in columns)).where(
        survey.account_id == scope.account,
        window.contains(survey.answered_day),
        without.keeps(survey.answered_at, rater=survey.respondent),
    )
    return scope.rows(statement.order_by(survey.answered_at, survey.id))


def _answered(question: Question, answers: list[Any]) -> Answered:
    if question.unit == "fraction":
        yes = sum(answer in {"yes", True} for answer in answers)
        estimate = stats.proportion_estimate(yes, len(answers))
    elif question.choices:
        ends = question.choices[0], question.choices[-1]
        estimate = stats.rating_estimate(answers, ends)
    else:
        estimate = stats.mean_estimate(answers)
    counts = Counter(answers)
    order = question.choices or sorted(counts)
    distribution = {choice: counts[choice] for choice in order}
    is_shown = len(answers) >= LEAST_ANSWERS
    return Answered(
        question=question, estimate=estimate, distribution=distribution if is_shown else None
    )


def _answer(read: Cells, question: Question) -> Any:
    """The answer as it is stored; one that cannot be read is noted as a problem."""
    value = read.value(question.key)
    number = number_in(value)
    found: Any
    if question.unit == "minutes":
        reason = "it is no number of minutes up to a day"
        found = number if number is not None and abs(number) <= MOST_MINUTES else None
    elif question.unit == "fraction":
        reason = "it is neither yes, no nor unsure"
        found = BETTER.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    else:
        reason = f"it is no whole number from {question.choices[0]} to {question.choices[-1]}"
        found = int(number) if number is not None and number in question.choices else None
    return read.found(question.key, found, reason)
