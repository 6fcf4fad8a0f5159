"""Tokens of the HTTP API, salts of anonymous raters, receipts of votes sent with a key."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _table(
        "api_token",
        sa.Column("id", sa.BigInteger(), nullable=False),
        _text("name"),
        _text("hash"),
        sa.Column("per_second", sa.Integer(), nullable=False),
        _instant("created_at"),
        _instant("revoked_at", nullable=True),
        _instant("last_used_at", nullable=True),
        key="id",
    )
    op.create_index("ix_api_token_hash", "api_token", ["hash"], unique=True)
    _table("rater_salt", _text("week"), _text("salt"), _instant("created_at"), key="week")
    _table(
        "feedback_receipt",
        *(_text(name) for name in ("key", "feedback_id", "content", "result")),
        _instant("received_at"),
        key="key",
    )
    op.create_index(
        "ix_feedback_receipt_received", "feedback_receipt", ["account_id", "received_at"]
    )


def _table(name: str, *columns: sa.Column[Any], key: str) -> None:
    op.create_table(
        name,
        sa.Column("account_id", sa.String(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", key),
        sqlite_with_rowid=False,
    )


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)
