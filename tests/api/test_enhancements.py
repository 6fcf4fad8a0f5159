import json

import pytest
from sqlalchemy import select

from core.store import Enhancement, table

URL = "/api/v1/enhancements"


def run(number=1, **changes):
    return {
        "id": f"run-{number}",
        "tenant_id": "acme",
        "ticket_id": f"T-{number}",
        "status": "completed",
        "processing_time_ms": 18_500,
        "created_at": "2026-11-20T12:00:00Z",
        "completed_at": "2026-11-20T12:00:18Z",
    } | changes


def stored(store):
    with store.read() as session:
        found = session.connection().execute(select(table(Enhancement))).mappings()
        return {row["id"]: dict(row) for row in found}


def counts(answer):
    return tuple(answer.json()[name] for name in ("added", "changed", "unchanged", "refused"))


def test_one_record(client, store):
    first = client.post(URL, json=run())
    assert (first.status_code, counts(first)) == (201, (1, 0, 0, 0))
    again = client.post(URL, json=run())
    assert (again.status_code, counts(again)) == (200, (0, 0, 1, 0))
    changed = client.post(URL, json=run(status="failed"))
    assert (changed.status_code, counts(changed)) == (200, (0, 1, 0, 0))
    assert stored(store)["run-1"]["status"] == "failed"


def test_a_list_keeps_what_is_good_and_tells_the_rest(client, store):
    sent = [run(1), run(2, created_at=None), 7, run(3, processing_time_ms=-1)]
    told = client.post(URL, json=sent)
    assert (told.status_code, counts(told)) == (201, (2, 0, 0, 2))
    assert [(one["record"], one["field"]) for one in told.json()["problems"]] == [
        (2, "created_at"),
        (3, "id"),
        (4, "processing_time_ms"),
    ]
    assert set(stored(store)) == {"run-1", "run-3"}


def test_lines(client, store):
    lines = [json.dumps(run(1)), "", "{no json", json.dumps(run(2, error_message="a\u2028b"))]
    body = "\r\n".join(lines).encode()
    told = client.post(URL, content=body, headers={"Content-Type": "application/x-ndjson"})
    assert (told.status_code, counts(told)) == (201, (2, 0, 0, 1))
    assert told.json()["problems"][0]["record"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], None),
        ({}, "id"),
        ({"id": "x"}, "status"),
        ({"id": "x", "status": "failed"}, "created_at"),
        (7, "id"),
        ([[]], "id"),
    ],
)
def test_nothing_that_can_be_kept_is_422(client, body, field):
    told = client.post(URL, json=body)
    assert told.status_code == 422
    assert told.json()["error"].get("field") == field


def test_sizes_and_types(client):
    assert client.post(URL, content=b"id,status\n").status_code == 415
    body, kind = b" " * 20_000_001, {"Content-Type": "application/json"}
    assert client.post(URL, content=body, headers=kind).status_code == 413
    many = client.post(URL, json=[run(n) for n in range(2_500)])
    assert counts(many) == (2_500, 0, 0, 0)
