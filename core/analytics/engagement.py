"""Who drives engagement, and who is slipping away: the customer users of an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import func, select, union_all

from core.analytics.query import metric_rows
from core.analytics.trends import Stacked, Trend, asked_of, monthly, top_share
from core.analytics.window import Window
from core.store import Store, TestCycle, table

__all__ = ["SILENT_AFTER_DAYS", "TOP", "Engagement", "engagement", "top_and_others"]

SILENT_AFTER_DAYS = 90
TOP = 5


@dataclass(frozen=True)
class Engagement:
    """The customer users of an account over a window.

    `people` has one row for each, those without activity with 0: customer_id, customer, created,
    submitted, completion (share, None without a created cycle), last_active (date or None), silent
    (bool), trend (created by month, a list). `trend` is that of the cycles created.
    `fell_silent` counts those who became silent within the last 30 days.
    """

    people: pd.DataFrame
    trend: Trend
    active: int
    silent: int
    fell_silent: int


def engagement(
    store: Store, *, account: str, window: Window, product_ids: Sequence[int] = (), today: date
) -> Engagement:
    """Every customer user with what they created, and what they submitted, in the window.

    Created counts the cycles of which someone is the creator; submitted those that they submitted
    themselves, whoever had created them, so that one who only submits appears as well.
    """
    asked = asked_of(account, window, product_ids)
    created = metric_rows(
        store,
        metrics=["tests_created", "test_completion_rate"],
        dimensions=["customer"],
        include_zero=True,
        **asked,
    )
    submitted = metric_rows(
        store,
        metrics=["tests_submitted"],
        dimensions=["submitter"],
        include_zero=True,
        **asked,
    )
    trend = monthly(
        *(store, "tests_created", "customer"),
        people=None,
        asked=asked,
        window=window,
        today=today,
    )
    last_active = _last_active(store, account, product_ids)
    people = _people(created, submitted, last_active, trend, today)
    fell_after = today - timedelta(days=SILENT_AFTER_DAYS + 30)
    return Engagement(
        people=people,
        trend=trend,
        active=int((people["created"] > 0).sum()),
        silent=int(people["silent"].sum()),
        fell_silent=sum(
            silent and seen > fell_after
            for silent, seen in zip(people["silent"], people["last_active"], strict=True)
        ),
    )


def top_and_others(found: Engagement) -> Stacked:
    """The trend of the `TOP` creators of the window and of everyone else: see `top_share`."""
    people = found.people
    top = people[people["created"] > 0].head(TOP)
    return top_share(people, top, found.trend, "customer", by="created")


def _people(
    created: list[dict[str, Any]],
    submitted: list[dict[str, Any]],
    last_active: Mapping[int, date],
    trend: Trend,
    today: date,
) -> pd.DataFrame:
    by_submitter = {row["submitter_id"]: row["tests_submitted"] for row in submitted}
    lines = trend.lists()
    silent_before = today - timedelta(days=SILENT_AFTER_DAYS)
    rows = []
    for row in created:
        person = row["customer_id"]
        if person is None:
            continue
        seen = last_active.get(person)
        rows.append(
            {
                "customer_id": person,
                "customer": row["customer"],
                "created": row["tests_created"],
                "submitted": by_submitter.get(person, 0),
                "completion": row["test_completion_rate"],
                "last_active": min(seen, today) if seen else None,
                "silent": seen is not None and seen < silent_before,
                "trend": lines.get(person, []),
            }
        )
    columns = [
        *("customer_id", "customer", "created", "submitted"),
        *("completion", "last_active", "silent", "trend"),
    ]
    people = pd.DataFrame(rows, columns=columns)
    return people.sort_values(
        ["created", "submitted", "customer"], ascending=[False, False, True], ignore_index=True
    )


def _last_active(store: Store, account: str, product_ids: Sequence[int]) -> dict[int, date]:
    """The last day of the latest cycle that each person created or submitted."""
    cycles = table(TestCycle)
    scope = [cycles.c.account_id == account]
    if product_ids:
        scope.append(cycles.c.product_id.in_(product_ids))
    parts = union_all(
        *(
            select(column.label("person"), cycles.c.end_day.label("day")).where(
                *scope, column.is_not(None), cycles.c.end_day.is_not(None)
            )
            for column in (cycles.c.created_by_id, cycles.c.submitted_by_id)
        )
    ).subquery()
    latest = select(parts.c.person, func.max(parts.c.day)).group_by(parts.c.person)
    with store.read() as session:
        return dict(session.connection().execute(latest).all())
