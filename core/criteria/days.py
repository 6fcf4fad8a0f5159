"""A window day by day, and its votes: the data that the dashboard draws beside the criteria."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func

from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING
from core.base.stats import Estimate
from core.criteria.time_saved import select_tickets
from core.criteria.verdicts import RULES, estimate_of
from core.criteria.window_data import WindowData, window_data
from core.feedback.surveys import LEAST_ANSWERS, survey_answers
from core.store import Feedback, Scope, Ticket, has_content, table

KEYS = ("success_rate", "latency_p50", "latency_p95", "latency_p99", "positive_feedback")
MOST_QUOTES = 3


@dataclass(frozen=True)
class DayOfCriteria:
    """One day: an estimate for each criterion of `KEYS`, finished runs, and thumbs up and down."""

    day: date
    estimates: Mapping[str, Estimate]
    finished: int
    thumbs: tuple[int, int]


def daily_criteria(scope: Scope, *, window: Window, until: date) -> list[DayOfCriteria]:
    """Each day of a window up to `until`, without what is excluded."""
    found = []
    for day in window.dates:
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


@dataclass(frozen=True)
class Opinions:
    """How often each rating from 1 to 5 was given, in the product and in the survey.

    `submissions` are the votes and survey responses of each day that has some.
    """

    in_product: Mapping[int, int]
    survey: Mapping[int, int]
    submissions: Mapping[date, tuple[int, int]]


def opinions(scope: Scope, *, window: Window) -> Opinions:
    """The ratings of a window and its submissions by day, without what is excluded."""
    data = window_data(scope, window=window)
    votes = table(Feedback).c
    voted = data.select_votes(votes.created_day, votes.rating).where(has_content())
    in_product = scope.rows(voted)
    survey = survey_answers(scope, ["answered_day", "overall"], window=window, without=data.without)
    by_kind = [Counter(day for day, _ in rows) for rows in (in_product, survey)]
    return Opinions(
        in_product=Counter(rating for _, rating in in_product if rating is not None),
        survey=Counter(rating for _, rating in survey if rating is not None),
        submissions={
            day: (by_kind[0][day], by_kind[1][day]) for day in sorted(by_kind[0] | by_kind[1])
        },
    )


@dataclass(frozen=True, kw_only=True)
class FeedbackSummary:
    """The votes of a window, without what is excluded and those on pages of this product.

    `ratings` counts each rating from 1 to 5. With fewer than five raters, ratings and quotes would
    reveal their authors: `ratings` is None then, and `quotes` is empty. `technicians` had enhanced
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
    """The counts of a window's votes, and the latest comments without names."""
    votes, ticket = table(Feedback).c, table(Ticket).c
    given = data.select_votes(votes.rater, votes.rating, votes.comment)
    rows = data.scope.rows(given.order_by(votes.updated_at.desc(), votes.id))
    people = func.count(ticket.technician.distinct())
    resolved = select_tickets(data.scope, data.window, NOTHING, people)
    ((technicians,),) = data.scope.rows(resolved.where(ticket.enhanced.is_(True)))
    raters = len({rater for rater, _, _ in rows})
    ratings = Counter(rating for _, rating, _ in rows)
    comments = [comment for _, _, comment in rows if comment]
    up, thumbs = data.thumbs
    is_many = raters >= LEAST_ANSWERS
    return FeedbackSummary(
        votes=len(rows),
        raters=raters,
        comments=len(comments),
        thumbs_up=up,
        thumbs=thumbs,
        ratings={stars: ratings[stars] for stars in range(1, 6)} if is_many else None,
        quotes=tuple(comments[:MOST_QUOTES]) if is_many else (),
        technicians=technicians,
    )
