"""The field as a whole: is triage healthy, and what becomes of the bugs?"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import charts
from core.analytics import METRICS
from core.base import text
from core.criteria.words import SIGNS
from core.store import BUG_DECIDED
from core.testers import words
from core.testers.bugs import count_by_day, reason_names
from core.testers.leaderboard import Leaderboard
from core.testers.triage_rates import (
    NO_REASON,
    Rate,
    by_period,
    by_reason,
    by_status,
    count_names,
    count_statuses,
    maturing_periods,
    rates,
)
from pages import ui
from pages.criteria.strip import COLOURS
from pages.testers import shared
from pages.testers.shared import View
from pages.ui import proof
from pages.ui.filters import Filters

MOST_SERIES = 6
OTHER_REASONS, OTHER_STATUSES = "Other reasons", "Other statuses"


def show(view: View, found: Leaderboard) -> None:
    page = view.page
    days = ui.read_facts(page, count_by_day, selection=view.selection)
    judged = rates(days, view.settings, since=view.since)
    st.markdown(f"**{ui.plain(words.field_answer(judged))}**")
    with st.grid(4, min_column_width=240):
        for rate in judged:
            _card(rate)
    shared.maturing_note(view)
    shared.without_tester_note(found)
    statuses = count_statuses(days)
    rejections = by_reason(days, ui.read(page, reason_names))
    reasons = count_names(rejections)
    with st.grid(2, min_column_width=340):
        _outcome(view, days, statuses)
        _by_period(view, by_status(days), statuses.index.tolist(), others=OTHER_STATUSES)
        if reasons.empty:
            ui.empty("No bug was rejected in this period.")
        else:
            _reasons(view, reasons)
            _by_period(view, rejections, _reason_order(reasons), others=OTHER_REASONS)
    view.stamped.csv_button(days, "Bugs by day, status and reason", key="field")


def _card(rate: Rate) -> None:
    estimate, metric = rate.estimate, METRICS[rate.key]
    sign, colour = SIGNS[rate.verdict], COLOURS[rate.verdict]
    shape = sign.split(" ", maxsplit=1)[0]
    with st.container(border=True, height="stretch", gap="xsmall"):
        if rate.target is None:
            st.badge("no range of its own", color="gray")
        else:
            st.badge(f"{shape} {text.upper_first(words.HEALTH[rate.verdict])}", color=colour)
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
                f"healthy {words.healthy_range(rate)}",
            )
        st.caption(ui.plain(words.rate_sentence(rate)))
        if rate.waiting:
            st.caption(proof.waiting_words(rate.waiting))


def _outcome(view: View, days: pd.DataFrame, statuses: pd.Series) -> None:
    total = int(statuses.sum())
    decided = int(days.loc[days["status"].isin(BUG_DECIDED), "bugs"].sum())
    frame = pd.DataFrame(
        {
            "category": ["Reported", "Decided", *statuses.index],
            "value": [total, decided, *statuses.tolist()],
        }
    )
    view.stamped.chart(
        charts.bars(frame, unit="Bugs", value_format=",d"),
        key="outcome",
        title=f"{text.share(decided / total)} of the bugs are decided" if total else "No bugs",
        subtitle=f"{text.times(total, 'bug')}: reported, decided of these, and what became of all",
        alt="Bugs by what became of them",
    )


def _reasons(view: View, reasons: pd.Series) -> None:
    total, unknown = int(reasons.sum()), int(reasons.get(NO_REASON, 0))
    first = next((name for name in reasons.index if name != NO_REASON), NO_REASON)
    frame = pd.DataFrame({"category": reasons.index, "value": reasons.to_numpy()})
    view.stamped.chart(
        charts.bars(frame, unit="Rejected bugs", value_format=",d"),
        key="reasons",
        title=f"{first}: {text.share(int(reasons[first]) / total)} of the rejections",
        subtitle=f"{text.times(total, 'rejected bug')} by the last reason given; of "
        f"{text.count(unknown)} it is not known",
        alt="Rejected bugs by reason",
    )


def _reason_order(reasons: pd.Series) -> list[str]:
    """The most frequent first; an unknown reason is never among the others."""
    order = reasons.index.tolist()
    if NO_REASON in order[MOST_SERIES - 1 :]:
        order = [NO_REASON, *(name for name in order if name != NO_REASON)]
    return order


def _by_period(view: View, named: pd.DataFrame, order: list[str], *, others: str) -> None:
    """A stack by week or month of the first few, and of the `others` together."""
    is_reason = others == OTHER_REASONS
    kept = order if len(order) <= MOST_SERIES else order[: MOST_SERIES - 1]
    named = named.assign(name=named["name"].where(named["name"].isin(kept), others))
    grain = view.chosen.window.grain
    frame = by_period(named, grain, through=view.page.today)
    if frame.empty:
        ui.empty("None of these bugs has a day: their test cycles have no end.")
        return
    pale = maturing_periods(set(frame["period"]), view.since)
    left_out = int(named["bugs"].sum() - frame["value"].sum())
    note = f"; {text.count(left_out)} without a day until today are left out" if left_out else ""
    stacked_chart(
        view.stamped,
        frame,
        [*order, others],
        key=f"{'reason' if is_reason else 'status'}_by_period",
        what="rejection" if is_reason else "bug",
        subtitle=f"By {grain} of the cycle's end{shared.pale_note(pale)}{note}",
        alt=f"{'Rejections by reason' if is_reason else 'Bugs by status'} and {grain}",
        pale=pale,
        others=others,
    )


def stacked_chart(
    stamped: Filters,
    frame: pd.DataFrame,
    order: Sequence[str],
    *,
    key: str,
    what: str,
    subtitle: str,
    alt: str,
    pale: Sequence[str],
    **form: Any,
) -> None:
    """Bugs or rejections by week or month under the busiest one, stacked in an order."""
    grain = stamped.window.grain
    if (binned := charts.by_quarter(frame)) is not None:
        frame, pale, grain = binned, [charts.quarter_of(period) for period in pale], "quarter"
        subtitle += "; bars by quarter: the months are too many"
    totals = frame.groupby("period")["value"].sum()
    drawn = set(frame["series"])
    stamped.chart(
        charts.stacked_periods(
            frame,
            series=[name for name in order if name in drawn],
            unit="Rejected bugs" if what == "rejection" else "Bugs",
            what="Reason" if what == "rejection" else "What became of it",
            unfinished=pale,
            **form,
        ),
        key=key,
        title=f"Busiest {grain}: {totals.idxmax()}, {text.times(int(totals.max()), what)}",
        subtitle=subtitle,
        alt=alt,
    )
