"""Who may send votes, who sent them without a name, and which were answered before."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from core.store.columns import CLUSTERED, Base, account_key, own_key


class ApiToken(Base, table=True):
    """A token of the account's HTTP API; only its SHA-256 is kept, as hexadecimal digits.

    `per_second` is how many requests it may make; `last_used_at` is right to the minute.
    """

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_hash", "hash", unique=True), CLUSTERED)

    account_id: str = account_key()
    id: int = own_key()
    name: str
    hash: str
    per_second: int
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class RaterSalt(Base, table=True):
    """What the names of anonymous raters are made with in one ISO week, such as 2026-W47."""

    __tablename__ = "rater_salt"
    __table_args__ = CLUSTERED

    account_id: str = account_key()
    week: str = Field(primary_key=True)
    salt: str
    created_at: datetime


class FeedbackReceipt(Base, table=True):
    """How a vote that was sent with a key was answered, so that its repeat is answered alike.

    `key` and `content` are digests; `result` is new, changed or unchanged.
    """

    __tablename__ = "feedback_receipt"
    __table_args__ = (
        Index("ix_feedback_receipt_received", "account_id", "received_at"),
        CLUSTERED,
    )

    account_id: str = account_key()
    key: str = Field(primary_key=True)
    feedback_id: str
    content: str
    result: str
    received_at: datetime
