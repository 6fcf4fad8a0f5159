"""Answering a metric query."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from time import perf_counter
from typing import Any

from sqlalchemy import RowMapping

from core.analytics.answer import COUNT, rows_statement, totals_statement
from core.analytics.conditions import Asked
from core.analytics.newest import data_through, synced_at
from core.analytics.notices import counts_of, notices
from core.analytics.question import Question, read_question
from core.analytics.reader import Reader
from core.analytics.registry import WEEKDAYS
from core.analytics.wanted import read_scope, resolve
from core.analytics.words import explanation
from core.store import Store

__all__ = ["figures_of", "query_metrics"]


def query_metrics(
    store: Store,
    *,
    metrics: Sequence[str] | str,
    dimensions: Sequence[str] | str = (),
    filters: Mapping[str, Any] | None = None,
    start_date: str | date | None = None,
    end_date: str | date | None = None,
    date_basis: str = "default",
    sort_by: str | None = None,
    sort_order: str = "desc",
    limit: int | None = None,
    include_zero: bool = False,
    account: str | None = None,
    with_samples: bool = False,
    severity_weights: Mapping[str, float] | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """Answer metrics by dimensions over a window of days.

    Answers with `data` (a list of rows), `totals` (the figures at no dimension), `metadata`,
    `query_explanation`, `warnings` and `sql`; everything is plain JSON. A row has the dimension's
    key, for an entity also `<key>_id` and the `account_id` in which the id counts. `account` is an
    id, None for every account. `with_samples` adds `<metric>_n`, the number of observations behind
    a rate, mean or quantile. `today` is what date phrases count from. Raises QueryError with one
    sentence when the query cannot be answered as asked.
    """
    started = perf_counter()
    today = today or datetime.now(store.zone).date()
    question = read_question(
        metrics=metrics,
        dimensions=dimensions,
        filters=filters,
        start_date=start_date,
        end_date=end_date,
        date_basis=date_basis,
        sort_by=sort_by,
        sort_order=sort_order,
        limit=limit,
        include_zero=include_zero,
        with_samples=with_samples,
        severity_weights=severity_weights,
        today=today,
    )
    result = _answer(store, question, account, today)
    result["metadata"]["query_time_ms"] = round((perf_counter() - started) * 1000, 1)
    return result


def _answer(store: Store, question: Question, account: str | None, today: date) -> dict[str, Any]:
    with store.read() as session:
        reader = Reader(session.connection())
        scope = read_scope(reader, account)
        wanted, warnings = resolve(reader, question, scope)
        asked = Asked(question, scope, wanted)
        found = reader.rows(rows_statement(reader, asked), is_shown=True)
        totals = reader.one(totals_statement(reader, asked, counts_of(asked)), is_shown=True)
        total_rows = found[0][COUNT] if found else 0
        warnings += notices(reader, asked, totals, len(found), total_rows)
        metadata = _metadata(reader, asked, today) | {
            "total_rows": total_rows,
            "query": _as_asked(question, account),
        }
        sql = reader.sql()
    return {
        "data": [_row(question, row) for row in found],
        "totals": figures_of(question, totals),
        "metadata": metadata,
        "query_explanation": explanation(question, account, store.zone.key),
        "warnings": warnings,
        "sql": sql,
    }


def _metadata(reader: Reader, asked: Asked, today: date) -> dict[str, Any]:
    question = asked.question
    through, synced = data_through(reader, asked, today), synced_at(reader, asked)
    return {
        "dimensions_used": [d.key for d in question.dimensions],
        "metrics_used": [m.key for m in question.metrics],
        "data_through": through and through.isoformat(),
        "synced_at": synced and synced.isoformat(),
        "definition_versions": {m.key: m.version for m in question.metrics},
    }


def _as_asked(question: Question, account: str | None) -> dict[str, Any]:
    """The query once more, its phrases resolved: `query_metrics` answers the same to it."""
    window = question.window
    return {
        "metrics": [m.key for m in question.metrics],
        "dimensions": list(question.asked_as),
        "filters": {f.key: list(f.values) for f in question.filters},
        "start_date": window.start and window.start.isoformat(),
        "end_date": window.end and window.end.isoformat(),
        "date_basis": question.basis,
        "sort_by": question.sort_by,
        "sort_order": "desc" if question.descending else "asc",
        "limit": question.limit,
        "include_zero": question.include_zero,
        "account": account,
        "with_samples": question.with_samples,
        "severity_weights": dict(question.weights),
    }


def _row(question: Question, row: RowMapping) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != COUNT}
    for asked, dimension in zip(question.asked_as, question.dimensions, strict=True):
        value = shown[dimension.key]
        if isinstance(value, date):
            value = value.isoformat()
        elif dimension.key == "weekday" and value is not None:
            value = WEEKDAYS[value - 1]
        shown[dimension.key] = shown[asked] = value
    return shown | figures_of(question, row)


def figures_of(question: Question, row: RowMapping) -> dict[str, Any]:
    """The metrics of a row as plain numbers, whatever types the database has for them."""
    shown: dict[str, Any] = {}
    for metric in question.metrics:
        value = row[metric.key]
        if value is not None:
            number = float(value)
            is_whole = metric.is_whole or (metric.unit == "points" and number.is_integer())
            value = int(value) if is_whole else number
        shown[metric.key] = value
        if f"{metric.key}_n" in row:
            shown[f"{metric.key}_n"] = int(row[f"{metric.key}_n"])
    return shown
