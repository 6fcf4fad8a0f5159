"""What every table of the store has in common."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Table
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Base(SQLModel, registry=registry()):
    """A registry of our own: re-importing on a hot reload does not define a table twice."""


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a model, for statements in Core."""
    found: Table = model.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    return found


# Rows live in their primary key's own tree, which leads with the account: no second tree to keep.
CLUSTERED = {"sqlite_with_rowid": False}


def account_key() -> Any:
    return Field(primary_key=True, foreign_key="account.id")


def own_key() -> Any:
    return Field(primary_key=True, sa_type=BigInteger)


def reference() -> Any:
    return Field(default=None, sa_type=BigInteger)


def within_account(model: str, column: str) -> ForeignKeyConstraint:
    """A reference that cannot leave its account."""
    return ForeignKeyConstraint(["account_id", column], [f"{model}.account_id", f"{model}.id"])
