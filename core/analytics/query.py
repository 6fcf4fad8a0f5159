"""Answering a metric query."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from time import perf_counter
from typing import Any

from core.analytics.answer import COUNT, rows_statement, totals_statement
from core.analytics.definitions.dimensions import WEEKDAYS
from core.analytics.filters import read_scope, resolve
from core.analytics.freshness import data_through, synced_at
from core.analytics.predicates import Asked
from core.analytics.question import Question, read_question
from core.analytics.registry import METRICS, facts_of
from core.analytics.sql import Row, SqlRunner
from core.analytics.warnings import counts_of, notices
from core.analytics.words import explanation
from core.base import clock
from core.store import Scope, Store

# The facts whose tables all stand in the columnar copy.
COPIED = frozenset({"tests", "bugs", "test_features"})


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
    today = today or clock.today(store.zone)
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
    with _asking(store, question, account) as (runner, asked, said):
        data, total_rows = _rows(runner, asked) if question.dimensions else ([], 1)
        totals = runner.one(totals_statement(runner, asked, counts_of(asked)), is_shown=True)
        if not question.dimensions:
            data = [figures_of(question, totals)]
        warnings = [*said, *notices(runner, asked, totals, len(data), total_rows)]
        metadata = _metadata(runner, asked, today)
    metadata["total_rows"] = total_rows
    metadata["query"] = _as_asked(question, account)
    metadata["query_time_ms"] = round((perf_counter() - started) * 1000, 1)
    return {
        "data": data,
        "totals": figures_of(question, totals),
        "metadata": metadata,
        "query_explanation": explanation(question, account, store.zone.key),
        "warnings": warnings,
        "sql": runner.sql(),
    }


def answered(scope: Scope, **asked: Any) -> dict[str, Any]:
    """Answer `query_metrics` in a scope."""
    return query_metrics(scope.store, account=scope.account, **asked)


def metric_rows(scope: Scope, **asked: Any) -> list[Row]:
    """The `data` that `query_metrics` would answer with, without what else it takes time to say."""
    question = read_question(today=clock.today(scope.zone), **asked)
    with _asking(scope.store, question, scope.account) as (runner, meant, _):
        return _rows(runner, meant)[0]


def are_of_facts(metrics: Iterable[str]) -> bool:
    """Whether the metrics are counted from `FACT_TABLES` alone."""
    return all(COPIED.issuperset(facts_of(METRICS[metric])) for metric in metrics)


def metric_totals(scope: Scope, **asked: Any) -> dict[str, Any]:
    """The `totals` that `query_metrics` would answer with, alone."""
    question = read_question(today=clock.today(scope.zone), **asked)
    with _asking(scope.store, question, scope.account) as (runner, meant, _):
        return figures_of(question, runner.one(totals_statement(runner, meant, counts_of(meant))))


@contextmanager
def _asking(
    store: Store, question: Question, account: str | None
) -> Iterator[tuple[SqlRunner, Asked, list[str]]]:
    """A runner of one state of the store, what the question means there, and first warnings."""
    # The columnar copy, where it holds all that the question is about.
    copied = COPIED.issuperset(question.facts)
    with store.read() as session, store.read_facts(session) if copied else nullcontext() as copy:
        runner = SqlRunner(session.connection(), copy)
        scope = read_scope(runner, account)
        wanted, warnings = resolve(runner, question, scope)
        yield runner, Asked(question, scope, wanted), warnings


def _rows(runner: SqlRunner, asked: Asked) -> tuple[list[Row], int]:
    """The rows of an answer, and how many there are without the limit."""
    found = runner.rows(rows_statement(runner, asked), is_shown=True)
    total_rows = found[0][COUNT] if found else 0
    return [_row(asked.question, row) for row in found], total_rows


def _metadata(runner: SqlRunner, asked: Asked, today: date) -> dict[str, Any]:
    question = asked.question
    through, synced = data_through(runner, asked, today), synced_at(runner, asked)
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


def _row(question: Question, row: Row) -> Row:
    """A row as it is answered; changes the row that was read."""
    row.pop(COUNT)
    for asked, dimension in zip(question.asked_as, question.dimensions, strict=True):
        value = row[dimension.key]
        if isinstance(value, date):
            value = value.isoformat()
        elif dimension.key == "weekday" and value is not None:
            value = WEEKDAYS[value - 1]
        row[dimension.key] = row[asked] = value
    row.update(figures_of(question, row))
    return row


def figures_of(question: Question, row: Row) -> dict[str, Any]:
    """The metrics of a row as plain numbers, whatever types the database has for them."""
    shown: dict[str, Any] = {}
    for metric in question.metrics:
        value = row[metric.key]
        if value is not None and (type(value) is not int or not metric.is_whole):
            value = float(value)
            if metric.is_whole or (metric.unit == "points" and value.is_integer()):
                value = int(value)
        shown[metric.key] = value
        if question.with_samples and metric.sample is not None:
            shown[f"{metric.key}_n"] = int(row[f"{metric.key}_n"])
    return shown
