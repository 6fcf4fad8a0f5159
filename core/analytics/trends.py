"""Trends of people by month, as tables and charts want them."""

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd

from core.words import OTHERS

__all__ = ["monthly_lists", "months_between", "stack"]


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
