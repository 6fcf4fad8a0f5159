"""The rows behind a figure, and the figure once more from those rows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from math import isclose
from typing import Any

from core.analytics.answer import totals_statement
from core.analytics.dates import Window
from core.analytics.definitions.dimensions import DIMENSIONS, FACTS, WEEKDAYS
from core.analytics.drilldown import RAW, measured_rows, readable_rows
from core.analytics.filters import Wanted, read_scope, resolve
from core.analytics.model import Dimension
from core.analytics.periods import days_of_window, finished_span
from core.analytics.predicates import Asked
from core.analytics.query import figures_of
from core.analytics.question import Filter, Question, read_limit, read_question
from core.analytics.registry import METRICS, measures_of
from core.analytics.sql import Row, SqlRunner
from core.analytics.verify import Recount
from core.base import clock
from core.base.errors import QueryError
from core.store import Store

DEFAULT_ROWS = 100


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

    Takes an answer of `query_metrics`, or what it was asked. Answers with `value` (as it was
    shown, or as it is now), `recomputed` (in plain Python from all the rows), `agrees`, `rows`
    (a page of dicts, each with its `fact` and what it `contributes`), `total_rows`, `metric`,
    `label`, `unit`, `limit`, `offset` and `sql`. Raises QueryError like `query_metrics`.
    """
    is_answer = "metadata" in result_or_query
    query = result_or_query["metadata"]["query"] if is_answer else result_or_query
    figures = result_or_query["totals"] if is_answer and row is None else row
    question = _question(query, metric, today=clock.today(store.zone))
    wanted = range(_offset(offset), offset + read_limit(limit))
    with store.read() as session:
        runner = SqlRunner(session.connection())
        asked = _asked(runner, question, query.get("account"), row)
        recount = Recount(METRICS[metric], question.weights)
        rows = _page(runner, asked, recount, _add_all(runner, asked, recount), wanted)
        days = days_of_window(runner, asked)
        is_shown = figures is not None and metric in figures
        value = (figures or {})[metric] if is_shown else _now(runner, asked, metric)
        sql = runner.sql()
    recomputed = recount.figure(sum(days.values()) if days else 0)
    return {
        "metric": metric,
        "label": METRICS[metric].label,
        "unit": METRICS[metric].unit,
        "value": value,
        "recomputed": recomputed,
        "agrees": _agree(value, recomputed),
        "rows": [_shown(store, recount, fact, one) for fact, one in rows],
        "total_rows": recount.rows,
        "limit": limit,
        "offset": offset,
        "sql": sql,
    }


def _asked(
    runner: SqlRunner, question: Question, account: str | None, row: Mapping[str, Any] | None
) -> Asked:
    scope = read_scope(runner, account)
    wanted, _ = resolve(runner, question, scope)
    return _pinned(runner, Asked(question, scope, wanted), row)


def _question(query: Mapping[str, Any], metric: str, today: date) -> Question:
    """The query for one metric, with all that decides which rows count."""
    kept = ("dimensions", "filters", "start_date", "end_date", "date_basis", "severity_weights")
    asked = {key: query[key] for key in kept if key in query}
    return read_question(metrics=[metric], today=today, **asked)


def _offset(offset: Any) -> int:
    if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise QueryError(f"The offset is {offset!r}: it is a whole number from 0.")
    return offset


def _pinned(runner: SqlRunner, asked: Asked, row: Mapping[str, Any] | None) -> Asked:
    """The same question at no dimension, for the rows of one group only (all rows: None)."""
    question, wanted = asked.question, list(asked.wanted)
    window, filters = question.window, list(question.filters)
    if question.metrics[0].per == "days":
        # Where no dates are given, the days are those of the whole query and not of the group.
        window = Window(*(finished_span(runner, asked) or (window.start, window.end)))
    for dimension in question.dimensions if row is not None else ():
        wanted += _pins(dimension, row or {})
        if dimension.kind == "time":
            value = (row or {})[dimension.key]
            filters.append(Filter(dimension.key, dimension, by_id=False, values=(value,)))
    pinned = replace(question, dimensions=(), asked_as=(), window=window, filters=tuple(filters))
    return Asked(pinned, asked.scope, wanted)


def _pins(dimension: Dimension, row: Mapping[str, Any]) -> list[Wanted]:
    """What a row of data says of a dimension, as conditions."""
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
    found = [Wanted(dimension, members, takes_none=value is None)]
    if is_entity and dimension.key != "account":
        account: dict[str | None, tuple[Any, ...]] = {None: (row["account_id"],)}
        found.append(Wanted(DIMENSIONS["account"], account, takes_none=False))
    return found


def _now(runner: SqlRunner, asked: Asked, metric: str) -> Any:
    totals = runner.one(totals_statement(runner, asked, {}))
    return figures_of(asked.question, totals)[metric]


def _add_all(runner: SqlRunner, asked: Asked, recount: Recount) -> dict[str, int]:
    """Add every row, and say how many each fact has."""
    sizes = {}
    measures = measures_of(asked.question.metrics[0])
    for fact in asked.question.facts:
        before = recount.rows
        for row in runner.stream(measured_rows(asked, fact, measures, recount.columns(fact))):
            recount.add(fact, row)
        sizes[fact] = recount.rows - before
    return sizes


def _page(
    runner: SqlRunner,
    asked: Asked,
    recount: Recount,
    sizes: Mapping[str, int],
    wanted: range,
) -> list[tuple[str, Row]]:
    """The rows of a page that runs through the facts, one after the other."""
    found: list[tuple[str, Row]] = []
    measures = measures_of(asked.question.metrics[0])
    start = 0
    for fact, size in sizes.items():
        own = range(max(wanted.start - start, 0), min(wanted.stop - start, size))
        if own:
            statement = readable_rows(asked, fact, measures, recount.columns(fact))
            rows = runner.rows(statement.limit(len(own)).offset(own.start), is_shown=True)
            found += [(fact, row) for row in rows]
        start += size
    return found


def _shown(store: Store, recount: Recount, fact: str, row: Row) -> dict[str, Any]:
    raw = {name.removeprefix(RAW): v for name, v in row.items() if name.startswith(RAW)}
    read = {name: _plain(store, v) for name, v in row.items() if not name.startswith(RAW)}
    return {"fact": FACTS[fact].singular, **read, "contributes": recount.contribution(fact, raw)}


def _plain(store: Store, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(store.zone).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _agree(value: float | None, recomputed: float | None) -> bool:
    if value is None or recomputed is None:
        return value is recomputed
    return isclose(value, recomputed, rel_tol=1e-9, abs_tol=1e-9)
