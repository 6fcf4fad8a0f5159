"""Weights and thresholds of the leaderboard: tried in the link, saved for the account."""

import json
from dataclasses import asdict, replace
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from core.analytics.account_settings import LeaderboardSettings, changes, save_settings, settings_of
from core.base import text
from core.base.errors import InputError
from core.store import Scope
from core.testers import words as tester_words
from core.testers.bugs import severities_of
from pages import ui
from pages.testers.shared import View

TRIAL = "trial"  # the parameter of the link that holds what is tried
LONGEST = 4_000
SUBJECT = f"settings of {LeaderboardSettings.KEY}"
WHOLE = {
    "newcomer_below": ("Newcomers have fewer decided bugs than", 10_000),
    "maturing_days": ("Weeks mature for so many days", 1_000),
}
SHARES = {
    "most_rejected": "Healthy: rejected under, %",
    "least_reviewed": "Healthy: reviewed over, %",
    "most_auto_accepted": "Healthy: accepted automatically under, %",
}


def saved(page: ui.Page) -> LeaderboardSettings:
    settings: LeaderboardSettings = ui.read(page, settings_of, kind=LeaderboardSettings)
    return settings


def in_use(page: ui.Page) -> tuple[LeaderboardSettings, str]:
    """What the link tries on top of the account's settings; and why not, where it cannot."""
    own, tried = saved(page), st.query_params.get(TRIAL)
    if not tried:
        return own, ""
    try:
        return _tried(own, tried), ""
    except (ValueError, TypeError, RecursionError, InputError):
        return own, "The link tries weights that cannot be read: those of the account are shown."


def _tried(own: LeaderboardSettings, text: str) -> LeaderboardSettings:
    if len(text) > LONGEST:
        raise ValueError("too long")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("no settings")
    weights = {str(key): value for key, value in dict(found.pop("weights", {})).items()}
    return replace(own, weights={**own.weights, **weights}, **found)


def note(view: View) -> None:
    """That other weights than the account's are tried, with the way back."""
    moved = tester_words.settings_changed(view.saved, view.settings)
    if not moved:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.badge("A trial", color="orange")
        st.markdown(
            ui.plain(
                f"{text.upper_first('; '.join(moved))}. Nothing is saved: only this link shows it."
            ),
            width="content",
        )
        st.button("End the trial", type="tertiary", key="testers_untry", on_click=end_trial)


def end_trial() -> None:
    st.query_params.pop(TRIAL, None)


def show(view: View) -> None:
    left, right = st.columns([13, 9])
    with left:
        _form(view)
    with right:
        _history(view)


def _form(view: View) -> None:
    page, now, who = view.page, view.settings, view.page.person
    severities = list(dict.fromkeys([*now.weights, *ui.read_facts(page, severities_of)]))
    # Boxes keep what is typed; another state of the settings has other boxes.
    key = f"testers_{crc32(repr((page.account.id, now)).encode())}"
    with st.container(border=True, height="stretch"):
        st.subheader("Weights and thresholds", anchor=False)
        st.caption("What a decided bug of each severity is worth in points")
        with st.form(f"{key}_form", border=False):
            with st.grid(4, min_column_width=120):
                for number, severity in enumerate(severities):
                    st.number_input(
                        ui.plain(severity),
                        min_value=0.0,
                        max_value=1_000.0,
                        value=float(now.weights.get(severity, 0)),
                        step=1.0,
                        format="%g",
                        key=f"{key}_weight_{number}",
                    )
            with st.grid(2, min_column_width=240):
                for name, (label, most) in WHOLE.items():
                    value = getattr(now, name)
                    st.number_input(label, 1, most, value, 1, key=f"{key}_{name}")
                for name, label in SHARES.items():
                    value = round(getattr(now, name) * 100, 6)
                    st.number_input(label, 0.0, 100.0, value, 1.0, format="%g", key=f"{key}_{name}")
            with st.container(horizontal=True):
                st.form_submit_button(
                    "Try", on_click=_try, args=(view, key, severities), key=f"{key}_try"
                )
                st.form_submit_button(
                    "Save for the account",
                    type="primary",
                    disabled=who is None,
                    on_click=_save,
                    args=(view, key, severities, who),
                    help="For everybody; noted beside this with who did it",
                    key=f"{key}_save",
                )
        if who is None:
            st.caption("You may try weights; saving them takes an editor of this dashboard.")


def _typed(view: View, key: str, severities: list[str]) -> LeaderboardSettings:
    state = st.session_state
    weights: dict[str, float] = {}
    for number, severity in enumerate(severities):
        weight = float(state[f"{key}_weight_{number}"])
        if weight or severity in view.saved.weights:
            weights[severity] = int(weight) if weight.is_integer() else weight
    whole: dict[str, Any] = {name: int(state[f"{key}_{name}"]) for name in WHOLE}
    shares: dict[str, Any] = {
        name: round(float(state[f"{key}_{name}"]) / 100, 8) for name in SHARES
    }
    return LeaderboardSettings(weights=weights, **whole, **shares)


def _try(view: View, key: str, severities: list[str]) -> None:
    ui.run_action(view.page, "Tried, in this link alone.", _use, view, key, severities)


def _use(_scope: Scope, view: View, key: str, severities: list[str]) -> None:
    tried, own = _typed(view, key, severities), view.saved
    moved: dict[str, Any] = {
        name: value
        for name, value in asdict(tried).items()
        if name != "weights" and value != getattr(own, name)
    }
    weights = {
        severity: tried.weights.get(severity, 0)
        for severity in severities
        if tried.weights.get(severity, 0) != own.weights.get(severity, 0)
    }
    if weights:
        moved["weights"] = weights
    if moved:
        st.query_params[TRIAL] = json.dumps(moved, separators=(",", ":"), ensure_ascii=False)
    else:
        end_trial()


def _save(view: View, key: str, severities: list[str], who: str) -> None:
    def save(scope: Scope) -> None:
        save_settings(scope, _typed(view, key, severities), by=who)
        end_trial()

    ui.run_action(view.page, "Weights and thresholds saved for the account.", save)


def _history(view: View) -> None:
    page = view.page
    found = ui.read(page, changes, subject=SUBJECT)
    with st.container(border=True, height="stretch"):
        st.subheader("Who changed them", anchor=False)
        if not found:
            st.caption("Nobody has: they are those that the dashboard came with.")
            return
        before = map(tester_words.settings_of_change, (change.before for change in found))
        after = map(tester_words.settings_of_change, (change.after for change in found))
        moved = map(tester_words.settings_changed, before, after)
        st.dataframe(
            pd.DataFrame(
                {
                    "When": [ui.moment(page, change.at) for change in found],
                    "Who": [change.by for change in found],
                    "What": ["; ".join(said) or "confirmed as they were" for said in moved],
                }
            ),
            hide_index=True,
        )
