"""The tabs of the engagement page: who slips away, who stays, who starts, when and what."""

from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.analytics.definitions import WEEKDAYS
from core.analytics.query import metric_rows
from core.analytics.series import people_query
from core.base import text
from core.engagement import words
from core.engagement.cohorts import Cohorts, cohorts
from core.engagement.findings import findings
from core.engagement.onboarding import Onboarding, onboarding
from core.engagement.participation import last_seen
from core.engagement.people import Engagement
from pages import ui
from pages.engagement import person
from pages.ui.filters import Filters
from pages.ui.tables import day_column, height, months_column, number_column, text_column

MOST_COHORTS = 24
SLIPPING = ("Silent", "Fading")
CLOCKS = {"End": "default", "Start": "start"}


def slipping(chosen: Filters, found: Engagement) -> None:
    """Who to write to, with what they did last."""
    kind = ui.choice(
        "Who", SLIPPING, key="engagement_slipping", label_visibility="collapsed"
    ).lower()
    people = found.people[found.people["lifecycle"] == kind]
    products = "; of the chosen products only" if chosen.product_ids else ""
    with ui.panel(
        words.slipping_finding(len(people), kind, found.settings),
        "As of today, whatever the period; what they did last, created or submitted"
        f"{products}. Click a row to open a user.",
    ):
        if people.empty:
            st.markdown(f"No customer user is {kind}.")
            return
        shown = _outreach(chosen, people)
        person.table(shown, _OUTREACH, key=f"engagement_{kind}", height=height(shown, 12))
        name = f"{kind.capitalize()} customer users"
        chosen.csv_button(shown.drop(columns="trend"), name, key=kind)


def _outreach(chosen: Filters, people: pd.DataFrame) -> pd.DataFrame:
    """The latest gone first: they are the easiest to win back."""
    last = ui.read_facts(chosen.page, last_seen, product_ids=chosen.product_ids)
    shown = people[["customer_id", "customer", "trend"]].merge(last, on="customer_id", how="left")
    shown["days"] = [(chosen.page.today - day).days for day in shown["day"]]
    return shown.sort_values(["days", "customer"], ignore_index=True)


_OUTREACH: dict[str, Any] = {
    "customer": text_column("Customer user", 170),
    "days": number_column("Days ago", 80),
    "day": day_column("Last cycle ended", 124),
    "title": text_column("Last cycle", 320),
    "product": text_column("Product", 150),
    "status": text_column("Status", 110),
    "part": text_column("They", 160, "What they did in that cycle"),
    "trend": months_column("Cycles created, scaled to the busiest month", 100),
}


def cohort_tab(chosen: Filters) -> None:
    found = ui.read_facts(chosen.page, cohorts, **chosen.asked)
    if found.months.empty:
        ui.empty(
            "No first cycle ended in this period or the last 12 months, this month left out: "
            "choose a longer period, or All time."
        )
        return
    latest = found.sizes.index[-MOST_COHORTS:]
    months = found.months[
        found.months["cohort"].isin(latest) & (found.months["after"] <= MOST_COHORTS)
    ]
    sizes = months["size"].map("{:,}".format)
    chosen.chart(
        charts.cohort_map(
            months.assign(
                row=months["cohort"].map(words.month) + ", n = " + sizes,
                month=months["month"].map(words.month),
            )
        ),
        key="cohorts",
        title=words.cohort_finding(found),
        subtitle="Customer users by the month in which their first cycle ended: the share, in per "
        "cent, with a cycle, created or submitted, that ended in each later month. Dashed: this "
        "month, not over. Empty: still to come",
        alt="Share of each month's new customer users that was active in each later month",
    )
    st.caption(ui.plain(_cohort_notes(found)))
    chosen.csv_button(found.months, "Cohorts", key="cohorts")


def _cohort_notes(found: Cohorts) -> str:
    notes = ["Cohorts of the period, or of the last 12 months where it is shorter"]
    if found.first_month in found.sizes.index:
        notes.append(
            f"the data begins in {words.month(str(found.first_month))}: its cohort holds those who "
            "were there before as well, and is left out of the finding"
        )
    if len(found.sizes) > MOST_COHORTS:
        notes.append(f"the latest {MOST_COHORTS} are drawn, the download has all")
    return "; ".join(notes) + "."


def onboarding_tab(chosen: Filters) -> None:
    found = ui.read_facts(chosen.page, onboarding, **chosen.period)
    with ui.panel(
        words.onboarding_finding(found),
        "Customer users whose first created cycle falls into the period. The source does not "
        "say when a cycle was drafted or submitted, so each step stands on the day its cycle "
        "ended or will end: first draft, the first cycle that they created; first submission, "
        "the first of these that was submitted; first executed, the first of these that "
        "is running, locked or archived, some of them without a known submitter.",
    ):
        if found.people.empty:
            st.markdown("Choose a longer period, or All time.")
            return
        _steps(found)
        rows = height(found.people, 10)
        person.table(found.people, _NEWCOMERS, key="engagement_newcomers", height=rows)
        st.caption("All their cycles count, also those after the period.")
        chosen.csv_button(found.people, "Onboarding", key="onboarding")


def _steps(found: Onboarding) -> None:
    began = len(found.people)
    labels = ("First draft", "First submission", "First executed")
    with st.grid(3, min_column_width=200):
        for step, label in zip(found.steps, labels, strict=True):
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(
                    label,
                    text.count(step.reached),
                    None if step.key == "draft" else text.share(round(step.reached / began, 2)),
                    delta_color="off",
                    delta_arrow="off",
                )
                if step.key == "draft":
                    st.caption("created a cycle")
                elif step.median_days is None:
                    st.caption(f"{text.UNKNOWN} no dates to tell the days")
                else:
                    days = text.amount(step.median_days, "count")
                    st.caption(
                        f"median {days} d after the first draft, n = {text.count(step.n)}; "
                        f"{text.count(step.at_once)} on the same day"
                    )


_NEWCOMERS: dict[str, Any] = {
    "customer": text_column("Customer user", 180),
    "first_draft": day_column("First draft", 110),
    "first_submission": day_column("First submission", 124),
    "to_submission": number_column(
        "Days to submission", 128, "From the first draft to the first submission"
    ),
    "first_execution": day_column("First executed", 116),
    "to_execution": number_column(
        "Days to execution", 118, "From the first draft to the first executed cycle"
    ),
    "created": number_column("Created", 76),
    "submitted": number_column("Of these submitted", 132, "By any person"),
    "executed": number_column("Executed", 80),
}


def weekdays(chosen: Filters) -> None:
    clock = ui.choice(
        "By the day of the cycle's",
        list(CLOCKS),
        key="engagement_clock",
        help="When a cycle was created or submitted is not known: its planned start and end are",
    )
    rows = ui.read_facts(
        chosen.page,
        metric_rows,
        metrics=["tests_created"],
        dimensions=["weekday"],
        date_basis=CLOCKS[clock],
        **people_query(**chosen.period),
    )
    known = {row["weekday"]: row["tests_created"] for row in rows}
    undated = known.pop(None, 0)
    cycles = pd.Series([known.get(day, 0) for day in WEEKDAYS], index=WEEKDAYS)
    if not cycles.sum():
        ui.empty("No cycle of a known creator has such a day in this period.")
        return
    verb = clock.lower()
    weekend = text.share(round(float(cycles.iloc[5:].sum() / cycles.sum()), 2))
    without = f"; {text.count(undated)} more have no such day" if undated else ""
    left, right = st.columns([13, 9])
    with left:
        chosen.chart(
            charts.bars(
                pd.DataFrame({"category": WEEKDAYS, "value": cycles.to_numpy()}),
                unit="Cycles created",
                value_format=",d",
            ),
            key="weekdays",
            title=words.weekday_finding(cycles, verb),
            subtitle=f"Cycles of a known creator by the weekday on which they {verb}, in "
            f"{chosen.page.store.zone.key}; {weekend} on a weekend{without}",
            alt=f"Cycles by the weekday on which they {verb}",
        )
    with right, ui.panel("The same in numbers", stretch=True):
        shares = (cycles / cycles.sum() * 100).round(1)
        table = pd.DataFrame({"Weekday": WEEKDAYS, "Cycles": [*cycles], "Share, %": [*shares]})
        chosen.table(table, "Weekdays", key="weekdays")


def findings_tab(chosen: Filters) -> None:
    found = ui.read_facts(chosen.page, findings, **chosen.period)
    if found.empty:
        ui.empty("No cycle of a known creator ended in this period: choose a longer one.")
        return
    bugs, executed = int(found["bugs"].sum()), int(found["executed"].sum())
    per_cycle = f", {text.amount(round(bugs / executed, 1), '')} a cycle" if executed else ""
    with ui.panel(
        f"{text.times(bugs, 'bug')} in {text.times(executed, 'executed cycle')}{per_cycle}",
        "Bugs of the cycles that each user created. Bugs a cycle: per executed cycle. "
        "Accepted: of the decided bugs; undecided ones do not count. "
        "Click a row to open a user.",
    ):
        exported = found.assign(
            products=found["products"].map(", ".join), features=found["features"].map(", ".join)
        )
        shown = exported.assign(acceptance=found["acceptance"] * 100)
        person.table(shown, _FINDINGS, key="engagement_found", height=height(shown, 12))
        chosen.csv_button(exported, "What customer users find", key="findings")


_FINDINGS: dict[str, Any] = {
    "customer": text_column("Customer user", 150),
    "executed": number_column("Executed", 78, "Cycles that are running, locked or archived"),
    "bugs": number_column("Bugs", 64),
    "per_cycle": number_column("Bugs a cycle", 98, form="%.1f"),
    "acceptance": number_column("Accepted, %", 96, form="%.0f"),
    "decided": number_column("Decided", 74, "The bugs that the share is of"),
    "critical": number_column("Critical", 70),
    "high": number_column("High", 60),
    "low": number_column("Low", 60),
    "other": number_column("Other", 64, "Visual, content, custom, and without a severity"),
    "products": text_column("Products they test most", 220),
    "features": text_column("Features they test most", 260),
}
