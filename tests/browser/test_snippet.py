"""The widget for other sites, on a page of another origin in a real browser."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.base import clock
from core.base.settings import ROOT
from core.feedback import feedback_list
from core.store import Scope
from tests.stores import open_store


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def other_site(tmp_path):
    """A folder that another origin serves."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def widget(other_site, chromium):
    """A function that opens the widget, set to a server, and gives the page."""
    folder, origin = other_site
    contexts = []

    def opens(server):
        text = (ROOT / "docs" / "feedback-widget.html").read_text(encoding="utf-8")
        text = re.sub(r'data-url="[^"]*"', f'data-url="{server.url}"', text)
        text = text.replace('data-tenant="acme"', 'data-tenant="demo"')
        (folder / "index.html").write_text(text, encoding="utf-8")
        contexts.append(chromium.new_context())
        page = contexts[-1].new_page()
        page.goto(origin)
        return page

    yield opens
    for context in contexts:
        context.close()


def sends(page, choice, comment, expected):
    page.get_by_label(choice, exact=True).check()
    page.get_by_label("Comment").fill(comment)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("status").filter(has_text=expected).wait_for(timeout=15_000)


def test_votes_from_another_site_arrive(start, demo_url, other_site, widget):
    server = start(TOUCHSTONE_CORS_ORIGINS=other_site[1], TOUCHSTONE_ANONYMOUS_FEEDBACK="demo")
    page = widget(server)
    sends(page, "5 stars", "<b>Très bien</b> 👍", "Thank you.")
    sends(page, "Thumbs down", "", "Thank you.")
    sends(widget(server), "Thumbs up", "someone else", "Thank you.")
    store = open_store(demo_url)
    today = clock.now().date()
    votes = feedback_list(Scope(store, "demo"), start=today, limit=1_000)[0]
    store.close()
    said = sorted((one.thumb, one.rating, one.comment) for one in votes if one.ticket_id == "T-1")
    assert said == [("down", 5, "<b>Très bien</b> 👍"), ("up", None, "someone else")]
    assert all(one.rater.startswith("anonymous:") for one in votes if one.ticket_id == "T-1")


def test_a_site_that_is_not_listed_is_refused(start, demo_url, widget):
    server = start(
        TOUCHSTONE_CORS_ORIGINS="https://desk.example.org", TOUCHSTONE_ANONYMOUS_FEEDBACK="demo"
    )
    sends(widget(server), "5 stars", "", "This could not be sent")


def test_an_account_that_wants_tokens_says_so(start, demo_url, other_site, widget):
    server = start(TOUCHSTONE_CORS_ORIGINS=other_site[1])
    sends(widget(server), "5 stars", "", "Send a token")
