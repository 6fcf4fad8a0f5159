from datetime import UTC, date, datetime

import pytest

from core.base import clock
from core.base.errors import ConfigError
from core.base.settings import TestioAccount, load_settings
from core.ingest.sync.accounts import exit_code, sync_all
from core.ingest.sync.run import SyncReport
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
    User,
)
from tests.ingest.conftest import FAST, shop
from tests.payloads import payload
from tests.testio_server import Fault, TestioServer


def test_everything_of_an_account_is_in(sync, rows):
    report = sync()
    assert (report.status, report.problems, report.reasons) == ("done", 0, ())
    assert report.message == (
        "Read 2 products, 3 features, 3 test cycles and 4 bugs: 12 new, 0 changed, 0 removed."
    )
    assert rows(Product)[812] == {
        "id": 812,
        "name": "Web shop",
        "type": "website",
        "in_catalogue": True,
    }
    assert {key: row["product_id"] for key, row in rows(Feature).items()} == {
        3301: 812,
        3302: 812,
        3400: 813,
    }
    assert rows(TestFeature)[50117, 3302]["test_feature_id"] == 77002
    assert set(rows(CyclePlatform)) == {
        *((number, system) for number in (50117, 50118) for system in ("Windows", "iOS"))
    }
    assert len(rows(RejectionReason)) == 5
    assert set(rows(BugDevice)) == {(n, "Windows") for n in (990001, 990003, 990004)}


def test_a_cycle_and_a_bug_as_they_are_stored(sync, rows):
    sync()
    people = {number: (user["kind"], user["name"]) for number, user in rows(User).items()}
    cycle = rows(TestCycle)[50117]
    assert people[cycle["created_by_id"]] == ("customer", "Ana Ruiz")
    assert people[cycle["submitted_by_id"]] == ("customer", "ana ruiz ")
    assert cycle["end_at"] == datetime(2026, 3, 5, 4, 30, tzinfo=UTC)
    assert cycle["end_day"] == date(2026, 3, 5)
    bug = rows(Bug)[990001]
    assert people[bug["tester_id"]] == ("tester", "Zoë Ώ")
    assert bug["reported_day"] == date(2026, 3, 2)
    assert (bug["cycle_id"], bug["product_id"], bug["feature_id"]) == (50117, 812, 3301)
    assert rows(Bug)[990003]["status"] == "auto_accepted"


def test_what_a_bug_lacks_is_taken_from_its_cycle(sync, rows):
    sync()
    rejected = rows(Bug)[990002]
    assert rejected["product_id"] == 812
    assert rejected["feature_id"] == 3302
    assert rejected["rejection_reason"] == "known_bug_ticket"


def test_products_and_features_that_only_a_cycle_or_a_bug_names(sync, server, rows):
    gone = {"id": 900, "name": "Old shop"}
    old = [{"id": 1, "feature_id": 9001, "title": "Wishlist"}]
    server.customer.cycles += [
        payload("cycle", id=60000, features=old),
        payload("cycle", id=60001, product=gone, listed_under=812),
    ]
    server.customer.bugs += [
        payload("bug", id=1, product={"id": 901}, test_feature=None, feature={"id": 9002})
    ]
    assert sync().status == "done"
    products = {key: (row["name"], row["in_catalogue"]) for key, row in rows(Product).items()}
    assert products[900] == ("Old shop", False)
    assert products[901] == (None, False)
    features = {key: (row["title"], row["in_catalogue"]) for key, row in rows(Feature).items()}
    assert features[9001] == ("Wishlist", False)
    assert features[9002] == (None, False)
    assert rows(TestFeature)[60000, 9001]["title"] == "Wishlist"


def test_a_cycle_that_names_no_product_is_of_the_product_that_lists_it(sync, server, rows):
    server.customer.cycles = [payload("cycle", product=None, listed_under=813)]
    assert sync().status == "done"
    assert rows(TestCycle)[50117]["product_id"] == 813


def test_a_bug_of_an_unknown_cycle_is_kept_without_it_and_is_a_problem(sync, server, rows):
    server.customer.bugs = [payload("bug", test={"id": 4}, listed_under=50117)]
    report = sync()
    assert (report.status, report.problems) == ("partial", 1)
    assert rows(Bug)[990001]["cycle_id"] is None
    (problem,) = rows(SyncProblem).values()
    assert (problem["entity"], problem["source_id"], problem["field"]) == (
        "bug",
        "990001",
        "test.id",
    )
    assert problem["value"] == "4"


def test_the_record_of_a_run(sync, rows):
    report = sync()
    run = rows(SyncRun)[report.run_id]
    assert (run["source"], run["status"], run["message"]) == ("testio", "done", report.message)
    assert run["requests"] == report.requests > 0
    assert run["counts"] == report.counts
    assert report.counts["bug"] == {
        "added": 4,
        "changed": 0,
        "unchanged": 0,
        "removed": 0,
        "refused": 0,
    }
    assert run["started_at"] <= run["finished_at"]


def test_the_progress_of_a_run_is_told_and_recorded(sync, store, rows):
    told = []

    def follow(progress):
        (run,) = rows(SyncRun).values()
        told.append(progress)
        assert progress.text == run["message"]
        if run["status"] == "running":
            assert (progress.step, progress.done, progress.total) == (
                *(run["step"], run["done"], run["total"]),
            )

    report = sync(on_progress=follow)
    assert list(dict.fromkeys(event.step for event in told)) == [
        *("catalogue", "cycles", "finish", "done")
    ]
    assert all(event.text and event.account_id == "acme" for event in told)
    assert all(event.total is None or 0 <= event.done <= event.total for event in told)
    assert told[-1].text == report.message


def test_nothing_is_written_while_the_source_is_asked(sync, server, store):
    """A writer that waits for the network keeps every other writer waiting."""
    waited = []

    def write_meanwhile(_path, _query):
        with store.write("acme", quiet=True) as unit:
            waited.append(unit.next_id(SyncRun))

    server.before = write_meanwhile
    report = sync()
    assert report.status == "done"
    assert len(waited) == report.requests


def test_a_run_that_is_interrupted_is_recorded_as_failed(sync, rows):
    def stop(progress):
        if progress.step == "cycles":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(on_progress=stop)
    (run,) = rows(SyncRun).values()
    assert run["status"] == "failed"
    assert "interrupted" in run["message"]
    assert run["finished_at"] is not None
    assert len(rows(TestCycle)) == 3


def test_a_bug_of_ours_is_not_hidden_and_leaves_no_run_behind(sync, rows):
    def fail(progress):
        raise LookupError(progress.step)

    with pytest.raises(LookupError):
        sync(on_progress=fail)
    assert [run["status"] for run in rows(SyncRun).values()] == ["failed"]


def test_a_run_left_behind_by_a_killed_process_is_ended_by_the_next(sync, store, rows):
    store.ensure_account("acme", "Acme")
    left = {"status": "running", "started_at": clock.now(), "counts": {}}
    with store.write("acme") as unit:
        unit.upsert(
            SyncRun,
            [left | {"id": 7, "source": "testio"}, left | {"id": 8, "source": "prometheus"}],
        )
    report = sync()
    runs = rows(SyncRun)
    assert report.run_id == 9
    assert {key: run["status"] for key, run in runs.items()} == {
        7: "failed",
        8: "running",
        9: "done",
    }
    assert "interrupted" in runs[7]["message"]


def settings(*accounts):
    return load_settings({}).model_copy(update={"accounts": accounts})


def test_two_accounts_with_the_same_names_and_ids_stay_two(store, rows, everything):
    with TestioServer(shop()) as one, TestioServer(shop(), token="tok-other") as other:
        other.customer.bugs = other.customer.bugs[:1]
        accounts = [
            TestioAccount(id="acme", name="Acme", base_url=one.url, token=one.token),
            TestioAccount(id="zeta", name="Acme", base_url=other.url, token=other.token),
        ]
        reports = sync_all(store, settings(*accounts), retry=FAST)
        assert [report.status for report in reports] == ["done", "done"]
        assert exit_code(reports) == 0
        before = everything("acme")
        other.customer.bugs = []
        (report,) = sync_all(store, settings(*accounts), "zeta", retry=FAST)
        assert report.counts["bug"]["removed"] == 1
    assert everything("acme") == before
    assert rows(Bug, "zeta") == {}


def test_an_account_that_fails_does_not_stop_the_others(store, server):
    def account(name, **changes):
        fields = {"id": name, "name": name, "base_url": server.url, "token": server.token}
        return TestioAccount(**(fields | changes))

    accounts = [
        account("refused", token="wrong"),
        account("nonsense", token="a\nb"),
        account("unreachable", base_url="http://127.0.0.1:1"),
        account("fine"),
    ]
    reports = sync_all(store, settings(*accounts), retry=FAST)
    assert [r.status for r in reports] == ["failed", "failed", "failed", "done"]
    assert exit_code(reports) == 3
    assert exit_code(reports[:3]) == 1


def test_there_has_to_be_an_account(store):
    with pytest.raises(ConfigError, match="No account is configured"):
        sync_all(store, settings())
    fine = TestioAccount(id="acme", name="Acme", base_url="http://127.0.0.1:1", token="t")
    with pytest.raises(ConfigError, match="No account 'other' is configured: there is acme"):
        sync_all(store, settings(fine), "other")


def report(status):
    return SyncReport(account_id="a", source="testio", run_id=1, status=status, message="")


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["done"], 0),
        (["done", "done"], 0),
        (["failed"], 1),
        (["failed", "failed"], 1),
        (["partial"], 3),
        (["done", "failed"], 3),
        (["partial", "failed"], 3),
        ([], 0),
    ],
)
def test_exit_codes(statuses, code):
    assert exit_code([report(status) for status in statuses]) == code


def test_sections_are_asked_where_a_product_has_them(sync, server):
    sync()
    asked = [path for path, _ in server.asked if path.endswith("/features")]
    assert sorted(asked) == [
        *("/products/812/features", "/products/812/sections/91/features"),
        *("/products/812/sections/92/features", "/products/813/features"),
    ]


def test_a_slow_answer_is_waited_for(sync, server):
    server.faults = [Fault(path="/bugs", times=1, delay=0.3)]
    assert sync().status == "done"
