"""The data page: what runs, what ran, what could not be read, and what is no longer there."""

import time
from datetime import timedelta

import pytest

from core.base import clock
from core.base.settings import load_settings
from core.ingest.parse.testio import parse_cycle
from core.ingest.save.testio import save_cycles
from core.ingest.sync.lease import take_lease
from core.ingest.sync.testio import sync_account
from core.store import SyncRun
from tests.ingest.conftest import FAST, shop
from tests.payloads import payload
from tests.stores import open_store
from tests.testio_server import TestioServer


@pytest.fixture
def api(monkeypatch):
    with TestioServer(shop()) as server:
        for name, value in (
            ("TESTIO_CUSTOMER_API_BASE_URL", server.url),
            ("TESTIO_CUSTOMER_API_TOKEN", server.token),
            ("TESTIO_CUSTOMER_ID", "acme"),
        ):
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def sync(api):
    """A sync into the store that the page shows."""

    def syncs():
        settings = load_settings()
        store = open_store(settings.database_url)
        report = sync_account(store, settings.accounts[0], retry=FAST)
        store.close()
        return report

    return syncs


def texts(app):
    said = " ".join(element.value for element in [*app.markdown, *app.caption])
    return said.replace("\\", "").replace("\N{NO-BREAK SPACE}", "")


def frames(app):
    return [frame.value for frame in app.dataframe]


def test_problems_by_cause_with_their_objects_on_demand(api, sync, run_page):
    for bug in api.customer.bugs[:3]:
        bug["known"] = "yes"
    api.customer.bugs.append(payload("bug", id="none"))
    assert sync().status == "partial"
    app = run_page("data")
    assert not app.exception
    groups = next(frame for frame in frames(app) if "Objects" in frame)
    assert groups[["What", "Field", "Objects"]].values.tolist() == [
        ["bug", "known", 3],
        ["bug", "id", 1],
    ]
    assert not [frame for frame in frames(app) if "What was sent" in frame]
    app.selectbox(key="data_cause").select(0).run()
    objects = next(frame for frame in frames(app) if "What was sent" in frame)
    assert sorted(objects["Id"]) == ["990001", "990002", "990003"]
    assert set(objects["What was sent"]) == {"'yes'"}


def test_what_is_no_longer_in_the_source_is_listed(api, sync, run_page):
    sync()
    assert "No longer in the source" not in [header.value for header in run_page("data").subheader]
    del api.customer.bugs[0]
    sync()
    app = run_page("data")
    gone = next(frame for frame in frames(app) if "Noticed" in frame)
    assert gone[["What", "Id"]].values.tolist() == [["Bug report", 990001]]


def on_time(app):
    """What the page says of each source."""
    (sources,) = (frame for frame in frames(app) if "On time" in frame)
    return [said[2:] for said in sources["On time"]]


def test_freshness_is_judged_by_the_target_and_says_it(api, sync, run_page, monkeypatch):
    sync()
    assert on_time(run_page("data"))[:2] == ["On time", "On time"]
    assert on_time(run_page("overview")) == on_time(run_page("data"))
    monkeypatch.setenv("TOUCHSTONE_SYNC_INTERVAL_SECONDS", "1")
    time.sleep(2.1)
    assert on_time(run_page("data"))[:2] == ["Late", "Late"]


@pytest.fixture
def begun(api):
    """The first sync of the account, which runs in another process."""
    store = open_store(load_settings().database_url)
    store.ensure_account("acme", "Acme")
    counts = {"bug": {"added": 6_000, "changed": 0, "unchanged": 0, "removed": 0, "refused": 0}}
    with store.write("acme", quiet=True) as unit:
        take_lease(unit)
        unit.upsert(
            SyncRun,
            [
                {
                    "id": 99,
                    "source": "testio",
                    "status": "running",
                    "started_at": clock.now() - timedelta(seconds=300),
                    "step": "cycles",
                    "done": 25,
                    "total": 100,
                    "requests": 12,
                    "counts": counts,
                    "message": "25 test cycles and 6,000 bugs read",
                }
            ],
        )
    store.close()


def test_what_runs_in_another_process_is_shown_with_its_pace(begun, run_page):
    app = run_page("data")
    assert not app.exception
    said = texts(app)
    assert "12 requests" in said
    assert "6,000 objects read, 20 a second" in said
    assert "left" in said
    assert "process" in said
    assert app.button(key="data_sync").disabled
    assert app.button(key="data_sync_full").disabled


def test_the_first_run_has_a_checklist_on_every_page(api, sync, run_page):
    app = run_page("weekly_review")
    assert "✓ The token is entered" in texts(app)
    assert "○ The source can be reached" in texts(app)
    app.button(key="first_run_test").click().run()
    assert [*app.error] == []
    assert app.toast[0].value.replace("\\", "") == "The source answers, with 2 products."
    assert "✓ The source can be reached" in texts(app)
    sync()
    assert "The source can be reached" not in texts(run_page("overview"))


def test_a_source_that_is_not_reached_is_told(api, run_page, monkeypatch):
    monkeypatch.setenv("TESTIO_CUSTOMER_API_BASE_URL", "http://127.0.0.1:9")
    app = run_page("overview")
    app.button(key="first_run_test").click().run()
    assert "cannot be reached" in app.error[0].value
    assert "○ The source can be reached" in texts(app)


def test_no_figure_is_shown_while_the_first_sync_runs(begun, run_page):
    store = open_store(load_settings().database_url)
    with store.write("acme") as unit:
        save_cycles(unit, [parse_cycle(payload("cycle"))])
    store.close()
    app = run_page("customer_engagement")
    assert "The first sync runs" in texts(app)
    assert "6,000 objects read, 20 a second" in texts(app)
    assert not app.metric
    app.button(key="first_run_hide").click().run()
    assert app.metric


def test_a_sync_is_started_and_its_run_is_shown(api, run_page):
    app = run_page("data")
    assert "Nothing has been synced yet." in texts(app)
    app.button(key="data_sync_full").click().run()
    until = time.monotonic() + 10
    while "12 new" not in texts(app):
        assert time.monotonic() < until
        time.sleep(0.1)
        app.run()
    history = next(frame for frame in frames(app) if "Requests" in frame)
    assert history["Status"].tolist() == ["done"]
    assert history["Requests"].tolist()[0] > 0
