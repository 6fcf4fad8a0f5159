"""What the cycles of customer users found, and what they test most."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, select

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
    conditions = [*of_products(scope.account, product_ids), window.contains(CYCLE.end_day)]
    counted, names = _OF[what](conditions)
    tally = counted.subquery("tally")
    place = func.row_number().over(
        partition_by=tally.c.person, order_by=(tally.c.cycles.desc(), tally.c.key)
    )
    ranked = select(tally, place.label("place")).subquery("ranked")
    first = (
        select(ranked.c.person, ranked.c.key, names.c[_LABELS[what]])
        .outerjoin(names, (names.c.account_id == scope.account) & (names.c.id == ranked.c.key))
        .where(ranked.c.place <= most)
        .order_by(ranked.c.person, ranked.c.place)
    )
    found: dict[int, list[str]] = {}
    with scope.facts() as connection:
        for person, key, name in connection.execute(first).all():
            found.setdefault(person, []).append(name or f"{what} {key}")
    return found


def _products(conditions: Sequence[Any]) -> tuple[Select[Any], Any]:
    counted = (
        select(
            CYCLE.created_by_id.label("person"),
            CYCLE.product_id.label("key"),
            func.count().label("cycles"),
        )
        .where(*conditions, CYCLE.created_by_id.is_not(None), CYCLE.product_id.is_not(None))
        .group_by(CYCLE.created_by_id, CYCLE.product_id)
    )
    return counted, table(Product)


def _features(conditions: Sequence[Any]) -> tuple[Select[Any], Any]:
    link = table(TestFeature).c
    counted = (
        # A feature stands once in a cycle, so that its rows are cycles.
        select(
            CYCLE.created_by_id.label("person"),
            link.feature_id.label("key"),
            func.count().label("cycles"),
        )
        .where(
            *conditions,
            CYCLE.created_by_id.is_not(None),
            link.account_id == CYCLE.account_id,
            link.cycle_id == CYCLE.id,
        )
        .group_by(CYCLE.created_by_id, link.feature_id)
    )
    return counted, table(Feature)


_OF = {"product": _products, "feature": _features}
_LABELS = {"product": "name", "feature": "title"}
