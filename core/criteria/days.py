"""A window day by day and in votes: the data of the dashboard beside the criteria."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from core.analytics.dates import Window
from core.base.stats import Estimate
from core.criteria.verdicts import RULES, estimate_of
from core.criteria.window_data import WindowData, window_data
from core.feedback.reading import select_votes
from core.feedback.surveys import LEAST_ANSWERS
from core.store import Feedback, Scope, SurveyResponse, Ticket, has_content, table

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
    voted = select_votes(scope, window, data.without, votes.created_day, votes.rating).where(
        has_content()
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


MOST_QUOTES = 3


@dataclass(frozen=True, kw_only=True)
class FeedbackSummary:
    """Votes of a window without what is excluded; those on pages of this product left out.

    `ratings` counts each rating from 1 to 5. With fewer than five raters, ratings and quotes would
    tell who said what: `ratings` is None then, and there are no quotes. `technicians` had enhanced
    tickets resolved in the window.
    """

    votes: int
    raters: int
    comments: int
    thumbs_up: int
    thumbs: int
    ratings: Mapping[int, int] | None
    quotes: tuple[str, ...]
    technicians: int


def feedback_summary(data: WindowData) -> FeedbackSummary:
    """Who said how much in a window, and the latest comments."""
    votes, ticket = table(Feedback).c, table(Ticket).c
    columns = (votes.rater, votes.rating, votes.comment)
    asked = select_votes(data.scope, data.window, data.without, *columns)
    said = asked.order_by(votes.updated_at.desc(), votes.id)
    resolved = select(func.count(ticket.technician.distinct())).where(
        ticket.account_id == data.scope.account,
        ticket.day.between(data.window.start, data.window.end),
        ticket.resolved_at.is_not(None),
        ticket.enhanced.is_(True),
    )
    with data.scope.read() as session:
        rows = session.connection().execute(said).all()
        technicians = session.connection().execute(resolved).scalar_one()
    raters = len({rater for rater, _, _ in rows})
    given = [rating for _, rating, _ in rows if rating is not None]
    comments = [comment for _, _, comment in rows if comment]
    up, thumbs = data.thumbs
    is_many = raters >= LEAST_ANSWERS
    return FeedbackSummary(
        votes=len(rows),
        raters=raters,
        comments=len(comments),
        thumbs_up=up,
        thumbs=thumbs,
        ratings={stars: given.count(stars) for stars in range(1, 6)} if is_many else None,
        quotes=tuple(comments[:MOST_QUOTES]) if is_many else (),
        technicians=technicians,
    )
