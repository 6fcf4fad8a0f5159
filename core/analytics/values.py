"""The numbers that are summed or ranked, each once for SQL and once for Python."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, RowMapping, Table, case, cast, literal

from core.analytics.dialects import epoch_seconds

__all__ = ["VALUES", "Value", "Weights", "ratio"]

Weights = Mapping[str, float]
Row = Mapping[str, Any] | RowMapping


def ratio(top: Any, bottom: Any) -> ColumnElement[Any]:
    """A division of whole numbers that does not cut, written as plainly as that."""
    return cast(top, Double).op("/", precedence=8, return_type=Double())(cast(bottom, Double))


@dataclass(frozen=True)
class Value:
    """A number of a fact's row; `columns` are what Python needs to have read for it."""

    columns: tuple[str, ...]
    in_sql: Callable[[Table, Weights], ColumnElement[Any]]
    in_python: Callable[[Row, Weights], float]


def _between(start: str, end: str, seconds: float) -> Value:
    return Value(
        columns=(start, end),
        in_sql=lambda t, _: ratio(
            epoch_seconds(t.c[end]) - epoch_seconds(t.c[start]), literal(seconds)
        ),
        in_python=lambda row, _: (row[end] - row[start]).total_seconds() / seconds,
    )


VALUES: Mapping[str, Value] = {
    "hours": _between("start_at", "end_at", 3600.0),
    "resolution_minutes": _between("opened_at", "resolved_at", 60.0),
    "processing_seconds": Value(
        columns=("processing_time_ms",),
        in_sql=lambda t, _: ratio(t.c.processing_time_ms, literal(1000.0)),
        in_python=lambda row, _: row["processing_time_ms"] / 1000.0,
    ),
    "rating": Value(
        columns=("rating",),
        in_sql=lambda t, _: t.c.rating,
        in_python=lambda row, _: float(row["rating"]),
    ),
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
