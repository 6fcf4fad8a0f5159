"""Running statements, and showing afterwards what ran."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, CursorResult, RowMapping, Select

Row = dict[str, Any]

BATCH = 5_000
# Thousands of values to filter by make a text that nobody reads.
LONGEST = 20_000


@dataclass(frozen=True)
class Reader:
    """Connections that see one state of the store, and the statements that ran.

    `copy` holds the same facts in columns and answers instead where it is given; only `stored`
    asks the store at all events.
    """

    connection: Connection
    copy: Connection | None = None
    shown: list[tuple[str, Any]] = field(default_factory=list)

    def rows(self, statement: Select[Any], *, is_shown: bool = False) -> list[Row]:
        """All rows; `is_shown` keeps the statement for the person who asks what ran."""
        result = self._facts.execute(statement)
        if is_shown:
            context: Any = result.context
            self.shown.append((context.statement, context.parameters[0]))
        return _dicts(result)

    @property
    def _facts(self) -> Connection:
        return self.connection if self.copy is None else self.copy

    def stored(self, statement: Select[Any]) -> list[Row]:
        """All rows, of tables that are no facts."""
        return _dicts(self.connection.execute(statement))

    def one(self, statement: Select[Any], *, is_shown: bool = False) -> Row:
        """The only row."""
        (row,) = self.rows(statement, is_shown=is_shown)
        return row

    def stream(self, statement: Select[Any]) -> Iterator[RowMapping]:
        """The rows one by one, however many there are."""
        found = self._facts.execute(statement, execution_options={"yield_per": BATCH})
        yield from found.mappings()

    def sql(self) -> str:
        """The shown statements with their values written in, to be read and not to be run."""
        texts = []
        for statement, values in self.shown:
            text = _written_out(statement, values)
            if len(text) > LONGEST:
                text = f"{text[:LONGEST]} ... and {len(text) - LONGEST:,} more characters"
            texts.append(text)
        return ";\n\n".join(texts)


def _dicts(result: CursorResult[Any]) -> list[Row]:
    # Ten thousands of rows: several times as fast as mappings.
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
