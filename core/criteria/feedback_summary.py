"""What people said in a window: votes counted, and the latest comments without names."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from core.criteria.window_data import WindowData
from core.feedback.counted_votes import votes_of
from core.feedback.survey_answers import LEAST_ANSWERS
from core.store import Feedback, Ticket, table

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
    asked = votes_of(data.scope.account, data.window, data.without, *columns)
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
