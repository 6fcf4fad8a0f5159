"""Lease on an account: of all processes that share a store, one synchronises it at a time.

It is taken in a unit of work, of which an account has one at a time, renewed while its holder
works, and free again once returned or expired.
"""

import platform
from datetime import timedelta
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


class Busy(StoreError):
    """Another process synchronises the account."""

    def __init__(self, lease: SyncLease) -> None:
        self.holder = lease.holder
        by = f"by {holder_words(lease)}: wait for it to end."
        super().__init__(f"This account is being synchronised already, {by}")


def holder_words(lease: SyncLease) -> str:
    """Describe the holder of a lease: process 4711 on laptop, since 14:05:02 UTC."""
    number, host, *_ = lease.holder.split("/")
    return f"process {number} on {host}, since {lease.acquired_at:%H:%M:%S} UTC"


def take_lease(unit: Unit) -> str:
    """Take the account's lease; returns the holder's name. Raises Busy while another holds it."""
    held, now = unit.session.get(SyncLease, unit.account_id), clock.now()
    if held is not None and held.expires_at >= now:
        raise Busy(held)
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


def held_lease(scope: Scope) -> SyncLease | None:
    """The account's lease with its present holder, in any process; None where it is free."""
    held = scope.get(SyncLease)
    return held if held is not None and held.expires_at >= clock.now() else None
