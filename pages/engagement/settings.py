"""The segments of customer users: their sizes, their thresholds, and who changed these."""

from dataclasses import asdict, fields
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.account_settings import EngagementSettings, changes, save_settings, settings_of
from core.base import text
from core.engagement.people import Engagement
from core.engagement.segments import ACTIVITIES, LIFECYCLES
from core.engagement.words import SEGMENTS, segment_rules
from core.store import Scope
from pages import ui

UNDATED = "No cycle with a date"
TRIED = "engagement_tried"
SUBJECT = f"settings of {EngagementSettings.KEY}"
LABELS = {
    "high_activity": "High from so many cycles",
    "medium_activity": "Medium from so many cycles",
    "new_days": "New for so many days",
    "fading_days": "Fading after so many days",
    "silent_days": "Silent after so many days",
}
SHORT = {
    "high_activity": "high from",
    "medium_activity": "medium from",
    "new_days": "new, days",
    "fading_days": "fading, days",
    "silent_days": "silent, days",
}


def _saved(page: ui.Page) -> EngagementSettings:
    saved: EngagementSettings = ui.read(page, settings_of, kind=EngagementSettings)
    return saved


def in_use(page: ui.Page) -> EngagementSettings:
    """The thresholds that someone tries in this session, else those of the account."""
    tried: dict[str, EngagementSettings] = st.session_state.get(TRIED, {})
    return tried.get(page.account.id) or _saved(page)


def note(page: ui.Page) -> None:
    """That other thresholds than the account's are tried, with the way back."""
    if in_use(page) == _saved(page):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("Trying other thresholds", color="orange")
        st.caption("for you alone, until they are saved under Segments", width="content")
        st.button(
            "Back to the account's",
            type="tertiary",
            key="engagement_untry",
            on_click=_forget,
            args=(page,),
        )


def show(page: ui.Page, found: Engagement) -> None:
    left, right = st.columns([11, 11])
    with left:
        _sizes(found)
    with right:
        _form(page)
    _history(page)


def _sizes(found: Engagement) -> None:
    people = found.people
    kinds = people["lifecycle"].where(people["lifecycle"].notna(), UNDATED)
    table = pd.crosstab(kinds, people["activity"]).reindex(
        index=[*LIFECYCLES, UNDATED], columns=list(ACTIVITIES), fill_value=0
    )
    table["all"] = table.sum(axis=1)
    if not table.loc[UNDATED, "all"]:
        table = table.drop(index=UNDATED)
    table.loc["all"] = table.sum()
    table.insert(0, "segment", [SEGMENTS.get(key, text.upper_first(key)) for key in table.index])
    with st.container(border=True, height="stretch"):
        st.subheader(
            f"{text.times(len(people), 'customer user')} by segment and activity", anchor=False
        )
        st.caption("Segments as of today; activity by the cycles created in the period")
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                "segment": st.column_config.TextColumn("Segment", width=140),
                **{key: SEGMENTS[key] for key in ACTIVITIES},
                "all": "All",
            },
        )
        rules = segment_rules(found.settings)
        rules["silent"] += "; silent takes precedence over fading and new"
        said = [f"- **{SEGMENTS[key]}**: {rules[key]}" for key in rules]
        if UNDATED in table.index:
            said.append(f"- **{UNDATED}**: they are in no segment")
        st.caption("\n".join(said))


def _form(page: ui.Page) -> None:
    now, who = in_use(page), page.person
    with st.container(border=True, height="stretch"):
        st.subheader("Thresholds", anchor=False)
        with st.form(f"engagement_thresholds_{page.account.id}", border=False):
            with st.grid(2, min_column_width=180):
                for name, label in LABELS.items():
                    st.number_input(
                        label,
                        min_value=1,
                        max_value=10_000,
                        value=getattr(now, name),
                        step=1,
                        key=_key(page, name),
                    )
            with st.container(horizontal=True):
                st.form_submit_button("Try", on_click=_try, args=(page,))
                st.form_submit_button(
                    "Save for the account",
                    type="primary",
                    disabled=who is None,
                    on_click=_save,
                    args=(page, who),
                    help="For everybody, on every page; noted below with who did it",
                )
        if who is None:
            st.caption("You may try thresholds; saving them takes an editor of this dashboard.")


def _key(page: ui.Page, name: str) -> str:
    return f"engagement_{name}_{page.account.id}"


def _typed(page: ui.Page) -> EngagementSettings:
    return EngagementSettings(
        **{f.name: int(st.session_state[_key(page, f.name)]) for f in fields(EngagementSettings)}
    )


def _use(_scope: Scope, page: ui.Page) -> None:
    st.session_state[TRIED] = st.session_state.get(TRIED, {}) | {page.account.id: _typed(page)}


def _try(page: ui.Page) -> None:
    ui.run_action(page, "These thresholds are tried, for you alone.", _use, page)


def _save(page: ui.Page, who: str) -> None:
    def save(scope: Scope) -> None:
        save_settings(scope, _typed(page), by=who)
        _unuse(page)

    ui.run_action(page, "Thresholds saved for the account.", save)


def _unuse(page: ui.Page) -> None:
    st.session_state[TRIED] = {
        key: tried
        for key, tried in st.session_state.get(TRIED, {}).items()
        if key != page.account.id
    }


def _forget(page: ui.Page) -> None:
    _unuse(page)
    for name, value in asdict(_saved(page)).items():
        if _key(page, name) in st.session_state:
            st.session_state[_key(page, name)] = value


def _history(page: ui.Page) -> None:
    found = ui.read(page, changes, subject=SUBJECT)
    with st.container(border=True):
        st.subheader("Changes of the thresholds", anchor=False)
        if not found:
            st.caption("Never changed: these are the defaults.")
            return
        st.dataframe(
            pd.DataFrame(
                {
                    "When": [ui.moment(page, change.at) for change in found],
                    "Who": [change.by for change in found],
                    "What": [_moved(change.before, change.after) for change in found],
                }
            ),
            hide_index=True,
        )


def _moved(before: Any, after: Any) -> str:
    """High from 10 to 12; silent, days 90 to 60."""
    was = before or asdict(EngagementSettings())
    said = [
        f"{label} {was.get(name)} → {after[name]}"
        for name, label in SHORT.items()
        if after and after.get(name) != was.get(name)
    ]
    return "; ".join(said) or "confirmed as they were"
