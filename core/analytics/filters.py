"""Filters resolved against a store, and the predicates that they make for a fact's rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    exists,
    false,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    values,
)

from core.analytics.definitions import WEEKDAYS
from core.analytics.joins import CALENDAR, ENTITIES, JOINS, Bridge, FactJoins, joined
from core.analytics.model import Dimension
from core.analytics.parse import Filter, Query, nearest
from core.analytics.sql import SqlRunner
from core.base.errors import QueryError
from core.store import Account, table

# Up to so many values are written into each predicate, more once for the whole statement.
FEW = 20
# Values that are looked up one by one, which stops at the first row that has them.
PROBED = 20
NAMED = 3
LONGEST_NAMED = 80
CANDIDATES = 10_000


@dataclass(frozen=True)
class ResolvedFilter:
    """The keys of a dimension that pass a filter.

    `members` maps an account to keys in it, or None to keys in every account.
    """

    dimension: Dimension
    members: Mapping[str | None, "tuple[Any, ...] | Select[Any]"]
    takes_none: bool

    def allows(self, key: Any, account: Any) -> ColumnElement[bool]:
        """The predicate that a key column, with the column of its account, passes."""
        choices = [
            is_any_of(key, members) if of is None else and_(account == of, is_any_of(key, members))
            for of, members in self.members.items()
        ]
        if self.takes_none:
            choices.append(key.is_(None))
        return or_(*choices) if choices else false()


@dataclass(frozen=True)
class Plan:
    """A query resolved against a store: the ids of its accounts, and the keys of its filters."""

    query: Query
    accounts: tuple[str, ...]
    filters: Sequence[ResolvedFilter]

    def joins(self, fact: str) -> FactJoins:
        """The joins of a fact, dated as the query asks."""
        return replace(JOINS[fact], basis=self.query.basis)

    def allowed(self, dimension: Dimension, key: Any, account: Any) -> list[ColumnElement[bool]]:
        """The predicates of the filters on a dimension, for its key column and account column."""
        return [one.allows(key, account) for one in self.filters if one.dimension is dimension]


def is_any_of(key: Any, members: tuple[Any, ...] | Select[Any]) -> ColumnElement[bool]:
    """The condition that a column has one of the values."""
    found: ColumnElement[bool] = (
        key == members[0] if isinstance(members, tuple) and len(members) == 1 else key.in_(members)
    )
    return found


def _account_ids(runner: SqlRunner, account: str | None) -> tuple[str, ...]:
    ids = [row["id"] for row in runner.stored(select(table(Account).c.id).order_by("id"))]
    if account is None:
        return tuple(ids)
    if account not in ids:
        near = nearest(str(account)[:LONGEST_NAMED], ids)
        hint = f"did you mean {near}?" if near else "choose one that was synced."
        named = repr(account)[:LONGEST_NAMED]
        raise QueryError(f"There is no account {named} in this store: {hint}")
    return (account,)


def in_accounts(source: FromClause, accounts: tuple[str, ...]) -> ColumnElement[bool]:
    """The condition that a row of a table belongs to one of the accounts."""
    return is_any_of(source.c.account_id, accounts)


def resolve(runner: SqlRunner, query: Query, account: str | None) -> tuple[Plan, list[str]]:
    """The plan of a query, and a warning for each filter that names values of no row.

    `account` is an id, None for every account. Raises QueryError for one that is not in the store.
    """
    plan, resolved, warnings = Plan(query, _account_ids(runner, account), ()), [], []
    for number, asked in enumerate(query.filters):
        members_of = _entity_members if asked.dimension.kind == "entity" else _attribute_members
        found, unknown = members_of(runner, plan, asked)
        members = {
            account: _listed(f"filter_{asked.dimension.key}_{number}_{n}", keys)
            for n, (account, keys) in enumerate(found.items())
            if keys
        }
        resolved.append(ResolvedFilter(asked.dimension, members, asked.takes_none))
        if unknown:
            warnings.append(_unknown(runner, plan, asked, unknown))
    return replace(plan, filters=resolved), warnings


def _listed(name: str, keys: Sequence[Any]) -> tuple[Any, ...] | Select[Any]:
    if len(keys) <= FEW:
        return tuple(keys)
    kind = {str: String, int: BigInteger, date: Date}[type(keys[0])]
    key: Any = column("key", kind)
    listed = values(key, name=name).data([(k,) for k in keys]).cte(name)
    return select(listed.c.key)


Members = dict[str | None, list[Any]]


def _entity_members(runner: SqlRunner, plan: Plan, asked: Filter) -> tuple[Members, list[Any]]:
    """The ids of the entities that are meant, by account."""
    key, label, account, of_kind = entity_columns(asked.dimension, plan.accounts)
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
    if len(plan.accounts) == 1 or asked.dimension.key == "account":
        found = {None: [key for keys in found.values() for key in keys]}
    return found, [value for value in asked.present if value not in seen]


def entity_columns(
    dimension: Dimension, accounts: tuple[str, ...]
) -> tuple[Column[Any], Column[Any], Column[Any], list[ColumnElement[bool]]]:
    """The id, the label and the account of an entity's members, and the conditions on those."""
    entity = ENTITIES[dimension.key]
    columns = entity.table.c
    account = columns.id if dimension.key == "account" else columns.account_id
    conditions: list[ColumnElement[bool]] = [is_any_of(account, accounts)]
    if entity.kind is not None:
        conditions.append(columns.kind == entity.kind)
    return columns.id, columns[entity.label], account, conditions


def _attribute_members(runner: SqlRunner, plan: Plan, asked: Filter) -> tuple[Members, list[Any]]:
    """The values among those asked for that are stored."""
    as_stored = {value: _as_stored(asked.dimension, value) for value in asked.present}
    possible = [value for value in as_stored.values() if value is not None]
    stored: set[Any] = set()
    for place, statement in _stored_values(plan, asked.dimension):
        statements = [statement.distinct()]
        if len(possible) <= PROBED:
            statements = [statement.where(place == value).limit(1) for value in possible]
        stored.update(row["value"] for one in statements for row in runner.rows(one))
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


def _stored_values(plan: Plan, dimension: Dimension) -> list[tuple[Any, Select[Any]]]:
    """Each column that has values of a dimension, and the statement of its values as `value`."""
    if dimension.kind == "entity":
        _, label, _, of_kind = entity_columns(dimension, plan.accounts)
        return [(label, select(label.label("value")).where(*of_kind))]
    if dimension.kind == "time":
        places = [CALENDAR.c[dimension.key]]
    else:
        places = [JOINS[fact].column(dimension.key) for fact in plan.query.facts]
    found = []
    for place in {id(place): place for place in places}.values():
        own = [in_accounts(place.table, plan.accounts)] if "account_id" in place.table.c else []
        found.append((place, select(place.label("value")).where(*own)))
    return found


def _unknown(runner: SqlRunner, plan: Plan, asked: Filter, unknown: Sequence[Any]) -> str:
    known = _candidates(runner, plan, asked)
    said = []
    for value in unknown[:NAMED]:
        near = None if asked.by_id else nearest(str(value), known)
        said.append(f"{value!r} (did you mean {near!r}?)" if near else repr(value))
    more = f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else ""
    return f"No row has the {asked.key} {', '.join(said)}{more}."


def _candidates(runner: SqlRunner, plan: Plan, asked: Filter) -> Sequence[str]:
    if asked.by_id:
        return ()
    if asked.dimension.key == "weekday":
        return WEEKDAYS
    rows = (
        row
        for _, statement in _stored_values(plan, asked.dimension)
        for row in runner.rows(statement.distinct().limit(CANDIDATES))
    )
    return [str(row["value"]) for row in rows if row["value"] is not None]


def predicates(
    plan: Plan, fact: str, grouped: Iterable[Dimension] = (), *, in_window: bool = True
) -> list[ColumnElement[bool]]:
    """The predicates on a fact's rows; a filter on a grouped dimension also limits its groups."""
    joins, window, grouped = plan.joins(fact), plan.query.window, tuple(grouped)
    clock = joins.clock
    # Conditions that can be asked of one table alone, by that table, and all others.
    of_tables: dict[FromClause, list[ColumnElement[bool]]] = {clock.table: []}
    others: list[ColumnElement[bool]] = []
    if in_window and window.start is not None:
        of_tables[clock.table].append(clock >= window.start)
    if in_window and window.end is not None:
        of_tables[clock.table].append(clock <= window.end)
    for resolved in plan.filters:
        place = joins.column(resolved.dimension.key)
        if _is_narrowing(joins, resolved) and place.table is CALENDAR:
            days = select(CALENDAR.c.day).where(in_accounts(CALENDAR, plan.accounts))
            allowed = resolved.allows(place, CALENDAR.c.account_id)
            of_tables[clock.table].append(clock.in_(days.where(allowed)))
        elif _is_narrowing(joins, resolved):
            allowed = resolved.allows(place, place.table.c.account_id)
            of_tables.setdefault(place.table, []).append(allowed)
        elif resolved.dimension.key in joins.bridges and resolved.dimension not in grouped:
            others.append(_bridged(plan, joins, resolved))
        else:
            others.append(resolved.allows(place, joins.base.c.account_id))
    found = [in_accounts(joins.base, plan.accounts), *of_tables.pop(joins.base, ())]
    # A list of parents and not a join: without it the databases may start from the parents and go
    # through all rows of the fact for each of them.
    found += [in_parent(plan, joins, *of_parent) for of_parent in of_tables.items() if of_parent[1]]
    return found + others


def _is_narrowing(joins: FactJoins, resolved: ResolvedFilter) -> bool:
    """Whether a filter asks for what rows of one table have, and not for what rows lack."""
    return resolved.dimension.key not in joins.bridges and not resolved.takes_none


def in_parent(
    plan: Plan, joins: FactJoins, parent: FromClause, conditions: Iterable[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """A row of a fact has a parent that meets the conditions."""
    return _is_listed(plan, joins, joins.parents[parent], parent.c.id, conditions)


def _is_listed(
    plan: Plan, joins: FactJoins, own: Any, key: Any, conditions: Iterable[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """A column of a fact is among the keys, in its account, of rows that meet the conditions."""
    keys = select(key)
    if len(plan.accounts) != 1:
        own = tuple_(joins.base.c.account_id, own)
        keys = select(key.table.c.account_id, key)
    # No null among the keys: with one, nothing would be known not to be among them.
    known = keys.where(in_accounts(key.table, plan.accounts), key.is_not(None), *conditions)
    found: ColumnElement[bool] = own.in_(known)
    return found


def _bridged(plan: Plan, joins: FactJoins, resolved: ResolvedFilter) -> ColumnElement[bool]:
    """A row has an allowed value of a dimension with several, or none; the row is not repeated."""
    bridge = joins.bridges[resolved.dimension.key]
    column = bridge.listed[2] if bridge.listed else bridge.column
    present = ResolvedFilter(resolved.dimension, resolved.members, takes_none=False)
    found = has_value(plan, joins, bridge, present.allows(column, joins.base.c.account_id))
    return or_(found, not_(has_value(plan, joins, bridge))) if resolved.takes_none else found


def has_value(
    plan: Plan, joins: FactJoins, bridge: Bridge, *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """A row of a fact has a value, one that meets the conditions, of a dimension with several."""
    if bridge.listed is not None:
        own, key, _ = bridge.listed
        return _is_listed(plan, joins, own, key, conditions)
    target: Select[Any] = select(literal_column("1")).select_from(bridge.target)
    return exists(target.where(bridge.on, *conditions).correlate(joins.base))


def fact_rows(
    plan: Plan, fact: str, grouped: Iterable[Dimension] = (), needs: Iterable[Any] = ()
) -> FromClause:
    """The fact's table, joined to those of the groups, the filters and the columns of `needs`."""
    joins = plan.joins(fact)
    grouped = tuple(grouped)
    columns = [joins.base.c.account_id, *needs]
    columns += [joins.column(d.key) for d in grouped]
    for resolved in plan.filters:
        place = joins.column(resolved.dimension.key)
        if _is_narrowing(joins, resolved):
            columns += [joins.through[place.table].c.id] if place.table in joins.through else []
        elif resolved.dimension.key not in joins.bridges or resolved.dimension in grouped:
            columns.append(place)
    return joined(joins, columns, plan.accounts)


def select_rows(
    plan: Plan,
    fact: str,
    columns: Iterable[Any],
    *,
    grouped: Iterable[Dimension] = (),
    needs: Iterable[Any] = (),
    in_window: bool = True,
) -> Select[Any]:
    """Columns of the fact's rows that a plan is about; `grouped` and `needs` as in `fact_rows`."""
    grouped = tuple(grouped)
    rows = select(*columns).select_from(fact_rows(plan, fact, grouped, needs))
    return rows.where(*predicates(plan, fact, grouped, in_window=in_window))
