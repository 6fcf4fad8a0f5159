"""One at a time: of all who share a store, one synchronises an account."""

import threading
import time
from datetime import timedelta

import pytest
from sqlmodel import select

from core.base import clock
from core.ingest.sync.accounts import exit_code, is_running
from core.ingest.sync.lease import (
    Busy,
    LeaseLost,
    held_lease,
    renew_lease,
    return_lease,
    take_lease,
)
from core.ingest.sync.testio import sync_account
from core.store import Scope, SyncLease, SyncRun, TestCycle
from tests.ingest.conftest import FAST


@pytest.fixture
def entered(any_store):
    any_store.ensure_account("acme", "Acme")
    return any_store


def take(store):
    """The name of the new holder, or why there is none."""
    try:
        with store.write("acme", quiet=True) as unit:
            return take_lease(unit)
    except Busy as busy:
        return busy


def holders(store):
    with store.read() as session:
        return [lease.holder for lease in session.exec(select(SyncLease)).all()]


def hold(store, holder, seconds):
    now = clock.now()
    row = {"holder": holder, "acquired_at": now, "expires_at": now + timedelta(seconds=seconds)}
    with store.write("acme", quiet=True) as unit:
        unit.session.add(SyncLease(account_id="acme", **row))


def test_of_many_at_once_one_has_it(entered):
    taken = []
    threads = [threading.Thread(target=lambda: taken.append(take(entered))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (name,) = [found for found in taken if isinstance(found, str)]
    assert {found.holder for found in taken if isinstance(found, Busy)} == {name}
    with entered.write("acme") as unit:
        return_lease(unit, name)
    assert isinstance(take(entered), str)


def test_a_lease_that_ran_out_is_free_and_its_holder_cannot_write(entered):
    hold(entered, "1/elsewhere/a", -1)
    name = take(entered)
    assert isinstance(name, str)
    with entered.write("acme") as unit:
        renew_lease(unit, name)
    with pytest.raises(LeaseLost, match="taken over"), entered.write("acme") as unit:
        renew_lease(unit, "1/elsewhere/a")


def test_the_lease_of_a_living_holder_elsewhere_is_kept(entered):
    hold(entered, "1/elsewhere/a", 60)
    found = take(entered)
    assert isinstance(found, Busy)
    assert "by process 1 on elsewhere, since " in str(found)


def test_the_lease_of_a_killed_process_is_free_once_it_has_expired(entered, monkeypatch):
    monkeypatch.setattr("core.ingest.sync.lease.DURATION", timedelta(seconds=0.5))
    take(entered)  # and never renewed
    assert isinstance(take(entered), Busy)
    assert is_running(Scope(entered, "acme"))
    time.sleep(0.6)
    assert held_lease(Scope(entered, "acme")) is None
    assert isinstance(take(entered), str)


def test_the_lease_of_a_process_of_this_machine_that_lives_is_kept(entered):
    name = take(entered)
    assert isinstance(take(entered), Busy)
    assert held_lease(Scope(entered, "acme")).holder == name
    assert is_running(Scope(entered, "acme"))


def test_the_second_says_who_synchronises(store, server, account, rows):
    store.ensure_account("acme", "Acme")
    hold(store, "4711/laptop/a", 60)
    report = sync_account(store, account, retry=FAST)
    assert (report.status, report.run_id, exit_code([report])) == ("busy", None, 3)
    assert "being synchronised already, by process 4711 on laptop, since" in report.message
    assert server.asked == []
    assert rows(SyncRun) == rows(TestCycle) == {}


def test_two_at_once_read_it_once(store, server, account, rows):
    reports = []
    threads = [
        threading.Thread(target=lambda: reports.append(sync_account(store, account, retry=FAST)))
        for _ in range(2)
    ]
    server.before = lambda _path, _query: threading.Event().wait(0.05)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.status for report in reports) == ["busy", "done"]
    assert len(rows(SyncRun)) == 1
    assert holders(store) == []


def test_a_run_that_another_left_is_ended_only_when_its_lease_is_free(store, account, rows):
    store.ensure_account("acme", "Acme")
    left = {"source": "testio", "status": "running", "started_at": clock.now()}
    with store.write("acme") as unit:
        unit.upsert(SyncRun, [left | {"id": 1, "counts": {}}])
    hold(store, "4711/laptop/a", 60)
    sync_account(store, account, retry=FAST)
    assert rows(SyncRun)[1]["status"] == "running"
    with store.write("acme") as unit:
        return_lease(unit, "4711/laptop/a")
    sync_account(store, account, retry=FAST)
    assert rows(SyncRun)[1]["status"] == "failed"


def test_who_lost_the_lease_writes_nothing_more(store, server, account, rows):
    def take_over(path, _query):
        if path == "/bugs":
            with store.write("acme", quiet=True) as unit:
                (name,) = holders(store)
                return_lease(unit, name)
                take_lease(unit)

    server.before = take_over
    report = sync_account(store, account, retry=FAST)
    assert report.status == "failed"
    assert "Another process has taken over" in report.message
    assert rows(TestCycle) == {}
    # The lease is the other's, and is not given back.
    assert len(holders(store)) == 1
