"""The criteria day by day, and what the dashboard draws beside them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from core.analytics.window import Window
from core.base.stats import Estimate
from core.criteria.rules import RULES
from core.criteria.verdicts import estimate_of
from core.criteria.window_data import window_data
from core.feedback.counted_votes import cast, votes_of
from core.store import Feedback, Scope, SurveyResponse, table

KEYS = ("success_rate", "latency_p50", "latency_p95", "latency_p99", "positive_feedback")


@dataclass(frozen=True)
class DayOfCriteria:
    """One day: an estimate for each criterion of `KEYS`, runs, thumbs and submissions.

    `thumbs` are up and down; `submissions` counts votes and survey responses.
    """

    day: date
    estimates: Mapping[str, Estimate]
    finished: int
    thumbs: tuple[int, int]


@dataclass(frozen=True)
class Opinions:
    """How often each rating from 1 to 5 was given, in the product and in the survey."""

    in_product: Mapping[int, int]
    survey: Mapping[int, int]
    submissions: Mapping[date, tuple[int, int]]


def daily_criteria(scope: Scope, *, window: Window, until: date) -> list[DayOfCriteria]:
    """Each day of a window up to `until`, without what is excluded."""
    found = []
    for n in range(window.days or 0):
        assert window.start is not None
        day = window.start + timedelta(days=n)
        if day > until:
            break
        data = window_data(scope, window=Window(day, day, str(day)))
        up, thumbs = data.thumbs
        found.append(
            DayOfCriteria(
                day=day,
                estimates={key: estimate_of(RULES[key], data)[0] for key in KEYS},
                finished=data.runs.finished,
                thumbs=(up, thumbs - up),
            )
        )
    return found


def opinions(scope: Scope, *, window: Window) -> Opinions:
    """The distribution of ratings of a window, and submissions by day: votes, survey responses."""
    data = window_data(scope, window=window)
    votes, answers = table(Feedback).c, table(SurveyResponse).c
    voted = votes_of(scope.account, window, data.without, votes.created_day, votes.rating).where(
        cast()
    )
    answered = data.kept(
        select(answers.answered_day, answers.overall).where(
            answers.account_id == scope.account,
            answers.answered_day.between(window.start, window.end),
        ),
        answers.answered_at,
        rater=answers.respondent,
    )
    with scope.read() as session:
        in_product = session.connection().execute(voted).all()
        survey = session.connection().execute(answered).all()
    days: dict[date, list[int]] = {}
    for kind, rows in enumerate((in_product, survey)):
        for day, _ in rows:
            days.setdefault(day, [0, 0])[kind] += 1
    return Opinions(
        in_product=Counter(rating for _, rating in in_product if rating is not None),
        survey=Counter(rating for _, rating in survey if rating is not None),
        submissions={day: (counts[0], counts[1]) for day, counts in sorted(days.items())},
    )
