"""The dashboard of a window: each criterion day by day, with annotations and exclusions."""

from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

import streamlit as st

from core.analytics.dates import Window
from core.criteria.days import daily_criteria, opinions
from core.criteria.ledger import (
    ANNOTATION_KINDS,
    annotate,
    annotations,
    exclusions_in_force,
    withdraw,
)
from core.criteria.panels import Panel, PanelData, chart_events, panels
from core.criteria.verdicts import CriterionResult
from core.criteria.window_data import comparison_of, platform_of
from core.store import Annotation
from pages import ui

PLACE = "criteria_annotations"


def show(page: ui.Page, results: Sequence[CriterionResult], window: Window) -> None:
    asked = {"window": window}
    found, zone = ui.read(page, annotations, **asked), page.store.zone
    data = PanelData(
        results={result.criterion.key: result for result in results},
        days=ui.read(page, daily_criteria, **asked, until=page.today),
        opinions=ui.read(page, opinions, **asked),
        comparison=ui.read(page, comparison_of, **asked),
        reading=ui.read(page, platform_of, **asked),
        events=chart_events(found, ui.read(page, exclusions_in_force), window, zone),
        today=page.today,
        zone=zone,
    )
    with st.grid(2, min_column_width=330):
        for panel in panels(data):
            _draw(page, panel, window)
    _happened(page, window, found)


def _draw(page: ui.Page, panel: Panel, window: Window) -> None:
    if panel.drawn is None:
        with ui.panel(panel.title, panel.subtitle, stretch=True):
            return
    title, subtitle = panel.title, panel.subtitle
    said = {"title": title, "subtitle": subtitle, "alt": f"{title}. {subtitle}"}
    ui.Stamped(page, window.label).chart(panel.drawn, key=panel.key, **said)


def _happened(page: ui.Page, window: Window, found: Sequence[Annotation]) -> None:
    """The annotations of the window, and a way to add one."""
    with ui.panel("What happened", "Deployments and incidents, marked on every chart over time"):
        if not found:
            st.markdown("No deployment or incident is noted in this window.")
        for entry in found:
            _entry(page, entry)
        if page.person:
            with st.popover("Note a deployment or an incident"):
                _note(page, window)


def _entry(page: ui.Page, entry: Annotation) -> None:
    with ui.line():
        at = ui.moment(page, entry.from_at)
        kind = ANNOTATION_KINDS[entry.kind]
        st.markdown(
            f"**{kind}**, {ui.plain(at)}: {ui.plain(entry.text)} ({ui.plain(entry.entered_by)})",
            width="stretch",
        )
        if page.person:
            done, look = (
                "Removed from the charts.",
                {"type": "tertiary", "key": f"{PLACE}_{entry.id}"},
            )
            ui.editor_button(page, "Remove", done, withdraw, Annotation, entry.id, **look)


def _note(page: ui.Page, window: Window) -> None:
    with ui.form(f"{PLACE}_new"):
        fields: dict[str, Any] = {
            "from_at": ui.moment_boxes(page, "Day", window.span[0] + timedelta(days=2), time(12)),
            "kind": ui.pick("Kind", ANNOTATION_KINDS),
            "text": st.text_input("What happened", max_chars=500),
        }
        done = "Noted: it is marked on every chart over time."
        ui.submit_button(page, "Note it", done, annotate, **fields, clears=f"{PLACE}_new")
