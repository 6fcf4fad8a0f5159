"""Who drives engagement, and who is slipping away?"""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.analytics.handbook import PANELS
from core.base import text
from core.engagement import words as engagement_words
from core.engagement.people import (
    FELL_WITHIN_DAYS,
    Engagement,
    concentration,
    engagement,
    top_and_others,
)
from core.engagement.segments import ACTIVITIES, LIFECYCLES
from core.engagement.words import SEGMENTS
from pages import ui
from pages.engagement import people as people_tabs
from pages.engagement import person as one
from pages.engagement import settings as thresholds
from pages.ui import people as _people
from pages.ui import proof as _proof
from pages.ui import signals as _signals
from pages.ui.filters import Filters, filter_bar

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = frozenset({"Test cycles"})
PILLS = {key: SEGMENTS[key] for key in (*LIFECYCLES, *ACTIVITIES)} | {"none": "None created"}
SERIES = ("tests_created", "tests_submitted", "test_completion_rate", "active_customers")
TABS = (
    "Leaderboard",
    "Slipping away",
    "Cohorts",
    "Onboarding",
    "Weekdays",
    "What they find",
    "Signals",
    "Segments",
)


def show(page: ui.Page) -> None:
    answer = st.container()
    names, unknown = one.known(page)
    chosen = filter_bar(page, also={one.CHOSEN: None, one.SHOWN: []}, box=lambda: one.box(names))
    person = st.session_state.get(one.CHOSEN)
    if person is not None:
        one.show(page, person, names[person], chosen, answer)
        return
    found = ui.read_facts(
        page, engagement, **chosen.asked_of(page), settings=thresholds.in_use(page)
    )
    with answer:
        st.markdown(
            f"##### {ui.plain(engagement_words.engagement_answer(found, chosen.window.label))}"
        )
        ui.freshness_line(page, SOURCES, window=chosen.window)
        if unknown is not None:
            st.warning(
                f"No customer user of {ui.plain(page.account.name)} is called "
                f"“{ui.plain(unknown)}”: the name may have changed, or belong to another account. "
                "Everybody is below."
            )
    thresholds.note(page)
    if found.people.empty:
        ui.empty("No test cycle in the store names a customer user.")
        return
    with st.grid(6, min_column_width=150):
        _proof.figure_cards(page, PANELS["Engagement"], chosen.asked_of(page))
        segment_cards(found)
    tabs(page, found, chosen)


def tabs(page: ui.Page, found: Engagement, chosen: Filters) -> None:
    """Only the one that is open is computed."""
    bodies: tuple[Callable[[], None], ...] = (
        lambda: drivers(page, found, chosen),
        lambda: people_tabs.slipping(page, found, chosen),
        lambda: people_tabs.cohort_tab(page, chosen),
        lambda: people_tabs.onboarding_tab(page, chosen),
        lambda: people_tabs.weekdays(page, chosen),
        lambda: people_tabs.findings_tab(page, chosen),
        lambda: _signals.grid(page, SERIES, chosen),
        lambda: thresholds.show(page, found),
    )
    drawn = st.tabs(TABS, key=one.VIEW, bind="query-params")
    for tab, body in zip(drawn, bodies, strict=True):
        if tab.open:
            with tab:
                body()


def segment_cards(found: Engagement) -> None:
    """Who is new, and who went silent; the names behind both."""
    new, silent = found.settings.new_days, found.settings.silent_days
    _segment_card(
        found,
        "new",
        f"New, {new} days",
        help=f"Customer users whose first test cycle, created or submitted, ended within the last "
        f"{new} days, or is still to end.",
        more=f"{text.count(found.count('returning'))} returning",
    )
    _segment_card(
        found,
        "silent",
        f"Silent, {silent} days",
        help="Customer users whose latest test cycle, created or submitted, ended more than "
        f"{silent} days ago; the change is over the last {FELL_WITHIN_DAYS} days. Those whose "
        "cycles have no date are not counted.",
        more=f"{text.count(found.count('fading'))} fading",
        delta=found.fell_silent or None,
        delta_color="inverse",
    )


def _segment_card(
    found: Engagement, lifecycle: str, label: str, *, more: str, **metric: Any
) -> None:
    people = found.people[found.people["lifecycle"] == lifecycle]
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(label, text.count(len(people)), **metric)
        st.caption(f"of {text.count(len(found.people))}; {more}")
        with st.popover("Who?", type="tertiary", disabled=people.empty):
            st.dataframe(
                people[["customer", "last_active"]].sort_values(
                    ["last_active", "customer"], ascending=[False, True]
                ),
                hide_index=True,
                column_config={
                    "customer": "Customer user",
                    "last_active": st.column_config.DateColumn("Last active", format="D MMM YYYY"),
                },
            )


def drivers(page: ui.Page, found: Engagement, chosen: Filters) -> None:
    left, right = st.columns([8, 15])
    with left:
        _people.top_chart(
            page,
            top_and_others(found),
            one="One person creates",
            many="create",
            what="cycles",
            more=engagement_words.concentration(concentration(found), found.created),
            filters=chosen.words,
        )
    with right:
        leaderboard(page, found, chosen)


def leaderboard(page: ui.Page, found: Engagement, chosen: Filters) -> None:
    people = found.people.assign(
        place=range(1, len(found.people) + 1), completion=found.people["completion"] * 100
    )
    with st.container(border=True, height="stretch"):
        st.subheader("Customer users by cycles created", anchor=False)
        people = people[_of_segments(people, _segments_box(found))]
        everyone = len(people) == len(found.people)
        st.caption(
            "Everyone, those without activity in the period with 0. Choose a row to open a user."
            if everyone
            else f"{text.count(len(people))} of "
            f"{text.times(len(found.people), 'customer user')}, with their places among all."
        )
        if people.empty:
            st.info("No customer user is in all of these segments.")
            return
        people["activity"] = people["activity"].map(SEGMENTS)
        people["lifecycle"] = people["lifecycle"].map(SEGMENTS).fillna(text.UNKNOWN)
        one.table(people, _columns(found), key="engagement_leaders", height=338)
        ui.csv_button(
            page,
            found.people.loc[people.index].drop(columns=["trend", "silent"]),
            name="Customer engagement",
            filters=chosen.words,
            key="people",
        )


def _segments_box(found: Engagement) -> list[str]:
    rules = engagement_words.segment_rules(found.settings)
    said = "; ".join(f"{SEGMENTS[key]}: {rule}" for key, rule in rules.items())
    return st.pills(
        "Segments",
        list(PILLS.values()),
        selection_mode="multi",
        key=one.SHOWN,
        bind="query-params",
        label_visibility="collapsed",
        help=said,
    )


def _of_segments(people: pd.DataFrame, chosen: list[str]) -> pd.Series:
    """Whether each person is in one of the chosen lifecycles and in one of the activities."""
    wanted = pd.Series(data=True, index=people.index)
    for column, keys in (("lifecycle", LIFECYCLES), ("activity", ACTIVITIES)):
        asked = [key for key in keys if PILLS[key] in chosen]
        if asked:
            wanted &= people[column].isin(asked)
    return wanted


def _columns(found: Engagement) -> dict[str, object]:
    most = max(int(found.people["created"].max()), 1)
    return {
        "place": st.column_config.NumberColumn("#", width=40),
        "customer": st.column_config.TextColumn("Customer user", width=146),
        "created": st.column_config.ProgressColumn(
            "Created", format="%d", min_value=0, max_value=most, width=92
        ),
        "submitted": st.column_config.NumberColumn(
            "Submitted",
            width=80,
            help="Cycles that they submitted, including those created by others",
        ),
        "completion": st.column_config.NumberColumn(
            "Done %",
            format="%.0f",
            width=62,
            help="Completion: of the cycles that they created, the share that was submitted by "
            "anybody",
        ),
        "last_active": st.column_config.DateColumn(
            "Last active",
            format="D MMM YYYY",
            width=96,
            help="The day on which their latest cycle, created or submitted, ended; today where it "
            "is still to end",
        ),
        "activity": st.column_config.TextColumn(
            "Activity", width=66, help="By the cycles created in the period"
        ),
        "lifecycle": st.column_config.TextColumn(
            "Segment", width=80, help="As of today, whatever the period"
        ),
        "trend": st.column_config.BarChartColumn(
            "By month", y_min=0, width=96, help="Cycles created by month, scaled to the busiest"
        ),
    }


ui.run_page("engagement", "Who drives engagement, and who is slipping away?", show)
