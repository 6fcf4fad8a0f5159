"""What is typed in a browser is kept, over cuts, restarts, reloads and other pages; sent once."""

import asyncio
import re
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.demo import DEMO_ACCOUNT
from core.review.actions import actions
from core.store import ReviewNote, Scope, SurveyResponse
from tests.browser.conftest import Server, forked_server, serve
from tests.browser.test_address import choose
from tests.stores import open_store

BANNER = "#keeper-banner"
SAVED = re.compile("^Saved, someone")


class Line:
    """A connection between browsers and a server, which can be cut and led to another server."""

    def __init__(self):
        self.loop, self.is_up, self.ends = asyncio.new_event_loop(), True, set()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        listening = asyncio.start_server(self._join, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(listening, self.loop).result(10)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def leads_to(self, url):
        self.port, self.is_up = int(url.rpartition(":")[2]), True

    def cut(self):
        self.is_up = False
        self.loop.call_soon_threadsafe(lambda: [end.transport.abort() for end in self.ends])

    async def _join(self, reader, writer):
        if not self.is_up:
            writer.close()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.close()
            return
        self.ends |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self.ends -= {writer, far_writer}


async def _pump(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


class House:
    """A dashboard behind a line, on a store that outlives it."""

    def __init__(self, folder, store):
        self.folder, self.line, self.store = folder, Line(), store
        self.start()

    def start(self):
        self.process, server = serve(self.folder, begin=forked_server)
        self.line.leads_to(server.url)

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=10)

    def notes(self):
        """The notes of the latest review, which is that of the test: the demo has earlier ones."""
        found = self.store.objects(ReviewNote)
        week = max(one.week for one in found)
        return {one.section: one.text for one in found if one.week == week}


@pytest.fixture
def house(tmp_path, demo_url):
    store = open_store(demo_url)
    found = House(tmp_path, Scope(store, DEMO_ACCOUNT))
    yield found
    found.kill()
    store.close()


def state(page, label, nth=0):
    """What is said beside a box."""
    box = page.get_by_label(label).nth(nth)
    return box.locator("xpath=ancestor::*[@data-testid='stElementContainer']").locator(
        ".typed-state"
    )


def test_nothing_that_is_typed_is_lost(house, visit):
    visitor = visit(Server(house.line.url, Path()))
    visitor.opens("weekly_review")
    page = visitor.page
    banner, notes = page.locator(BANNER), page.get_by_label("Notes")
    # For a moment a form that was emptied has its former boxes below the new ones.
    what = page.get_by_label("What will be done").first
    who = page.get_by_label("Who does it").first
    page.get_by_role("button", name="Begin the review").dblclick(delay=30)
    what.fill("Warm it")
    choose(page, "Should move", "p95 latency")
    page.get_by_role("spinbutton", name="year, Due").press_sequentially("2028")
    # A note saves itself while its author stays in the box.
    notes.press_sequentially("Roll back")
    expect(state(page, "Notes")).to_have_text("Not saved yet")
    expect(state(page, "Notes")).to_have_text(SAVED, timeout=20_000)
    assert house.notes() == {"carried": "Roll back"}
    # Another page and back, and a reload: by then each box is as it was left.
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("heading", name="Overview").or_(page.locator("h1")).first.wait_for()
    page.get_by_role("link", name="Review", exact=True).click()
    for again in (lambda: None, page.reload):
        again()
        expect(what).to_have_value("Warm it", timeout=20_000)
        expect(notes).to_have_value("Roll back")
        expect(page.get_by_label("Should move").first).to_have_value("p95 latency")
        for label in ("What will be done", "Should move", "year, Due"):
            expect(state(page, label)).to_have_text("Not saved yet")
    # A cut: the page says so, goes on taking what is typed, and nothing else.
    page.get_by_role("button", name="Next: Criteria").click()
    page.get_by_role("heading", name="Success criteria").wait_for()
    visitor.settles()
    notes.press_sequentially("Before")
    house.line.cut()
    expect(banner).to_contain_text("Not connected")
    page.keyboard.type(" and while it was away")
    expect(state(page, "Notes")).to_have_text("Not saved: kept here until the connection is back")
    house.line.is_up = True
    expect(banner).to_be_hidden(timeout=30_000)
    expect(state(page, "Notes")).to_have_text(SAVED, timeout=20_000)
    assert house.notes()["metrics"] == "Before and while it was away"
    # Another server: what stood here is sent to it, and the first press is carried out, once.
    notes.press_sequentially("!")
    house.kill()
    expect(banner).to_contain_text("Not connected")
    who.fill("Ann")
    house.start()
    expect(banner).to_be_hidden(timeout=30_000)
    page.get_by_role("button", name="Agree on it").dblclick(delay=30)
    expect(what).to_have_value("", timeout=15_000)
    expect(page.locator('[data-testid="stAlert"]')).to_have_count(0)
    expect(state(page, "What will be done")).to_have_count(0)
    known = [one for one in actions(house.store) if one.text == "Warm it"]
    found = [(one.owner, one.criterion_key, one.due.year) for one in known]
    assert found == [("Ann", "latency_p95", 2028)]
    expect(state(page, "Notes")).to_have_text(SAVED, timeout=20_000)
    assert house.notes()["metrics"] == "Before and while it was away!"
    assert visitor.outside == visitor.errors == []


def test_a_tab_that_is_pressed_before_the_page_is_up_again_opens_once_it_is(house, visit):
    visitor = visit(Server(house.line.url, Path()))
    visitor.opens("success_criteria?tab=Data+quality")
    page = visitor.page
    hour = page.get_by_role("spinbutton", name="hour, From")
    page.get_by_role("button", name="Add an exclusion").click()
    hour.press_sequentially("07")
    expect(state(page, "hour, From")).to_have_text("Not saved yet")
    page.keyboard.press("Escape")
    house.kill()
    expect(page.locator(BANNER)).to_contain_text("Not connected")
    house.start()
    expect(page.locator(BANNER)).to_contain_text("one moment", timeout=30_000)
    page.get_by_role("tab", name="All criteria").click()
    expect(page.get_by_role("heading", name="Change a criterion")).to_be_visible(timeout=20_000)
    page.get_by_role("tab", name="Data quality").click()
    page.get_by_role("button", name="Add an exclusion").click()
    expect(hour).to_have_text("07")
    assert visitor.outside == visitor.errors == []


def test_boxes_of_every_page_keep_what_is_typed_and_changes_of_others_beside_it(house, visit):
    visitor = visit(Server(house.line.url, Path()))
    page = visitor.page
    places = {
        "roadmap": ("Title", "Problem"),
        "explore": ("Name of this view",),
        "success_criteria?criteria_view=All+criteria": ("Owner", "Target, %"),
        "survey": ("What helps?", "Your address"),
    }
    for path, labels in places.items():
        visitor.opens(path)
        if path in {"roadmap", "explore"}:
            page.locator("summary", has_text=re.compile("Enter an|Saved views")).click()
        for n, label in enumerate(labels):
            page.get_by_label(label).first.fill(f"{n + 7}")
    for path, labels in places.items():
        visitor.opens(path)
        if path in {"roadmap", "explore"}:
            page.locator("summary", has_text=re.compile("Enter an|Saved views")).click()
        for n, label in enumerate(labels):
            expect(page.get_by_label(label).first).to_have_value(re.compile(rf"^{n + 7}(\.0+)?$"))
    # One browser answers the survey once, also after a reload, and sees what it sent.
    before = len(house.store.objects(SurveyResponse))
    for _ in range(2):
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name="your answers are in")).to_be_visible()
        page.reload()
        expect(page.get_by_label("What helps?")).to_have_value("7")
    assert len(house.store.objects(SurveyResponse)) == before + 1
    assert visitor.outside == visitor.errors == []
