import json

import pytest
from sqlalchemy import func, select
from starlette.responses import PlainTextResponse

from core.access.tokens import create_token
from core.api import PostsFirst
from core.feedback import current_vote
from core.ingest.save.platform import imported_vote_id
from core.store import Account, Feedback, FeedbackVote, Scope, table
from tests.votes import vote_history

URL = "/api/v1/feedback"
JSON = {"Content-Type": "application/json"}


def count(store, model):
    with store.read() as session:
        return session.connection().execute(select(func.count()).select_from(table(model))).scalar()


def test_a_first_vote_is_201_and_a_repeat_200(client, store, vote):
    first = client.post(URL, json=vote())
    assert first.status_code == 201
    assert first.json() == {
        "id": current_vote(Scope(store, "acme"), "ticket:T-1", "ann@example.org").id,
        "status": "recorded",
        "message": "The feedback is recorded.",
    }
    again = client.post(URL, json=vote())
    assert (again.status_code, again.json()["status"]) == (200, "unchanged")
    assert again.json()["id"] == first.json()["id"]
    assert (count(store, Feedback), count(store, FeedbackVote)) == (1, 1)


def test_what_is_posted_passes_by_the_layers_of_pages(client, vote):
    asked = []

    async def page(scope, _receive, send):
        asked.append((scope["type"], scope.get("method"), scope["path"]))
        await PlainTextResponse("page")(scope, _receive, send)

    first = type(client)(PostsFirst(page), headers=client.headers)
    assert first.post("/api/v1/feedback", json=vote()).status_code == 201
    assert first.post("/api/v1/nothing", json={}).json()["error"]["code"] == "not_found"
    assert asked == []
    assert first.get("/api/v1/feedback").text == "page"
    assert first.post("/elsewhere").text == "page"
    assert asked == [("http", "GET", "/api/v1/feedback"), ("http", "POST", "/elsewhere")]


def test_a_changed_vote_keeps_its_history(client, store, vote):
    client.post(URL, json=vote(enhancement_id="E-1"))
    changed = client.post(URL, json=vote(enhancement_id="E-1", feedback_type="thumbs_down"))
    assert (changed.status_code, changed.json()["status"]) == (200, "updated")
    history = vote_history(Scope(store, "acme"), "enhancement:E-1", "ann@example.org")
    assert [one.thumb for one in history] == ["up", "down"]
    assert history[-1].ticket_id == "T-1"


def test_a_key_makes_a_repeat_harmless_whatever_came_between(client, store, vote):
    key = {"Idempotency-Key": "k1"}
    first = client.post(URL, json=vote(), headers=key)
    client.post(URL, json=vote(feedback_type="thumbs_down"))
    again = client.post(URL, json=vote(), headers=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert current_vote(Scope(store, "acme"), "ticket:T-1", "ann@example.org").thumb == "down"
    assert count(store, FeedbackVote) == 2


def test_a_key_stands_for_one_vote(client, store, vote):
    key = {"Idempotency-Key": "k1"}
    client.post(URL, json=vote(), headers=key)
    other = client.post(URL, json=vote(ticket_id="T-2"), headers=key)
    assert other.status_code == 422
    assert other.json()["error"]["field"] == "Idempotency-Key"
    assert count(store, Feedback) == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256])
def test_a_key_without_sense_is_told(client, vote, key):
    told = client.post(URL, json=vote(), headers={"Idempotency-Key": key})
    assert told.status_code == 422
    assert told.json()["error"]["field"] == "Idempotency-Key"


def test_keys_of_two_tokens_do_not_meet(client, store, vote):
    key = {"Idempotency-Key": "k1"}
    client.post(URL, json=vote(), headers=key)
    second = {"Authorization": f"Bearer {create_token(Scope(store, 'acme'), 'second')}"}
    other = client.post(URL, json=vote(ticket_id="T-2"), headers=key | second)
    assert other.status_code == 201


def test_an_own_id_makes_a_repeat_harmless_and_is_that_of_a_file(client, store, vote):
    mine = vote(id="f-1", technician_email=...)
    first = client.post(URL, json=mine)
    again = client.post(URL, json=mine | {"feedback_type": "thumbs_down"})
    assert (again.status_code, again.json()) == (201, first.json())
    with store.read() as session:
        ids = session.connection().execute(select(table(FeedbackVote).c.id)).scalars().all()
    assert ids == [imported_vote_id("f-1")]


def test_a_repeat_changes_nothing_that_a_page_caches(client, store, vote):
    key = {"Idempotency-Key": "k1"}
    client.post(URL, json=vote(), headers=key)
    version = store.data_version("acme")
    client.post(URL, json=vote(), headers=key)
    client.post(URL, json=vote(), headers={"Idempotency-Key": "k2"})
    assert store.data_version("acme") == version


def test_without_a_name_one_caller_is_one_rater(client, store, vote):
    nameless = vote(technician_email=...)
    statuses = [client.post(URL, json=nameless).status_code for _ in range(2)]
    statuses.append(client.post(URL, json=nameless | {"anonymous_id": "browser 7"}).status_code)
    assert statuses == [201, 200, 201]
    with store.read() as session:
        raters = session.connection().execute(select(table(Feedback).c.rater)).scalars().all()
    assert all(rater.startswith("anonymous:") and "browser" not in rater for rater in raters)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tenant_id": ...}, "tenant_id"),
        ({"ticket_id": ...}, "ticket_id"),
        ({"ticket_id": " "}, "ticket_id"),
        ({"ticket_id": {}}, "ticket_id"),
        ({"ticket_id": "x" * 501}, "ticket_id"),
        ({"feedback_type": "love"}, "feedback_type"),
        ({"feedback_type": None}, "feedback_type"),
        ({"feedback_type": "rating"}, "rating_value"),
        ({"feedback_type": "rating", "rating_value": 0}, "rating_value"),
        ({"feedback_type": "rating", "rating_value": 6}, "rating_value"),
        ({"feedback_type": "rating", "rating_value": 4.5}, "rating_value"),
        ({"feedback_type": "rating", "rating_value": "5"}, "rating_value"),
        ({"feedback_type": "rating", "rating_value": True}, "rating_value"),
        ({"feedback_type": "rating", "rating_value": 10**300}, "rating_value"),
        ({"rating_value": 3}, "rating_value"),
        ({"feedback_comment": "x" * 5_001}, "feedback_comment"),
        ({"feedback_comment": 7}, "feedback_comment"),
        ({"technician_email": ["a"]}, "technician_email"),
        ({"technician_email": "anonymous:1"}, "technician_email"),
    ],
)
def test_what_is_not_valid_is_told_with_its_field(client, store, vote, changes, field):
    told = client.post(URL, json=vote(**changes))
    assert told.status_code == 422
    error = told.json()["error"]
    assert (error["code"], error["field"]) == ("invalid", field)
    assert error["message"].startswith(f"{field}: ")
    assert error["message"].endswith(".")
    assert count(store, Feedback) == 0


@pytest.mark.parametrize("changes", [{"rating_value": 4.0}, {"ticket_id": 7, "rating_value": 1}])
def test_numbers_are_read_as_people_send_them(client, vote, changes):
    assert client.post(URL, json=vote(feedback_type="rating", **changes)).status_code == 201


def test_unknown_and_empty_fields_are_ignored(client, vote):
    more = {"colour": "red", "enhancement_id": "", "rating_value": None, "feedback_comment": " "}
    assert client.post(URL, json=vote(**more)).status_code == 201


@pytest.mark.parametrize(
    "text",
    [
        "a" * 5_000,
        "Спасибо, 非常好, شكرا, 👩‍🚒, e\u0301",
        "=1+1 <script>alert(1)</script> **bold** {{x}} '; DROP TABLE feedback; --",
        "  two\nlines\t ",
    ],
)
def test_a_comment_is_kept_as_it_was_given(client, vote, text):
    client.post(URL, json=vote(feedback_comment=text))
    (record,) = client.get(URL).json()["feedback"]
    assert record["feedback_comment"] == text


def test_what_no_database_takes_is_replaced(client, vote):
    body = json.dumps(vote(feedback_comment="a\0b\ud800c", technician_email="\udfff"))
    assert client.post(URL, content=body, headers=JSON).status_code == 201
    (record,) = client.get(URL).json()["feedback"]
    assert record["feedback_comment"] == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"tenant_id": "acme", "x": NaN}',
        b'{"tenant_id": "acme", "x": 1e999}',
        b'{"tenant_id": "acme", "tenant_id": "other"}',
        b'{"x": ' + b"9" * 10_000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[]",
        b"null",
        b'"text"',
    ],
)
def test_a_body_that_is_no_object_is_told(client, body):
    told = client.post(URL, content=body, headers=JSON)
    assert told.status_code == 422
    assert told.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
def test_another_type_is_415(client, vote, kind):
    told = client.post(URL, content=json.dumps(vote()), headers={"Content-Type": kind})
    assert told.status_code == 415


def test_a_charset_may_be_named(client, vote):
    kind = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    assert client.post(URL, content=json.dumps(vote()), headers=kind).status_code == 201


def test_a_large_body_is_413_and_not_read_to_its_end(client):
    parts = []

    def endless():
        for _ in range(100):
            parts.append(1)
            yield b" " * 100_000

    told = client.post(URL, content=endless(), headers=JSON)
    assert told.status_code == 413
    told = client.post(URL, content=b" " * 1_000_001, headers=JSON)
    assert told.status_code == 413
    assert told.headers["Connection"] == "close"


def test_the_other_account_has_nothing_of_it(client, store, vote):
    client.post(URL, json=vote())
    with store.read() as session:
        found = session.connection().execute(select(table(Feedback).c.account_id)).scalars().all()
        names = session.connection().execute(select(table(Account).c.id)).scalars().all()
    assert found == ["acme"]
    assert sorted(names) == ["acme", "other"]
