"""Headers by which browsers keep other sites away, on what the API answers and on pages."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from core.api import ROUTES
from core.api.headers import with_page_headers
from core.base.errors import ConfigError
from core.base.settings import load_settings


def policy(answer):
    found = {}
    for part in answer.headers["Content-Security-Policy"].split(";"):
        name, *sources = part.split()
        found[name] = sources
    return found


@pytest.fixture
def pages(anyone):
    """A client of the routes with pages around them."""

    async def page(_request):
        return PlainTextResponse("page", headers={"Referrer-Policy": "no-referrer"})

    app = Starlette(routes=[*ROUTES, Route("/{path:path}", page)])
    return type(anyone)(with_page_headers(app))


@pytest.mark.parametrize(
    "path",
    ["/api/v1/openapi.json", "/api/v1/feedback", "/api/none", "/metrics", "/calendar/acme.ics"],
)
def test_what_the_api_answers_is_no_page(anyone, pages, path):
    for client in (anyone, pages):
        answer = client.get(path)
        assert policy(answer) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_an_answer_to_a_vote_has_them(client, vote):
    for body in (vote(), vote(feedback_type="love")):
        answer = client.post("/api/v1/feedback", json=body)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Security-Policy" in answer.headers


def test_no_site_frames_a_page(pages):
    answer = pages.get("/weekly_review")
    assert answer.text == "page"
    assert policy(answer)["frame-ancestors"] == ["'none'"]
    assert policy(answer)["default-src"] == ["'self'"]
    assert "'unsafe-inline'" not in policy(answer)["script-src"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # What a page says itself stands.
    assert answer.headers.get_list("Referrer-Policy") == ["no-referrer"]


@pytest.mark.parametrize("setting", ["TOUCHSTONE_FRAME_ANCESTORS", "TOUCHSTONE_CORS_ORIGINS"])
def test_listed_sites_do(pages, monkeypatch, setting):
    monkeypatch.setenv(setting, "https://desk.example.org, http://a.example:81")
    answer = pages.get("/")
    listed = ["'self'", "https://desk.example.org", "http://a.example:81"]
    assert policy(answer)["frame-ancestors"] == listed
    assert "X-Frame-Options" not in answer.headers
    assert policy(pages.get("/metrics"))["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize("listed", ["*", "desk.example.org", "https://x.org; script-src *", "a\nb"])
def test_a_list_that_is_none_is_told_and_frames_stay_shut(pages, monkeypatch, listed):
    monkeypatch.setenv("TOUCHSTONE_FRAME_ANCESTORS", listed)
    with pytest.raises(ConfigError, match="TOUCHSTONE_FRAME_ANCESTORS is"):
        load_settings()
    assert policy(pages.get("/"))["frame-ancestors"] == ["'none'"]
