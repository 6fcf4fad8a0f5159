"""A metric once more, in plain Python from rows: the witness against the SQL."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from core.analytics.definitions.measures import MEASURES
from core.analytics.model import Measure, Metric
from core.analytics.registry import measures_of
from core.analytics.values import VALUES, Weights

Row = Mapping[str, Any] | RowMapping


class Recount:
    """Adds up a metric row by row; `rows` says how many there were."""

    def __init__(self, metric: Metric, weights: Weights) -> None:
        self._metric = metric
        self._weights = weights
        self._measures = measures_of(metric)
        self._sums: dict[str, float] = defaultdict(int)
        self._members: dict[str, set[Any]] = defaultdict(set)
        self._values: dict[str, list[float]] = defaultdict(list)
        self.rows = 0

    def columns(self, fact: str) -> list[str]:
        """The columns of a fact's table that a row must have to be added."""
        found = ["account_id"]
        for measure in self._of(fact):
            found += [name for condition in measure.conditions for name in condition.columns]
            if measure.kind == "distinct":
                found.append(str(measure.value))
            elif measure.value is not None:
                found += VALUES[measure.value].columns
        return list(dict.fromkeys(found))

    def add(self, fact: str, row: Row) -> None:
        """Add a row of a fact to every measure whose conditions it meets."""
        self.rows += 1
        for measure in self._of(fact):
            if not all(condition.holds(row) for condition in measure.conditions):
                continue
            if measure.kind == "count":
                self._sums[measure.key] += 1
            elif measure.kind == "distinct":
                self._members[measure.key].add((row["account_id"], row[str(measure.value)]))
            elif measure.kind == "sum":
                self._sums[measure.key] += self._units(measure, row)
            else:
                self._values[measure.key].append(self._value(measure, row))

    def contribution(self, fact: str, row: Row) -> float | None:
        """What a row adds to the metric's numerator; None where rows do not simply add up."""
        measure = MEASURES[self._metric.measure]
        if measure.fact != fact or measure.kind == "distinct":
            return None
        if not all(condition.holds(row) for condition in measure.conditions):
            return 0
        return 1 if measure.kind == "count" else self._value(measure, row)

    def figure(self, days: int) -> float | None:
        """The metric; `days` is how many the window has."""
        top = self._tally(MEASURES[self._metric.measure])
        if self._metric.per is None or top is None:
            return top
        bottom = days if self._metric.per == "days" else self._tally(MEASURES[self._metric.per])
        return top / bottom if bottom else None

    def _of(self, fact: str) -> list[Measure]:
        return [measure for measure in self._measures if measure.fact == fact]

    def _units(self, measure: Measure, row: Row) -> float:
        return VALUES[str(measure.value)].in_python(row, self._weights)

    def _value(self, measure: Measure, row: Row) -> float:
        units, per = self._units(measure, row), VALUES[str(measure.value)].per
        return units if per == 1 else units / per

    def _tally(self, measure: Measure) -> float | None:
        if measure.kind == "distinct":
            return len(self._members[measure.key])
        if measure.kind == "quantile":
            return _quantile(self._values[measure.key], int(measure.percent or 0))
        per = VALUES[measure.value].per if measure.kind == "sum" and measure.value else 1
        return self._sums[measure.key] / per if per != 1 else self._sums[measure.key]


def _quantile(values: list[float], percent: int) -> float | None:
    """Linear interpolation between closest ranks (Hyndman and Fan 1996, type 7)."""
    if not values:
        return None
    ranked = sorted(values)
    below, hundredths = divmod((len(ranked) - 1) * percent, 100)
    above = ranked[min(below + 1, len(ranked) - 1)]
    return ranked[below] + (above - ranked[below]) * hundredths / 100
