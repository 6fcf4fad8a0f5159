"""What a vote is, when it is valid, and what it makes of the opinion before it."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Final, Literal, TypeVar

from core.base.errors import InputError
from core.base.fields import clean

LONGEST_COMMENT = 5_000
LONGEST_NAME = 500
KINDS = ("enhancement", "ticket", "page")
# Ids are made from subject and rater, so that a vote and its repeat are one row in any store.
NAMESPACE = uuid.UUID("6f1d6a3e-2b0c-5c57-9a1e-0d1f5a7c9b42")

T = TypeVar("T")
Thumb = Literal["up", "down"]


class Clear(Enum):
    """`CLEAR` takes back a thumb, a rating or a comment; None leaves it as it is."""

    CLEAR = "clear"


CLEAR: Final = Clear.CLEAR


@dataclass(frozen=True, kw_only=True)
class Vote:
    """The current opinion of one rater on one subject; what was never said is None."""

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


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One vote as it is cast: None says nothing, `CLEAR` takes back what was said.

    `vote_id` names a vote that can be read twice from a source, so that it counts once; it is
    below 0, where the ids of votes cast here begin.
    """

    subject: str
    rater: str
    at: datetime
    thumb: str | Clear | None = None
    rating: int | Clear | None = None
    comment: str | Clear | None = None
    ticket_id: str | None = None
    enhancement_id: str | None = None
    vote_id: int | None = None

    @property
    def feedback_id(self) -> str:
        """The id of the row that this vote changes."""
        return feedback_id(self.subject, self.rater)


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


@lru_cache(maxsize=10_000)  # a vote is asked for it several times
def feedback_id(subject: str, rater: str) -> str:
    """The id of the row that holds this rater's opinion on this subject."""
    return str(uuid.uuid5(NAMESPACE, f"{subject}\n{rater}"))


def valid_cast(
    *,
    subject: str,
    rater: str,
    thumb: str | Clear | None,
    rating: int | Clear | None,
    comment: str | Clear | None,
    ticket_id: str | None,
    enhancement_id: str | None,
    at: datetime | None,
) -> Cast:
    """The vote, cleaned; raises InputError with a sentence that says what is wrong with it."""
    cast = Cast(
        subject=_subject(subject),
        rater=_name(rater, "who rates"),
        at=_instant(at),
        thumb=_thumb(thumb),
        rating=_rating(rating),
        comment=_comment(comment),
        ticket_id=None if ticket_id is None else _name(ticket_id, "the ticket"),
        enhancement_id=None if enhancement_id is None else _name(enhancement_id, "the run"),
    )
    if cast.thumb is None and cast.rating is None and cast.comment is None:
        raise InputError("The vote is empty: give a thumb, one to five stars or a comment.")
    kind, _, key = cast.subject.partition(":")
    if kind == "ticket" and cast.ticket_id is None:
        return replace(cast, ticket_id=key)
    if kind == "enhancement" and cast.enhancement_id is None:
        return replace(cast, enhancement_id=key)
    return cast


def unsaid(cast: Cast) -> Vote:
    """The opinion before the first vote."""
    return Vote(
        id=cast.feedback_id,
        subject=cast.subject,
        rater=cast.rater,
        created_at=cast.at,
        updated_at=cast.at,
    )


def after(before: Vote, cast: Cast) -> Vote:
    """The opinion after a vote; one older than the opinion only fills in what that left unsaid."""
    late = cast.at < before.updated_at
    return replace(
        before,
        thumb=_merged(before.thumb, cast.thumb, late=late),
        rating=_merged(before.rating, cast.rating, late=late),
        comment=_merged(before.comment, cast.comment, late=late),
        ticket_id=before.ticket_id or cast.ticket_id,
        enhancement_id=before.enhancement_id or cast.enhancement_id,
        created_at=min(before.created_at, cast.at),
        updated_at=max(before.updated_at, cast.at),
    )


def _merged(old: T | None, new: T | Clear | None, *, late: bool) -> T | None:
    if new is None or (late and old is not None):
        return old
    return None if isinstance(new, Clear) else new


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
    if len(name) > LONGEST_NAME:
        raise InputError(f"The text for {what} is longer than {LONGEST_NAME} characters.")
    return clean(name.strip())


def _instant(at: datetime | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    if at.utcoffset() is None:
        raise InputError("The time of the vote has no UTC offset: add one, such as +00:00.")
    return at.astimezone(UTC)


def _thumb(thumb: str | Clear | None) -> str | Clear | None:
    if thumb in (None, CLEAR, "up", "down"):
        return thumb
    raise InputError(f"A thumb is up or down, not {str(thumb)[:80]!r}.")


def _rating(rating: int | Clear | None) -> int | Clear | None:
    if rating is None or isinstance(rating, Clear):
        return rating
    # True is an int in Python and no number of stars; so is 0, a star too few.
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
