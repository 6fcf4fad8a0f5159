"""Are we meeting our success criteria?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import streamlit as st

from core.analytics.dates import Window, iso_week, last_complete_week
from core.base import text
from core.base.stats import Verdict
from core.criteria.baselines import baselines, window_of
from core.criteria.verdicts import CriterionResult, evaluate
from core.criteria.words import criteria_answer
from core.store import BaselineWindow
from pages import ui
from pages.criteria import baseline as _criteria_baseline
from pages.criteria import compare as _criteria_compare
from pages.criteria import dashboard as _criteria_dashboard
from pages.criteria import edit as _criteria_edit
from pages.criteria import quality as _criteria_quality
from pages.criteria import roi as _criteria_return
from pages.criteria import strip as _criteria
from pages.criteria import time_saved as _criteria_saving
from pages.criteria import weeks as _criteria_weeks

SOURCES = frozenset({"Enhancement runs", "Tickets", "Feedback"})
WEEKS_OFFERED = 13
TABS = (
    "Dashboard",
    "Eight weeks",
    "Baseline",
    "Before and after",
    "Return",
    "Data quality",
    "Compare",
    "All criteria",
)


def show(page: ui.Page) -> None:
    answer = st.container()
    windows = windows_of(page, ui.read(page, baselines))
    label = choose_window(page, windows)
    window = windows[label]
    results = ui.read(page, evaluate, window=window)
    main = [result for result in results if not result.criterion.is_guardrail]
    with answer:
        st.markdown(f"##### {ui.plain(criteria_answer(main, window.label))}")
        unfinished = window.end is not None and window.end >= page.today
        ui.freshness_line(
            page, SOURCES, note="this window is not over" if unfinished else "whole days"
        )
    if all(result.verdict is Verdict.NO_DATA for result in results):
        ui.empty(
            f"Nothing was recorded in {ui.plain(window.label)}: no enhancement run, no resolved "
            "ticket, no rating. Choose another window."
        )
    else:
        _criteria.strip(page, main, window)
    tabs(page, results, window, windows, label)


def tabs(
    page: ui.Page,
    results: Sequence[CriterionResult],
    window: Window,
    windows: Mapping[str, Window],
    label: str,
) -> None:
    """The tabs; only the open one is computed."""
    bodies: tuple[Callable[[], None], ...] = (
        lambda: _criteria_dashboard.show(page, results, window),
        lambda: _criteria_weeks.show(page, results, window),
        lambda: _criteria_baseline.show(page),
        lambda: _criteria_saving.show(page, window),
        lambda: _criteria_return.show(page, window),
        lambda: _criteria_quality.show(page, results, window),
        lambda: _criteria_compare.show(page, windows, label),
        lambda: _criteria_edit.show(page, results, window),
    )
    drawn = st.tabs(TABS, key="criteria_view", bind="query-params")
    for tab, body in zip(drawn, bodies, strict=True):
        if tab.open:
            with tab:
                body()


def windows_of(page: ui.Page, known: Sequence[BaselineWindow]) -> dict[str, Window]:
    """The windows to choose from by label: this week, those before it, and the baselines."""
    past = [last_complete_week(page.today, ago) for ago in range(WEEKS_OFFERED)]
    found = {week.label: week for week in [iso_week(page.today), *past]}
    for baseline in sorted(known, key=lambda one: one.id):
        if baseline.first_day <= page.today and baseline.restarted_as is None:
            # A name that is already taken is told apart by its number.
            is_taken = baseline.name in found
            label = f"{baseline.name} ({baseline.id})" if is_taken else baseline.name
            found[label] = replace(window_of(baseline), label=label)
    return found


def choose_window(page: ui.Page, windows: Mapping[str, Window]) -> str:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Window", list(windows), index=1, key="criteria_week", bind="query-params", width=240
        )
        ui.account_box(page)
        window = windows[chosen]
        assert window.start is not None
        assert window.end is not None
        st.caption(f"{text.day(window.start)} to {text.day(window.end)}", width="content")
    return chosen


ui.run_page("criteria", "Are we meeting our success criteria?", show)
