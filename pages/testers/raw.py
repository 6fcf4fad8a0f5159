"""Raw counts, for those who want them, beside the fair score."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.base import text
from core.testers.bugs import count_breadth, count_details, repeat_reasons
from core.testers.leaderboard import TOP, Leaderboard, sort_by, top_and_others
from core.testers.triage_rates import maturing_periods
from pages import ui
from pages.testers import ranking, shared
from pages.testers.shared import View
from pages.ui.proof import of_period
from pages.ui.tables import bar_column, day_column, number_column, people_table, text_column

ORDERS = {"Bugs reported": "reported", "Bugs accepted": "accepted", "Fair score": "score"}
KNOWN = "Bugs that the customer knew already, of those where it is recorded"
MOST_SEVERITIES = 6  # the download has all of them


def show(view: View, found: Leaderboard) -> None:
    by = ORDERS[ui.choice("Order by", list(ORDERS), key="testers_order")]
    trend = view.trend(found.people, by)
    _table(view, found, by, shared.with_trends(found.people, trend))
    stacked = top_and_others(found.people, trend, by)
    if stacked[0].empty:
        ui.empty("No bug of a known tester in the last 12 months.")
        return
    pale = maturing_periods(set(stacked[0]["period"]), view.since)
    ui.top_chart(
        view.stamped,
        stacked,
        verbs=("One tester reports", "report"),
        what="bugs",
        subtitle=f"Share of the period; the first {TOP} in the order above, by month of the "
        f"cycle's end{shared.pale_note(pale)}",
        unfinished=pale,
        opens=partial(of_period, view.chosen, "bug_count", until=view.chosen.window.end),
    )


def _table(view: View, found: Leaderboard, by: str, people: pd.DataFrame) -> None:
    page = view.page
    details = ui.read(page, count_details, selection=view.selection)
    broad = ui.read_facts(page, count_breadth, selection=view.selection)
    whole = people.set_index("tester_id")
    whole = pd.concat([whole, details.counts, broad, details.severities.add_prefix("of ")], axis=1)
    whole = sort_by(whole.loc[people["tester_id"]].reset_index(), by)
    said, decided = whole["known_said"], whole["decided"]
    # In per cent; unknown where of nothing.
    shown = whole.assign(
        known_share=(whole["known"] / said.where(said > 0)).astype(float) * 100,
        first_share=(1 - whole["repeated"] / decided.where(decided > 0)).astype(float) * 100,
    )
    weights = view.settings.weights
    heaviest = sorted(details.severities.columns, key=lambda name: -weights.get(name, 0))
    columns = _columns(
        most=max(int(people["reported"].max()), 1),
        repeats=ui.read(page, repeat_reasons),
        severities=heaviest[:MOST_SEVERITIES],
    )
    with ui.panel(
        f"{text.times(len(people), 'tester')} by raw count",
        "Raw counts reward the many, not the good: the score weighs them. Click a row to open "
        "the tester.",
    ):
        people_table(shown, "tester_id", columns, key="testers_raw", height=414, box=ranking.WHY)
        with st.container(horizontal=True, vertical_alignment="center"):
            exported = shown.drop(columns=["trend", "acceptance", "share"])
            view.stamped.csv_button(exported, "Testers by raw count", key="raw")
            shared.without_tester_note(found)


def first_to_find(repeats: list[str]) -> str:
    reasons = f" nor rejected as {text.listed(repeats)}" if repeats else ""
    return (
        f"Of the decided bugs, those neither marked as known{reasons}. The source does not say "
        "which report was the first: a repeat without a mark counts as first, and so does a "
        "rejection without a reason"
    )


def _columns(*, most: int, repeats: list[str], severities: list[str]) -> dict[str, Any]:
    automatic = "Accepted automatically: not reviewed in time"
    return {
        "tester": text_column("Tester", 130, pinned=True),
        "reported": bar_column("Reported", 100, most=most),
        "accepted": number_column("Accepted", 80, "By a person or automatically"),
        "accepted_by_hand": number_column("By a person", 92, "Accepted by a person"),
        "auto_accepted": number_column("Automatically", 98, automatic),
        "rejected": number_column("Rejected", 76),
        "open": number_column("Open", 60, "Forwarded, not yet decided"),
        "known_share": number_column("Known before, %", 116, KNOWN, form="%.1f"),
        "first_share": number_column("First to find, %", 112, first_to_find(repeats), form="%.1f"),
        "products": number_column("Products", 78, "Different products that their bugs are about"),
        "features": number_column("Features", 78, "Different features that their bugs are about"),
        **{
            f"of {severity}": number_column(text.upper_first(severity), 76, "Decided bugs")
            for severity in severities
        },
        "last_active": day_column("Last active", 104),
        "trend": shared.trend_column(),
    }
