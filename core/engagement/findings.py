"""What the cycles of customer users found, and what they test most."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, func, select, true

from core.analytics.dates import Window
from core.analytics.explore import feature_names
from core.analytics.query import metric_rows
from core.analytics.series import people_query
from core.engagement.participation import CYCLE, of_products
from core.store import Feature, Product, Scope, TestFeature, table

SEVERITIES = ("critical", "high", "low")
KINDS = [*SEVERITIES, "other"]
PEOPLE = ["customer_id", "customer"]
ACCEPTANCE = {"decided_acceptance_rate": "share", "decided_acceptance_rate_n": "decided"}
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
    created = _frame(cycles, {"tests_created": "created", "tests_executed": "executed"})
    counted = _frame(bugs, {"severity": "severity", "bug_count": "bugs", **ACCEPTANCE})
    counted["accepted"] = (counted["share"].fillna(0) * counted["decided"]).astype(float).round()
    known = counted["severity"].where(counted["severity"].isin(SEVERITIES), "other")
    by_severity = counted.assign(kind=known).pivot_table(
        index=PEOPLE, columns="kind", values="bugs", aggfunc="sum"
    )
    sums = counted.groupby(PEOPLE)[["bugs", "decided", "accepted"]].sum()
    parts = [created.set_index(PEOPLE), sums, by_severity.reindex(columns=KINDS)]
    found = pd.concat(parts, axis=1).fillna(0).astype(int).reset_index()
    found["per_cycle"] = found["bugs"] / found["executed"].where(found["executed"] > 0)
    found["acceptance"] = found["accepted"] / found["decided"].where(found["decided"] > 0)
    for column, what in (("products", "product"), ("features", "feature")):
        tested = most_tested(scope, what, window=window, product_ids=product_ids)
        names = [tested.get(person, []) for person in found["customer_id"]]
        found[column] = pd.Series(names, dtype=object)
    return found[COLUMNS].sort_values(
        ["bugs", "customer"], ascending=[False, True], ignore_index=True
    )


def _frame(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> pd.DataFrame:
    """The rows of known people: `PEOPLE`, and the columns of `names` under their new names."""
    known = [row for row in rows if row["customer_id"] is not None]
    return pd.DataFrame(known, columns=[*PEOPLE, *names]).rename(columns=dict(names))


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
    known = feature_names(scope) if what == "feature" else {}
    for person, number, label in scope.fact_rows(first):
        found.setdefault(person, []).append(known.get(number) or label or f"{what} {number}")
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
