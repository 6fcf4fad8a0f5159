"""Running statements, and showing afterwards what ran."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, Select

__all__ = ["Reader"]

BATCH = 5_000
# Thousands of values to filter by make a text that nobody reads.
LONGEST = 20_000


@dataclass(frozen=True)
class Reader:
    """A connection that sees one state of the store, and the statements that ran on it."""

    connection: Connection
    statements: list[Select[Any]] = field(default_factory=list)

    def rows(self, statement: Select[Any], *, is_shown: bool = False) -> Sequence[RowMapping]:
        """All rows; `is_shown` keeps the statement for the person who asks what ran."""
        if is_shown:
            self.statements.append(statement)
        return self.connection.execute(statement).mappings().all()

    def one(self, statement: Select[Any], *, is_shown: bool = False) -> RowMapping:
        """The only row."""
        (row,) = self.rows(statement, is_shown=is_shown)
        return row

    def stream(self, statement: Select[Any]) -> Iterator[RowMapping]:
        """The rows one by one, however many there are."""
        found = self.connection.execute(statement, execution_options={"yield_per": BATCH})
        yield from found.mappings()

    def sql(self) -> str:
        """The shown statements with their values written in, to be read and not to be run."""
        dialect = self.connection.dialect
        texts = []
        for statement in self.statements:
            text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
            if dialect.paramstyle in {"format", "pyformat"}:
                text = text.replace("%%", "%")
            if len(text) > LONGEST:
                text = f"{text[:LONGEST]} ... and {len(text) - LONGEST:,} more characters"
            texts.append(text)
        return ";\n\n".join(texts)
