"""A unit of work: what one transaction writes into one account."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
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

from core.base import clock, text
from core.base.errors import Conflict, InputError
from core.store.columns import table
from core.store.days import DAY_COLUMNS, extend_calendar, fill_days
from core.store.entered import AuditEntry
from core.store.synced import Account, User

# Bound values in one statement: well below the smallest limit of the databases in use.
CHUNK = 500
# What is entered again within this time is a repeat of what was not answered.
REPEATED_WITHIN = timedelta(days=1)

Row = dict[str, Any]
# Fields as a person was shown them.
Seen = Mapping[str, Any]
Key = tuple[Any, ...]
Merge = Callable[[Mapping[str, Any] | None, Row], Row]
T = TypeVar("T")
M = TypeVar("M", bound=SQLModel)


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

    def known(self, model: type[M], key: object, refusal: str) -> M:
        """The stored row of a key; raises InputError with the refusal where there is none."""
        found = self.session.get(model, (self.account_id, key))
        if found is None:
            raise InputError(refusal)
        return found

    def check_account(self) -> None:
        """Raise InputError where the store does not have the account."""
        if self.session.get(Account, self.account_id) is None:
            raise InputError(f"There is no account {self.account_id!r}: choose one that exists.")

    def enter(self, model: type[SQLModel], subject: str, row: Row, *, by: str, **rest: Any) -> int:
        """Insert what a person entered, under the next id, and record it; returns the id.

        `by` begins the names of the columns that say who and when: entered, decided; `rest` are
        columns that the history does not tell. The same again by the same author within a day is
        a repeat, whose answer was lost, where what was entered still stands as it was: its id.
        """
        for known, last in self._latest(f"{subject} ").items():
            if last == (self.author, None, _as_json(row)):
                return known
        number = self.next_id(model)
        stamp = {"id": number, f"{by}_by": self.author, f"{by}_at": clock.now()}
        self.upsert(model, [row | rest | stamp])
        self.record_change(f"{subject} {number}", before=None, after=row)
        return number

    def _latest(self, subject: str) -> dict[int, tuple[Any, ...]]:
        """Author, before and after of the last recent change of each number of a subject."""
        entry = table(AuditEntry).c
        own = (entry.account_id == self.account_id, entry.at > clock.now() - REPEATED_WITHIN)
        found = select(entry.subject, entry.by, entry.before, entry.after).where(
            *own, entry.subject.startswith(subject, autoescape=True)
        )
        rows = self.connection.execute(found.order_by(entry.id)).all()
        numbers = ((one.subject.removeprefix(subject), one) for one in rows)
        return {int(n): (one.by, one.before, one.after) for n, one in numbers if n.isdecimal()}

    def revise(
        self,
        stored: SQLModel,
        subject: str,
        after: Row,
        seen: Seen,
        *,
        together: Sequence[str] = (),
        **rest: Any,
    ) -> Row:
        """Change columns of a stored row, and record it where they differ; `rest` as in `enter`.

        What others have changed since the row was `seen` stays, as in `merge`; returns the columns.
        """
        before = {name: getattr(stored, name) for name in after}
        after = self.merge(subject, before, after, seen, together=together)
        if after != before:
            key = {name: getattr(stored, name) for name in _keys(type(stored))}
            self.change(type(stored), [key | after | rest])
            self.record_change(subject, before=before, after=after)
        return after

    def merge(
        self, subject: str, stored: Row, mine: Row, seen: Seen, *, together: Sequence[str] = ()
    ) -> Row:
        """The stored fields, with those changed that the author has changed since `seen`.

        Fields `together` are decided as one. One that is not in `seen` is changed whatever it is.
        Raises Conflict where another person has changed a field of the author's otherwise.
        """
        found, taken = dict(stored), Row()
        one = [name for name in together if name in mine]
        for names in (one, *([name] for name in mine if name not in one)):
            own, now = ([row.get(name) for name in names] for row in (mine, stored))
            was = [seen.get(name, stored.get(name)) for name in names]
            if not _is_same(own, was):
                found |= zip(names, own, strict=True)
                if not _is_same(now, was) and not _is_same(now, own):
                    taken |= zip(names, now, strict=True)
        if not taken:
            return found
        entry = table(AuditEntry).c
        own_subject = (entry.account_id == self.account_id, entry.subject == subject)
        last = select(entry.by, entry.at).where(*own_subject).order_by(entry.id.desc())
        by, at = self.connection.execute(last.limit(1)).first() or ("Someone", clock.now())
        when = text.moment(at.astimezone(self.zone), clock.today(self.zone))
        moved = {name: value for name, value in taken.items() if value != seen.get(name)}
        said = f"Not saved: {by} changed this at {when}; it is now {text.named(moved)}."
        raise Conflict(f"{said} Save again to put yours in its place.", {**seen, **taken})

    def record_change(self, subject: str, *, before: Row | None, after: Row | None) -> None:
        """Record the author's change of a subject in the account's history; None: absent."""
        row = {"id": self.next_id(AuditEntry), "subject": subject, "at": clock.now()}
        sides = {"before": _as_json(before), "after": _as_json(after)}
        self.upsert(AuditEntry, [row | {"by": self.author} | sides])

    @property
    def connection(self) -> Connection:
        """The connection of the transaction, for statements in Core."""
        return self.session.connection()

    def stored(
        self,
        by: Column[Any],
        values: Iterable[Any],
        *columns: Column[Any],
        within: ColumnElement[bool] = true(),  # noqa: B008 (it holds no state)
    ) -> Iterator[RowMapping]:
        """The stored rows, or these columns of them, with one of the values in a column.

        There may be any number of values. Rows that are not `within` a condition are left out.
        """
        source = by.table
        for some in chunks(sorted(set(values))):
            found = select(*columns or [source]).where(
                source.c.account_id == self.account_id, by.in_(some), within
            )
            yield from self.connection.execute(found).mappings().all()

    def upsert(
        self,
        model: type[SQLModel],
        rows: Iterable[Row],
        *,
        keep_existing: bool = False,
        merge: Merge | None = None,
    ) -> Counts:
        """Insert rows, or change the stored rows of the same key where they differ.

        `rows` hold the key and the columns to write, the same ones in each row, without
        `account_id` and day columns; of rows with one key the last counts. With `keep_existing`
        rows that are already stored are left as they are. `merge` makes a whole row from the one
        before, stored or given, and the given one, which then may lack columns.
        """
        target, keys = table(model), _keys(model)
        given = list(rows)
        wanted = _by_key(keys, given)
        # The part of the key that tells the rows apart best finds the fewest others.
        part = max(range(len(keys)), key=lambda n: len({key[n] for key in wanted}))
        found = self.stored(target.c[keys[part]], {key[part] for key in wanted})
        stored = _by_key(keys, found)
        if merge is not None:
            wanted = {}
            for key, row in ((tuple(one[name] for name in keys), one) for one in given):
                wanted[key] = merge(wanted.get(key, stored.get(key)), row)
        self._fill_days(model, wanted.values())
        if keep_existing:
            wanted = {key: row for key, row in wanted.items() if key not in stored}
        return self._write(model, wanted, stored)

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
        target, keys = table(model), _keys(model)
        wanted = _by_key(keys, rows)
        stored = _by_key(keys, self.stored(target.c[parent], parents, within=within))
        gone = [_bound(keys, row) for key, row in stored.items() if key not in wanted]
        if gone:
            self.connection.execute(delete(target).where(self._matches(target, keys)), gone)
        return self._write(model, wanted, stored)._replace(removed=len(gone))

    def change(self, model: type[SQLModel], rows: Sequence[Row]) -> None:
        """Change stored rows by their keys; a row that is not stored is left out.

        `rows` hold the key and the columns to change, the same ones in each row.
        """
        if not rows:
            return
        target, keys = table(model), _keys(model)
        columns = [name for name in rows[0] if name not in keys]
        self.connection.execute(
            update(target)
            .where(self._matches(target, keys))
            .values({name: bindparam(f"new_{name}") for name in columns}),
            [_bound(keys, row) | {f"new_{name}": row[name] for name in columns} for row in rows],
        )

    def update(self, model: type[SQLModel], values: Row, *where: ColumnElement[bool]) -> None:
        """Set columns in all rows of the account that meet the conditions."""
        target = table(model)
        own = target.c.account_id == self.account_id
        self.connection.execute(update(target).where(own, *where).values(values))

    def delete(self, model: type[SQLModel], *where: ColumnElement[bool]) -> int:
        """Delete the rows of the account that meet the conditions; returns how many there were."""
        target = table(model)
        own = target.c.account_id == self.account_id
        return self.connection.execute(delete(target).where(own, *where)).rowcount

    def user_ids(self, kind: str, names: Iterable[str | None]) -> dict[str | None, int | None]:
        """The ids of people by name; new names are inserted, and None stays None.

        An id follows from kind and name, so that the order in which people are met leaves no trace.
        """
        wanted = sorted({name for name in names if name is not None})
        users = table(User).c
        known = self.stored(users.name, wanted, users.name, users.id, within=users.kind == kind)
        found = {row["name"]: row["id"] for row in known}
        people = self._new_people(kind, [name for name in wanted if name not in found])
        if people:
            own = {"account_id": self.account_id, "kind": kind}
            rows = [own | {"id": number, "name": name} for name, number in people.items()]
            self.connection.execute(insert(table(User)), rows)
        return {None: None} | found | people

    def _new_people(self, kind: str, names: Iterable[str]) -> dict[str, int]:
        """An id for each name: 48 bits of kind and name, the next free one where it is taken."""
        ids = table(User).c
        found: dict[str, int] = {}
        for name in names:
            digest = sha256(f"{kind}/{name}".encode("utf-8", "surrogatepass")).digest()
            found[name] = int.from_bytes(digest[:6]) or 1
        is_taken = any(self.stored(ids.id, found.values(), ids.id))
        if is_taken or len(set(found.values())) < len(found):
            every = select(ids.id).where(ids.account_id == self.account_id)
            taken = set(self.connection.execute(every).scalars())
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
        return int(self.connection.execute(largest).scalar() or 0) + 1

    def rezone(self) -> None:
        """Count the account's days in the business time zone of this unit."""
        for model, columns in DAY_COLUMNS.items():
            source = table(model).c
            instants = {source[name] for names in columns.values() for name in names}
            found = select(source.id, *instants).where(source.account_id == self.account_id)
            rows = [dict(row) for row in self.connection.execute(found).mappings()]
            self._fill_days(model, rows)
            self.change(model, [{name: row[name] for name in ("id", *columns)} for row in rows])
        self.session.get_one(Account, self.account_id).timezone = self.zone.key

    def _fill_days(self, model: type[SQLModel], rows: Iterable[Row]) -> None:
        days = fill_days(model, list(rows), self.zone)
        extend_calendar(self.connection, self.account_id, days)

    def _write(
        self, model: type[SQLModel], wanted: dict[Key, Row], stored: dict[Key, Row]
    ) -> Counts:
        new = [{"account_id": self.account_id} | r for k, r in wanted.items() if k not in stored]
        changed = [
            row
            for key, row in wanted.items()
            if key in stored and any(stored[key][name] != value for name, value in row.items())
        ]
        if new:
            self.connection.execute(insert(table(model)), new)
        self.change(model, changed)
        return Counts(len(new), len(changed), len(wanted) - len(new) - len(changed))

    def _matches(self, target: Table, keys: Sequence[str]) -> ColumnElement[bool]:
        parts = [target.c[name] == bindparam(f"key_{name}") for name in keys]
        return and_(target.c.account_id == self.account_id, *parts)


def _is_same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether values are equal; a share that was written as per cent and read back is."""
    both = zip(some, others, strict=True)
    return all(a == b or (type(a) is type(b) is float and math.isclose(a, b)) for a, b in both)


def _as_json(row: Row | None) -> Row | None:
    if row is None:
        return None
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}


def _keys(model: type[SQLModel]) -> list[str]:
    """The columns that tell the rows of an account apart."""
    return [column.name for column in table(model).primary_key if column.name != "account_id"]


def _by_key(keys: Sequence[str], rows: Iterable[Any]) -> dict[Key, Any]:
    return {tuple(row[name] for name in keys): row for row in rows}


def _bound(keys: Sequence[str], row: Any) -> Row:
    return {f"key_{name}": row[name] for name in keys}
