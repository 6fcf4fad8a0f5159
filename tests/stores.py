"""New stores for tests: copies of one that is made once a process, at a thirtieth of the cost."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

from core.store import Store
from core.store import open_store as made_or_migrated

NUMBERS = count(1)


@cache
def folder() -> Path:
    """A folder of this process, removed at its end."""
    made = tempfile.mkdtemp(prefix="stores")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


@cache
def template() -> Path:
    """The file of a store without accounts."""
    path = folder() / "template.db"
    store = made_or_migrated(f"sqlite:///{path}", timezone="UTC")
    return closed(store, path)


def closed(store: Store, path: Path) -> Path:
    """Close a store whose file is to be copied, with all of it in that file."""
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return path


def copied(path: Path, folder: Path) -> Store:
    """Open a copy of a closed store's file, to write to."""
    return made_or_migrated(f"sqlite:///{shutil.copy(path, folder)}")


def lent(path: Path, folder: Path) -> Iterator[Store]:
    """Give a fixture's test a copy to write to, until it ends."""
    store = copied(path, folder)
    yield store
    store.close()


def open_store(url: str, *, timezone: str | None = None) -> Store:
    """Open a store as the product does, with the template where there is none yet.

    For tests of anything but opening: one in memory is a file of its own, too.
    """
    if url == "sqlite://":
        url = f"sqlite:///{folder()}/{next(NUMBERS)}.db"
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        if not path.exists():
            shutil.copy(template(), path)
    return made_or_migrated(url, timezone=timezone)
