"""Pages under AppTest, each test with caches and stores of its own."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.shown import close_stores

PAGES = Path(__file__).resolve().parents[2] / "pages"
NAMES = sorted(path.stem for path in PAGES.glob("[a-z]*.py"))


@pytest.fixture(autouse=True)
def _fresh_caches():
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    close_stores()
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def run_page():
    def run(name, **query):
        app = AppTest.from_file(str(PAGES / "_frame.py"), default_timeout=30)
        app.switch_page(f"{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return run
