"""Dialect-specific SQL, and a runner that keeps the statements to show."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, CursorResult, Double, RowMapping, Select, cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core.store import FactReader

Row = dict[str, Any]

BATCH = 5_000
# Thousands of values to filter by make a text that is not readable.
MAX_SHOWN = 20_000


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


# SQLite stores instants as text with six decimals, which strftime cuts.
EPOCH = {
    "sqlite": "(CAST(strftime('%s', {0}) AS INTEGER) * 1000000 + CAST(substr({0}, 21) AS INTEGER))",
    "duckdb": "epoch_us({0})",
    "postgresql": "CAST(EXTRACT(EPOCH FROM {0}) * 1000000 AS BIGINT)",
}


@compiles(epoch_microseconds)
def _epoch(element: epoch_microseconds, compiler: Any, **words: Any) -> str:
    return EPOCH[compiler.dialect.name].format(compiler.process(element.clauses, **words))


@compiles(without_index)
def _without_index(element: without_index, compiler: Any, **words: Any) -> str:
    column = compiler.process(element.clauses, **words)
    return f"+{column}" if compiler.dialect.name == "sqlite" else str(column)


def ratio(top: Any, bottom: Any) -> ColumnElement[Any]:
    """Division of whole numbers without truncation, as a plain `/`."""
    return cast(top, Double).op("/", precedence=8, return_type=Double())(cast(bottom, Double))


@dataclass(frozen=True)
class SqlRunner:
    """A reader of one state of the store, and the statements to show.

    `facts` answers: the columnar copy, or the store as well; `stored` and `stream` ask the store.
    """

    facts: FactReader
    shown: list[tuple[str, Any]] = field(default_factory=list)

    def rows(self, statement: Select[Any], *, is_shown: bool = False) -> list[Row]:
        """All rows; `is_shown` keeps the statement for `sql`."""
        result = self.facts.execute(statement)
        if is_shown:
            context: Any = result.context
            self.shown.append((context.statement, context.parameters[0]))
        return _dicts(result)

    def stored(self, statement: Select[Any]) -> list[Row]:
        """All rows, of tables that are no facts."""
        return _dicts(self.facts.stored.execute(statement))

    def one(self, statement: Select[Any], *, is_shown: bool = False) -> Row:
        """The only row."""
        (row,) = self.rows(statement, is_shown=is_shown)
        return row

    def stream(self, statement: Select[Any]) -> Iterator[RowMapping]:
        """The rows one by one, in batches of constant memory, from the store."""
        found = self.facts.stored.execute(statement, execution_options={"yield_per": BATCH})
        yield from found.mappings()

    def sql(self) -> str:
        """The shown statements with their values written in, for reading only."""
        texts = []
        for statement, values in self.shown:
            text = _written_out(statement, values)
            if len(text) > MAX_SHOWN:
                text = f"{text[:MAX_SHOWN]} ... and {len(text) - MAX_SHOWN:,} more characters"
            texts.append(text)
        return ";\n\n".join(texts)


def _dicts(result: CursorResult[Any]) -> list[Row]:
    # Tens of thousands of rows: several times as fast as mappings.
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result.all()]


def _written_out(statement: str, values: Mapping[str, Any] | Sequence[Any]) -> str:
    """A statement as it was sent, with the values in their places."""
    if isinstance(values, Mapping):
        text = re.sub(r"%\((\w+)\)s(::\w+)?", lambda place: _literal(values[place[1]]), statement)
        return text.replace("%%", "%")
    following = iter(values)
    return re.sub(
        r"\?|\$(\d+)",
        lambda place: _literal(values[int(place[1]) - 1] if place[1] else next(following)),
        statement,
    )


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
