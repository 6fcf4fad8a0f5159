"""A real account: random questions over 22,109 bug reports, against the files they came from."""

import gzip
import json
import random
from datetime import date, datetime, timedelta
from math import isclose
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core.analytics import explain, query_metrics
from core.base.settings import ROOT, TestioAccount
from core.ingest.sync.testio import sync_account
from core.store import User, table
from tests.analytics.brute import Brute
from tests.analytics.definitions import ENTITIES, METRICS, REACHED_BY
from tests.draws import draws
from tests.stores import open_store
from tests.testio_server import TestioServer, load

FOLDER = ROOT.parent / "shared" / "data" / "eclipse_testio"
ACCOUNT = "eclipse"
QUESTIONS = draws(40)

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the Eclipse reports are not at {FOLDER}"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('eclipse')}/store.db", timezone="UTC")
    with TestioServer(load(FOLDER)) as server:
        account = TestioAccount(id=ACCOUNT, name="Eclipse", base_url=server.url, token=server.token)
        assert sync_account(opened, account).status == "done"
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def brute(store):
    """The brute force over the files; only the numbers of people come from the store."""
    users = table(User).c
    with store.read() as session:
        found = session.connection().execute(select(users.kind, users.name, users.id)).all()
    ids = {(row.kind, row.name): row.id for row in found} | {("customer", None): None}
    cycles, links = [], []
    for obj in lines("exploratory_tests"):
        cycles.append(
            {
                "account_id": ACCOUNT,
                "id": obj["id"],
                "status": obj["status"],
                "testing_type": obj["testing_type"],
                "test_environment": None,
                "product_id": obj["product"]["id"],
                "created_by_id": ids["customer", obj["created_by"]],
                "submitted_by_id": ids["customer", obj["submitted_by"]],
                "start_at": instant(obj["start_at"]),
                "end_at": instant(obj["end_at"]),
            }
        )
        links += [
            {"account_id": ACCOUNT, "cycle_id": obj["id"], "feature_id": f["feature_id"]}
            for f in obj["features"]
        ]
    bugs, devices = [], []
    for obj in lines("bugs"):
        is_auto = obj["status"] == "accepted" and obj["auto_accepted"]
        bugs.append(
            {
                "account_id": ACCOUNT,
                "id": obj["id"],
                "cycle_id": obj["test"]["id"],
                "product_id": obj["product"]["id"],
                "feature_id": obj["test_feature"]["feature_id"],
                "tester_id": ids["tester", obj["author"]["name"]],
                "severity": obj["severity"],
                "status": "auto_accepted" if is_auto else obj["status"],
                "known": obj["known"],
                "rejection_reason": None,
                "reported_at": instant(obj["reported_at"]),
            }
        )
        names = {device["operating_system"]["name"] for device in obj["devices"]}
        devices += [{"account_id": ACCOUNT, "bug_id": obj["id"], "platform": n} for n in names]
    world = {"cycles": cycles, "cycle_features": links, "bugs": bugs, "devices": devices}
    return Brute(world, ZoneInfo("UTC"), accounts=(ACCOUNT,))


def lines(name):
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def instant(text):
    return datetime.fromisoformat(text) if text else None


def question(number):
    """A question by number, the same in each run."""
    draw = random.Random(number)
    facts = draw.choice([{"tests"}, {"bugs"}, {"bugs"}, {"tests", "bugs"}, {"test_features"}])
    narrow = facts == {"bugs"} and draw.random() < 0.4
    metrics = [m for m, (needs, _) in METRICS.items() if set(needs) <= facts]
    reached = [d for d, by in REACHED_BY.items() if facts <= by]
    start = date(2006, 1, 1) + timedelta(days=draw.randrange(1_900))
    window = {"start_date": start, "end_date": start + timedelta(days=draw.choice([30, 400]))}
    return {
        "metrics": draw.sample(metrics, min(len(metrics), 3)),
        "dimensions": draw.sample(reached, draw.randrange(4)),
        "date_basis": draw.choice(["default", "default", "start", "reported"]),
        "filters": {"severity": ["high", "critical"]} if narrow else {},
        "account": ACCOUNT,
        "include_zero": False,
    } | (window if draw.random() < 0.6 else {})


@pytest.mark.parametrize("number", range(QUESTIONS))
def test_the_answer_is_that_of_the_files(store, brute, number):
    asked = question(number)
    result = query_metrics(store, **asked, limit=1_000_000)
    expected = brute.data(asked)
    found = {key_of(asked, row): row for row in result["data"]}
    assert found.keys() == expected.keys()
    for key, figures in expected.items():
        assert same(found[key], figures), (asked, key)
    assert same(result["totals"], brute.totals(asked)), asked


def test_any_figure_is_that_of_its_rows(store):
    result = query_metrics(
        store,
        metrics=["bug_count", "rejection_rate", "bug_severity_score"],
        dimensions=["tester", "year"],
        account=ACCOUNT,
    )
    for row in random.Random(1).sample(result["data"], 5):
        for metric in ("bug_count", "rejection_rate", "bug_severity_score"):
            assert explain(store, result, row, metric=metric)["agrees"]


def key_of(asked, row):
    return tuple(
        (row["account_id"], row[f"{d}_id"]) if d in ENTITIES else row[d]
        for d in asked["dimensions"]
    )


def same(found, expected):
    return all(
        (found[name] is None) == (value is None)
        and (value is None or isclose(found[name], value, rel_tol=1e-9))
        for name, value in expected.items()
    )
