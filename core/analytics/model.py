"""What a definition consists of: facts, dimensions, measures and metrics, all fields required."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import RowMapping


@dataclass(frozen=True)
class Condition:
    """What a row of a fact must be like, so that SQL and Python can both be asked for it."""

    columns: tuple[str, ...]
    op: Literal["known", "unknown", "one of", "none of", "not beginning"]
    values: tuple[str, ...] = ()

    def holds(self, row: Mapping[str, Any] | RowMapping) -> bool:
        """Whether a row read from the store is like that; no value is none of the values."""
        found = [row[column] for column in self.columns]
        if self.op in {"known", "unknown"}:
            return any(value is not None for value in found) is (self.op == "known")
        if self.op == "not beginning":
            return found[0] is None or not str(found[0]).startswith(self.values)
        return (found[0] in self.values) is (self.op == "one of")


def known(*columns: str) -> Condition:
    """One of the columns at least has a value."""
    return Condition(columns, "known")


def unknown(*columns: str) -> Condition:
    """None of the columns has a value."""
    return Condition(columns, "unknown")


def one_of(column: str, *values: str) -> Condition:
    """The column has one of the values."""
    return Condition((column,), "one of", values)


def none_of(column: str, *values: str) -> Condition:
    """The column has another value, or none."""
    return Condition((column,), "none of", values)


def not_beginning(column: str, beginning: str) -> Condition:
    """The column has no text that begins so; `beginning` has no wildcard of LIKE."""
    return Condition((column,), "not beginning", (beginning,))


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What is counted: its grain, and the clocks that can say when it happened.

    `clocks` maps a date basis to the words for that instant; every fact has "default".
    `run_source` names the sync runs that bring its rows.
    """

    key: str
    label: str
    grain: str
    singular: str
    plural: str
    clocks: Mapping[str, str]
    run_source: str


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """What figures can be grouped and filtered by.

    An entity has an id beside its label, a time is a period of the fact's clock, an attribute is
    its own label. `facts` are those that reach it.
    """

    key: str
    label: str
    description: str
    kind: Literal["entity", "attribute", "time"]
    facts: tuple[str, ...]
    example: str | bool
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One aggregate of one fact, over the rows for which every condition holds.

    `value` names what is summed, or whose quantile is taken (`core.analytics.values`), or the
    column whose distinct values are counted.
    """

    key: str
    fact: str
    kind: Literal["count", "distinct", "sum", "quantile"]
    conditions: tuple[Condition, ...] = ()
    value: str | None = None
    percent: int | None = None


@dataclass(frozen=True)
class LeftOut:
    """Rows that a metric leaves out and says so: the conditions they meet, and what they are."""

    conditions: tuple[Condition, ...]
    words: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure and all that must be known of it.

    It is a measure, or a measure per another (`per`), or per day of the window (`per="days"`).
    `sample` names the measure that says how many observations the figure rests on, None for plain
    counts; below `smallest_sample` the figure needs a caveat.
    """

    key: str
    label: str
    definition: str
    formula: str
    unit: Literal[
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
    better: Literal["up", "down", "none"]
    source: str
    owner: str
    smallest_sample: int
    version: int
    measure: str
    per: str | None
    sample: str | None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the figure is a plain count, 0 where there is nothing to count."""
        return self.per is None and self.unit == "count"
