"""The strip of success criteria, as the overview and the criteria page show it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from core.analytics.dates import Window
from core.base import text
from core.base.stats import Verdict
from core.charts import builders as charts
from core.criteria.panels import criterion_ends
from core.criteria.verdicts import CriterionResult
from core.criteria.words import CriterionRow
from pages import ui
from pages.criteria import proof as _criteria_proof

COLOURS: Mapping[Verdict, Literal["green", "red", "orange", "gray"]] = {
    Verdict.MET: "green",
    Verdict.MISSED: "red",
    Verdict.NOT_PROVEN: "orange",
    Verdict.NO_DATA: "gray",
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
    row = CriterionRow.of(result)
    with st.container(border=True, height="stretch", gap="xsmall"):
        top = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        note = ui.plain(row.note)
        top.badge(row.sign, color=COLOURS[result.verdict], help=note if brief and note else None)
        st.metric(
            row.label, row.value, help=ui.plain(f"{criterion.rationale} Owner: {criterion.owner}.")
        )
        st.altair_chart(
            charts.criterion_bar(
                estimate, target=criterion.target, ends=criterion_ends(result), unit=criterion.unit
            ),
            width="stretch",
            alt=f"{row.label}: {result.verdict}, target {row.target}, {row.evidence}",
        )
        said = row.sample if brief and estimate.n else row.evidence
        st.caption(ui.plain(f"Target {row.target}; {said}"))
        if note and not brief:
            st.caption(note)
        if row.exclusions:
            colour = "orange" if result.is_met_by_exclusions else "gray"
            st.caption(f":{colour}[{ui.plain(text.upper_first(row.exclusions))}]")
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
