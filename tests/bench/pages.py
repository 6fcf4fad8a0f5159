"""`python -m tests.bench.pages`: how long a person waits for each page, in a real browser.

A warm server on the store of each size; for each page the median from the click to a page that
stands (its title is shown and nothing runs any more): opened, with another period, with a product.
"First" is after a change of the data, so that no figure is cached; "again" is the same once more.
"""

import argparse
import math
import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import TimeoutError as Late
from playwright.sync_api import sync_playwright
from sqlalchemy import update

from core.base import text
from core.base.settings import ROOT
from core.store import Account, table
from tests.bench.__main__ import built, machine
from tests.bench.sync import high_water_mb
from tests.browser.conftest import ARGUMENTS, CHROMIUM, READY, serve

REPEATS = 5
PAGES = (
    *("Overview", "Engagement", "Testers", "Criteria", "Feedback"),
    *("Explore", "Data", "Definitions"),
)
# What the page is opened from: another one, and a light one.
ELSEWHERE = {page: "Feedback" if page != "Feedback" else "Criteria" for page in PAGES}
STEPS = ("opened", "another period", "a product")
TARGETS = {"medium": (1.0, 0.5), "large": (2.0, 1.0)}

# Times as the browser has them: of the last click, and of each end of a run of the page.
WATCH = """
() => {
  if (window.bench) return;
  window.bench = {clicked: 0, ran: false, ended: 0};
  const app = () => document.querySelector('[data-testid="stApp"]');
  document.addEventListener('pointerdown', () => {
    Object.assign(window.bench, {clicked: performance.now(), ran: false, ended: 0});
  }, true);
  new MutationObserver(() => {
    const state = app()?.dataset.testScriptState;
    if (state === 'running') Object.assign(window.bench, {ran: true, ended: 0});
    else if (window.bench.ran && !window.bench.ended) window.bench.ended = performance.now();
  }).observe(document.body, {subtree: true, childList: true, attributes: true,
                             attributeFilter: ['data-test-script-state']});
}
"""
STANDS = """
() => window.bench.ended && document.querySelector('h1')
      && performance.now() - window.bench.ended > 250
"""
TOOK = "() => (window.bench.ended - window.bench.clicked) / 1000"


class Reader:
    """Someone who clicks through the pages, with a watch."""

    def __init__(self, page, url):
        self.page = page
        self.url = url

    def starts(self):
        self.page.goto(self.url)
        self.page.wait_for_selector(READY, timeout=120_000)
        self.page.wait_for_timeout(1_000)
        self.page.evaluate(WATCH)

    def takes(self, click):
        """Seconds from a click to a page that stands; None where nothing happens."""
        try:
            click()
            self.page.wait_for_function("() => window.bench.ran", timeout=5_000)
            self.page.wait_for_function(STANDS, timeout=60_000)
        except Late:
            return None
        return self.page.evaluate(TOOK)

    def opens(self, name):
        bar = self.page.get_by_test_id("stTopNav")
        link = bar.get_by_role("link", name=name, exact=True)
        if not link.count():
            bar.get_by_test_id("stTopNavSection").click()
            link = self.page.get_by_role("menuitem", name=name, exact=True)
        return self.takes(lambda: link.click(timeout=5_000))

    def chooses(self, kind, label, option):
        box = self.page.locator(f'[data-testid="{kind}"]', has_text=label).first
        if not box.count():
            return None
        if option and box.locator("input").first.input_value() == option:
            option = "Last 90 days"  # it is the longer period that this page opens with
        box.locator("input").first.click(timeout=5_000)
        options = self.page.get_by_role("option")
        found = options.filter(has_text=option).first if option else options.first
        took = self.takes(lambda: found.click(timeout=5_000))
        self.page.keyboard.press("Escape")
        return took

    def steps(self, name):
        """Seconds to open the page, for a longer period, and for one product."""
        opened = self.opens(name)
        longer = self.chooses("stSelectbox", "Period", "Last 12 months")
        product = self.chooses("stMultiSelect", "Products", None)
        reset = self.page.get_by_role("button", name="Reset", exact=True)
        if reset.count():  # or the page opens as it was left
            self.takes(reset.first.click)
        return opened, longer, product


def changed(store):
    """Make the store look as after a change of its data, so that nothing cached holds.

    It gets a new copy in columns, as it does from a dashboard.
    """
    account = table(Account)
    with store.engine.execution_options(writes=True).begin() as connection:
        grown = {c.name: c + 1 for c in (account.c.data_version, account.c.facts_version)}
        connection.execute(update(account).values(grown))
    store.refresh_copy()


@contextmanager
def served(size):
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{ROOT}/data/bench-{size}.db"
        process, server = serve(Path(folder), TOUCHSTONE_DATABASE_URL=address)
        try:
            yield process, server
        finally:
            process.terminate()
            process.wait(timeout=30)


def measured(browser, size, pages, repeats):
    """By page and step the seconds of the first time and of the second; and the peak memory."""
    store, _, _ = built(size)
    times = {}
    with served(size) as (process, server):
        reader = Reader(browser.new_page(viewport={"width": 1440, "height": 900}), server.url)
        reader.starts()
        for page in pages:  # every module is loaded, and every statement known
            reader.opens(page)
        for page in pages:
            for _ in range(repeats):
                for when in ("first", "again"):
                    reader.opens(ELSEWHERE[page])
                    if when == "first":
                        changed(store)
                    for step, seconds in zip(STEPS, reader.steps(page), strict=True):
                        times.setdefault((page, step, when), []).append(seconds)
            print(f"  {size}: {page}", flush=True)
        peak = high_water_mb(process.pid)
    store.close()
    return times, peak


def cell(times, page, step, when):
    known = [seconds for seconds in times.get((page, step, when), []) if seconds is not None]
    return statistics.median(known) if known else math.nan


def said(seconds):
    return text.UNKNOWN if math.isnan(seconds) else f"{seconds:.2f}"


def table_of(size, times, pages):
    target = TARGETS.get(size)
    print(f"\n{size}, seconds: first time after a change of the data / the same again")
    print(f"\n| page | {' | '.join(STEPS)} |")
    print(f"|---|{'---:|' * len(STEPS)}")
    for page in pages:
        cells = []
        for step in STEPS:
            first, again = (cell(times, page, step, when) for when in ("first", "again"))
            limit = target and (target[0] if step == "opened" else target[1])
            late = " (late)" if limit and first > limit else ""
            cells.append(f"{said(first)} / {said(again)}{late}")
        print(f"| {page} | {' | '.join(cells)} |")
    if target:
        print(f"\nTargets: opened within {target[0]} s, a filter within {target[1]} s.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="medium,large", help="of small, medium, large")
    parser.add_argument("--pages", default=",".join(PAGES), help="names as in the navigation")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    wanted = parser.parse_args()
    pages = wanted.pages.split(",")
    if CHROMIUM is None:
        print("Chromium is not installed here: pages are not measured.")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for size in wanted.sizes.split(","):
            started, load = time.monotonic(), os.getloadavg()[0]
            times, peak = measured(browser, size, pages, wanted.repeats)
            table_of(size, times, pages)
            print(
                f"Median of {wanted.repeats}; peak memory of the server {peak:,.0f} MB; "
                f"{machine()}; load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end; "
                f"measured in {time.monotonic() - started:.0f} s",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
