"""The tabs of the engagement page: who slips away, who stays, who starts, when and what."""

from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.analytics.definitions import WEEKDAYS
from core.analytics.query import metric_rows
from core.base import text
from core.engagement import words as engagement_words
from core.engagement.cohorts import Cohorts, cohorts
from core.engagement.findings import findings
from core.engagement.onboarding import Onboarding, onboarding
from core.engagement.participation import last_seen
from core.engagement.people import Engagement
from pages import ui
from pages.engagement import person as one
from pages.ui import people as _people
from pages.ui.filters import Filters

MOST_COHORTS = 24
SLIPPING = ("Silent", "Fading")
CLOCKS = {"End": "default", "Start": "start"}


def slipping(page: ui.Page, found: Engagement, chosen: Filters) -> None:
    """Who to write to, with what they did last."""
    kind = st.segmented_control(
        "Who",
        SLIPPING,
        default="Silent",
        required=True,
        key="engagement_slipping",
        bind="query-params",
        label_visibility="collapsed",
    ).lower()
    people = found.people[found.people["lifecycle"] == kind]
    with st.container(border=True):
        st.subheader(
            engagement_words.slipping_finding(len(people), kind, found.settings), anchor=False
        )
        st.caption(
            "As of today, whatever the period; what they did last, created or submitted"
            + ("; of the chosen products only" if chosen.product_ids else "")
            + ". Choose a row to open a user."
        )
        if people.empty:
            st.markdown(f"No customer user is {kind}.")
            return
        shown = _outreach(page, people, chosen)
        one.table(shown, _OUTREACH, key=f"engagement_{kind}", height=_people.height(shown, 12))
        ui.csv_button(
            page,
            shown.drop(columns="trend"),
            name=f"{kind.capitalize()} customer users",
            filters=chosen.words,
            key=kind,
        )


def _outreach(page: ui.Page, people: pd.DataFrame, chosen: Filters) -> pd.DataFrame:
    """The latest gone first: they are the easiest to win back."""
    last = ui.read_facts(page, last_seen, product_ids=chosen.product_ids)
    shown = people[["customer_id", "customer", "trend"]].merge(last, on="customer_id", how="left")
    shown["days"] = [(page.today - day).days for day in shown["day"]]
    return shown.sort_values(["days", "customer"], ignore_index=True)


_OUTREACH: dict[str, Any] = {
    "customer": st.column_config.TextColumn("Customer user", width=170),
    "days": st.column_config.NumberColumn("Days ago", width=80),
    "day": st.column_config.DateColumn("Last cycle ended", format="D MMM YYYY", width=124),
    "title": st.column_config.TextColumn("Last cycle", width=320),
    "product": st.column_config.TextColumn("Product", width=150),
    "status": st.column_config.TextColumn("Status", width=110),
    "part": st.column_config.TextColumn("They", width=160, help="What they did in that cycle"),
    "trend": st.column_config.BarChartColumn(
        "By month", y_min=0, width=100, help="Cycles created, scaled to the busiest month"
    ),
}


def cohort_tab(page: ui.Page, chosen: Filters) -> None:
    found = ui.read_facts(page, cohorts, **chosen.asked_of(page))
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
    ui.chart(
        charts.cohort_map(
            months.assign(
                row=[
                    f"{engagement_words.month(cohort)}, n = {size:,}"
                    for cohort, size in zip(months["cohort"], months["size"], strict=True)
                ],
                month=months["month"].map(engagement_words.month),
            )
        ),
        title=engagement_words.cohort_finding(found),
        subtitle="Customer users by the month in which their first cycle ended: the share, in per "
        "cent, with a cycle, created or submitted, that ended in each later month. Dashed: this "
        "month, not over. Empty: still to come",
        alt="Share of each month's new customer users that was active in each later month",
        page=page,
        filters=chosen.words,
        key="cohorts",
    )
    st.caption(ui.plain(_cohort_notes(found)))
    ui.csv_button(page, found.months, name="Cohorts", filters=chosen.words, key="cohorts")


def _cohort_notes(found: Cohorts) -> str:
    notes = ["Cohorts of the period, or of the last 12 months where it is shorter"]
    if found.first_month in found.sizes.index:
        notes.append(
            f"the data begins in {engagement_words.month(str(found.first_month))}: its cohort "
            "holds those who were there before as well, and is left out of the finding"
        )
    if len(found.sizes) > MOST_COHORTS:
        notes.append(f"the latest {MOST_COHORTS} are drawn, the download has all")
    return "; ".join(notes) + "."


def onboarding_tab(page: ui.Page, chosen: Filters) -> None:
    found = ui.read_facts(page, onboarding, window=chosen.window, product_ids=chosen.product_ids)
    with st.container(border=True):
        st.subheader(ui.plain(engagement_words.onboarding_finding(found)), anchor=False)
        st.caption(
            "Customer users whose first created cycle falls into the period. The source does not "
            "say when a cycle was drafted or submitted, so each step stands on the day its cycle "
            "ended or will end: first draft, the first cycle that they created; first submission, "
            "the first of these that anybody submitted; first executed, the first of these that "
            "is running, locked or archived, some of them without a known submitter."
        )
        if found.people.empty:
            st.markdown("Choose a longer period, or All time.")
            return
        _steps(found)
        _newcomers(page, found, chosen)


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


def _newcomers(page: ui.Page, found: Onboarding, chosen: Filters) -> None:
    columns: dict[str, Any] = {
        "customer": st.column_config.TextColumn("Customer user", width=180),
        "first_draft": st.column_config.DateColumn("First draft", format="D MMM YYYY", width=110),
        "first_submission": st.column_config.DateColumn(
            "First submission", format="D MMM YYYY", width=124
        ),
        "to_submission": st.column_config.NumberColumn(
            "Days from draft", width=118, help="From the first draft to the first submission"
        ),
        "first_execution": st.column_config.DateColumn(
            "First executed", format="D MMM YYYY", width=116
        ),
        "to_execution": st.column_config.NumberColumn(
            "Days from draft", width=118, help="From the first draft to the first executed cycle"
        ),
        "created": st.column_config.NumberColumn("Created", width=76),
        "submitted": st.column_config.NumberColumn(
            "Submitted", width=84, help="Of the created ones, by anybody"
        ),
        "executed": st.column_config.NumberColumn("Executed", width=80),
    }
    table_height = _people.height(found.people, 10)
    one.table(found.people, columns, key="engagement_newcomers", height=table_height)
    st.caption("All their cycles count, also those after the period.")
    ui.csv_button(page, found.people, name="Onboarding", filters=chosen.words, key="onboarding")


def weekdays(page: ui.Page, chosen: Filters) -> None:
    clock = st.segmented_control(
        "By the day of the cycle's",
        list(CLOCKS),
        default="End",
        required=True,
        key="engagement_clock",
        bind="query-params",
        help="When a cycle was created or submitted is not known: its planned start and end are",
    )
    rows = ui.read_facts(
        page,
        metric_rows,
        metrics=["tests_created"],
        dimensions=["weekday"],
        filters={"product_id": list(chosen.product_ids)} if chosen.product_ids else None,
        start_date=chosen.window.start,
        end_date=chosen.window.end,
        date_basis=CLOCKS[clock],
    )
    known = {row["weekday"]: row["tests_created"] for row in rows}
    undated = known.pop(None, 0)
    cycles = pd.Series([known.get(day, 0) for day in WEEKDAYS], index=WEEKDAYS)
    if not cycles.sum():
        ui.empty("No cycle of a known creator has such a day in this period.")
        return
    verb = {"End": "end", "Start": "start"}[clock]
    weekend = text.share(round(float(cycles.iloc[5:].sum() / cycles.sum()), 2))
    left, right = st.columns([13, 9])
    with left:
        ui.chart(
            charts.bars(
                pd.DataFrame({"category": WEEKDAYS, "value": cycles.to_numpy()}),
                unit="Cycles created",
                value_format=",d",
            ),
            title=engagement_words.weekday_finding(cycles, verb),
            subtitle=f"Cycles of a known creator by the weekday on which they {verb}, in "
            f"{page.store.zone.key}; {weekend} on a weekend"
            + (f"; {text.count(undated)} more have no such day" if undated else ""),
            alt=f"Cycles by the weekday on which they {verb}",
            page=page,
            filters=chosen.words,
            key="weekdays",
        )
    with right, st.container(border=True, height="stretch"):
        st.subheader("The same in numbers", anchor=False)
        table = pd.DataFrame(
            {"Weekday": WEEKDAYS, "Cycles": cycles.to_numpy(), "Share %": cycles / cycles.sum()}
        )
        table["Share %"] = (table["Share %"] * 100).round(1).to_numpy()
        st.dataframe(table, hide_index=True, height="content")
        ui.csv_button(page, table, name="Weekdays", filters=chosen.words, key="weekdays")


def findings_tab(page: ui.Page, chosen: Filters) -> None:
    found = ui.read_facts(page, findings, window=chosen.window, product_ids=chosen.product_ids)
    if found.empty:
        ui.empty("No cycle of a known creator ended in this period: choose a longer one.")
        return
    bugs = int(found["bugs"].sum())
    executed = int(found["executed"].sum())
    with st.container(border=True):
        per_cycle = f", {text.amount(round(bugs / executed, 1), '')} a cycle" if executed else ""
        st.subheader(
            ui.plain(
                f"{text.times(bugs, 'bug')} in {text.times(executed, 'executed cycle')}{per_cycle}"
            ),
            anchor=False,
        )
        st.caption(
            "Bugs of the cycles that each user created. Bugs a cycle: per executed cycle. "
            "Accepted: of the decided bugs; undecided ones are not counted against anybody. "
            "Choose a row to open a user."
        )
        shown = found.assign(
            acceptance=found["acceptance"] * 100,
            other=found["other"],
            products=[", ".join(names) for names in found["products"]],
            features=[", ".join(names) for names in found["features"]],
        )
        one.table(shown, _FINDINGS, key="engagement_found", height=_people.height(shown, 12))
        ui.csv_button(
            page,
            shown.assign(acceptance=found["acceptance"]),
            name="What customer users find",
            filters=chosen.words,
            key="findings",
        )


_FINDINGS: dict[str, Any] = {
    "customer": st.column_config.TextColumn("Customer user", width=150),
    "executed": st.column_config.NumberColumn(
        "Executed", width=78, help="Cycles that are running, locked or archived"
    ),
    "bugs": st.column_config.NumberColumn("Bugs", width=64, format="localized"),
    "per_cycle": st.column_config.NumberColumn("A cycle", width=68, format="%.1f"),
    "acceptance": st.column_config.NumberColumn("Accepted %", width=92, format="%.0f"),
    "decided": st.column_config.NumberColumn(
        "Decided", width=74, format="localized", help="The bugs that the share is of"
    ),
    "critical": st.column_config.NumberColumn("Critical", width=70),
    "high": st.column_config.NumberColumn("High", width=60),
    "low": st.column_config.NumberColumn("Low", width=60),
    "other": st.column_config.NumberColumn(
        "Other", width=64, help="Visual, content, custom, and without a severity"
    ),
    "products": st.column_config.TextColumn("Products they test most", width=220),
    "features": st.column_config.TextColumn("Features they test most", width=260),
}
