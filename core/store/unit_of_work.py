"""A unit of work: what one transaction writes into one account."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
    update,
)
from sqlmodel import Session, SQLModel

from core.base import clock
from core.base.errors import InputError
from core.store.columns import table
from core.store.days import extend_calendar, fill_days
from core.store.entered import AuditEntry
from core.store.synced import User

# Bound values in one statement: well below the smallest limit of the databases in use.
CHUNK = 500

Row = dict[str, Any]
Key = tuple[Any, ...]
T = TypeVar("T")


class Counts(NamedTuple):
    """What became of the rows that a write was given."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


@dataclass(frozen=True)
class Unit:
    """Writes that become visible together, all in one account; made by `Store.write`.

    A write compares with what is stored and touches only rows that differ, so that writing the
    same again changes nothing, not even the data version.
    """

    session: Session
    account_id: str
    zone: ZoneInfo
    person: str | None = None

    @property
    def author(self) -> str:
        """The person under whose name a change is recorded; raises InputError where it is None."""
        if self.person is None:
            raise InputError("Only an editor can change this: sign in as one.")
        return self.person

    def record_change(self, subject: str, *, before: Row | None, after: Row | None) -> None:
        """Record the author's change of a subject in the account's history; None: absent."""
        row = {"id": self.next_id(AuditEntry), "subject": subject, "at": clock.now()}
        sides = {"before": _as_json(before), "after": _as_json(after)}
        self.upsert(AuditEntry, [row | {"by": self.author} | sides])

    def upsert(
        self, model: type[SQLModel], rows: Iterable[Row], *, keep_existing: bool = False
    ) -> Counts:
        """Insert rows, or change the stored rows of the same key where they differ.

        `rows` hold the key and the columns to write, the same ones in each row, without
        `account_id` and day columns; of rows with one key the last counts. With `keep_existing`
        rows that are already stored are left as they are. One-column keys only.
        """
        target = table(model)
        (key,) = (c.name for c in target.primary_key if c.name != "account_id")
        wanted = {(row[key],): row for row in rows}
        self._fill_days(model, wanted.values())
        stored = self._stored(target, (key,), target.c[key], [k for (k,) in wanted])
        if keep_existing:
            wanted = {k: row for k, row in wanted.items() if k not in stored}
        return self._write(target, (key,), wanted, stored)

    def replace(
        self,
        model: type[SQLModel],
        parent: str,
        parents: Iterable[Any],
        rows: Iterable[Row],
        *,
        within: ColumnElement[bool] = true(),  # noqa: B008 (it holds no state)
    ) -> Counts:
        """Make the rows below the given parents exactly these: a cycle's features, say.

        `parent` names the column that holds the parent's id; it is part of the key. Rows that are
        not `within` a condition, such as a time, are left as they are.
        """
        target = table(model)
        keys = tuple(c.name for c in target.primary_key if c.name != "account_id")
        wanted = {tuple(row[name] for name in keys): row for row in rows}
        of = list(dict.fromkeys(parents))
        stored = self._stored(target, keys, target.c[parent], of, within)
        gone = [key for key in stored if key not in wanted]
        if gone:
            self.session.connection().execute(
                delete(target).where(self._matches(target, keys)),
                [dict(zip(_bound(keys), key, strict=True)) for key in gone],
            )
        return self._write(target, keys, wanted, stored)._replace(removed=len(gone))

    def user_ids(self, kind: str, names: Iterable[str | None]) -> dict[str | None, int | None]:
        """The ids of people by name; new names are inserted, and None stays None.

        An id follows from kind and name, so that the order in which people are met leaves no trace.
        """
        wanted = sorted({name for name in names if name is not None})
        users = table(User)
        connection = self.session.connection()
        found: dict[str | None, int | None] = {None: None}
        for some in chunks(wanted):
            known = select(users.c.name, users.c.id).where(
                users.c.account_id == self.account_id, users.c.kind == kind, users.c.name.in_(some)
            )
            found |= {row.name: row.id for row in connection.execute(known)}
        new = [name for name in wanted if name not in found]
        if new:
            people = self._new_people(kind, new)
            found |= {name: people[name] for name in new}
            connection.execute(
                insert(users),
                [
                    {"account_id": self.account_id, "id": found[name], "kind": kind, "name": name}
                    for name in new
                ],
            )
        return found

    def _new_people(self, kind: str, names: Iterable[str]) -> dict[str, int]:
        """An id for each name: 48 bits of kind and name, the next free one where it is taken."""
        ids = table(User).c
        found: dict[str, int] = {}
        for name in names:
            digest = sha256(f"{kind}/{name}".encode("utf-8", "surrogatepass")).digest()
            found[name] = int.from_bytes(digest[:6]) or 1
        own = ids.account_id == self.account_id
        is_taken = any(
            self.session.connection().execute(select(ids.id).where(own, ids.id.in_(some))).first()
            for some in chunks(list(found.values()))
        )
        if is_taken or len(set(found.values())) < len(found):
            taken = set(self.session.connection().execute(select(ids.id).where(own)).scalars())
            for name, number in found.items():
                while number in taken:
                    number += 1  # noqa: PLW2901 (the first free one)
                found[name] = number
                taken.add(number)
        return found

    def next_id(self, model: type[SQLModel]) -> int:
        """One more than the largest id; safe because an account has one writer at a time."""
        ids = table(model).c
        largest = select(func.max(ids.id)).where(ids.account_id == self.account_id)
        return int(self.session.connection().execute(largest).scalar() or 0) + 1

    def _fill_days(self, model: type[SQLModel], rows: Iterable[Row]) -> None:
        days = fill_days(model, list(rows), self.zone)
        extend_calendar(self.session.connection(), self.account_id, days)

    def _stored(
        self,
        target: Table,
        keys: tuple[str, ...],
        column: ColumnElement[Any],
        values: list[Any],
        within: ColumnElement[bool] = true(),  # noqa: B008 (it holds no state)
    ) -> dict[Key, Row]:
        stored = {}
        for some in chunks(values):
            statement = select(target).where(
                target.c.account_id == self.account_id, column.in_(some), within
            )
            for row in self.session.connection().execute(statement).mappings():
                stored[tuple(row[name] for name in keys)] = dict(row)
        return stored

    def _write(
        self, target: Table, keys: tuple[str, ...], wanted: dict[Key, Row], stored: dict[Key, Row]
    ) -> Counts:
        new = [{"account_id": self.account_id} | r for k, r in wanted.items() if k not in stored]
        changed = [
            row
            for key, row in wanted.items()
            if key in stored and any(stored[key][name] != value for name, value in row.items())
        ]
        connection = self.session.connection()
        if new:
            connection.execute(insert(target), new)
        if changed:
            columns = [name for name in changed[0] if name not in keys]
            connection.execute(
                update(target)
                .where(self._matches(target, keys))
                .values({name: bindparam(f"new_{name}") for name in columns}),
                [
                    dict(zip(_bound(keys), (row[name] for name in keys), strict=True))
                    | {f"new_{name}": row[name] for name in columns}
                    for row in changed
                ],
            )
        return Counts(len(new), len(changed), len(wanted) - len(new) - len(changed))

    def _matches(self, target: Table, keys: tuple[str, ...]) -> ColumnElement[bool]:
        key = zip(keys, _bound(keys), strict=True)
        return and_(
            target.c.account_id == self.account_id,
            *(target.c[name] == bindparam(bound) for name, bound in key),
        )


def _as_json(row: Row | None) -> Row | None:
    if row is None:
        return None
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}


def _bound(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"key_{name}" for name in keys)
