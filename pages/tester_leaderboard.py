"""Who finds the bugs that matter?"""

from datetime import timedelta

import pandas as pd
import streamlit as st

from core import sentences, words
from core.analytics.panels import PANELS
from core.analytics.testers import (
    NEWCOMER_BELOW,
    TRENDS,
    Field,
    leaderboard,
    top_and_others,
)
from pages import _people, _proof
from pages import _ui as ui
from pages._filters import Filters, filter_bar

SOURCES = frozenset({"Test cycles", "Bug reports"})
MATURING_DAYS = 10
ORDERS = {"Fair score": "score", "Bugs reported": "reported", "Bugs accepted": "accepted"}


def show(page: ui.Page) -> None:
    answer = st.container()
    chosen = filter_bar(page)
    asked = chosen.asked_of(page)
    found = ui.read(page, leaderboard, **asked)
    with answer:
        st.markdown(f"##### {ui.plain(sentences.testers_answer(found))}")
        ui.freshness_line(page, SOURCES, window=chosen.window)
    if found.people.empty:
        ui.empty(
            f"No bug report of a known tester in this period ({chosen.window.label.lower()}). "
            "Choose a longer period, or All time."
        )
        return
    with st.grid(5, min_column_width=160):
        _proof.figure_cards(page, PANELS["Testers"], asked)
    maturing_note(page, chosen)
    by = st.segmented_control(
        "Rank by",
        list(ORDERS),
        default="Fair score",
        required=True,
        key="testers_order",
        bind="query-params",
    )
    left, right = st.columns([8, 14])
    with left:
        _people.top_chart(
            page,
            top_and_others(found, ORDERS[by]),
            one="One tester reports",
            many="report",
            what="bugs",
        )
    with right:
        table(page, found, ORDERS[by], chosen)


def maturing_note(page: ui.Page, chosen: Filters) -> None:
    since = page.today - timedelta(days=MATURING_DAYS)
    if chosen.window.end is None or chosen.window.end >= since:
        st.caption(
            f"Bugs of cycles that ended after {words.day(since)} are still maturing: "
            f"undecided ones are accepted by themselves after {MATURING_DAYS} days."
        )


def table(page: ui.Page, found: Field, by: str, chosen: Filters) -> None:
    people = found.people
    if by != "score":
        people = people.sort_values([by, "tester"], ascending=[False, True], ignore_index=True)
        people = people.assign(rank=people[by].rank(method="min", ascending=False).astype("Int64"))
    shown = people.assign(
        acceptance=people["acceptance"] * 100,
        band=["newcomer" if newcomer else "" for newcomer in people["newcomer"]],
    )
    columns = [
        *("rank", "tester", "score", "reported", "decided", "accepted"),
        *("acceptance", "band", "trend"),
    ]
    with st.container(border=True, height="stretch"):
        st.subheader("Testers", anchor=False)
        st.caption(
            "Score: severity-weighted decided bugs times acceptance, drawn towards the field's "
            f"{words.share(found.prior.shrunk(0, 0))} the more the fewer bugs are decided"
        )
        st.dataframe(
            shown[columns],
            hide_index=True,
            height=338,
            column_config={
                "rank": st.column_config.NumberColumn("#", width=44),
                "tester": st.column_config.TextColumn("Tester", width=126),
                "score": st.column_config.ProgressColumn(
                    "Score",
                    width=100,
                    format="%.0f",
                    min_value=0,
                    max_value=max(float(people["score"].max()), 1.0),
                ),
                "reported": st.column_config.NumberColumn("Reported", width=76),
                "decided": st.column_config.NumberColumn(
                    "Decided", width=72, help="Accepted, accepted automatically, or rejected"
                ),
                "accepted": st.column_config.NumberColumn("Accepted", width=76),
                "acceptance": st.column_config.NumberColumn(
                    "Accepted %", format="%.0f", width=90, help="Of the decided bugs"
                ),
                "band": st.column_config.TextColumn(
                    "Band", width=78, help=f"Newcomers: fewer than {NEWCOMER_BELOW} decided bugs"
                ),
                "trend": st.column_config.BarChartColumn(
                    "By month",
                    y_min=0,
                    width=110,
                    help="Bugs reported by month, scaled to the busiest; for the first "
                    f"{TRENDS} of each order",
                ),
            },
        )
        ui.csv_button(
            page,
            pd.DataFrame(people.drop(columns="trend")),
            name="Tester leaderboard",
            filters=chosen.words,
            key="testers",
        )


ui.run_page("testers", "Who finds the bugs that matter?", show)
