"""Reads that belong together see one state of the store, whatever is written meanwhile."""

import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from core.base.errors import StoreError
from core.feedback import anonymous_rater
from core.store import Bug, Product, Scope, engine, one_state, open_store, table


def count(store, model=Bug):
    with store.read() as session:
        return session.connection().execute(select(func.count()).select_from(table(model))).scalar()


def elsewhere(work):
    """Do what another visitor or a sync does, and wait for it."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def add(store, *ids, account="acme"):
    with store.write(account) as unit:
        unit.upsert(Bug, [{"id": number} for number in ids])


@pytest.fixture
def acme(any_store):
    any_store.ensure_account("acme", "Acme")
    return any_store


def test_a_write_in_between_is_not_seen(acme):
    with one_state():
        before = count(acme), acme.data_version("acme")
        elsewhere(lambda: add(acme, 1, 2))
        assert (count(acme), acme.data_version("acme")) == before == (0, before[1])
        assert Scope(acme, "acme").objects(Bug) == []
        with Scope(acme, "acme").facts() as facts:
            assert facts.execute(select(table(Bug).c.id)).all() == []
    assert count(acme) == 2
    assert acme.data_version("acme") != before[1]


def test_what_is_read_within_a_read_is_of_the_same_state(acme):
    with one_state(), acme.read() as outer:
        asked = select(func.count()).select_from(table(Bug))
        assert outer.execute(asked).scalar() == 0
        elsewhere(lambda: add(acme, 1))
        assert count(acme) == outer.execute(asked).scalar() == 0


def test_one_within_another_is_the_outer_one(acme):
    with one_state():
        assert count(acme) == 0
        elsewhere(lambda: add(acme, 1))
        with one_state():
            assert count(acme) == 0
        assert count(acme) == 0


def test_a_thread_sees_what_it_wrote(acme):
    with one_state():
        assert count(acme) == 0
        add(acme, 1)
        assert count(acme) == 1
        elsewhere(lambda: add(acme, 2))
        assert count(acme) == 1
        with pytest.raises(RuntimeError), acme.write("acme") as unit:
            unit.upsert(Bug, [{"id": 9}])
            raise RuntimeError
        assert count(acme) == 1


def test_a_write_of_what_no_page_shows_leaves_the_state(acme):
    with one_state():
        assert count(acme) == 0
        elsewhere(lambda: add(acme, 1))
        anonymous_rater(Scope(acme, "acme"), "a browser")
        assert count(acme) == 0


def test_what_is_frozen_is_computed_of_the_newest_state(acme):
    saved = []
    with one_state():
        assert count(acme) == 0
        elsewhere(lambda: add(acme, 1))
        Scope(acme, "acme").freeze(lambda: count(acme), lambda _unit, found: saved.append(found))
    assert saved == [1]


def test_a_state_ends_with_an_error_as_well(acme):
    with pytest.raises(RuntimeError), one_state():
        assert count(acme) == 0
        raise RuntimeError
    elsewhere(lambda: add(acme, 1))
    assert count(acme) == 1
    assert acme.engine.pool.checkedout() == 0


def test_after_a_failed_statement_reading_goes_on(acme):
    with one_state():
        assert count(acme) == 0
        with pytest.raises((StoreError, DBAPIError)), acme.read() as session:
            session.connection().exec_driver_sql("SELECT * FROM no_such_table")
        assert count(acme) == 0


def test_readers_of_a_state_keep_no_writer_waiting(acme):
    """More drawings at once than there are connections at first, and all of them read."""
    reading, done = threading.Barrier(13), threading.Event()

    def draw():
        with one_state():
            count(acme)
            reading.wait(timeout=30)
            done.wait(timeout=30)

    drawings = [threading.Thread(target=draw) for _ in range(12)]
    for drawing in drawings:
        drawing.start()
    reading.wait(timeout=30)
    add(acme, *range(1, 100))
    done.set()
    for drawing in drawings:
        drawing.join()
    assert count(acme) == 99


def test_a_state_is_held_for_a_minute_at_most(acme, monkeypatch):
    with one_state():
        assert count(acme) == 0
        monkeypatch.setattr(engine, "LONGEST_STATE_SECONDS", -1)
        assert count(acme) == 0  # nothing has changed: the same state, held anew
        elsewhere(lambda: add(acme, 1))
        with pytest.raises(StoreError, match="data changed while this was computed: try again"):
            count(acme)
        assert count(acme) == 1


def test_the_log_of_writes_can_be_cut_after_a_minute(store, monkeypatch):
    store.ensure_account("acme", "Acme")

    def left():
        """What SQLite could not move from its log into the store."""
        with store.engine.connect() as connection:
            driver = connection.connection.dbapi_connection
            _, frames, moved = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return frames - moved

    with one_state():
        count(store)
        elsewhere(lambda: add(store, 1))
        assert left() > 0
        monkeypatch.setattr(engine, "LONGEST_STATE_SECONDS", -1)
        with pytest.raises(StoreError):
            count(store)
        assert left() == 0


def test_two_stores_have_a_state_each(tmp_path):
    stores = [open_store(f"sqlite:///{tmp_path}/{name}.db") for name in "ab"]
    for store in stores:
        store.ensure_account("acme", "Acme")
    first, second = stores
    with one_state():
        assert (count(first), count(second)) == (0, 0)
        elsewhere(lambda: [add(store, 1) for store in stores])
        add(first, 2)
        assert (count(first), count(second)) == (2, 0)
    for store in stores:
        store.close()


def test_a_store_in_memory_can_be_written_within():
    store = open_store("sqlite://")
    store.ensure_account("acme", "Acme")
    with one_state():
        assert count(store, Product) == 0
        with store.write("acme") as unit:
            unit.upsert(Product, [{"id": 1}])
        assert count(store, Product) == 1
    store.close()
