"""Proof of a figure: the rows behind it, and the same figure recomputed from them in Python."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from math import isclose
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, or_, select

from core.analytics.compile import FINISHED, days_of_window, window_span
from core.analytics.dates import Window
from core.analytics.definitions import DIMENSIONS, FACTS, METRICS, WEEKDAYS
from core.analytics.filters import Plan, ResolvedFilter, fact_rows, predicates, resolve, select_rows
from core.analytics.joins import JOINS, with_label
from core.analytics.model import ColumnValue, Dimension, FactRow, Measure, Metric, Weights
from core.analytics.parse import Filter, parse_query, read_limit
from core.analytics.query import figures_of, totals_statement
from core.analytics.sql import Row, SqlRunner
from core.base import clock
from core.base.errors import QueryError
from core.store import Store, TestCycle, table

DEFAULT_ROWS = 100
# Before the name of a column that a measure needs, beside those that a person reads.
RAW = "raw_"

_CYCLE = table(TestCycle)


def explain(
    store: Store,
    result_or_query: Mapping[str, Any],
    row: Mapping[str, Any] | None = None,
    *,
    metric: str,
    limit: int = DEFAULT_ROWS,
    offset: int = 0,
) -> dict[str, Any]:
    """The rows behind one figure of an answer: that of a row of its data, or its total (None).

    Takes an answer of `query_metrics`, or the arguments of one. Answers with `value` (as shown, or
    as it is now), `recomputed` (in plain Python from all the rows), `agrees`, `rows` (a page of
    dicts, each with its `fact` and its contribution, `contributes`), `total_rows`, `metric`,
    `label`, `unit`, `limit`, `offset` and `sql`. Raises QueryError like `query_metrics`.
    """
    is_answer = "metadata" in result_or_query
    request = result_or_query["metadata"]["query"] if is_answer else result_or_query
    figures = result_or_query["totals"] if is_answer and row is None else row
    kept = ("dimensions", "filters", "start_date", "end_date", "date_basis", "severity_weights")
    query = parse_query(
        metrics=[metric],
        today=clock.today(store.zone),
        **{key: request[key] for key in kept if key in request},
    )
    page = range(_offset(offset), offset + read_limit(limit))
    with store.facts(from_copy=False) as facts:
        runner = SqlRunner(facts)
        plan, _ = resolve(runner, query, request.get("account"))
        plan = _pinned(runner, plan, row)
        recount = Recount(METRICS[metric], query.weights)
        rows = _page(runner, plan, recount, page)
        days = days_of_window(runner, plan)
        if figures is not None and metric in figures:
            value = figures[metric]
        else:
            totals = runner.one(totals_statement(runner, plan))
            value = figures_of(plan.query, totals)[metric]
        sql = runner.sql()
    recomputed = recount.figure(sum(days.values()) if days else 0)
    return {
        "metric": metric,
        "label": METRICS[metric].label,
        "unit": METRICS[metric].unit,
        "value": value,
        "recomputed": recomputed,
        "agrees": _agree(value, recomputed),
        "rows": [_row(store, recount, fact, one) for fact, one in rows],
        "total_rows": recount.rows,
        "limit": limit,
        "offset": offset,
        "sql": sql,
    }


def _offset(offset: Any) -> int:
    if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise QueryError(f"The offset is {offset!r}: it is a whole number from 0.")
    return offset


def _pinned(runner: SqlRunner, plan: Plan, row: Mapping[str, Any] | None) -> Plan:
    """The same plan at no dimension, for the rows of one group only (all rows: None)."""
    query, resolved = plan.query, list(plan.filters)
    window, filters = query.window, list(query.filters)
    if query.metrics[0].per == "days":
        # Where no dates are given, the days are those of the whole query and not of the group.
        window = Window(*(window_span(runner, plan, FINISHED) or (window.start, window.end)))
    for dimension in query.dimensions if row is not None else ():
        resolved += _pins(dimension, row or {})
        if dimension.kind == "time":
            value = (row or {})[dimension.key]
            filters.append(Filter(dimension.key, dimension, by_id=False, values=(value,)))
    pinned = replace(query, dimensions=(), asked_as=(), window=window, filters=tuple(filters))
    return Plan(pinned, plan.accounts, resolved)


def _pins(dimension: Dimension, row: Mapping[str, Any]) -> list[ResolvedFilter]:
    """The filters that a row of data makes in a dimension."""
    is_entity = dimension.kind == "entity"
    name = f"{dimension.key}_id" if is_entity else dimension.key
    for needed in (name, "account_id") if is_entity else (name,):
        if needed not in row:
            raise QueryError(f"The row has no {needed}: give a row of the answer's data.")
    value = row[name]
    if dimension.key == "weekday" and value is not None:
        value = WEEKDAYS.index(value) + 1
    elif dimension.key == "day" and value is not None:
        value = date.fromisoformat(value)
    members: dict[str | None, tuple[Any, ...]] = {} if value is None else {None: (value,)}
    found = [ResolvedFilter(dimension, members, takes_none=value is None)]
    if is_entity and dimension.key != "account":
        account: dict[str | None, tuple[Any, ...]] = {None: (row["account_id"],)}
        found.append(ResolvedFilter(DIMENSIONS["account"], account, takes_none=False))
    return found


def _page(runner: SqlRunner, plan: Plan, recount: "Recount", page: range) -> list[tuple[str, Row]]:
    """Add every row to the recount; the rows of a page that runs through the facts in turn."""
    found: list[tuple[str, Row]] = []
    for fact in plan.query.facts:
        start, columns = recount.rows, recount.columns(fact)
        base = JOINS[fact].base
        counted = select_rows(plan, fact, [base.c[name] for name in columns])
        for row in runner.stream(counted.where(*_counts(plan, fact))):
            recount.add(fact, row)
        own = range(max(page.start - start, 0), min(page.stop, recount.rows) - start)
        if own:
            statement = readable_rows(plan, fact, columns).limit(len(own)).offset(own.start)
            found += [(fact, one) for one in runner.rows(statement, is_shown=True)]
    return found


def _row(store: Store, recount: "Recount", fact: str, row: Row) -> dict[str, Any]:
    raw = {name.removeprefix(RAW): row.pop(name) for name in [*row] if name.startswith(RAW)}
    for name, value in row.items():
        if isinstance(value, datetime):
            row[name] = value.astimezone(store.zone).isoformat()
        elif isinstance(value, date):
            row[name] = value.isoformat()
    return {"fact": FACTS[fact].singular, **row, "contributes": recount.contribution(fact, raw)}


def _agree(value: float | None, recomputed: float | None) -> bool:
    if value is None or recomputed is None:
        return value is recomputed
    return isclose(value, recomputed, rel_tol=1e-9, abs_tol=1e-9)


class Recount:
    """A metric computed row by row in Python; `rows` is the number of rows added."""

    def __init__(self, metric: Metric, weights: Weights) -> None:
        self._metric = metric
        self._measures = {
            fact: [m for m in metric.measures() if m.fact == fact] for fact in metric.facts
        }
        self._weights = weights
        self._sums: dict[str, float] = defaultdict(int)
        self._members: dict[str, set[Any]] = defaultdict(set)
        self._values: dict[str, list[float]] = defaultdict(list)
        self.rows = 0

    def columns(self, fact: str) -> list[str]:
        """The columns of a fact's table that a row must have to be added."""
        found = ["account_id"]
        for measure in self._measures[fact]:
            found += [name for condition in measure.conditions for name in condition.columns]
            found += measure.value.columns if measure.value else ()
        return list(dict.fromkeys(found))

    def add(self, fact: str, row: FactRow) -> None:
        """Add a row of a fact to every measure whose conditions it meets."""
        self.rows += 1
        for measure in self._measures[fact]:
            if not measure.holds(row):
                continue
            if measure.value is not None:
                units = measure.value.in_python(row, self._weights)
                if measure.kind == "sum":
                    self._sums[measure.key] += units
                else:
                    self._values[measure.key].append(_scaled(measure.value, units))
            elif measure.kind == "count":
                self._sums[measure.key] += 1
            else:
                self._members[measure.key].add((row["account_id"], row[measure.column]))

    def contribution(self, fact: str, row: FactRow) -> float | None:
        """What a row adds to the metric's numerator; None where rows do not simply add up."""
        measure = self._metric.measure
        if measure.fact != fact or measure.kind == "distinct":
            return None
        if not measure.holds(row):
            return 0
        if measure.value is None:
            return 1
        return _scaled(measure.value, measure.value.in_python(row, self._weights))

    def figure(self, days: int) -> float | None:
        """The metric; `days` is the number of days in the window."""
        top, per = self._tally(self._metric.measure), self._metric.per
        if per is None or top is None:
            return top
        bottom = days if per == "days" else self._tally(per)
        return top / bottom if bottom else None

    def _tally(self, measure: Measure) -> float | None:
        if measure.kind == "distinct":
            return len(self._members[measure.key])
        if measure.kind == "quantile":
            values = self._values[measure.key]
            # Linear between closest ranks: Hyndman and Fan 1996, type 7.
            return float(np.percentile(values, measure.percent)) if values else None
        total = self._sums[measure.key]
        return total if measure.value is None else _scaled(measure.value, total)


def _scaled(value: ColumnValue, units: float) -> float:
    return units if value.per == 1 else units / value.per


def readable_rows(plan: Plan, fact: str, columns: Iterable[str]) -> Select[Any]:
    """The rows that count, with labels for their ids, in the order of their keys."""
    joins = plan.joins(fact)
    base = joins.base
    found: list[Any] = [base.c.account_id, *(base.c[name] for name in FACTS[fact].columns)]
    found.append(joins.clock.label("day"))
    if fact in {"bugs", "test_features"}:
        found.append(_CYCLE.c.title.label("cycle"))
    own = [d for d in DIMENSIONS.values() if d.key in {"account", *joins.columns}]
    columns_of = {d.key: joins.column(d.key) for d in own}
    source = fact_rows(plan, fact, needs=columns_of.values())
    for dimension in own:
        column = columns_of[dimension.key]
        if dimension.kind == "attribute":
            found.append(column.label(dimension.key))
        else:
            source, label = with_label(source, dimension.key, column, base.c.account_id)
            found += [] if dimension.key == "account" else [column.label(f"{dimension.key}_id")]
            found.append(label)
    found += [base.c[name].label(f"{RAW}{name}") for name in columns]
    return (
        select(*dict.fromkeys(found))
        .select_from(source)
        .where(*predicates(plan, fact), *_counts(plan, fact))
        .order_by(*base.primary_key)
    )


def _counts(plan: Plan, fact: str) -> list[ColumnElement[bool]]:
    """A row meets all conditions of any measure; nothing where one measure has no conditions."""
    own = [m for m in plan.query.measures if m.fact == fact]
    if not all(m.conditions for m in own):
        return []
    return [or_(*(and_(*m.predicates(JOINS[fact].base)) for m in own))]
