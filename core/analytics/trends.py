"""People over a window: what is asked of them, and their trend by month."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from core.analytics.query import query_metrics
from core.analytics.window import Window
from core.store import Store
from core.words import OTHERS

__all__ = [
    "Stacked",
    "asked_of",
    "monthly",
    "monthly_lists",
    "months_between",
    "stack",
    "top_share",
]

EVERYONE = 1_000_000  # the limit of a query: more people than any account has
TREND_DAYS = 365
Stacked = tuple[pd.DataFrame, list[str], float]


def asked_of(account: str, window: Window, product_ids: Sequence[int]) -> dict[str, Any]:
    """What a query about all people of an account is asked with."""
    return {
        "account": account,
        "start_date": window.start,
        "end_date": window.end,
        "filters": {"product_id": list(product_ids)} if product_ids else None,
        "limit": EVERYONE,
    }


def monthly(
    store: Store, metric: str, who: str, *, asked: Mapping[str, Any], window: Window, today: date
) -> pd.DataFrame:
    """A metric by person and month, over the window or the last year where that is longer.

    Columns: month, `<who>_id`, `who`, and the metric; nobody and no month are left out.
    """
    span = window.at_least(TREND_DAYS, today)
    rows = query_metrics(
        store,
        metrics=[metric],
        dimensions=[who, "month"],
        **(dict(asked) | {"start_date": span.start, "end_date": span.end}),
    )["data"]
    frame = pd.DataFrame(rows, columns=["month", f"{who}_id", who, metric])
    return frame.dropna(subset=["month", f"{who}_id"])


def months_between(first: str, last: str) -> list[str]:
    """2025-11, 2025-12, 2026-01: every month from the first to the last."""
    months = []
    day = date.fromisoformat(f"{first}-01")
    while f"{day:%Y-%m}" <= last:
        months.append(f"{day:%Y-%m}")
        day = (day + timedelta(days=31)).replace(day=1)
    return months


def monthly_lists(trend: pd.DataFrame, who: str, what: str) -> Mapping[int, list[int]]:
    """By person, what they did in each month of the trend, quiet months as 0.

    `trend` has month, the id column `who`, and the amount column `what`.
    """
    if trend.empty:
        return {}
    months = months_between(trend["month"].min(), trend["month"].max())
    wide = trend.pivot_table(index=who, columns="month", values=what, aggfunc="sum")
    wide = wide.reindex(columns=months).fillna(0).astype(int)
    return {int(person): list(row) for person, row in zip(wide.index, wide.to_numpy(), strict=True)}


def stack(
    trend: pd.DataFrame, top: pd.DataFrame, person: str, what: str
) -> tuple[pd.DataFrame, list[str]]:
    """The trend of the top people and of everyone else, for `charts.stacked_periods`.

    `top` has the columns `<person>_id` and `person`, best first; two of one name are told apart by
    their ids. Answers with period, series and value for every pair, and the series in order.
    """
    who = f"{person}_id"
    shared = top[person].duplicated(keep=False) | (top[person] == OTHERS)
    names = {
        int(key): f"{name} ({key})" if twin else str(name)
        for key, name, twin in zip(top[who], top[person], shared, strict=True)
    }
    months = months_between(trend["month"].min(), trend["month"].max())
    order = list(names.values())
    if not set(trend[who]) <= set(names):
        order.append(OTHERS)
    series = trend[who].map(names).fillna(OTHERS)
    pairs = pd.MultiIndex.from_product([months, order], names=["period", "series"])
    sums = trend.groupby([trend["month"], series])[what].sum()
    return sums.reindex(pairs, fill_value=0).rename("value").reset_index(), order


def top_share(
    people: pd.DataFrame, top: pd.DataFrame, trend: pd.DataFrame, who: str, *, of: tuple[str, str]
) -> Stacked:
    """The trend of the top people and of everyone else, and the top ones' share of the window.

    `of` names the amount in `people` and in `trend`. Answers with period, series and value for each
    pair, the names in order, and the share.
    """
    if top.empty or trend.empty:
        return pd.DataFrame(columns=["period", "series", "value"]), [], 0.0
    return (*stack(trend, top, who, of[1]), float(top[of[0]].sum() / people[of[0]].sum()))
