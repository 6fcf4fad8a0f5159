import json

import pytest

from core.analytics import METRICS, explain, query_metrics
from core.analytics.definitions import DIMENSIONS
from core.base.errors import QueryError
from tests.analytics.definitions import REACHED_BY
from tests.analytics.worlds import Builder, fill


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def lively(request):
    """A store on each database, with a figure for every metric in every dimension."""
    store = request.getfixturevalue(f"{request.param}_store")
    fill(store, lively_world())
    return store


def lively_world():
    world = Builder()
    shop = world.product()
    cart, login = world.feature("Cart", shop), world.feature("Login", shop)
    for n in range(6):
        cycle = world.cycle(
            creator=("anna", "bob", None)[n % 3],
            submitter=("anna", None)[n % 2],
            features=[(), (cart,), (cart, login)][n % 3],
            platforms=["iOS", "Android"][: n % 3],
            start=f"2024-01-{n + 1:02}T10:00",
            end=f"2024-0{n % 3 + 1}-10T10:00" if n else None,
            status=("archived", "initialized")[n % 2],
            product_id=(shop, None)[n % 2],
        )
        for m in range(3):
            world.bug(
                cycle,
                tester=("zoe", "kai", None)[m],
                platforms=["iOS", "Android"][:m],
                severity=("critical", "low", "custom")[m],
                status=("accepted", "auto_accepted", "rejected", "forwarded")[(n + m) % 4],
                reported="2024-01-03T10:00" if m else None,
                feature_id=(cart, None)[m % 2],
            )
        ticket = world.ticket(
            opened="2024-01-01T10:00",
            resolved=f"2024-01-0{n + 1}T10:00" if n % 3 else None,
            category=("Mail", None)[n % 2],
        )
        run = world.run(
            status=("completed", "failed", "pending")[n % 3],
            seconds=n or None,
            ticket_id=ticket,
            created=f"2024-01-{n + 10}T10:00",
        )
        world.vote(f"ticket:{n}", thumb=("up", "down", None)[n % 3], rating=(None, 3)[n % 2],
                   enhancement_id=run)  # fmt: skip
    world.account = "b"
    world.bug(world.cycle(creator="anna", features=[world.feature("Cart")]), tester="zoe")
    return world.world


def ask(store, metric, **more):
    return query_metrics(store, metrics=[metric], **more)


@pytest.mark.parametrize("metric", METRICS)
def test_the_rows_behind_every_figure_add_up_to_it(lively, metric):
    for dimension in ("month", "account", "feature", "platform", "customer", "enhancement_status"):
        if not set(METRICS[metric].facts) <= REACHED_BY[dimension]:
            continue
        result = ask(lively, metric, dimensions=[dimension])
        for row in [None, *result["data"]]:
            proof = explain(lively, result, row, metric=metric)
            assert json.loads(json.dumps(proof)) == proof
            assert proof["agrees"], (dimension, row, proof["value"], proof["recomputed"])
            assert proof["value"] == (row or result["totals"])[metric]


def test_rows_say_what_a_person_needs_and_what_they_contribute(lively):
    result = ask(lively, "decided_acceptance_rate", dimensions=["tester"], account="a")
    row = next(row for row in result["data"] if row["tester"] == "zoe")
    proof = explain(lively, result, row, metric="decided_acceptance_rate")
    assert proof["total_rows"] == len(proof["rows"]) == 5
    assert {one["tester"] for one in proof["rows"]} == {"zoe"}
    assert {one["bug_status"] for one in proof["rows"]} == {"accepted", "auto_accepted", "rejected"}
    contributed = sum(one["contributes"] for one in proof["rows"])
    assert proof["recomputed"] == contributed / proof["total_rows"] == proof["value"]
    first = proof["rows"][0]
    assert first["fact"] == "bug"
    assert first.keys() >= {"id", "title", "day", "cycle_id", "cycle", "severity", "product",
                            "feature", "customer", "reported_at", "tester_id"}  # fmt: skip
    assert "FROM bug" in proof["sql"]


def test_pages_run_through_all_rows_of_all_facts(lively):
    result = ask(lively, "bugs_per_test")
    whole = explain(lively, result, metric="bugs_per_test")
    assert whole["total_rows"] == 19 + 4  # bugs, and executed cycles
    paged = []
    for offset in range(0, 25, 5):
        page = explain(lively, result, metric="bugs_per_test", limit=5, offset=offset)
        assert page["agrees"]
        assert page["recomputed"] == whole["recomputed"]
        paged += page["rows"]
    assert paged == whole["rows"]
    assert {row["fact"] for row in paged} == {"bug", "test cycle"}


def test_a_figure_that_is_not_the_rows_is_found_out(lively):
    result = ask(lively, "bug_count")
    result["totals"]["bug_count"] += 1
    assert not explain(lively, result, metric="bug_count")["agrees"]
    unknown = ask(lively, "average_rating")
    unknown["totals"]["average_rating"] = None
    assert not explain(lively, unknown, metric="average_rating")["agrees"]


def test_a_query_can_be_explained_without_its_answer(lively):
    query = {"metrics": ["bug_count"], "filters": {"tester": "zoe"}, "account": "a"}
    proof = explain(lively, query, metric="bug_count")
    assert (proof["value"], proof["recomputed"], proof["agrees"]) == (6, 6, True)
    other = explain(lively, query, metric="rejection_rate")
    assert other["agrees"]
    assert other["rows"]


def test_what_cannot_be_explained_is_refused(lively):
    result = ask(lively, "bug_count", dimensions=["tester"])
    for words, asked in (
        ("did you mean bug_count?", {"metric": "bug_cout"}),
        ("has no tester_id", {"metric": "bug_count", "row": {"tester": "zoe"}}),
        ("The offset is -1", {"metric": "bug_count", "offset": -1}),
        ("The limit is 0", {"metric": "bug_count", "limit": 0}),
        ("cannot be grouped by tester", {"metric": "test_count"}),
    ):
        with pytest.raises(QueryError, match=words.replace("?", r"\?")):
            explain(lively, result, **asked)


def test_every_dimension_can_be_opened(lively):
    for dimension in DIMENSIONS.values():
        fact_metric = "bug_count" if "bugs" in dimension.facts else "feedback_count"
        result = ask(lively, fact_metric, dimensions=[dimension.key])
        for row in result["data"]:
            assert explain(lively, result, row, metric=fact_metric)["agrees"], row
