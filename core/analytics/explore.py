"""What the explorer needs beyond a query: what goes together, what to filter, why nothing."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from core.analytics.dates import period_days, periods
from core.analytics.definitions.dimensions import DIMENSIONS
from core.analytics.query import answered, query_metrics
from core.analytics.question import nearest
from core.analytics.registry import METRICS, facts_of
from core.analytics.words import listed
from core.base import text
from core.store import Scope

MOST_MEMBERS = 2_000
MOST_STRAYS = 5


def dimensions_of(metrics: Sequence[str]) -> list[str]:
    """The dimensions that all of the metrics can be grouped by."""
    facts = {fact for key in metrics for fact in facts_of(METRICS[key])}
    return [d.key for d in DIMENSIONS.values() if facts <= set(d.facts)]


def members(scope: Scope, *, dimension: str) -> list[str]:
    """What a filter on a dimension can choose from, by name; at most `MOST_MEMBERS`."""
    metric = next(key for key in METRICS if dimension in dimensions_of([key]))
    rows = query_metrics(
        scope.store,
        metrics=[metric],
        dimensions=[dimension],
        include_zero=DIMENSIONS[dimension].kind != "time",
        account=scope.account,
        sort_by=dimension,
        sort_order="asc",
        limit=MOST_MEMBERS,
    )["data"]
    found = (row[dimension] for row in rows if row[dimension] is not None)
    # A filter takes true and false as they are written in a link.
    return list(dict.fromkeys(str(v).lower() if isinstance(v, bool) else str(v) for v in found))


def is_empty(scope: Scope, *, asked: Mapping[str, Any]) -> bool:
    """Whether no row at all is behind an answer, so that its zeros say nothing.

    `asked` is what `query_metrics` was asked.
    """
    # Whatever has rows has an account; zeros alone do not tell, for they can be counted.
    plain = {"dimensions": ["account"], "include_zero": False, "sort_by": None, "limit": 1}
    return not answered(scope, **(dict(asked) | plain))["data"]


def what_emptied(scope: Scope, *, asked: Mapping[str, Any]) -> str:
    """What of an empty answer's question emptied it, in words; nothing where there never was a row.

    The parts joined by "or" are each enough to leave out, those joined by "and" only together.
    """
    parts: dict[str, dict[str, Any]] = {}
    filters = dict(asked.get("filters") or {})
    for key in filters:
        others = {name: value for name, value in filters.items() if name != key}
        label = DIMENSIONS[key.removesuffix("_id")].label.lower()
        parts[f"the filter on {label}"] = {"filters": others}
    if asked.get("start_date") or asked.get("end_date"):
        parts["the period"] = {"start_date": None, "end_date": None}
    enough = [name for name, left in parts.items() if not is_empty(scope, asked={**asked, **left})]
    if enough:
        return listed(enough, "or")
    everything = {"filters": None, "start_date": None, "end_date": None}
    if not parts or is_empty(scope, asked={**asked, **everything}):
        return ""
    return listed(list(parts))


def finding(result: Mapping[str, Any]) -> str:
    """The first metric of an answer in all, and where it is highest.

    A rate or a mean is highest where there is least behind it, so that only amounts are told.
    """
    shown = result["metadata"]
    metric = METRICS[shown["metrics_used"][0]]
    said = f"{metric.label}: {text.amount(result['totals'][metric.key], metric.unit)} in all"
    known = [row for row in result["data"] if row[metric.key] is not None]
    is_amount = metric.unit in {"count", "points"}
    if not is_amount or not shown["dimensions_used"] or len(known) < 2:
        return f"{said}."
    most = max(row[metric.key] for row in known)
    first, *others = [row for row in known if row[metric.key] == most]
    group = ", ".join(names([first], key)[0] for key in shown["dimensions_used"])
    tied = f" and {text.count(len(others))} more" if others else ""
    return f"{said}; highest: {group}{tied} ({text.amount(most, metric.unit)})."


def names(rows: Sequence[Mapping[str, Any]], dimension: str) -> list[str]:
    """What to call each row in a dimension: members of one name by their ids too, none in words."""
    label = DIMENSIONS[dimension].label.lower()
    name_of_id = f"{dimension}_id"
    members_of = {(row[dimension], row.get("account_id"), row.get(name_of_id)) for row in rows}
    shared = Counter(name for name, _, _ in members_of)

    def name(row: Mapping[str, Any]) -> str:
        value, key = row[dimension], row.get(name_of_id)
        if value is None:
            return f"no {label}" if key is None else f"{label} {key}"
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value} ({key})" if key is not None and shared[value] > 1 else str(value)

    return [name(row) for row in rows]


def period_name(unit: str, day: date) -> str:
    """What the week, month, quarter, year or day of a day is called in an answer."""
    ((found,),) = periods((day, day), [unit], lambda _: True)
    return str(found)


def every_period(unit: str, first: str, last: str) -> list[str]:
    """The periods of a unit from one to another, both included, without a gap."""
    start, end = (period_days(name) or (date.fromisoformat(name),) * 2 for name in (first, last))
    found = periods((start[0], end[1]), [unit], lambda _: True)
    return [str(name) for (name,) in found]


def strays(
    link: Mapping[str, Sequence[str]],
    known: Mapping[str, tuple[str, Collection[str]]],
    metrics: Sequence[str],
) -> str:
    """What a link names that cannot be shown, in words; nothing where all of it can.

    `known` has for each parameter what its values are, and the values that there are.
    """
    labels = {d.label: d.key for d in DIMENSIONS.values()}
    found = []
    for name, values in link.items():
        if name not in known:
            found.append(f"{name[:60]!r}, which is no part of this page")
            continue
        what, possible = known[name]
        for value in values:
            if not value or value in possible:
                continue
            said = f"the {what} {value[:60]!r}"
            near = _label(value) or nearest(value[:60], possible)
            if what == "dimension" and value in labels:
                said += f", which {listed([METRICS[key].label for key in metrics])} cannot use"
            elif near:
                said += f" (did you mean {near!r}?)"
            found.append(said)
    more = [f"{len(found) - MOST_STRAYS} more"] if len(found) > MOST_STRAYS else []
    return listed([*found[:MOST_STRAYS], *more]) if found else ""


def _label(key: str) -> str | None:
    """The label of a metric or dimension that was named by its key."""
    named = METRICS.get(key) or DIMENSIONS.get(key)
    return named.label if named else None
