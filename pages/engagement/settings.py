"""The segments of customer users: their sizes, their thresholds, and who changed these."""

import pandas as pd
import streamlit as st

from core.analytics.account_settings import EngagementSettings, settings_of
from core.base import text
from core.engagement.people import Engagement
from core.engagement.segments import ACTIVITIES, LIFECYCLES
from core.engagement.words import SEGMENTS, segment_rules
from pages import ui
from pages.ui.settings_form import NumberBox, settings_form, settings_history
from pages.ui.tables import text_column

UNDATED = "No cycle with a date"
# The label of each threshold in the form, and in the history.
LABELS = {
    "high_activity": ("High from so many cycles", "high from"),
    "medium_activity": ("Medium from so many cycles", "medium from"),
    "new_days": ("New for so many days", "new, days"),
    "fading_days": ("Fading after so many days", "fading, days"),
    "silent_days": ("Silent after so many days", "silent, days"),
}


def _tried(page: ui.Page) -> str:
    return f"engagement_tried_{page.account.id}"


def in_use(page: ui.Page) -> EngagementSettings:
    """The thresholds that someone tries in this session, else those of the account."""
    tried: EngagementSettings | None = st.session_state.get(_tried(page))
    return tried or ui.read(page, settings_of, kind=EngagementSettings)


def note(page: ui.Page) -> None:
    """That other thresholds than the account's are tried, with the way back."""
    if in_use(page) == ui.read(page, settings_of, kind=EngagementSettings):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("Trying other thresholds", color="orange")
        st.caption("for you alone, until they are saved under Segments", width="content")
        st.button(
            "Back to the account's",
            type="tertiary",
            key="engagement_untry",
            on_click=_end_trial,
            args=(page,),
        )


def _end_trial(page: ui.Page) -> None:
    st.session_state.pop(_tried(page), None)


def show(page: ui.Page, found: Engagement) -> None:
    with st.grid(2, min_column_width=340):
        _sizes(found)
        with ui.panel("Thresholds", stretch=True):
            _form(page)
    with ui.panel("Changes of the thresholds"):
        settings_history(page, EngagementSettings, _moved)


def _sizes(found: Engagement) -> None:
    people = found.people
    kinds = people["lifecycle"].where(people["lifecycle"].notna(), UNDATED)
    undated = [UNDATED] if UNDATED in set(kinds) else []
    table = pd.crosstab(kinds, people["activity"], margins=True, margins_name="all").reindex(
        index=[*LIFECYCLES, *undated, "all"], columns=[*ACTIVITIES, "all"], fill_value=0
    )
    table.insert(0, "segment", [SEGMENTS.get(key, text.upper_first(key)) for key in table.index])
    with ui.panel(
        f"{text.times(len(people), 'customer user')} by segment and activity",
        "Segments as of today; activity by the cycles created in the period",
        stretch=True,
    ):
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                "segment": text_column("Segment", 140),
                **{key: SEGMENTS[key] for key in ACTIVITIES},
                "all": "All",
            },
        )
        rules = segment_rules(found.settings)
        rules["silent"] += "; silent takes precedence over fading and new"
        said = [f"- **{SEGMENTS[key]}**: {rules[key]}" for key in rules]
        if undated:
            said.append(f"- **{UNDATED}**: they are in no segment")
        st.caption("\n".join(said))


def _form(page: ui.Page) -> None:
    now = in_use(page)
    boxes = {
        name: NumberBox(label, getattr(now, name), 10_000) for name, (label, _) in LABELS.items()
    }

    def begin_trial(settings: EngagementSettings) -> None:
        st.session_state[_tried(page)] = settings

    settings_form(
        page,
        now,
        [(2, boxes)],
        what="Thresholds",
        tried="These thresholds are tried, for you alone.",
        make=lambda typed: EngagementSettings(**typed),
        begin_trial=begin_trial,
        end_trial=lambda: _end_trial(page),
    )


def _moved(before: EngagementSettings, after: EngagementSettings) -> list[str]:
    """High from 10 to 12; silent, days 90 to 60."""
    return [
        f"{label} {getattr(before, name)} → {getattr(after, name)}"
        for name, (_, label) in LABELS.items()
        if getattr(after, name) != getattr(before, name)
    ]
