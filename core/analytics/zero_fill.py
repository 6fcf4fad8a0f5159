"""Everything that could have a figure: members and periods that no row of a fact mentions."""

from collections.abc import Sequence
from math import prod
from typing import Any

from sqlalchemy import FromClause, Select, and_, func, select, true, union

from core.analytics.compile import Key
from core.analytics.filters import in_scope, is_any_of
from core.analytics.joins import ENTITIES, REACH, joined
from core.analytics.model import Dimension
from core.analytics.periods import Days, period_table
from core.analytics.predicates import Asked
from core.analytics.question import MAX_LIMIT
from core.analytics.sql import SqlRunner
from core.base.errors import QueryError


def zero_branch(
    runner: SqlRunner, asked: Asked, keys: Sequence[Key], days: Days
) -> Select[Any] | None:
    """Every known combination of the keys, without figures; None where there are no periods.

    Entities are combined within their account, and features with their own product. Raises
    QueryError when that makes more rows than can be listed.
    """
    question = asked.question
    if question.times and not days:
        return None
    entities = {d.key: _members(asked, d) for d in question.dimensions if d.kind == "entity"}
    attributes = {d.key: _values(asked, d) for d in question.dimensions if d.kind == "attribute"}
    parts: list[FromClause] = [*entities.values(), *attributes.values()]
    _check_size(runner, parts, len(days) if question.times else 1)
    if question.times:
        parts.append(period_table(asked, days, "zero_periods"))
    found = parts[0]
    for n, part in enumerate(parts[1:], 1):
        on = true()
        if n < len(entities):
            on = _same_owner(entities, part)
        found = found.join(part, on)
    columns = {key.name: _column(key, parts, entities, attributes) for key in keys}
    return select(*(c.label(name) for name, c in columns.items())).select_from(found)


def _column(
    key: Key,
    parts: Sequence[FromClause],
    entities: dict[str, FromClause],
    attributes: dict[str, FromClause],
) -> Any:
    if key.dimension is None:
        return parts[0].c.account_id
    if key.dimension.key in entities:
        return entities[key.dimension.key].c.id
    if key.dimension.key in attributes:
        return attributes[key.dimension.key].c.value
    return parts[-1].c[key.dimension.key]


def _same_owner(entities: dict[str, FromClause], part: FromClause) -> Any:
    """The condition that joins an entity to those before it."""
    first = next(iter(entities.values()))
    found = first.c.account_id == part.c.account_id
    product, feature = entities.get("product"), entities.get("feature")
    if product is not None and feature is not None and part in {product, feature}:
        later = [name for name in entities if name in {"product", "feature"}][1]
        if part is entities[later]:
            found = and_(found, feature.c.product_id == product.c.id)
    return found


def _members(asked: Asked, dimension: Dimension) -> FromClause:
    """The members of an entity, those that a filter on it lets through."""
    entity = ENTITIES[dimension.key]
    source = entity.table
    account = source.c.id if dimension.key == "account" else source.c.account_id
    columns: list[Any] = [account.label("account_id"), source.c.id.label("id")]
    if dimension.key == "feature":
        columns.append(source.c.product_id)
    found = select(*columns).where(is_any_of(account, asked.scope))
    if entity.kind is not None:
        found = found.where(source.c.kind == entity.kind)
    for wanted in asked.wanted:
        if wanted.dimension is dimension:
            found = found.where(wanted.lets(source.c.id, account))
    return found.subquery(f"every_{dimension.key}")


def _values(asked: Asked, dimension: Dimension) -> FromClause:
    """The values of an attribute that are stored, those that a filter on it lets through."""
    found = []
    for fact in asked.question.facts:
        reach, basis = REACH[fact], asked.question.basis
        place = reach.place(dimension.key, basis)
        stored = (
            select(place.label("value"))
            .select_from(joined(reach, basis, [place], asked.scope))
            .where(in_scope(reach.base, asked.scope), place.is_not(None))
        )
        for wanted in asked.wanted:
            if wanted.dimension is dimension:
                stored = stored.where(wanted.lets(place, reach.base.c.account_id))
        found.append(stored.distinct())
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
