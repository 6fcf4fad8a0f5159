"""Who drives engagement, and who is slipping away?"""

import pandas as pd
import streamlit as st

from core import sentences, words
from core.analytics.engagement import SILENT_AFTER_DAYS, Engagement, engagement, top_and_others
from core.analytics.panels import PANELS
from pages import _people, _proof
from pages import _ui as ui
from pages._filters import Filters, filter_bar

SOURCES = frozenset({"Test cycles"})


def show(page: ui.Page) -> None:
    answer = st.container()
    chosen = filter_bar(page)
    asked = chosen.asked_of(page)
    found = ui.read(page, engagement, **asked)
    with answer:
        st.markdown(f"##### {ui.plain(sentences.engagement_answer(found, chosen.window.label))}")
        ui.freshness_line(page, SOURCES, window=chosen.window)
    if found.people.empty:
        ui.empty("No test cycle in the store names a customer user.")
        return
    with st.grid(5, min_column_width=160):
        _proof.figure_cards(page, PANELS["Engagement"], asked)
        silent_card(found)
    left, right = st.columns([9, 13])
    with left:
        _people.top_chart(
            page, top_and_others(found), one="One person creates", many="create", what="cycles"
        )
    with right:
        leaderboard(page, found, chosen)


def silent_card(found: Engagement) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(
            f"Silent {SILENT_AFTER_DAYS} days",
            words.count(found.silent),
            help="Customer users whose latest test cycle, created or submitted, ended more than "
            f"{SILENT_AFTER_DAYS} days ago; the change is over the last 30 days. Those whose "
            "cycles have no date are not counted.",
            delta=found.fell_silent or None,
            delta_color="inverse",
        )
        silent = found.people[found.people["silent"]]
        with st.popover("Who?", type="tertiary", disabled=silent.empty):
            st.dataframe(
                silent[["customer", "last_active"]].sort_values("last_active", ascending=False),
                hide_index=True,
                column_config={
                    "customer": "Customer user",
                    "last_active": st.column_config.DateColumn("Last cycle", format="D MMM YYYY"),
                },
            )


def leaderboard(page: ui.Page, found: Engagement, chosen: Filters) -> None:
    people = found.people.assign(
        place=range(1, len(found.people) + 1),
        completion=found.people["completion"] * 100,
    )
    columns = ["place", "customer", "created", "submitted", "completion", "last_active", "trend"]
    with st.container(border=True, height="stretch"):
        st.subheader("Customer users by cycles created", anchor=False)
        st.caption("Everyone, those without activity in the period with 0")
        st.dataframe(
            people[columns],
            hide_index=True,
            height=338,
            column_config={
                "place": st.column_config.NumberColumn("#", width=44),
                "customer": st.column_config.TextColumn("Customer user", width=160),
                "created": st.column_config.ProgressColumn(
                    "Created",
                    format="%d",
                    min_value=0,
                    max_value=_most(people["created"]),
                    width=120,
                ),
                "submitted": st.column_config.NumberColumn("Submitted", width=84),
                "completion": st.column_config.NumberColumn(
                    "Completion %",
                    format="%.0f",
                    width=100,
                    help="Of the cycles that they created, the share that was submitted by anybody",
                ),
                "last_active": st.column_config.DateColumn(
                    "Last active",
                    format="D MMM YYYY",
                    width=100,
                    help="The day on which their latest cycle, created or submitted, ended or ends",
                ),
                "trend": st.column_config.BarChartColumn(
                    "By month",
                    y_min=0,
                    width=120,
                    help="Cycles created by month, scaled to the busiest",
                ),
            },
        )
        ui.csv_button(
            page,
            found.people.drop(columns="trend"),
            name="Customer engagement",
            filters=chosen.words,
            key="people",
        )


def _most(values: pd.Series) -> int:
    return max(int(values.max()), 1)


ui.run_page("engagement", "Who drives engagement, and who is slipping away?", show)
