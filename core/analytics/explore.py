"""What the explorer needs beyond a query: what goes together, what to filter, why nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.analytics.query import query_metrics
from core.analytics.registry import DIMENSIONS, METRICS, facts_of
from core.store import Store

__all__ = ["dimensions_of", "members", "what_emptied"]

MOST_MEMBERS = 2_000


def dimensions_of(metrics: Sequence[str]) -> list[str]:
    """The dimensions that all of the metrics can be grouped by."""
    facts = {fact for key in metrics for fact in facts_of(METRICS[key])}
    return [d.key for d in DIMENSIONS.values() if facts <= set(d.facts)]


def members(store: Store, *, dimension: str, account: str) -> list[str]:
    """What a filter on a dimension can choose from, by name; at most `MOST_MEMBERS`."""
    metric = next(key for key in METRICS if dimension in dimensions_of([key]))
    rows = query_metrics(
        store,
        metrics=[metric],
        dimensions=[dimension],
        include_zero=DIMENSIONS[dimension].kind != "time",
        account=account,
        sort_by=dimension,
        sort_order="asc",
        limit=MOST_MEMBERS,
    )["data"]
    found = (row[dimension] for row in rows if row[dimension] is not None)
    # A filter takes true and false as they are written in a link.
    return list(dict.fromkeys(str(v).lower() if isinstance(v, bool) else str(v) for v in found))


def what_emptied(store: Store, *, asked: Mapping[str, Any]) -> list[str]:
    """What of an empty answer's question emptied it, in words: each part without which rows appear.

    `asked` is what `query_metrics` was asked.
    """
    parts: list[tuple[str, dict[str, Any]]] = []
    filters = dict(asked.get("filters") or {})
    for key in filters:
        others = {name: value for name, value in filters.items() if name != key}
        label = DIMENSIONS[key.removesuffix("_id")].label.lower()
        parts.append((f"the filter on {label}", {"filters": others}))
    if asked.get("start_date") or asked.get("end_date"):
        parts.append(("the period", {"start_date": None, "end_date": None}))
    found = []
    for words, change in parts:
        answer = query_metrics(store, **(dict(asked) | change | {"limit": 1}))
        if answer["data"] and any(answer["totals"].values()):
            found.append(words)
    return found
