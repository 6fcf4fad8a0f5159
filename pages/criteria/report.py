"""The baseline report, to be taken away."""

from functools import partial

import streamlit as st

from core.analytics.dates import Window
from core.criteria.baselines import Baseline
from core.report import FORMATS, baseline_report, render
from core.report.chosen import Chosen
from core.store import Scope
from pages import ui


def show(page: ui.Page, window: Window | Baseline) -> None:
    """A report of the window, or of a baseline with what it froze; made when it is asked for."""
    chosen = chosen_of(page, window)
    days = f"{chosen.window.start}-to-{chosen.window.end}"
    with st.popover("Take the report away", key=f"{page.key}_report", width="content"):
        st.caption("From the answer down to the queries; it takes a few seconds to be made.")
        for kind, made in FORMATS.items():
            st.download_button(
                f"Download {made.label}",
                data=partial(_made, page.scope, chosen, page.is_demo, kind),
                file_name=f"touchstone-baseline-{days}.{kind}",
                mime=made.mime,
                key=f"{page.key}_report_{kind}",
                on_click="ignore",
                type="tertiary",
            )


def chosen_of(page: ui.Page, window: Window | Baseline) -> Chosen:
    """The days of the report, and what is known of them."""
    if isinstance(window, Baseline):
        return Chosen(window.window, window, window.state(page.today))
    is_over = window.end is not None and window.end < page.today
    return Chosen(window, None, "not planned as a baseline" if is_over else "not over yet")


def _made(scope: Scope, chosen: Chosen, is_demo: bool, kind: str) -> bytes:  # noqa: FBT001
    document = baseline_report(scope, chosen=chosen, is_demo=is_demo)
    return render(document, kind)
