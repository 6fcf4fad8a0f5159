"""`make bench`: what the pages ask, on stores of each size, as a table.

For each read of a page: the median of the whole, of its slowest single query, and of the answer
from the cache while the data is unchanged. The stores are kept in data/, so that only the first
run builds them.
"""

import argparse
import os
import platform
import resource
import statistics
import sys
import time
from functools import partial
from unittest.mock import patch

from sqlalchemy import Engine, event
from streamlit.logger import set_log_level

from core.analytics.dates import last_complete_week, preset
from core.analytics.handbook import PANELS
from core.analytics.query import answered
from core.analytics.series import headline_figures
from core.base import clock
from core.base.settings import ROOT, load_settings
from core.criteria.verdicts import evaluate, weekly_estimates
from core.demo import DEMO_ACCOUNT, SIZES, build_demo, is_current
from core.engagement.people import engagement
from core.store import Scope, accounts, open_store
from core.testers.bugs import BugSelection
from core.testers.leaderboard import leaderboard
from pages import ui

REPEATS = 9
ASKING = ("query_metrics", "metric_rows", "metric_totals")

MAIN_CRITERIA = ("success_rate", "latency_p95", "satisfaction", "time_reduction")


def reads(today):
    """The reads of the pages: by name, a function and what it is called with."""
    week = last_complete_week(today)
    found = {}
    for label in ("Last 90 days", "All time"):
        asked = {"today": today, "window": preset(label, today)}
        over = label.lower().removeprefix("last ")
        found[f"Engagement, {over}"] = (engagement, asked)
        testers = BugSelection(asked["window"])
        found[f"Testers, {over}"] = (leaderboard, {"selection": testers})
        for page in ("Engagement", "Testers"):
            metrics = {"metrics": list(PANELS[page])}
            found[f"{page}, figures, {over}"] = (headline_figures, asked | metrics)
    weeks = [last_complete_week(today, ago) for ago in range(8)][::-1]
    found["Criteria, a week"] = (evaluate, {"window": week})
    found["Criteria, eight weeks"] = (weekly_estimates, {"weeks": weeks, "keys": MAIN_CRITERIA})
    for dimensions in (("severity", "month"), ("product", "bug_status"), ("feature",)):
        asked = {"metrics": ["bug_count"], "dimensions": dimensions}
        found[f"Explore, bugs by {' and '.join(dimensions)}"] = (answered, asked)
    return found


def built(size):
    """The store of a size, built where it is not there yet; answers with the seconds it took."""
    path = ROOT / "data" / f"bench-{size}.db"
    store = open_store(f"sqlite:///{path}")
    started = time.perf_counter()
    if not is_current(store):
        build_demo(
            store, size=size, on_progress=lambda text: print(f"  {size}: {text}", flush=True)
        )
    store.refresh_copy()
    seconds = time.perf_counter() - started
    return store, seconds, sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def timed(call):
    """Medians over the repeats, in milliseconds: the whole call, and its slowest query."""
    log, statements, begun = [], [], []

    @event.listens_for(Engine, "before_cursor_execute")
    def begins(*_):
        begun.append(time.perf_counter())

    @event.listens_for(Engine, "after_cursor_execute")
    def ends(*_):
        statements.append(time.perf_counter() - begun.pop())

    def noted(function):
        def asked(*args, **kwargs):
            started = time.perf_counter()
            answer = function(*args, **kwargs)
            log.append(time.perf_counter() - started)
            return answer

        return asked

    modules = [module for name, module in sys.modules.items() if name.startswith("core.")]
    patches = [
        patch.object(module, name, noted(getattr(module, name)))
        for module in modules
        for name in ASKING
        if hasattr(module, name)
    ]
    for one in patches:
        one.start()
    call()
    whole, slowest = [], []
    for _ in range(REPEATS):
        log.clear()
        statements.clear()
        started = time.perf_counter()
        call()
        whole.append(time.perf_counter() - started)
        slowest.append(max(log or statements, default=whole[-1]))
    for one in patches:
        one.stop()
    event.remove(Engine, "before_cursor_execute", begins)
    event.remove(Engine, "after_cursor_execute", ends)
    return [statistics.median(times) * 1000 for times in (whole, slowest)]


def measured(store):
    """For each read: the whole, its slowest query, and the answer from the cache."""
    now = clock.now().astimezone(store.zone)
    (account,) = accounts(store)
    scope = Scope(store, DEMO_ACCOUNT)
    page = ui.Page("bench", load_settings(), store, True, (account,), account, now)

    def cached(function, kwargs):
        accounts(store)
        return ui.read(page, function, **kwargs)

    return {
        name: [
            *timed(partial(function, scope, **kwargs)),
            timed(partial(cached, function, kwargs))[0],
        ]
        for name, (function, kwargs) in reads(now.date()).items()
    }


def main():
    # Streamlit's cache works without its server, and says so.
    set_log_level("ERROR")
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default=",".join(SIZES), help="of small, medium, large")
    sizes = parser.parse_args().sizes.split(",")
    table = {}
    for size in sizes:
        store, seconds, size_bytes = built(size)
        print(f"{size}: store ready in {seconds:.1f} s, {size_bytes / 1e6:,.0f} MB", flush=True)
        for name, times in measured(store).items():
            table.setdefault(name, []).append(times)
        store.close()
    print(f"\n| median of {REPEATS}, ms: whole read / slowest query / from the cache", end="")
    print("".join(f" | {size}" for size in sizes), "| growth |")
    print(f"|---|{'---:|' * (len(sizes) + 1)}")
    for name, by_size in table.items():
        cells = [" / ".join(f"{ms:,.1f}" for ms in times) for times in by_size]
        print(f"| {name} | {' | '.join(cells)} | {by_size[-1][0] / by_size[0][0]:,.1f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"\nPeak memory {peak:,.0f} MB; Python {platform.python_version()}, {machine()}")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    return f"{os.cpu_count()} cores, {models[0] if models else platform.machine()}"


if __name__ == "__main__":
    main()
