import pytest

from core.store import (
    Bug,
    BugDevice,
    CyclePlatform,
    Feature,
    Product,
    RejectionReason,
    SyncProblem,
    SyncRun,
    TestCycle,
    TestFeature,
)
from tests.payloads import payload
from tests.testio_server import Fault


def kinds(report, kind):
    return {name: counts[kind] for name, counts in report.counts.items() if counts[kind]}


def find(objects, number):
    return next(obj for obj in objects if obj["id"] == number)


@pytest.mark.parametrize("full", [False, True])
def test_the_second_run_changes_nothing(sync, store, everything, full):
    first = sync()
    before, version = everything(), store.data_version("acme")
    second = sync(full=full)
    assert everything() == before
    assert [kinds(second, kind) for kind in ("added", "changed", "removed", "refused")] == [{}] * 4
    # What a page caches stays good: the run's own row is no figure.
    assert store.data_version("acme") == version
    assert (kinds(second, "unchanged") == kinds(first, "added")) is full
    assert (second.requests == first.requests) is full


def test_the_second_run_changes_nothing_with_problems_either(sync, server, store, rows):
    server.customer.bugs += [None, payload("bug", id=5, known="yes"), {"id": 6, "test": {"id": 99}}]
    server.customer.bugs[-1]["listed_under"] = 50117
    assert sync().problems == 3
    before, version = rows(SyncProblem), store.data_version("acme")
    again = sync()
    after = rows(SyncProblem)
    assert (again.status, again.problems, store.data_version("acme")) == ("partial", 3, version)
    assert set(after) == set(before)
    assert {problem["run_id"] for problem in after.values()} == {again.run_id}


def test_a_problem_that_is_gone_is_no_longer_listed(sync, server, store, rows):
    server.customer.bugs[0]["known"] = "yes"
    server.customer.products.append("odd")
    assert sync().problems == 2
    server.customer.bugs[0]["known"] = True
    version = store.data_version("acme")
    assert sync().problems == 1
    assert [key[1] for key in rows(SyncProblem)] == ["product"]
    assert store.data_version("acme") != version


def test_a_problem_with_another_value_is_changed(sync, server, store, rows):
    server.customer.bugs[0]["known"] = "yes"
    sync()
    server.customer.bugs[0]["known"] = "no"
    version = store.data_version("acme")
    sync()
    (problem,) = rows(SyncProblem).values()
    assert problem["value"] == "'no'"
    assert store.data_version("acme") != version


def test_problems_stay_listed_after_a_run_that_did_not_read_everything(sync, server, rows):
    server.customer.products.append("odd")
    server.customer.bugs[0]["known"] = "yes"
    sync()
    server.customer.products.pop()
    server.customer.bugs[0]["known"] = True
    server.faults = [Fault(path="/products/813/features", status=500)]
    sync(full=True)
    # The bug could be read; the product has no id to be told by, and may only have been missed.
    assert {(key[1], key[3]) for key in rows(SyncProblem)} == {
        ("product", "id"),
        ("product", "features"),
    }
    server.faults = []
    sync()
    assert rows(SyncProblem) == {}


def test_what_changed_at_the_source_is_changed_here(sync, server, rows):
    sync()
    server.customer.products[1]["name"] = "Service desk"
    server.customer.features[2]["title"] = "Live chat"
    cycle = find(server.customer.cycles, 50118)
    cycle.update(status="running", submitted_by="Ana Ruiz", end_at="2026-04-01T00:00:00Z")
    cycle["features"] = cycle["features"][:1]
    cycle["requirements"] = []
    bug = find(server.customer.bugs, 990004)
    bug.update(status="rejected", devices=[], author={"name": "Late"})
    report = sync(full=True)
    assert kinds(report, "changed") == {"product": 1, "feature": 1, "test_cycle": 1, "bug": 1}
    assert kinds(report, "removed") == {"test_feature": 1, "cycle_platform": 2, "bug_device": 1}
    assert rows(Product)[813]["name"] == "Service desk"
    assert rows(Feature)[3400]["title"] == "Live chat"
    assert rows(TestCycle)[50118]["status"] == "running"
    assert (50118, 3302) not in rows(TestFeature)
    assert rows(Bug)[990004]["status"] == "rejected"


def test_what_left_the_catalogue_stays_but_out_of_it(sync, server, rows, store):
    sync()
    server.customer.products.pop()
    server.customer.features.pop(0)
    report = sync(full=True)
    assert report.status == "done"
    assert {key: row["in_catalogue"] for key, row in rows(Product).items()} == {
        812: True,
        813: False,
    }
    assert {key: row["in_catalogue"] for key, row in rows(Feature).items()} == {
        3301: False,
        3302: True,
        3400: False,
    }
    # Its cycles and bugs can be read no more, and are kept.
    assert 50200 in rows(TestCycle)
    assert 990004 in rows(Bug)
    version = store.data_version("acme")
    assert kinds(sync(), "changed") == {}
    assert store.data_version("acme") == version


def test_what_comes_back_to_the_catalogue_is_in_it(sync, server, rows):
    gone = server.customer.products.pop()
    sync()
    server.customer.products.append(gone)
    sync()
    assert all(row["in_catalogue"] for row in rows(Product).values())
    assert all(row["in_catalogue"] for row in rows(Feature).values())


def test_a_bug_that_is_gone_is_removed(sync, server, rows):
    sync()
    del server.customer.bugs[0]
    report = sync()
    assert kinds(report, "removed") == {"bug": 1, "bug_device": 1}
    assert 990001 not in rows(Bug)
    assert 990001 not in {bug for bug, _ in rows(BugDevice)}


def test_a_bug_without_a_cycle_that_is_gone_is_removed(sync, server, rows):
    server.customer.bugs.append(payload("bug", id=4, test=None, listed_under=50117))
    server.customer.bugs.append(payload("bug", id=5, test=None, listed_under=50117))
    sync()
    assert rows(Bug)[4]["cycle_id"] is None
    server.customer.bugs.pop()
    assert kinds(sync(full=True), "removed") == {"bug": 1, "bug_device": 1}
    assert 4 in rows(Bug)


def test_a_bug_that_moved_to_another_cycle_is_one_bug(sync, server, rows):
    sync()
    for target in (50200, 50117):
        server.customer.bugs[0]["test"] = {"id": target}
        sync()
        assert rows(Bug)[990001]["cycle_id"] == target


def test_a_cycle_that_is_gone_is_removed_with_all_that_was_its_own(sync, server, rows):
    sync()
    server.customer.cycles = server.customer.cycles[1:]
    server.customer.bugs = server.customer.bugs[3:]
    report = sync()
    assert ("/exploratory_tests/50117", {}) in server.asked
    assert kinds(report, "removed") == {
        "test_cycle": 1,
        "test_feature": 2,
        "cycle_platform": 2,
        "bug": 3,
        "bug_device": 2,
    }
    assert set(rows(TestCycle)) == {50118, 50200}
    assert {cycle for cycle, _ in rows(TestFeature)} == {50118}
    assert {cycle for cycle, _ in rows(CyclePlatform)} == {50118}
    assert set(rows(Bug)) == {990004}


def test_a_cycle_that_a_list_leaves_out_is_asked_for_and_kept(sync, server, rows):
    sync()
    missed = find(server.customer.cycles, 50118)
    missed.update(listed_under=999, status="running", product=None)
    report = sync()
    assert report.status == "done"
    assert kinds(report, "removed") == {}
    assert rows(TestCycle)[50118]["status"] == "running"
    assert rows(TestCycle)[50118]["product_id"] == 812


def test_a_list_that_leaves_out_very_many_cycles_removes_none(sync, server, rows, monkeypatch):
    monkeypatch.setattr("core.ingest.sync.cycle_lists.MOST_BY_ID", 1)
    sync()
    for cycle in server.customer.cycles:
        cycle["listed_under"] = 999
    report = sync()
    assert report.status == "partial"
    assert "not listed any more" in report.reasons[0]
    assert len(rows(TestCycle)) == 3


def test_a_reason_that_is_no_longer_listed_still_explains_old_rejections(sync, server, rows):
    sync()
    server.customer.reasons = []
    sync()
    assert rows(Bug)[990002]["rejection_reason"] == "known_bug_ticket"
    assert len(rows(RejectionReason)) == 5


def test_reasons_that_cannot_be_read_do_not_make_rejections_unknown(sync, server, rows):
    sync()
    server.faults = [Fault(path="/bugs/reject_reasons", status=404)]
    assert sync(full=True).status == "partial"
    assert rows(Bug)[990002]["rejection_reason"] == "known_bug_ticket"


@pytest.mark.parametrize("size", [1, 2])
def test_each_run_has_a_record_of_its_own(sync, rows, size):
    for _ in range(size):
        sync()
    assert sorted(rows(SyncRun)) == list(range(1, size + 1))
