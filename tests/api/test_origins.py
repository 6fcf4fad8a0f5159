import pytest

from core.base.errors import ConfigError
from core.base.settings import load_settings

URL = "/api/v1/feedback"
SITE = "https://desk.example.org"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


@pytest.fixture
def listed(monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_CORS_ORIGINS", f"http://127.0.0.1:9000, {SITE}")


def test_a_listed_site_may(listed, client, vote):
    preflight = client.options(URL, headers={"Origin": SITE} | ASKS)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == SITE
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "content-type", "idempotency-key"} <= set(allowed.split(", "))
    posted = client.post(URL, json=vote(), headers={"Origin": SITE})
    assert posted.status_code == 201
    assert posted.headers["Access-Control-Allow-Origin"] == SITE
    assert posted.headers["Vary"] == "Origin"
    for answer in (preflight, posted):
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_listed_site_can_read_its_errors(listed, anyone, vote):
    told = anyone.post(URL, json=vote(), headers={"Origin": SITE})
    assert told.status_code == 401
    assert told.headers["Access-Control-Allow-Origin"] == SITE


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"{SITE}.evil.example", "null", "http://[", f"{SITE}:444"]
)
def test_another_site_may_not(listed, client, vote, origin):
    for told in (
        client.options(URL, headers={"Origin": origin} | ASKS),
        client.post(URL, json=vote(), headers={"Origin": origin}),
        client.get(URL, headers={"Origin": origin}),
    ):
        assert told.status_code == 403
        assert "Access-Control-Allow-Origin" not in told.headers
    assert client.get(URL).json()["count"] == 0


def test_by_default_no_site_may_but_the_own_one(client, vote):
    assert client.options(URL, headers={"Origin": SITE} | ASKS).status_code == 403
    assert client.post(URL, json=vote(), headers={"Origin": "http://testserver"}).is_success


def test_options_names_the_methods(client):
    told = client.options(URL)
    assert (told.status_code, told.content) == (204, b"")
    assert told.headers["Allow"] == "POST, GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOUCHSTONE_CORS_ORIGINS", "*"),
        ("TOUCHSTONE_CORS_ORIGINS", "https://desk.example.org/path"),
        ("TOUCHSTONE_CORS_ORIGINS", "desk.example.org"),
        ("TOUCHSTONE_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("TOUCHSTONE_RATER_VOTES_PER_MINUTE", "0"),
        ("TOUCHSTONE_ADDRESS_VOTES_PER_MINUTE", "many"),
    ],
)
def test_a_setting_without_sense_is_told(name, value):
    with pytest.raises(ConfigError, match=name):
        load_settings({name: value})


def test_settings_may_be_lists_in_the_secrets_file(tmp_path):
    (tmp_path / "s.toml").write_text(f'TOUCHSTONE_CORS_ORIGINS = ["{SITE}", "http://a:1"]\n')
    assert load_settings({}, tmp_path / "s.toml").cors_origins == (SITE, "http://a:1")
