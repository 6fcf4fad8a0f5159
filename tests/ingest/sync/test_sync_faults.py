import logging
import threading
import time
import traceback
from itertools import pairwise

import pytest

from core.base.settings import TestioAccount
from core.ingest.clients.concurrency import WIDTH
from core.ingest.clients.http import RetryPolicy
from core.ingest.sync.accounts import exit_code
from core.ingest.sync.testio import sync_account
from core.store import Bug, Feature, Product, SyncProblem, SyncRun, TestCycle, User
from tests.ingest.conftest import FAST, shop
from tests.payloads import payload
from tests.testio_server import TOKEN, Fault, TestioServer

DATA = (Product, Feature, TestCycle, Bug, User)


def nothing_is_in(rows):
    return not any(rows(model) for model in DATA)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, "refused the token (401): check TESTIO_CUSTOMER_API_TOKEN"),
        ({"status": 403}, "refused the token (403): check TESTIO_CUSTOMER_API_TOKEN"),
        ({"status": 404}, "has no /products (404)"),
        ({"status": 500}, "failed at /products (500): sync again later"),
        ({"status": 429}, "allows no more requests (429)"),
        ({"status": 302}, "a redirect, which is not followed"),
        ({"body": b"<!doctype html><title>Sign in</title>"}, "a web page instead of JSON"),
        ({"cut": 40}, "JSON that is cut off or damaged"),
        ({"hang_up": True}, "broke off the connection"),
        ({"body": b"[1"}, "JSON that is cut off or damaged"),
        ({"body": b"17"}, "answered without 'products'"),
        ({"body": b'{"products": null}'}, "answered without 'products'"),
        ({"body": b'{"error": "maintenance"}'}, "answered without 'products'"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_sentence_and_writes_nothing(
    sync, server, rows, fault, words
):
    server.faults = [Fault(path="/products", **fault)]
    report = sync()
    assert report.status == "failed"
    assert exit_code([report]) == 1
    assert words in report.message
    assert f"127.0.0.1:{server.port}" in report.message
    assert nothing_is_in(rows)
    (run,) = rows(SyncRun).values()
    assert (run["status"], run["message"]) == ("failed", report.message)


def test_a_wrong_token(store, server, rows):
    wrong = TestioAccount(id="acme", name="Acme", base_url=server.url, token="tok-wrong")
    report = sync_account(store, wrong, retry=FAST)
    assert "check TESTIO_CUSTOMER_API_TOKEN of account 'acme'" in report.message
    assert (report.status, report.requests, exit_code([report])) == ("failed", 1, 1)
    assert nothing_is_in(rows)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v2", "http://no-such-host.invalid/v2"])
def test_an_unreachable_host(store, rows, url):
    lost = TestioAccount(id="acme", name="Acme", base_url=url, token=TOKEN)
    report = sync_account(store, lost, retry=FAST)
    assert "cannot be reached: check the network" in report.message
    assert (report.status, exit_code([report])) == ("failed", 1)
    assert nothing_is_in(rows)


def test_a_token_of_no_sense_is_not_shown(store, server):
    odd = TestioAccount(id="acme", name="Acme", base_url=server.url, token="tök-geheim")
    report = sync_account(store, odd, retry=FAST)
    assert report.status == "failed"
    assert "geheim" not in report.message


def test_a_source_that_fails_later_keeps_what_was_read(sync, server, rows):
    def revoke(path, _query):
        if path == "/bugs":
            server.token = "another"

    server.before = revoke
    report = sync()
    assert report.status == "failed"
    assert "refused the token (401)" in report.message
    assert len(rows(Feature)) == 3
    # A test cycle is not there without its bugs.
    assert rows(TestCycle) == rows(Bug) == {}


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "times": 1},
        {"status": 429, "times": 1, "headers": {"Retry-After": "0"}},
        {"cut": 20, "times": 1},
        {"hang_up": True, "times": 1},
    ],
)
@pytest.mark.parametrize("path", ["/products", "features", "exploratory_tests", "bugs"])
def test_a_passing_fault_leaves_no_trace(sync, server, everything, fault, path):
    server.faults = [Fault(path=path, **fault)]
    report = sync()
    assert report.status == "done"
    data = everything()
    assert (len(data["TestCycle"]), len(data["Bug"])) == (3, 4)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 404}, {"body": b"<p>"}, {"cut": 9}])
@pytest.mark.parametrize("path", ["/products/813/features", "/products/813/exploratory_tests"])
def test_one_product_at_which_the_source_fails_does_not_stop_the_others(
    sync, server, rows, path, fault
):
    server.faults = [Fault(path=path, **fault)]
    report = sync()
    assert (report.status, exit_code([report])) == ("partial", 3)
    assert report.reasons[0].startswith("product 813,")
    assert f"127.0.0.1:{server.port}" in report.reasons[0]
    assert 50117 in rows(TestCycle)
    assert 3301 in rows(Feature)
    ((_, entity, number, field),) = rows(SyncProblem)
    assert (entity, number, field) == ("product", "813", path.rsplit("/", 1)[-1])


def test_features_that_cannot_be_read_do_not_leave_the_catalogue(sync, server, rows):
    sync()
    server.faults = [Fault(path="/products/812/features", status=500)]
    sync()
    assert all(row["in_catalogue"] for row in rows(Feature).values())


def test_a_source_that_fails_at_one_thing_after_another_is_left(sync, server):
    server.customer.products += [payload("product", id=n, sections=[]) for n in range(1, 50)]
    server.faults = [Fault(path="/features", status=500)]
    report = sync()
    assert report.status == "failed"
    assert report.requests <= 1 + (WIDTH + 3) * FAST.attempts
    assert "Several requests in a row failed" in report.message


def test_failures_with_successes_between_them_do_not_end_the_run(sync, server, rows):
    server.customer.products += [payload("product", id=n, sections=[]) for n in range(1, 11)]
    server.faults = [Fault(path=f"/products/{n}/features", status=500) for n in (1, 3, 5, 7, 9)]
    report = sync()
    assert (report.status, report.problems) == ("partial", 5)
    assert len(rows(Bug)) == 4


def test_cycles_whose_bugs_take_too_long_are_read_in_smaller_batches(sync, server, rows):
    server.most_cycles = 1
    assert sync().status == "done"
    assert len(rows(Bug)) == 4


def test_a_cycle_whose_bugs_cannot_be_read_is_a_problem_and_keeps_its_bugs(sync, server, rows):
    sync()
    server.customer.bugs[3]["status"] = "rejected"

    def fail(_path, query):
        asked = query.get("filter_test_cycle_ids", "").split(",")
        server.faults = [Fault(path="/bugs", status=524)] if "50117" in asked else []

    server.before = fail
    report = sync()
    assert report.status == "partial"
    assert "test_cycle 50117, bugs" in report.reasons[0]
    assert len(rows(Bug)) == 4
    assert rows(Bug)[990004]["status"] == "rejected"


def test_a_store_that_cannot_be_written_is_a_sentence(sync, store, monkeypatch):
    monkeypatch.setattr("core.store.engine.BUSY_MILLISECONDS", 50)
    sync()
    store.close()
    holder = store.engine.raw_connection()
    holder.cursor().execute("BEGIN IMMEDIATE")
    try:
        report = sync()
    finally:
        holder.rollback()
        holder.close()
    assert report.status == "failed"
    assert report.run_id is None
    assert "locked" in report.message


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401, "body": TOKEN.encode()},
        {"status": 500, "body": f'{{"token": "{TOKEN}"}}'.encode()},
        {"status": 302, "headers": {"Location": "https://elsewhere.invalid/"}},
        {"body": f"<p>{TOKEN}</p>".encode()},
        {"body": f'{{"{TOKEN}'.encode()},
        {"hang_up": True},
        {"status": 404},
    ],
)
@pytest.mark.parametrize("path", ["/products", "exploratory_tests", "/bugs"])
def test_the_token_stands_nowhere(sync, server, store, tmp_path, caplog, capfd, path, fault):
    caplog.set_level(logging.DEBUG)
    server.faults = [Fault(path=path, **fault)]
    told = []
    report = sync(on_progress=told.append)
    assert report.status in {"failed", "partial"}
    store.close()
    shown = [repr(report), repr(told), *capfd.readouterr()]
    shown += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    assert not [text for text in shown if TOKEN in text]
    for file in tmp_path.iterdir():
        assert TOKEN.encode() not in file.read_bytes()


def test_the_token_stands_in_no_traceback(sync, account):
    def fail(_progress):
        raise LookupError("a bug of ours")

    with pytest.raises(LookupError) as caught:
        sync(on_progress=fail)
    # With the locals of every frame, as some error reports have them.
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert TOKEN not in "".join(told.format())
    assert TOKEN not in repr(account)


def test_a_whole_account_leaves_no_token_in_the_file(store, tmp_path):
    with TestioServer(shop()) as server:
        good = TestioAccount(id="acme", name="Acme", base_url=server.url, token=server.token)
        assert sync_account(store, good, retry=FAST).status == "done"
    store.close()
    assert not [f for f in tmp_path.iterdir() if TOKEN.encode() in f.read_bytes()]


def test_a_source_that_lets_few_questions_through_is_read_to_the_end(sync, server, rows):
    """More at once than it allows are refused with a time to wait; all of it comes in."""
    lock, inside = threading.Lock(), []

    def limit(_path):
        with lock:
            now = time.monotonic()
            inside[:] = [at for at in inside if now - at < 0.1]
            if len(inside) >= 2:
                return Fault(status=429, headers={"Retry-After": "0"})
            inside.append(now)
        return Fault()

    server.customer.products += [payload("product", id=n, sections=[]) for n in range(1, 8)]
    server.fault = limit
    report = sync(retry=RetryPolicy(attempts=5, wait_initial=0.05, wait_max=0.2, wait_jitter=0.1))
    assert report.status == "done"
    assert len(rows(Bug)) == 4


def test_while_the_source_rests_nothing_is_asked(sync, server):
    asked = []
    server.before = lambda path, _query: asked.append((time.monotonic(), path))
    server.faults = [Fault(path="/features", status=429, headers={"Retry-After": "1"}, times=1)]
    report = sync(retry=RetryPolicy(attempts=3, wait_jitter=0))
    assert report.status == "done"
    moments = [at for at, _ in asked]
    assert max(after - before for before, after in pairwise(moments)) > 0.9


def test_a_token_refused_half_way_stops_the_account_with_a_sentence(sync, server):
    server.customer.cycles = [payload("cycle", id=n) for n in range(1, 251)]
    server.customer.bugs = []

    def revoke(_path, query):
        if query.get("page") == "2":
            server.token = "another"

    server.before = revoke
    report = sync()
    assert (report.status, exit_code([report])) == ("failed", 3)
    assert "refused the token (401): check TESTIO_CUSTOMER_API_TOKEN" in report.message
    assert report.requests < 30
