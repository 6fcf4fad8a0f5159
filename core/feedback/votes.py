"""Casting votes: one row with the current opinion, and every vote kept."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Literal

from sqlalchemy import select

from core.base.errors import InputError
from core.feedback.opinions import Cast, Clear, Thumb, Vote, after, unsaid, valid_cast
from core.feedback.reads import votes_by_id
from core.store import (
    Account,
    Counts,
    Enhancement,
    Feedback,
    FeedbackVote,
    Scope,
    Unit,
    chunks,
    table,
)

Result = Literal["new", "changed", "unchanged"]

# Threads queue here. At the database a waiter asks again now and then, and one of many can miss
# its turn for longer than it waits.
TURN = Lock()


def cast_vote(
    scope: Scope,
    *,
    subject: str,
    rater: str,
    thumb: Thumb | Clear | None = None,
    rating: int | Clear | None = None,
    comment: str | Clear | None = None,
    ticket_id: str | None = None,
    enhancement_id: str | None = None,
    at: datetime | None = None,
) -> Vote:
    """Cast a vote and answer with the opinion as it now stands; committed on return.

    Changes only what is given; an identical repeat changes nothing. A blank comment says nothing:
    `CLEAR` takes a comment back. `at` is now by default. Raises InputError for what is not valid,
    StoreError when the store cannot be written.
    """
    cast = valid_cast(
        subject=subject,
        rater=rater,
        thumb=thumb,
        rating=rating,
        comment=comment,
        ticket_id=ticket_id,
        enhancement_id=enhancement_id,
        at=at,
    )
    with TURN, scope.write() as unit:
        if unit.session.get(Account, scope.account) is None:
            raise InputError(f"There is no account {scope.account!r}: choose one that exists.")
        if at is None:
            # Read once the turn to write has come: of two votes at once, the later one stands.
            cast = replace(cast, at=datetime.now(UTC))
        record_votes(unit, [cast])
        key = cast.feedback_id
        vote = votes_by_id(unit.session, scope.account, [key]).get(key)
    return vote or unsaid(cast)


def record_votes(unit: Unit, casts: Iterable[Cast]) -> Counts:
    """Write valid votes in bulk, oldest first, with their history; counts current opinions.

    A row of the history holds the whole opinion after that vote; of a vote that came late, only
    what it said.
    """
    return record_each(unit, casts)[0]


def record_each(unit: Unit, casts: Iterable[Cast]) -> tuple[Counts, list[Result]]:
    """As `record_votes`, with what each vote made: a new opinion, a changed one, or neither."""
    given = _with_tickets(unit, list(casts))
    read = _read_before(unit, given)
    places = [n for n, cast in enumerate(given) if cast.vote_id not in read]
    keys = sorted({given[n].feedback_id for n in places})
    known = votes_by_id(unit.session, unit.account_id, keys)
    # Below 1 are the votes of sources.
    next_id = max(unit.next_id(FeedbackVote), 1)
    results: list[Result] = ["unchanged"] * len(given)
    history = []
    for place in sorted(places, key=lambda n: given[n].at):
        cast = given[place]
        before = known.get(cast.feedback_id) or unsaid(cast)
        vote = after(before, cast)
        late = cast.at < before.updated_at
        if vote.opinion == before.opinion and not late:
            continue
        results[place] = "changed" if vote.id in known else "new"
        known[vote.id] = vote
        vote_id = next_id if cast.vote_id is None else cast.vote_id
        next_id += cast.vote_id is None
        history.append(_history_row(vote_id, after(unsaid(cast), cast) if late else vote))
    changed = sorted({row["feedback_id"] for row in history})
    counts = unit.upsert(Feedback, [dict(vars(known[key])) for key in changed])
    unit.upsert(FeedbackVote, history)
    return counts._replace(unchanged=len(keys) - len(changed)), results


def _history_row(vote_id: int, vote: Vote) -> dict[str, Any]:
    return {
        "id": vote_id,
        "feedback_id": vote.id,
        "thumb": vote.thumb,
        "rating": vote.rating,
        "comment": vote.comment,
        "cast_at": vote.updated_at,
    }


def _read_before(unit: Unit, casts: Sequence[Cast]) -> set[int | None]:
    """The ids of votes of a source that were read before."""
    votes = table(FeedbackVote).c
    ids = [cast.vote_id for cast in casts if cast.vote_id is not None]
    read: set[int | None] = set()
    for some in chunks(ids):
        stored = select(votes.id).where(votes.account_id == unit.account_id, votes.id.in_(some))
        read.update(unit.session.connection().execute(stored).scalars())
    return read


def _with_tickets(unit: Unit, casts: Sequence[Cast]) -> list[Cast]:
    """The votes on runs of the enhancer with the tickets of these runs."""
    runs = table(Enhancement).c
    wanted = sorted({c.enhancement_id for c in casts if c.enhancement_id and c.ticket_id is None})
    tickets: dict[str, str | None] = {}
    for some in chunks(wanted):
        stored = select(runs.id, runs.ticket_id).where(
            runs.account_id == unit.account_id, runs.id.in_(some)
        )
        tickets |= {row.id: row.ticket_id for row in unit.session.connection().execute(stored)}
    return [
        cast if cast.ticket_id else replace(cast, ticket_id=tickets.get(cast.enhancement_id or ""))
        for cast in casts
    ]
