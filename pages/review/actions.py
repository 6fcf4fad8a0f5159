"""Actions of a review: those carried over, those agreed on, who was there, and the end."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.base import text
from core.criteria.verdicts import criteria_of
from core.review.actions import EXPECTED, actions, add_action, close_action, is_overdue, sent_of
from core.review.meeting import ROLES, close_review, meetings, set_attendees
from core.store import Review, ReviewAction, Scope, one_state
from pages import ui
from pages.review.presentation import Part
from pages.review.sections import in_parts, is_open
from pages.ui import keeper

DUE_DAYS = 7
STATES = {"done": "Done", "dropped": "Dropped", "open": "Still open"}


def carried(page: ui.Page, told: Mapping[str, Any], meeting: Review | None) -> list[Part]:
    """The actions of earlier weeks, and what their criterion has done since."""

    def draw(found: Sequence[Mapping[str, Any]]) -> None:
        if not found:
            st.caption("No action is open from earlier weeks.")
        for one in found:
            with st.container(border=True):
                st.markdown(f"{_said(one)}, agreed in {one['week']}")
                if one["criterion"]:
                    st.markdown(ui.plain(f"{one['criterion']} {one['moved']}."))
                if is_open(page, meeting):
                    _close_form(page, one)
                elif one["status"] != "open" or one["outcome"]:
                    st.caption(ui.plain(_state(one)))

    return in_parts("carried", told["actions"], draw)


def _said(one: Mapping[str, Any]) -> str:
    """What will be done, by whom and by when, in Markdown."""
    due = f"{one['owner']}, due {text.day(date.fromisoformat(one['due']))}"
    return f"**{ui.plain(one['text'])}**, {ui.plain(due)}"


def _state(one: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (STATES.get(one["status"], one["status"]), one["outcome"])))


def _close_form(page: ui.Page, one: Mapping[str, Any]) -> None:
    number, stored = int(one["id"]), {name: one[name] for name in ("status", "outcome")}
    name = f"review_close_{number}"
    draft = ui.draft(page, name, stored, f"action {number}")
    key = f"{draft.key}_outcome"
    look: dict[str, Any] = {"max_chars": 500, "width": "stretch", "key": key}
    with ui.form(name), st.container(horizontal=True, vertical_alignment="bottom"):
        answer = None if draft.opened["status"] == "open" else draft.opened["status"]
        fields: dict[str, Any] = {
            "status": ui.pick("It is", STATES, at=answer, width=150),
            "outcome": st.text_input("Outcome", draft.opened["outcome"] or "", **look),
        } | draft.saving
        ui.submit_button(page, "Save", "Saved.", close_action, number, **fields, is_primary=False)


def agreed(
    page: ui.Page, told: Mapping[str, Any], label: str, meeting: Review | None
) -> list[Part]:
    """The actions of this review."""
    if meeting is not None and meeting.content is not None:
        rows = told.get("new_actions", [])
    else:
        rows = [one.model_dump(mode="json") for one in _of_week(page, label)]
    labels = {row["key"]: row["label"] for row in told["criteria"]}

    def draw(found: Sequence[Mapping[str, Any]]) -> None:
        if not found:
            st.caption("No action was agreed on in this review.")
        for one in found:
            moves = ""
            if one["criterion_key"]:
                name = text.lower_first(labels.get(one["criterion_key"], one["criterion_key"]))
                moves = f"; {name} {EXPECTED.get(one['expected'] or '', '')}"
            with st.container(border=True):
                st.markdown(f"{_said(one)}{ui.plain(moves)}")

    return in_parts("actions", rows, draw)


def _of_week(page: ui.Page, label: str) -> list[ReviewAction]:
    return [one for one in ui.read(page, actions) if one.week == label]


def _row(page: ui.Page, one: ReviewAction) -> dict[str, object]:
    labels = {known.key: known.label for known in ui.read(page, criteria_of)}
    due = text.day(one.due) + (", overdue" if is_overdue(one, page.today) else "")
    return {
        "What": one.text,
        "Who": one.owner,
        "Due": due,
        "Should move": labels.get(one.criterion_key or "", text.UNKNOWN),
        "Direction": EXPECTED.get(one.expected or "", text.UNKNOWN),
        "State": STATES.get(one.status, one.status),
        "Outcome": one.outcome or text.UNKNOWN,
        "Review": one.week,
    }


def add(page: ui.Page, label: str, *, is_listed: bool) -> None:
    """The form for an action more, below those that were agreed on where they are not beside."""
    if is_listed:
        for one in _of_week(page, label):
            st.caption(_said(one.model_dump(mode="json")))
    criteria = {one.key: one.label for one in ui.read(page, criteria_of)}
    name, due = f"review_action_{page.account.id}_{label}", page.today + timedelta(days=DUE_DAYS)
    with ui.form(name) as key:
        what = st.text_input("What will be done", max_chars=500, key=f"{key}_text")
        with st.grid(2, min_column_width=120):
            fields: dict[str, Any] = {
                "owner": st.text_input("Who does it", max_chars=100, key=f"{key}_owner"),
                "due": st.date_input("Due", due, format="YYYY-MM-DD"),
                "criterion_key": ui.pick("Should move", criteria, placeholder="No criterion"),
                "expected": ui.pick("It", EXPECTED),
            }
        if fields["criterion_key"] is None:
            fields["expected"] = None
        fields |= {"week": label, "text": what, "clears": name, "is_primary": False}
        done = "Agreed: it comes back next week."
        ui.submit_button(page, "Agree on it", done, add_action, **fields)


def checklist(page: ui.Page, told: Mapping[str, Any], meeting: Review) -> None:
    """What a meeting does before it ends; what is not ticked is named in the closed review."""
    known = dict.fromkeys(ROLES, "") | {str(role): str(name) for role, name in meeting.attendees}
    form = f"review_closing_{page.account.id}_{meeting.week}"
    draft = ui.draft(page, form, known, f"review {meeting.week}")
    waiting = [
        one["text"] for one in told["actions"] if one["status"] == "open" and not one["outcome"]
    ]
    sent = {one.criterion_key for one in ui.read(page, sent_of, week=meeting.week)}
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    raised = {one["criterion_key"]: one for one in told["escalations"]}
    unsent = [labels.get(key, "Data") for key in raised if key not in sent]
    left_open = []
    with ui.form(form):
        st.markdown("**Who attended**")
        with st.grid(2, min_column_width=200):
            names = {
                role: st.text_input(role, draft.opened[role], max_chars=100, key=draft.key + role)
                for role in ROLES
            }
        if not any(name.strip() for name in names.values()):
            left_open.append("attendees are not named")
        for there, what, missing in (
            (told["actions"], "Actions of earlier weeks are answered", waiting),
            (raised, "Escalations are sent", unsent),
        ):
            if not there:
                continue
            listed = f"Not yet: {text.listed(missing)}." if missing else None
            if not st.checkbox(what, not missing, key=f"{draft.key}_{what}"):
                not_done = what.replace(" are ", " are not ")
                which = f" ({text.listed(missing)})" if missing else ""
                left_open.append(f"{text.lower_first(not_done)}{which}")
            if listed:
                st.caption(ui.plain(listed))
        st.caption(
            "Closing keeps every figure, note and chart as it is now, and names what is not "
            "ticked. It can be undone for an hour."
        )

        def close(scope: Scope, seen: Mapping[str, str]) -> None:
            set_attendees(scope, meeting.week, names, seen=seen)
            close_review(scope, meeting.week, left_open=left_open)

        done = f"The review of {meeting.week} is closed."
        ui.submit_button(page, "Close it", done, close, **draft.saving)


closing = st.dialog("Close the review", width="medium")(one_state()(checklist))


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
