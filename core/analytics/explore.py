"""Reads of the explorer besides its query: filter values, reasons for no rows, saved views."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from core.analytics.definitions import DIMENSIONS, METRICS
from core.analytics.parse import dimensions_of
from core.analytics.query import metric_rows
from core.base import clock, text
from core.base.errors import InputError
from core.store import Feature, Product, SavedView, Scope, User, table

MAX_VALUES = 2_000
MAX_NAME_LENGTH = 100
# Dimensions whose values are words of the source: not_reproducible.
CODED = frozenset(
    {"test_status", "testing_type", "severity", "bug_status", "rejection_reason"}
    | {"enhancement_status", "feedback_type"}
)


def filter_values(scope: Scope, *, dimension: str) -> list[str]:
    """The values that a filter on a dimension offers, by name; at most `MAX_VALUES`."""
    metric = next(key for key in METRICS if dimension in dimensions_of([key]))
    rows = metric_rows(
        scope,
        metrics=[metric],
        dimensions=[dimension],
        include_zero=DIMENSIONS[dimension].kind != "time",
        sort_by=dimension,
        sort_order="asc",
        limit=MAX_VALUES,
    )
    found = (row[dimension] for row in rows if row[dimension] is not None)
    # A filter takes true and false as they are written in a link.
    return list(dict.fromkeys(str(v).lower() if isinstance(v, bool) else str(v) for v in found))


def user_names(scope: Scope, *, kind: str) -> dict[int, str]:
    """The account's customers or testers by id, in the order of their names."""
    users = table(User).c
    asked = select(users.id, users.name).where(
        users.account_id == scope.account, users.kind == kind
    )
    names = {row.id: row.name for row in scope.fact_rows(asked)}
    return dict(sorted(names.items(), key=lambda one: (one[1].casefold(), one[1])))


def product_names(scope: Scope) -> dict[int, str]:
    """The account's products by id, in the order of their names; a shared name shows the id.

    Products that left the catalogue are among them: their test cycles still count.
    """
    products = table(Product).c
    query = select(products.id, products.name).where(products.account_id == scope.account)
    names = {product_id: name or "Unnamed product" for product_id, name in scope.rows(query)}
    seen = Counter(names.values())
    return {
        product_id: name if seen[name] == 1 else f"{name} ({product_id})"
        for product_id, name in sorted(names.items(), key=lambda item: (item[1], item[0]))
    }


def feature_names(scope: Scope) -> dict[int, str]:
    """The features with a name by id; one that several share shows the product: Profile (Shop)."""
    features = table(Feature).c
    query = select(features.id, features.title, features.product_id).where(
        features.account_id == scope.account
    )
    rows, products = list(scope.fact_rows(query)), product_names(scope)
    titles = Counter(title for _, title, _ in rows)
    told = {
        key: f"{title} ({products.get(product, 'no product')})" if titles[title] > 1 else title
        for key, title, product in rows
        if title
    }
    twins = Counter(told.values())
    return {key: name if twins[name] == 1 else f"{name}, {key}" for key, name in told.items()}


def is_empty(scope: Scope, *, query: Mapping[str, Any]) -> bool:
    """Whether no row is behind an answer, so that its zeros say nothing.

    `query` has the arguments of `query_metrics`.
    """
    # Rows have an account; zeros alone do not tell, for they can be counted.
    plain = {"dimensions": ["account"], "include_zero": False, "sort_by": None, "limit": 1}
    return not metric_rows(scope, **(dict(query) | plain))


def diagnose_empty(scope: Scope, *, query: Mapping[str, Any]) -> str:
    """The filters and dates that leave an answer without rows; "" where no row was ever stored.

    Leaving out any one of the parts joined by "or" brings rows; those joined by "and" have to be
    left out together.
    """
    parts: dict[str, dict[str, Any]] = {}
    filters = dict(query.get("filters") or {})
    for key in filters:
        others = {name: value for name, value in filters.items() if name != key}
        label = DIMENSIONS[key.removesuffix("_id")].label.lower()
        parts[f"the filter on {label}"] = {"filters": others}
    if query.get("start_date") or query.get("end_date"):
        parts["the period"] = {"start_date": None, "end_date": None}
    enough = [name for name, left in parts.items() if not is_empty(scope, query={**query, **left})]
    if enough:
        return text.listed(enough, "or")
    everything = {"filters": None, "start_date": None, "end_date": None}
    if not parts or is_empty(scope, query={**query, **everything}):
        return ""
    return text.listed(list(parts))


def summary(result: Mapping[str, Any]) -> str:
    """One sentence on an answer: its first metric in total, and the group with the most.

    A rate or a mean is highest where its sample is smallest, so that only amounts name a group.
    """
    shown = result["metadata"]
    metric = METRICS[shown["metrics_used"][0]]
    is_amount = metric.unit in {"count", "points"}
    total = text.amount(result["totals"][metric.key], metric.unit)
    said = f"{metric.label}: {total} {'in total' if is_amount else 'overall'}."
    known = [row for row in result["data"] if row[metric.key] is not None]
    if not is_amount or not shown["dimensions_used"] or len(known) < 2:
        return said
    most = max(row[metric.key] for row in known)
    first, *others = [row for row in known if row[metric.key] == most]
    group = ", ".join(row_names([first], key)[0] for key in shown["dimensions_used"])
    tied = f" and {text.count(len(others))} more" if others else ""
    each = " each" if others else ""
    return f"{said} Highest: {group}{tied}, with {text.amount(most, metric.unit)}{each}."


def row_names(
    rows: Sequence[Mapping[str, Any]], dimension: str, names: Mapping[int, str] | None = None
) -> list[str]:
    """The label of each row in a dimension; members who share a name are shown with their ids.

    `names` are those of members by id where they are known better, as by `feature_names`.
    """
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
        if names and (told := names.get(key or 0)):
            return told
        if dimension in CODED:
            return str(value).replace("_", " ")
        return f"{value} ({key})" if key is not None and shared[value] > 1 else str(value)

    return [name(row) for row in rows]


def save_view(scope: Scope, name: str, query: Mapping[str, Sequence[str]]) -> None:
    """Save a link's parameters under a name that is free; raises InputError."""
    name = " ".join(name.split())
    if not name:
        raise InputError("Give the view a name.")
    if len(name) > MAX_NAME_LENGTH:
        raise InputError(f"The name is longer than {MAX_NAME_LENGTH} characters: shorten it.")
    row = {"name": name, "query": {key: list(values) for key, values in query.items()}}
    with scope.write() as unit:
        if saved_views(scope).get(name, row["query"]) != row["query"]:
            raise InputError(f"Another view is called “{name}”: remove it, or take another name.")
        unit.upsert(SavedView, [row | {"saved_at": clock.now()}])


def saved_views(scope: Scope) -> dict[str, dict[str, list[str]]]:
    """The parameters of each saved link of the account, by the view's name."""
    found = scope.objects(SavedView, order_by=[table(SavedView).c.name])
    return {view.name: view.query for view in found}


def delete_view(scope: Scope, name: str) -> None:
    """Delete a saved view."""
    with scope.write() as unit:
        unit.delete(SavedView, table(SavedView).c.name == name)
