"""The two things that databases do not say alike."""

from typing import Any

from sqlalchemy import ColumnElement, Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["epoch_seconds", "without_index"]


class epoch_seconds(FunctionElement[float]):  # noqa: N801  # written like the SQL function it is
    """Seconds since 1970 of an instant."""

    type = Double()
    inherit_cache = True


class without_index(FunctionElement[Any]):  # noqa: N801  # written like the SQL function it is
    """A column that is not to be read in the order of an index.

    SQLite takes an index for a grouping even where it then has to look up each row by itself,
    which on a million rows takes five times as long as reading and sorting them.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(epoch_seconds, "sqlite")
def _epoch_sqlite(element: epoch_seconds, compiler: Any, **words: Any) -> str:
    # Instants are stored as text; strftime cuts the fraction, which starts at the 20th character.
    instant = compiler.process(element.clauses, **words)
    return f"(CAST(strftime('%s', {instant}) AS REAL) + CAST(substr({instant}, 20) AS REAL))"


@compiles(epoch_seconds)
def _epoch(element: epoch_seconds, compiler: Any, **words: Any) -> str:
    instant = compiler.process(element.clauses, **words)
    return f"CAST(EXTRACT(EPOCH FROM {instant}) AS DOUBLE PRECISION)"


@compiles(without_index, "sqlite")
def _without_index_sqlite(element: without_index, compiler: Any, **words: Any) -> str:
    return f"+{compiler.process(element.clauses, **words)}"


@compiles(without_index)
def _without_index(element: without_index, compiler: Any, **words: Any) -> str:
    return str(compiler.process(element.clauses, **words))
