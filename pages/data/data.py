"""Where do the numbers come from, and how fresh are they?"""

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.analytics.freshness import last_synced
from core.base import clock, text
from core.ingest.sync.accounts import is_running, start_sync
from core.ingest.sync.history import (
    ProblemGroup,
    deletions,
    objects_a_second,
    problem_groups,
    problems,
    rows_of,
    runs,
)
from core.store import SyncRun
from pages import ui
from pages.ui.first_run import SOURCE_NAMES, progress, source_of
from pages.ui.tables import DAY, height, number_column, source_table

KINDS = {"test_cycle": "Test cycle", "bug": "Bug report"}
COUNTED = ("added", "changed", "removed", "refused")
CONNECT = """\
TESTIO_CUSTOMER_API_TOKEN=...   # the account's token
TESTIO_CUSTOMER_ID=...          # the account's id
PROMETHEUS_URL=...              # the Prometheus with the platform's metrics, if any
python -m core sync"""


def show(page: ui.Page) -> None:
    groups = problem_groups(page.scope)
    with st.container(horizontal=True):
        ui.account_box(page)
    ui.answer(page, sentence(page, groups), frozenset(state.name for state in ui.sources(page)))
    sync_box(page)
    with ui.panel("Sources"):
        source_table(page)
    with ui.panel("Runs"):
        run_table(page, runs(page.scope))
    with ui.panel("Problems"):
        problem_list(page, groups)
    deletion_box(page)


def sentence(page: ui.Page, groups: list[ProblemGroup]) -> str:
    if page.is_demo:
        return "This is demo data; connect a source to see your own."
    at = latest_sync(page)
    if at is None:
        return "No sync has brought data in yet."
    number = sum(group.number for group in groups)
    found = f"{text.times(number, 'problem')} noted" if number else "everything could be read"
    return f"The last sync ended at {ui.moment(page, at)}; {found}."


def latest_sync(page: ui.Page) -> datetime | None:
    """When the last sync ended that brought data in, from any source."""
    ended = (last_synced(page.scope, source=source) for source in SOURCE_NAMES)
    return max((at for at in ended if at is not None), default=None)


def sync_box(page: ui.Page) -> None:
    source = source_of(page)
    with st.container(border=True, key="data_connect"):
        if source is None:
            st.markdown(
                "**Connect your own data.** Set these in the environment or in "
                "`.streamlit/secrets.toml`, then sync; real and demo data stay apart."
                if page.is_demo
                else "No source is configured for this account: its data stays as it is."
            )
            st.code(CONNECT, language="bash", wrap_lines=True)
            return
        running = is_running(page.scope)
        # Refreshed each second only while a sync runs.
        st.fragment(progress, run_every=1.0 if running else None)(page)
        done = "The sync has started."
        starts: dict[str, Any] = {"on_click": ui.run_action, "disabled": running}
        starts["args"] = (page, done, start_sync, source)
        with st.container(horizontal=True):
            st.button("Sync now", type="primary", key="data_sync", **starts)
            st.button(
                "Read everything again",
                key="data_sync_full",
                help="Includes what is final and was read before; takes longer",
                kwargs={"full": True},
                **starts,
            )


def run_table(page: ui.Page, found: list[SyncRun]) -> None:
    if not found:
        st.caption("No run yet.")
        return
    now = clock.now()
    frame = pd.DataFrame(
        {
            "Started": [run.started_at.astimezone(page.store.zone) for run in found],
            "Source": [SOURCE_NAMES.get(run.source, run.source) for run in found],
            "Status": [run.status for run in found],
            "Took": [took(run) for run in found],
            "Requests": [run.requests for run in found],
            "Objects a second": [objects_a_second(run, now) for run in found],
        }
        | {kind.capitalize(): [rows_of(run.counts, [kind]) for run in found] for kind in COUNTED}
        | {"Message": [run.message for run in found]}
    )
    counts = ["Requests", *(kind.capitalize() for kind in COUNTED)]
    columns = {name: number_column(name) for name in counts} | {
        "Started": moment_column("Started"),
        "Objects a second": number_column("Objects a second", form="%.0f"),
        "Message": st.column_config.TextColumn(width="large"),
    }
    st.dataframe(frame, hide_index=True, height=height(frame, 9), column_config=columns)


def took(run: SyncRun) -> str:
    seconds = run.finished_at and (run.finished_at - run.started_at).total_seconds()
    return text.duration(seconds) if seconds else ""


def moment_column(label: str) -> Any:
    return st.column_config.DatetimeColumn(label, format=f"{DAY}, HH:mm")


def problem_list(page: ui.Page, groups: list[ProblemGroup]) -> None:
    if not groups:
        read = latest_sync(page) is not None
        everything = "Everything that the sources sent could be read."
        st.caption(everything if read else "Nothing has been read yet.")
        return
    st.caption("The rest of each object is in, unless the reason says that it was left out.")
    frame = pd.DataFrame(groups, columns=["What", "Field", "Reason", "Objects"])
    st.dataframe(frame, hide_index=True, column_config={"Objects": number_column("Objects")})
    chosen = ui.pick(
        "Objects of one cause",
        {number: group.words for number, group in enumerate(groups)},
        index=None,
        placeholder="Choose a cause to see what was sent",
        key="data_cause",
    )
    if chosen is not None and chosen < len(groups):
        st.dataframe(problem_frame(page, groups[chosen]), hide_index=True)
    stamped = ui.Stamped(page, "")
    stamped.csv_button(lambda: problem_frame(page), "Sync problems", key="problems")


def problem_frame(page: ui.Page, group: ProblemGroup | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "What": problem.entity,
                "Id": problem.source_id,
                "Field": problem.field,
                "Reason": problem.reason,
                "What was sent": problem.value,
                "Last seen": problem.seen_at.astimezone(page.store.zone),
            }
            for problem in problems(page.scope, group=group)
        ]
    )


def deletion_box(page: ui.Page) -> None:
    gone = deletions(page.scope)
    if not gone:
        return
    with ui.panel(
        "No longer in the source", "Kept as it was last read, and left out of every figure."
    ):
        frame = pd.DataFrame(
            {
                "What": [KINDS.get(record.kind, record.kind) for record in gone],
                "Id": [record.id for record in gone],
                "Title": [record.title for record in gone],
                "Noticed": [record.noticed_at.astimezone(page.store.zone) for record in gone],
            }
        )
        columns = {"Id": number_column("Id", form="plain"), "Noticed": moment_column("Noticed")}
        st.dataframe(frame, hide_index=True, column_config=columns)
        ui.Stamped(page, "").csv_button(frame, "No longer in the source", key="vanished")


ui.run_page(
    "data", "Where do the numbers come from, and how fresh are they?", show, needs_data=False
)
