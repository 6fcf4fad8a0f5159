"""The real process, killed at any moment: what is stored is whole, and the rest follows."""

import random
import subprocess
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from core.store import FACT_TABLES
from tests.bench.sync import customer_of
from tests.draws import draws
from tests.forked import forked
from tests.stores import open_store
from tests.testio_server import SteadyServer

KILLS = draws(120)
LEASE = 0.4  # seconds
CHAINS = 8
AT_ONCE = 3


@pytest.fixture(scope="module")
def server():
    from core.demo.world import Size

    size = Size(customers=20, testers=30, products=3, features=20, cycles=160, bugs=2_000)
    with SteadyServer(customer_of(size)) as running:
        # As far away as a real one, so that a run can be killed between any two of its answers.
        running.before = lambda _path, _query: time.sleep(0.01)
        yield running


def start(server, path):
    """A sync whose lease a killed process does not hold for long, after that of the one before."""
    time.sleep(LEASE)
    return forked(
        "sync",
        lease_seconds=LEASE,
        TOUCHSTONE_DATABASE_URL=f"sqlite:///{path}",
        TESTIO_CUSTOMER_API_BASE_URL=server.url,
        TESTIO_CUSTOMER_API_TOKEN=server.token,
        TESTIO_CUSTOMER_ID="acme",
    )


def finished(server, path):
    with start(server, path) as process:
        told = process.stdout.read()
    assert process.returncode == 0, told


def facts(path):
    """The rows of every table that figures are computed from; none where there is no store yet."""
    store = open_store(f"sqlite:///{path}", timezone="UTC")
    with store.read() as session:
        found = {
            table.name: sorted(session.connection().execute(table.select()).all(), key=repr)
            for table in FACT_TABLES
            if table.name != "account"  # it says when it was entered
        }
    store.close()
    return found


def are_whole(found, bugs_of):
    """Whether each test cycle that is stored has just the bugs that the source has for it."""
    stored = defaultdict(set)
    for bug in found["bug"]:
        stored[bug.cycle_id].add(bug.id)
    return all(stored.pop(cycle.id, set()) == bugs_of[cycle.id] for cycle in found["test_cycle"])


def killed_often(server, path, moments, bugs_of):
    """Kill runs on one store at the moments, and let the last one finish; how far each came."""
    came = []
    for moment in moments:
        with start(server, path) as process:
            if moment >= 0:
                process.stdout.readline()  # the first step is told: it works in the store
            with suppress(subprocess.TimeoutExpired):
                process.wait(abs(moment))
            process.kill()
        found = facts(path)
        assert are_whole(found, bugs_of)
        came.append(len(found["test_cycle"]))
    finished(server, path)
    return came, facts(path)


def random_moments(begins, lasts):
    """Seconds after its first step, which tend to be before its end; below 0, after its start."""
    rng = random.Random(11)
    return [
        rng.uniform(-begins, 0) if n % 6 == 5 else rng.uniform(0, 0.7) * lasts for n in range(KILLS)
    ]


def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(server, tmp_path):
    bugs_of = defaultdict(set)
    for bug in server.customer.bugs:
        bugs_of[bug["test"]["id"]].add(bug["id"])
    finished(server, tmp_path / "first.db")  # by the second run the product is loaded
    with start(server, tmp_path / "whole.db") as process:
        started = time.monotonic()
        process.stdout.readline()
        begins = time.monotonic() - started
        process.stdout.read()
    lasts = time.monotonic() - started - begins
    expected = facts(tmp_path / "whole.db")
    assert len(expected["bug"]) == 2_000
    moments = random_moments(begins, lasts)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(
            pool.map(
                lambda n: killed_often(server, tmp_path / f"{n}.db", moments[n::CHAINS], bugs_of),
                range(CHAINS),
            )
        )
    for came, found in ended:
        assert came == sorted(came)
        for name, rows in expected.items():
            assert found[name] == rows, name
    # Some of the kills came while the test cycles were read.
    assert any(0 < n < 160 for came, _ in ended for n in came)
