"""The field as a whole: is triage healthy, and what becomes of the bugs?"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.analytics import METRICS
from core.base import text
from core.criteria.words import SIGNS
from core.store import BUG_DECIDED
from core.testers import words as tester_words
from core.testers.bugs import count_by_day, reason_names
from core.testers.leaderboard import Leaderboard
from core.testers.triage_rates import (
    NO_REASON,
    Rate,
    by_period,
    maturing_periods,
    rates,
    reason_counts,
    status_counts,
    status_name,
)
from pages import ui
from pages.criteria.strip import COLOURS
from pages.testers import shared as common
from pages.testers.shared import View

MOST_SERIES = 6
OTHER_REASONS, OTHER_STATUSES = "Other reasons", "Other statuses"


def show(view: View, found: Leaderboard) -> None:
    page = view.page
    days = ui.read_facts(page, count_by_day, selection=view.selection)
    judged = rates(days, view.settings, today=page.today)
    st.markdown(f"**{ui.plain(tester_words.field_answer(judged))}**")
    with st.grid(4, min_column_width=240):
        for rate in judged:
            _card(rate)
    common.maturing_note(view)
    common.without_tester_note(found)
    left, right = st.columns(2)
    with left:
        _outcome(view, days)
    with right:
        _outcome_by_period(view, days)
    named = ui.read(page, reason_names)
    left, right = st.columns(2)
    with left:
        _reasons(view, days, named)
    with right:
        _reasons_by_period(view, days, named)
    _export(view, days)


def _card(rate: Rate) -> None:
    estimate, metric = rate.estimate, METRICS[rate.key]
    sign, colour = SIGNS[rate.verdict], COLOURS[rate.verdict]
    shape = sign.split(" ", maxsplit=1)[0]
    with st.container(border=True, height="stretch", gap="xsmall"):
        if rate.target is None:
            st.badge("no range of its own", color="gray")
        else:
            st.badge(f"{shape} {text.upper_first(tester_words.HEALTH[rate.verdict])}", color=colour)
        st.metric(
            rate.label,
            text.amount(estimate.value, "fraction"),
            help=ui.plain(f"{metric.label}. {metric.definition} {metric.formula}"),
        )
        if estimate.value is not None and rate.target is not None:
            ui.draw(
                charts.criterion_bar(
                    estimate, target=rate.target, ends=(0.0, 1.0), unit="fraction"
                ),
                alt=f"{rate.label}: {text.share(estimate.value)}, "
                f"healthy {tester_words.healthy_range(rate)}",
            )
        st.caption(ui.plain(tester_words.rate_sentence(rate)))
        if settled := tester_words.settled_sentence(rate):
            st.caption(ui.plain(settled))


def _outcome(view: View, days: pd.DataFrame) -> None:
    counts = status_counts(days)
    total, decided = int(counts.sum()), _decided(days)
    frame = pd.DataFrame(
        {
            "category": ["Reported", "Decided", *counts.index],
            "value": [total, decided, *counts.tolist()],
        }
    )
    ui.chart(
        charts.bars(frame, unit="Bugs", value_format=",d"),
        title=f"{text.share(decided / total)} of the bugs are decided" if total else "No bugs",
        subtitle=f"{text.times(total, 'bug')}: reported, decided of these, and what became of all",
        alt="Bugs by what became of them",
        **_image(view, "outcome"),
    )


def _image(view: View, key: str) -> dict[str, Any]:
    """What a chart of this tab is taken away with."""
    return {"page": view.page, "filters": view.words, "key": key}


def _decided(days: pd.DataFrame) -> int:
    return int(days.loc[days["status"].isin(BUG_DECIDED), "bugs"].sum())


def _outcome_by_period(view: View, days: pd.DataFrame) -> None:
    order = status_counts(days).index.tolist()
    _stacked(view, days, "status", name=status_name, order=order, others=OTHER_STATUSES)


def _reasons(view: View, days: pd.DataFrame, named: Mapping[str, str]) -> None:
    counts = reason_counts(days, _reason_name(named))
    if counts.empty:
        ui.empty("No bug was rejected in this period.")
        return
    total, unknown = int(counts.sum()), int(counts.get(NO_REASON, 0))
    first = next((name for name in counts.index if name != NO_REASON), NO_REASON)
    frame = pd.DataFrame({"category": counts.index, "value": counts.to_numpy()})
    ui.chart(
        charts.bars(frame, unit="Rejected bugs", value_format=",d"),
        title=f"{first}: {text.share(int(counts[first]) / total)} of the rejections",
        subtitle=f"{text.times(total, 'rejected bug')} by the last reason given; of "
        f"{text.count(unknown)} it is not known",
        alt="Rejected bugs by reason",
        **_image(view, "reasons"),
    )


def _reasons_by_period(view: View, days: pd.DataFrame, named: Mapping[str, str]) -> None:
    rejected = days[days["status"] == "rejected"]
    if rejected.empty:
        return
    order = reason_counts(days, _reason_name(named)).index.tolist()
    if NO_REASON in order[MOST_SERIES - 1 :]:
        order = [NO_REASON, *(name for name in order if name != NO_REASON)]
    name = _reason_or_none(named)
    _stacked(view, rejected, "reason", name=name, order=order, others=OTHER_REASONS)


def _reason_name(named: Mapping[str, str]) -> Callable[[str], str]:
    return lambda key: named.get(key, key)


def _reason_or_none(named: Mapping[str, str]) -> Callable[[str | None], str]:
    return lambda key: NO_REASON if key is None else named.get(key, key)


def _stacked(
    view: View,
    days: pd.DataFrame,
    column: str,
    *,
    name: Callable[[str | None], str],
    order: list[str],
    others: str,
) -> None:
    """A stack by week or month of the first few, and of the others together."""
    kept = set(order[:MOST_SERIES]) if len(order) <= MOST_SERIES else set(order[: MOST_SERIES - 1])

    def grouped(value: str | None) -> str:
        known = name(value)
        return known if known in kept else others

    grain = view.chosen.window.grain
    frame = by_period(days, grain, grouped, column=column, through=view.page.today)
    what = "Reason" if column == "reason" else "What became of it"
    if frame.empty:
        ui.empty("None of these bugs has a day: their test cycles have no end.")
        return
    drawn = set(frame["series"])
    series = [one for one in [*order, others] if one in drawn]
    pale = maturing_periods(set(frame["period"]), view.since)
    total, inside = int(days["bugs"].sum()), int(frame["value"].sum())
    left_out = total - inside
    note = f"; {text.count(left_out)} without a day until today are left out" if left_out else ""
    ui.chart(
        charts.stacked_periods(
            frame,
            series=series,
            unit="Rejected bugs" if column == "reason" else "Bugs",
            unfinished=pale,
            others=others,
            what=what,
        ),
        title=_busiest(frame, grain, "rejection" if column == "reason" else "bug"),
        subtitle=f"By {grain} of the cycle's end{common.pale_note(pale)}{note}",
        alt=f"{'Rejections by reason' if column == 'reason' else 'Bugs by status'} and {grain}",
        **_image(view, f"{column}_by_period"),
    )


def _busiest(frame: pd.DataFrame, grain: str, what: str) -> str:
    totals = frame.groupby("period")["value"].sum()
    return f"Busiest {grain}: {totals.idxmax()}, {text.times(int(totals.max()), what)}"


def _export(view: View, days: pd.DataFrame) -> None:
    ui.csv_button(
        view.page, days, name="Bugs by day, status and reason", filters=view.words, key="field"
    )
