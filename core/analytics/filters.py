"""Filters against the store: which members they mean, and which values nobody has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    FromClause,
    Select,
    String,
    and_,
    column,
    false,
    or_,
    select,
    values,
)

from core.analytics.definitions.dimensions import WEEKDAYS
from core.analytics.joins import CALENDAR, ENTITIES, REACH
from core.analytics.model import Dimension
from core.analytics.question import Filter, Question, nearest
from core.analytics.sql import SqlRunner
from core.base.errors import QueryError
from core.store import Account, table

# Few values are written into each condition, many once for the whole statement.
FEW = 20
# Values that are looked up one by one, which stops at the first row that has them.
PROBED = 20
NAMED = 3
LONGEST_NAMED = 80
CANDIDATES = 10_000


@dataclass(frozen=True)
class Wanted:
    """The keys of a dimension that a filter lets through.

    `members` maps an account to keys in it, or None to keys in every account.
    """

    dimension: Dimension
    members: Mapping[str | None, "tuple[Any, ...] | Select[Any]"]
    takes_none: bool

    def lets(self, key: Any, account: Any) -> ColumnElement[bool]:
        """The condition that a key column, in the account of another column, is let through."""
        choices = [
            is_any_of(key, members)
            if scope is None
            else and_(account == scope, is_any_of(key, members))
            for scope, members in self.members.items()
        ]
        if self.takes_none:
            choices.append(key.is_(None))
        return or_(*choices) if choices else false()


def is_any_of(key: Any, members: tuple[Any, ...] | Select[Any]) -> ColumnElement[bool]:
    """The condition that a column has one of the values."""
    found: ColumnElement[bool] = (
        key == members[0] if isinstance(members, tuple) and len(members) == 1 else key.in_(members)
    )
    return found


def read_scope(runner: SqlRunner, account: str | None) -> tuple[str, ...]:
    """The ids of the accounts asked about; raises QueryError for one that is not in the store."""
    ids = [row["id"] for row in runner.stored(select(table(Account).c.id).order_by("id"))]
    if account is None:
        return tuple(ids)
    if account not in ids:
        near = nearest(str(account)[:LONGEST_NAMED], ids)
        hint = f"did you mean {near}?" if near else "choose one that was synced."
        named = repr(account)[:LONGEST_NAMED]
        raise QueryError(f"There is no account {named} in this store: {hint}")
    return (account,)


def in_scope(source: FromClause, scope: tuple[str, ...], name: str = "account_id") -> Any:
    """The condition that a row of a table belongs to one of the accounts."""
    return is_any_of(source.c[name], scope)


def resolve(
    runner: SqlRunner, question: Question, scope: tuple[str, ...]
) -> tuple[list[Wanted], list[str]]:
    """What each filter lets through, and a warning for each that names values nobody has."""
    wanted, warnings = [], []
    for number, asked in enumerate(question.filters):
        if asked.dimension.kind == "entity":
            found, unknown = _entity_members(runner, asked, scope)
        else:
            found, unknown = _attribute_members(runner, asked, scope, question)
        members = {
            account: _listed(f"wanted_{asked.dimension.key}_{number}_{n}", keys)
            for n, (account, keys) in enumerate(found.items())
            if keys
        }
        wanted.append(Wanted(asked.dimension, members, asked.takes_none))
        if unknown:
            warnings.append(_unknown(runner, asked, scope, question, unknown))
    return wanted, warnings


def _listed(name: str, keys: Sequence[Any]) -> tuple[Any, ...] | Select[Any]:
    if len(keys) <= FEW:
        return tuple(keys)
    kind = {str: String, int: BigInteger, date: Date}[type(keys[0])]
    key: Any = column("key", kind)
    listed = values(key, name=name).data([(k,) for k in keys]).cte(name)
    return select(listed.c.key)


Members = dict[str | None, list[Any]]


def _entity_members(
    runner: SqlRunner, asked: Filter, scope: tuple[str, ...]
) -> tuple[Members, list[Any]]:
    """The ids of the entities that are meant, by account."""
    key, label, account, of_kind = _entity_columns(asked.dimension, scope)
    by = key if asked.by_id else label
    meant: ColumnElement[bool] = by.in_(asked.present)
    if asked.takes_none and not asked.by_id:
        meant = or_(meant, label.is_(None))
    found: Members = {}
    seen = set()
    statement = select(account.label("account"), key.label("key"), by.label("by"))
    for row in runner.rows(statement.where(*of_kind, meant).order_by("account", "key")):
        found.setdefault(row["account"], []).append(row["key"])
        seen.add(row["by"])
    if len(scope) == 1 or asked.dimension.key == "account":
        found = {None: [key for keys in found.values() for key in keys]}
    return found, [value for value in asked.present if value not in seen]


def _entity_columns(
    dimension: Dimension, scope: tuple[str, ...]
) -> tuple[Column[Any], Column[Any], Column[Any], list[ColumnElement[bool]]]:
    entity = ENTITIES[dimension.key]
    columns = entity.table.c
    account = columns.id if dimension.key == "account" else columns.account_id
    conditions: list[ColumnElement[bool]] = [is_any_of(account, scope)]
    if entity.kind is not None:
        conditions.append(columns.kind == entity.kind)
    return columns.id, columns[entity.label], account, conditions


def _attribute_members(
    runner: SqlRunner, asked: Filter, scope: tuple[str, ...], question: Question
) -> tuple[Members, list[Any]]:
    """The values among those asked for that are stored."""
    as_stored = {value: _as_stored(asked.dimension, value) for value in asked.present}
    possible = [value for value in as_stored.values() if value is not None]
    stored: set[Any] = set()
    for place in _stored_places(asked.dimension, question):
        conditions = _place_scope(place, scope)
        if len(possible) <= PROBED:
            for value in possible:
                probe = select(place.label("value")).where(*conditions, place == value).limit(1)
                stored.update(row["value"] for row in runner.rows(probe))
        else:
            everything = select(place.label("value")).where(*conditions).distinct()
            stored.update(row["value"] for row in runner.rows(everything))
    found: Members = {None: [value for value in possible if value in stored]}
    return found, [value for value, form in as_stored.items() if form not in stored]


def _as_stored(dimension: Dimension, value: Any) -> Any:
    """A value in the form of its column; None when it can be in no row."""
    if dimension.key == "weekday":
        return WEEKDAYS.index(value) + 1 if value in WEEKDAYS else None
    if dimension.key == "day":
        try:
            return date.fromisoformat(value) if len(value) == 10 else None
        except ValueError:
            return None
    return value


def _stored_places(dimension: Dimension, question: Question) -> list[Any]:
    """The columns in which the dimension's values are stored, each once."""
    if dimension.kind == "time":
        return [CALENDAR.c[dimension.key]]
    places = [REACH[fact].place(dimension.key, "default") for fact in question.facts]
    return list({id(place): place for place in places}.values())


def _place_scope(place: Any, scope: tuple[str, ...]) -> list[ColumnElement[bool]]:
    return [in_scope(place.table, scope)] if "account_id" in place.table.c else []


def _unknown(
    runner: SqlRunner,
    asked: Filter,
    scope: tuple[str, ...],
    question: Question,
    unknown: Sequence[Any],
) -> str:
    known = _candidates(runner, asked, scope, question)
    said = []
    for value in unknown[:NAMED]:
        near = None if asked.by_id else nearest(str(value), known)
        said.append(f"{value!r} (did you mean {near!r}?)" if near else repr(value))
    more = f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else ""
    return f"No row has the {asked.key} {', '.join(said)}{more}."


def _candidates(
    runner: SqlRunner, asked: Filter, scope: tuple[str, ...], question: Question
) -> Sequence[str]:
    if asked.by_id:
        return ()
    if asked.dimension.key == "weekday":
        return WEEKDAYS
    found: Iterable[Any]
    if asked.dimension.kind == "entity":
        _, label, _, of_kind = _entity_columns(asked.dimension, scope)
        statements = [select(label.label("value")).where(*of_kind)]
    else:
        statements = [
            select(place.label("value")).where(*_place_scope(place, scope))
            for place in _stored_places(asked.dimension, question)
        ]
    found = (
        row["value"]
        for statement in statements
        for row in runner.rows(statement.distinct().limit(CANDIDATES))
    )
    return [str(value) for value in found if value is not None]
