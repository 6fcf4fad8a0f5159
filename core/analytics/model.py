"""The vocabulary of definitions: conditions, values, facts, dimensions, measures and metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, RowMapping, and_, case, literal, or_

from core.analytics.sql import epoch_microseconds, ratio
from core.base.control_limits import Kind

Better = Literal["up", "down", "none"]
Unit = Literal[
    "count",
    "fraction",
    "hours",
    "minutes",
    "points",
    "seconds",
    "stars",
    "of 10",
    "per day",
    "per test",
]
Weights = Mapping[str, float]
FactRow = Mapping[str, Any] | RowMapping


@dataclass(frozen=True)
class Condition:
    """A predicate on a row of a fact, in SQL and in Python alike.

    The op "not beginning" takes one value, a prefix that has no wildcard of LIKE.
    """

    columns: tuple[str, ...]
    op: Literal["known", "unknown", "one of", "none of", "not beginning"]
    values: tuple[str, ...] = ()

    def in_sql(self, table: FromClause) -> ColumnElement[bool]:
        """The predicate on the rows of a table."""
        columns = [table.c[name] for name in self.columns]
        if self.op == "known":
            return or_(*(column.is_not(None) for column in columns))
        if self.op == "unknown":
            return and_(*(column.is_(None) for column in columns))
        (column,) = columns
        if self.op == "not beginning":
            return or_(column.is_(None), column.not_like(f"{self.values[0]}%"))
        if self.op == "one of":
            return column.in_(self.values)
        return or_(column.is_(None), column.not_in(self.values))

    def holds(self, row: FactRow) -> bool:
        """The predicate on one row; None is not among any values."""
        found = [row[column] for column in self.columns]
        if self.op in {"known", "unknown"}:
            return any(value is not None for value in found) is (self.op == "known")
        if self.op == "not beginning":
            return found[0] is None or not str(found[0]).startswith(self.values)
        return (found[0] in self.values) is (self.op == "one of")


def known(*columns: str) -> Condition:
    """At least one of the columns has a value."""
    return Condition(columns, "known")


def unknown(*columns: str) -> Condition:
    """None of the columns has a value."""
    return Condition(columns, "unknown")


def one_of(column: str, *values: str) -> Condition:
    """The column has one of the values."""
    return Condition((column,), "one of", values)


@dataclass(frozen=True)
class ColumnValue:
    """The number in a column of a fact's row, in small units, `per` of them to one of the value.

    A value is summed or ranked in its small units: these are whole, so that sums are exact in any
    order of the rows. `columns` are those that Python needs.
    """

    column: str
    per: int = 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the value is made of."""
        return (self.column,)

    def in_sql(self, table: FromClause, weights: Weights) -> ColumnElement[Any]:  # noqa: ARG002
        """The small units of a table's rows."""
        return table.c[self.column]

    def in_python(self, row: FactRow, weights: Weights) -> float:  # noqa: ARG002
        """The small units of one row."""
        return float(row[self.column])

    def scaled(self, amount: ColumnElement[Any]) -> ColumnElement[Any]:
        """An amount of small units, in SQL, in the unit of the value."""
        return amount if self.per == 1 else ratio(amount, literal(self.per))


@dataclass(frozen=True)
class Weight(ColumnValue):
    """The weight that a query gives the text in a column; 0 for any other text."""

    def in_sql(self, table: FromClause, weights: Weights) -> ColumnElement[Any]:
        """The weights of a table's rows."""
        if not weights:
            return literal(0)
        column = table.c[self.column]
        return case(*((column == key, literal(n)) for key, n in weights.items()), else_=0)

    def in_python(self, row: FactRow, weights: Weights) -> float:
        """The weight of one row."""
        return weights.get(row[self.column], 0)


@dataclass(frozen=True)
class Elapsed(ColumnValue):
    """The time from another column's instant to that of the column; its small unit is 1 us."""

    since: str = field(kw_only=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the value is made of."""
        return self.since, self.column

    def in_sql(self, table: FromClause, weights: Weights) -> ColumnElement[Any]:  # noqa: ARG002
        """The microseconds of a table's rows."""
        return epoch_microseconds(table.c[self.column]) - epoch_microseconds(table.c[self.since])

    def in_python(self, row: FactRow, weights: Weights) -> float:  # noqa: ARG002
        """The microseconds of one row."""
        elapsed: timedelta = row[self.column] - row[self.since]
        return elapsed // timedelta(microseconds=1)


SECOND = 1_000_000  # microseconds


@dataclass(frozen=True)
class Fact:
    """A kind of row that is counted: its grain, and the clocks that date it.

    `clocks` maps a date basis to the words for that instant; every fact has "default".
    `run_source` names the sync runs that bring its rows, `source` is what people call those where
    its age is told, and `columns` are what a row shows beside its dimensions.
    """

    key: str
    label: str
    grain: str
    singular: str
    plural: str
    run_source: str
    clocks: Mapping[str, str]
    columns: tuple[str, ...]
    source: str = ""

    def clock_words(self, basis: str) -> str:
        """The words for the instant of a date basis, the default one where it has no such clock."""
        return self.clocks.get(basis, self.clocks["default"])

    def counted(self, n: int) -> str:
        """A number of rows in words."""
        return f"{n:,} {self.singular if n == 1 else self.plural}"


@dataclass(frozen=True)
class Dimension:
    """An attribute that figures can be grouped and filtered by.

    An entity has an id beside its label, a time is a period of the fact's clock, an attribute is
    its own label. `facts` are those that can be joined to it.
    """

    kind: Literal["entity", "attribute", "time"]
    key: str
    label: str
    facts: tuple[str, ...]
    example: str | bool
    description: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One aggregate of one fact, over the rows for which every condition holds.

    `value` is summed or ranked, `column` the one whose distinct values are counted.
    """

    key: str
    fact: str
    kind: Literal["count", "distinct", "sum", "quantile"]
    conditions: tuple[Condition, ...] = ()
    value: ColumnValue | None = None
    column: str = ""
    percent: int = 0

    def holds(self, row: FactRow) -> bool:
        """Whether a row counts in the measure."""
        return all(condition.holds(row) for condition in self.conditions)

    def predicates(self, table: FromClause) -> list[ColumnElement[bool]]:
        """The conditions on the rows of a table."""
        return [condition.in_sql(table) for condition in self.conditions]


def count(fact: str, key: str, *conditions: Condition) -> Measure:
    """The number of rows."""
    return Measure(key=key, fact=fact, kind="count", conditions=conditions)


def distinct(fact: str, key: str, column: str) -> Measure:
    """The number of different values in a column."""
    return Measure(key=key, fact=fact, kind="distinct", column=column, conditions=(known(column),))


def total(fact: str, key: str, value: ColumnValue, *conditions: Condition) -> Measure:
    """The sum of a value."""
    return Measure(key=key, fact=fact, kind="sum", value=value, conditions=conditions)


def sum_of(fact: str, key: str, column: str, *conditions: Condition) -> Measure:
    """The sum of a column, of the rows that have a value in it."""
    return total(fact, key, ColumnValue(column), known(column), *conditions)


def quantile(
    fact: str, key: str, percent: int, value: ColumnValue, *conditions: Condition
) -> Measure:
    """A quantile of a value, interpolated between closest ranks (Hyndman and Fan 1996, type 7)."""
    return Measure(
        key=key, fact=fact, kind="quantile", percent=percent, value=value, conditions=conditions
    )


@dataclass(frozen=True)
class LeftOut:
    """Rows that a metric leaves out and reports: their conditions, and what they are in words."""

    conditions: tuple[Condition, ...]
    words: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure with its definition in words.

    It is a measure, or a measure per another (`per`), or per day of the window (`per="days"`).
    `sample` is the measure of how many observations the figure rests on, None for plain counts;
    below `smallest_sample` the figure needs a caveat.
    """

    key: str
    label: str
    definition: str
    formula: str
    unit: Unit
    better: Better = "up"
    source: str
    owner: str
    smallest_sample: int = 0
    version: int = 1
    measure: Measure
    per: Measure | Literal["days"] | None = None
    sample: Measure | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the figure is a plain count, 0 where there is nothing to count."""
        return self.per is None and self.unit == "count"

    @property
    def kind(self) -> Kind:
        """What the figure is, which decides the limits of its series."""
        if self.per is None:
            return "count" if self.is_whole else "value"
        usual: Mapping[Unit, Kind] = {"fraction": "share", "per day": "rate", "per test": "rate"}
        return usual.get(self.unit, "mean")

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts of the measures."""
        return tuple(dict.fromkeys(measure.fact for measure in self.measures()))

    def measures(self, *, with_sample: bool = False) -> tuple[Measure, ...]:
        """The measures of the figure, and on request that of its sample."""
        found = (self.measure, self.per, self.sample if with_sample else None)
        return tuple(dict.fromkeys(one for one in found if isinstance(one, Measure)))


@dataclass(frozen=True)
class MetricDefaults:
    """What the metrics of one source share; the smallest sample is that of ratios."""

    source: str
    owner: str
    smallest_sample: int = 30

    def metric(self, key: str, label: str, definition: str, formula: str, **more: Any) -> Metric:
        """A metric of the source."""
        words = {"key": key, "label": label, "definition": definition, "formula": formula}
        return Metric(source=self.source, owner=self.owner, **(words | more))

    def count(self, *words: str, **more: Any) -> Metric:
        """A count; no smallest sample."""
        return self.metric(*words, unit="count", **more)

    def ratio(self, *words: str, of: Measure, per: Measure, **more: Any) -> Metric:
        """A ratio of two measures, whose sample is the second: a share, or a mean in a unit."""
        usual: dict[str, Any] = {"unit": "fraction", "smallest_sample": self.smallest_sample}
        return self.metric(*words, measure=of, per=per, sample=per, **(usual | more))
