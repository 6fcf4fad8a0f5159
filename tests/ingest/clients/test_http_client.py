import logging
import traceback
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from core.base import clock
from core.base.errors import (
    ConfigError,
    SourceError,
    SourceRefused,
    SourceUnreachable,
    SourceUnreadable,
)
from core.ingest.clients.concurrency import RateLimiter
from core.ingest.clients.http import RetryPolicy, SourceClient, SourceFailed, SourceMissing

TOKEN = "tok-3f9a1c7e5b2d"
FAST = RetryPolicy(attempts=3, wait_initial=0, wait_max=0, wait_jitter=0)


def client(answers, *, base_url="https://api.example/v2", token=TOKEN, retry=FAST):
    """A client whose requests are answered, or failed, in turn; the last answer stays."""
    asked = []

    def handle(request):
        answer = answers[min(len(asked), len(answers) - 1)]
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    made = SourceClient(
        base_url,
        address_setting="THE_ADDRESS",
        token=token,
        token_setting="THE_TOKEN",
        retry=retry,
        transport=httpx.MockTransport(handle),
    )
    made.asked = asked
    return made


def failure(answers, **options):
    """The error that asking ends with, and the client that asked."""
    asking = client(answers, **options)
    with pytest.raises(SourceError) as caught:
        asking.get("/products")
    return caught.value, asking


def test_the_token_and_the_path_below_the_base_are_sent():
    asking = client([httpx.Response(200, json={"products": []})])
    assert asking.get("/products", {"page": 2}) == {"products": []}
    (request,) = asking.asked
    assert str(request.url) == "https://api.example/v2/products?page=2"
    assert request.headers["Authorization"] == f"Token {TOKEN}"
    assert asking.requests == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_not_tried_again(status):
    error, asking = failure([httpx.Response(status)])
    assert type(error) is SourceRefused
    assert str(error) == (
        f"api.example refused the token ({status}): check THE_TOKEN, then sync again."
    )
    assert asking.requests == 1


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (httpx.ConnectError("no route"), "cannot be reached"),
        (httpx.ConnectTimeout("slow"), "cannot be reached"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), "certificate"),
        (httpx.ReadTimeout("slow"), "did not answer"),
        (httpx.RemoteProtocolError("peer closed"), "broke off"),
        (httpx.ReadError("reset"), "broke off"),
        (httpx.DecodingError("bad gzip"), "broke off"),
    ],
)
def test_a_broken_connection_is_tried_again_and_then_told(broken, words):
    error, asking = failure([broken])
    assert isinstance(error, SourceUnreachable)
    assert words in str(error)
    assert "api.example" in str(error)
    assert asking.requests == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504, 524])
def test_a_failing_server_is_tried_again_and_then_told(status):
    error, asking = failure([httpx.Response(status)])
    assert type(error) is SourceFailed
    assert f"({status})" in str(error)
    assert asking.requests == 3


def test_what_works_on_the_second_try_works():
    answers = [httpx.Response(500), httpx.ReadError("reset"), httpx.Response(200, json=[1])]
    asking = client(answers)
    assert asking.get("/products") == [1]
    assert asking.requests == 3


@pytest.mark.parametrize("status", [413, 414, 504, 524])
def test_a_divisible_question_that_is_too_large_is_not_asked_twice(status):
    asking = client([httpx.Response(status)])
    with pytest.raises(SourceFailed):
        asking.get("/bugs", divisible=True)
    assert asking.requests == 1


def test_a_divisible_question_that_takes_too_long_is_not_asked_twice():
    asking = client([httpx.ReadTimeout("slow")])
    with pytest.raises(SourceFailed):
        asking.get("/bugs", divisible=True)
    assert asking.requests == 1


def test_too_many_requests_are_told_after_the_last_try():
    error, asking = failure([httpx.Response(429)])
    assert type(error) is SourceUnreachable
    assert "allows no more requests (429)" in str(error)
    assert asking.requests == 3


@pytest.mark.parametrize(
    ("retry_after", "bound", "waited"),
    [
        ("7", 60, 7),
        ("7", 3, 3),
        ("0", 60, 0),
        (timedelta(hours=1), 5, 5),
        (-timedelta(hours=1), 5, 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_the_server_asks_for_is_obeyed_within_bounds(
    monkeypatch, status, retry_after, bound, waited
):
    if isinstance(retry_after, timedelta):
        retry_after = format_datetime(clock.now() + retry_after, usegmt=True)
    rested = []
    monkeypatch.setattr(
        RateLimiter, "back_off", lambda self, seconds, jitter: rested.append(seconds)
    )
    limited = httpx.Response(status, headers={"Retry-After": retry_after})
    retry = RetryPolicy(attempts=3, retry_after_max=bound)
    assert client([limited, httpx.Response(200, json={})], retry=retry).get("/x") == {}
    assert rested == [waited or retry.wait_initial]


@pytest.mark.parametrize("retry_after", ["soon", "-5", "1.5", ""])
def test_a_wait_that_makes_no_sense_is_the_usual_one(monkeypatch, retry_after):
    slept = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    limited = httpx.Response(429, headers={"Retry-After": retry_after})
    retry = RetryPolicy(attempts=2, wait_initial=0.5, wait_jitter=0)
    assert client([limited, httpx.Response(200, json={})], retry=retry).get("/x") == {}
    assert slept == [0.5]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status):
    elsewhere = httpx.Response(status, headers={"Location": "https://elsewhere.example/"})
    error, asking = failure([elsewhere])
    assert type(error) is SourceUnreadable
    assert "a redirect, which is not followed" in str(error)
    assert len(asking.asked) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_path_that_is_not_there(status):
    error, asking = failure([httpx.Response(status)])
    assert type(error) is SourceMissing
    assert asking.requests == 1


@pytest.mark.parametrize("status", [201, 204, 400, 422])
def test_an_answer_that_the_api_does_not_give(status):
    error, asking = failure([httpx.Response(status)])
    assert type(error) is SourceUnreadable
    assert asking.requests == 1


@pytest.mark.parametrize(
    "page",
    [
        httpx.Response(200, html="<!doctype html><p>Sign in</p>"),
        httpx.Response(200, content=b"\n <html></html>"),
    ],
)
def test_a_web_page_is_not_json(page):
    error, asking = failure([page])
    assert type(error) is SourceUnreadable
    assert "a web page instead of JSON" in str(error)
    assert "Sign in" not in str(error)
    assert asking.requests == 1


@pytest.mark.parametrize(
    "body",
    [b'{"products": [{"id": 1', b"", b"\xff\xfe\xfd", b'{"a": "\xc3', b"[" * 100_000, b"oops"],
)
def test_damaged_json_is_tried_again_and_then_told(body):
    error, asking = failure([httpx.Response(200, content=body)])
    assert type(error) is SourceUnreadable
    assert "cut off or damaged" in str(error)
    assert asking.requests == 3


@pytest.mark.parametrize(
    "url", ["", "api.example", "ftp://api.example", "https://", "https://a\0b"]
)
def test_an_address_of_no_sense(url):
    with pytest.raises(ConfigError, match="THE_ADDRESS"):
        client([], base_url=url)


@pytest.mark.parametrize("token", ["", " x", "x\n", "tök", "a\0b"])
def test_a_token_of_no_sense_is_refused_without_being_shown(token):
    with pytest.raises(ConfigError, match="THE_TOKEN") as caught:
        client([], token=token)
    assert caught.value.__context__ is None
    assert repr(token)[1:-1] not in str(caught.value) or not token


def test_a_name_and_password_in_the_address_are_left_out():
    asking = client([httpx.Response(200, json={})], base_url="https://ana:pw@api.example:8443/v2")
    asking.get("/x")
    assert str(asking.asked[0].url) == "https://api.example:8443/v2/x"
    assert asking.asked[0].headers["Authorization"] == f"Token {TOKEN}"
    assert asking.host == "api.example:8443"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, text=TOKEN),
        httpx.Response(500, headers={"X-Echo": TOKEN}),
        httpx.Response(302, headers={"Location": f"https://elsewhere.example/{TOKEN}"}),
        httpx.Response(200, content=f"<p>{TOKEN}</p>".encode()),
        httpx.Response(200, content=f'{{"{TOKEN}'.encode()),
        httpx.LocalProtocolError(f"Illegal header value b'Token {TOKEN}'"),
        httpx.ConnectError(TOKEN),
    ],
)
def test_the_token_stands_nowhere(caplog, answer):
    caplog.set_level(logging.DEBUG)
    error, asking = failure([answer])
    shown = [*traceback.format_exception(error), repr(error), str(error), repr(asking)]
    shown += [record.getMessage() for record in caplog.records]
    shown += [repr(record.__dict__) for record in caplog.records]
    assert not [text for text in shown if TOKEN in text]
    # Nothing hangs on to the request, whose headers hold it.
    assert error.__cause__ is None
    assert error.__context__ is None


def test_no_token_is_sent_where_there_is_none():
    asking = client([httpx.Response(200, json={})], token=None)
    asking.get("/x")
    assert "Authorization" not in asking.asked[0].headers
