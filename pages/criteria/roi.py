"""Return on investment: the amounts from low to high, and the inputs with their authors."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.account_settings import RoiSettings, fields_of, save_settings, settings_of
from core.analytics.dates import Window
from core.base import text
from core.criteria.roi import MINUTES_FROM, Roi, RoiInput
from core.criteria.window_data import roi_of
from core.store import Scope
from pages import ui

PLACE = "criteria_roi"


def show(page: ui.Page, window: Window) -> None:
    found = ui.read(page, roi_of, window=window)
    known = ui.read(page, settings_of, kind=RoiSettings)
    with ui.panel(_title(found, known.currency)):
        if found.reason:
            st.markdown(ui.plain(found.reason))
        else:
            st.caption(ui.plain(f"In {known.currency}; a year has 52 weeks"))
            frame = pd.DataFrame(found.lines())
            ui.Stamped(page, window.label).table(frame, "Return", key="roi")
            for note in found.notes:
                st.caption(ui.plain(note))
    if not found.reason:
        with ui.panel("How it is computed"):
            formula(found)
    _inputs(page, found, known)


def formula(found: Roi) -> None:
    """The formula with its numbers, else why there is none."""
    if found.reason:
        st.markdown(ui.plain(found.reason))
        return
    for sentence in found.formula.split(". "):
        st.markdown(f"- {ui.plain(sentence.removesuffix('.'))}")


def _title(found: Roi, currency: str) -> str:
    net = found.net_per_week
    if net is None or net.low is None or net.high is None:
        return "The return cannot be computed yet"
    said = f"{net.low:,.0f} to {net.high:,.0f} {currency} a week after its cost"
    if net.low > 0:
        return f"It pays: {said}"
    return f"It does not pay: {said}" if net.high <= 0 else f"It may or may not pay: {said}"


def _inputs(page: ui.Page, found: Roi, known: RoiSettings) -> None:
    with ui.panel("Inputs"):
        st.dataframe(pd.DataFrame([_input(page, one) for one in found.inputs]), hide_index=True)
        if page.person:
            with st.popover("Change the inputs"):
                _form(page, known)
        ui.needs_editor(page, "Changing the inputs")


def _input(page: ui.Page, one: RoiInput) -> dict[str, object]:
    value: Any = one.value
    if isinstance(value, float | int):
        value = f"{value:,.2f}".removesuffix(".00")
    at = one.at and ui.moment(page, one.at)
    return {
        "Input": one.label,
        "Value": MINUTES_FROM.get(str(value), value) or text.UNKNOWN,
        "Origin": one.origin,
        "Entered by": one.by or text.UNKNOWN,
        "When": at or text.UNKNOWN,
    }


def _form(page: ui.Page, known: RoiSettings) -> None:
    name, subject = f"{PLACE}_{page.account.id}", f"settings of {known.KEY}"
    draft = ui.draft(page, name, fields_of(known), subject)
    known = RoiSettings(**draft.opened)
    with ui.form(name):
        given: dict[str, Any] = {
            "hourly_rate": _amount("Hourly rate", known.hourly_rate),
            "operating_cost_per_week": _amount(
                "Operating cost per week", known.operating_cost_per_week
            ),
            "setup_cost": _amount("One-off setup cost", known.setup_cost),
            "currency": st.text_input("Currency", known.currency, max_chars=8),
            "tickets_per_week": _amount(
                "Enhanced tickets per week",
                known.tickets_per_week,
                "Empty: counted from the tickets",
            ),
            "minutes_source": ui.pick("Minutes saved are", MINUTES_FROM, at=known.minutes_source),
        }
        ui.submit_button(page, "Save", "Saved with your name.", _save, given, **draft.saving)


def _amount(label: str, value: float | None, note: str | None = None) -> float | None:
    return st.number_input(label, value=value, min_value=0.0, step=None, format="%0.2f", help=note)


def _save(scope: Scope, given: dict[str, Any], *, seen: Mapping[str, Any]) -> None:
    save_settings(scope, RoiSettings(**given), seen=seen)
