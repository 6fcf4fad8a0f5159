"""`python -m tests.bench.sync`: what a sync takes, as a whole process against a local server.

Accounts of two sizes, each read for the first time, unchanged, and after a day's changes.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from core.base import clock
from core.base.settings import ROOT
from core.demo.bugs import BugSource, reject_reasons
from core.demo.cycles import cycle_object, plan_cycles
from core.demo.world import Size, make_world
from tests.commands import environment
from tests.testio_server import Customer, SteadyServer

SIZES = {
    "120 cycles, 1,500 bugs": Size(
        customers=40, testers=80, products=4, features=30, cycles=120, bugs=1_500
    ),
    "3,000 cycles, 60,000 bugs": Size(
        customers=150, testers=900, products=8, features=90, cycles=3_000, bugs=60_000
    ),
}


def customer_of(size, seed=7):
    """An account of a size, with objects as the API sends them."""
    world = make_world(size, seed, clock.now(), ZoneInfo("UTC"))
    plans = plan_cycles(world)
    source = BugSource(world, plans)
    features = [
        feature | {"product_id": product.id}
        for product in world.products
        for feature in product.catalogue
    ]
    return Customer(
        products=[product.sent for product in world.products],
        features=features,
        cycles=[cycle_object(plan) for plan in plans],
        bugs=list(chain.from_iterable(source.bugs(plan) for plan in plans)),
        reasons=list(reject_reasons()),
    )


def change(customer):
    """A day's changes: new cycles, a draft that is submitted, bugs that are decided."""
    newest = max(cycle["id"] for cycle in customer.cycles)
    latest = sorted(customer.cycles, key=lambda cycle: cycle["id"])[-5:]
    customer.cycles += [
        cycle | {"id": newest + n, "status": "running"} for n, cycle in enumerate(latest, 1)
    ]
    for cycle in customer.cycles:
        if cycle["status"] == "initialized":
            cycle["status"] = "customer_finalized"
            break
    for bug in customer.bugs:
        if bug["status"] == "forwarded":
            bug["status"] = "accepted"


def synced(server, folder, *arguments):
    """Seconds of the process, its peak memory in MB, and how it ended."""
    settings = {
        "TOUCHSTONE_DATABASE_URL": f"sqlite:///{folder}/store.db",
        "TESTIO_CUSTOMER_API_BASE_URL": server.url,
        "TESTIO_CUSTOMER_API_TOKEN": server.token,
        "TESTIO_CUSTOMER_ID": "bench",
    }
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "core", "sync", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        peak = watched = 0.0
        while watched is not None:
            peak, watched = max(peak, watched), high_water_mb(process.pid)
            time.sleep(0.02)
        said = process.stdout.read()
    return time.perf_counter() - started, peak, process.returncode, said


def high_water_mb(pid):
    """The most memory that a process has had; None when it has ended.

    Not what the system says at its end: that counts the process it was forked from.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    found = next((line for line in lines if line.startswith("VmHWM")), None)
    return found and int(found.split()[1]) / 1000


def measure(name, size):
    customer = customer_of(size)
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("first", "unchanged", "changed", "full"):
            if kind == "changed":
                change(customer)
            with SteadyServer(customer) as server:
                full = ["--full"] if kind == "full" else []
                seconds, peak, code, said = synced(server, Path(folder), *full)
                requests = len(server.asked)
            if code:
                print(said)
            print(
                f"| {name} | {kind} | {requests} | {seconds:.1f} | {peak:,.0f} | {code} |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="part of a size's name")
    only = parser.parse_args().only
    print("| account | sync | requests | seconds of the process | peak memory, MB | exit code |")
    print("|---|---|---:|---:|---:|---:|")
    for name, size in SIZES.items():
        if only in name:
            measure(name, size)


if __name__ == "__main__":
    main()
