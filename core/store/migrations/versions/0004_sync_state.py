"""What synchronising knows between its runs: its lease, what was read when, and what vanished."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _make(
        "sync_lease",
        [],
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("acquired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    _make(
        "cycle_reading",
        [sa.Column("cycle_id", sa.BigInteger(), nullable=False)],
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
    )
    _make(
        "list_reading",
        [
            sa.Column("kind", sa.String(), nullable=False),
            sa.Column("parent_id", sa.BigInteger(), nullable=False),
        ],
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
    _make(
        "vanished",
        [
            sa.Column("kind", sa.String(), nullable=False),
            sa.Column("id", sa.BigInteger(), nullable=False),
        ],
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
    )


def _make(name: str, key: list[sa.Column[Any]], *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("account_id", sa.String(), nullable=False),
        *key,
        *columns,
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", *(column.name for column in key)),
        sqlite_with_rowid=False,
    )
