"""Deletions at the source: kept, listed, and in no figure."""

from collections import Counter
from datetime import timedelta

import pytest

from core.analytics import query_metrics
from core.ingest.sync.history import deletions
from core.store import (
    Bug,
    BugDevice,
    CyclePlatform,
    CycleReading,
    Feature,
    Product,
    Scope,
    SyncProblem,
    TestCycle,
    TestFeature,
    Vanished,
)
from tests.payloads import payload


def figures(store):
    asked = query_metrics(store, metrics=["bug_count", "tests_created"], account="acme")
    return asked["totals"]


def counted(store):
    return Counter(gone.kind for gone in deletions(Scope(store, "acme")))


def test_a_bug_that_is_gone_is_kept_apart_and_comes_back(sync, server, rows, store):
    server.customer.bugs[0]["known"] = "yes"
    sync()
    before = rows(Bug)[990001], set(rows(BugDevice)), figures(store)
    gone = server.customer.bugs.pop(0)
    version = store.data_version("acme")
    report = sync()
    assert report.counts["bug"]["removed"] == 1
    assert "No longer in the source, and kept apart: 1." in report.message
    assert store.data_version("acme") != version
    assert 990001 not in rows(Bug)
    assert figures(store)["bug_count"] == before[2]["bug_count"] - 1
    entry = rows(Vanished)["bug", 990001]
    assert entry["title"] == gone["title"]
    assert entry["content"]["row"]["severity"] == "high"
    assert entry["content"]["row"]["reported_day"] == "2026-03-02"
    assert entry["content"]["platforms"] == ["Windows"]
    assert rows(SyncProblem) == {}
    # It is told once, and stays as it is.
    assert sync().counts["bug"]["removed"] == 0
    assert rows(Vanished)["bug", 990001] == entry
    gone["known"] = True
    server.customer.bugs.append(gone)
    assert sync().counts["bug"]["added"] == 1
    assert rows(Vanished) == {}
    assert rows(Bug)[990001] == before[0] | {"known": True}
    assert (set(rows(BugDevice)), figures(store)) == before[1:]


def test_a_cycle_that_is_gone_is_kept_apart_with_its_bugs(sync, server, rows, store):
    sync()
    before = {
        model: rows(model) for model in (TestCycle, TestFeature, CyclePlatform, Bug, BugDevice)
    }
    gone = server.customer.cycles.pop(0)
    bugs = server.customer.bugs[:3]
    del server.customer.bugs[:3]
    assert sync().status == "done"
    assert set(rows(Vanished)) == {("test_cycle", 50117), *(("bug", bug["id"]) for bug in bugs)}
    assert len(rows(Vanished)["test_cycle", 50117]["content"]["features"]) == 2
    assert rows(Vanished)["test_cycle", 50117]["content"]["platforms"] == ["Windows", "iOS"]
    assert 50117 not in rows(CycleReading)
    assert figures(store) == {"bug_count": 1, "tests_created": 2}
    assert counted(store) == {"bug": 3, "test_cycle": 1}
    assert next(record.id for record in deletions(Scope(store, "acme"))) == 50117
    server.customer.cycles.insert(0, gone)
    server.customer.bugs[:0] = bugs
    sync()
    assert rows(Vanished) == {}
    assert {model: rows(model) for model in before} == before


def test_a_cycle_is_gone_only_if_a_whole_list_lacks_it(sync, server, rows):
    """A draft that is not found by its id, but that the list still names, is there."""
    server.customer.cycles += [
        payload("cycle", id=n, status="archived", features=[]) for n in range(1, 251)
    ]
    server.customer.cycles[3]["status"] = "initialized"
    sync()

    from tests.testio_server import Fault

    server.faults = [Fault(path="/exploratory_tests/1", status=404)]
    report = sync()
    assert report.status == "done"
    assert 1 in rows(TestCycle)
    assert rows(Vanished) == {}
    server.customer.cycles = [c for c in server.customer.cycles if c["id"] != 1]
    assert sync().counts["test_cycle"]["removed"] == 1
    assert set(rows(Vanished)) == {("test_cycle", 1)}


def test_a_settled_cycle_that_is_gone_is_noticed_when_its_list_is_read_whole(sync, server, rows):
    server.customer.cycles[0]["status"] = "archived"
    sync()
    del server.customer.cycles[0]
    assert sync(full=True).counts["test_cycle"]["removed"] == 1


@pytest.mark.parametrize("left", [0, 4])
@pytest.mark.parametrize("name", ["products", "features", "bugs"])
def test_a_list_that_lacks_most_is_told_and_takes_nothing_away(
    sync, server, rows, monkeypatch, name, left
):
    monkeypatch.setattr("core.ingest.sync.state.LIST_AGE", timedelta(days=-1))
    customer = server.customer
    customer.products += [payload("product", id=n, sections=[]) for n in range(1, 9)]
    customer.features += [payload("feature", id=n, product_id=813) for n in range(1, 10)]
    customer.bugs += [payload("bug", id=n, test={"id": 50118}) for n in range(1, 10)]
    models = (Product, Feature, Bug, Vanished)
    assert sync().status == "done"
    before = {model: rows(model) for model in models}
    whole = {n: list(getattr(customer, n)) for n in ("products", "features", "bugs")}
    setattr(customer, name, whole[name][:left])
    for full in (False, True):
        report = sync(full=full)
        assert report.status == "partial"
        assert "kept as they were" in " ".join(report.reasons)
        assert {model: rows(model) for model in models} == before
    setattr(customer, name, whole[name])
    assert sync().status == "done"
    assert rows(SyncProblem) == {}


@pytest.mark.parametrize("database", ["any"])
def test_on_each_database(any_store, server, account, database):
    from core.ingest.sync.testio import sync_account
    from tests.ingest.conftest import FAST

    assert sync_account(any_store, account, retry=FAST).status == "done"
    cycle = server.customer.cycles.pop(0)
    bugs = server.customer.bugs[:3]
    del server.customer.bugs[:3]
    assert sync_account(any_store, account, retry=FAST).status == "done"
    assert counted(any_store) == {"bug": 3, "test_cycle": 1}
    server.customer.cycles.append(cycle)
    server.customer.bugs += bugs
    assert sync_account(any_store, account, retry=FAST).status == "done"
    assert counted(any_store) == {}
    assert figures(any_store) == {"bug_count": 4, "tests_created": 3}
