import re
import shutil
import subprocess
import time
from datetime import timedelta

import httpx
import pytest

from core.api import feedback, feeds
from core.base import clock
from core.base.errors import StoreError
from core.base.settings import ROOT
from core.base.telemetry import PAGE_SECONDS, QUERY_SECONDS, VOTES_REFUSED
from core.feedback import cast_vote
from core.store import Scope, SyncRun

ACCOUNT = 'a"b\\c\nd'


@pytest.fixture(autouse=True)
def _nothing_cached():
    feeds._cached.clear()


@pytest.fixture
def filled(store):
    store.ensure_account(ACCOUNT, "Odd")
    cast_vote(
        Scope(store, "acme"), subject="ticket:T-1", rater="ann@example.org", thumb="up", rating=4
    )
    cast_vote(Scope(store, "acme"), subject="ticket:T-2", rater="bob@example.org", rating=5)
    cast_vote(Scope(store, "acme"), subject="page:x", rater="bob@example.org", thumb="up")
    cast_vote(Scope(store, ACCOUNT), subject="ticket:T-1", rater="ann", thumb="down")
    ended = clock.now() - timedelta(minutes=10)
    row = {"source": "testio", "status": "done", "started_at": ended, "finished_at": ended}
    with store.write("acme") as unit:
        unit.upsert(SyncRun, [{"id": 1} | row, {"id": 2} | row | {"status": "failed"}])
    return store


def lines(client):
    told = client.get("/metrics")
    assert told.status_code == 200
    assert told.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return told.text.splitlines()


def test_what_it_says(filled, anyone):
    PAGE_SECONDS.labels("engagement").observe(0.3)
    QUERY_SECONDS.labels("engagement.segments").observe(0.02)
    said = lines(anyone)
    assert 'touchstone_feedback{account="acme",type="rating"} 2.0' in said
    assert 'touchstone_feedback{account="acme",type="thumbs_up"} 1.0' in said
    assert 'touchstone_feedback_rating_average{account="acme"} 4.5' in said
    assert r'touchstone_feedback{account="a\"b\\c\nd",type="thumbs_down"} 1.0' in said
    (age,) = (s for s in said if s.startswith("touchstone_sync_age_seconds{"))
    assert age.startswith('touchstone_sync_age_seconds{account="acme",source="testio"}')
    assert 600 <= float(age.split()[-1]) < 660
    assert any(s.startswith('touchstone_page_seconds_bucket{le="0.5",page="eng') for s in said)
    assert any(s.startswith("touchstone_query_seconds_sum{") for s in said)
    (size,) = (s for s in said if s.startswith("touchstone_store_bytes "))
    assert float(size.split()[-1]) > 10_000


def test_what_is_counted_is_there_before_it_happens(anyone):
    said = lines(anyone)
    # Counters are of the process, in which other tests have voted.
    names = {one.rsplit(" ", 1)[0] for one in said}
    results = ("new", "changed", "unchanged")
    reasons = ("unauthorized", "forbidden", "too_large", "unsupported_media_type", "invalid")
    reasons += ("too_many_requests", "internal_error", "busy")
    assert {
        *(f'touchstone_votes_accepted_total{{result="{one}"}}' for one in results),
        *(f'touchstone_votes_refused_total{{reason="{one}"}}' for one in reasons),
        *(f'touchstone_page_seconds_count{{page="{key}"}}' for key in page_keys()),
    } <= names
    # No account has a vote yet.
    votes = [one for one in said if one.startswith("touchstone_feedback{")]
    assert len(votes) == 2 * 3
    assert all(one.endswith(" 0.0") for one in votes)


def page_keys():
    texts = (file.read_text(encoding="utf-8") for file in (ROOT / "pages").rglob("*.py"))
    found = {
        key
        for text in texts
        for key in re.findall(r'^ *ui\.run_page\(\s*"(\w+)"', text, re.MULTILINE)
    }
    assert len(found) == 13
    return found


def test_a_vote_that_a_locked_store_did_not_take_is_counted(client, vote, monkeypatch):
    def locked(*_, **__):
        raise StoreError("The store is locked.")

    monkeypatch.setattr(feedback, "submit_vote", locked)
    counted = VOTES_REFUSED.labels("busy")._value.get
    before = counted()
    assert client.post("/api/v1/feedback", json=vote()).status_code == 503
    assert counted() == before + 1


def test_votes_are_counted_by_result_and_refusals_by_reason(client, vote):
    client.post("/api/v1/feedback", json=vote())
    client.post("/api/v1/feedback", json=vote(feedback_type="love"))
    said = lines(client)
    assert any(s.startswith('touchstone_votes_accepted_total{result="new"}') for s in said)
    assert any(s.startswith('touchstone_votes_refused_total{reason="invalid"}') for s in said)


def test_nobody_and_no_secret_is_in_it(filled, client, token, vote):
    client.post("/api/v1/feedback", json=vote(feedback_comment="hush"))
    said = "\n".join(lines(client))
    for secret in ("ann@", "bob@", token, "hush", "T-1"):
        assert secret not in said


def test_it_is_cheap(filled, anyone, monkeypatch):
    first = lines(anyone)
    monkeypatch.setattr(feeds, "feedback_summary", lambda _: 1 / 0)
    assert lines(anyone) == first


def test_promtool_finds_nothing_wrong(filled, anyone):
    if shutil.which("promtool") is None:
        pytest.skip("Prometheus is not installed: no promtool was found")
    text = "\n".join([*lines(anyone), ""])
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_real_prometheus_reads_it(running, scraping):
    headers = {"Authorization": f"Bearer {running.token}"}
    vote = {"tenant_id": "demo", "ticket_id": "T-1", "feedback_type": "thumbs_up"}
    assert httpx.post(f"{running.url}/api/v1/feedback", json=vote, headers=headers).is_success
    prometheus = scraping(running.url)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        query = {"query": '{__name__=~"touchstone_.*"}'}
        found = httpx.get(f"{prometheus}/api/v1/query", params=query).json()["data"]["result"]
        names = {one["metric"]["__name__"] for one in found}
        if "touchstone_feedback" in names:
            break
        time.sleep(0.2)
    assert {
        "touchstone_feedback",
        "touchstone_feedback_rating_average",
        "touchstone_store_bytes",
        "touchstone_sync_age_seconds",
        "touchstone_votes_accepted_total",
    } <= names
    targets = httpx.get(f"{prometheus}/api/v1/targets").json()["data"]["activeTargets"]
    assert [(one["health"], one["lastError"]) for one in targets] == [("up", "")]
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)
