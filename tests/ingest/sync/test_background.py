"""Synchronising unattended: when it is due, that it ends at once, and the command that goes on."""

import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from core.base.settings import load_settings
from core.ingest.sync.accounts import end_background, is_running, keep_synced, next_due, start_sync
from core.ingest.sync.history import runs
from core.ingest.sync.testio import sync_account
from core.store import Scope, SyncRun
from tests.forked import forked
from tests.ingest.conftest import FAST
from tests.testio_server import Fault

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(status, ago):
    ended = None if status == "running" else NOW - ago
    return SyncRun(
        account_id="acme",
        id=1,
        source="testio",
        status=status,
        started_at=NOW - ago,
        finished_at=ended,
    )


@pytest.mark.parametrize(
    ("statuses", "left"),
    [
        ([], timedelta()),
        (["running"], timedelta()),
        (["done"], HOUR),
        (["partial", "failed"], HOUR),
        (["failed"], timedelta(minutes=1)),
        (["stopped", "done"], timedelta(minutes=1)),
        (["failed"] * 3 + ["done"], timedelta(minutes=4)),
        (["failed"] * 20, HOUR),
    ],
)
def test_when_an_account_is_due(statuses, left):
    found = [run(status, timedelta()) for status in statuses]
    assert next_due(found, HOUR, NOW) == NOW + left


@pytest.fixture(autouse=True)
def _end():
    yield
    end_background()


def until(true, seconds=60):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def settings(*accounts, seconds=3600):
    return load_settings({}).model_copy(
        update={"accounts": accounts, "sync_interval_seconds": seconds}
    )


def test_each_account_is_kept_up_to_date_in_its_own_time(store, account, server):
    often = account.model_copy(update={"sync_interval_seconds": 1})
    off = account.model_copy(update={"id": "off", "sync_interval_seconds": 0})
    broken = account.model_copy(update={"id": "broken", "token": "wrong"})
    keep_synced(
        settings(often, off, broken, account.model_copy(update={"id": "hourly"})), lambda: store
    )
    until(lambda: len(runs(Scope(store, "acme"))) >= 3)
    assert len(runs(Scope(store, "hourly"))) == 1
    assert runs(Scope(store, "off")) == []
    assert [found.status for found in runs(Scope(store, "broken"))] == ["failed"]
    end_background()
    # A new start does not synchronise at once what is not due.
    keep_synced(settings(account.model_copy(update={"id": "hourly"})), lambda: store)
    time.sleep(0.5)
    assert len(runs(Scope(store, "hourly"))) == 1


def test_it_is_off_where_the_interval_is_0(store, account):
    keep_synced(settings(account, seconds=0), lambda: store)
    time.sleep(0.3)
    assert runs(Scope(store, "acme")) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"delay": 30},  # while it waits for an answer
        {"status": 429, "headers": {"Retry-After": "60"}},  # while it rests
        {"status": 500},  # while it waits to ask again
    ],
)
def test_what_goes_on_ends_at_once_with_the_server(store, account, server, rows, fault):
    server.faults = [Fault(path="/bugs", **fault)]
    start_sync(Scope(store, "acme"), account)
    until(lambda: any(path.startswith("/bugs") for path, _ in server.asked))
    assert is_running(Scope(store, "acme"))
    started = time.monotonic()
    end_background()
    assert time.monotonic() - started < 15
    assert not is_running(Scope(store, "acme"))
    (ended,) = rows(SyncRun).values()
    assert ended["status"] == "stopped"
    assert "was stopped" in ended["message"]


def test_a_run_has_a_time_to_end(store, account, server):
    server.faults = [Fault(path="/bugs", delay=30)]
    report = sync_account(store, account, retry=replace(FAST, run_timeout=0.5))
    assert report.status == "failed"
    assert "took longer than" in report.message
    assert report.seconds < 15


def test_an_answer_in_drops_is_not_waited_for_without_end(store, account, server):
    server.faults = [Fault(path="/products", body=b" " * 40, drops=0.1)]
    report = sync_account(store, account, retry=replace(FAST, answer_timeout=0.3))
    assert report.status == "failed"
    assert "did not answer /products in time" in report.message


@pytest.fixture
def watch(account, tmp_path):
    def starts(*arguments):
        return forked(
            "sync",
            *arguments,
            TOUCHSTONE_DATABASE_URL=f"sqlite:///{tmp_path}/watched.db",
            TESTIO_CUSTOMER_API_BASE_URL=account.base_url,
            TESTIO_CUSTOMER_API_TOKEN=account.token,
            TESTIO_CUSTOMER_ID="acme",
        )

    return starts


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_watching_prints_a_line_for_each_run_and_ends_cleanly(watch, server, ending):
    with watch("--watch", "0.2") as process:
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(ending)
        started = time.monotonic()
        rest = process.stdout.read()
    assert time.monotonic() - started < 15
    assert process.returncode == 0
    assert "acme: done" in lines[0]
    assert "12 new" in lines[0]
    assert "0 new" in lines[2]
    assert "Traceback" not in rest
    assert server.token not in "".join(lines) + rest


def test_a_stopped_sync_says_so(watch, server):
    server.faults = [Fault(path="/bugs", delay=30)]
    with watch() as process:
        until(lambda: any(path.startswith("/bugs") for path, _ in server.asked))
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        said = process.stdout.read()
    assert time.monotonic() - started < 15
    assert process.returncode == 3
    assert "The sync was stopped" in said


def test_the_second_process_says_who_synchronises(watch, server):
    waiting = Event()
    server.before = lambda path, _query: path.startswith("/bugs") and waiting.wait(20)
    with watch() as first:
        until(lambda: any(path.startswith("/bugs") for path, _ in server.asked))
        with watch() as second:
            said = second.stdout.read()
        waiting.set()
        first.stdout.read()
    assert second.returncode == 3
    assert f"by process {first.pid} on" in said
    assert first.returncode == 0
