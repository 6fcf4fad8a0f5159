"""One tester's own view of the leaderboard page."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.analytics.explore import row_names
from core.base import text
from core.testers import words as tester_words
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
    maturing_periods,
    reason_counts,
    status_counts,
    status_name,
)
from pages import ui
from pages.testers import ranking, raw
from pages.testers import shared as common
from pages.testers.shared import View
from pages.ui import people as _people
from pages.ui import proof as _proof

CARDS = {
    "bug_count": "Bugs",
    "decided_acceptance_rate": "Acceptance",
    "rejection_rate": "Rejected",
    "review_rate": "Reviewed",
}
TEXTS = ("title", "severity", "reason", "product", "feature")
FEW = 30  # as of the other rates


def unknown(page: ui.Page, wanted: str) -> None:
    """Nobody has the id that the link names."""
    with st.container(border=True):
        st.markdown(
            f"**Nobody here has the number {ui.plain(wanted[:40])}.** The tester may have left, or "
            f"the link may belong to another account than {ui.plain(page.account.name)}."
        )
        _back("testers_unknown")


def _back(key: str) -> None:
    st.button("Back to everyone", key=key, on_click=common.go_to, args=(None,))


def show(view: View, found: Leaderboard, tester_id: int) -> None:
    _back("testers_back")
    page, selection = view.page, view.of(tester_id)
    own = found.people[found.people["tester_id"] == tester_id]
    if own.empty:
        ui.empty(
            f"No bug report of theirs in this period ({text.lower_first(view.chosen.window.label)}"
            "). Choose a longer period, or All time."
        )
        return
    _figures(view, tester_id)
    common.maturing_note(view, tester_id)
    days = ui.read_facts(page, count_by_day, selection=selection)
    left, right = st.columns([13, 9])
    with left:
        _trend(view, days, common.names(page)[tester_id])
    with right, st.container(border=True, height="stretch"):
        st.subheader("Why this rank?", anchor=False)
        ranking.explain(view, found, tester_id)
    named = ui.read(page, reason_names)
    with st.grid(4, min_column_width=260):
        _severities(ui.read_facts(page, count_by_value, selection=selection, of="severity"))
        _reasons(days, named)
        for of in ("product", "feature"):
            _covered(of, ui.read_facts(page, count_by_value, selection=selection, of=of))
    _reports(view, tester_id, named)


def _figures(view: View, tester_id: int) -> None:
    page = view.page
    asked = view.chosen.asked_of(page) | {"filters": {"tester_id": [tester_id]}}
    details = ui.read(page, count_details, selection=view.of(tester_id))
    (one,) = details.counts.to_dict("records")
    with st.grid(6, min_column_width=150):
        _proof.figure_cards(page, CARDS, asked)
        decided = one["accepted_by_hand"] + one["auto_accepted"] + one["rejected"]
        repeats = ui.read(page, repeat_reasons)
        told = raw.first_to_find(repeats)
        _share("First to find", decided - one["repeated"], decided, "decided", told)
        _share(
            *("Known bugs", one["known"], one["known_said"], "bugs with a mark"),
            "Bugs that the customer knew already, of those of which it is said",
        )


def _share(label: str, part: int, whole: int, of: str, told: str) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        value = part / whole if whole else None
        st.metric(label, text.amount(value, "fraction"), help=ui.plain(told))
        small = ": too few for more than a hint" if whole < FEW else ""
        st.caption(f"n = {text.count(whole)} {of}{small}" if whole else f"none {of}")


def _trend(view: View, days: pd.DataFrame, name: str) -> None:
    grain = view.chosen.window.grain
    frame = by_period(days, grain, status_name, through=view.page.today)
    if frame.empty:
        ui.empty("None of their bugs has a day: the test cycles have no end.")
        return
    totals = frame.groupby("period")["value"].sum()
    pale = maturing_periods(set(frame["period"]), view.since)
    order = [name for name in status_counts(days).index if name in set(frame["series"])]
    ui.chart(
        charts.stacked_periods(
            frame, series=order, unit="Bugs", unfinished=pale, what="What became of it", height=420
        ),
        title=f"Busiest {grain}: {totals.idxmax()}, {text.times(int(totals.max()), 'bug')}",
        subtitle=f"By {grain} of the cycle's end, by what became of them{common.pale_note(pale)}",
        alt="Their bugs by period and what became of them",
        page=view.page,
        filters=f"{view.words}; tester {name}",
        key="person",
    )


def _severities(counts: pd.DataFrame) -> None:
    frame = counts.assign(name=counts["key"].fillna("no severity"))
    _list("Severity", frame, "By severity", "Of all their bugs")


def _reasons(days: pd.DataFrame, named: Mapping[str, str]) -> None:
    found = reason_counts(days, lambda key: named.get(key, key))
    frame = pd.DataFrame({"name": found.index, "reported": found.to_numpy()})
    unknown = int(found.get(NO_REASON, 0))
    said = f"of {text.count(unknown)} it is not known" if unknown else "all of them known"
    _list("Reason", frame, f"{text.times(int(found.sum()), 'rejection')} by reason", said)


def _covered(of: str, counts: pd.DataFrame) -> None:
    known = int(counts["key"].notna().sum())
    rows = [
        {of: label, f"{of}_id": key}
        for key, label in zip(counts["key"], counts["label"], strict=True)
    ]
    frame = counts.assign(name=row_names(rows, of))
    _list(text.upper_first(of), frame, f"{text.times(known, of)} covered", "Of all their bugs")


def _list(what: str, frame: pd.DataFrame, title: str, note: str) -> None:
    _people.amounts(
        frame,
        title=title,
        note=text.upper_first(note),
        none="None in this period.",
        names=what,
        bar=("reported", "Bugs"),
    )


def _reports(view: View, tester_id: int, named: Mapping[str, str]) -> None:
    page, selection = view.page, view.of(tester_id)
    found = ui.read(page, bug_reports, selection=selection)
    with st.container(border=True):
        st.subheader("Their bugs, the latest first", anchor=False)
        more = f"The first {text.count(MOST_REPORTS)}; the download has all of them"
        st.caption(more if len(found) >= MOST_REPORTS else text.times(len(found), "bug"))
        st.dataframe(_readable(found, named), hide_index=True, height=338, column_config=_REPORTS)
        ui.csv_button(
            page,
            lambda: bug_reports(page.scope, selection=selection, limit=None),
            name="Bugs of a tester",
            filters=f"{view.words}; tester {common.names(page)[tester_id]}",
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
    "id": st.column_config.NumberColumn("Bug", format="%d", width=80),
    "day": st.column_config.DateColumn("Cycle ended", format="D MMM YYYY", width=104),
    "title": st.column_config.TextColumn("Title", width=330),
    "severity": st.column_config.TextColumn("Severity", width=80),
    "status": st.column_config.TextColumn("What became of it", width=150),
    "known": st.column_config.TextColumn("Known", width=64),
    "reason": st.column_config.TextColumn("Reason", width=140),
    "product": st.column_config.TextColumn("Product", width=130),
    "feature": st.column_config.TextColumn("Feature", width=150),
}


def answer(view: View, found: Leaderboard, tester_id: int) -> str:
    """Who it is, their rank, and how far it is sure."""
    name = common.names(view.page)[tester_id]
    own = found.people[found.people["tester_id"] == tester_id]
    if own.empty:
        return f"{name} reported no bug in this period."
    row = next(own.itertuples(index=False))
    return tester_words.person_answer(name, row, len(found.ranked), view.settings.newcomer_below)
