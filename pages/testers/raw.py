"""Raw counts, for those who want them, beside the fair score."""

from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.base import text
from core.base.text import OTHERS
from core.engagement import words as engagement_words
from core.testers.bugs import count_breadth, count_details, repeat_reasons
from core.testers.leaderboard import TOP, Leaderboard, sort_by, top_and_others
from core.testers.triage_rates import maturing_periods
from pages import ui
from pages.testers import shared as common
from pages.testers.shared import View

TABLE = "testers_raw"
ORDERS = {"Bugs reported": "reported", "Bugs accepted": "accepted", "Fair score": "score"}
MOST_SEVERITIES = 6  # the download has all of them
PARTS = ("accepted_by_hand", "auto_accepted", "rejected", "open")


def show(view: View, found: Leaderboard) -> None:
    chosen = st.segmented_control(
        "Order by",
        list(ORDERS),
        default="Bugs reported",
        required=True,
        key="testers_order",
        bind="query-params",
    )
    by = ORDERS[chosen]
    trend = view.trend(found.people, by)
    _table(view, found, by, common.with_trends(found.people, trend))
    data, order, share = top_and_others(found.people, trend, by)
    if data.empty:
        ui.empty("No bug of a known tester in the last 12 months.")
        return
    top = [name for name in order if name != OTHERS]
    pale = maturing_periods(set(data["period"]), view.since)
    ui.chart(
        charts.stacked_periods(data, series=order, unit="Bugs", unfinished=pale),
        title=engagement_words.top_share(top, share, "One tester reports", "report", "bugs"),
        subtitle=f"Share of the period; the first {TOP} in the order above, by month of the "
        f"cycle's end{common.pale_note(pale)}",
        alt=f"Bugs by month: {', '.join(top)} and everyone else",
        page=view.page,
        filters=view.words,
        key="top",
    )


def _table(view: View, found: Leaderboard, by: str, people: pd.DataFrame) -> None:
    page = view.page
    details = ui.read(page, count_details, selection=view.selection)
    broad = ui.read_facts(page, count_breadth, selection=view.selection)
    repeats = ui.read(page, repeat_reasons)
    whole = people.set_index("tester_id")
    whole = pd.concat([whole, details.counts, broad, details.severities.add_prefix("of ")], axis=1)
    whole = sort_by(whole.loc[people["tester_id"]].reset_index(), by)
    shown = with_shares(whole)
    ids = tuple(int(tester) for tester in shown["tester_id"])
    weights = view.settings.weights
    heaviest = sorted(details.severities.columns, key=lambda name: -weights.get(name, 0))
    severities = [f"of {name}" for name in heaviest[:MOST_SEVERITIES]]
    with st.container(border=True):
        st.subheader(f"{text.times(len(people), 'tester')} by raw count", anchor=False)
        st.caption(
            "Raw counts reward the many, not the good: the score weighs them. Click a row to open "
            "the tester's own page."
        )
        st.dataframe(
            shown,
            hide_index=True,
            height=414,
            key=TABLE,
            on_select=lambda: _open(ids),
            selection_mode="single-row",
            column_order=[
                *("tester", "reported", "accepted", *PARTS, "known_share", "first_share"),
                *("products", "features", *severities, "trend"),
            ],
            column_config=_config(shown, repeats, severities),
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            exported = shown.drop(columns=["trend", "acceptance"])
            ui.csv_button(
                page, exported, name="Testers by raw count", filters=view.words, key="raw"
            )
            common.without_tester_note(found)


def with_shares(people: pd.DataFrame) -> pd.DataFrame:
    """The known-bug share and the first-to-find share, in per cent; unknown where of nothing."""
    said, decided = people["known_said"], people["decided"]
    return people.assign(
        known_share=(people["known"] / said.where(said > 0)).astype(float) * 100,
        first_share=(1 - people["repeated"] / decided.where(decided > 0)).astype(float) * 100,
    )


def first_to_find(repeats: list[str]) -> str:
    """What the first-to-find share is, and what it is not."""
    reasons = f" nor rejected as {text.listed(repeats)}" if repeats else ""
    return (
        f"Of the decided bugs, those neither marked as known{reasons}. The source does not say "
        "which report was the first: a repeat that nobody marked counts as first, and so does a "
        "rejection without a reason"
    )


def _open(ids: tuple[int, ...]) -> None:
    chosen = common.row_chosen(TABLE, ids)
    if chosen is not None:
        common.go_to(chosen)


def _config(people: pd.DataFrame, repeats: list[str], severities: list[str]) -> dict[str, Any]:
    def number(label: str, width: int, told: str | None = None) -> Any:
        return st.column_config.NumberColumn(label, width=width, format="localized", help=told)

    return {
        "tester": st.column_config.TextColumn("Tester", width=130, pinned=True),
        "reported": st.column_config.ProgressColumn(
            "Reported",
            width=100,
            format="localized",
            min_value=0,
            max_value=max(int(people["reported"].max()), 1),
        ),
        "accepted": number("Accepted", 80, "By a person or automatically"),
        "accepted_by_hand": number("By a person", 92, "Accepted by a person"),
        "auto_accepted": number(
            "Automatically", 76, "Accepted automatically: nobody reviewed it in time"
        ),
        "rejected": number("Rejected", 76),
        "open": number("Open", 60, "Forwarded, not yet decided"),
        "known_share": st.column_config.NumberColumn(
            "Known %",
            width=76,
            format="%.1f",
            help="Bugs that the customer knew already, of those of which it is said",
        ),
        "first_share": st.column_config.NumberColumn(
            "First %", width=70, format="%.1f", help=first_to_find(repeats)
        ),
        "products": number("Products", 78, "Different products that their bugs are about"),
        "features": number("Features", 78, "Different features that their bugs are about"),
        **{
            name: number(text.upper_first(name.removeprefix("of ")), 76, "Decided bugs")
            for name in severities
        },
        "trend": common.trend_column(),
    }
