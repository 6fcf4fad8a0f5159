"""`make bench`: medians of the reads behind the pages, on stores of each size, as a table.

The stores are kept in data/, so that only the first run builds them.
"""

import argparse
import platform
import resource
import statistics
import time
from datetime import datetime

from core.analytics import query_metrics
from core.analytics.criteria import evaluate, weekly_values
from core.analytics.engagement import engagement
from core.analytics.figures import headline_figures
from core.analytics.testers import leaderboard
from core.analytics.window import last_complete_week, preset
from core.config import ROOT
from core.demo import DEMO_ACCOUNT, SIZES, build_demo, is_current
from core.store import open_store

REPEATS = 7


def reads(store):
    """The reads, by name; each is called with nothing and answers with something."""
    today = datetime.now(store.zone).date()
    recent, always = preset("Last 90 days", today), preset("All time", today)
    week = last_complete_week(today)
    weeks = [last_complete_week(today, ago) for ago in range(8)][::-1]
    scope = {"account": DEMO_ACCOUNT, "today": today}
    figures = ["bug_count", "active_testers", "decided_acceptance_rate", "rejection_rate"]
    return {
        "engagement, 90 days": lambda: engagement(store, window=recent, **scope),
        "engagement, all time": lambda: engagement(store, window=always, **scope),
        "testers, 90 days": lambda: leaderboard(store, window=recent, **scope),
        "testers, all time": lambda: leaderboard(store, window=always, **scope),
        "headline figures, 90 days": lambda: headline_figures(
            store, figures, window=recent, **scope
        ),
        "headline figures, all time": lambda: headline_figures(
            store, figures, window=always, **scope
        ),
        "criteria of a week": lambda: evaluate(store, account=DEMO_ACCOUNT, window=week),
        "criteria over eight weeks": lambda: weekly_values(
            store, account=DEMO_ACCOUNT, weeks=weeks
        ),
        "bugs by severity and month": lambda: query_metrics(
            store, metrics=["bug_count"], dimensions=["severity", "month"], account=DEMO_ACCOUNT
        ),
        "data version": lambda: store.data_version(DEMO_ACCOUNT),
    }


def built(size):
    """The store of a size, built where it is not there yet; answers with the seconds it took."""
    path = ROOT / "data" / f"bench-{size}.db"
    store = open_store(f"sqlite:///{path}")
    started = time.perf_counter()
    if not is_current(store):
        build_demo(
            store, size=size, on_progress=lambda text: print(f"  {size}: {text}", flush=True)
        )
    return store, time.perf_counter() - started, path.stat().st_size


def median_ms(call):
    call()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default=",".join(SIZES), help="of small, medium, large")
    sizes = parser.parse_args().sizes.split(",")
    table = {}
    for size in sizes:
        store, seconds, size_bytes = built(size)
        print(f"{size}: store ready in {seconds:.1f} s, {size_bytes / 1e6:,.0f} MB", flush=True)
        for name, call in reads(store).items():
            table.setdefault(name, {})[size] = median_ms(call)
        store.close()
    ratio = f"{sizes[-1]} / {sizes[0]}" if len(sizes) > 1 else ""
    print(f"\n| median of {REPEATS}, ms | {' | '.join(sizes)} | {ratio} |")
    print(f"|---|{'---:|' * (len(sizes) + 1)}")
    for name, by_size in table.items():
        grown = f"{by_size[sizes[-1]] / by_size[sizes[0]]:,.1f}" if ratio else ""
        print(f"| {name} | {' | '.join(f'{by_size[size]:,.1f}' for size in sizes)} | {grown} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"\nPeak memory {peak:,.0f} MB; Python {platform.python_version()}, {machine()}")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    return f"{len(models)} cores, {models[0] if models else platform.machine()}"


if __name__ == "__main__":
    main()
