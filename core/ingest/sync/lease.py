"""Lease on an account: of all processes that share a store, one synchronises it at a time.

It is taken by one conditional statement, renewed while its holder works, and free again once
returned or expired.
"""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import current_process
from uuid import uuid4

from sqlalchemy import delete, insert, literal, select, update

from core.base import clock
from core.base.errors import StoreError
from core.store import Scope, SyncLease, Unit, table

DURATION = timedelta(seconds=60)
# A lease is extended once less than this part of it is left.
RENEWED_BELOW = 5 / 6


class LeaseLost(StoreError):
    """Another process has taken the lease: the former holder must not write."""


@dataclass(frozen=True)
class Holder:
    """The process that synchronises an account, and since when (aware UTC)."""

    name: str
    since: datetime

    @property
    def words(self) -> str:
        """Describe the holder: process 4711 on laptop, since 14:05:02 UTC."""
        number, host, *_ = self.name.split("/")
        return f"process {number} on {host}, since {self.since:%H:%M:%S} UTC"


def take_lease(unit: Unit) -> str | Holder:
    """Take the account's lease: the new holder's name, or the present holder."""
    lease, now = table(SyncLease), clock.now()
    connection = unit.session.connection()
    own = lease.c.account_id == unit.account_id
    name = f"{current_process().pid}/{platform.node() or 'this machine'}/{uuid4().hex[:8]}"
    mine = {"holder": name, "acquired_at": now, "expires_at": now + DURATION}
    taken = connection.execute(
        update(lease).where(own, lease.c.expires_at < now).values(mine)
    ).rowcount
    if not taken:
        row = {"account_id": unit.account_id} | mine
        values = [literal(value, lease.c[column].type) for column, value in row.items()]
        held = select(lease.c.account_id).where(own).exists()
        taken = connection.execute(
            insert(lease).from_select(list(row), select(*values).where(~held)),
            execution_options={"preserve_rowcount": True},
        ).rowcount
    if taken > 0:
        return name
    found = connection.execute(select(lease.c.holder, lease.c.acquired_at).where(own)).one()
    return Holder(found.holder, found.acquired_at)


def renew_lease(unit: Unit, name: str) -> None:
    """Check within a unit that the lease is still held, and extend it.

    Raises LeaseLost, which rolls the unit back.
    """
    lease, now = table(SyncLease), clock.now()
    connection = unit.session.connection()
    own = (lease.c.account_id == unit.account_id, lease.c.holder == name)
    until = connection.execute(select(lease.c.expires_at).where(*own)).scalar()
    if until is None:
        raise LeaseLost(
            "Another process has taken over the synchronisation of this account, because this one "
            "did not answer for a minute; it goes on there."
        )
    if until - now < DURATION * RENEWED_BELOW:
        connection.execute(update(lease).where(*own).values(expires_at=now + DURATION))


def return_lease(unit: Unit, name: str) -> None:
    """Give the lease back, if it is still held."""
    lease = table(SyncLease)
    unit.session.connection().execute(
        delete(lease).where(lease.c.account_id == unit.account_id, lease.c.holder == name)
    )


def holder_of(scope: Scope) -> Holder | None:
    """The present holder of the account's lease, in any process; None where it is free."""
    lease = table(SyncLease).c
    held = select(lease.holder, lease.acquired_at).where(
        lease.account_id == scope.account, lease.expires_at >= clock.now()
    )
    with scope.read() as session:
        row = session.connection().execute(held).one_or_none()
    return None if row is None else Holder(row.holder, row.acquired_at)
