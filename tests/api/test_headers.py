"""Headers by which browsers keep other sites away, on what the API answers and on pages."""

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route

from core.api import ROUTES
from core.api.headers import with_page_headers, with_page_style
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


def test_a_page_has_its_style_sheet_from_the_start_and_nothing_else_has(anyone, tmp_path):
    sheet = tmp_path / "frame.css"
    sheet.write_text("h1 {color: red}", encoding="utf-8")
    text = "<head></head><body>text</body>"

    async def served(request):
        kept = {"ETag": "old", "Asked": str(request.headers.get("If-None-Match"))}
        answer = JSONResponse if request.url.path == "/api" else HTMLResponse
        return answer(text, headers=kept)

    app = Starlette(routes=[Route("/{path:path}", served)])
    browser = type(anyone)(with_page_style(app, sheet))
    browser.headers.update({"Accept": "text/html,*/*", "If-None-Match": "old"})
    page = browser.get("/weekly_review")
    assert page.text.split() == [
        "<head></head><body>",
        "<style>",
        "h1",
        "{color:",
        "red}</style>text</body>",
    ]
    assert "ETag" not in page.headers
    assert page.headers["Asked"] == "None"
    assert browser.get("/api").json() == text
    for answer in (browser.get("/media/report.html"), browser.get("/", headers={"Accept": "*/*"})):
        assert answer.text == text
        assert answer.headers["ETag"] == answer.headers["Asked"] == "old"
