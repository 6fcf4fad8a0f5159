"""`python -m tests.bench.criteria`: the success criteria and an import with a million runs.

A small demo account whose runs of 56 days are a million: the reads behind the criteria page, then
the page itself in Chromium, then the command line importing as many runs into a new store.
"""

import argparse
import csv
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright
from sqlalchemy import func, insert, select
from streamlit.logger import set_log_level

from core.analytics.dates import Window, last_complete_week
from core.base import clock
from core.base.settings import ROOT
from core.criteria.days import daily_criteria
from core.criteria.quality import findings
from core.criteria.verdicts import evaluate, weekly_estimates
from core.demo import DEMO_ACCOUNT, build_demo
from core.store import Enhancement, Scope, open_store, table
from core.store.days import fill_days
from tests.bench.__main__ import MAIN_CRITERIA, machine
from tests.bench.pages import Reader
from tests.bench.sync import high_water_mb
from tests.browser.conftest import ARGUMENTS, CHROMIUM, serve
from tests.commands import environment

DAYS = 56
BATCH = 50_000
PLACE = ROOT / "data" / "bench-criteria.db"


def runs(number, now):
    """Runs as the platform has them, spread evenly over the days before."""
    draw = random.Random(7)  # made up, and the same each time
    for n in range(number):
        at = now - timedelta(seconds=DAYS * 86_400 * (number - n) / number)
        failed = draw.random() < 0.03
        yield {
            "id": f"run-{n}",
            "ticket_id": f"INC{n:07}",
            "status": "failed" if failed else "completed",
            "processing_time_ms": None if failed else int(draw.lognormvariate(9.8, 0.5)),
            "created_at": at,
        }


def built(number):
    """A demo account with so many runs; made where it is not there yet."""
    store = open_store(f"sqlite:///{PLACE}")
    own = table(Enhancement)
    with store.read() as session:
        known = session.connection().execute(select(func.count()).select_from(own)).scalar_one()
    if known >= number:
        return store
    build_demo(store, size="small")
    rows = list(runs(number, clock.now()))
    with store.write(DEMO_ACCOUNT) as unit:
        fill_days(Enhancement, rows, store.zone)
        for start in range(0, number, BATCH):
            some = [row | {"account_id": DEMO_ACCOUNT} for row in rows[start : start + BATCH]]
            unit.session.connection().execute(insert(own), some)
    return store


def reads(store):
    """Median milliseconds of each read of the page, the first time and the four after it."""
    today = clock.today(store.zone)
    week = last_complete_week(today)
    whole = Window(today - timedelta(days=DAYS), today - timedelta(days=1), f"{DAYS} days")
    weeks = [last_complete_week(today, ago) for ago in range(8)][::-1]
    asked = {
        "evaluate, a week": lambda w=week: evaluate(Scope(store, DEMO_ACCOUNT), window=w),
        f"evaluate, {DAYS} days": lambda w=whole: evaluate(Scope(store, DEMO_ACCOUNT), window=w),
        "daily_criteria, a week": lambda w=week: daily_criteria(
            Scope(store, DEMO_ACCOUNT), window=w, until=today
        ),
        f"daily_criteria, {DAYS} days": lambda w=whole: daily_criteria(
            Scope(store, DEMO_ACCOUNT), window=w, until=today
        ),
        "findings, a week": lambda w=week: findings(Scope(store, DEMO_ACCOUNT), window=w),
        f"findings, {DAYS} days": lambda w=whole: findings(Scope(store, DEMO_ACCOUNT), window=w),
        "weekly_estimates, 8 weeks": lambda: weekly_estimates(
            Scope(store, DEMO_ACCOUNT), weeks=weeks, keys=MAIN_CRITERIA
        ),
    }
    for name, read in asked.items():
        times = []
        for _ in range(5):
            started = time.perf_counter()
            read()
            times.append((time.perf_counter() - started) * 1_000)
        yield f"| {name} | {times[0]:,.0f} | {statistics.median(times[1:]):,.0f} |"


def page_times(repeats):
    """Seconds to open the criteria page on a warm server: after its first visit."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        address = f"sqlite:///{PLACE}"
        process, server = serve(Path(folder), TOUCHSTONE_DATABASE_URL=address)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            reader = Reader(browser.new_page(viewport={"width": 1440, "height": 900}), server.url)
            reader.starts()
            times = []
            for _ in range(repeats + 1):
                reader.opens("Feedback")
                times.append(reader.opens("Criteria"))
            known = [seconds for seconds in times if seconds is not None]
            return known[0], known[1:], high_water_mb(process.pid)
        finally:
            browser.close()
            process.terminate()
            process.wait(timeout=30)


def imported(path, folder):
    """Seconds and peak memory in MB of the command line bringing a file in, and what it said."""
    settings = {"TOUCHSTONE_DATABASE_URL": f"sqlite:///{folder}/store.db"}
    started = time.perf_counter()
    with (Path(folder) / "said").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "import", "enhancements", path, "--account", "bench"],
            cwd=ROOT,
            env=environment(**settings),
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, high_water_mb(process.pid) or 0.0)
            time.sleep(0.05)
        seconds = time.perf_counter() - started
        said.seek(0)
        return seconds, peak, said.read().strip().splitlines()[-1]


def imports(number):
    """The same file twice: all of it new, and nothing of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.csv"
        with path.open("w", encoding="utf-8", newline="") as text:
            rows = csv.writer(text)
            for n, row in enumerate(runs(number, clock.now())):
                if not n:
                    rows.writerow(row)
                rows.writerow(
                    [v.isoformat() if hasattr(v, "isoformat") else v for v in row.values()]
                )
        for name in ("new", "again"):
            seconds, peak, said = imported(path, folder)
            yield f"| import, {name} | {seconds:.1f} s | {peak:,.0f} MB | {said} |"


def main():
    # Streamlit's cache works without its server, and says so.
    set_log_level("ERROR")
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--only", default="reads,page,import")
    asked = parser.parse_args()
    only, load = asked.only.split(","), os.getloadavg()[0]
    if "reads" in only or "page" in only:
        store = built(asked.runs)
        if "reads" in only:
            print("| read | first, ms | then, ms |\n|---|---:|---:|")
            for line in reads(store):
                print(line, flush=True)
        store.close()
    if "page" in only:
        first, then, peak = page_times(5)
        print(f"\nThe page: {first:.2f} s at first, then {statistics.median(then):.2f} s ", end="")
        print(f"({min(then):.2f} to {max(then):.2f}); the server took {peak:,.0f} MB", flush=True)
    if "import" in only:
        print("\n| import | seconds | peak memory | said |\n|---|---:|---:|---|")
        for line in imports(asked.runs):
            print(line, flush=True)
    print(f"\n{asked.runs:,} runs; {machine()}; load {load:.1f} at the start, ", end="")
    print(f"{os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
