"""The periods of a query as a table: each with the number of its days that were asked for."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import CTE, Date, Integer, String, column, func, literal_column, select, values

from core.analytics.dates import Span, days_by_period
from core.analytics.definitions.dimensions import WEEKDAYS
from core.analytics.definitions.measures import MEASURES
from core.analytics.joins import REACH
from core.analytics.model import Measure
from core.analytics.predicates import Asked, conditions, fact_rows, holds
from core.analytics.sql import SqlRunner
from core.base.errors import QueryError

MAX_PERIODS = 30_000

Days = Counter[tuple[Any, ...]]


def rows_span(runner: SqlRunner, asked: Asked) -> Span | None:
    """The window, its open sides taken from the first and last row of the facts asked for."""
    window = asked.question.window
    if window.start is not None and window.end is not None:
        return window.within(None)
    spans = [found for fact in asked.question.facts if (found := _span(runner, asked, fact))]
    return window.within(
        (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None
    )


def finished_span(runner: SqlRunner, asked: Asked) -> Span | None:
    """The window, its open sides taken from the first and last enhancement run that finished."""
    window = asked.question.window
    if window.start is not None and window.end is not None:
        return window.within(None)
    return window.within(_span(runner, asked, "enhancements", MEASURES["runs_finished"]))


def days_of_window(runner: SqlRunner, asked: Asked) -> Days | None:
    """The days that runs are counted per, by period; None where no metric is per day."""
    if not any(metric.per == "days" for metric in asked.question.metrics):
        return None
    return count_days(asked, finished_span(runner, asked))


def _span(
    runner: SqlRunner, asked: Asked, fact: str, measure: Measure | None = None
) -> Span | None:
    reach = REACH[fact]
    clock = reach.clock(asked.question.basis)
    statement = (
        select(func.min(clock).label("first"), func.max(clock).label("last"))
        .select_from(fact_rows(asked, fact, clocked=True))
        .where(*conditions(asked, fact))
        .where(*(holds(reach.base, c) for c in (measure.conditions if measure else ())))
    )
    row = runner.one(statement)
    return None if row["first"] is None else (row["first"], row["last"])


def count_days(asked: Asked, span: Span | None) -> Days:
    """How many days of the span fall into each period that is grouped by."""
    if span is None:
        return Counter()
    timed = [f for f in asked.question.filters if f.dimension.kind == "time"]

    def lets(row: Mapping[str, Any]) -> bool:
        return all(_shown(row, f.dimension.key) in f.values for f in timed)

    return days_by_period(span, (d.key for d in asked.question.times), lets)


def _shown(row: Mapping[str, Any], key: str) -> str:
    if key == "weekday":
        return WEEKDAYS[row[key] - 1]
    return row[key].isoformat() if key == "day" else str(row[key])


def period_table(asked: Asked, days: Days, name: str) -> CTE:
    """A table of the periods grouped by, with a column `days`."""
    keys = [d.key for d in asked.question.times]
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
