"""Satisfaction by votes and survey: means, bounds for runs without votes, groups of tickets."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from core.analytics.dates import Window
from core.analytics.exclusions import NOTHING, Excluded, excluded
from core.base import stats, text
from core.base.stats import Estimate
from core.feedback.reading import select_votes
from core.feedback.surveys import LEAST_ANSWERS, survey_answers
from core.store import Enhancement, Feedback, Scope, Ticket, has_content, table

# Groups with fewer raters or votes are pooled: they would tell who said what.
FEWER = f"fewer than {LEAST_ANSWERS} each"
UNKNOWN = "unknown"
BREAKDOWNS: Mapping[str, ColumnElement[Any]] = {
    "Category": table(Ticket).c.category,
    "Priority": table(Ticket).c.priority,
    "Technician or group": table(Ticket).c.technician,
    "Status of the run": table(Enhancement).c.status,
}


@dataclass(frozen=True, kw_only=True)
class Satisfaction:
    """Means of ratings from 1 to 5 with their intervals, each counted by its day.

    `busiest_share` is the share of the in-product ratings that one person gave, None without any.
    `ratings` are all of them. Ratings of one person resemble each other, so a large share makes
    intervals too narrow.
    """

    in_product: Estimate
    survey: Estimate
    pooled: Estimate
    busiest_share: float | None
    ratings: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResponseBounds:
    """Ratings (mean stars) or thumbs (share up) of a window, with bounds for runs without votes.

    `asked` are the completed runs of the window, `answered` those with such a vote. `worst` and
    `best` are the figure if all other runs had the lowest or the highest vote. `busiest_share` is
    the share of the votes that one rater gave.
    """

    estimate: Estimate
    asked: int
    answered: int
    worst: float | None
    best: float | None
    busiest_share: float | None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The votes on one group of tickets: stars and thumbs, never mixed."""

    name: str
    votes: int
    rating: Estimate
    positive: Estimate


def satisfaction(scope: Scope, *, window: Window, without: Excluded = NOTHING) -> Satisfaction:
    """The ratings of a window: current votes on tickets and enhancements, and survey answers."""
    rated = _rated(scope, window, without)
    answers = survey_answers(scope, ["overall"], window=window, without=without)
    in_survey = [answer for (answer,) in answers if answer is not None]
    in_product = [row.rating for row in rated]
    return Satisfaction(
        in_product=stats.rating_estimate(in_product),
        survey=stats.rating_estimate(in_survey),
        pooled=stats.rating_estimate(in_product + in_survey),
        busiest_share=busiest_share([row.rater for row in rated]),
        ratings=(*in_product, *in_survey),
    )


def busiest_share(raters: Sequence[str]) -> float | None:
    """The share of the person with most of the votes, by the rater of each; None without any."""
    return max(Counter(raters).values()) / len(raters) if raters else None


def _rated(scope: Scope, window: Window, without: Excluded) -> list[Any]:
    """Rater and rating of a window's votes with a rating."""
    votes = table(Feedback).c
    found = select_votes(scope, window, without, votes.rater, votes.rating)
    return scope.rows(found.where(votes.rating.is_not(None)))


def feedback_answer(positive: float | None, average: float | None, number: float | None) -> str:
    """The share of thumbs up (0 to 1) and the mean rating, with the number of opinions."""
    if not number:
        return "No feedback in this period yet."
    parts = []
    if positive is not None:
        parts.append(f"{text.share(positive)} of the thumbs point up")
    if average is not None:
        parts.append(f"ratings average {text.amount(average, 'stars')} of 5 stars")
    words = " and ".join(parts) or "only comments came in"
    return f"{text.upper_first(words)}, from {text.times(int(number), 'opinion')}."


def weekly_ratings(scope: Scope, *, weeks: Sequence[Window]) -> list[Estimate]:
    """The mean in-product rating of each week, without what is excluded."""
    without = excluded(scope)
    return [
        stats.rating_estimate([row.rating for row in _rated(scope, week, without)])
        for week in weeks
    ]


def rating_counts(scope: Scope, *, window: Window) -> dict[int, int]:
    """The number of in-product ratings from 1 to 5, without what is excluded."""
    given = Counter(row.rating for row in _rated(scope, window, excluded(scope)))
    return {stars: given[stars] for stars in range(1, 6)}


def response_bounds(
    scope: Scope, *, window: Window, without: Excluded
) -> tuple[ResponseBounds, ResponseBounds]:
    """The ratings and the thumbs of a window, with worst-case bounds for runs without votes.

    Source: Manski, "Partial Identification of Probability Distributions" (2003), section 1.2.
    """
    votes, runs = table(Feedback).c, table(Enhancement).c
    columns = (votes.rater, votes.rating, votes.thumb)
    rows = scope.rows(select_votes(scope, window, without, *columns))
    own = [runs.account_id == scope.account, runs.status == "completed"]
    if window.start is not None and window.end is not None:
        own.append(runs.created_day.between(window.start, window.end))
    voted = table(Enhancement).join(
        table(Feedback), and_(votes.account_id == runs.account_id, votes.enhancement_id == runs.id)
    )
    of_runs = func.count(func.distinct(votes.enhancement_id))
    rated = (
        select(of_runs.filter(votes.rating.is_not(None)), of_runs.filter(votes.thumb.is_not(None)))
        .select_from(voted)
        .where(*own)
    )
    ((asked,),) = scope.rows(select(func.count()).where(*own))
    ((with_rating, with_thumb),) = scope.rows(rated)
    ratings = [row for row in rows if row.rating is not None]
    thumbs = [row for row in rows if row.thumb is not None]
    mean = stats.rating_estimate([row.rating for row in ratings])
    share_up = stats.proportion_estimate(sum(row.thumb == "up" for row in thumbs), len(thumbs))
    return (
        _bounds(mean, (1.0, 5.0), (asked, with_rating), ratings),
        _bounds(share_up, (0.0, 1.0), (asked, with_thumb), thumbs),
    )


def _bounds(
    estimate: Estimate, ends: tuple[float, float], runs: tuple[int, int], votes: Sequence[Any]
) -> ResponseBounds:
    asked, answered = runs
    silent = max(0, asked - answered)
    worst = best = None
    if estimate.value is not None:
        said = estimate.value * estimate.n
        worst, best = ((said + end * silent) / (estimate.n + silent) for end in ends)
    return ResponseBounds(
        estimate=estimate,
        asked=asked,
        answered=answered,
        worst=worst,
        best=best,
        busiest_share=busiest_share([vote.rater for vote in votes]),
    )


def breakdown(scope: Scope, *, window: Window, without: Excluded, by: str) -> list[Group]:
    """The votes by one of `BREAKDOWNS`, the largest group first; small groups are pooled.

    A group is small with fewer than five raters or five votes.
    """
    votes, runs, tickets = (table(m).c for m in (Feedback, Enhancement, Ticket))
    ticket = func.coalesce(votes.ticket_id, runs.ticket_id)
    joined = (
        table(Feedback)
        .outerjoin(
            table(Enhancement),
            and_(runs.account_id == votes.account_id, runs.id == votes.enhancement_id),
        )
        .outerjoin(
            table(Ticket), and_(tickets.account_id == votes.account_id, tickets.id == ticket)
        )
    )
    columns = (BREAKDOWNS[by], votes.rater, votes.rating, votes.thumb)
    statement = select_votes(scope, window, without, *columns).where(has_content())
    found: dict[str, list[Any]] = defaultdict(list)
    for row in scope.rows(statement.select_from(joined)):
        found[row[0] or UNKNOWN].append(row)
    small = [
        name
        for name, rows in found.items()
        if len(rows) < LEAST_ANSWERS or len({row.rater for row in rows}) < LEAST_ANSWERS
    ]
    pooled = [row for name in small for row in found.pop(name)]
    groups = [_group(name, rows) for name, rows in found.items()]
    groups.sort(key=lambda group: (-group.votes, group.name))
    return [*groups, _group(FEWER, pooled)] if len(pooled) >= LEAST_ANSWERS else groups


def _group(name: str, rows: list[Any]) -> Group:
    thumbs = [row.thumb == "up" for row in rows if row.thumb is not None]
    return Group(
        name=name,
        votes=len(rows),
        rating=stats.rating_estimate([row.rating for row in rows if row.rating is not None]),
        positive=stats.proportion_estimate(sum(thumbs), len(thumbs)),
    )
