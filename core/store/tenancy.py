"""Tenancy: the accounts of a store, and the scope that every read and write of one goes through."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar, overload
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Executable, Select
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from core.base.errors import InputError
from core.store.columnar import FactReader
from core.store.columns import table
from core.store.engine import Store
from core.store.synced import Account
from core.store.unit_of_work import Unit

M = TypeVar("M", bound=SQLModel)
T = TypeVar("T")
ATTEMPTS = 5


@dataclass(frozen=True)
class Scope:
    """One account of a store, and the person who reads or writes there.

    `person` is the name under which changes are recorded; None where no name is needed.
    """

    store: Store
    account: str
    person: str | None = None

    @property
    def account_name(self) -> str:
        """What people call the account."""
        return self.store.account(self.account).name

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return self.store.zone

    def read(self) -> AbstractContextManager[Session]:
        """A session that sees one state of the store."""
        return self.store.read()

    @overload
    def rows(self, statement: SelectOfScalar[T]) -> list[T]: ...
    @overload
    def rows(self, statement: Select[*tuple[Any, ...]]) -> list[Any]: ...
    def rows(self, statement: SelectOfScalar[T] | Select[*tuple[Any, ...]]) -> list[Any]:
        """All rows of a statement: objects of a table's class, single values, or tuples."""
        with self.read() as session:
            if isinstance(statement, SelectOfScalar):
                return list(session.exec(statement))
            return list(session.execute(statement))

    def objects(
        self,
        model: type[M],
        *where: ColumnElement[bool],
        order_by: Sequence[ColumnElement[Any]] = (),
        limit: int | None = None,
    ) -> list[M]:
        """The account's objects of a table that meet the conditions."""
        own = table(model).c.account_id == self.account
        found = select(model).where(own, *where).order_by(*order_by).limit(limit)
        with self.read() as session:
            return list(session.exec(found))

    def get(self, model: type[M], *key: object) -> M | None:
        """The account's object with a key; None where there is none."""
        with self.read() as session:
            return session.get(model, (self.account, *key))

    def facts(self) -> AbstractContextManager[FactReader]:
        """A reader of `FACT_TABLES`: from the columnar copy where there is one."""
        return self.store.facts()

    def fact_rows(self, statement: Executable) -> list[Any]:
        """The rows that a statement on `FACT_TABLES` answers with."""
        with self.facts() as facts:
            return list(facts.execute(statement))

    def write(self, *, quiet: bool = False) -> AbstractContextManager[Unit]:
        """A unit of work in the account: all of it becomes visible at the end, or none.

        `quiet` leaves the data version alone: for what no figure shows.
        """
        return self.store.write(self.account, person=self.person, quiet=quiet)

    def freeze(self, compute: Callable[[], T], save: Callable[[Unit, T], None]) -> None:
        """Save what is computed from the account's data, with no other write in between.

        A write that lands meanwhile makes the result stale: it is computed again, a few times.
        Raises InputError where the data does not come to rest.
        """
        for _ in range(ATTEMPTS):
            self.store.renew_state()
            version = self.store.data_version(self.account)
            computed = compute()
            with self.write() as unit:
                # Read inside the unit: no write can land between here and its end.
                if unit.session.get_one(Account, self.account).data_version == version:
                    save(unit, computed)
                    return
        raise InputError("Data keeps coming in: try again when the import or sync is over.")


def accounts(store: Store) -> list[Account]:
    """The accounts of a store by name."""
    with store.read() as session:
        return list(session.exec(select(Account).order_by(col(Account.name), col(Account.id))))


def account_named(store: Store, account_id: str | None) -> Account:
    """The account of an id, or the only one of the store; raises InputError for any other."""
    known = {account.id: account for account in accounts(store)}
    if account_id is None and len(known) == 1:
        return next(iter(known.values()))
    if account_id is None:
        there = ", ".join(known)
        raise InputError(
            f"Name the account with --account: there is {there}." if known else "No account yet."
        )
    if account_id not in known:
        raise InputError(f"There is no account {account_id[:80]!r}: there is {', '.join(known)}.")
    return known[account_id]
