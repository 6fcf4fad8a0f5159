"""What all tests share: a fixed day, stores on each database, and no settings from outside."""

import gc
import os
import shutil

# A Wednesday at noon, before the modules of tests and the processes that they start are loaded.
NOW = os.environ.get("TOUCHSTONE_NOW") or "2026-11-25T12:00:00+00:00"
for _name in list(os.environ):
    if _name.startswith(("TOUCHSTONE_", "TESTIO_", "PROMETHEUS_")):
        del os.environ[_name]
os.environ["TOUCHSTONE_NOW"] = NOW
# A thousand small stores are made and removed: in memory, where it is a folder with room enough.
MEMORY = "/dev/shm"
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4 * 2**30:
    os.environ.setdefault("TMPDIR", MEMORY)

# What is loaded and made stays until the end: to look it through for garbage takes a fifth of the
# time.
gc.set_threshold(200_000, 50, 1_000)

import pytest
from xdist.scheduler import LoadScopeScheduling

from core.demo import build, build_demo, enhancer, platform
from core.demo.world import Size
from tests import draws, once
from tests.commands import runner
from tests.stores import closed, open_store

once.share()
pytest_plugins = ["tests.postgres", "tests.prometheus", "tests.api.running"]
BROWSER = "tests/browser/"
TINY = Size(customers=75, testers=60, products=5, features=40, cycles=60, bugs=300)


def pytest_collection_modifyitems(items):
    """The slowest first, those with a browser; with all draws, only what draws or is timed."""
    if draws.FULL:
        asking = {"draws", "within"}
        items[:] = [item for item in items if asking & vars(item.module).keys()]
    items.sort(key=lambda item: _scope(item.nodeid) != BROWSER)


def _scope(nodeid):
    """What one process runs, which makes what it shares once: a module, or all with a browser."""
    return BROWSER if nodeid.startswith(BROWSER) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config, log):
    """Distribute the tests by these scopes, in their order."""
    config.option.loadscopereorder = False
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _scope
    return scheduler


def pytest_xdist_auto_num_workers():
    """One more than there are processors: one has the browser tests, and waits for the browser."""
    return (os.cpu_count() or 1) + 1


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
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    store = open_store(f"sqlite:///{path}")
    build_demo(store)
    return closed(store, path)


@pytest.fixture
def demo_url(demo_file, tmp_path):
    """The address of a demo store of the test's own, where the settings of the test look for it."""
    copy = tmp_path / "touchstone-demo.db"
    shutil.copy(demo_file, copy)
    return f"sqlite:///{copy}"
