"""Data quality: findings, figures with and without exclusions, and the ledger."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.dates import Window
from core.base import text
from core.criteria.ledger import EXCLUSION_KINDS, exclude, exclusions, withdraw
from core.criteria.quality import CHECKS, Finding, findings
from core.criteria.verdicts import CriterionResult
from core.criteria.words import SIGNS, CriterionRow
from core.store import Exclusion
from pages import ui

PLACE = "criteria_exclusions"
SHOWN_FINDINGS = 12
EXCLUDED = "Excluded: each figure is now shown with and without it."


def show(page: ui.Page, results: Sequence[CriterionResult], window: Window) -> None:
    found = ui.read(page, findings, window=window)
    ledger = ui.read(page, exclusions)
    _findings(page, found, ledger, window)
    _both_figures(page, results, window)
    _ledger(page, ledger)


def _findings(
    page: ui.Page, found: Sequence[Finding], ledger: Sequence[Exclusion], window: Window
) -> None:
    number = text.upper_first(text.times(len(found), "finding"))
    checks = f"Checks: {text.listed([text.lower_first(check) for check in CHECKS])}."
    with ui.panel(f"{number} in {window.label}", checks):
        if not found:
            st.markdown("No finding: every day has data, and nothing stands out.")
        for finding in found[:SHOWN_FINDINGS]:
            _finding(page, finding, is_excluded=is_dealt_with(finding, ledger))
        if len(found) > SHOWN_FINDINGS:
            frame = pd.DataFrame(
                {"When": ui.moment(page, one.from_at), "Check": one.check, "Finding": one.text}
                for one in found
            )
            with st.expander(f"All {len(found)}"):
                st.dataframe(frame, hide_index=True)


def is_dealt_with(finding: Finding, ledger: Sequence[Exclusion]) -> bool:
    """Whether an exclusion in force covers the finding, even where it has grown since."""
    return any(
        entry.finding == finding.key
        and entry.withdrawn_at is None
        and entry.from_at <= finding.from_at
        and finding.to_at <= entry.to_at
        for entry in ledger
    )


def _finding(page: ui.Page, finding: Finding, *, is_excluded: bool) -> None:
    with ui.line():
        st.markdown(
            f"**{ui.plain(finding.check)}**, {ui.plain(ui.moment(page, finding.from_at))}: "
            f"{ui.plain(finding.text)}",
            width="stretch",
        )
        if is_excluded:
            st.badge("Excluded", color="gray")
        elif (
            finding.kind is not None
            and page.person
            and st.button(
                "Exclude",
                key=f"{PLACE}_{finding.key}",
                type="tertiary",
                help="Leave it out of every figure, with a reason; both figures stay visible",
            )
        ):
            _exclude_finding(page, finding)


@st.dialog("Exclude from the figures")
def _exclude_finding(page: ui.Page, finding: Finding) -> None:
    st.markdown(ui.plain(finding.text))
    what = "Only this" if finding.subject else "Everything"
    st.caption(
        ui.plain(
            f"{what} from {ui.moment(page, finding.from_at)} to "
            f"{ui.moment(page, finding.to_at)} is left out. The rows stay in the store, and each "
            "figure is shown with and without them."
        )
    )
    name, label = f"{PLACE}_finding_{page.account.id}_{finding.key}", "Exclude it"
    key = ui.fresh_key(name)
    kind = ui.pick("Kind", EXCLUSION_KINDS, at=finding.kind or "other", key=f"{key}_kind")
    reason = st.text_input("Reason", finding.text, max_chars=500, key=f"{key}_reason")
    st.button(label, type="primary", on_click=ui.press, args=(name, key, label))
    span = {name: getattr(finding, name) for name in ("from_at", "to_at", "subject")}
    fields = span | {"kind": kind, "reason": reason, "finding": finding.key}
    ui.submit_action(page, label, EXCLUDED, exclude, clears=name, **fields)


def _both_figures(page: ui.Page, results: Sequence[CriterionResult], window: Window) -> None:
    rows = [result for result in results if result.with_excluded is not None]
    if not rows:
        return
    flagged = [result.criterion.label for result in rows if result.is_met_by_exclusions]
    with ui.panel("Every figure without and with the excluded rows"):
        if flagged:
            st.warning(
                ui.plain(
                    f"{text.listed(flagged)}: met only because of exclusions. "
                    "Be ready to justify each of them."
                )
            )
        frame = pd.DataFrame([_two_figures(result) for result in rows])
        ui.Stamped(page, window.label).table(frame, "With and without exclusions", key="both")


def _two_figures(result: CriterionResult) -> dict[str, object]:
    row, everything = CriterionRow.of(result), result.with_excluded
    assert everything is not None
    return row.columns("Criterion", "Target") | {
        "Without": row.value,
        "Verdict without": SIGNS[result.verdict],
        "Sample without": result.estimate.n,
        "With": row.amount(everything.estimate.value),
        "Verdict with": SIGNS[everything.verdict],
        "Sample with": everything.estimate.n,
    }


def _ledger(page: ui.Page, ledger: Sequence[Exclusion]) -> None:
    note = "Every exclusion with its author, time and reason; withdrawn ones stay listed."
    with ui.panel("The ledger of exclusions", note):
        if not ledger:
            st.markdown("Nothing is excluded: every figure counts every row.")
        else:
            st.dataframe(pd.DataFrame([_entry(page, entry) for entry in ledger]), hide_index=True)
        if page.person:
            with st.container(horizontal=True):
                with st.popover("Add an exclusion"):
                    _add(page)
                if any(entry.withdrawn_at is None for entry in ledger):
                    with st.popover("Withdraw one"):
                        _withdraw(page, ledger)


def _entry(page: ui.Page, entry: Exclusion) -> dict[str, object]:
    withdrawn = entry.withdrawn_at
    return {
        "From": ui.moment(page, entry.from_at),
        "To": ui.moment(page, entry.to_at),
        "Kind": EXCLUSION_KINDS[entry.kind],
        "Only": entry.subject or "everything",
        "Reason": entry.reason,
        "Entered": f"{entry.entered_by}, {ui.moment(page, entry.entered_at)}",
        "Withdrawn": f"{entry.withdrawn_by}, {ui.moment(page, withdrawn)}" if withdrawn else "",
    }


def _add(page: ui.Page) -> None:
    with ui.form(f"{PLACE}_new"):
        fields: dict[str, Any] = {
            "from_at": ui.moment_box(page, "From", datetime.combine(page.today, time(0))),
            "to_at": ui.moment_box(page, "Up to", datetime.combine(page.today, time(23, 59))),
            "kind": ui.pick("Kind", EXCLUSION_KINDS),
            "reason": st.text_input("Reason", max_chars=500),
        }
        ui.submit_button(page, "Exclude", EXCLUDED, exclude, **fields, clears=f"{PLACE}_new")


def _withdraw(page: ui.Page, ledger: Sequence[Exclusion]) -> None:
    live = {
        entry.id: f"{ui.moment(page, entry.from_at)}: {entry.reason}"
        for entry in ledger
        if entry.withdrawn_at is None
    }
    name, label, done = f"{PLACE}_withdraw", "Withdraw it", "Withdrawn: its rows count again."
    key = ui.fresh_key(name)
    number = ui.pick("Exclusion", live, key=f"{key}_of")
    st.button(label, key=name, on_click=ui.press, args=(name, key, label))
    ui.submit_action(page, label, done, withdraw, Exclusion, number, clears=name)
