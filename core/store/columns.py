"""What every table has in common: keys, references, and where its rows come from."""

import re
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Constraint, ForeignKeyConstraint, Index, Table
from sqlalchemy.orm import declared_attr, registry
from sqlmodel import Field, SQLModel


class Origin(StrEnum):
    """Where the rows of a table come from, and so what is lost with them."""

    SOURCE = "source"  # read or imported: the source still has them
    PERSON = "person"  # entered by people: they cannot be rebuilt
    PRODUCT = "product"  # made by the product itself, such as accounts and tokens


def options(origin: Origin, *, is_fact: bool = False, is_cached: bool = True) -> dict[str, Any]:
    """Table options; what is not cached leaves the account's data version alone when written."""
    return {
        # Rows live in their primary key's own tree, which leads with the account: no second tree.
        "sqlite_with_rowid": False,
        "info": {"origin": origin, "is_fact": is_fact, "is_cached": is_cached},
    }


class Base(SQLModel, registry=registry()):
    """A registry of our own: re-importing on a hot reload does not define a table twice.

    Tables are named by their class: `TestCycle` is test_cycle.
    """

    __constraints__: ClassVar[tuple[Constraint | Index, ...]] = ()
    __options__: ClassVar[dict[str, Any]]

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 (as SQLAlchemy has it)
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 (as SQLAlchemy has it)
        return (*cls.__constraints__, cls.__options__)


class OfAccount(Base):
    """Rows of one account, which leads their key."""

    account_id: str = Field(primary_key=True, foreign_key="account.id")


class Fact(OfAccount):
    """Synced rows that the figures of test cycles and bugs are computed from."""

    __options__ = options(Origin.SOURCE, is_fact=True)


class Synced(OfAccount):
    """Rows that were read or imported."""

    __options__ = options(Origin.SOURCE)


class SyncNote(OfAccount):
    """Notes of a sync, which no page caches."""

    __options__ = options(Origin.SOURCE, is_cached=False)


class Entered(OfAccount):
    """Rows that people entered."""

    __options__ = options(Origin.PERSON)


class Internal(OfAccount):
    """Rows of the product itself that no page caches."""

    __options__ = options(Origin.PRODUCT, is_cached=False)


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a model, for statements in Core."""
    found: Table = model.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    return found


def own_key() -> Any:
    """A number in the primary key."""
    return Field(primary_key=True, sa_type=BigInteger)


def reference() -> Any:
    """A number that may refer to another row."""
    return Field(default=None, sa_type=BigInteger)


def within_account(model: str, column: str) -> ForeignKeyConstraint:
    """A reference that cannot leave its account."""
    return ForeignKeyConstraint(["account_id", column], [f"{model}.account_id", f"{model}.id"])
