"""Pages under AppTest: each test has its own stores, and the demo is built once for all."""

import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.demo import build_demo
from core.shown import close_stores
from core.store import open_store

PAGES = Path(__file__).resolve().parents[2] / "pages"
NAMES = sorted(path.stem for path in PAGES.glob("[a-z]*.py"))


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory):
    """A demo store's file; copy it, do not write to it."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    store = open_store(f"sqlite:///{path}")
    build_demo(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return path


@pytest.fixture(autouse=True)
def _fresh_caches():
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    close_stores()
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def demo_url(demo_file, tmp_path):
    """The address of a demo store of the test's own, where the settings of the test look for it."""
    copy = tmp_path / "touchstone-demo.db"
    shutil.copy(demo_file, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def run_page():
    def run(name, **query):
        app = AppTest.from_file(str(PAGES / "_frame.py"), default_timeout=30)
        app.switch_page(f"{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return run
