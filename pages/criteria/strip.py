"""The strip of success criteria, as the overview and the criteria page show it."""

from collections.abc import Sequence

import streamlit as st

from core.analytics.window import Window
from core.base import text
from core.base.stats import Verdict
from core.charts import builders as charts
from core.criteria.panels import criterion_ends
from core.criteria.verdicts import CriterionResult
from core.criteria.words import (
    criterion_exclusions,
    criterion_interval,
    criterion_note,
    criterion_target,
)
from pages import ui
from pages.criteria import proof as _criteria_proof

# A word and a shape before a colour.
SIGNS = {
    Verdict.MET: ("\N{BLACK CIRCLE} Met", "green"),
    Verdict.MISSED: ("\N{MULTIPLICATION X} Missed", "red"),
    Verdict.NOT_PROVEN: ("\N{CIRCLE WITH LEFT HALF BLACK} Not proven", "orange"),
    Verdict.NO_DATA: ("\N{EN DASH} No data", "gray"),
}


def strip(
    page: ui.Page, results: Sequence[CriterionResult], week: Window, *, brief: bool = False
) -> None:
    """A card for each criterion; `brief` leaves interval and notes to its mark and what hovers."""
    with st.grid(len(results), min_column_width=220):
        for result in results:
            card(page, result, week, brief=brief)


def card(page: ui.Page, result: CriterionResult, week: Window, *, brief: bool = False) -> None:
    criterion, estimate = result.criterion, result.estimate
    sign, colour = SIGNS[result.verdict]
    target = criterion_target(result)
    interval, note = criterion_interval(result), criterion_note(result)
    with st.container(border=True, height="stretch", gap="xsmall"):
        top = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        top.badge(sign, color=colour, help=ui.plain(note) if brief and note else None)
        st.metric(
            criterion.label,
            text.amount(estimate.value, criterion.unit),
            help=ui.plain(f"{criterion.rationale} Owner: {criterion.owner}."),
        )
        st.altair_chart(
            charts.criterion_bar(
                estimate, target=criterion.target, ends=criterion_ends(result), unit=criterion.unit
            ),
            width="stretch",
            alt=f"{criterion.label}: {result.verdict}, target {target}, {interval}",
        )
        said = text.times(estimate.n, result.sample) if brief and estimate.n else interval
        st.caption(ui.plain(f"Target {target}; {said}"))
        if note and not brief:
            st.caption(ui.plain(note))
        if beside := criterion_exclusions(result):
            # Both numbers, wherever something was excluded.
            colour = "orange" if result.is_met_by_exclusions else "gray"
            st.caption(f":{colour}[{ui.plain(text.upper_first(beside))}]")
        with top if brief else st.container():
            what_is_this(page, result, week)


def what_is_this(page: ui.Page, result: CriterionResult, week: Window) -> None:
    criterion = result.criterion
    if st.button(
        "What is this?",
        key=f"{page.key}_what_{criterion.key}",
        type="tertiary",
        help=f"Definition, query and rows of {text.lower_first(criterion.label)}",
    ):
        _criteria_proof.of_criterion(page, result, week)
