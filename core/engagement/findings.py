"""What the cycles of customer users found, and what they test most."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, func, select, true

from core.analytics.dates import Window
from core.analytics.query import metric_rows
from core.analytics.series import people_query
from core.engagement.participation import CYCLE, of_products
from core.store import Feature, Product, Scope, TestFeature, table

SEVERITIES = ("critical", "high", "low")
COUNTED = ("bugs", "decided", "accepted", *SEVERITIES, "other")
COLUMNS = [
    *("customer_id", "customer", "created", "executed", "bugs", "per_cycle", "decided"),
    *("accepted", "acceptance", *SEVERITIES, "other", "products", "features"),
]
MOST = 3


def findings(scope: Scope, *, window: Window, product_ids: Sequence[int] = ()) -> pd.DataFrame:
    """What the cycles found that each customer user created and that ended in the window.

    One row for each with a cycle or a bug: customer_id, customer, created, executed (cycles), bugs,
    per_cycle (bugs to executed cycles, None without one), decided and accepted (bugs), acceptance
    (share of the decided bugs, None without one), critical, high, low and other (bugs by
    severity), products and features (the names of those tested in most cycles, a list).
    """
    asked = people_query(window, product_ids)
    cycles = metric_rows(
        scope, metrics=["tests_created", "tests_executed"], dimensions=["customer"], **asked
    )
    # Each bug has one severity, so that what was found of each adds up.
    bugs = metric_rows(
        scope,
        metrics=["bug_count", "decided_acceptance_rate"],
        dimensions=["customer", "severity"],
        with_samples=True,
        **asked,
    )
    found = {row["customer_id"]: _cycles(row) for row in cycles}
    for row in bugs:
        _add(found.setdefault(row["customer_id"], _cycles(row)), row)
    found.pop(None, None)
    products = most_tested(scope, "product", window=window, product_ids=product_ids)
    features = most_tested(scope, "feature", window=window, product_ids=product_ids)
    for person, row in found.items():
        row["per_cycle"] = row["bugs"] / row["executed"] if row["executed"] else None
        row["acceptance"] = row["accepted"] / row["decided"] if row["decided"] else None
        row["products"] = products.get(person, [])
        row["features"] = features.get(person, [])
    frame = pd.DataFrame(list(found.values()), columns=COLUMNS)
    frame = frame.astype({"per_cycle": float, "acceptance": float})
    return frame.sort_values(["bugs", "customer"], ascending=[False, True], ignore_index=True)


def _cycles(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of someone, their bugs not yet counted."""
    return {
        "customer_id": row["customer_id"],
        "customer": row["customer"],
        "created": row.get("tests_created", 0),
        "executed": row.get("tests_executed", 0),
    } | dict.fromkeys(COUNTED, 0)


def _add(found: dict[str, Any], row: Mapping[str, Any]) -> None:
    decided = row["decided_acceptance_rate_n"]
    found["bugs"] += row["bug_count"]
    found["decided"] += decided
    found["accepted"] += round((row["decided_acceptance_rate"] or 0) * decided)
    found[row["severity"] if row["severity"] in SEVERITIES else "other"] += row["bug_count"]


def most_tested(
    scope: Scope, what: str, *, window: Window, product_ids: Sequence[int] = (), most: int = MOST
) -> dict[int, list[str]]:
    """By person, the names of the products or features in most of the cycles that they created.

    Of equally many cycles the lower id comes first. What has no name is told by its id.
    """
    key, name, joined = _OF[what]
    cycles = func.count()
    counted = (
        select(
            CYCLE.created_by_id.label("person"),
            key.label("key"),
            func.row_number()
            .over(partition_by=CYCLE.created_by_id, order_by=(cycles.desc(), key))
            .label("place"),
        )
        .where(*of_products(scope.account, product_ids), window.contains(CYCLE.end_day), joined)
        .where(CYCLE.created_by_id.is_not(None), key.is_not(None))
        .group_by(CYCLE.created_by_id, key)
        .subquery("counted")
    )
    names = name.table.c
    first = (
        select(counted.c.person, counted.c.key, name)
        .outerjoin(name.table, (names.account_id == scope.account) & (names.id == counted.c.key))
        .where(counted.c.place <= most)
        .order_by(counted.c.person, counted.c.place)
    )
    found: dict[int, list[str]] = {}
    for person, number, label in scope.fact_rows(first):
        found.setdefault(person, []).append(label or f"{what} {number}")
    return found


_LINK = table(TestFeature).c
# The key of each, its name, and how it belongs to a cycle; a feature stands once in a cycle.
_OF: Mapping[str, tuple[Any, Any, ColumnElement[bool]]] = {
    "product": (CYCLE.product_id, table(Product).c.name, true()),
    "feature": (
        _LINK.feature_id,
        table(Feature).c.title,
        (_LINK.account_id == CYCLE.account_id) & (_LINK.cycle_id == CYCLE.id),
    ),
}
