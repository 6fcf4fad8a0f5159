"""What votes say, and how far silence could change it: for everybody and by kind of ticket."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from core.analytics.dates import Window
from core.analytics.exclusions import Excluded, excluded
from core.base import stats
from core.base.stats import Estimate
from core.feedback.counted_votes import cast, votes_of
from core.feedback.satisfaction import satisfaction
from core.store import Enhancement, Feedback, Scope, Store, Ticket, table

# Groups of fewer people or votes than this are not told apart.
FEWEST = 5
FEWER = f"fewer than {FEWEST} each"
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Ratings (stars) or thumbs (share up) of a window, each kind by itself.

    `asked` are the completed runs of the window, `answered` those of them with such a vote;
    `worst` and `best` is what the figure of all of them would be, had everybody who was silent
    given the least or the most. `busiest_share` is the part of the votes that one rater gave.
    """

    estimate: Estimate
    asked: int
    answered: int
    worst: float | None
    best: float | None
    busiest_share: float | None


@dataclass(frozen=True)
class Voices:
    """Both kinds of votes."""

    rating: Voice
    thumb: Voice


@dataclass(frozen=True, kw_only=True)
class Group:
    """The votes on one kind of ticket: stars and thumbs, never mixed."""

    name: str
    votes: int
    rating: Estimate
    positive: Estimate


def voices(scope: Scope, *, window: Window, without: Excluded) -> Voices:
    """The votes of a window with the bounds that silence leaves (Manski 2003, section 1.2)."""
    votes, runs = table(Feedback).c, table(Enhancement).c
    rows = _read(
        scope.store, _votes(scope.account, window, without, votes.rater, votes.rating, votes.thumb)
    )
    own = [runs.account_id == scope.account, runs.status == "completed"]
    if window.start is not None and window.end is not None:
        own.append(runs.created_day.between(window.start, window.end))
    voted = table(Enhancement).join(
        table(Feedback),
        and_(votes.account_id == runs.account_id, votes.enhancement_id == runs.id),
    )
    of_runs = func.count(func.distinct(votes.enhancement_id))
    rated = (
        select(of_runs.filter(votes.rating.is_not(None)), of_runs.filter(votes.thumb.is_not(None)))
        .select_from(voted)
        .where(*own)
    )
    ((asked,),) = _read(scope.store, select(func.count()).where(*own))
    ((with_rating, with_thumb),) = _read(scope.store, rated)
    ratings = [row.rating for row in rows if row.rating is not None]
    thumbs = [row.thumb == "up" for row in rows if row.thumb is not None]
    return Voices(
        rating=_voice(
            stats.mean_estimate(ratings),
            (1.0, 5.0),
            asked,
            with_rating,
            [row.rater for row in rows if row.rating is not None],
        ),
        thumb=_voice(
            stats.proportion_estimate(sum(thumbs), len(thumbs)),
            (0.0, 1.0),
            asked,
            with_thumb,
            [row.rater for row in rows if row.thumb is not None],
        ),
    )


def _voice(
    estimate: Estimate,
    ends: tuple[float, float],
    asked: int,
    answered: int,
    raters: list[str],
) -> Voice:
    silent = max(0, asked - answered)
    all_of_them = estimate.n + silent
    bounds: tuple[float | None, float | None] = (None, None)
    if estimate.value is not None:
        said = estimate.value * estimate.n
        worst, best = ((said + end * silent) / all_of_them for end in ends)
        bounds = worst, best
    busiest = max(Counter(raters).values(), default=0)
    return Voice(
        estimate=estimate,
        asked=asked,
        answered=answered,
        worst=bounds[0],
        best=bounds[1],
        busiest_share=busiest / len(raters) if raters else None,
    )


def _kinds() -> dict[str, ColumnElement[Any]]:
    tickets, runs = table(Ticket).c, table(Enhancement).c
    return {
        "Category": tickets.category,
        "Priority": tickets.priority,
        "Technician or group": tickets.technician,
        "Status of the run": runs.status,
    }


BREAKDOWNS = tuple(_kinds())


def breakdown(scope: Scope, *, window: Window, without: Excluded, by: str) -> list[Group]:
    """The votes by one of `BREAKDOWNS`, the most votes first; small groups are put together.

    A group is small with fewer than five raters or five votes.
    """
    votes, runs, tickets = (table(m).c for m in (Feedback, Enhancement, Ticket))
    kind = _kinds()[by]
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
    asked = _votes(scope.account, window, without, kind, votes.rater, votes.rating, votes.thumb)
    found: dict[str, list[Any]] = defaultdict(list)
    for row in _read(scope.store, asked.select_from(joined)):
        found[row[0] or UNKNOWN].append(row)
    small = [
        name
        for name, rows in found.items()
        if len(rows) < FEWEST or len({row.rater for row in rows}) < FEWEST
    ]
    together = [row for name in small for row in found.pop(name)]
    groups = [_group(name, rows) for name, rows in found.items()]
    groups.sort(key=lambda group: (-group.votes, group.name))
    return [*groups, _group(FEWER, together)] if len(together) >= FEWEST else groups


def _group(name: str, rows: list[Any]) -> Group:
    thumbs = [row.thumb == "up" for row in rows if row.thumb is not None]
    return Group(
        name=name,
        votes=len(rows),
        rating=stats.mean_estimate([row.rating for row in rows if row.rating is not None]),
        positive=stats.proportion_estimate(sum(thumbs), len(thumbs)),
    )


def _votes(
    account: str, window: Window, without: Excluded, *columns: ColumnElement[Any]
) -> Select[Any]:
    """Votes of a window that say something of the enhancer, without what is excluded."""
    return votes_of(account, window, without, *columns).where(cast())


def _read(store: Store, statement: Any) -> list[Any]:
    with store.read() as session:
        return list(session.connection().execute(statement).all())


def rating_counts(scope: Scope, *, window: Window) -> dict[int, int]:
    """How often each rating from 1 to 5 was given in the product, without what is excluded."""
    votes = table(Feedback).c
    out = excluded(scope)
    given = Counter(
        row.rating for row in _read(scope.store, _votes(scope.account, window, out, votes.rating))
    )
    return {stars: given[stars] for stars in range(1, 6)}


def weekly_ratings(scope: Scope, *, weeks: Sequence[Window]) -> list[Estimate]:
    """The mean in-product rating of each week, without what is excluded."""
    out = excluded(scope)
    return [satisfaction(scope, window=week, without=out).in_product for week in weeks]
