"""Weekly reviews: who met, notes, actions, escalations."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _table(name: str, *columns: sa.Column[Any], keys: tuple[str, ...]) -> None:
    op.create_table(
        name,
        _text("account_id"),
        *columns,
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", *keys),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    _table(
        "review",
        _text("week"),
        _text("opened_by"),
        _instant("opened_at"),
        sa.Column("attendees", sa.JSON(), nullable=False),
        _text("closed_by", nullable=True),
        _instant("closed_at", nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        keys=("week",),
    )
    _table(
        "review_note",
        _text("week"),
        _text("section"),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("text"),
        _text("written_by"),
        _instant("written_at"),
        keys=("week", "section", "version"),
    )
    _table(
        "review_action",
        sa.Column("id", sa.BigInteger(), nullable=False),
        _text("week"),
        _text("text"),
        _text("owner"),
        sa.Column("due", sa.Date(), nullable=False),
        _text("criterion_key", nullable=True),
        _text("expected", nullable=True),
        _text("status"),
        _text("outcome", nullable=True),
        _text("decided_by"),
        _instant("decided_at"),
        _text("closed_by", nullable=True),
        _instant("closed_at", nullable=True),
        keys=("id",),
    )
    op.create_index("ix_review_action_status", "review_action", ["account_id", "status", "due"])
    _table(
        "review_escalation",
        sa.Column("id", sa.BigInteger(), nullable=False),
        _text("week"),
        _text("severity"),
        _text("criterion_key"),
        _text("text"),
        _text("sent_to"),
        _text("sent_by"),
        _instant("sent_at"),
        keys=("id",),
    )
