"""From a question to SQL: each fact is aggregated alone, and only the aggregates are joined."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    exists,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    tuple_,
    union_all,
)

from core.analytics.dialects import without_index
from core.analytics.question import Question
from core.analytics.reach import CALENDAR, REACH, Reach, joined
from core.analytics.registry import MEASURES, Dimension, Measure, Metric
from core.analytics.terms import Condition
from core.analytics.values import VALUES, ratio
from core.analytics.wanted import Wanted, in_scope

__all__ = [
    "Asked",
    "Count",
    "Counts",
    "Key",
    "branches",
    "conditions",
    "fact_rows",
    "figure",
    "filtered",
    "holds",
    "in_parent",
    "join_branches",
    "keys_of",
]


@dataclass(frozen=True)
class Asked:
    """A question together with what its accounts and filters mean in this store."""

    question: Question
    scope: tuple[str, ...]
    wanted: Sequence[Wanted]


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


def conditions(
    asked: Asked, fact: str, grouped: Iterable[Dimension] = (), *, in_window: bool = True
) -> list[ColumnElement[bool]]:
    """What a row of a fact must meet; a filter on a grouped dimension also limits its groups."""
    reach, question = REACH[fact], asked.question
    found: list[ColumnElement[bool]] = [in_scope(reach.base, asked.scope)]
    of_parents: dict[FromClause, list[ColumnElement[bool]]] = {}
    for table, condition in _narrowing(asked, reach, in_window=in_window):
        if table in reach.parents:
            of_parents.setdefault(table, []).append(condition)
        else:
            found.append(condition)
    # A list of parents and not a join: without it the databases may start from the parents and go
    # through all rows of the fact for each of them.
    found += [in_parent(asked, reach, *parent) for parent in of_parents.items()]
    grouped = tuple(grouped)
    for wanted in asked.wanted:
        place = reach.place(wanted.dimension.key, question.basis)
        if wanted.dimension.key in reach.links and wanted.dimension not in grouped:
            found.append(_linked(reach, wanted, place))
        elif not _is_narrowing(reach, wanted):
            found.append(wanted.lets(place, reach.base.c.account_id))
    return found


def _is_narrowing(reach: Reach, wanted: Wanted) -> bool:
    """Whether a filter asks for what rows of one table have, and not for what rows lack."""
    return wanted.dimension.key not in reach.links and not wanted.takes_none


def _narrowing(
    asked: Asked, reach: Reach, *, in_window: bool
) -> Iterator[tuple[FromClause, ColumnElement[bool]]]:
    """The conditions that can be asked of one table alone, with that table."""
    question = asked.question
    clock = reach.clock(question.basis)
    if in_window and question.window.start is not None:
        yield clock.table, clock >= question.window.start
    if in_window and question.window.end is not None:
        yield clock.table, clock <= question.window.end
    for wanted in asked.wanted:
        if not _is_narrowing(reach, wanted):
            continue
        place = reach.place(wanted.dimension.key, question.basis)
        if place.table is CALENDAR:
            days = select(CALENDAR.c.day).where(in_scope(CALENDAR, asked.scope))
            condition = clock.in_(days.where(wanted.lets(place, CALENDAR.c.account_id)))
            yield clock.table, condition
        else:
            yield place.table, wanted.lets(place, place.table.c.account_id)


def in_parent(
    asked: Asked, reach: Reach, parent: FromClause, conditions: Iterable[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """A row of a fact has a parent that meets the conditions."""
    child = reach.parents[parent]
    key: Any = child
    keys = select(parent.c.id)
    if len(asked.scope) != 1:
        key = tuple_(reach.base.c.account_id, child)
        keys = select(parent.c.account_id, parent.c.id)
    found: ColumnElement[bool] = key.in_(keys.where(in_scope(parent, asked.scope), *conditions))
    return found


def _linked(reach: Reach, wanted: Wanted, place: Any) -> ColumnElement[bool]:
    """A row has a wanted value of a dimension with several, or none at all; it is not repeated."""
    target, on = reach.links[wanted.dimension.key]
    link: Select[Any] = select(literal_column("1")).select_from(target).where(on)
    present = Wanted(wanted.dimension, wanted.members, takes_none=False)
    found = exists(link.where(present.lets(place, reach.base.c.account_id)))
    return or_(found, not_(exists(link))) if wanted.takes_none else found


def fact_rows(
    asked: Asked, fact: str, grouped: Iterable[Dimension] = (), *, clocked: bool = False
) -> FromClause:
    """The fact's table with what the groups, the conditions and, if asked for, the clock need."""
    reach, basis = REACH[fact], asked.question.basis
    grouped = tuple(grouped)
    columns = [reach.base.c.account_id]
    columns += [reach.place(d.key, basis) for d in grouped]
    columns += filtered(asked, fact, grouped)
    if clocked:
        columns.append(reach.clock(basis))
    return joined(reach, basis, columns)


def filtered(asked: Asked, fact: str, grouped: Iterable[Dimension] = ()) -> list[Any]:
    """The columns that the conditions of a fact look at beside its own."""
    reach, basis = REACH[fact], asked.question.basis
    found = []
    for wanted in asked.wanted:
        place = reach.place(wanted.dimension.key, basis)
        if not _is_narrowing(reach, wanted):
            if wanted.dimension.key not in reach.links or wanted.dimension in grouped:
                found.append(place)
        elif place.table in reach.through:
            found += [c for c in reach.through[place.table].c if c.name == "id"]
    return found


def holds(base: FromClause, condition: Condition) -> ColumnElement[bool]:
    """A condition of the registry in SQL."""
    of = base.c[condition.column]
    if condition.op in {"known", "unknown"}:
        return of.is_not(None) if condition.op == "known" else of.is_(None)
    if condition.op == "one of":
        return of.in_(condition.values)
    return or_(of.is_(None), of.not_in(condition.values))


def _aggregate(asked: Asked, measure: Measure, *, by_account: bool) -> ColumnElement[Any]:
    base = REACH[measure.fact].base
    found: Any
    if measure.kind == "count":
        found = func.count()
    elif measure.kind == "sum":
        value = VALUES[str(measure.value)].in_sql(base, asked.question.weights)
        found = func.sum(value)
    else:
        found = func.count(_distinct(base, str(measure.value), asked, by_account).distinct())
    if measure.conditions:
        found = found.filter(*(holds(base, c) for c in measure.conditions))
    return found  # type: ignore[no-any-return]


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
    value = VALUES[str(measures[0].value)].in_sql(reach.base, asked.question.weights)
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
