"""The sentences that are computed: what a query answered, and what it left out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.analytics.definitions.dimensions import FACTS
from core.analytics.model import Dimension, Fact
from core.analytics.question import Filter, Question

SHOWN_VALUES = 5


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a person lists them."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


def rows(fact: Fact, n: int) -> str:
    """How many rows of a fact, with the verb that fits left to `_have`."""
    return f"{n:,} {fact.singular if n == 1 else fact.plural}"


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def absent(fact: Fact, dimension: Dimension, basis: str, n: int) -> str:
    """Rows that stand under the null label of a dimension."""
    what = _date_of(fact, basis) if dimension.kind == "time" else dimension.label.lower()
    return f"{rows(fact, n)} {_have(n)} no {what}: see the row without {dimension.label.lower()}."


def undated(fact: Fact, basis: str, n: int) -> str:
    """Rows that no dated query can hold."""
    stand = "falls" if n == 1 else "fall"
    return (
        f"{rows(fact, n)} {_have(n)} no {_date_of(fact, basis)} and {stand} outside the dates "
        "asked for."
    )


def _date_of(fact: Fact, basis: str) -> str:
    return f"date for {fact.clocks.get(basis, fact.clocks['default'])}"


def left_out(fact: Fact, metrics: Sequence[str], words: str, n: int) -> str:
    """Rows that a metric leaves out."""
    if n == 1:
        words = words.replace("are ", "is ", 1).replace(" have ", " has ")
    return f"{rows(fact, n)} {words}: left out of {listed(metrics)}."


def weightless(severities: Mapping[str | None, int]) -> str:
    """Severities that a score counts as nothing."""
    named = listed(
        f"{'no severity' if severity is None else severity} ({n:,})"
        for severity, n in severities.items()
    )
    return f"Bugs count 0 in the severity score where their severity has no weight: {named}."


def cut(limit: int, total: int) -> str:
    """Rows that a limit cuts off."""
    return f"Only the first {limit:,} of {total:,} rows are listed; the totals cover all of them."


def no_such_clock(fact: Fact, basis: str) -> str:
    """A fact that the asked date basis does not fit."""
    return (
        f"The date basis {basis} does not fit {fact.plural}: they are dated by "
        f"{fact.clocks['default']}."
    )


def explanation(question: Question, account: str | None, zone: str) -> str:
    """What a query answered, in one sentence."""
    parts = [listed(metric.label for metric in question.metrics)]
    if question.dimensions:
        parts[0] += f" by {listed(d.label.lower() for d in question.dimensions)}"
    parts[0] += _dates(question)
    dated = (
        f"{FACTS[f].plural} by {FACTS[f].clocks.get(question.basis, FACTS[f].clocks['default'])}"
        for f in question.facts
    )
    if question.window.is_dated or question.times:
        parts.append(f"dated {listed(dated)} in {zone}")
    if question.filters:
        parts.append(f"where {listed(_filtered(asked) for asked in question.filters)}")
    parts.append("in every account" if account is None else f"in the account {account}")
    if question.include_zero and question.dimensions:
        parts.append("with those that have nothing")
    if question.dimensions:
        parts.append(f"sorted by {_sorting(question)}")
        parts.append(f"at most {question.limit:,} rows")
    return ", ".join(parts) + "."


def _dates(question: Question) -> str:
    start, end = question.window.start, question.window.end
    if start and end:
        return f" on {start}" if start == end else f" from {start} to {end}"
    if start:
        return f" from {start} on"
    return f" up to {end}" if end else ""


def _filtered(asked: Filter) -> str:
    name = f"{asked.dimension.label.lower()}{' id' if asked.by_id else ''}"
    values = [_value(value) for value in asked.values]
    if len(values) > SHOWN_VALUES:
        more = f"one of {len(values) - SHOWN_VALUES:,} more"
        values = [*values[:SHOWN_VALUES], more]
    return f"{name} is {listed(values, 'or')}"


def _value(value: Any) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sorting(question: Question) -> str:
    way = "descending" if question.descending else "ascending"
    if question.sort_by is not None:
        return f"{question.sort_by} {way}"
    times = [f"{d.label.lower()} ascending" for d in question.times]
    return ", then ".join([*times, f"{question.metrics[0].label} {way}"])
