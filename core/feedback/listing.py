"""Feedback as the API lists it: current opinions on tickets and enhancements, and their summary."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, func, select

from core.feedback.opinions import Vote
from core.feedback.reads import vote_of
from core.store import Feedback, Scope, on_enhancer, table

FeedbackType = Literal["thumbs_up", "thumbs_down", "rating"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How many opinions there are, and of which kind; one may hold a thumb and a rating.

    `ratings` counts the ratings 1 to 5. `average_rating` is None without a rating,
    `positive_percentage`, the thumbs that are up of 100 thumbs, without a thumb.
    """

    total: int
    thumbs_up: int
    thumbs_down: int
    ratings: tuple[int, int, int, int, int]
    comments: int

    @property
    def average_rating(self) -> float | None:
        given = sum(self.ratings)
        stars = sum(stars * number for stars, number in enumerate(self.ratings, 1))
        return stars / given if given else None

    @property
    def positive_percentage(self) -> float | None:
        thumbs = self.thumbs_up + self.thumbs_down
        return 100 * self.thumbs_up / thumbs if thumbs else None


def feedback_list(
    scope: Scope,
    *,
    start: date | datetime | None = None,
    end: date | datetime | None = None,
    kind: FeedbackType | None = None,
    limit: int = 100,
    offset: int = 0,
) -> tuple[list[Vote], int]:
    """The opinions first given from `start` to `end`, the oldest first, and how many there are.

    Days are business days, both included; an instant is meant exactly.
    """
    feedback = table(Feedback)
    of = _of(scope.account, start, end, kind)
    page = (
        select(feedback)
        .where(*of)
        .order_by(feedback.c.created_day, feedback.c.created_at, feedback.c.id)
        .limit(limit)
        .offset(offset)
    )
    with scope.read() as session:
        connection = session.connection()
        rows = connection.execute(page).mappings().all()
        number = connection.execute(
            select(func.count()).select_from(feedback).where(*of)
        ).scalar_one()
    return [vote_of(row) for row in rows], number


def feedback_summary(
    scope: Scope,
    *,
    start: date | datetime | None = None,
    end: date | datetime | None = None,
) -> Summary:
    """What the opinions first given from `start` to `end` amount to; days as in `feedback_list`."""
    votes = table(Feedback).c
    counted = [
        func.count(),
        _counted(votes.thumb == "up"),
        _counted(votes.thumb == "down"),
        *(_counted(votes.rating == stars) for stars in range(1, 6)),
        func.count(votes.comment),
    ]
    statement = select(*counted).where(*_of(scope.account, start, end, None))
    with scope.read() as session:
        total, up, down, *rest = session.connection().execute(statement).one()
    one, two, three, four, five, comments = rest
    return Summary(
        total=total,
        thumbs_up=up,
        thumbs_down=down,
        ratings=(one, two, three, four, five),
        comments=comments,
    )


def _counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _of(
    account_id: str,
    start: date | datetime | None,
    end: date | datetime | None,
    kind: FeedbackType | None,
) -> list[ColumnElement[bool]]:
    votes = table(Feedback).c
    # A vote on a page of this product is none on what the platform gave.
    of: list[Any] = [votes.account_id == account_id, on_enhancer()]
    if start is not None:
        is_exact = isinstance(start, datetime)
        of.append(votes.created_at >= start if is_exact else votes.created_day >= start)
    if end is not None:
        is_exact = isinstance(end, datetime)
        of.append(votes.created_at <= end if is_exact else votes.created_day <= end)
    if kind == "rating":
        of.append(votes.rating.is_not(None))
    elif kind is not None:
        of.append(votes.thumb == kind.removeprefix("thumbs_"))
    return of
