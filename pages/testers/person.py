"""One tester's own view of the leaderboard page."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.explore import feature_names, row_names
from core.base import text
from core.testers.bugs import (
    MOST_REPORTS,
    bug_reports,
    count_by_day,
    count_by_value,
    count_details,
    reason_names,
    repeat_reasons,
)
from core.testers.leaderboard import Leaderboard
from core.testers.triage_rates import (
    NO_REASON,
    by_period,
    by_reason,
    by_status,
    count_names,
    count_statuses,
    maturing_periods,
    status_name,
)
from core.testers.words import person_answer
from pages import ui
from pages.testers import ranking, raw, shared
from pages.testers.field import stacked_chart
from pages.testers.shared import View
from pages.ui.filters import Filters
from pages.ui.proof import figure_cards
from pages.ui.tables import amounts, day_column, number_column, text_column

CARDS = {
    "bug_count": "Bugs",
    "decided_acceptance_rate": "Acceptance",
    "rejection_rate": "Rejected",
    "review_rate": "Reviewed",
}
TEXTS = ("title", "severity", "reason", "product", "feature")
FEW = 30  # as of the other rates


def answer(view: View, found: Leaderboard, tester_id: int) -> str:
    """Who it is, their rank, and how far it is sure."""
    name = shared.names(view.page)[tester_id]
    own = found.people[found.people["tester_id"] == tester_id]
    if own.empty:
        return f"{name} reported no bug in this period."
    row = next(own.itertuples(index=False))
    return person_answer(name, row, found, view.settings.newcomer_below)


def show(view: View, found: Leaderboard, tester_id: int) -> None:
    leave: dict[str, Any] = {"on_click": st.session_state.update, "args": ({shared.PERSON: None},)}
    st.button("Back to everyone", key="testers_back", **leave)
    page, selection = view.page, view.of(tester_id)
    if tester_id not in set(found.people["tester_id"]):
        ui.empty(
            f"No bug report of theirs in this period ({text.lower_first(view.chosen.window.label)}"
            "). Choose a longer period, or All time."
        )
        return
    _figures(view, tester_id)
    shared.maturing_note(view, tester_id)
    days = ui.read_facts(page, count_by_day, selection=selection)
    stamped = view.stamped.with_words(f"tester {shared.names(page)[tester_id]}")
    left, right = st.columns([13, 9])
    with left:
        trend(view, stamped, days)
    with right, ui.panel("Why this rank?", stretch=True):
        ranking.explain(view, found, tester_id)
    named = ui.read(page, reason_names)
    with st.grid(4, min_column_width=260):
        _severities(ui.read_facts(page, count_by_value, selection=selection, of="severity"))
        _reasons(days, named)
        for of in ("product", "feature"):
            _covered(page, of, ui.read_facts(page, count_by_value, selection=selection, of=of))
    reports(view, stamped, tester_id)


def _figures(view: View, tester_id: int) -> None:
    page = view.page
    details = ui.read(page, count_details, selection=view.of(tester_id))
    (one,) = details.counts.to_dict("records")
    with st.grid(6, min_column_width=150):
        figure_cards(view.chosen, CARDS, tester_id=tester_id)
        decided = one["accepted_by_hand"] + one["auto_accepted"] + one["rejected"]
        told = raw.first_to_find(ui.read(page, repeat_reasons))
        _share("First to find", decided - one["repeated"], decided, "decided", told)
        _share("Known bugs", one["known"], one["known_said"], "bugs with a mark", raw.KNOWN)


def _share(label: str, part: int, whole: int, of: str, told: str) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        value = part / whole if whole else None
        st.metric(label, text.amount(value, "fraction"), help=ui.plain(told))
        small = ": too few for more than a hint" if whole < FEW else ""
        st.caption(f"n = {text.count(whole)} {of}{small}" if whole else f"none {of}")


def trend(view: View, stamped: Filters, days: pd.DataFrame, height: int = 420) -> None:
    grain = view.chosen.window.grain
    frame = by_period(by_status(days), grain, through=view.page.today)
    if frame.empty:
        ui.empty("None of their bugs has a day: the test cycles have no end.")
        return
    pale = maturing_periods(set(frame["period"]), view.since)
    stacked_chart(
        stamped,
        frame,
        count_statuses(days).index.tolist(),
        key="person",
        what="bug",
        subtitle=f"By {grain} of the cycle's end, by what became of them{shared.pale_note(pale)}",
        alt="Their bugs by period and what became of them",
        pale=pale,
        height=height,
    )


def _severities(counts: pd.DataFrame) -> None:
    frame = counts.assign(name=counts["key"].fillna("no severity"))
    _list("Severity", frame, "By severity", "Of all their bugs")


def _reasons(days: pd.DataFrame, named: Mapping[str, str]) -> None:
    found = count_names(by_reason(days, named))
    frame = pd.DataFrame({"name": found.index, "reported": found.to_numpy()})
    unknown = int(found.get(NO_REASON, 0))
    said = f"Of {text.count(unknown)} it is not known" if unknown else "All of them known"
    _list("Reason", frame, f"{text.times(int(found.sum()), 'rejection')} by reason", said)


def _covered(page: ui.Page, of: str, counts: pd.DataFrame) -> None:
    known = int(counts["key"].notna().sum())
    members = zip(counts["label"], counts["key"], strict=True)
    told = ui.read_facts(page, feature_names) if of == "feature" else None
    names = row_names([{of: label, f"{of}_id": key} for label, key in members], of, told)
    frame = counts.assign(name=names)
    _list(text.upper_first(of), frame, f"{text.times(known, of)} covered", "Of all their bugs")


def _list(what: str, frame: pd.DataFrame, title: str, note: str) -> None:
    heads = {"name": what, "reported": "Bugs"}
    amounts(frame, heads, title=title, note=note, none="None in this period.")


def reports(view: View, stamped: Filters, tester_id: int) -> None:
    """Panel of a tester's bugs."""
    page, selection = view.page, view.of(tester_id)
    named = ui.read(page, reason_names)
    found = ui.read(page, bug_reports, selection=selection)
    more = f"The first {text.count(MOST_REPORTS)}; the download has all of them"
    note = more if len(found) >= MOST_REPORTS else text.times(len(found), "bug")
    with ui.panel("Their bugs, the latest first", note):
        st.dataframe(_readable(found, named), hide_index=True, height=338, column_config=_REPORTS)
        stamped.csv_button(
            lambda: bug_reports(page.scope, selection=selection, limit=None),
            "Bugs of a tester",
            key="reports",
        )


def _readable(found: pd.DataFrame, named: Mapping[str, str]) -> pd.DataFrame:
    known: Mapping[Any, str] = {None: text.UNKNOWN, True: "yes", False: "no"}
    return found.assign(
        status=[status_name(status) for status in found["status"]],
        known=[known[None if value is None else bool(value)] for value in found["known"]],
        reason=[named.get(key, key) for key in found["reason"]],
    ).fillna(dict.fromkeys(TEXTS, text.UNKNOWN))


_REPORTS = {
    "id": number_column("Bug", 80, form="%d"),
    "day": day_column("Cycle ended", 104),
    "title": text_column("Title", 330),
    "severity": text_column("Severity", 80),
    "status": text_column("What became of it", 150),
    "known": text_column("Known", 64),
    "reason": text_column("Reason", 140),
    "product": text_column("Product", 130),
    "feature": text_column("Feature", 150),
}
