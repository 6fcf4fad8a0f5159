"""The two things that databases do not say alike."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class epoch_microseconds(FunctionElement[int]):  # noqa: N801  # written like a SQL function
    """Microseconds since 1970 of an instant."""

    type = BigInteger()
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


@compiles(epoch_microseconds, "sqlite")
def _epoch_sqlite(element: epoch_microseconds, compiler: Any, **words: Any) -> str:
    # Instants are stored as text with six decimals, which strftime cuts.
    instant = compiler.process(element.clauses, **words)
    return (
        f"(CAST(strftime('%s', {instant}) AS INTEGER) * 1000000"
        f" + CAST(substr({instant}, 21) AS INTEGER))"
    )


@compiles(epoch_microseconds, "duckdb")
def _epoch_duckdb(element: epoch_microseconds, compiler: Any, **words: Any) -> str:
    return f"epoch_us({compiler.process(element.clauses, **words)})"


@compiles(epoch_microseconds)
def _epoch(element: epoch_microseconds, compiler: Any, **words: Any) -> str:
    instant = compiler.process(element.clauses, **words)
    return f"CAST(EXTRACT(EPOCH FROM {instant}) * 1000000 AS BIGINT)"


@compiles(without_index, "sqlite")
def _without_index_sqlite(element: without_index, compiler: Any, **words: Any) -> str:
    return f"+{compiler.process(element.clauses, **words)}"


@compiles(without_index)
def _without_index(element: without_index, compiler: Any, **words: Any) -> str:
    return str(compiler.process(element.clauses, **words))
