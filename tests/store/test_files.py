"""The file of an SQLite store: damaged, replaced, or removed while it is open."""

import os
import shutil

import pytest

from core.base.errors import StoreError
from core.store import Bug, Scope, open_store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "touchstone.db"


@pytest.fixture
def store(path):
    opened = open_store(f"sqlite:///{path}")
    opened.ensure_account("acme", "Acme")
    with opened.write("acme") as unit:
        unit.upsert(Bug, [{"id": n, "title": "title " * 20} for n in range(2_000)])
    yield opened
    opened.close()


def checkpointed(store):
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


def damage(path):
    """Overwrite pages in the middle of the file."""
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 3 * 4096] = os.urandom(3 * 4096)
    path.write_bytes(raw)


def test_a_sound_file_passes(store):
    store.check(seconds=30)
    store.check(seconds=0)


def test_a_damaged_file_is_told_with_the_way_out(store, path):
    checkpointed(store)
    damage(path)
    again = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match=r"touchstone.db is damaged .*restore a backup.*\.recover"):
        again.check(seconds=30)
    again.close()


def test_doctor_says_that_the_file_is_damaged(store, path, run):
    checkpointed(store)
    damage(path)
    ended = run("doctor", TOUCHSTONE_DATABASE_URL=f"sqlite:///{path}")
    assert "BAD  Store: The store" in ended.stdout
    assert "restore a backup" in ended.stdout


def test_a_server_has_no_file_to_check(postgres_url):
    opened = open_store(postgres_url)
    opened.check(seconds=1)
    opened.close()


def test_a_store_that_was_replaced_is_noticed_before_anything_is_written(store, path, tmp_path):
    backup = tmp_path / "backup.db"
    shutil.copy(path, backup)
    backup.replace(path)
    for use in (lambda: Scope(store, "acme").objects(Bug), lambda: store.write("acme").__enter__()):
        with pytest.raises(StoreError, match="replaced or removed while it was open: restart"):
            use()


def test_a_store_that_was_removed_is_noticed_and_not_made_anew(store, path):
    path.unlink()
    with pytest.raises(StoreError, match="replaced or removed"):
        Scope(store, "acme").objects(Bug)
    assert not path.exists()
