"""The dashboard of a window: each criterion day by day, with annotations and exclusions."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.analytics.dates import Window
from core.criteria.days import daily_criteria, opinions
from core.criteria.ledger import ANNOTATION_KINDS, annotations, withdraw
from core.criteria.panels import Panel, PanelData, panels
from core.criteria.verdicts import CriterionResult
from core.criteria.window_data import comparison_of, platform_of
from core.store import Annotation
from pages import ui

PLACE = "criteria_annotations"


def show(page: ui.Page, results: Sequence[CriterionResult], window: Window) -> None:
    asked = {"window": window}
    data = PanelData(
        results={result.criterion.key: result for result in results},
        days=ui.read(page, daily_criteria, **asked, until=page.today),
        opinions=ui.read(page, opinions, **asked),
        comparison=ui.read(page, comparison_of, **asked),
        reading=ui.read(page, platform_of, **asked),
        today=page.today,
        zone=page.store.zone,
    )
    with st.grid(2, min_column_width=330):
        for panel in panels(data):
            _draw(page, panel, window)
    _happened(page, window, ui.read(page, annotations, **asked))


def _draw(page: ui.Page, panel: Panel, window: Window) -> None:
    if panel.drawn is None:
        with ui.panel(panel.title, panel.subtitle, stretch=True):
            return
    title, subtitle = panel.title, panel.subtitle
    ui.Stamped(page, window.label).chart(
        panel.drawn, key=panel.key, title=title, subtitle=subtitle, alt=f"{title}. {subtitle}"
    )


def _happened(page: ui.Page, window: Window, found: Sequence[Annotation]) -> None:
    """The annotations of the window, with their download, and a way to add one."""
    note = "Deployments, incidents and other events, marked on every chart over time"
    with ui.panel("What happened", note):
        if not found:
            st.markdown("No deployment or incident is noted in this window.")
        for entry in found:
            _entry(page, entry)
        with st.container(horizontal=True):
            ui.add_mark(page, window.span[1], key="window")
            if found:
                stamped = ui.Stamped(page, window.label)
                stamped.csv_button(_rows(page, found), "Annotations", key="annotations")


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


def _rows(page: ui.Page, found: Sequence[Annotation]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "when": entry.from_at.astimezone(page.store.zone).isoformat(),
            "kind": ANNOTATION_KINDS[entry.kind],
            "what happened": entry.text,
            "noted by": entry.entered_by,
            "noted at": entry.entered_at.astimezone(page.store.zone).isoformat(),
        }
        for entry in found
    )
