"""All criteria and guardrails, the form to change one, and its history."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.account_settings import changes
from core.analytics.dates import Window
from core.criteria.ledger import AIM, change_criterion
from core.criteria.verdicts import CriterionResult
from core.criteria.words import RULE, CriterionRow, criterion_target
from core.store import Criterion
from pages import ui

PLACE = "criteria_edit"
COLUMNS = (
    *("Criterion", "Value", "Target", "Verdict", "Direction", "95 % interval", "Sample", "Notes"),
    *("Source", "Method", "Owner", "Kind"),
)
DIRECTIONS = {"above": "above", "below": "below", "within": "between two values"}


def show(page: ui.Page, results: Sequence[CriterionResult], window: Window) -> None:
    frame = pd.DataFrame([CriterionRow.of(result).columns(*COLUMNS) for result in results])
    with ui.panel(f"All criteria and guardrails in {window.label}", RULE):
        ui.Stamped(page, window.label).table(frame, "Success criteria", key="criteria")
    with ui.panel("Change a criterion"):
        _form(page, {result.criterion.key: result.criterion for result in results})


def _form(page: ui.Page, criteria: dict[str, Criterion]) -> None:
    labels = {key: criterion.label for key, criterion in criteria.items()}
    key = ui.pick("Criterion", labels, key=f"{PLACE}_key", width=330)
    known = criteria[key]
    factor, unit = _written(known)
    name, subject = f"{PLACE}_{page.account.id}_{key}", f"criterion {key}"
    stored = known.model_dump(include={*AIM, "owner", "rationale"})
    draft = ui.draft(page, name, stored, subject, said=partial(_moved, known))
    known = Criterion(**known.model_dump() | {**draft.opened})
    with ui.form(name):
        with st.grid(3, min_column_width=200):
            direction = ui.pick("Good is", DIRECTIONS, at=known.direction)
            target = st.number_input(f"Target, {unit}", value=known.target * factor, step=None)
            upper = st.number_input(
                f"Upper end, {unit}",
                value=None if known.upper_target is None else known.upper_target * factor,
                help="Only for a target between two values",
            )
        fields: dict[str, Any] = {
            "direction": direction,
            "target": target / factor,
            "upper_target": None if upper is None else upper / factor,
            "owner": st.text_input("Owner", known.owner, max_chars=500, width=330),
            "rationale": st.text_input("Why this target", known.rationale, max_chars=500),
        }
        done = f"Saved: {known.label} is judged by the new target."
        ui.submit_button(page, "Save", done, change_criterion, key, **fields, **draft.saving)
    ui.needs_editor(page, "Changing criteria")
    history = ui.read(page, changes, subject=subject)
    ui.history_table(
        page, history, lambda change: _moved(known, change.before or {}, change.after or {})
    )


def _written(criterion: Criterion) -> tuple[float, str]:
    """The factor and the unit in which a person writes a value."""
    factors = {"fraction": (100.0, "%"), "seconds": (1.0, "seconds"), "stars": (1.0, "of 5 stars")}
    return factors.get(criterion.unit, (1.0, criterion.unit))


def _moved(criterion: Criterion, before: Any, after: Any) -> str:
    """Target over 95 % to over 97 %; owner A to B."""
    aims = [
        criterion_target(Criterion(**criterion.model_dump() | side)) for side in (before, after)
    ]
    said = []
    if aims[0] != aims[1]:
        said.append(f"target {aims[0]} to {aims[1]}")
    said += [
        f"{name}: {before[name]} to {after[name]}"
        for name in ("owner", "rationale")
        if before[name] != after[name]
    ]
    return "; ".join(said)
