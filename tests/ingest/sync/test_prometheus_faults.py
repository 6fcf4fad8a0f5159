"""A Prometheus that fails, is slow, warns or lies: one sentence each, and nothing half-written."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from core.base.settings import PrometheusSource, TestioAccount
from core.ingest.sync.accounts import end_background, exit_code, is_running, start_sync
from core.ingest.sync.lease import take_lease
from core.ingest.sync.prometheus import sync_prometheus
from core.store import (
    CounterIncrement,
    GaugeReading,
    Scope,
    ScrapeGap,
    ScrapeSpan,
    SyncProblem,
    SyncRun,
)
from tests.ingest.conftest import FAST

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START = NOW.timestamp() - 3_600
NAME = "enhancement_requests_total"
TOKEN = "s3cret-t0ken"


def success(data, **more):
    return json.dumps({"status": "success", "data": data} | more).encode()


def matrix(*series):
    return {"resultType": "matrix", "result": [{"metric": m, "values": v} for m, v in series]}


def samples(*values, start=START):
    return [[start + 15 * n, value] for n, value in enumerate(values)]


COMPLETED = {"__name__": NAME, "status": "completed"}
GOOD = matrix((COMPLETED, samples(*map(str, range(240)))))


class Lying:
    """Answers samples with `body`, after `delay` seconds; all else as it should be."""

    def __init__(self):
        self.status, self.body, self.delay = 200, success(GOOD), 0.0
        self.kind = "application/json"
        self.asked, self.headers, self.faults = [], {}, lambda _query: None

    def answer(self, path, query):
        self.asked.append((path, query))
        if path.endswith("/values"):
            return 200, success([NAME] if "__name__" in path else [])
        if query.get("query", "").startswith("last_over_time"):
            return 200, success({"resultType": "vector", "result": []})
        fault = self.faults(query.get("query", ""))
        if fault is not None:
            return fault
        time.sleep(self.delay)
        return self.status, self.body


@pytest.fixture
def lying():
    owner = Lying()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            owner.headers = dict(self.headers)
            status, body = owner.answer(parts.path, query)
            self.send_response(status)
            self.send_header("Content-Type", owner.kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    owner.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield owner
    server.shutdown()
    server.server_close()


@pytest.fixture
def account(lying):
    unread = dict.fromkeys(("success_rate", "queue_depth", "worker_active", "duration_bucket"), "")
    source = PrometheusSource(
        url=lying.url, tenant_id="acme", history_days=1, token=TOKEN, **unread
    )
    return TestioAccount(id="acme", name="Acme", token=None, prometheus=source)


@pytest.fixture
def sync(store, account):
    return lambda **options: sync_prometheus(
        store, account, **({"now": NOW, "retry": FAST} | options)
    )


def nothing_is_in(rows):
    return not any(rows(m) for m in (CounterIncrement, GaugeReading, ScrapeGap, ScrapeSpan))


def error(text, kind="execution"):
    return json.dumps({"status": "error", "errorType": kind, "error": text}).encode()


ODD = [
    [["x", "1"]],
    [[START, 1]],
    [[START, "one"]],
    [[START]],
    [[START, "1"], [START, "2"]],
    [[START, "1"], [START - 15, "2"]],
    [[1e300, "1"]],
    "none",
    None,
    [None],
]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"", "refused the token (401): check token or username of [prometheus]"),
        (404, b"", "has no /api/v1/query (404): check that PROMETHEUS_URL"),
        (
            400,
            error("invalid parameter"),
            "refused /api/v1/query (400) and said: invalid parameter",
        ),
        (422, error("would load too many samples"), "(422) and said: would load too many samples"),
        (503, error("query timed out"), "(503) and said: query timed out: sync again later"),
        (500, b"<p>", "failed at /api/v1/query (500): sync again later"),
        (429, b"", "allows no more requests (429)"),
        (302, b"", "a redirect, which is not followed"),
        (200, b"<!doctype html><title>Sign in</title>", "a web page instead of JSON"),
        (200, success(GOOD)[:90], "JSON that is cut off or damaged"),
        (200, error("out of luck"), "could not answer and said: out of luck"),
        (200, b"{}", "answered something that Prometheus does not"),
        (200, b"[]", "answered something that Prometheus does not"),
        (200, success(None), "answered something that Prometheus does not"),
        (200, success({"result": {}}), "answered something that Prometheus does not"),
        (200, success({"result": [1]}), "answered something that Prometheus does not"),
        (200, success({"result": [{"metric": {"a": 1}}]}), "something that Prometheus does not"),
        *(
            (200, success(matrix((COMPLETED, odd))), "something that Prometheus does not")
            for odd in ODD
        ),
    ],
)
def test_a_server_that_cannot_be_read_is_one_sentence_and_writes_nothing(
    sync, lying, rows, status, body, words
):
    lying.status, lying.body = status, body
    report = sync()
    assert report.status == "failed"
    assert exit_code([report]) == 1
    assert words in report.message
    assert lying.url.removeprefix("http://") in report.message
    assert TOKEN not in report.message
    assert nothing_is_in(rows)
    (run,) = rows(SyncRun).values()
    assert (run["source"], run["status"], run["message"]) == (
        "prometheus",
        "failed",
        report.message,
    )


def test_a_server_that_is_down(sync, account, store, rows):
    nowhere = account.prometheus.model_copy(update={"url": "http://127.0.0.1:1"})
    down = account.model_copy(update={"prometheus": nowhere})
    report = sync_prometheus(store, down, now=NOW, retry=FAST)
    assert "cannot be reached: check the network and PROMETHEUS_URL" in report.message
    assert nothing_is_in(rows)


def test_a_slow_server_is_asked_for_less_and_then_left(sync, lying, rows):
    from dataclasses import replace

    lying.delay = 0.5
    report = sync(retry=replace(FAST, read_timeout=0.1))
    assert report.status == "failed"
    assert "did not answer /api/v1/query in time" in report.message
    assert nothing_is_in(rows)


def test_what_is_too_much_at_once_is_read_in_halves(sync, lying, rows):
    def too_much(query):
        length = int(query.partition("[")[2].removesuffix("ms]") or 0)
        return (422, error("too many samples")) if length > 3_600_000 else None

    lying.faults = too_much
    assert sync().status == "done"
    assert sum(row["increase"] for row in rows(CounterIncrement).values()) == 239
    assert list(rows(ScrapeSpan)) == [NOW - timedelta(hours=1)]


def test_warnings_are_noted_and_what_came_is_kept(sync, lying, rows):
    lying.body = success(GOOD, warnings=["a store was away"], infos=["no counter?"])
    report = sync()
    assert (report.status, exit_code([report])) == ("partial", 3)
    assert f"metric {NAME}, answer: the server warned: a store was away" in report.reasons[0]
    assert len(rows(CounterIncrement)) == 239
    lying.body = success(GOOD)
    assert sync().status == "done"
    assert rows(SyncProblem) == {}


@pytest.mark.parametrize(
    ("labels", "values", "problem"),
    [
        ({}, ["1", "2"], (NAME, "status")),
        ({"status": "completed"}, ["1", "NaN", "+Inf", "-5", "3"], ("", "value")),
    ],
)
def test_series_that_are_odd_are_noted_and_the_others_kept(
    sync, lying, rows, labels, values, problem
):
    odd = ({"__name__": NAME, "pod": "p"} | labels, samples(*values))
    lying.body = success(matrix((COMPLETED, samples("5", "6", "6", "7", "7")), odd))
    report = sync()
    assert report.status == "partial"
    ((_, entity, source_id, field),) = rows(SyncProblem)
    assert (entity, field) == ("metric", problem[1])
    assert NAME in source_id
    grown = sum(row["increase"] for row in rows(CounterIncrement).values())
    assert grown == (2 if not labels else 2 + 2)


def test_a_native_histogram_is_told(sync, lying, rows):
    lying.body = success({"result": [{"metric": COMPLETED, "histograms": []}]})
    report = sync()
    assert "have the classic buckets scraped" in report.reasons[0]
    assert rows(CounterIncrement) == {}


def test_a_piece_that_fails_leaves_the_pieces_before_it(sync, lying, rows):
    middle = (NOW - timedelta(hours=14)).timestamp()
    lying.body = success(matrix((COMPLETED, samples(*map(str, range(4 * 1_400)), start=middle))))
    whole = sync()
    assert whole.status == "done"
    before = rows(CounterIncrement)
    asked = []

    def fails_later(query):
        if query.startswith(NAME):
            asked.append(query)
        return (400, error("gone")) if len(asked) > 4 else None

    lying.faults = fails_later
    assert sync(full=True).status == "failed"
    assert rows(CounterIncrement) == before
    (span,) = rows(ScrapeSpan).values()
    assert span["to_at"] == NOW


def test_the_bearer_token_or_the_password_is_sent(sync, lying, account, store):
    sync()
    assert lying.headers["Authorization"] == f"Bearer {TOKEN}"
    basic = account.prometheus.model_copy(
        update={"token": None, "username": "ann", "password": "pw"}
    )
    sync_prometheus(store, account.model_copy(update={"prometheus": basic}), now=NOW, retry=FAST)
    assert lying.headers["Authorization"] == "Basic YW5uOnB3"
    assert TOKEN not in repr(account)


def test_one_process_at_a_time(sync, store, rows):
    store.ensure_account("acme", "Acme")
    with store.write("acme", quiet=True) as unit:
        take_lease(unit)
    assert sync().status == "busy"
    assert nothing_is_in(rows)


def test_what_goes_on_ends_at_once(store, account, lying, rows):
    lying.delay = 30
    start_sync(Scope(store, "acme"), account)
    until = time.monotonic() + 10
    while not any(query.get("query", "").startswith(NAME) for _, query in lying.asked):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert is_running(Scope(store, "acme"))
    started = time.monotonic()
    end_background()
    assert time.monotonic() - started < 15
    assert [run["status"] for run in rows(SyncRun).values()] == ["stopped"]
