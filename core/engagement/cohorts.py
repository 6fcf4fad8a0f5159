"""Do customer users stay: by the month of their first cycle, the share still active later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sqlalchemy import func, select

from core.analytics.dates import Window, every_period
from core.analytics.series import TREND_DAYS
from core.engagement.participation import participations
from core.store import CalendarDay, Scope, table


@dataclass(frozen=True)
class Cohorts:
    """Customer users by the month in which the first cycle ended that they had a part in.

    `months` has, for each cohort and each later month up to the present one: cohort, size, month,
    after (1 for the month that follows), active (people), share, is_over (bool). `sizes` has the
    people of each cohort, months without a beginner left out. `first_month` is the month in
    which the data begins: its cohort holds those who were there before as well.
    """

    months: pd.DataFrame
    sizes: pd.Series
    first_month: str | None


def cohorts(
    scope: Scope, *, window: Window, product_ids: Sequence[int] = (), today: date
) -> Cohorts:
    """The cohorts that began in the months of the window, or of the last year where it is longer.

    Someone is active in a month in which a cycle ended that they created or submitted; what is
    planned for after today does not count.
    """
    active = _active(scope, product_ids, today)
    present = f"{today:%Y-%m}"
    first = active.groupby("person")["month"].min()
    active["cohort"] = active["person"].map(first)
    sizes = first.value_counts().sort_index()
    sizes.index.name = "cohort"
    counted = active.groupby(["cohort", "month"]).size()
    span = window.at_least(TREND_DAYS, today)
    since = f"{span.start:%Y-%m}" if span.start else ""
    until = f"{span.end:%Y-%m}" if span.end else present
    inside = sizes[(sizes.index >= since) & (sizes.index <= until)]
    rows = [
        (cohort, size, month, after, int(counted.get((cohort, month), 0)))
        for cohort, size in zip(inside.index.tolist(), inside.tolist(), strict=True)
        for after, month in enumerate(every_period("month", cohort, present))
        if after
    ]
    months = pd.DataFrame(rows, columns=["cohort", "size", "month", "after", "active"])
    months["share"] = (months["active"] / months["size"]).astype(float)
    months["is_over"] = months["month"] < present
    return Cohorts(months, inside, None if first.empty else str(first.min()))


def _active(scope: Scope, product_ids: Sequence[int], today: date) -> pd.DataFrame:
    """Each person and month in which they were active, once: person, month."""
    part = participations(scope.account, product_ids, until=today)
    calendar = table(CalendarDay).c
    asked = (
        select(part.c.person, calendar.month)
        .join_from(part, table(CalendarDay), calendar.day == part.c.day)
        .where(calendar.account_id == scope.account)
        .group_by(part.c.person, calendar.month)
        .order_by(func.min(part.c.day), part.c.person)
    )
    return pd.DataFrame(scope.fact_rows(asked), columns=["person", "month"])
