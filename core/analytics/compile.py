"""From a question to SQL: each fact is aggregated alone, and only the aggregates are joined."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    String,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    union_all,
)

from core.analytics.definitions.measures import MEASURES
from core.analytics.joins import REACH, Reach
from core.analytics.model import Dimension, Measure, Metric
from core.analytics.predicates import Asked, conditions, fact_rows, holds
from core.analytics.sql import without_index
from core.analytics.values import VALUES, ratio


@dataclass(frozen=True)
class Key:
    """A column that rows are grouped by; `dimension` is None for the account of entities."""

    name: str
    dimension: Dimension | None
    type: Any

    def of(self, reach: Reach, basis: str) -> Any:
        """The column in a fact."""
        if self.dimension is None:
            return reach.base.c.account_id
        return reach.place(self.dimension.key, basis)


@dataclass(frozen=True)
class Count:
    """A number of rows that goes along with a fact's figures, and the dimension it looks at."""

    name: str
    condition: ColumnElement[bool]
    dimension: Dimension | None = None


Counts = Mapping[str, Sequence[Count]]


def keys_of(dimensions: Iterable[Dimension]) -> list[Key]:
    """The columns to group by: an id counts only within its account."""
    dimensions = tuple(dimensions)
    keys = []
    if any(d.kind == "entity" for d in dimensions):
        keys.append(Key("account_id", None, String()))
    for dimension in dimensions:
        if dimension.key == "account":
            continue
        name = f"{dimension.key}_id" if dimension.kind == "entity" else dimension.key
        place = REACH[dimension.facts[0]].place(dimension.key, "default")
        keys.append(Key(name, dimension, place.type))
    return keys


def _aggregate(asked: Asked, measure: Measure, *, by_account: bool) -> ColumnElement[Any]:
    base = REACH[measure.fact].base
    value = VALUES[str(measure.value)] if measure.kind == "sum" else None
    found: Any
    if value is not None:
        found = func.sum(value.in_sql(base, asked.question.weights))
    elif measure.kind == "count":
        found = func.count()
    else:
        found = func.count(_distinct(base, str(measure.value), asked, by_account).distinct())
    if measure.conditions:
        found = found.filter(*(holds(base, c) for c in measure.conditions))
    return found if value is None else value.scaled(found)  # type: ignore[no-any-return]


def _distinct(base: FromClause, column: str, asked: Asked, by_account: bool) -> Any:  # noqa: FBT001
    key = base.c[column]
    if by_account or len(asked.scope) == 1:
        return key
    # The same id in two accounts is two members.
    return base.c.account_id + literal_column("':'") + cast(key, String)


def branches(
    asked: Asked, dimensions: Sequence[Dimension], counts: Counts = MappingProxyType({})
) -> list[Select[Any]]:
    """One aggregate of each fact, and one for each value whose quantiles are asked for.

    `counts` are columns that go along with a fact's aggregate.
    """
    found = []
    measures = asked.question.measures
    for fact in asked.question.facts:
        plain = [m for m in measures if m.fact == fact and m.kind != "quantile"]
        # Groups are those of all rows of the fact, not only of those that a quantile is taken of.
        if plain or counts.get(fact) or dimensions:
            found.append(_plain_branch(asked, fact, plain, dimensions, counts.get(fact, ())))
        ranked: dict[tuple[Any, ...], list[Measure]] = {}
        for m in measures:
            if m.fact == fact and m.kind == "quantile":
                ranked.setdefault((m.value, m.conditions), []).append(m)
        found += [_ranked_branch(asked, fact, group, dimensions) for group in ranked.values()]
    return found


def _plain_branch(
    asked: Asked,
    fact: str,
    measures: Sequence[Measure],
    dimensions: Sequence[Dimension],
    counts: Sequence[Count],
) -> Select[Any]:
    keys = keys_of(dimensions)
    by_account = any(key.dimension is None for key in keys)
    figures = [_aggregate(asked, m, by_account=by_account).label(m.key) for m in measures]
    figures += [func.count().filter(count.condition).label(count.name) for count in counts]
    also = [count.dimension for count in counts if count.dimension is not None]
    places = _places(asked, fact, keys)
    return (
        select(*(place.label(name) for name, place in places.items()), *figures)
        .select_from(fact_rows(asked, fact, [*dimensions, *also]))
        .where(*conditions(asked, fact, dimensions))
        .group_by(*(p for p in places.values() if not isinstance(p, BindParameter)))
    )


def _places(asked: Asked, fact: str, keys: Sequence[Key]) -> dict[str, ColumnElement[Any]]:
    """The columns of a fact to group by; the account is no column where there is only one."""
    reach, basis = REACH[fact], asked.question.basis
    found: dict[str, ColumnElement[Any]] = {
        key.name: without_index(key.of(reach, basis)) for key in keys
    }
    if len(found) > 1 and "account_id" in found and len(asked.scope) == 1:
        return found | {"account_id": literal(asked.scope[0], String)}
    return found


def _ranked_branch(
    asked: Asked,
    fact: str,
    measures: Sequence[Measure],
    dimensions: Sequence[Dimension],
) -> Select[Any]:
    """Quantiles by linear interpolation between closest ranks (Hyndman and Fan 1996, type 7)."""
    reach, basis = REACH[fact], asked.question.basis
    keys = keys_of(dimensions)
    places = [key.of(reach, basis) for key in keys]
    of = VALUES[str(measures[0].value)]
    value = of.scaled(of.in_sql(reach.base, asked.question.weights))
    ranked = (
        select(
            *(place.label(key.name) for key, place in zip(keys, places, strict=True)),
            value.label("value"),
            func.row_number().over(partition_by=places or None, order_by=value).label("rank"),
            func.count().over(partition_by=places or None).label("size"),
        )
        .select_from(fact_rows(asked, fact, dimensions))
        .where(*conditions(asked, fact, dimensions))
        .where(*(holds(reach.base, c) for c in measures[0].conditions))
        .subquery("ranked")
    )
    group = [ranked.c[key.name] for key in keys]
    quantiles = [_quantile(ranked, int(m.percent or 0)).label(m.key) for m in measures]
    return select(*group, *quantiles).group_by(*group)


def _quantile(ranked: FromClause, percent: int) -> ColumnElement[Any]:
    # Ranks from 0: the quantile lies at (size - 1) * percent / 100, between two whole ranks.
    hundredths = (ranked.c.size - 1) * percent
    below = hundredths // 100 + 1
    share = ratio(hundredths % 100, 100)
    return func.sum(
        case(
            (ranked.c.rank == below, ranked.c.value * (1 - share)),
            (ranked.c.rank == below + 1, ranked.c.value * share),
        )
    )


def join_branches(found: Sequence[Select[Any]], keys: Sequence[Key]) -> FromClause:
    """The branches side by side: padded, stacked, and grouped by the keys, null keys included."""
    if len(found) == 1:
        return found[0].subquery("joint")
    own = [branch.subquery() for branch in found]
    group = [key.name for key in keys]
    types = {c.name: c.type for branch in own for c in branch.c if c.name not in group}
    stacked = union_all(
        *(
            select(
                *(branch.c[name] for name in group),
                *(_padded(branch, name, kind) for name, kind in types.items()),
            )
            for branch in own
        )
    ).subquery("facts")
    columns = [stacked.c[name] for name in group]
    figures = [func.max(stacked.c[name]).label(name) for name in types]
    return select(*columns, *figures).group_by(*columns).subquery("joint")


def _padded(branch: FromClause, name: str, kind: Any) -> ColumnElement[Any]:
    if name in branch.c:
        return branch.c[name]
    return cast(null(), kind).label(name)


def figure(metric: Metric, joint: Mapping[str, Any], days: ColumnElement[Any] | None) -> Any:
    """A metric from the joint measures; a ratio is null where there is nothing to divide by."""
    measure = MEASURES[metric.measure]
    top = joint[measure.key]
    if measure.kind in {"count", "distinct"} or metric.unit == "points":
        top = func.coalesce(top, 0)
    if metric.per is None:
        return top
    bottom = days if metric.per == "days" else joint[metric.per]
    return ratio(top, func.nullif(bottom, 0))
