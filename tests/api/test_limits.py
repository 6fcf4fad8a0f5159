import threading

import pytest
from starlette.applications import Starlette

from core.access import rate_limits
from core.access.rate_limits import TokenBuckets
from core.api import ROUTES, access
from core.api.access import retry_after
from core.feedback import feedback_list, write_batcher
from core.store import ApiToken, Scope, engine, table
from tests.api.conftest import TestClient, forget
from tests.draws import within

URL = "/api/v1/feedback"


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""

    class Clock:
        now = 1_000.0

    monkeypatch.setattr(access.time, "monotonic", lambda: Clock.now)
    return Clock


@pytest.fixture
def open_account(monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_ANONYMOUS_FEEDBACK", "acme")


def nameless(vote, **changes):
    return vote(technician_email=..., **changes)


def test_a_bucket_gives_its_burst_and_fills_by_the_clock(clock):
    buckets = TokenBuckets()
    taken = [buckets.take("a", burst=3, seconds=60) for _ in range(4)]
    assert taken == [0, 0, 0, 20]
    clock.now += 19.5
    assert buckets.take("a", burst=3, seconds=60) == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take("a", burst=3, seconds=60) == 0
    clock.now += 10_000
    assert [buckets.take("a", burst=3, seconds=60) for _ in range(4)] == [0, 0, 0, 20]
    assert buckets.take("b", burst=3, seconds=60) == 0


def test_memory_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(rate_limits, "MOST_KEYS", 100)
    buckets = TokenBuckets()
    for n in range(1_000):
        buckets.take(n, burst=1, seconds=60)
    assert len(buckets._left) == 100
    assert buckets.take(999, burst=1, seconds=60) == 60


def test_threads_get_no_more_than_there_is(clock):
    buckets, got = TokenBuckets(), []

    def takes():
        got.extend(buckets.take("a", burst=100, seconds=60) == 0 for _ in range(200))

    threads = [threading.Thread(target=takes) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 100


@pytest.mark.parametrize(("wait", "said"), [(0.01, "1"), (1.0, "1"), (1.2, "2"), (60, "60")])
def test_retry_after_is_enough(wait, said):
    assert retry_after(wait) == said


def test_a_rater_has_30_votes_a_minute(client, vote, clock):
    statuses = [client.post(URL, json=vote(ticket_id=f"T-{n}")).status_code for n in range(31)]
    assert statuses == [201] * 30 + [429]
    told = client.post(URL, json=vote(ticket_id="T-30"))
    assert told.json()["error"]["code"] == "too_many_requests"
    assert told.headers["Retry-After"] == "2"
    assert client.post(URL, json=vote(technician_email="bob@example.org")).status_code == 201
    clock.now += 2
    assert client.post(URL, json=vote(ticket_id="T-30")).status_code == 201


def test_a_token_has_its_own_limit(client, store, vote, clock):
    with store.write("acme") as unit:
        unit.session.connection().execute(table(ApiToken).update().values(per_second=3))
    statuses = [client.get(URL).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    told = client.post(URL, json=vote())
    assert (told.status_code, told.headers["Retry-After"]) == (429, "1")
    clock.now += 1
    assert client.post(URL, json=vote()).status_code == 201


def test_an_address_without_a_token_has_30_a_minute(open_account, anyone, vote, clock):
    statuses = [
        anyone.post(URL, json=nameless(vote, ticket_id=f"T-{n}")).status_code for n in range(31)
    ]
    assert statuses == [201] * 30 + [429]
    # What a client says of its address counts for nothing.
    headers = {"X-Forwarded-For": "203.0.113.9"}
    assert anyone.post(URL, json=nameless(vote), headers=headers).status_code == 429


def test_limits_are_settings(open_account, anyone, vote, monkeypatch, clock):
    monkeypatch.setenv("TOUCHSTONE_ADDRESS_VOTES_PER_MINUTE", "2")
    statuses = [anyone.post(URL, json=nameless(vote)).status_code for _ in range(3)]
    assert statuses == [201, 200, 429]


def test_behind_a_trusted_proxy_the_address_is_the_one_it_saw(
    open_account, store, vote, monkeypatch, clock
):
    monkeypatch.setenv("TOUCHSTONE_ADDRESS_VOTES_PER_MINUTE", "1")
    monkeypatch.setenv("TOUCHSTONE_TRUSTED_PROXIES", "10.0.0.0/8")
    client = TestClient(Starlette(routes=ROUTES), client=("10.1.2.3", 4_000))

    def posts(forwarded):
        headers = {"X-Forwarded-For": forwarded}
        return client.post(URL, json=nameless(vote), headers=headers).status_code

    assert posts("198.51.100.1") == 201
    assert posts("198.51.100.1, 10.9.9.9") == 429
    assert posts("6.6.6.6, 198.51.100.1") == 429, "what stands before is anyone's word"
    assert posts("198.51.100.2") == 201
    assert posts("2001:db8::1") == 201
    assert posts("2001:db8::2") == 429, "one household"
    assert posts("nonsense") == 201, "then it is the proxy itself"


def test_a_server_that_believes_loopback_fools_nobody(open_account, store, vote, monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_ADDRESS_VOTES_PER_MINUTE", "1")
    # Port 0: the address was taken from X-Forwarded-For.
    for address, expected in (("198.51.100.1", 201), ("198.51.100.2", 429)):
        client = TestClient(Starlette(routes=ROUTES), client=(address, 0))
        assert client.post(URL, json=nameless(vote)).status_code == expected


def test_without_a_token_only_where_the_account_allows_it(open_account, anyone, store, vote):
    assert anyone.post(URL, json=nameless(vote, tenant_id="other")).status_code == 401
    assert anyone.post(URL, json=nameless(vote, tenant_id="nobody")).status_code == 401
    assert anyone.get(URL).status_code == 401
    named = anyone.post(URL, json=vote())
    assert (named.status_code, named.json()["error"]["field"]) == (422, "technician_email")
    assert anyone.post(URL, json=nameless(vote, id="f-1")).status_code == 201
    assert anyone.post(URL, json=nameless(vote, id="f-1", ticket_id="T-2")).status_code == 201
    assert feedback_list(Scope(store, "acme"))[1] == 2


def test_a_wrong_token_is_not_better_than_none(open_account, anyone, vote):
    told = anyone.post(URL, json=nameless(vote), headers={"Authorization": "Bearer wrong"})
    assert told.status_code == 401


def test_a_store_that_is_busy_is_503_and_takes_the_vote_later(client, store, vote, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_MILLISECONDS", 100)
    client.get(URL)
    with store.write("other"):
        told = client.post(URL, json=vote())
    assert told.status_code == 503
    assert told.headers["Retry-After"] == "1"
    assert told.json()["error"]["code"] == "busy"
    assert client.post(URL, json=vote()).status_code == 201


def test_a_queue_that_is_full_is_503(client, store, vote, monkeypatch):
    monkeypatch.setattr(write_batcher, "MOST_WAITING", 0)
    assert client.post(URL, json=vote()).status_code == 503


def test_a_setting_without_sense_is_503_and_told(client, vote, monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_CORS_ORIGINS", "*")
    forget()
    told = client.post(URL, json=vote())
    assert told.status_code == 503
    assert "TOUCHSTONE_CORS_ORIGINS" in told.json()["error"]["message"]


def test_a_bug_is_500_in_json(client, monkeypatch, caplog):
    monkeypatch.setattr("core.api.feedback.feedback_list", lambda *_, **__: 1 / 0)
    told = client.get(URL)
    assert told.status_code == 500
    assert told.json()["error"]["code"] == "internal_error"
    assert "ZeroDivisionError" in caplog.text


def repeated(number):
    names = [*range(number), number - 1]
    return "{" + ",".join(f'"{n:x}":1' for n in names) + "}"


@pytest.mark.usefixtures("open_account")
def test_a_key_that_comes_again_after_many_is_refused_in_no_time(anyone):
    body = repeated(40_000)
    with within(0.2):
        answer = anyone.post(URL, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "9c3f")


def test_many_parameters_are_looked_through_once(client):
    query = "&".join(f"p{n}=1" for n in range(4_000)) + "&p3999=2"
    with within(0.2):
        answer = client.get(f"{URL}?tenant_id=acme&{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "p3999")


def test_problems_of_a_large_push_are_counted_and_some_are_listed(client):
    lines = "\n".join(["1"] * 30_000)
    record = (
        '{"id": "a", "status": "pending", "created_at": "2026-11-20T10:00:00Z", "ticket_id": 1.5}'
    )
    headers = {"Content-Type": "application/x-ndjson"}
    answer = client.post("/api/v1/enhancements", content=f"{record}\n{lines}", headers=headers)
    told = answer.json()
    assert (answer.status_code, told["added"], told["refused"]) == (201, 1, 30_000)
    assert (told["problem_count"], len(told["problems"])) == (30_001, 100)
