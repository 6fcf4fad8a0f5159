"""What the parts of the tester leaderboard share: what is looked at, and the links between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.account_settings import LeaderboardSettings
from core.analytics.explore import user_names
from core.analytics.freshness import maturing_since
from core.analytics.series import Trend
from core.base import text
from core.testers.bugs import BugSelection, count_maturing
from core.testers.leaderboard import TRENDS, Leaderboard, leaderboard, monthly_trend, sort_by
from core.testers.ranking import Order
from core.testers.words import settings_changed
from pages import ui
from pages.ui.filters import Filters
from pages.ui.tables import months_column

PERSON = "testers_person"
ORDER = "testers_rank_by"
ORDERS: Mapping[str, Order] = {"Contribution": "contribution", "Quality": "quality"}


@dataclass(frozen=True)
class View:
    """What the page looks at: the period and products, and the weights and thresholds in use."""

    chosen: Filters
    settings: LeaderboardSettings
    saved: LeaderboardSettings
    order: Order = "contribution"

    @property
    def page(self) -> ui.Page:
        return self.chosen.page

    @property
    def selection(self) -> BugSelection:
        return BugSelection(**self.chosen.period)

    def of(self, tester_id: int) -> BugSelection:
        return replace(self.selection, tester_id=tester_id)

    @property
    def since(self) -> date:
        """Bugs of cycles that ended after this day are still maturing."""
        asked = {"today": self.page.today, "days": self.settings.maturing_days}
        found: date = ui.read(self.page, maturing_since, **asked)
        return found

    @property
    def settled(self) -> "View":
        """The view without bugs that are still maturing."""
        window = self.chosen.window
        if window.end is not None and window.end <= self.since:
            return self
        chosen = self.chosen.with_words("settled bugs only")
        return replace(self, chosen=replace(chosen, window=replace(window, end=self.since)))

    @property
    def stamped(self) -> Filters:
        """The selection; the order and a trial stand in the stamp of what is taken away."""
        ranked = self.chosen.with_words(f"by {self.order}")
        changed = settings_changed(self.saved, self.settings)
        return ranked.with_words(f"trial: {', '.join(changed)}") if changed else ranked

    @property
    def ranked_by(self) -> dict[str, Any]:
        """The view as keywords of `leaderboard`."""
        settings = self.settings
        by = {"weights": dict(settings.weights), "newcomer_below": settings.newcomer_below}
        return by | {"selection": self.selection, "order": self.order}

    def leaderboard(self) -> Leaderboard:
        """The testers ranked, computed once for each state of the data and of the settings."""
        return ui.read_facts(self.page, leaderboard, **self.ranked_by)

    def trend(self, people: pd.DataFrame, by: str) -> Trend:
        """The months of those who come first in an order."""
        ids = tuple(sorted(sort_by(people, by).head(TRENDS)["tester_id"].tolist()))
        return ui.read_facts(
            self.page,
            monthly_trend,
            selection=self.selection,
            tester_ids=ids,
            today=self.page.today,
        )


def with_trends(people: pd.DataFrame, trend: Trend) -> pd.DataFrame:
    lines = trend.lists()
    trends = [lines.get(int(tester), []) for tester in people["tester_id"]]
    return people.assign(trend=pd.Series(trends, index=people.index, dtype=object))


def names(page: ui.Page) -> Mapping[int, str]:
    """Every tester of the account by id."""
    return ui.read_facts(page, user_names, kind="tester")


def box(page: ui.Page) -> None:
    """The order of ranks, and the searchable box of testers; one opens their own view and link."""
    ui.choice("Rank by", [*ORDERS], key=ORDER)
    ui.pick(
        "Tester",
        names(page),
        what="tester",
        account=page.account.name,
        key=PERSON,
        placeholder="Everyone",
        width=112,
    )


def maturing_note(view: View, tester_id: int | None = None) -> None:
    """How many bugs are too young to be judged; nothing where there are none."""
    selection = view.selection if tester_id is None else view.of(tester_id)
    bugs, undecided = ui.read_facts(
        view.page, count_maturing, selection=selection, since=view.since
    )
    if bugs:
        verb = "is" if bugs == 1 else "are"
        st.caption(
            f"{text.times(bugs, 'bug')} of cycles that ended after {text.day(view.since)} {verb} "
            f"still maturing, {text.count(undecided)} undecided; these are accepted "
            f"automatically after {text.times(view.settings.maturing_days, 'day')}."
        )


def pale_note(periods: Sequence[str]) -> str:
    return "; pale: still maturing" if periods else ""


def without_tester_note(found: Leaderboard) -> None:
    if found.without_tester:
        number = text.times(found.without_tester, "bug")
        st.caption(f"{number} of this period without a known tester: not ranked.")


def trend_column() -> Any:
    return months_column(
        f"Bugs reported by month, scaled to the busiest; for the first {TRENDS} in this order. The "
        "latest may still grow",
        92,
    )
