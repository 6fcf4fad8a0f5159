"""Prometheus as people meet it: the command line, the unattended sync and the doctor."""

import time

import pytest

from core import cli
from core.base import clock
from core.base.settings import ROOT, PrometheusSource, TestioAccount, load_settings
from core.ingest.sync.accounts import end_background, keep_synced
from core.ingest.sync.history import runs
from core.store import Scope
from tests.prometheus import History
from tests.shown import close_stores
from tests.stores import open_store

NOW = int(clock.now().timestamp())
START = NOW - 4 * 3_600


@pytest.fixture
def url(prometheus):
    """A server whose history ends a few minutes ago."""
    history = History()
    samples = [(at, (at - START) // 600) for at in range(START, NOW - 180, 15)]
    labels = {"tenant_id": "acme", "status": "completed"}
    history.add("enhancement_requests_total", labels, samples)
    for name in ("enhancement_success_rate", "queue_depth", "worker_active_count"):
        history.add(name, {}, samples)
    labels = {"tenant_id": "acme", "le": "+Inf"}
    history.add("enhancement_duration_seconds_bucket", labels, samples)
    return prometheus(history)


@pytest.fixture
def run(run, tmp_path, url):
    settings = {
        "TOUCHSTONE_DATABASE_URL": f"sqlite:///{tmp_path}/own.db",
        "TESTIO_CUSTOMER_ID": "acme",
        "PROMETHEUS_URL": url,
    }
    return lambda *arguments, **changes: run(*arguments, **(settings | changes))


def test_the_command_line(run):
    for source in ("prometheus", "all"):
        done = run("sync", "--source", source)
        assert done.returncode == 0, done.stderr
        assert "acme, prometheus: done" in done.stdout
    assert "0 new, 0 changed, 0 removed" in done.stdout
    said = run("doctor").stdout
    assert "ok   Prometheus of acme: answers, version 2." in said
    assert "ok   Last Prometheus sync of acme" in said
    assert "platform metrics" in said
    other = run("sync", "--source", "testio")
    assert other.returncode == 1
    assert "No account is configured: set TESTIO_CUSTOMER_ID and" in other.stderr
    down = run("sync", PROMETHEUS_URL="http://127.0.0.1:9")
    assert down.returncode == 1
    assert "cannot be reached: check the network and PROMETHEUS_URL" in down.stdout + down.stderr


def test_the_doctor_says_what_is_wrong(monkeypatch):
    monkeypatch.setenv("TESTIO_CUSTOMER_ID", "acme")
    monkeypatch.setenv("PROMETHEUS_URL", "http://127.0.0.1:9")
    found = {f.what: f for f in cli.examine(load_settings())}
    close_stores()
    assert not found["Prometheus of acme"].ok
    assert "Source of acme" not in found


def test_each_source_is_kept_up_to_date_in_its_own_time(store, account, url):
    both = account.model_copy(
        update={"prometheus": PrometheusSource(url=url, tenant_id="acme", history_days=2)}
    )
    alone = TestioAccount(id="alone", name="", token=None, prometheus=both.prometheus)
    keep_synced(load_settings({}).model_copy(update={"accounts": (both, alone)}), lambda: store)
    until = time.monotonic() + 20
    while not (
        runs(Scope(store, "acme"))
        and [run.status for run in runs(Scope(store, "alone"))] == ["done"]
    ):
        assert time.monotonic() < until
        time.sleep(0.05)
    end_background()
    assert [run.source for run in runs(Scope(store, "alone"))] == ["prometheus"]


def test_the_data_page_shows_it(url, monkeypatch, tmp_path):
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv("TESTIO_CUSTOMER_ID", "acme")
    monkeypatch.setenv("PROMETHEUS_URL", url)
    monkeypatch.setenv("PROMETHEUS_HISTORY_DAYS", "2")
    app = AppTest.from_file(str(ROOT / "pages" / "_frame.py"), default_timeout=30)
    app.switch_page("data/data.py").run()
    app.button(key="data_sync").click().run()
    until = time.monotonic() + 20
    settings = load_settings()
    store = open_store(settings.database_url)
    while not [run for run in runs(Scope(store, "acme")) if run.status == "done"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    app.run()
    app.run()
    store.close()
    close_stores()
    assert not app.exception
    sources = next(frame.value for frame in app.dataframe if "On time" in frame.value)
    row = sources[sources["Source"] == "Platform metrics"].iloc[0]
    assert row["Rows"] > 40
    assert row["On time"].endswith("On time")
    history = next(frame.value for frame in app.dataframe if "Requests" in frame.value)
    assert history["Source"].tolist() == ["Prometheus"]
