"""Every page on a demo, an empty and a broken store: an answer or a sentence, never a traceback."""

import importlib

import pytest

from app import PAGE_IMPORTS
from tests.pages.conftest import NAMES
from tests.stores import open_store


def test_there_are_pages():
    assert {"overview", "customer_engagement", "tester_leaderboard"} <= set(NAMES)


@pytest.mark.parametrize("name", PAGE_IMPORTS)
def test_what_the_server_loads_at_its_start_is_there(name):
    assert importlib.import_module(name)


# The survey asks; it shows no data that could be old or missing.
SHOWING = [name for name in NAMES if name != "survey"]


@pytest.mark.parametrize("name", NAMES)
def test_on_demo_data(run_page, demo_url, name):
    app = run_page(name)
    assert not app.exception
    assert not app.error
    assert app.title[0].value.endswith("?")
    answer = app.header[0].value
    assert answer.endswith(("\\.", "."))
    if name in SHOWING:
        assert any("Data through" in caption.value for caption in app.caption)


@pytest.mark.parametrize("name", SHOWING)
def test_on_an_account_without_data(run_page, tmp_path, monkeypatch, name):
    monkeypatch.setenv("TESTIO_CUSTOMER_API_TOKEN", "token")
    monkeypatch.setenv("TESTIO_CUSTOMER_ID", "acme")
    app = run_page(name)
    assert not app.exception
    assert not app.error
    shown = " ".join(element.value for element in [*app.markdown, *app.caption])
    assert "No data yet" in shown
    assert not app.metric  # nothing shows 0 for unknown
    if name not in {"data", "definitions", "import_data"}:
        assert app.get("page_link")


@pytest.mark.parametrize("name", NAMES)
def test_on_a_broken_store(run_page, tmp_path, name):
    (tmp_path / "touchstone.db").write_text("This is no database. " * 500)
    app = run_page(name)
    assert not app.exception
    (error,) = app.error
    assert "no store or is damaged" in error.value
    assert not app.metric


@pytest.mark.parametrize("name", NAMES)
def test_on_settings_without_sense(run_page, monkeypatch, name):
    monkeypatch.setenv("TOUCHSTONE_TIMEZONE", "Mars/Olympus")
    app = run_page(name)
    assert not app.exception
    assert "TOUCHSTONE" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("name", NAMES)
def test_of_a_newer_store(run_page, tmp_path, name):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    app = run_page(name)
    assert not app.exception
    assert "newer version" in app.error[0].value
