"""Who drives engagement, and who is slipping away: the customer users of an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from core.analytics.account_settings import EngagementSettings, settings_of
from core.analytics.dates import Window
from core.analytics.query import metric_rows
from core.analytics.series import Stacked, Trend, monthly_trend, people_query, top_share
from core.engagement.participation import participations
from core.engagement.segments import activity_of, lifecycle_of
from core.store import Scope

FELL_WITHIN_DAYS = 30
TOP = 5
SIZES = (1, 5, 10)
ASKED = ["customer_id", "customer", "tests_created", "test_completion_rate"]
Span = tuple[date, date]


@dataclass(frozen=True)
class Engagement:
    """The customer users of an account over a window.

    `people` has one row for each, those without activity with 0: customer_id, customer, created,
    submitted, completion (share, None without a created cycle), last_active (date or None),
    activity, lifecycle (None without a cycle that has a date), trend (created by month, a list).
    `trend` is that of the cycles created. `fell_silent` counts those who became silent within the
    last `FELL_WITHIN_DAYS`.
    """

    people: pd.DataFrame
    trend: Trend
    fell_silent: int
    settings: EngagementSettings

    def count(self, lifecycle: str) -> int:
        """How many are new, returning, fading or silent."""
        return int((self.people["lifecycle"] == lifecycle).sum())

    @property
    def active(self) -> int:
        """How many created a cycle in the window."""
        return int((self.people["created"] > 0).sum())

    @property
    def created(self) -> int:
        """The cycles created by known people in the window."""
        return int(self.people["created"].sum())


def engagement(
    scope: Scope,
    *,
    window: Window,
    product_ids: Sequence[int] = (),
    today: date,
    settings: EngagementSettings | None = None,
) -> Engagement:
    """Every customer user with what they created, and what they submitted, in the window.

    Created counts the cycles of which someone is the creator; submitted those that they submitted
    themselves, including those created by others; one who only submits appears as well. Who is new,
    fading or silent is seen from today, whatever the window. `settings` are thresholds to try,
    None for those of the account.
    """
    settings = settings or settings_of(scope, EngagementSettings)
    asked = people_query(window, product_ids)
    created = metric_rows(
        scope,
        metrics=["tests_created", "test_completion_rate"],
        dimensions=["customer"],
        include_zero=True,
        **asked,
    )
    submitted = metric_rows(scope, metrics=["tests_submitted"], dimensions=["submitter"], **asked)
    trend = monthly_trend(
        *(scope, "tests_created", "customer"), asked=asked, window=window, today=today
    )
    part = participations(scope.account, product_ids)
    ends = select(part.c.person, func.min(part.c.day), func.max(part.c.day))
    rows = scope.fact_rows(ends.group_by(part.c.person))
    spans = {person: (first, last) for person, first, last in rows}
    people = _people(created, submitted, spans=spans, trend=trend, today=today, settings=settings)
    fell_after = today - timedelta(days=settings.silent_days + FELL_WITHIN_DAYS)
    last_days = people.loc[people["lifecycle"] == "silent", "last_active"]
    fell_silent = sum(day > fell_after for day in last_days)
    return Engagement(people, trend, fell_silent, settings)


def top_and_others(found: Engagement) -> Stacked:
    """The trend of the `TOP` creators of the window and of everyone else: see `top_share`."""
    people = found.people
    top = people[people["created"] > 0].head(TOP)
    return top_share(people, top, found.trend, "customer", by="created")


def concentration(found: Engagement) -> list[tuple[int, float]]:
    """The share of the window's created cycles that the first 1, 5 and 10 creators have.

    Empty where none was created; of sizes beyond the number of creators the first stays, which
    takes in all of them.
    """
    created, total = found.people["created"], found.created
    shown = [size for last, size in pairwise((0, *SIZES)) if last < found.active]
    return [(size, float(created.head(size).sum() / total)) for size in shown]


def _people(
    created: list[dict[str, Any]],
    submitted: list[dict[str, Any]],
    *,
    spans: Mapping[int, Span],
    trend: Trend,
    today: date,
    settings: EngagementSettings,
) -> pd.DataFrame:
    by_submitter = {row["submitter_id"]: row["tests_submitted"] for row in submitted}
    lines = trend.lists()
    found = pd.DataFrame([row for row in created if row["customer_id"] is not None], columns=ASKED)
    ids = found["customer_id"].tolist()
    seen = [spans.get(person, (None, None)) for person in ids]
    lifecycles = [lifecycle_of(*days, today=today, settings=settings) for days in seen]
    columns: dict[str, Any] = {
        "created": found["tests_created"],
        "submitted": [by_submitter.get(person, 0) for person in ids],
        "completion": found["test_completion_rate"],
        "last_active": [last and min(last, today) for _, last in seen],
        "activity": [activity_of(number, settings) for number in found["tests_created"]],
        # As they are: a column of text would turn None into a number.
        "lifecycle": pd.Series(lifecycles, dtype=object),
        "trend": [lines.get(person, []) for person in ids],
    }
    people = found[["customer_id", "customer"]].assign(**columns)
    return people.sort_values(
        ["created", "submitted", "customer"], ascending=[False, False, True], ignore_index=True
    )
