"""What did people answer in the survey: every question by itself, and what they wrote."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded
from core.base import stats
from core.base.stats import Estimate
from core.store import Scope, SurveyResponse, table

# Fewer answers than this are not broken down: they would tell who said what.
LEAST_ANSWERS = 5


@dataclass(frozen=True)
class Question:
    """A question: the column of its answers and its words; `choices` in their order.

    A question without choices is answered with a number. `unit` is that of the mean, or of the
    share of yes for answers that are no numbers.
    """

    key: str
    label: str
    unit: str
    choices: tuple[Any, ...] = ()


STARS = (1, 2, 3, 4, 5)
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
    Question("may_interview", "May we interview you?", "fraction", (True, False)),
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
        """How many answered the question."""
        return self.estimate.n


@dataclass(frozen=True, kw_only=True)
class SurveyResults:
    """The survey of a window: responses, their questions, and free texts by question.

    Texts are in the order of their time, without the names of those who wrote them.
    """

    responses: int
    questions: tuple[Answered, ...]
    texts: Mapping[str, tuple[str, ...]]


def survey_results(scope: Scope, *, window: Window, without: Excluded = NOTHING) -> SurveyResults:
    """Every question of the survey over the responses of a window, counted by their day."""
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
    scope: Scope,
    columns: Sequence[str],
    *,
    window: Window,
    without: Excluded = NOTHING,
) -> list[Sequence[Any]]:
    """These columns of the responses of a window, in the order of their time; None: unanswered."""
    survey = table(SurveyResponse).c
    statement = select(*(survey[name] for name in columns)).where(
        survey.account_id == scope.account
    )
    if window.start is not None:
        statement = statement.where(survey.answered_day >= window.start)
    if window.end is not None:
        statement = statement.where(survey.answered_day <= window.end)
    kept = without.keeps(survey.answered_at, rater=survey.respondent)
    if kept is not None:
        statement = statement.where(kept)
    with scope.read() as session:
        found = session.connection().execute(statement.order_by(survey.answered_at, survey.id))
        return list(found.all())


def _answered(question: Question, answers: list[Any]) -> Answered:
    if question.unit == "fraction":
        yes = sum(answer in {"yes", True} for answer in answers)
        estimate = stats.proportion_estimate(yes, len(answers))
    else:
        estimate = stats.mean_estimate(answers)
    counts = Counter(answers)
    order = question.choices or tuple(sorted(counts))
    return Answered(
        question=question,
        estimate=estimate,
        distribution=(
            {choice: counts[choice] for choice in order} if len(answers) >= LEAST_ANSWERS else None
        ),
    )
