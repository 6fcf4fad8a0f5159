"""A real input: public reports of three products over six years, laid out as the API's objects."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from core.base.settings import ROOT, TestioAccount
from core.ingest.sync.testio import sync_account
from core.store import Bug, BugDevice, Feature, Product, TestCycle, TestFeature, User
from tests.stores import open_store
from tests.testio_server import TestioServer, load

FOLDER = Path(ROOT).parent / "shared" / "data" / "eclipse_testio"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the Eclipse reports are not at {FOLDER}"
)


@pytest.fixture(scope="module")
def eclipse(tmp_path_factory):
    """The store after two runs, and their reports."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('eclipse')}/store.db", timezone="UTC")
    with TestioServer(load(FOLDER)) as server:
        account = TestioAccount(id="acme", name="Eclipse", base_url=server.url, token=server.token)
        yield store, [sync_account(store, account, full=full) for full in (False, True)]
    store.close()


@pytest.fixture
def store(eclipse):
    return eclipse[0]


def lines(name):
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def names(rows, kind):
    return {key: user["name"] for key, user in rows(User).items() if user["kind"] == kind}


def test_the_first_run_reads_all_of_it(eclipse):
    _, (first, _) = eclipse
    assert first.status == "done"
    assert {name: counts["added"] for name, counts in first.counts.items()} == {
        "product": 3,
        "feature": 31,
        "rejection_reason": 0,
        "test_cycle": 420,
        "test_feature": 2_400,
        "cycle_platform": 0,
        "bug": 22_109,
        "bug_device": 22_109,
    }
    assert first.requests <= 60
    assert first.seconds < 120


def test_the_second_run_changes_nothing(eclipse):
    _, (first, second) = eclipse
    assert second.status == "done"
    for name, counts in second.counts.items():
        assert counts == {
            "added": 0,
            "changed": 0,
            "unchanged": first.counts[name]["added"],
            "removed": 0,
            "refused": 0,
        }


def test_the_catalogue_and_the_cycles_are_those_of_the_files(rows):
    assert {(p["id"], p["name"]) for p in lines("products")} == {
        (key, row["name"]) for key, row in rows(Product).items()
    }
    assert {(f["id"], f["product_id"], f["title"]) for f in lines("features")} == {
        (key, row["product_id"], row["title"]) for key, row in rows(Feature).items()
    }
    people = names(rows, "customer")
    sent = lines("exploratory_tests")
    assert {
        (c["id"], c["title"], c["created_by"], c["submitted_by"], c["start_at"][:10]) for c in sent
    } == {
        (
            *(key, row["title"], people.get(row["created_by_id"])),
            *(people.get(row["submitted_by_id"]), str(row["start_day"])),
        )
        for key, row in rows(TestCycle).items()
    }
    assert {(c["id"], f["feature_id"], f["id"]) for c in sent for f in c["features"]} == {
        (*key, row["test_feature_id"]) for key, row in rows(TestFeature).items()
    }


def test_the_bugs_are_counted_as_a_plain_count_of_the_files_counts_them(rows):
    testers = names(rows, "tester")

    def sent(bug):
        automatic = bug["status"] == "accepted" and bug["auto_accepted"]
        return (
            (bug["author"] or {}).get("name") or None,
            "auto_accepted" if automatic else bug["status"],
            bug["severity"],
            bug["test"]["id"],
            bug["test_feature"]["feature_id"],
            bug["reported_at"][:10],
        )

    assert Counter(sent(bug) for bug in lines("bugs")) == Counter(
        (
            testers.get(bug["tester_id"]),
            *(bug[name] for name in ("status", "severity", "cycle_id", "feature_id")),
            str(bug["reported_day"]),
        )
        for bug in rows(Bug).values()
    )
    assert Counter(
        device["operating_system"]["name"] for bug in lines("bugs") for device in bug["devices"]
    ) == Counter(platform for _, platform in rows(BugDevice))
