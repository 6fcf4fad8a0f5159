"""Where do the numbers come from, and how fresh are they?"""

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core import words
from core.analytics.sources import last_synced, source_states
from core.store import SyncProblem
from core.sync import RunRecord, is_running, problems, runs, start_sync
from pages import _ui as ui

STATES = {"running": "blue", "done": "green", "partial": "orange", "failed": "red"}
CONNECT = """\
TESTIO_CUSTOMER_API_TOKEN=...   # the account's token
TESTIO_CUSTOMER_ID=...          # the account's id
python -m core sync"""


def show(page: ui.Page) -> None:
    answer = st.container()
    found = problems(page.store, account=page.account.id)
    states = source_states(page.store, account=page.account.id, now=datetime.now(UTC))
    with st.container(horizontal=True):
        ui.account_box(page)
    with answer:
        st.markdown(f"##### {ui.plain(sentence(page, found))}")
        ui.freshness_line(page, frozenset(state.name for state in states))
    sync_box(page)
    left, right = st.columns([4, 7])
    with left, st.container(border=True, height="stretch"):
        st.subheader("Sources", anchor=False)
        st.dataframe(
            pd.DataFrame(
                {
                    "Source": [state.name for state in states],
                    "Rows": [state.rows for state in states],
                    "Data through": [
                        words.day(state.through.astimezone(page.store.zone).date())
                        if state.through
                        else words.UNKNOWN
                        for state in states
                    ],
                }
            ),
            hide_index=True,
            column_config={
                "Rows": st.column_config.NumberColumn(format="localized"),
            },
        )
    with right, st.container(border=True, height="stretch"):
        st.subheader("Runs", anchor=False)
        run_table(page, runs(page.store, account=page.account.id))
    problem_table(page, found)


def sentence(page: ui.Page, noted: Sequence[SyncProblem]) -> str:
    if page.is_demo:
        return "This is demo data; connect a source to see your own."
    at = last_synced(page.store, account=page.account.id)
    found = f"{words.times(len(noted), 'problem')} noted" if noted else "everything could be read"
    if at is None:
        return "No sync has brought data in yet."
    when = words.moment(at.astimezone(page.store.zone), page.today)
    return f"The last sync ended at {when}; {found}."


def sync_box(page: ui.Page) -> None:
    source = next((a for a in page.settings.accounts if a.id == page.account.id), None)
    with st.container(border=True):
        if source is None:
            st.markdown(
                "**Connect your own data.** Set these in the environment or in "
                "`.streamlit/secrets.toml`, then sync; real and demo data stay apart."
                if page.is_demo
                else "No source is configured for this account: its data stays as it is."
            )
            if page.is_demo:
                st.code(CONNECT, language="bash")
            return
        progress(page)
        st.button(
            "Sync now",
            type="primary",
            key="data_sync",
            on_click=ui.say_after,
            args=("sync", "The sync has started.", start_sync, page.store, source),
            disabled=is_running(page.account.id),
        )
        ui.said("sync")


@st.fragment(run_every=1.0)
def progress(page: ui.Page) -> None:
    """The last run as it stands; afresh each second, and the whole page when it ends."""
    last = next(iter(runs(page.store, account=page.account.id, limit=1)), None)
    was_running = st.session_state.get("data_was_running", False)
    now_running = is_running(page.account.id)
    st.session_state["data_was_running"] = now_running
    if last is not None and last.status == "running":
        share = min(last.done / last.total, 1.0) if last.total else 0.0
        of = f" of {words.count(last.total)}" if last.total else ""
        st.progress(share, text=ui.plain(f"{last.step}: {words.count(last.done)}{of}"))
    elif last is not None:
        st.badge(last.status, color=STATES.get(last.status, "gray"))
        st.caption(ui.plain(last.message))
    else:
        st.caption("Nothing has been synced yet.")
    if was_running and not now_running:
        st.rerun()


def run_table(page: ui.Page, found: list[RunRecord]) -> None:
    if not found:
        st.caption("No run yet.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Started": [run.started_at.astimezone(page.store.zone) for run in found],
                "Status": [run.status for run in found],
                "Took": [words.duration(run.seconds) if run.seconds else "" for run in found],
                "Requests": [run.requests for run in found],
                "Added": [run.total_of("added") for run in found],
                "Changed": [run.total_of("changed") for run in found],
                "Refused": [run.total_of("refused") for run in found],
                "Message": [run.message for run in found],
            }
        ),
        hide_index=True,
        column_config={
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            "Message": st.column_config.TextColumn(width="large"),
        },
    )


def problem_table(page: ui.Page, found: Sequence[SyncProblem]) -> None:
    with st.container(border=True):
        st.subheader("Problems", anchor=False)
        if not found:
            synced = last_synced(page.store, account=page.account.id) is not None
            st.caption(
                "Everything that the sources sent could be read."
                if synced
                else "Nothing has been read yet."
            )
            return
        frame = pd.DataFrame(
            [
                {
                    "What": problem.entity,
                    "Id": problem.source_id,
                    "Field": problem.field,
                    "Reason": problem.reason,
                    "What was sent": problem.value,
                }
                for problem in found
            ]
        )
        st.caption("The rest of each object is in, unless the reason says that it was left out.")
        st.dataframe(frame, hide_index=True)
        ui.csv_button(page, frame, name="Sync problems", filters="", key="problems")


ui.run_page(
    "data", "Where do the numbers come from, and how fresh are they?", show, needs_data=False
)
