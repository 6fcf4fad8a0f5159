"""Metric queries: the statements of rows and totals, and the answer with its metadata."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import FromClause, Integer, Select, and_, func, literal, null, select

from core.analytics.compile import (
    Count,
    Days,
    branches,
    count_days,
    days_of_window,
    figure,
    join_branches,
    keys_of,
    period_table,
    window_span,
)
from core.analytics.definitions import METRICS, WEEKDAYS
from core.analytics.filters import Plan, resolve
from core.analytics.freshness import data_through, synced_at
from core.analytics.joins import with_label
from core.analytics.parse import Query, parse_query
from core.analytics.sql import Row, SqlRunner
from core.analytics.warnings import counts_of, explanation, warnings_of
from core.analytics.zero_fill import zero_branch
from core.base import clock
from core.store import Scope, Store

COUNT = "total_rows"
# The facts whose tables all stand in the columnar copy.
COPIED = frozenset({"tests", "bugs", "test_features"})


def query_metrics(
    store: Store, *, account: str | None = None, today: date | None = None, **asked: Any
) -> dict[str, Any]:
    """Answer metrics by dimensions over a window of days; `asked` are those of `parse_query`.

    Answers with `data` (a list of rows), `totals` (the figures at no dimension), `metadata`,
    `query_explanation`, `warnings` and `sql`; everything is plain JSON. A row has the dimension's
    key, for an entity also `<key>_id` and the `account_id` in which the id counts. `account` is an
    id, None for every account. `today` is what date phrases count from. Raises QueryError with one
    sentence when the query cannot be answered.
    """
    today = today or clock.today(store.zone)
    return _answer(store, parse_query(today=today, **asked), account, today)


def _answer(store: Store, query: Query, account: str | None, today: date) -> dict[str, Any]:
    started = perf_counter()
    with _planned(store, query, account) as (runner, plan, said):
        data, total_rows = _rows(runner, plan) if query.dimensions else ([], 1)
        counts = counts_of(plan)
        totals = runner.one(totals_statement(runner, plan, counts), is_shown=True)
        if not query.dimensions:
            data = [figures_of(query, totals)]
        counted = {count: totals[count.name] for count in counts}
        warnings = [*said, *warnings_of(runner, plan, counted, len(data), total_rows)]
        metadata = _metadata(runner, plan, today, store.zone)
    metadata["total_rows"] = total_rows
    metadata["query"] = _as_asked(query, account)
    metadata["query_time_ms"] = round((perf_counter() - started) * 1000, 1)
    return {
        "data": data,
        "totals": figures_of(query, totals),
        "metadata": metadata,
        "query_explanation": explanation(query, account, store.zone.key),
        "warnings": warnings,
        "sql": runner.sql(),
    }


def answered(scope: Scope, **asked: Any) -> dict[str, Any]:
    """The answer of `query_metrics` in a scope."""
    return query_metrics(scope.store, account=scope.account, **asked)


def metric_rows(scope: Scope, **asked: Any) -> list[Row]:
    """The `data` of `query_metrics` alone, which is quicker."""
    query = parse_query(today=clock.today(scope.zone), **asked)
    with _planned(scope.store, query, scope.account) as (runner, plan, _):
        return _rows(runner, plan)[0]


def are_of_facts(metrics: Iterable[str]) -> bool:
    """Whether the metrics are counted from `FACT_TABLES` alone."""
    return all(COPIED.issuperset(METRICS[metric].facts) for metric in metrics)


def metric_totals(scope: Scope, **asked: Any) -> dict[str, Any]:
    """The `totals` of `query_metrics` alone, which is quicker."""
    query = parse_query(today=clock.today(scope.zone), **asked)
    with _planned(scope.store, query, scope.account) as (runner, plan, _):
        return figures_of(query, runner.one(totals_statement(runner, plan)))


@contextmanager
def _planned(
    store: Store, query: Query, account: str | None
) -> Iterator[tuple[SqlRunner, Plan, list[str]]]:
    """A runner on one state of the store, the query's plan, and warnings of unknown values."""
    # The columnar copy, where it holds all that the query is about.
    with store.facts(from_copy=COPIED.issuperset(query.facts)) as facts:
        runner = SqlRunner(facts)
        yield runner, *resolve(runner, query, account)


def _rows(runner: SqlRunner, plan: Plan) -> tuple[list[Row], int]:
    """The rows of an answer, and how many there are without the limit."""
    found = runner.rows(rows_statement(runner, plan), is_shown=True)
    total_rows = found[0][COUNT] if found else 0
    return [_row(plan.query, row) for row in found], total_rows


def _metadata(runner: SqlRunner, plan: Plan, today: date, zone: ZoneInfo) -> dict[str, Any]:
    query = plan.query
    through, synced = data_through(runner, plan, today, zone), synced_at(runner, plan)
    return {
        "dimensions_used": [d.key for d in query.dimensions],
        "metrics_used": [m.key for m in query.metrics],
        "data_through": through and through.isoformat(),
        "synced_at": synced and synced.isoformat(),
        "definition_versions": {m.key: m.version for m in query.metrics},
    }


def _as_asked(query: Query, account: str | None) -> dict[str, Any]:
    """The arguments of `query_metrics` for the same answer, with phrases resolved to dates."""
    window = query.window
    return {
        "metrics": [m.key for m in query.metrics],
        "dimensions": list(query.asked_as),
        "filters": {f.key: list(f.values) for f in query.filters},
        "start_date": window.start and window.start.isoformat(),
        "end_date": window.end and window.end.isoformat(),
        "date_basis": query.basis,
        "sort_by": query.sort_by,
        "sort_order": "desc" if query.descending else "asc",
        "limit": query.limit,
        "include_zero": query.include_zero,
        "account": account,
        "with_samples": query.with_samples,
        "severity_weights": dict(query.weights),
    }


def _row(query: Query, row: Row) -> Row:
    """A row of the answer; changes the row that was read."""
    row.pop(COUNT)
    for asked, dimension in zip(query.asked_as, query.dimensions, strict=True):
        value = row[dimension.key]
        if isinstance(value, date):
            value = value.isoformat()
        elif dimension.key == "weekday" and value is not None:
            value = WEEKDAYS[value - 1]
        row[dimension.key] = row[asked] = value
    row.update(figures_of(query, row))
    return row


def figures_of(query: Query, row: Row) -> dict[str, Any]:
    """The metrics of a row as plain int and float, whatever types the database has."""
    shown: dict[str, Any] = {}
    for metric in query.metrics:
        value = row[metric.key]
        if value is not None and (type(value) is not int or not metric.is_whole):
            value = float(value)
            if metric.is_whole or (metric.unit == "points" and value.is_integer()):
                value = int(value)
        shown[metric.key] = value
        if query.with_samples and metric.sample is not None:
            shown[f"{metric.key}_n"] = int(row[f"{metric.key}_n"])
    return shown


def rows_statement(runner: SqlRunner, plan: Plan) -> Select[Any]:
    """The rows with their labels, each with `total_rows`: how many there are without the limit."""
    query = plan.query
    keys = keys_of(query.dimensions)
    found = branches(plan, query.dimensions)
    if query.include_zero:
        span = window_span(runner, plan, dict.fromkeys(query.facts)) if query.times else None
        zero = zero_branch(runner, plan, keys, count_days(plan, span))
        if zero is not None:
            found.append(zero)
    joint = join_branches(found, keys)
    source, days = _with_days(joint, plan, days_of_window(runner, plan))
    figures = (
        select(*(joint.c[name] for name in keys), *_figures(plan, joint, days))
        .select_from(source)
        .subquery("figures")
    )
    return _ordered(plan, keys, figures).limit(query.limit)


def totals_statement(runner: SqlRunner, plan: Plan, counts: Sequence[Count] = ()) -> Select[Any]:
    """The figures at no dimension, and the counts that go along."""
    joint = join_branches(branches(plan, (), counts), ())
    days = days_of_window(runner, plan)
    total = None if days is None else literal(sum(days.values()), Integer)
    return select(*_figures(plan, joint, total), *(joint.c[count.name] for count in counts))


def _with_days(joint: FromClause, plan: Plan, days: Days | None) -> tuple[FromClause, Any]:
    """The source of the figures, and the expression for the days of a row's period."""
    if days is None:
        return joint, None
    times = [d.key for d in plan.query.times]
    if not times:
        return joint, literal(sum(days.values()), Integer)
    if not days:
        return joint, null()
    periods = period_table(plan, days, "window_periods")
    on = and_(*(periods.c[key] == joint.c[key] for key in times))
    return joint.outerjoin(periods, on), periods.c.days


def _figures(plan: Plan, joint: FromClause, days: Any) -> list[Any]:
    found = []
    for metric in plan.query.metrics:
        found.append(figure(metric, joint, days).label(metric.key))
        if plan.query.with_samples and metric.sample is not None:
            found.append(func.coalesce(joint.c[metric.sample.key], 0).label(f"{metric.key}_n"))
    return found


def _ordered(plan: Plan, keys: Collection[str], figures: FromClause) -> Select[Any]:
    source = figures
    labels: dict[str, Any] = {}
    for dimension in plan.query.dimensions:
        if dimension.kind == "entity":
            member, account = figures.c[f"{dimension.key}_id"], figures.c.account_id
            source, labels[dimension.key] = with_label(source, dimension.key, member, account)
        else:
            labels[dimension.key] = figures.c[dimension.key]
    columns = [figures.c["account_id"]] if "account_id" in figures.c else []
    for key, label in labels.items():
        columns += [figures.c[f"{key}_id"]] if f"{key}_id" in figures.c else []
        columns.append(label)
    columns += [c for c in figures.c if c.name not in keys]
    count = func.count().over().label(COUNT)
    statement = select(*columns, count).select_from(source)
    return statement.order_by(*_order(plan, keys, figures, labels))


def _order(
    plan: Plan, keys: Collection[str], figures: FromClause, labels: dict[str, Any]
) -> list[Any]:
    """Plan order first; else time, then the first metric; ties by label, at last by id."""
    query = plan.query
    times = [(labels[d.key], False) for d in query.times]
    if query.sort_by is not None:
        by = dict(zip(query.asked_as, query.dimensions, strict=True))
        name = by[query.sort_by].key if query.sort_by in by else query.sort_by
        first = [(labels.get(name, figures.c.get(name)), query.descending)]
    else:
        first = [*times, (figures.c[query.metrics[0].key], query.descending)]
    rest = [(label, False) for label in labels.values()]
    rest += [(figures.c[name], False) for name in keys]
    order: dict[int, Any] = {}
    for column, descending in [*first, *times, *rest]:
        direction = column.desc() if descending else column.asc()
        order.setdefault(id(column), direction.nulls_last())
    return list(order.values())
