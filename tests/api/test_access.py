import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.access.tokens import create_token, list_tokens, revoke_token
from core.base.errors import InputError
from core.store import ApiToken, Scope, table
from tests.api.conftest import forget

URL = "/api/v1/feedback"


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer", "Basic YTpi", "Bearer \u00e4", "nonsense"]
)
def test_a_wrong_token_is_401(anyone, vote, header):
    headers = {"Authorization": header.encode("latin-1")}
    for told in (
        anyone.post(URL, json=vote(), headers=headers),
        anyone.get(URL, headers=headers),
        anyone.get(f"{URL}/stats", headers=headers),
        anyone.post("/api/v1/enhancements", json=[], headers=headers),
    ):
        assert told.status_code == 401
        assert told.json()["error"]["code"] == "unauthorized"
        assert told.headers["WWW-Authenticate"].startswith("Bearer ")


def test_no_token_is_401(anyone, vote):
    assert anyone.post(URL, json=vote()).status_code == 401
    assert anyone.get(URL).status_code == 401


def test_a_revoked_token_is_worth_nothing_at_once(client, store, vote):
    assert client.post(URL, json=vote()).status_code == 201
    revoke_token(Scope(store, "acme"))
    # The API still remembers it: the write asks the store.
    assert client.post(URL, json=vote(ticket_id="T-2")).status_code == 401
    assert client.get(URL).status_code == 401


def test_only_the_hash_is_kept(store, token):
    with store.read() as session:
        (row,) = session.connection().execute(select(table(ApiToken))).mappings()
    assert token not in map(str, row.values())
    assert len(row["hash"]) == 64
    assert token.isascii()
    assert len(token) >= 43


def test_use_is_noted_to_the_minute(client, store):
    client.get(URL)
    until = time.monotonic() + 5
    while (used := list_tokens(store)[0].last_used_at) is None and time.monotonic() < until:
        time.sleep(0.02)
    assert used is not None
    client.get(URL)
    time.sleep(0.2)
    assert list_tokens(store)[0].last_used_at == used
    with store.write("acme") as unit:
        earlier = update(table(ApiToken)).values(last_used_at=used - timedelta(minutes=2))
        unit.session.connection().execute(earlier)
    client.get(URL)
    until = time.monotonic() + 5
    while list_tokens(store)[0].last_used_at < used and time.monotonic() < until:
        time.sleep(0.02)
    assert list_tokens(store)[0].last_used_at > used


def test_names_tell_tokens_apart(store):
    create_token(Scope(store, "acme"), "CI")
    with pytest.raises(InputError, match="already"):
        create_token(Scope(store, "acme"), "CI")
    create_token(Scope(store, "acme"))
    with pytest.raises(InputError, match="--name"):
        revoke_token(Scope(store, "acme"))
    assert revoke_token(Scope(store, "acme"), "CI").revoked_at is not None
    create_token(Scope(store, "acme"), "CI")
    assert [token.name for token in list_tokens(store, "acme")] == ["CI", "token 2", "CI"]
    assert list_tokens(store, "other") == []


def test_a_token_for_no_account_is_none(store):
    with pytest.raises(InputError, match="no account"):
        create_token(Scope(store, "nobody"))


def test_another_accounts_tenant_is_403(client, vote):
    run = {"id": "1", "status": "failed", "created_at": "2026-11-20T12:00:00Z"}
    for told in (
        client.post(URL, json=vote(tenant_id="other")),
        client.get(URL, params={"tenant_id": "other"}),
        client.get(f"{URL}/stats", params={"tenant_id": "other"}),
        client.post("/api/v1/enhancements", json=[run, run | {"tenant_id": "other"}]),
    ):
        assert told.status_code == 403
        assert told.json()["error"] == {
            "code": "forbidden",
            "message": "The tenant_id is not that of the token's account.",
            "field": "tenant_id",
        }


def test_the_name_of_the_account_at_its_prometheus_is_its_own(client, vote, monkeypatch, tmp_path):
    (tmp_path / "secrets.toml").write_text(
        '[accounts.acme]\nprometheus_url = "http://p"\nprometheus.tenant_id = "tenant-7"\n'
    )
    forget()
    assert client.post(URL, json=vote(tenant_id="tenant-7")).status_code == 201


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/feedback/", "/api/v2/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "BREW"])
def test_nothing_there_is_404_in_json(anyone, path, method):
    told = anyone.request(method, path)
    assert told.status_code == 404
    assert told.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        (URL, "DELETE", "POST, GET, HEAD, OPTIONS"),
        (f"{URL}/stats", "POST", "GET, HEAD, OPTIONS"),
        ("/api/v1/enhancements", "GET", "POST, OPTIONS"),
        ("/api/v1/openapi.json", "PATCH", "GET, HEAD, OPTIONS"),
        ("/metrics", "TRACE", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_405_with_those_allowed(anyone, path, method, allowed):
    told = anyone.request(method, path)
    assert told.status_code == 405
    assert told.headers["Allow"] == allowed


def test_head_is_get_without_a_body(client):
    told = client.head(URL)
    assert told.status_code == 200
    assert told.headers["Content-Type"] == "application/json"
