"""Compile a plan to SQL: each fact is aggregated alone, then the aggregates are joined."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    String,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    union_all,
    values,
)

from core.analytics.dates import Span, days_by_period
from core.analytics.definitions import WEEKDAYS
from core.analytics.definitions.platform import RUNS_FINISHED
from core.analytics.filters import Plan, select_rows
from core.analytics.joins import JOINS
from core.analytics.model import Dimension, Measure, Metric
from core.analytics.sql import SqlRunner, ratio, without_index
from core.base.errors import QueryError

MAX_PERIODS = 30_000
# What is counted per day: its days run from the first to the last such row.
FINISHED = {"enhancements": RUNS_FINISHED}

Days = Counter[tuple[Any, ...]]


@dataclass(frozen=True, eq=False)
class Count:
    """A number of rows that goes along with a fact's figures, and its warning.

    `needs` are the columns that the condition looks at.
    """

    fact: str
    name: str
    condition: ColumnElement[bool]
    said: Callable[[int], str]
    needs: tuple[Any, ...] = ()


def keys_of(dimensions: Iterable[Dimension]) -> dict[str, str]:
    """The dimension of each column to group by; an id counts only within its account."""
    dimensions = tuple(dimensions)
    keys = {"account_id": "account"} if any(d.kind == "entity" for d in dimensions) else {}
    return keys | {f"{d.key}_id" if d.kind == "entity" else d.key: d.key for d in dimensions}


def _aggregate(plan: Plan, measure: Measure, *, by_account: bool) -> ColumnElement[Any]:
    base, value = JOINS[measure.fact].base, measure.value
    found: ColumnElement[Any]
    if value is not None:
        found = func.sum(value.in_sql(base, plan.query.weights))
    elif measure.kind == "count":
        found = func.count()
    else:
        member: Any = base.c[measure.column]
        if not by_account and len(plan.accounts) > 1:
            # The same id in two accounts is two members.
            member = base.c.account_id + literal_column("':'") + cast(member, String)
        found = func.count(member.distinct())
    if measure.conditions:
        found = found.filter(*measure.predicates(base))
    return found if value is None else value.scaled(found)


def branches(
    plan: Plan, dimensions: Sequence[Dimension], counts: Sequence[Count] = ()
) -> list[Select[Any]]:
    """One aggregate of each fact, and one for each value whose quantiles are asked for.

    `counts` are columns that go along with a fact's aggregate.
    """
    found = []
    measures = plan.query.measures
    for fact in plan.query.facts:
        plain = [m for m in measures if m.fact == fact and m.kind != "quantile"]
        # Groups are those of all rows of the fact, not only of those that a quantile is taken of.
        own = [count for count in counts if count.fact == fact]
        if plain or own or dimensions:
            found.append(_plain_branch(plan, fact, plain, dimensions, own))
        ranked: dict[Any, list[Measure]] = {}
        for m in measures:
            if m.fact == fact and m.kind == "quantile":
                ranked.setdefault((m.value, m.conditions), []).append(m)
        found += [_ranked_branch(plan, fact, group, dimensions) for group in ranked.values()]
    return found


def _plain_branch(
    plan: Plan,
    fact: str,
    measures: Sequence[Measure],
    dimensions: Sequence[Dimension],
    counts: Sequence[Count],
) -> Select[Any]:
    keys = keys_of(dimensions)
    by_account = "account_id" in keys
    figures = [_aggregate(plan, m, by_account=by_account).label(m.key) for m in measures]
    figures += [func.count().filter(count.condition).label(count.name) for count in counts]
    places = _places(plan, fact, keys)
    columns = [place.label(name) for name, place in places.items()]
    needs = [column for count in counts for column in count.needs]
    rows = select_rows(plan, fact, [*columns, *figures], grouped=dimensions, needs=needs)
    return rows.group_by(*(p for p in places.values() if not isinstance(p, BindParameter)))


def _places(plan: Plan, fact: str, keys: Mapping[str, str]) -> dict[str, ColumnElement[Any]]:
    """The columns of a fact to group by; the account is no column where there is only one."""
    joins = plan.joins(fact)
    found: dict[str, ColumnElement[Any]] = {
        name: without_index(joins.column(key)) for name, key in keys.items()
    }
    if len(found) > 1 and "account_id" in found and len(plan.accounts) == 1:
        return found | {"account_id": literal(plan.accounts[0], String)}
    return found


def _ranked_branch(
    plan: Plan, fact: str, measures: Sequence[Measure], dimensions: Sequence[Dimension]
) -> Select[Any]:
    """Quantiles by linear interpolation between closest ranks (Hyndman and Fan 1996, type 7)."""
    joins = plan.joins(fact)
    keys = keys_of(dimensions)
    places = [joins.column(key) for key in keys.values()]
    ranked_by = measures[0].value
    assert ranked_by is not None
    value = ranked_by.scaled(ranked_by.in_sql(joins.base, plan.query.weights))
    columns = [
        *(place.label(name) for name, place in zip(keys, places, strict=True)),
        value.label("value"),
        func.row_number().over(partition_by=places or None, order_by=value).label("rank"),
        func.count().over(partition_by=places or None).label("size"),
    ]
    rows = select_rows(plan, fact, columns, grouped=dimensions)
    ranked = rows.where(*measures[0].predicates(joins.base)).subquery("ranked")
    group = [ranked.c[name] for name in keys]
    quantiles = [_quantile(ranked, m.percent).label(m.key) for m in measures]
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


def join_branches(found: Sequence[Select[Any]], group: Collection[str]) -> FromClause:
    """The branches side by side: padded, stacked, and grouped by columns, nulls included."""
    if len(found) == 1:
        return found[0].subquery("joint")
    own = [branch.subquery() for branch in found]
    types = {c.name: c.type for branch in own for c in branch.c if c.name not in group}
    stacked = union_all(
        *(
            select(
                *(branch.c[name] for name in group),
                *(branch.c.get(name, cast(null(), types[name]).label(name)) for name in types),
            )
            for branch in own
        )
    ).subquery("facts")
    columns = [stacked.c[name] for name in group]
    figures = [func.max(stacked.c[name]).label(name) for name in types]
    return select(*columns, *figures).group_by(*columns).subquery("joint")


def figure(metric: Metric, joint: FromClause, days: ColumnElement[Any] | None) -> Any:
    """A metric from the joint measures; a ratio is null where there is nothing to divide by."""
    top: Any = joint.c[metric.measure.key]
    if metric.measure.kind in {"count", "distinct"} or metric.unit == "points":
        top = func.coalesce(top, 0)
    if metric.per is None:
        return top
    bottom = days if metric.per == "days" else joint.c[metric.per.key]
    return ratio(top, func.nullif(bottom, 0))


def window_span(runner: SqlRunner, plan: Plan, rows: Mapping[str, Measure | None]) -> Span | None:
    """The window, its open sides taken from the rows of facts, or those of a measure of each."""
    window = plan.query.window
    if window.days is not None:
        return window.within(None)
    known = [span for row in rows.items() if (span := _rows_span(runner, plan, *row))]
    return window.within((min(a for a, _ in known), max(b for _, b in known)) if known else None)


def days_of_window(runner: SqlRunner, plan: Plan) -> Days | None:
    """The days that runs are counted per, by period; None where no metric is per day."""
    if not any(metric.per == "days" for metric in plan.query.metrics):
        return None
    return count_days(plan, window_span(runner, plan, FINISHED))


def _rows_span(runner: SqlRunner, plan: Plan, fact: str, measure: Measure | None) -> Span | None:
    joins = plan.joins(fact)
    clock = joins.clock
    ends = func.min(clock).label("first"), func.max(clock).label("last")
    conditions = measure.predicates(joins.base) if measure else ()
    row = runner.one(select_rows(plan, fact, ends, needs=[clock]).where(*conditions))
    return None if row["first"] is None else (row["first"], row["last"])


def count_days(plan: Plan, span: Span | None) -> Days:
    """How many days of the span fall into each period that is grouped by."""
    if span is None:
        return Counter()
    timed = [f for f in plan.query.filters if f.dimension.kind == "time"]

    def passes(row: Mapping[str, Any]) -> bool:
        return all(_shown(row, f.dimension.key) in f.values for f in timed)

    return days_by_period(span, (d.key for d in plan.query.times), passes)


def _shown(row: Mapping[str, Any], key: str) -> str:
    if key == "weekday":
        return WEEKDAYS[row[key] - 1]
    return row[key].isoformat() if key == "day" else str(row[key])


def period_table(plan: Plan, days: Days, name: str) -> CTE:
    """A table of the periods grouped by, with a column `days`."""
    keys = [d.key for d in plan.query.times]
    if len(days) * len(keys) > MAX_PERIODS:
        raise QueryError(
            f"The dates span {len(days):,} periods, too many to list each: "
            "group by a longer period or narrow the dates."
        )
    types: Mapping[str, Any] = {"day": Date, "weekday": Integer}
    columns: list[Any] = [column(key, types.get(key, String)) for key in keys]
    # The numbers of days are our own and need no place among the bound values.
    rows = [(*period, literal_column(str(n), Integer)) for period, n in days.items()]
    return values(*columns, column("days", Integer), name=name).data(rows).cte(name)
