"""A drawing of a page never mixes two states of the store, whatever is written meanwhile."""

import sqlite3
import threading
from contextlib import contextmanager

import pytest

from core.ingest.parse.testio import parse_cycle
from core.ingest.save.testio import save_cycles
from core.store import Scope, Store, one_state
from pages import ui
from tests.pages.test_shown_figures import cycle


@pytest.fixture
def written_meanwhile(monkeypatch):
    """Writes after each read of a drawing; the states that it read, by their versions."""
    states, reading = [], threading.local()
    read = Store.read

    @contextmanager
    def watched(store):
        if threading.current_thread().name == "columnar copy":
            with read(store) as session:
                yield session
            return
        with read(store) as session:
            path = store.engine.url.database
            asked = "SELECT data_version FROM account"
            is_inner = getattr(reading, "now", False)
            reading.now = True
            try:
                found = session.connection().exec_driver_sql(asked).all()
                yield session
            finally:
                reading.now = is_inner
        if found and not is_inner:
            states.append(found)
            with sqlite3.connect(path, timeout=30) as connection:
                connection.execute(
                    "UPDATE account SET data_version = data_version + 1, "
                    "facts_version = facts_version + 1"
                )
            connection.close()

    monkeypatch.setattr(Store, "read", watched)
    return states


@pytest.mark.parametrize(
    "page", ["overview", "customer_engagement", "tester_leaderboard", "feedback", "weekly_review"]
)
def test_a_drawing_reads_one_state(acme, run_page, written_meanwhile, page):
    with acme.write("acme") as unit:
        save_cycles(unit, [parse_cycle(cycle(n, "Ann", "Bob", n % 9 + 1)) for n in range(1, 30)])
    del written_meanwhile[:]
    app = run_page(page)
    assert not app.exception
    assert len(written_meanwhile) > 5
    assert len(set(map(str, written_meanwhile))) == 1
    del written_meanwhile[:]
    app.run()
    assert len(set(map(str, written_meanwhile))) == 1


def test_what_is_cached_is_of_the_state_that_it_is_cached_for(acme):
    """Also where it is read by a callback, with the page as it was drawn before a write."""
    from types import SimpleNamespace

    page = SimpleNamespace(
        store=acme, scope=Scope(acme, "acme"), account=SimpleNamespace(id="acme"), today=None
    )

    def counted(scope):
        with acme.write("acme") as unit:
            save_cycles(unit, [parse_cycle(cycle(1, "Ann", "Bob", 5))])
        return "computed of the state before"

    assert ui.read(page, len_of_cycles) == 0
    with one_state():
        assert ui.read(page, len_of_cycles) == 0
        thread = threading.Thread(target=counted, args=(None,))
        thread.start()
        thread.join()
        assert ui.read(page, len_of_cycles) == 0
    assert ui.read(page, len_of_cycles) == 1


def len_of_cycles(scope):
    from core.store import TestCycle

    return len(scope.objects(TestCycle))
