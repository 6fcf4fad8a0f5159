"""Reading votes: current opinions, lists, sums, and the runs to rate."""

from dataclasses import dataclass
from datetime import date, datetime
from operator import ge, le
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select

from core.analytics.dates import Window
from core.analytics.exclusions import Excluded
from core.base.text import canonical_address, clean
from core.feedback.votes import Vote, feedback_id, vote_of
from core.store import Enhancement, Feedback, Scope, on_enhancer, table

MOST_ROWS = 1_000

FeedbackType = Literal["thumbs_up", "thumbs_down", "rating"]


# A run of the ticket enhancer, and one rater's vote on it.
RatedEnhancement = tuple[Enhancement, Vote | None]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Counts of opinions by kind; one opinion may hold a thumb and a rating.

    `ratings` counts the ratings 1 to 5. `average_rating` is None without a rating,
    `positive_percentage`, the thumbs that are up of 100 thumbs, without a thumb.
    """

    total: int
    thumbs_up: int
    thumbs_down: int
    ratings: tuple[int, ...]
    comments: int

    @property
    def by_type(self) -> dict[FeedbackType, int]:
        """The number of opinions with an up, a down or a rating."""
        given = sum(self.ratings)
        return {"thumbs_up": self.thumbs_up, "thumbs_down": self.thumbs_down, "rating": given}

    @property
    def average_rating(self) -> float | None:
        """The mean of all ratings."""
        given = sum(self.ratings)
        stars = sum(stars * number for stars, number in enumerate(self.ratings, 1))
        return stars / given if given else None

    @property
    def positive_percentage(self) -> float | None:
        """The share of thumbs that are up, in per cent."""
        thumbs = self.thumbs_up + self.thumbs_down
        return 100 * self.thumbs_up / thumbs if thumbs else None


def current_vote(scope: Scope, subject: str, rater: str) -> Vote | None:
    """The rater's opinion on the subject; None when there is none."""
    found = scope.get(Feedback, feedback_id(clean(subject.strip()), clean(rater.strip())))
    return None if found is None else vote_of(found)


def recent_comments(
    scope: Scope, limit: int = 20, search: str | None = None, thumb: str | None = None
) -> list[Vote]:
    """The votes on enhancements and tickets with a comment, the latest first.

    `search` finds text in the comments; `thumb` (up or down) takes only votes with that thumb.
    """
    votes = table(Feedback).c
    conditions = [votes.comment.is_not(None), on_enhancer()]
    if search and search.strip():
        conditions.append(_contains(votes.comment, search))
    if thumb is not None:
        conditions.append(votes.thumb == thumb)
    order = [votes.updated_at.desc(), votes.id]
    found = scope.objects(Feedback, *conditions, order_by=order, limit=_limit(limit))
    return [vote_of(vote) for vote in found]


def recent_enhancements(
    scope: Scope, *, rater: str, search: str | None = None, limit: int = 20
) -> list[RatedEnhancement]:
    """The enhancer's runs, the latest first, each with the rater's current vote.

    `search` finds parts of the ticket's or the run's id; at most 1,000 rows at a time.
    """
    runs = table(Enhancement).c
    conditions = []
    if search and search.strip():
        conditions.append(or_(_contains(runs.ticket_id, search), _contains(runs.id, search)))
    return _runs(scope, rater, *conditions, limit=_limit(limit))


def enhancement_of(
    scope: Scope, *, run_id: str = "", ticket_id: str = "", rater: str
) -> RatedEnhancement | None:
    """The run with that id, else the ticket's latest one, with the rater's vote; None: unknown."""
    runs = table(Enhancement).c
    named = runs.id == run_id if run_id else runs.ticket_id == ticket_id
    return next(iter(_runs(scope, rater, named, limit=1)), None)


def feedback_list(
    scope: Scope,
    *,
    start: date | datetime | None = None,
    end: date | datetime | None = None,
    kind: FeedbackType | None = None,
    limit: int = 100,
    offset: int = 0,
) -> tuple[list[Vote], int]:
    """A page of the opinions first given from `start` to `end`, the oldest first; and their number.

    Dates are business days, both included; datetimes are exact. Votes on pages are left out.
    """
    feedback = table(Feedback)
    conditions = _in_period(scope, start, end)
    if kind == "rating":
        conditions.append(feedback.c.rating.is_not(None))
    elif kind is not None:
        conditions.append(feedback.c.thumb == kind.removeprefix("thumbs_"))
    page = (
        select(feedback)
        .where(*conditions)
        .order_by(feedback.c.created_day, feedback.c.created_at, feedback.c.id)
        .limit(limit)
        .offset(offset)
    )
    total = select(func.count()).select_from(feedback).where(*conditions)
    with scope.read() as session:
        votes, number = session.execute(page).all(), session.execute(total).scalar_one()
    return [vote_of(vote) for vote in votes], number


def feedback_summary(
    scope: Scope, *, start: date | datetime | None = None, end: date | datetime | None = None
) -> Summary:
    """Counts of the opinions first given from `start` to `end`; dates as in `feedback_list`."""
    votes = table(Feedback).c
    kinds = [votes.thumb == "up", votes.thumb == "down"]
    kinds += [votes.rating == stars for stars in range(1, 6)]
    counts = [func.count(case((kind, 1))) for kind in kinds]
    statement = select(func.count(), func.count(votes.comment), *counts)
    (row,) = scope.rows(statement.where(*_in_period(scope, start, end)))
    total, comments, up, down, *ratings = row
    return Summary(
        total=total, thumbs_up=up, thumbs_down=down, ratings=tuple(ratings), comments=comments
    )


def select_votes(
    scope: Scope, window: Window, without: Excluded, *columns: ColumnElement[Any]
) -> Select[Any]:
    """Select these columns of a window's votes on the enhancer, without what is excluded.

    Votes that were taken back are included: see `has_content`.
    """
    votes = table(Feedback).c
    subjects = {"ticket": votes.ticket_id, "enhancement": votes.enhancement_id}
    return select(*columns).where(
        votes.account_id == scope.account,
        on_enhancer(),
        window.contains(votes.created_day),
        without.keeps(votes.created_at, rater=votes.rater, **subjects),
    )


def _in_period(
    scope: Scope, start: date | datetime | None, end: date | datetime | None
) -> list[ColumnElement[bool]]:
    votes = table(Feedback).c
    conditions: list[Any] = [votes.account_id == scope.account, on_enhancer()]
    for bound, compare in ((start, ge), (end, le)):
        if bound is not None:
            is_exact = isinstance(bound, datetime)
            conditions.append(compare(votes.created_at if is_exact else votes.created_day, bound))
    return conditions


def _runs(
    scope: Scope, rater: str, *conditions: ColumnElement[bool], limit: int
) -> list[RatedEnhancement]:
    runs, votes = table(Enhancement).c, table(Feedback).c
    own_vote = and_(
        votes.account_id == runs.account_id,
        votes.subject == literal("enhancement:") + runs.id,
        votes.rater == canonical_address(clean(rater.strip())),
    )
    statement = (
        select(Enhancement, Feedback)
        .outerjoin(Feedback, own_vote)
        .where(runs.account_id == scope.account, *conditions)
        # The day leads because it has an index.
        .order_by(runs.created_day.desc(), runs.created_at.desc(), runs.id)
        .limit(limit)
    )
    return [(run, vote and vote_of(vote)) for run, vote in scope.rows(statement)]


def _contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return column.icontains(clean(text.strip()), autoescape=True)


def _limit(limit: int) -> int:
    return min(max(limit, 1), MOST_ROWS)
