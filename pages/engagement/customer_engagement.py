"""Who drives engagement, and who is slipping away?"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.explore import user_names
from core.analytics.handbook import PANELS
from core.base import text
from core.engagement import words
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
from pages.engagement import people, person, settings
from pages.ui.filters import Filters, filter_bar
from pages.ui.proof import figure_cards, of_period
from pages.ui.signals import grid
from pages.ui.tables import (
    bar_column,
    day_column,
    months_column,
    number_column,
    open_asked,
    places,
    text_column,
)

SOURCES = frozenset({"Test cycles"})
PILLS = {key: SEGMENTS[key] for key in (*LIFECYCLES, *ACTIVITIES)} | {"none": "None created"}
SERIES = ("tests_created", "tests_submitted", "test_completion_rate", "active_customers")


def show(page: ui.Page) -> None:
    names = ui.read_facts(page, user_names, kind="customer")
    chosen = filter_bar(page, sources=SOURCES, box=lambda: person.box(page, names))
    who = st.session_state[person.CHOSEN]
    if who is not None:
        person.show(chosen, who, names[who])
        return
    found = ui.read_facts(page, engagement, **chosen.asked, settings=settings.in_use(page))
    said = words.engagement_answer(found, chosen.window.label)
    ui.answer(page, said, SOURCES, compare=chosen.compare)
    settings.note(page)
    if found.people.empty:
        ui.empty("No test cycle in the store names a customer user.")
        return
    with st.grid(6, min_column_width=150):
        figure_cards(chosen, PANELS["Engagement"])
        segment_cards(page, found)
    ui.tabs(
        {
            "Leaderboard": lambda: drivers(chosen, found),
            "Slipping away": lambda: people.slipping(chosen, found),
            "Cohorts": lambda: people.cohort_tab(chosen),
            "Onboarding": lambda: people.onboarding_tab(chosen),
            "Weekdays": lambda: people.weekdays(chosen),
            "What they find": lambda: people.findings_tab(chosen),
            "Signals": lambda: grid(SERIES, chosen),
            "Segments": lambda: settings.show(page, found),
        },
        key="engagement_view",
    )
    open_asked(partial(person.drawer, chosen, names), names)


def segment_cards(page: ui.Page, found: Engagement) -> None:
    new, silent = found.settings.new_days, found.settings.silent_days
    _segment_card(
        page,
        found,
        "new",
        f"New, {new} days",
        told=f"Customer users whose first test cycle, created or submitted, ended within the last "
        f"{new} days, or is still to end.",
        more=f"{text.count(found.count('returning'))} returning",
    )
    _segment_card(
        page,
        found,
        "silent",
        f"Silent, {silent} days",
        told="Customer users whose latest test cycle, created or submitted, ended more than "
        f"{silent} days ago; the change is over the last {FELL_WITHIN_DAYS} days. Those whose "
        "cycles have no date are not counted.",
        more=f"{text.count(found.count('fading'))} fading",
        delta=found.fell_silent or None,
        delta_color="inverse",
    )


def _segment_card(
    page: ui.Page,
    found: Engagement,
    lifecycle: str,
    label: str,
    *,
    told: str,
    more: str,
    **metric: Any,
) -> None:
    users = found.people[found.people["lifecycle"] == lifecycle]

    def body() -> None:
        st.caption(ui.plain(told))
        latest = users.sort_values(["last_active", "customer"], ascending=[False, True])
        st.dataframe(
            latest[["customer", "last_active"]],
            hide_index=True,
            column_config={
                "customer": "Customer user",
                "last_active": day_column("Last cycle ended"),
            },
        )

    with ui.card(page, lifecycle):
        st.metric(label, text.count(len(users)), **metric)
        st.caption(f"of {text.count(len(found.people))}; {more}")
        asked, is_none = f"Who is {lifecycle}?", users.empty
        ui.opens(page, lifecycle, label, body, label=asked, help=told, disabled=is_none)


def drivers(chosen: Filters, found: Engagement) -> None:
    left, right = st.columns([8, 15])
    with left:
        _top(chosen, found)
    with right, ui.panel("Customer users by cycles created", stretch=True):
        leaderboard(chosen, found)


def _top(chosen: Filters, found: Engagement) -> None:
    stacked = top_and_others(found)
    if stacked[0].empty:
        ui.empty(
            "No cycles of a known person in this period or the last 12 months: choose a longer "
            "period, or All time."
        )
        return
    shares = words.concentration(concentration(found), found.created) or "Share of the period"
    ui.top_chart(
        chosen,
        stacked,
        verbs=("One person creates", "create"),
        what="cycles",
        subtitle=f"{shares}; bars by month of the cycle's end, the pale one not over",
        unfinished=[f"{chosen.page.today:%Y-%m}"],
        opens=partial(of_period, chosen, "tests_created", until=chosen.window.end),
    )


def leaderboard(chosen: Filters, found: Engagement) -> None:
    everyone = found.people
    users = everyone[_in_segments(everyone, _segments_box(found))]
    st.caption(
        "Everyone, those without activity in the period with 0. Click a row to open a user."
        if len(users) == len(everyone)
        else f"{text.count(len(users))} of {text.times(len(everyone), 'customer user')}, with "
        "their places among all."
    )
    if users.empty:
        st.info("No customer user is in all of these segments.")
        return
    alike = everyone.groupby(["created", "submitted"])["created"]
    first, count = everyone.index + 1 - alike.cumcount(), alike.transform("size")
    shown = users.assign(
        place=places(first.loc[users.index], (count > 1).loc[users.index]),
        completion=users["completion"] * 100,
        activity=users["activity"].map(SEGMENTS),
        lifecycle=users["lifecycle"].map(SEGMENTS).fillna(text.UNKNOWN),
    )
    person.table(shown, _columns(everyone), key="engagement_leaders", height=338)
    chosen.csv_button(users.drop(columns="trend"), "Customer engagement", key="people")


def _segments_box(found: Engagement) -> Sequence[str]:
    rules = words.segment_rules(found.settings)
    said = "; ".join(f"{SEGMENTS[key]}: {rule}" for key, rule in rules.items())
    key, names = "engagement_shown", {label: label for label in PILLS.values()}
    look: dict[str, Any] = {"label_visibility": "collapsed", "help": said, "key": key}
    return ui.linked(
        lambda opened: st.pills(
            "Segments", [*names], selection_mode="multi", default=opened, **look
        ),
        *(key, ui.among(names, [], "segment", none="all segments")),
    )


def _in_segments(people: pd.DataFrame, chosen: Sequence[str]) -> pd.Series:
    """Whether each person is in one of the chosen lifecycles and in one of the activities."""
    wanted = pd.Series(data=True, index=people.index)
    for column, keys in (("lifecycle", LIFECYCLES), ("activity", ACTIVITIES)):
        asked = [key for key in keys if PILLS[key] in chosen]
        if asked:
            wanted &= people[column].isin(asked)
    return wanted


def _columns(everyone: pd.DataFrame) -> dict[str, Any]:
    return {
        "place": text_column("#", 48, "3=: others have the same figures", alignment="right"),
        "customer": text_column("Customer user", 146),
        "created": bar_column("Created", 92, most=max(int(everyone["created"].max()), 1)),
        "completion": number_column(
            "Of these submitted, %",
            166,
            "Completion: of the cycles that they created, the share that anybody submitted",
            form="%.0f",
        ),
        "submitted": number_column(
            "Submitted by them", 144, "Cycles that they submitted, including those of others"
        ),
        "last_active": day_column(
            "Last cycle ended",
            124,
            "The day on which their latest cycle, created or submitted, ended; today where it is "
            "still to end",
        ),
        "activity": text_column("Activity", 66, "By the cycles created in the period"),
        "lifecycle": text_column("Segment", 80, "As of today, whatever the period"),
        "trend": months_column("Cycles created by month, scaled to the busiest", 96),
    }


ui.run_page("engagement", "Who drives engagement, and who is slipping away?", show)
