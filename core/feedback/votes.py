"""Votes: what a valid vote is, how it changes the rater's opinion, and how both are stored."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from threading import Lock
from typing import Any, Final, Literal

from core.base import clock
from core.base.errors import InputError
from core.base.text import canonical_address, clean
from core.store import Counts, Enhancement, Feedback, FeedbackVote, Scope, Unit, table

LONGEST_COMMENT = 5_000
LONGEST_ID = 500
KINDS = ("enhancement", "ticket", "page")
PARTS = ("thumb", "rating", "comment")
# Ids are made from subject and rater, so that a vote and its repeat are one row in any store.
NAMESPACE = uuid.UUID("6f1d6a3e-2b0c-5c57-9a1e-0d1f5a7c9b42")
# Serialises writers in-process: SQLite's busy wait is unfair, and one of many may time out.
WRITE_LOCK = Lock()

Thumb = Literal["up", "down"]
Result = Literal["new", "changed", "unchanged"]


class Clear(Enum):
    """`CLEAR` takes back a thumb, a rating or a comment; None leaves it as it is."""

    CLEAR = "clear"


CLEAR: Final = Clear.CLEAR


@dataclass(frozen=True, kw_only=True)
class Vote:
    """The current opinion of one rater on one subject; parts that were never given are None."""

    id: str
    subject: str
    rater: str
    ticket_id: str | None = None
    enhancement_id: str | None = None
    thumb: str | None = None
    rating: int | None = None
    comment: str | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def opinion(self) -> tuple[str | None, int | None, str | None]:
        """Thumb, rating and comment."""
        return (self.thumb, self.rating, self.comment)


VOTES = table(Feedback).c
# The columns of an opinion.
COLUMNS = tuple(VOTES[name] for name in Vote.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One vote as it is cast; None leaves a part as it is, `CLEAR` takes it back.

    `at` is None for a vote that is cast here and now: it stands over all that is stored, whatever
    the clocks say. One that was cast elsewhere has its time there. `vote_id` identifies a vote that
    may be read twice from a source, so that it counts once. It is negative: the ids of votes cast
    here are positive.
    """

    subject: str
    rater: str
    at: datetime | None = None
    thumb: str | Clear | None = None
    rating: int | Clear | None = None
    comment: str | Clear | None = None
    ticket_id: str | None = None
    vote_id: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rater", canonical_address(self.rater))

    @property
    def feedback_id(self) -> str:
        """The id of the row that this vote changes."""
        return feedback_id(self.subject, self.rater)

    @property
    def enhancement_id(self) -> str | None:
        """The enhancement run that is rated; None for a vote on a ticket or a page."""
        kind, _, key = self.subject.partition(":")
        return key if kind == "enhancement" else None


def subject_of(
    *, enhancement: str | None = None, ticket: str | None = None, page: str | None = None
) -> str:
    """The subject of a vote: the enhancement if there is one, else the ticket, else the page.

    Raises InputError when nothing is given.
    """
    for kind, key in zip(KINDS, (enhancement, ticket, page), strict=True):
        if key:
            return f"{kind}:{key}"
    raise InputError("Say what is rated: an enhancement, a ticket or a page.")


@lru_cache(maxsize=10_000)  # asked for several times for each vote
def feedback_id(subject: str, rater: str) -> str:
    """The id of the row that holds this rater's opinion on this subject."""
    key = f"{subject}\n{canonical_address(rater)}"
    # Where a part has a line break itself, its length says where it ends.
    return str(uuid.uuid5(NAMESPACE, key if key.count("\n") == 1 else f"{len(subject)}\n{key}"))


def cast_vote(
    scope: Scope,
    *,
    subject: str,
    rater: str,
    thumb: Thumb | Clear | None = None,
    rating: int | Clear | None = None,
    comment: str | Clear | None = None,
    ticket_id: str | None = None,
    at: datetime | None = None,
) -> Vote:
    """Cast a vote and return the rater's current opinion; committed on return.

    Changes only what is given; an identical repeat changes nothing. A blank comment counts as not
    given: `CLEAR` takes a comment back. `at` is None for now. Raises InputError for an invalid
    vote, StoreError when the store cannot be written.
    """
    if at is not None and at.utcoffset() is None:
        raise InputError("The time of the vote has no UTC offset: add one, such as +00:00.")
    cast = Cast(
        subject=_subject(subject),
        rater=_name(rater, "who rates"),
        at=at and at.astimezone(UTC),
        thumb=_thumb(thumb),
        rating=_rating(rating),
        comment=_comment(comment),
        ticket_id=None if ticket_id is None else _name(ticket_id, "the ticket"),
    )
    if cast.thumb is None and cast.rating is None and cast.comment is None:
        raise InputError("The vote is empty: give a thumb, one to five stars or a comment.")
    kind, _, number = cast.subject.partition(":")
    if kind == "ticket" and cast.ticket_id is None:
        cast = replace(cast, ticket_id=number)
    with WRITE_LOCK, scope.write() as unit:
        unit.check_account()
        record_votes(unit, [cast])
        stored = votes_by_id(unit, [cast.feedback_id]).get(cast.feedback_id)
        return stored or _blank(cast, clock.now())


def record_votes(unit: Unit, casts: Iterable[Cast]) -> tuple[Counts, list[Result]]:
    """Write valid votes in bulk, oldest first, with their history.

    Returns the counts of current opinions, and for each vote whether it made a new opinion, changed
    one, or neither. A history row holds the whole opinion after its vote; for a vote older than the
    stored opinion, only what that vote gave.
    """
    given = _with_tickets(unit, list(casts))
    history_ids = table(FeedbackVote).c.id
    sent = [cast.vote_id for cast in given if cast.vote_id is not None]
    read = {row["id"] for row in unit.stored(history_ids, sent, history_ids)}
    places = [n for n, cast in enumerate(given) if cast.vote_id not in read]
    keys = sorted({given[n].feedback_id for n in places})
    known = votes_by_id(unit, keys)
    dated = {given[n].feedback_id for n in places if given[n].at}
    once_given = _parts_given(unit, dated & known.keys())
    # Votes of sources have negative ids.
    next_id = max(unit.next_id(FeedbackVote), 1)
    results: list[Result] = ["unchanged"] * len(given)
    history: list[dict[str, Any]] = []
    # Read while no other vote can be written: those of now are in the order of their turns.
    now = clock.now()
    for place in sorted(places, key=lambda n: given[n].at or now):
        cast = given[place]
        stored = known.get(cast.feedback_id)
        # The clock may have been set back since the opinion was stored.
        at = cast.at or (max(now, stored.updated_at) if stored else now)
        before = stored or _blank(cast, at)
        vote = _merged(before, cast, at, once_given.get(before.id, ()))
        is_late = at < before.updated_at
        if vote.opinion == before.opinion and not is_late:
            continue
        results[place] = "changed" if vote.id in known else "new"
        known[vote.id] = vote
        vote_id = next_id if cast.vote_id is None else cast.vote_id
        next_id += cast.vote_id is None
        given_then = _merged(_blank(cast, at), cast, at) if is_late else vote
        parts = {name: getattr(given_then, name) for name in PARTS}
        row = {"id": vote_id, "feedback_id": vote.id, "cast_at": given_then.updated_at}
        history.append(row | parts)
    changed = sorted({row["feedback_id"] for row in history})
    counts = unit.upsert(Feedback, [dict(vars(known[key])) for key in changed])
    unit.upsert(FeedbackVote, history)
    return counts._replace(unchanged=len(keys) - len(changed)), results


def votes_by_id(unit: Unit, ids: Iterable[str]) -> dict[str, Vote]:
    """The current opinions by the ids of their rows."""
    return {row["id"]: Vote(**row) for row in unit.stored(VOTES.id, ids, *COLUMNS)}


def vote_of(row: Any) -> Vote:
    """The opinion in a row, or an object, of `Feedback`."""
    return Vote(**{column.name: getattr(row, column.name) for column in COLUMNS})


def _blank(cast: Cast, at: datetime) -> Vote:
    """The opinion before the first vote, that of an instant."""
    return Vote(
        id=cast.feedback_id, subject=cast.subject, rater=cast.rater, created_at=at, updated_at=at
    )


def _merged(before: Vote, cast: Cast, at: datetime, once_given: Collection[str] = ()) -> Vote:
    """The opinion after a vote of an instant; one older than it only fills in missing parts.

    A part that was `once_given` and is missing was taken back, and stays so.
    """
    is_late = at < before.updated_at

    def part(name: str) -> Any:
        old, new = getattr(before, name), getattr(cast, name)
        if new is None or (is_late and (old is not None or name in once_given)):
            return old
        return None if isinstance(new, Clear) else new

    return replace(
        before,
        **{name: part(name) for name in PARTS},
        ticket_id=before.ticket_id or cast.ticket_id,
        enhancement_id=before.enhancement_id or cast.enhancement_id,
        created_at=min(before.created_at, at),
        updated_at=max(before.updated_at, at),
    )


def _parts_given(unit: Unit, ids: Iterable[str]) -> dict[str, set[str]]:
    """The parts that the history has of each opinion."""
    votes = table(FeedbackVote).c
    found: dict[str, set[str]] = {}
    columns = (votes.feedback_id, *(votes[name] for name in PARTS))
    for row in unit.stored(votes.feedback_id, ids, *columns):
        parts = found.setdefault(row["feedback_id"], set())
        parts.update(name for name in PARTS if row[name] is not None)
    return found


def _with_tickets(unit: Unit, casts: Sequence[Cast]) -> list[Cast]:
    """The votes, those on runs of the enhancer with the tickets of these runs."""
    runs = table(Enhancement).c
    ids = [c.enhancement_id for c in casts if c.enhancement_id and c.ticket_id is None]
    found = unit.stored(runs.id, ids, runs.id, runs.ticket_id)
    tickets = {row["id"]: row["ticket_id"] for row in found}
    return [
        cast if cast.ticket_id else replace(cast, ticket_id=tickets.get(cast.enhancement_id))
        for cast in casts
    ]


def _subject(subject: str) -> str:
    subject = _name(subject, "what is rated")
    kind, _, key = subject.partition(":")
    if kind not in KINDS or not key:
        raise InputError(
            f"{subject[:80]!r} is nothing that can be rated: "
            "write enhancement:<id>, ticket:<id> or page:<path>."
        )
    return subject


def _name(name: str, what: str) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"The vote does not say {what}: give it as text.")
    if len(name) > LONGEST_ID:
        raise InputError(f"The text for {what} is longer than {LONGEST_ID} characters.")
    return clean(name.strip())


def _thumb(thumb: str | Clear | None) -> str | Clear | None:
    if thumb in (None, CLEAR, "up", "down"):
        return thumb
    raise InputError(f"A thumb is up or down, not {str(thumb)[:80]!r}.")


def _rating(rating: int | Clear | None) -> int | Clear | None:
    if rating is None or isinstance(rating, Clear):
        return rating
    # In Python True is the int 1, and 4.0 equals 4: neither is a number of stars.
    if type(rating) is not int or not 1 <= rating <= 5:
        raise InputError(f"A rating is a whole number from 1 to 5, not {str(rating)[:80]!r}.")
    return rating


def _comment(comment: str | Clear | None) -> str | Clear | None:
    if comment is None or isinstance(comment, Clear):
        return comment
    if not isinstance(comment, str):
        raise InputError("A comment is text.")
    if len(comment) > LONGEST_COMMENT:
        raise InputError(
            f"The comment has {len(comment):,} characters: shorten it to {LONGEST_COMMENT:,}."
        )
    return clean(comment.strip()) or None
