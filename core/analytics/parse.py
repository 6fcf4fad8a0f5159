"""Parsing a request into a query, and the limits of requests: keys only from the registry."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from core.analytics.dates import EXAMPLES, Window, read_window
from core.analytics.definitions import DIMENSIONS, FACTS, METRICS, SEVERITY_WEIGHTS
from core.analytics.model import Dimension, Measure, Metric, Weights
from core.base.errors import QueryError

BASES = ("default", "start", "reported")
MAX_DIMENSIONS = 3
MAX_LIMIT, DEFAULT_LIMIT = 1_000_000, 1_000
MAX_WEIGHT = 1_000_000
# Databases take some 32,000 bound values in one statement.
MAX_FILTER_VALUES = 30_000

_NAMES = {name: d for d in DIMENSIONS.values() for name in (d.key, *d.aliases)}
_IDS = {f"{d.key}_id": d for d in DIMENSIONS.values() if d.kind == "entity"}
# Keys that numbers stand for; every other id is text.
_NUMBERED = {"product", "feature", "customer", "submitter", "tester"}
_BOOLEANS = {"known_bug", "enhanced"}
_BIGGEST = 2**63 - 1
# What is told of a metric, as it stands in its entry.
_WORDS = (
    *("key", "label", "definition", "formula", "unit", "better", "source", "owner"),
    *("smallest_sample", "version"),
)


@dataclass(frozen=True)
class Filter:
    """Accepted values of a dimension; None among them accepts rows without a value."""

    key: str
    dimension: Dimension
    by_id: bool
    values: tuple[Any, ...]

    @property
    def present(self) -> tuple[Any, ...]:
        """The values without None."""
        return tuple(value for value in self.values if value is not None)

    @property
    def takes_none(self) -> bool:
        """Whether rows without a value pass."""
        return None in self.values


@dataclass(frozen=True, kw_only=True)
class Query:
    """A valid request: `asked_as` has the dimensions' keys as they were written."""

    metrics: tuple[Metric, ...]
    dimensions: tuple[Dimension, ...]
    asked_as: tuple[str, ...]
    filters: tuple[Filter, ...]
    window: Window
    basis: str
    sort_by: str | None
    descending: bool
    limit: int
    include_zero: bool
    with_samples: bool
    weights: Weights

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that the metrics are taken from, in the order of the metrics."""
        return tuple(dict.fromkeys(f for metric in self.metrics for f in metric.facts))

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that the metrics, and their samples on request, are made of."""
        found = (m.measures(with_sample=self.with_samples) for m in self.metrics)
        return tuple(dict.fromkeys(measure for measures in found for measure in measures))

    @property
    def times(self) -> tuple[Dimension, ...]:
        """The periods that are grouped by."""
        return tuple(d for d in self.dimensions if d.kind == "time")


def dimensions_of(metrics: Iterable[str]) -> list[str]:
    """The dimensions that all of the metrics can be grouped by; keys in, keys out."""
    facts = {fact for key in metrics for fact in METRICS[key].facts}
    return [d.key for d in DIMENSIONS.values() if facts <= set(d.facts)]


def nearest(name: str, names: Collection[str]) -> str | None:
    """The name that comes nearest, if any comes near."""
    exact = {other.casefold(): other for other in names}
    found = get_close_matches(name.casefold(), exact, n=1, cutoff=0.6)
    return exact[found[0]] if found else None


def parse_query(  # noqa: PLR0913 (scripts outside name each part of a question)
    *,
    metrics: Sequence[str] | str,
    today: date,
    dimensions: Sequence[str] | str = (),
    filters: Mapping[str, Any] | None = None,
    start_date: str | date | None = None,
    end_date: str | date | None = None,
    date_basis: str = "default",
    sort_by: str | None = None,
    sort_order: str = "desc",
    limit: int | None = None,
    include_zero: bool = False,
    with_samples: bool = False,
    severity_weights: Mapping[str, float] | None = None,
) -> Query:
    """Read a query; raises QueryError with one sentence that names what to ask instead.

    `with_samples` adds `<metric>_n`, the number of observations behind a rate, mean or quantile.
    """
    asked = _names("metric", metrics)
    if not asked:
        raise QueryError(f"No metric was asked for: name one, such as {next(iter(METRICS))}.")
    grouped = _names("dimension", dimensions)
    query = Query(
        metrics=tuple(METRICS[_known("metric", key, METRICS)] for key in asked),
        dimensions=tuple(_NAMES[_known("dimension", key, _NAMES)] for key in grouped),
        asked_as=tuple(grouped),
        filters=_filters(filters),
        window=read_window(start_date, end_date, today=today),
        basis=_known("date basis", date_basis, BASES),
        sort_by=sort_by,
        descending=_known("sort order", sort_order, ("asc", "desc")) == "desc",
        limit=read_limit(limit),
        include_zero=include_zero,
        with_samples=with_samples,
        weights=_weights(severity_weights),
    )
    _check_dimensions(query)
    _check_sort(query)
    if sum(len(f.values) for f in query.filters) > MAX_FILTER_VALUES:
        raise QueryError(
            f"The filters name more than {MAX_FILTER_VALUES:,} values: name fewer, "
            "or group by the dimension instead."
        )
    return query


def _names(kind: str, names: Sequence[str] | str | None) -> list[str]:
    if not isinstance(names, str | list | tuple | None):
        raise QueryError(f"The {kind}s are {_shown(names)}: give a list of keys.")
    names = names or ()
    listed = [names] if isinstance(names, str) else list(names)
    for name in listed:
        if listed.count(name) > 1:
            raise QueryError(f"The {kind} {name} is named twice: name it once.")
    return listed


def _known(kind: str, name: Any, names: Collection[str]) -> str:
    if isinstance(name, str) and name in names:
        return name
    near = nearest(name, names) if isinstance(name, str) else None
    hint = f"did you mean {near}?" if near else f"it is one of {', '.join(names)}."
    raise QueryError(f"There is no {kind} {_shown(name)}: {hint}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _check_dimensions(query: Query) -> None:
    keys = [d.key for d in query.dimensions]
    if len(keys) > MAX_DIMENSIONS:
        raise QueryError(
            f"{len(keys)} dimensions were asked for: a query groups by at most {MAX_DIMENSIONS}."
        )
    _names("dimension", keys)
    used = [("grouped", dimension) for dimension in query.dimensions]
    used += [("filtered", asked.dimension) for asked in query.filters]
    for metric in query.metrics:
        for use, dimension in used:
            if not set(metric.facts) <= set(dimension.facts):
                can = ", ".join(dimensions_of([metric.key]))
                raise QueryError(
                    f"{metric.key} cannot be {use} by {dimension.key}: it can be {use} by {can}."
                )


def _check_sort(query: Query) -> None:
    if query.sort_by is None:
        return
    names = [m.key for m in query.metrics]
    for asked, dimension in zip(query.asked_as, query.dimensions, strict=True):
        names += [asked, dimension.key]
        if dimension.kind == "entity":
            names.append(f"{dimension.key}_id")
    _known("column to sort by", query.sort_by, tuple(dict.fromkeys(names)))


def read_limit(limit: Any) -> int:
    """How many rows are asked for; raises QueryError for what is no such number."""
    if limit is None:
        return DEFAULT_LIMIT
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise QueryError(
            f"The limit is {_shown(limit)}: it is a whole number from 1 to {MAX_LIMIT:,}."
        )
    return limit


def _weights(weights: Mapping[str, float] | None) -> Weights:
    if weights is None:
        return SEVERITY_WEIGHTS
    if not isinstance(weights, Mapping):
        raise QueryError(f"The severity weights are {_shown(weights)}: give a number for each.")
    for severity, weight in weights.items():
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        is_text = isinstance(severity, str) and _is_storable(severity)
        # Their sum has to stay a number that databases can hold.
        if not is_text or not is_number or not abs(weight) <= MAX_WEIGHT:
            raise QueryError(
                f"The severity weight {_shown(severity)}: {_shown(weight)} is no number "
                f"for a severity: give one up to {MAX_WEIGHT:,}."
            )
    return dict(weights)


def _filters(filters: Any) -> tuple[Filter, ...]:
    if not isinstance(filters, Mapping | None):
        raise QueryError(f"The filters are {_shown(filters)}: give a value for each dimension.")
    return tuple(_filter(key, value) for key, value in (filters or {}).items())


def _filter(key: str, value: Any) -> Filter:
    name = _known("dimension to filter by", key, _NAMES | _IDS)
    by_id = name in _IDS
    dimension = _IDS[name] if by_id else _NAMES[name]
    values: Iterable[Any] = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    read = tuple(dict.fromkeys(_value(key, dimension, by_id, one) for one in values))
    if not read:
        raise QueryError(f"The filter {key} is an empty list: leave it out to see everything.")
    return Filter(key, dimension, by_id, read)


def _value(key: str, dimension: Dimension, by_id: bool, value: Any) -> Any:  # noqa: FBT001
    """The value as the store keeps it; a command line gives ids and truths as text."""
    if value is None:
        return None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if dimension.key in _BOOLEANS:
        read = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
        read, wanted = read if isinstance(read, bool) else None, "true or false"
    elif by_id and dimension.key in _NUMBERED:
        read, wanted = _number(value), "a whole number"
    else:
        if isinstance(value, date) and dimension.key == "day":
            value = value.isoformat()
        elif is_whole and dimension.key == "year":
            value = str(value)
        read = value if isinstance(value, str) and _is_storable(value) else None
        wanted = "text" if dimension.kind != "time" else str(dimension.example)
    if read is None:
        raise QueryError(f"The filter {key} has the value {_shown(value)}: it takes {wanted}.")
    return read


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _BIGGEST:
        return None
    return value


def _is_storable(text: str) -> bool:
    # Databases keep no NUL in text, and no half of a surrogate pair.
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def get_analytics_capabilities() -> dict[str, Any]:
    """Every dimension, metric and fact with all their words, and the limits of a query."""
    return {
        "dimensions": [
            asdict(d) | {"facts": list(d.facts), "aliases": list(d.aliases)}
            for d in DIMENSIONS.values()
        ],
        "metrics": [
            {name: getattr(m, name) for name in _WORDS}
            | {"facts": list(m.facts), "dimensions": dimensions_of([m.key])}
            for m in METRICS.values()
        ],
        "facts": [
            {"key": f.key, "label": f.label, "grain": f.grain, "clocks": dict(f.clocks)}
            for f in FACTS.values()
        ],
        "limits": {
            "max_dimensions": MAX_DIMENSIONS,
            "max_rows": MAX_LIMIT,
            "default_rows": DEFAULT_LIMIT,
            "max_filter_values": MAX_FILTER_VALUES,
            "date_bases": list(BASES),
            "date_examples": list(EXAMPLES),
            "severity_weights": dict(SEVERITY_WEIGHTS),
        },
    }
