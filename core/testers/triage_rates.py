"""The field as a whole: what becomes of the bugs that all testers report, and whether it is well.

Made from `bugs.count_by_day`; nothing here asks the store.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from core.analytics.account_settings import LeaderboardSettings
from core.analytics.dates import every_period, period_days, period_name
from core.analytics.definitions import METRICS
from core.analytics.model import Measure, Metric
from core.base.stats import Direction, Estimate, Verdict, proportion_estimate, verdict

# What becomes of a bug, in words; any other status keeps the source's own.
STATUSES = {
    "accepted": "Accepted by a person",
    "auto_accepted": "Accepted automatically",
    "rejected": "Rejected",
    "forwarded": "Open",
}
NO_STATUS = "No status"
NO_REASON = "Reason unknown"


@dataclass(frozen=True)
class Rate:
    """A rate of the field with its interval, and what it says about its healthy range.

    `target` is the edge of the range and `direction` its side; None where a rate has no range. It
    is that of settled bugs; `waiting` others are still being decided.
    """

    key: str
    label: str
    of: str
    direction: Direction | None
    target: float | None
    estimate: Estimate
    waiting: int

    @property
    def verdict(self) -> Verdict:
        """What the rate says about its range."""
        if self.direction is None or self.target is None:
            return Verdict.NO_DATA
        return verdict(self.estimate, self.direction, self.target)


def rates(days: pd.DataFrame, settings: LeaderboardSettings, *, since: date) -> list[Rate]:
    """Acceptance, review, auto-acceptance and rejection: the definitions of the registry.

    Bugs after the day `since` are still maturing.
    """
    settled = days.loc[[day is None or day <= since for day in days["day"]]]
    waiting = int(days["bugs"].sum() - settled["bugs"].sum())
    automatic = settings.most_auto_accepted
    shares: Sequence[tuple[str, str, str, Direction | None, float | None]] = (
        ("decided_acceptance_rate", "Acceptance", "decided bugs", None, None),
        ("review_rate", "Reviewed by a person", "bugs", "above", settings.least_reviewed),
        ("auto_acceptance_rate", "Accepted automatically", "accepted bugs", "below", automatic),
        ("rejection_rate", "Rejected", "bugs", "below", settings.most_rejected),
    )
    return [Rate(*share, _share(settled, METRICS[share[0]]), waiting) for share in shares]


def _share(days: pd.DataFrame, metric: Metric) -> Estimate:
    """A share of bugs from the number of bugs by status, by the registry's own measures."""

    def number(measure: Measure) -> int:
        holds = {status: measure.holds({"status": status}) for status in set(days["status"])}
        counts = [holds[status] for status in days["status"]]
        return int(days["bugs"][pd.Series(counts, index=days.index, dtype=bool)].sum())

    part, whole = metric.measures()
    return proportion_estimate(number(part), number(whole))


def status_name(status: str | None) -> str:
    """A status in words."""
    return NO_STATUS if status is None else STATUSES.get(status, status)


def by_status(days: pd.DataFrame) -> pd.DataFrame:
    """Bugs with what became of them, in words, as `name`."""
    return days.assign(name=[status_name(status) for status in days["status"]])


def by_reason(days: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Rejected bugs with the reason as `name`; an unknown reason is one too."""
    rejected = days[days["status"] == "rejected"]
    reasons = [NO_REASON if key is None else names.get(key, key) for key in rejected["reason"]]
    return rejected.assign(name=reasons)


def count_statuses(days: pd.DataFrame) -> pd.Series:
    """Bugs by what became of them, in words: the usual ones first, then others by number."""
    found = count_names(by_status(days))
    usual = [name for name in STATUSES.values() if name in found.index]
    return found[[*usual, *(name for name in found.index if name not in usual)]]


def count_names(named: pd.DataFrame) -> pd.Series:
    """Bugs by `name`, the most frequent first."""
    counts = named.groupby("name")["bugs"].sum().astype(int)
    return counts.sort_index().sort_values(ascending=False, kind="stable")


def by_period(named: pd.DataFrame, grain: str, *, through: date) -> pd.DataFrame:
    """Bugs by period and `name`, without gaps: period, series, value.

    `grain` is week or month. Bugs without a day, or of a later one than `through`, are in none.
    """
    dated = named.loc[[day is not None and day <= through for day in named["day"]]]
    if dated.empty:
        return pd.DataFrame(columns=["period", "series", "value"])
    periods = dated["day"].map({day: period_name(grain, day) for day in dated["day"].unique()})
    wide = dated.assign(period=periods).pivot_table(
        index="period", columns="name", values="bugs", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(every_period(grain, periods.min(), periods.max()), fill_value=0)
    wide = wide.rename_axis(index="period", columns="series").reset_index()
    return wide.melt("period").astype({"value": int})


def maturing_periods(periods: Collection[str], since: date) -> list[str]:
    """Those of the periods that have a day after this one."""
    return [period for period in periods if period_days(period)[1] > since]
