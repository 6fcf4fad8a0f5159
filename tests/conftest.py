"""What all tests share: stores on each database, and no settings from outside."""

import os

import pytest

from core.store import open_store

pytest_plugins: list[str] = []


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path):
    """Nothing that is configured on this machine reaches a test, and no test reaches its store."""
    for name in list(os.environ):
        if name.startswith(("TOUCHSTONE_", "TESTIO_", "PROMETHEUS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TOUCHSTONE_DATABASE_URL", f"sqlite:///{tmp_path}/touchstone.db")
    monkeypatch.setattr("core.config.SECRETS_FILE", tmp_path / "secrets.toml")


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


@pytest.fixture
def any_store(store):
    return store
