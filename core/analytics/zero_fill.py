"""Members and periods without rows, for zero-filling."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from sqlalchemy import FromClause, Select, and_, func, select, true, union

from core.analytics.compile import Days, period_table
from core.analytics.filters import Plan, entity_columns, in_accounts
from core.analytics.joins import joined
from core.analytics.model import Dimension
from core.analytics.parse import MAX_LIMIT
from core.analytics.sql import SqlRunner
from core.base.errors import QueryError


def zero_branch(
    runner: SqlRunner, plan: Plan, keys: Iterable[str], days: Days
) -> Select[Any] | None:
    """Every known combination of the keys, without figures; None where there are no periods.

    Entities are combined within their account, and features with their own product. Raises
    QueryError when that makes more rows than can be listed.
    """
    query = plan.query
    if query.times and not days:
        return None
    entities = {d.key: _members(plan, d) for d in query.dimensions if d.kind == "entity"}
    attributes = {d.key: _values(plan, d) for d in query.dimensions if d.kind == "attribute"}
    parts: list[FromClause] = [*entities.values(), *attributes.values()]
    _check_size(runner, parts, len(days) if query.times else 1)
    places: dict[str, Any] = {f"{key}_id": part.c.id for key, part in entities.items()}
    places |= {key: part.c.value for key, part in attributes.items()}
    if entities:
        places["account_id"] = parts[0].c.account_id
    if query.times:
        periods = period_table(plan, days, "zero_periods")
        parts.append(periods)
        places |= {d.key: periods.c[d.key] for d in query.times}
    found = parts[0]
    for n, part in enumerate(parts[1:], 1):
        found = found.join(part, _same_parent(entities, part) if n < len(entities) else true())
    return select(*(places[name].label(name) for name in keys)).select_from(found)


def _same_parent(entities: dict[str, FromClause], part: FromClause) -> Any:
    """The condition that joins an entity to those before it."""
    found = next(iter(entities.values())).c.account_id == part.c.account_id
    related = [key for key in entities if key in {"product", "feature"}]
    if len(related) == 2 and part is entities[related[1]]:
        return and_(found, entities["feature"].c.product_id == entities["product"].c.id)
    return found


def _members(plan: Plan, dimension: Dimension) -> FromClause:
    """The members of an entity that pass the filters on it."""
    key, _, account, conditions = entity_columns(dimension, plan.accounts)
    columns: list[Any] = [account.label("account_id"), key.label("id")]
    if dimension.key == "feature":
        columns.append(key.table.c.product_id)
    conditions += plan.allowed(dimension, key, account)
    return select(*columns).where(*conditions).subquery(f"every_{dimension.key}")


def _values(plan: Plan, dimension: Dimension) -> FromClause:
    """The stored values of an attribute that pass the filters on it."""
    found = []
    for fact in plan.query.facts:
        joins = plan.joins(fact)
        column = joins.column(dimension.key)
        conditions = plan.allowed(dimension, column, joins.base.c.account_id)
        found.append(
            select(column.label("value"))
            .select_from(joined(joins, [column], plan.accounts))
            .where(in_accounts(joins.base, plan.accounts), column.is_not(None), *conditions)
            .distinct()
        )
    every = found[0] if len(found) == 1 else union(*found)
    return every.subquery(f"every_{dimension.key}")


def _check_size(runner: SqlRunner, parts: Sequence[FromClause], periods: int) -> None:
    sizes = [periods]
    sizes += [runner.one(select(func.count().label("n")).select_from(p))["n"] for p in parts]
    if prod(sizes) > MAX_LIMIT:
        raise QueryError(
            f"With include_zero this would list {prod(sizes):,} rows, and a query lists at most "
            f"{MAX_LIMIT:,}: drop a dimension, narrow the dates or filter."
        )
