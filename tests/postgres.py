"""A PostgreSQL of our own for a test session: made when a test asks, thrown away at the end.

Fixtures: `postgres_server` answers a function that makes a new store, a copy of a database that is
migrated once, and gives its URL; `postgres_url` is such a database
for one test. Both skip where the programs are missing.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from core.store import open_store

__all__ = ["postgres_server", "postgres_url"]

SECONDS = 60


def _programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, the newest of several."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    # Debian keeps them out of the path, a folder for each version.
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in versions), default=None, key=_version)


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdecimal() else 0


def _someone() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL cannot run as root, and there is no other user")


def _run(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    with tempfile.TemporaryFile() as said:
        # Not a pipe: the server keeps it open, and the reader would wait for its end.
        done = subprocess.run(
            command, stdout=said, stderr=said, cwd="/", timeout=SECONDS, check=False, **as_user
        )
        if done.returncode:
            said.seek(0)
            text = said.read().decode(errors="replace")[-2000:]
            pytest.fail(f"{Path(command[0]).name} failed: {text}", pytrace=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[], str]]:
    """A function that makes a new store on a server of this session and gives its URL."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: no initdb was found")
    user = _someone()
    # A short path: a socket's name has room for some hundred letters.
    with tempfile.TemporaryDirectory(prefix="pg", dir=os.environ.get("TMPDIR", "/tmp")) as folder:
        data = Path(folder, "data")
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        _run(user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--no-locale", "--no-sync")  # fmt: skip
        # Its cleaner looks into each of a hundred databases each minute.
        options = (
            f"-k {folder} -h '' -c fsync=off -c full_page_writes=off -c shared_buffers=32MB "
            "-c autovacuum=off -c wal_level=minimal -c max_wal_senders=0"
        )
        log = Path(folder, "log")
        _run(user, programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        numbers = count(1)

        def create(name: str, template: str) -> None:
            with psycopg.connect(
                f"host={folder} user=postgres dbname=postgres", autocommit=True
            ) as connection:
                # What is new is copied as files: half the time of writing it to the log as well.
                how = "STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {how}")

        def address(name: str) -> str:
            return f"postgresql+psycopg://postgres@/{name}?host={folder}"

        def new_database() -> str:
            number = next(numbers)
            if number == 1:
                create("template_store", "template1")
                open_store(address("template_store"), timezone="UTC").close()
            name = f"store{number}"
            create(name, "template_store")
            return address(name)

        try:
            yield new_database
        finally:
            _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@pytest.fixture
def postgres_url(postgres_server) -> str:
    """A new store for one test."""
    return postgres_server()
