"""What all tests share: stores on each database, and no settings from outside."""

import os
import shutil

import pytest

from core.demo import build_demo
from tests.stores import open_store

pytest_plugins = ["tests.postgres", "tests.prometheus", "tests.api.running"]


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path):
    """Nothing that is configured on this machine reaches a test, and no test reaches its store."""
    for name in list(os.environ):
        if name.startswith(("TOUCHSTONE_", "TESTIO_", "PROMETHEUS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TOUCHSTONE_DATABASE_URL", f"sqlite:///{tmp_path}/touchstone.db")
    monkeypatch.setattr("core.base.settings.SECRETS_FILE", tmp_path / "secrets.toml")


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request):
    """A new store on each database in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    opened = open_store(request.getfixturevalue("postgres_url"))
    yield opened
    opened.close()


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


@pytest.fixture
def demo_url(demo_file, tmp_path):
    """The address of a demo store of the test's own, where the settings of the test look for it."""
    copy = tmp_path / "touchstone-demo.db"
    shutil.copy(demo_file, copy)
    return f"sqlite:///{copy}"
