"""People over a window: what is asked of them, and their trend by month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from core.analytics.query import metric_rows
from core.analytics.window import Window
from core.base.text import OTHERS
from core.store import Scope

EVERYONE = 1_000_000  # the limit of a query: more people than any account has
TREND_DAYS = 365
Stacked = tuple[pd.DataFrame, list[str], float]


@dataclass(frozen=True)
class Trend:
    """An amount by month, over the window or the last year where that is longer.

    `people` has month, who (an id), and amount, for the people that were asked for; `total` is the
    amount of everyone known, by month from the first to the last with any, quiet months as 0.
    """

    people: pd.DataFrame
    total: pd.Series

    def lists(self) -> Mapping[int, list[int]]:
        """By person, the amount in each month of the trend."""
        place = {month: n for n, month in enumerate(self.total.index)}
        found: dict[int, list[int]] = {}
        columns = (self.people[name].tolist() for name in ("who", "month", "amount"))
        for who, month, amount in zip(*columns, strict=True):
            if month in place:
                found.setdefault(int(who), [0] * len(place))[place[month]] += int(amount)
        return found


def asked_of(window: Window, product_ids: Sequence[int]) -> dict[str, Any]:
    """What a query about all people of an account is asked with."""
    return {
        "start_date": window.start,
        "end_date": window.end,
        "filters": {"product_id": list(product_ids)} if product_ids else None,
        "limit": EVERYONE,
    }


def monthly(
    scope: Scope, metric: str, who: str, *, asked: Mapping[str, Any], window: Window, today: date
) -> Trend:
    """The trend of a count, of everyone; nobody and no month are left out.

    Each row of the fact has one person at most, so that their amounts add up.
    """
    span = window.at_least(TREND_DAYS, today)
    over = {"start_date": span.start, "end_date": span.end, "dimensions": [who, "month"]}
    rows = metric_rows(scope, metrics=[metric], **(dict(asked) | over))
    found = pd.DataFrame(rows, columns=["month", f"{who}_id", metric])
    found = found.rename(columns={f"{who}_id": "who", metric: "amount"}).dropna()
    return Trend(found, whole_months(found))


def whole_months(amounts: pd.DataFrame) -> pd.Series:
    """The amount by month, from the first to the last with any, quiet months as 0.

    `amounts` has month and amount, in any number of rows for a month.
    """
    total = amounts.groupby("month")["amount"].sum().astype(int)
    total = total[total > 0]
    if total.empty:
        return total
    return total.reindex(months_between(total.index.min(), total.index.max()), fill_value=0)


def months_between(first: str, last: str) -> list[str]:
    """2025-11, 2025-12, 2026-01: every month from the first to the last."""
    months = []
    day = date.fromisoformat(f"{first}-01")
    while f"{day:%Y-%m}" <= last:
        months.append(f"{day:%Y-%m}")
        day = (day + timedelta(days=31)).replace(day=1)
    return months


def stack(trend: Trend, top: pd.DataFrame, person: str) -> tuple[pd.DataFrame, list[str]]:
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
    wide = trend.people.pivot_table(index="month", columns="who", values="amount", aggfunc="sum")
    wide = wide.reindex(index=trend.total.index, columns=list(names)).fillna(0).astype(int)
    wide = wide.rename(columns=names)
    others = trend.total - wide.sum(axis=1)
    if others.any():
        wide[OTHERS] = others
    long = wide.rename_axis("period").reset_index()
    return long.melt("period", var_name="series", value_name="value"), list(wide.columns)


def top_share(
    people: pd.DataFrame, top: pd.DataFrame, trend: Trend, person: str, *, by: str
) -> Stacked:
    """The trend of the top people and of everyone else, and the top ones' share of the window.

    `by` names the amount in `people`. Answers with period, series and value for each pair, the
    names in order, and the share.
    """
    if top.empty or trend.total.empty:
        return pd.DataFrame(columns=["period", "series", "value"]), [], 0.0
    return (*stack(trend, top, person), float(top[by].sum() / people[by].sum()))
