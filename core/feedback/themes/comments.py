"""Comments: those on votes on tickets and enhancements, and the free texts of the survey."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from sqlalchemy import and_, or_, select
from sqlmodel import Session

from core.analytics.exclusions import Excluded
from core.feedback.surveys import TEXTS
from core.store import Feedback, SurveyResponse, Ticket, on_enhancer, table

FEEDBACK = "feedback"
# Where a comment comes from, with its label.
SOURCES = {FEEDBACK: "Feedback"} | TEXTS


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment and the ratings given with it; `source` is one of `SOURCES`.

    `thumb` and `stars` are those of the vote, `overall` is the rating of a whole survey response.
    `rater` identifies a person; a response without a name is a person of its own.
    """

    key: str
    source: str
    text: str
    at: datetime
    day: date
    rater: str
    thumb: str | None = None
    stars: int | None = None
    overall: int | None = None
    ticket: str | None = None
    enhancement: str | None = None
    category: str | None = None

    @property
    def digest(self) -> str:
        """A digest of the text, which its author may change later."""
        return sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def is_left_out(self, without: Excluded) -> bool:
        """Whether the account's exclusions leave it out."""
        named = {"ticket": self.ticket, "enhancement": self.enhancement, "rater": self.rater}
        return without.covers(
            self.at, *(f"{kind}:{key}" for kind, key in named.items() if key is not None)
        )


def comments_of(session: Session, account: str) -> list[Comment]:
    """All comments of an account, the oldest first; without those on pages of this product."""
    found = [*_of_votes(session, account), *_of_survey(session, account)]
    return sorted(
        (comment for comment in found if comment.text.strip()),
        key=lambda comment: (comment.at, comment.key),
    )


def _of_votes(session: Session, account: str) -> Iterator[Comment]:
    votes, tickets = table(Feedback).c, table(Ticket).c
    own_ticket = and_(tickets.account_id == votes.account_id, tickets.id == votes.ticket_id)
    statement = (
        select(table(Feedback), tickets.category)
        .select_from(table(Feedback).outerjoin(table(Ticket), own_ticket))
        .where(votes.account_id == account, votes.comment.is_not(None), on_enhancer())
    )
    for row in session.execute(statement).mappings():
        yield Comment(
            key=f"{FEEDBACK}:{row['id']}",
            source=FEEDBACK,
            text=row["comment"],
            at=row["created_at"],
            day=row["created_day"],
            rater=row["rater"],
            thumb=row["thumb"],
            stars=row["rating"],
            ticket=row["ticket_id"],
            enhancement=row["enhancement_id"],
            category=row["category"],
        )


def _of_survey(session: Session, account: str) -> Iterator[Comment]:
    answers = table(SurveyResponse)
    written = or_(*(answers.c[name].is_not(None) for name in TEXTS))
    statement = select(answers).where(answers.c.account_id == account, written)
    for row in session.execute(statement).mappings():
        for name in TEXTS:
            if row[name] is not None:
                yield Comment(
                    key=f"survey:{row['id']}:{name}",
                    source=name,
                    text=row[name],
                    at=row["answered_at"],
                    day=row["answered_day"],
                    rater=row["respondent"] or f"response {row['id']}",
                    overall=row["overall"],
                )
