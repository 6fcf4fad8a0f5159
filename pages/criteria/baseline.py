"""The life of a baseline: plan, health, freeze, restatement and later weeks."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.dates import last_complete_week
from core.base import text
from core.criteria.baselines import (
    MOST_DAYS,
    USUAL_DAYS,
    baselines,
    freeze_baseline,
    later_weeks,
    plan_baseline,
    restart_baseline,
    restatement,
    window_of,
)
from core.criteria.quality import DayHealth, findings, window_health
from core.criteria.words import SIGNS, CriterionRow
from core.report import FORMATS, baseline_report, render
from core.report.evidence import ReportWindow
from core.store import BaselineWindow, Scope
from pages import ui

PLACE = "criteria_baseline"
FROZEN = (
    *("Criterion", "Value", "Target", "Verdict", "95 % interval", "Sample"),
    *("With the excluded rows", "Method", "Owner"),
)
COLOURS: Mapping[str, ui.Colour] = {
    "planned": "gray",
    "collecting": "blue",
    "complete": "green",
    "frozen": "violet",
    "given up": "gray",
}


def show(page: ui.Page) -> None:
    known = ui.read(page, baselines)
    if not known:
        ui.empty(
            "**No baseline yet.** It is seven whole days, Monday to Sunday, against which every "
            "later week is compared. Plan one for a week to come, or take the last complete one."
        )
        _plan(page)
        return
    chosen = _choose(page, known)
    _head(page, chosen)
    if chosen.content is None:
        _health(page, chosen)
    else:
        _frozen(page, chosen)
        _later(page, chosen)
    with st.expander("Plan another baseline"):
        _plan(page)


def _choose(page: ui.Page, known: Sequence[BaselineWindow]) -> BaselineWindow:
    if len(known) == 1:
        return known[0]
    names = {one.id: f"{one.name}, {_days(one)} ({one.state(page.today)})" for one in known}
    number = ui.pick("Baseline", names, key=f"{PLACE}_{page.account.id}", width=420)
    return next(one for one in known if one.id == number)


def _days(baseline: BaselineWindow) -> str:
    return f"{text.day(baseline.first_day)} to {text.day(baseline.last_day)}"


def _head(page: ui.Page, baseline: BaselineWindow) -> None:
    state = baseline.state(page.today)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(text.upper_first(state), color=COLOURS[state])
            said = f"**{ui.plain(baseline.name)}**, {ui.plain(_days(baseline))}"
            if state == "collecting":
                said += f": day {baseline.day_number(page.today)} of {baseline.days}"
            elif state == "planned":
                wait = text.times((baseline.first_day - page.today).days, "day")
                said += f": begins in {wait}"
            st.markdown(said, width="content")
        planned = f"Planned by {baseline.planned_by}, {ui.moment(page, baseline.planned_at)}"
        if baseline.frozen_at is not None:
            planned += f"; frozen by {baseline.frozen_by}, {ui.moment(page, baseline.frozen_at)}"
        st.caption(ui.plain(planned))
        report_downloads(page, baseline)
        if state == "complete":
            done = "Frozen: later weeks are compared with it."
            told = "Stores every figure, interval, definition and exclusion as it is now"
            ui.editor_button(page, "Freeze it", done, freeze_baseline, baseline.id, help=told)
            ui.needs_editor(page, "Freezing")
        elif state == "collecting":
            st.progress(baseline.day_number(page.today) / baseline.days)


def _health(page: ui.Page, baseline: BaselineWindow) -> None:
    found = ui.read(page, findings, window=window_of(baseline))
    health = ui.read(page, window_health, window=window_of(baseline), found=tuple(found))
    over = [day for day in health.days if day.state == "over"]
    title = "No day of this window is over yet"
    if over:
        with_data = sum(day.runs > 0 for day in over)
        title = f"{with_data} of the {text.times(len(over), 'day')} so far have data"
    with ui.panel(title, "Rows of each day, and the share of its minutes that was scraped"):
        st.dataframe(pd.DataFrame([_health_row(day) for day in health.days]), hide_index=True)
        if health.restart and baseline.state(page.today) in {"collecting", "complete"}:
            _restart(page, baseline, health.restart)


def _health_row(day: DayHealth) -> dict[str, object]:
    def number(value: int) -> str:
        return text.UNKNOWN if day.state == "to come" else text.count(value)

    state = "healthy" if day.is_healthy else "check"
    if day.state != "over":
        state = "not over yet" if day.state == "today" else day.state
    return {
        "Day": f"{day.day:%a} {text.day(day.day)}",
        "State": state,
        "Finished runs": number(day.runs),
        "Votes": number(day.votes),
        "Resolved tickets": number(day.tickets),
        "Survey responses": number(day.surveys),
        "Minutes scraped": text.amount(day.scraped, "fraction"),
        "Excluded": text.share(day.excluded) if day.excluded else text.UNKNOWN,
        "Findings": number(day.findings),
    }


def _restart(page: ui.Page, baseline: BaselineWindow, reason: str) -> None:
    monday = page.today + timedelta(days=7 - page.today.weekday())
    st.warning(
        ui.plain(
            f"Consider another window: {reason}. The data stays, and this window is kept as "
            "given up."
        )
    )
    label, done = f"Restart on Monday, {text.day(monday)}", "Planned again, from Monday."
    restart = partial(restart_baseline, first_day=monday)
    ui.editor_button(page, label, done, restart, baseline.id, type="secondary")


def _frozen(page: ui.Page, baseline: BaselineWindow) -> None:
    assert baseline.content is not None
    restated = ui.read(page, restatement, baseline=baseline)
    number = text.times(len(restated), "figure")
    differ = f"Today's data gives {number} differently"
    with ui.panel(differ if restated else "Today's data gives the same figures"):
        for line in restated:
            st.markdown(
                f"- **{ui.plain(line.label)}**: frozen {ui.plain(line.frozen)}; today "
                f"{ui.plain(line.now)}: {ui.plain('; '.join(line.reasons))}."
            )
        rows = [CriterionRow.load(stored) for stored in baseline.content["criteria"]]
        frame = pd.DataFrame(
            [row.columns(*FROZEN) | {"Verdict": str(row.result.verdict)} for row in rows]
        )
        as_of = text.day(baseline.frozen_at.date()) if baseline.frozen_at else ""
        st.caption(ui.plain(f"Frozen {as_of}, days in {baseline.content['zone']}"))
        stamped = ui.Stamped(page, _days(baseline))
        stamped.table(frame, f"Baseline {baseline.name}", key="frozen")


def _later(page: ui.Page, baseline: BaselineWindow) -> None:
    weeks = ui.read(page, later_weeks, baseline=baseline, today=page.today)
    if weeks.empty:
        note = "Each complete ISO week after the window is compared with it here."
        with ui.panel("No complete week since", note):
            return
    number = text.times(weeks["Week"].nunique(), "complete week")
    signs = ", ".join(text.lower_first(sign) for sign in SIGNS.values())
    note = f"{signs}. Better or worse only where the two 95 % intervals do not overlap"
    with ui.panel(f"{number} since, against the baseline", note):
        st.dataframe(_by_week(weeks), hide_index=True)
        stamped = ui.Stamped(page, baseline.name)
        stamped.csv_button(weeks, "Weeks since baseline", key="since")


def _by_week(weeks: pd.DataFrame) -> pd.DataFrame:
    """A row for each criterion, a column for each week, the baseline before them."""
    cells = weeks.assign(Cell=weeks["Value"] + " " + weeks["Verdict"].map(lambda v: SIGNS[v][0]))
    by_week = cells.pivot_table("Cell", "Criterion", "Week", aggfunc="first")
    newest = weeks[weeks["Week"] == weeks["Week"].iloc[0]].set_index("Criterion")
    since = {
        "Against the baseline": "Latest against the baseline",
        "Change": "Against the week before",
    }
    latest = newest[[*since]].rename(columns=since)
    found: pd.DataFrame = newest[["Baseline"]].join([by_week, latest]).fillna(text.UNKNOWN)
    return found.reset_index()


def _plan(page: ui.Page) -> None:
    last = last_complete_week(page.today)
    name = f"{PLACE}_plan_{page.account.id}"
    with ui.form(name):
        with st.grid(3, min_column_width=180):
            fields: dict[str, Any] = {
                "name": st.text_input("Name", f"Baseline {last.label}", max_chars=100),
                "first_day": st.date_input(
                    "First day",
                    last.start,
                    format="YYYY-MM-DD",
                    help="Usually a Monday; in the past where the data is already stored",
                ),
                "days": st.number_input("Whole days", 1, MOST_DAYS, USUAL_DAYS),
            }
        fields |= {"today": page.today, "clears": name}
        ui.submit_button(page, "Plan it", "Planned.", plan_baseline, **fields)
    ui.needs_editor(page, "Planning a baseline")


def report_downloads(page: ui.Page, baseline: BaselineWindow) -> None:
    """The baseline report in each format, written on request."""
    chosen = ReportWindow(window_of(baseline), baseline, baseline.state(page.today))
    with st.popover("Download the report", key=f"{page.key}_report", width="content"):
        st.caption("From the answer down to the queries; writing it takes a few seconds.")
        for kind, made in FORMATS.items():
            data = partial(_written, page.scope, chosen, page.is_demo, kind)
            file = f"baseline-{baseline.first_day}-to-{baseline.last_day}.{kind}"
            ui.download(page, made.label, data, file, made.mime, key=f"report_{kind}")


def _written(scope: Scope, chosen: ReportWindow, is_demo: bool, kind: str) -> bytes:  # noqa: FBT001
    return render(baseline_report(scope, chosen=chosen, is_demo=is_demo), kind)
