"""Sentences of an answer: the explanation of its query, and its warnings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, not_, or_

from core.analytics.compile import Count
from core.analytics.definitions import FACTS
from core.analytics.definitions.testio import BUG_WEIGHT
from core.analytics.filters import Plan, has_value, in_parent, select_rows
from core.analytics.joins import JOINS
from core.analytics.model import Dimension, LeftOut
from core.analytics.parse import Filter, Query
from core.analytics.sql import SqlRunner
from core.base.text import listed

MAX_VALUES = 5


def counts_of(plan: Plan) -> list[Count]:
    """The counts that warn of rows without a value or left out, selected along with the totals."""
    query = plan.query
    grouped = [dimension for dimension in query.dimensions if dimension.key != "account"]
    left_out: dict[tuple[str, LeftOut], list[str]] = {}
    for metric in query.metrics:
        for rows in metric.left_out:
            left_out.setdefault((metric.facts[0], rows), []).append(metric.label)
    return [
        *(_absent(plan, fact, dimension) for fact in query.facts for dimension in grouped),
        *(_left_out(fact, rows, labels) for (fact, rows), labels in left_out.items()),
    ]


def _absent(plan: Plan, key: str, dimension: Dimension) -> Count:
    joins, fact = plan.joins(key), FACTS[key]
    label, is_time = dimension.label.lower(), dimension.kind == "time"
    what = f"date for {fact.clock_words(joins.basis)}" if is_time else label

    def said(n: int) -> str:
        return f"{fact.counted(n)} {_have(n)} no {what}: see the row without {label}."

    name = f"{key}_without_{dimension.key}"
    if dimension.key in joins.bridges:
        return Count(key, name, not_(has_value(plan, joins, joins.bridges[dimension.key])), said)
    # Every day has its periods, so that the calendar need not be joined.
    place = joins.column("day" if is_time else dimension.key)
    return Count(key, name, place.is_(None), said, needs=(place,))


def _left_out(fact: str, rows: LeftOut, labels: Sequence[str]) -> Count:
    def said(n: int) -> str:
        words = rows.words
        if n == 1:
            words = words.replace("are ", "is ", 1).replace(" have ", " has ")
        return f"{FACTS[fact].counted(n)} {words}: left out of {listed(labels)}."

    condition = and_(*(condition.in_sql(JOINS[fact].base) for condition in rows.conditions))
    return Count(fact, "_".join([fact, "that", *rows.words.split()]), condition, said)


def warnings_of(
    runner: SqlRunner, plan: Plan, counted: Mapping[Count, int], shown: int, total_rows: int
) -> Iterable[str]:
    """The warnings of an answer; `counted` has the numbers of `counts_of`."""
    query = plan.query
    for fact in (FACTS[key] for key in query.facts):
        if query.basis not in fact.clocks:
            yield (
                f"The date basis {query.basis} does not apply to {fact.plural}: they are dated by "
                f"{fact.clocks['default']}."
            )
    if shown < total_rows:
        yield (
            f"Only the first {shown:,} of {total_rows:,} rows are listed; the totals cover all of "
            "them."
        )
    yield from (count.said(n) for count, n in counted.items() if n)
    yield from _undated(runner, plan)
    yield from _weightless(runner, plan)


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def _undated(runner: SqlRunner, plan: Plan) -> Iterable[str]:
    """A warning for each fact with rows that no dated query can hold."""
    query = plan.query
    if not query.window.is_dated:
        return
    for fact in query.facts:
        joins = plan.joins(fact)
        clock = joins.clock
        if not clock.nullable:
            continue
        without = clock.is_(None)
        if clock.table in joins.parents:
            child = joins.parents[clock.table]
            without = or_(child.is_(None), in_parent(plan, joins, clock.table, [without]))
        counted = select_rows(plan, fact, [func.count().label("n")], in_window=False)
        n = runner.one(counted.where(without), is_shown=True)["n"]
        if n:
            yield (
                f"{FACTS[fact].counted(n)} {_have(n)} no date for "
                f"{FACTS[fact].clock_words(query.basis)} and {'falls' if n == 1 else 'fall'} "
                "outside the dates asked for."
            )


def _weightless(runner: SqlRunner, plan: Plan) -> Iterable[str]:
    """A warning that names the severities without a weight."""
    query = plan.query
    if not any(metric.measure == BUG_WEIGHT for metric in query.metrics):
        return
    severity = JOINS["bugs"].column("severity")
    columns = severity.label("severity"), func.count().label("n")
    statement = (
        select_rows(plan, "bugs", columns)
        .where(or_(severity.is_(None), severity.not_in(list(query.weights))))
        .group_by(severity)
        .order_by(severity.asc().nulls_last())
    )
    found = [
        f"{'no severity' if row['severity'] is None else row['severity']} ({row['n']:,})"
        for row in runner.rows(statement, is_shown=True)
    ]
    if found:
        yield (
            "Bugs count 0 in the severity score where their severity has no weight: "
            f"{listed(found)}."
        )


def explanation(query: Query, account: str | None, zone: str) -> str:
    """The query in one sentence."""
    parts = [listed(metric.label for metric in query.metrics)]
    if query.dimensions:
        parts[0] += f" by {listed(d.label.lower() for d in query.dimensions)}"
    parts[0] += _dates(query)
    dated = (
        f"{FACTS[fact].plural} by {FACTS[fact].clock_words(query.basis)}" for fact in query.facts
    )
    if query.window.is_dated or query.times:
        parts.append(f"dated {listed(dated)} in {zone}")
    if query.filters:
        parts.append(f"where {listed(_filter(one) for one in query.filters)}")
    parts.append("in every account" if account is None else f"in the account {account}")
    if query.include_zero and query.dimensions:
        parts.append("including those without rows")
    if query.dimensions:
        parts.append(f"sorted by {_sorting(query)}")
        parts.append(f"at most {query.limit:,} rows")
    return ", ".join(parts) + "."


def _dates(query: Query) -> str:
    start, end = query.window.start, query.window.end
    if start and end:
        return f" on {start}" if start == end else f" from {start} to {end}"
    if start:
        return f" from {start} on"
    return f" up to {end}" if end else ""


def _filter(one: Filter) -> str:
    name = f"{one.dimension.label.lower()}{' id' if one.by_id else ''}"
    values = [_value(value) for value in one.values]
    if len(values) > MAX_VALUES:
        more = f"one of {len(values) - MAX_VALUES:,} more"
        values = [*values[:MAX_VALUES], more]
    return f"{name} is {listed(values, 'or')}"


def _value(value: Any) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sorting(query: Query) -> str:
    way = "descending" if query.descending else "ascending"
    if query.sort_by is not None:
        return f"{query.sort_by} {way}"
    times = [f"{d.label.lower()} ascending" for d in query.times]
    return ", then ".join([*times, f"{query.metrics[0].label} {way}"])
