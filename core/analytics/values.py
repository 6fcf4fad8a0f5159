"""The numbers that are summed or ranked, each once for SQL and once for Python."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Double, RowMapping, Table, case, cast, literal

from core.analytics.sql import epoch_microseconds

MICROSECOND = timedelta(microseconds=1)
Weights = Mapping[str, float]
Row = Mapping[str, Any] | RowMapping


def ratio(top: Any, bottom: Any) -> ColumnElement[Any]:
    """A division of whole numbers that does not cut, written as plainly as that."""
    return cast(top, Double).op("/", precedence=8, return_type=Double())(cast(bottom, Double))


@dataclass(frozen=True)
class Value:
    """A number of a fact's row; `columns` are what Python needs to have read for it.

    It is taken in the small units of which `per` make one: these are whole, so that their sums are
    exact, in whatever order they are added.
    """

    columns: tuple[str, ...]
    in_sql: Callable[[Table, Weights], ColumnElement[Any]]
    in_python: Callable[[Row, Weights], float]
    per: int = 1

    def scaled(self, amount: Any) -> Any:
        """An amount of small units, in SQL, in the unit of the value."""
        return amount if self.per == 1 else ratio(amount, literal(self.per))


def _between(start: str, end: str, seconds: int) -> Value:
    return Value(
        columns=(start, end),
        in_sql=lambda t, _: epoch_microseconds(t.c[end]) - epoch_microseconds(t.c[start]),
        in_python=lambda row, _: (row[end] - row[start]) // MICROSECOND,
        per=seconds * 1_000_000,
    )


def _column(name: str) -> Value:
    return Value(
        columns=(name,),
        in_sql=lambda t, _: t.c[name],
        in_python=lambda row, _: float(row[name]),
    )


VALUES: Mapping[str, Value] = {
    "hours": _between("start_at", "end_at", 3600),
    "resolution_minutes": _between("opened_at", "resolved_at", 60),
    "processing_seconds": Value(
        columns=("processing_time_ms",),
        in_sql=lambda t, _: t.c.processing_time_ms,
        in_python=lambda row, _: row["processing_time_ms"],
        per=1000,
    ),
    "rating": _column("rating"),
    "overall": _column("overall"),
    "renewal": _column("renewal"),
    "minutes_saved": _column("minutes_saved"),
    "severity_weight": Value(
        columns=("severity",),
        in_sql=lambda t, weights: (
            case(*((t.c.severity == key, literal(n)) for key, n in weights.items()), else_=0)
            if weights
            else literal(0)
        ),
        in_python=lambda row, weights: weights.get(row["severity"], 0),
    ),
}
