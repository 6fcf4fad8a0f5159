"""What all tests share: a fixed day, no settings from outside, and who runs which test."""

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

from xdist.scheduler import LoadScopeScheduling

from tests import draws

BROWSER = "tests/browser/"


def pytest_configure(config):
    """Load the fixtures, but not where tests are only distributed: it would take seconds first."""
    if config.option.collectonly or not config.option.numprocesses:
        config.pluginmanager.import_plugin("tests.fixtures")


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
