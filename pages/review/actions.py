"""Actions of a review: those carried over, those agreed on, who was there, and the end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.base import text
from core.criteria.verdicts import criteria_of
from core.review.actions import EXPECTED, actions, add_action, close_action, is_overdue
from core.review.meeting import ROLES, close_review, meetings, set_attendees
from core.store import Review, ReviewAction
from pages import ui
from pages.review.sections import is_open
from pages.ui import keeper

DUE_DAYS = 7
STATES = {"done": "Done", "dropped": "Dropped", "open": "Still open"}


def carried(page: ui.Page, told: Mapping[str, Any], meeting: Review | None) -> None:
    """The open actions of earlier weeks, and what their criterion has done since."""
    found = told["actions"]
    if not found:
        st.caption("No action is open from earlier weeks.")
        return
    for one in found:
        with st.container(border=True):
            late = "overdue" if one["due"] < str(told["last_day"]) else "due"
            st.markdown(
                f"**{ui.plain(one['text'])}**, {ui.plain(one['owner'])}, {late} "
                f"{ui.plain(one['due'])}, from {one['week']}"
            )
            if one["criterion"]:
                st.markdown(ui.plain(f"{one['criterion']} {one['moved']}."))
            if is_open(page, meeting):
                _close_form(page, one)


def _close_form(page: ui.Page, one: Mapping[str, Any]) -> None:
    number, stored = int(one["id"]), {name: one[name] for name in ("status", "outcome")}
    name = f"review_close_{number}"
    draft = ui.draft(page, name, stored, f"action {number}")
    key = f"{draft.key}_outcome"
    with ui.form(name), st.container(horizontal=True, vertical_alignment="bottom"):
        fields: dict[str, Any] = {
            "status": ui.pick("It is", STATES, width=150),
            "outcome": st.text_input("Outcome", max_chars=500, width="stretch", key=key),
        } | draft.saving
        ui.submit_button(page, "Save", "Saved.", close_action, number, **fields, is_primary=False)


def agreed(page: ui.Page, told: Mapping[str, Any], meeting: Review | None, label: str) -> None:
    """The actions of this review, and the form for another."""
    if meeting is not None and meeting.content is not None:
        rows = [_agreed(one, one["due"]) for one in told.get("new_actions", [])]
    else:
        known = ui.read(page, actions)
        rows = [_row(page, one) for one in known if one.week == label]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    else:
        st.caption("No action was agreed on in this review.")
    if is_open(page, meeting):
        _new(page, label)


def _agreed(one: Mapping[str, Any], due: str) -> dict[str, object]:
    return {
        "What": one["text"],
        "Who": one["owner"],
        "Due": due,
        "Should move": one["criterion_key"] or text.UNKNOWN,
        "Direction": EXPECTED.get(one["expected"] or "", text.UNKNOWN),
    }


def _row(page: ui.Page, one: ReviewAction) -> dict[str, object]:
    due = text.day(one.due) + (", overdue" if is_overdue(one, page.today) else "")
    return _agreed(one.model_dump(), due) | {
        "State": STATES.get(one.status, one.status),
        "Outcome": one.outcome or text.UNKNOWN,
        "Review": one.week,
    }


def _new(page: ui.Page, label: str) -> None:
    criteria: dict[str | None, str] = {None: "None"}
    criteria |= {one.key: one.label for one in ui.read(page, criteria_of)}
    name, due = f"review_action_{page.account.id}_{label}", page.today + timedelta(days=DUE_DAYS)
    with ui.form(name) as key:
        text = st.text_input("What will be done", max_chars=500, key=f"{key}_text")
        with st.grid(4, min_column_width=170):
            fields: dict[str, Any] = {
                "owner": st.text_input("Who does it", max_chars=100, key=f"{key}_owner"),
                "due": st.date_input("Due", due, format="YYYY-MM-DD"),
                "criterion_key": ui.pick("Criterion that should move", criteria),
                "expected": ui.pick("It", EXPECTED),
            }
        if fields["criterion_key"] is None:
            fields["expected"] = None
        fields |= {"week": label, "text": text, "clears": name}
        done = "Agreed: it comes back next week."
        ui.submit_button(page, "Agree on it", done, add_action, **fields)


def attendees(page: ui.Page, meeting: Review, label: str) -> None:
    known = dict.fromkeys(ROLES, "") | {str(role): str(name) for role, name in meeting.attendees}
    form = f"review_attendees_{page.account.id}_{label}"
    draft = ui.draft(page, form, known, f"review {label}")
    with ui.form(form):
        st.markdown("**Attendees**")
        with st.grid(3, min_column_width=200):
            names = {
                role: st.text_input(role, draft.opened[role], max_chars=100, key=draft.key + role)
                for role in ROLES
            }
        done, more = "Attendees saved.", draft.saving | {"is_primary": False}
        ui.submit_button(page, "Save", done, set_attendees, label, names, **more)


def close(page: ui.Page, label: str) -> None:
    done = f"The review of {label} is closed."
    told = "Keeps every figure, interval, definition, note and chart as it is now"
    ui.editor_button(page, "Close the review", done, close_review, label, help=told)


def history(page: ui.Page) -> None:
    """All reviews and actions, with a search."""
    search = st.text_input("Find in reviews and actions", key="review_search", width=330).lower()
    keeper.stored("review_search")
    reviews = pd.DataFrame(
        {
            "Week": one.week,
            "Begun by": one.opened_by,
            "Attendees": ", ".join(name for _, name in one.attendees) or text.UNKNOWN,
            "Closed by": one.closed_by or text.UNKNOWN,
            "Closed": ui.moment(page, one.closed_at) if one.closed_at else "open",
            "Notes": " / ".join((one.content or {}).get("notes", {}).values()),
        }
        for one in ui.read(page, meetings)
    )
    done = pd.DataFrame(
        _row(page, one) | {"Decided": f"{one.decided_by}, {ui.moment(page, one.decided_at)}"}
        for one in ui.read(page, actions)
    )
    for title, frame, key in (("Reviews", reviews, "reviews"), ("Actions", done, "actions")):
        st.markdown(f"**{title}**")
        shown = _found(frame, search)
        if shown.empty:
            st.caption("None yet." if frame.empty else "No match.")
            continue
        st.dataframe(shown, hide_index=True)
        ui.Stamped(page, search or "all").csv_button(shown, title, key=key)


def _found(frame: pd.DataFrame, search: str) -> pd.DataFrame:
    if frame.empty or not search:
        return frame
    lines = frame.astype(str).agg(" ".join, axis=1).str.lower()
    return frame[lines.str.contains(search, regex=False)]
