"""Which votes a figure of the enhancer counts: the one home of that condition."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from core.analytics.dates import Window
from core.analytics.exclusions import Excluded
from core.store import Feedback, on_enhancer, table


def cast() -> ColumnElement[bool]:
    """Of votes on the enhancer those that say something: one taken back says nothing."""
    votes = table(Feedback).c
    said = (votes.thumb, votes.rating, votes.comment)
    return and_(on_enhancer(), or_(*(column.is_not(None) for column in said)))


def votes_of(
    account: str, window: Window, without: Excluded, *columns: ColumnElement[Any]
) -> Select[Any]:
    """These columns of the votes of a window on the enhancer, without what is excluded.

    Votes that were taken back are among them: see `cast`.
    """
    votes = table(Feedback).c
    statement = select(*columns).where(votes.account_id == account, on_enhancer())
    if window.start is not None:
        statement = statement.where(votes.created_day >= window.start)
    if window.end is not None:
        statement = statement.where(votes.created_day <= window.end)
    kept = without.keeps(
        votes.created_at,
        rater=votes.rater,
        ticket=votes.ticket_id,
        enhancement=votes.enhancement_id,
    )
    return statement if kept is None else statement.where(kept)
