"""Pages under AppTest, each test with caches and stores of its own."""

import re
import secrets
import threading
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy import Engine, Table, event
from sqlalchemy.sql import visitors
from streamlit.runtime.context import StreamlitCookies
from streamlit.testing.v1 import AppTest

from core.store import FACT_TABLES, SyncRun, table
from pages import ui
from tests.shown import close_stores
from tests.stores import open_store

PAGES = Path(__file__).resolve().parents[2] / "pages"
# The script of each page by its address, which is the script's name.
SCRIPTS = {
    Path(script).stem: script
    for script in re.findall(r'st\.Page\("([^"]+)"', (PAGES / "_frame.py").read_text())
}
NAMES = sorted(SCRIPTS)


@pytest.fixture(autouse=True)
def _fresh_caches():
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    close_stores()
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(autouse=True)
def _facts_only(monkeypatch):
    """What is cached by the state of the facts is made of them, and of no other table."""
    reading = threading.local()
    # When a sync ran is no part of either state.
    known = {*FACT_TABLES, table(SyncRun)}
    read_facts = ui.read_facts

    def watched(page, function, **kwargs):
        reading.function = function.__qualname__
        try:
            return read_facts(page, function, **kwargs)
        finally:
            reading.function = None

    def executed(_connection, statement, *_):
        if getattr(reading, "function", None):
            parts = (getattr(part, "table", part) for part in visitors.iterate(statement))
            tables = {part for part in parts if isinstance(part, Table)}
            assert tables <= known, f"{reading.function} reads {tables - known}"

    monkeypatch.setattr(ui, "read_facts", watched)
    event.listen(Engine, "before_execute", executed)
    yield
    event.remove(Engine, "before_execute", executed)


@pytest.fixture
def run_page(monkeypatch):
    """A function that opens a page; each is a browser with a cookie, which AppTest has not."""

    def cookie(_cookies, _name):
        key = st.session_state.setdefault("visit", secrets.token_hex(16))
        return f"2|00000000|{key}|0"

    monkeypatch.setattr(StreamlitCookies, "get", cookie)

    def run(name, **query):
        app = AppTest.from_file(str(PAGES / "_frame.py"), default_timeout=30)
        app.switch_page(SCRIPTS[name])
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return run


@pytest.fixture
def acme(tmp_path):
    """An account without rows; a file of tests may have its own."""
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    store.ensure_account("acme", "Acme")
    yield store
    store.close()


@pytest.fixture
def opened(run_page):
    """A tab of the criteria page."""

    def opens(tab="Dashboard", **query):
        app = run_page("success_criteria", criteria_view=tab, **query)
        assert not app.exception, app.exception[0].value
        return app

    return opens
