"""Lease on an account: of all processes that share a store, one synchronises it at a time.

It is taken in a unit of work, of which an account has one at a time, renewed while its holder
works, and free again once returned or expired.
"""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import current_process
from uuid import uuid4

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
    held, now = unit.session.get(SyncLease, unit.account_id), clock.now()
    if held is not None and held.expires_at >= now:
        return Holder(held.holder, held.acquired_at)
    name = f"{current_process().pid}/{platform.node() or 'this machine'}/{uuid4().hex[:8]}"
    unit.session.merge(
        SyncLease(
            account_id=unit.account_id, holder=name, acquired_at=now, expires_at=now + DURATION
        )
    )
    return name


def renew_lease(unit: Unit, name: str) -> None:
    """Check within a unit that the lease is still held, and extend it.

    Raises LeaseLost, which rolls the unit back.
    """
    held, now = unit.session.get(SyncLease, unit.account_id), clock.now()
    if held is None or held.holder != name:
        raise LeaseLost(
            "Another process has taken over the synchronisation of this account, because this one "
            "did not answer for a minute; it goes on there."
        )
    if held.expires_at - now < DURATION * RENEWED_BELOW:
        held.expires_at = now + DURATION


def return_lease(unit: Unit, name: str) -> None:
    """Give the lease back, if it is still held."""
    # What `renew_lease` changed is written before.
    unit.session.flush()
    unit.delete(SyncLease, table(SyncLease).c.holder == name)


def holder_of(scope: Scope) -> Holder | None:
    """The present holder of the account's lease, in any process; None where it is free."""
    held = scope.get(SyncLease)
    if held is None or held.expires_at < clock.now():
        return None
    return Holder(held.holder, held.acquired_at)
