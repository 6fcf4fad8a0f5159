"""The first run: what is left to do until an account has figures, and the progress of a sync."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from core.analytics.freshness import last_synced
from core.base import clock, text
from core.base.settings import TestioAccount
from core.ingest.sync.accounts import ask_source, is_running, start_sync
from core.ingest.sync.history import objects_a_second, objects_read, runs, seconds_left
from core.ingest.sync.lease import held_lease, holder_words
from core.store import Scope, SyncRun
from pages.ui import personal
from pages.ui.actions import run_action
from pages.ui.page import Page, plain
from pages.ui.panels import Colour, line

STATES: Mapping[str, Colour] = {
    "running": "blue",
    "done": "green",
    "partial": "orange",
    "stopped": "orange",
    "failed": "red",
    "did not end": "red",
}
SOURCE_NAMES = {"testio": "test IO", "prometheus": "Prometheus"}


def checklist(page: Page, *, has_data: bool) -> bool:
    """The steps to the first figures until they are done or hidden; whether figures have to wait.

    They wait for a first sync that runs: of half the data every change would be wrong.
    """
    source = source_of(page)
    if has_data and (page.is_demo or source is None):
        return False
    is_synced = last_synced(page.scope) is not None
    if has_data and (is_synced or personal.kept(page).get("first_run") == "hidden"):
        return False
    is_syncing, asked = is_running(page.scope), f"first_run_asked_{page.account.id}"
    is_reached = bool(st.session_state.get(asked) or any(map(objects_read, runs(page.scope))))
    presses = {}
    if source is not None:
        presses["Test"] = partial(run_action, page, None, _ask, source, asked)
        presses["Start"] = partial(run_action, page, "The sync has started.", start_sync, source)
    steps = (
        ("The token is entered", bool(source and source.sources), ""),
        ("The source can be reached", is_reached, "Test"),
        ("The first sync is done", is_synced, "" if is_syncing else "Start"),
        ("Optional: `PROMETHEUS_URL`", bool(source and source.prometheus), ""),
        ("Optional: `TOUCHSTONE_EDITORS`", page.settings.editors is not None, ""),
    )
    said = "The first sync runs" if is_syncing else "The first sync has not ended"
    title = f"**{said if has_data else 'No data yet'}.** The steps to the first figures:"
    with st.container(border=True, key="first_run", gap="xsmall"):
        with line():
            st.markdown(title, width="content")
            st.page_link("data/data.py", label="Data")
            hide = partial(personal.keep, page, first_run="hidden")
            if has_data:
                st.button("Hide", type="tertiary", key="first_run_hide", on_click=hide)
        for words, is_done, label in steps:
            with st.container(horizontal=True, vertical_alignment="center"):
                mark = "\N{CHECK MARK}" if is_done else "\N{WHITE CIRCLE}"
                st.markdown(f"{mark}\N{NO-BREAK SPACE} {words}", width="content")
                if label in presses and not is_done:
                    key, press = f"first_run_{label.lower()}", presses[label]
                    st.button(label, type="tertiary", key=key, on_click=press)
        if source and page.key != "data":
            st.fragment(progress, run_every=1.0 if is_syncing else None)(page)
    return is_syncing or not has_data


def _ask(_scope: Scope, source: TestioAccount, asked: str) -> str:
    said = ask_source(source, source.sources[0])
    st.session_state[asked] = True
    return f"The source answers, {said}."


def source_of(page: Page) -> TestioAccount | None:
    """The source that is configured for the page's account."""
    return next((a for a in page.settings.accounts if a.id == page.account.id), None)


def progress(page: Page) -> None:
    """The last run of each source; reruns the whole page when a sync ends."""
    found = runs(page.scope)
    last = next(iter(found), None)
    ended = {run.source: run for run in reversed(found)}
    was_running = st.session_state.get("data_was_running", False)
    now_running = is_running(page.scope)
    st.session_state["data_was_running"] = now_running
    if now_running and last is not None and last.status == "running":
        share = min(last.done / last.total, 1.0) if last.total else 0.0
        st.progress(share, text=plain(last.message or "Starting"))
        st.caption(plain(", ".join(pace(page, last))))
    elif now_running:
        st.progress(0.0, text="Starting")
    elif ended:
        for source, run in sorted(ended.items(), reverse=True):
            name = f"{SOURCE_NAMES.get(source, source)}: " if len(ended) > 1 else ""
            st.badge(name + run.status, color=STATES.get(run.status, "gray"))
            st.caption(plain(run.message))
    else:
        st.caption("Nothing has been synced yet.")
    if was_running and not now_running:
        st.rerun()


def pace(page: Page, run: SyncRun) -> list[str]:
    """Time and requests so far, pace, time left, and the process that runs the sync."""
    now = clock.now()
    seconds = (now - run.started_at).total_seconds()
    said = [f"{text.duration(seconds)} so far", text.times(run.requests, "request")]
    speed = objects_a_second(run, now)
    if speed is not None:
        said.append(f"{text.times(objects_read(run), 'object')} read, {text.count(speed)} a second")
    left = seconds_left(run, now)
    said.append("time left not known yet" if left is None else f"about {text.duration(left)} left")
    lease = held_lease(page.scope)
    return [*said, holder_words(lease)] if lease else said
