"""The random worlds and queries hold what goes wrong, each of it many times over."""

from collections import Counter

import pytest

from tests.analytics.brute import Brute
from tests.analytics.definitions import ENTITIES, METRICS, REACHED_BY, TIMES, WEIGHTS, period
from tests.analytics.draws import MANY, NAMES, ZONE
from tests.analytics.test_brute import PARTS, QUERIES, WORLDS, rounds
from tests.draws import draws


def of_world(world):
    """What is awkward about a world."""
    features = Counter((link["account_id"], link["cycle_id"]) for link in world["cycle_features"])
    cycles = {(cycle["account_id"], cycle["id"]): cycle for cycle in world["cycles"]}
    yield "several features of a cycle", max(features.values(), default=0) > 1
    yield "a cycle without features", cycles.keys() - features.keys()
    yield "a cycle without a creator", any(not c["created_by_id"] for c in cycles.values())
    yield (
        "only submitted",
        any(c["submitted_by_id"] and not c["created_by_id"] for c in cycles.values()),
    )
    yield "a cycle without an end", any(not c["end_at"] for c in cycles.values())
    yield "a bug without a reporter", any(not bug["tester_id"] for bug in world["bugs"])
    yield "a bug without a cycle", any(not bug["cycle_id"] for bug in world["bugs"])
    yield "an unknown severity", any(bug["severity"] not in WEIGHTS for bug in world["bugs"])
    platforms = Counter((row["account_id"], row["bug_id"]) for row in world["devices"])
    yield "several platforms of a bug", max(platforms.values(), default=0) > 1
    at_work = Counter((bug["account_id"], bug["tester_id"]) for bug in world["bugs"])
    yield "testers with as many bugs", len(set(at_work.values())) < len(at_work)
    yield (
        "one id in two accounts",
        {k[1] for k in cycles if k[0] == "a"} & {k[1] for k in cycles if k[0] == "b"},
    )
    ids = {(row["account_id"], row["id"]): row["name"] for row in world["users"]}
    yield "one id, two names", any(ids["a", n] != ids["b", n] for n in range(1, len(NAMES) + 1))
    kinds = {(row["account_id"], row["kind"], row["name"]) for row in world["users"]}
    yield (
        "a customer named like a tester",
        ("a", "customer", "anna") in kinds and (("a", "tester", "anna") in kinds),
    )
    yield "an empty world", not world["cycles"]
    days = {c["end_at"].astimezone(ZONE).date() for c in cycles.values() if c["end_at"]}
    yield "2020-W53 in 2021", any(d.year == 2021 and period(d, "week") == "2020-W53" for d in days)
    yield "2025-W01 in 2024", any(d.year == 2024 and period(d, "week") == "2025-W01" for d in days)
    yield (
        "another day in UTC",
        any(
            c["end_at"] and c["end_at"].date() != c["end_at"].astimezone(ZONE).date()
            for c in cycles.values()
        ),
    )


def of_query(query, world):
    """What is awkward about a query."""
    filters = query["filters"]
    yield "three dimensions", len(query["dimensions"]) == 3
    yield "two filters", len(filters) == 2
    yield "a filter by id", any(name.endswith("_id") for name in filters)
    yield (
        "a filter by id in two accounts",
        query["account"] is None and any(name.endswith("_id") for name in filters),
    )
    yield "a filter by label", any(name in ENTITIES for name in filters)
    yield "a filter by none", any(None in values for values in filters.values())
    yield "a filter by a period", set(TIMES) & filters.keys()
    yield "very many values", any(len(values) > MANY for values in filters.values())
    yield "a filter on what is grouped by", set(query["dimensions"]) & filters.keys()
    yield (
        "a feature filtered but not grouped by",
        "feature" in filters.keys() - set(query["dimensions"]),
    )
    for part in ("include_zero", "with_samples", "sort_by", "limit", "severity_weights"):
        yield part, query.get(part)
    for basis in ("start", "reported"):
        yield f"by {basis}", query["date_basis"] == basis
    yield "facts joined", len({f for m in query["metrics"] for f in METRICS[m][0]}) > 1
    yield "one day", query.get("start_date", 0) == query.get("end_date", 1)
    yield (
        "an empty window",
        "start_date" in query
        and "end_date" in query
        and (world["cycles"] and not Brute(world, ZONE).passing("tests", query | {"filters": {}})),
    )
    sort = query.get("sort_by")
    yield "sorted by a metric", sort in query["metrics"]
    yield "sorted by a label", sort in query["dimensions"]
    yield "sorted by an id", sort and sort.endswith("_id")
    yield "sorted ascending", sort and query["sort_order"] == "asc"
    yield "one account", query["account"]


@pytest.fixture(scope="module")
def drawn():
    found = Counter()
    for part in range(PARTS):
        for _, world, asked in rounds(f"part {part}", WORLDS, QUERIES):
            found["worlds"] += 1
            found.update({what: bool(holds) for what, holds in of_world(world)})
            for query in asked:
                found["queries"] += 1
                found.update({what: bool(holds) for what, holds in of_query(query, world)})
                found.update(("metric", metric) for metric in query["metrics"])
                found.update(("dimension", dimension) for dimension in query["dimensions"])
                found.update(("filter", name.removesuffix("_id")) for name in query["filters"])
    return found


def test_thousands_of_queries_are_drawn(drawn):
    assert drawn["queries"] == PARTS * WORLDS * QUERIES > draws(2_500)


def test_the_draws_hold_what_goes_wrong(drawn):
    assert not {what: n for what, n in drawn.items() if n < draws(10)}


def test_every_metric_dimension_and_filter_is_drawn(drawn):
    pairs = {what for what in drawn if isinstance(what, tuple)}
    assert pairs == {
        *(("metric", name) for name in METRICS),
        *((kind, name) for kind in ("dimension", "filter") for name in REACHED_BY),
    }
