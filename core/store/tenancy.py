"""Tenancy: the accounts of a store, and the scope that every read and write of one goes through."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlmodel import Session, col, select

from core.store.engine import Store
from core.store.synced import Account
from core.store.unit_of_work import Unit


@dataclass(frozen=True)
class AccountName:
    """An account as a person chooses it."""

    id: str
    name: str


@dataclass(frozen=True)
class Scope:
    """One account of a store, and the person who reads or writes there.

    `person` is the name under which changes are recorded; None where nobody has to be named.
    """

    store: Store
    account: str
    person: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return self.store.zone

    def read(self) -> AbstractContextManager[Session]:
        """A session that sees one state of the store."""
        return self.store.read()

    def facts(self) -> AbstractContextManager[Connection]:
        """A connection to read `FACT_TABLES` with: the columnar copy where there is one."""
        return self.store.facts()

    def write(self, *, quiet: bool = False) -> AbstractContextManager[Unit]:
        """A unit of work in the account: all of it becomes visible at the end, or none.

        `quiet` leaves the data version alone: for what no figure shows.
        """
        return self.store.write(self.account, quiet=quiet)


def accounts(store: Store) -> list[AccountName]:
    """The accounts of a store by name."""
    with store.read() as session:
        found = session.exec(
            select(Account.id, Account.name).order_by(col(Account.name), col(Account.id))
        ).all()
    return [AccountName(account_id, name) for account_id, name in found]
