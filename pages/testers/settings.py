"""Weights and thresholds of the leaderboard: tried in the link, saved for the account."""

import json
from dataclasses import asdict, replace
from typing import Any

import streamlit as st

from core.analytics.account_settings import LeaderboardSettings
from core.base import text
from core.base.errors import InputError
from core.testers.bugs import severities_of
from core.testers.words import settings_changed
from pages import ui
from pages.testers.shared import View
from pages.ui.settings_form import NumberBox, Values, settings_form, settings_history

TRIAL = "testers_trial"
LONGEST = 4_000
WHOLE = {
    "newcomer_below": ("Newcomers have fewer decided bugs than", 10_000),
    "maturing_days": ("Weeks mature for so many days", 1_000),
}
SHARES = {
    "most_rejected": "Healthy: rejected under, %",
    "least_reviewed": "Healthy: reviewed over, %",
    "most_auto_accepted": "Healthy: accepted automatically under, %",
}


def in_use(own: LeaderboardSettings) -> tuple[LeaderboardSettings, str]:
    """What the link tries on top of the account's settings; and why not, where it cannot."""
    tried = ui.asked_text(TRIAL)
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
    moved = settings_changed(view.saved, view.settings)
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
    ui.address().words[TRIAL] = [""]


def show(view: View) -> None:
    left, right = st.columns([13, 9])
    note = "What a decided bug of each severity is worth in points"
    with left, ui.panel("Weights and thresholds", note, stretch=True):
        _form(view)
    with right, ui.panel("Who changed them", stretch=True):
        settings_history(view.page, LeaderboardSettings, settings_changed)


def _form(view: View) -> None:
    now = view.settings
    severities = list(dict.fromkeys([*now.weights, *ui.read_facts(view.page, severities_of)]))
    weights = {
        f"weight {severity}": NumberBox(severity, float(now.weights.get(severity, 0)), 1_000)
        for severity in severities
    }
    others = {
        name: NumberBox(label, getattr(now, name), most) for name, (label, most) in WHOLE.items()
    } | {
        name: NumberBox(label, round(getattr(now, name) * 100.0, 6), 100)
        for name, label in SHARES.items()
    }
    settings_form(
        view.page,
        now,
        [(4, weights), (2, others)],
        what="Weights and thresholds",
        tried="Tried, in this link alone.",
        make=lambda typed: _typed(typed, severities, view.saved),
        begin_trial=lambda tried: _begin_trial(tried, view.saved),
        end_trial=end_trial,
    )


def _typed(typed: Values, severities: list[str], saved: LeaderboardSettings) -> LeaderboardSettings:
    weights: dict[str, float] = {}
    for severity in severities:
        weight = float(typed[f"weight {severity}"])
        if weight or severity in saved.weights:
            weights[severity] = int(weight) if weight.is_integer() else weight
    others: dict[str, Any] = {name: typed[name] for name in WHOLE}
    others |= {name: round(typed[name] / 100, 8) for name in SHARES}
    return LeaderboardSettings(weights=weights, **others)


def _begin_trial(tried: LeaderboardSettings, saved: LeaderboardSettings) -> None:
    """Put into the link what differs from the account's settings."""
    own, moved = asdict(saved), asdict(tried)
    weights = {
        severity: weight
        for severity, weight in moved.pop("weights").items()
        if weight != own["weights"].get(severity, 0)
    }
    moved = {name: value for name, value in moved.items() if value != own[name]}
    if weights:
        moved["weights"] = weights
    if moved:
        written = json.dumps(moved, separators=(",", ":"), ensure_ascii=False)
        ui.address().words[TRIAL] = [written]
    else:
        end_trial()
