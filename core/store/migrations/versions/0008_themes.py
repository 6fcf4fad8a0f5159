"""Themes of comments with their rules and what belongs to them; opportunities."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _table(
        "theme",
        _number("id"),
        _text("name"),
        _text("origin"),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        _json("terms"),
        _text("made_by"),
        _instant("made_at"),
        _number("merged_into", nullable=True),
        _text("deleted_by", nullable=True),
        _instant("deleted_at", nullable=True),
    )
    _table(
        "theme_rule",
        _number("id"),
        _number("theme_id"),
        *(_json(name) for name in ("any_of", "all_of", "none_of")),
        _text("entered_by"),
        _instant("entered_at"),
        _text("withdrawn_by", nullable=True),
        _instant("withdrawn_at", nullable=True),
        _of_theme(),
    )
    _table(
        "theme_assignment",
        _text("comment"),
        _number("theme_id", nullable=True),
        *(_text(name) for name in ("how", "said", "assigned_by")),
        _instant("assigned_at"),
        _of_theme(),
        key="comment",
    )
    _opportunity()


def _opportunity() -> None:
    _table(
        "opportunity",
        _number("id"),
        _text("title"),
        _text("problem"),
        _number("theme_id", nullable=True),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("reach_from", "reach_to")),
        *(
            sa.Column(f"reach_{name}", sa.Integer(), nullable=True)
            for name in ("comments", "raters", "tickets")
        ),
        _json("evidence", nullable=True),
        _text("criterion_key", nullable=True),
        *(
            sa.Column(name, sa.Float(), nullable=True)
            for name in ("impact", "confidence", "effort")
        ),
        *(_text(name, nullable=True) for name in ("metric", "direction")),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("due_from", "due_to")),
        _text("status"),
        _text("note", nullable=True),
        _text("created_by"),
        _instant("created_at"),
        _text("decided_by", nullable=True),
        _instant("decided_at", nullable=True),
        _of_theme(),
    )
    op.create_index("ix_opportunity_theme", "opportunity", ["account_id", "theme_id"])


def _table(name: str, *columns: Any, key: str = "id") -> None:
    op.create_table(
        name,
        sa.Column("account_id", sa.String(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", key),
        sqlite_with_rowid=False,
    )


def _of_theme() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account_id", "theme_id"], ["theme.account_id", "theme.id"])


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=nullable)
