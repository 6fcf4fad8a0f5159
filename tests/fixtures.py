"""Fixtures of all tests: stores on each database, demos, and no settings from outside."""

import gc
import shutil

import pytest
from hypothesis import settings

from core.demo import build, build_demo, enhancer, platform
from core.demo.world import Size
from tests import once
from tests.commands import runner
from tests.stores import closed, open_store, template

once.share()
# A busy machine is no fault: speed is measured in benches.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
pytest_plugins = ["tests.postgres", "tests.prometheus", "tests.api.running"]
TINY = Size(customers=75, testers=60, products=5, features=40, cycles=60, bugs=300)


def pytest_collection_finish():
    """Look no more for garbage in what was loaded."""
    once.join_loggers()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path):
    """No test reaches the store or the secrets of this machine."""
    monkeypatch.setenv("TOUCHSTONE_DATABASE_URL", f"sqlite:///{tmp_path}/touchstone.db")
    monkeypatch.setattr("core.base.settings.SECRETS_FILE", tmp_path / "secrets.toml")


@pytest.fixture
def run(monkeypatch, capsys):
    """A function that runs a command with settings, and says how it ended."""
    return runner(monkeypatch, capsys)


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


@pytest.fixture
def tiny(monkeypatch):
    """Makes small demos a tenth as large, where what one holds is not the question."""
    monkeypatch.setitem(build.SIZES, "small", TINY)
    monkeypatch.setattr(enhancer, "WEEKS", 6)
    monkeypatch.setattr(enhancer, "A_DAY", ((12, 16), (6, 9)))
    monkeypatch.setattr(platform, "EACH_MS", 3_600_000)
    monkeypatch.setattr("core.demo.decisions.REVIEWS", ())


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory):
    """A demo store's file; copy it, do not write to it."""
    return once.made(tmp_path_factory, "demo.db", _built)


def _built(path):
    store = open_store(f"sqlite:///{path}")
    build_demo(store)
    return closed(store, path)


@pytest.fixture
def demo_url(demo_file, tmp_path):
    """The address of a demo store of the test's own, where the settings of the test look for it."""
    # The store beside it, which is looked into first, need not be made by its migrations.
    shutil.copy(template(), tmp_path / "touchstone.db")
    copy = tmp_path / "touchstone-demo.db"
    shutil.copy(demo_file, copy)
    return f"sqlite:///{copy}"
