"""The dashboard as people have it: a server in a process of its own, and a real browser."""

import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.commands import environment
from tests.forked import Fork, dashboard

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# Without a window it takes half the time; either is Debian's.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
# Nothing has to be seen moving, and a fifth of the time went into that.
WINDOW = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


AXE = Axe().axe_script
# What axe finds serious in a page, but for what is known of Streamlit's own markup.
FAULTS = """async (known) => (await axe.run(document, {
    resultTypes: ["violations"], rules: {"target-size": {enabled: true}},
})).violations.filter(({impact}) => ["serious", "critical"].includes(impact)).flatMap(
    ({id, nodes}) => nodes.filter(({target}) =>
        !(known[id] && document.querySelector(target[0])?.closest(known[id]))
    ).map(({html, failureSummary}) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)
)"""
STREAMLITS_OWN = {
    # The entries of the phone's menu are in a box of their section, inside the list.
    "list": '[data-testid="stSidebarNav"]',
    "listitem": '[data-testid="stSidebarNav"]',
    # A required box says so on its group, which has no such attribute.
    "aria-allowed-attr": '[data-testid="stDateTimeInputField"]',
}
SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(
    ...list.getEntries().filter((one) => !one.hadRecentInput).map((one) => one.value)
)).observe({type: "layout-shift", buffered: true});"""


@dataclass(frozen=True)
class Server:
    url: str
    log: Path

    @property
    def demo(self):
        """The file of its demo store."""
        return self.log.parent / "touchstone-demo.db"

    def settled_log(self):
        return self.log.read_text(encoding="utf-8")


def started_server(port, settings, log):
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env=environment(**settings),
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def forked_server(port, settings, log):
    return Fork(partial(dashboard, port), settings, log)


def serve(folder, *, begin=started_server, **settings):
    """Start the dashboard with its stores in a folder; answers with the process and the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"TOUCHSTONE_DATABASE_URL": f"sqlite:///{folder}/touchstone.db"} | settings
    log = folder / "server.log"
    process = begin(port, settings, log)
    server = Server(f"http://127.0.0.1:{port}", log)
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{server.url}/_stcore/health").status_code == 200:
                return process, server
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline or process.poll() is not None:
            process.kill()
            pytest.fail(f"The server did not start:\n{server.settled_log()}")
        time.sleep(0.1)


@pytest.fixture
def start(tmp_path):
    """Start servers that are stopped after the test."""
    processes = []

    def starts(**settings):
        process, server = serve(tmp_path, begin=forked_server, **settings)
        processes.append(process)
        return server

    yield starts
    for process in processes:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def own_demo_server(start, demo_url):
    """A dashboard on demo data of the test's own, to write to."""
    return start()


def _on_a_demo(folder, demo_file):
    shutil.copy(demo_file, folder / "touchstone-demo.db")
    process, server = serve(folder, begin=forked_server)
    yield server
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory, demo_file):
    """A dashboard on demo data for all tests that only read."""
    yield from _on_a_demo(tmp_path_factory.mktemp("server"), demo_file)


@pytest.fixture(scope="module")
def module_server(tmp_path_factory, demo_file):
    """A dashboard on demo data for tests of a module which write to different tables."""
    yield from _on_a_demo(tmp_path_factory.mktemp("server"), demo_file)


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """Someone at a browser, who notes what goes wrong."""

    def __init__(self, page, server):
        self.page = page
        self.server = server
        self.outside = []
        self.errors = []
        self.schemes = ["light", "dark"]
        page.add_init_script(SHIFTS)
        page.on("request", self._note_request)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note_refusal)

    def _note_refusal(self, message):
        if "Content Security Policy" in message.text:
            self.errors.append(message.text)

    def _note_request(self, request):
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.outside.append(request.url)

    def opens(self, path):
        self.page.goto(f"{self.server.url}/{path}")
        self.settles()

    def figure(self, label):
        """The value on the card of that name; cards are drawn one by one, in any order."""
        card = self.page.locator('[data-testid="stMetric"]', has_text=label)
        return card.locator('[data-testid="stMetricValue"]').inner_text()

    def widths(self):
        """How wide the page is in the light and in the dark, in pixels.

        It begins with what is shown: to change between the two draws all charts anew.
        """
        found = {}
        for scheme in self.schemes:
            self.page.emulate_media(color_scheme=scheme)
            found[scheme] = self.page.evaluate("document.documentElement.scrollWidth")
        self.schemes.reverse()
        return [found["light"], found["dark"]]

    def faults(self, *, width=None, scheme=None):
        """What keeps people from what is shown: the rules of axe, and the elements."""
        if width:
            self.page.set_viewport_size({"width": width, "height": 900})
        if scheme:
            self.page.emulate_media(color_scheme=scheme)
        self.settles()
        if self.page.evaluate("typeof axe") == "undefined":
            self.page.evaluate(AXE)
        return self.page.evaluate(FAULTS, STREAMLITS_OWN)

    def shift(self):
        """How far the page has moved by itself while it was loaded: the cumulative layout shift."""
        return self.page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)")

    def settles(self):
        self.page.wait_for_selector(READY, timeout=30_000)
        self.page.wait_for_timeout(300)
        self.page.wait_for_selector(READY, timeout=30_000)


@pytest.fixture
def visit(chromium):
    contexts = []

    def visits(server, **context):
        contexts.append(chromium.new_context(**(WINDOW | context)))
        return Visitor(contexts[-1].new_page(), server)

    yield visits
    for context in contexts:
        context.close()
