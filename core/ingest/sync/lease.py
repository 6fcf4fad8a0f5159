"""The lease on an account: of all processes that share a store, one synchronises it at a time.

It is taken by one conditional statement, renewed while its holder works, and free again when it has
run out or when its holder is known to be dead.
"""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import current_process
from pathlib import Path
from uuid import uuid4

from sqlalchemy import delete, insert, literal, or_, select, update

from core.base import clock
from core.base.errors import StoreError
from core.store import Scope, SyncLease, Unit, table

LASTS = timedelta(seconds=60)
RENEWED_EACH = timedelta(seconds=10)
PROCESSES = Path("/proc")
# A process that has ended and whose parent has not asked how.
ENDED = {"Z", "X"}


class LeaseLost(StoreError):
    """Another process synchronises the account now: whoever held the lease must not write."""


@dataclass(frozen=True)
class Holder:
    """Who synchronises an account, and since when (aware UTC)."""

    name: str
    since: datetime

    @property
    def words(self) -> str:
        """Process 4711 on laptop, since 14:05:02 UTC."""
        number, host, *_ = self.name.split("/")
        return f"process {number} on {host}, since {self.since:%H:%M:%S} UTC"


def take_lease(unit: Unit) -> str | Holder:
    """Take the account's lease: its new holder's name, or who holds it."""
    lease, now = table(SyncLease), clock.now()
    connection = unit.session.connection()
    held = connection.execute(
        select(lease.c.holder).where(lease.c.account_id == unit.account_id)
    ).scalar()
    name = f"{_process()}/{uuid4().hex[:8]}"
    mine = {"holder": name, "acquired_at": now, "expires_at": now + LASTS}
    free = lease.c.expires_at < now
    if held is not None and _is_dead(held):
        free = or_(free, lease.c.holder == held)
    taken = connection.execute(
        update(lease).where(lease.c.account_id == unit.account_id, free).values(mine)
    ).rowcount
    if not taken:
        there = select(lease.c.account_id).where(lease.c.account_id == unit.account_id)
        row = {"account_id": unit.account_id} | mine
        values = [literal(value, lease.c[column].type) for column, value in row.items()]
        taken = connection.execute(
            insert(lease).from_select(list(row), select(*values).where(~there.exists())),
            execution_options={"preserve_rowcount": True},
        ).rowcount
    if taken > 0:
        return name
    found = connection.execute(
        select(lease.c.holder, lease.c.acquired_at).where(lease.c.account_id == unit.account_id)
    ).one()
    return Holder(found.holder, found.acquired_at)


def renew_lease(unit: Unit, name: str) -> None:
    """Make sure within a unit that the lease is still held, and hold it on.

    Raises LeaseLost, which undoes the unit.
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
    if until - now < LASTS - RENEWED_EACH:
        connection.execute(update(lease).where(*own).values(expires_at=now + LASTS))


def return_lease(unit: Unit, name: str) -> None:
    """Give the lease back, if it is still held."""
    lease = table(SyncLease)
    unit.session.connection().execute(
        delete(lease).where(lease.c.account_id == unit.account_id, lease.c.holder == name)
    )


def holder_of(scope: Scope) -> Holder | None:
    """Who synchronises the account now, in whatever process; None: nobody."""
    lease = table(SyncLease).c
    with scope.read() as session:
        row = (
            session.connection()
            .execute(
                select(lease.holder, lease.acquired_at).where(
                    lease.account_id == scope.account, lease.expires_at >= clock.now()
                )
            )
            .one_or_none()
        )
    if row is None or _is_dead(row.holder):
        return None
    return Holder(row.holder, row.acquired_at)


def _process() -> str:
    """Number and machine of this process, and what tells it from a later one of that number."""
    number = current_process().pid
    return f"{number}/{platform.node() or 'this machine'}/{_birth(number)}"


def _birth(number: int | str | None) -> str:
    """Where and when a process of this machine began; "" where it has ended, ? if unknown."""
    if not (PROCESSES / "self").exists():
        return "?"
    try:
        said = (PROCESSES / f"{number}" / "stat").read_text(encoding="utf-8", errors="replace")
        space = (PROCESSES / "self" / "ns" / "pid").readlink().name
    except (FileNotFoundError, ProcessLookupError):
        return ""
    except OSError:
        return "?"
    # After the name in brackets, which may hold anything: the state first, the start as the 20th.
    fields = said.rpartition(")")[2].split()
    return "" if fields[0] in ENDED else f"{space}:{fields[19]}"


def _is_dead(holder: str) -> bool:
    """Whether the holder is known to have ended; of another machine or space nothing is known."""
    number, host, birth, *_ = [*holder.split("/"), "", "", ""]
    if host != platform.node() or birth in {"", "?"}:
        return False
    here = _birth(current_process().pid)
    if here.rpartition(":")[0] != birth.rpartition(":")[0]:
        return False
    return _birth(number) not in {"?", birth}
