"""Random questions over random worlds: the SQL and a brute force over plain dicts must agree.

The same questions in every run; SEED=7 in the environment asks others.
"""

import os
from math import isclose
from random import Random

import pytest

from core.analytics import explain, query_metrics
from tests.analytics.brute import Brute
from tests.analytics.definitions import ENTITIES, METRICS, TIMES, WEEKDAYS
from tests.analytics.draws import ERAS, ZONE, query_of, world_of
from tests.analytics.worlds import fill, prepare
from tests.draws import draws
from tests.stores import open_store

SEED = os.environ.get("SEED", "")
# Worlds are cheap, and so is a second question of one: most of the time goes into SQL's text.
PARTS, WORLDS, QUERIES = 6, draws(14), 30


@pytest.fixture(scope="module")
def berlin_sqlite(tmp_path_factory):
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('brute')}/store.db", timezone=ZONE.key)
    prepare(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def berlin_postgres(postgres_server):
    store = open_store(postgres_server(), timezone=ZONE.key)
    prepare(store)
    yield store
    store.close()


def rounds(name, worlds, queries):
    """Worlds, each with the queries to ask of it."""
    for number in range(worlds):
        random = Random(f"{SEED} {name} {number}")
        days = ERAS[number % len(ERAS)]
        yield random, world_of(random, days), [query_of(random, days) for _ in range(queries)]


def key_of(query, row):
    return tuple(
        (row["account_id"], row[f"{d}_id"]) if d in ENTITIES else row[d]
        for d in query["dimensions"]
    )


def agree(found, expected):
    """Whether two rows of figures are the same, up to rounding."""
    return found.keys() == expected.keys() and all(
        (value is None) == (expected[name] is None)
        and (value is None or isclose(value, expected[name], rel_tol=1e-9, abs_tol=1e-9))
        for name, value in found.items()
    )


def check(store, world, query):
    """Ask, and compare all there is in the answer with the brute force."""
    brute = Brute(world, ZONE)
    result = query_metrics(store, **query | {"limit": 1_000_000})
    expected, totals = brute.data(query), brute.totals(query)
    found = {key_of(query, row): {m: row[m] for m in totals} for row in result["data"]}
    if not query["dimensions"]:
        assert result["data"] == [result["totals"]]
    assert len(found) == len(result["data"]) == result["metadata"]["total_rows"]
    assert found.keys() == expected.keys()
    for key, figures in expected.items():
        assert agree(found[key], figures), (key, found[key], figures)
    assert agree(result["totals"], totals), (result["totals"], totals)
    for row in result["data"]:
        for dimension in ENTITIES & set(query["dimensions"]):
            key = (row["account_id"], row[f"{dimension}_id"])
            assert row[dimension] == brute.labels[dimension].get(key)
    assert result["data"] == in_order(query, result["data"])
    _check_warnings(brute, query, result["warnings"])
    if limit := query.get("limit"):
        cut = query_metrics(store, **query)
        assert cut["data"] == result["data"][:limit]
        assert cut["totals"] == result["totals"]
        assert cut["metadata"]["total_rows"] == len(found)
        said = any(warning.startswith("Only the first") for warning in cut["warnings"])
        assert said == (len(found) > limit)
    return result


def in_order(query, data):
    """As asked, else time and then the first metric; ties by label and at last by id."""
    times = [(d, False) for d in query["dimensions"] if d in TIMES]
    descending = query["sort_order"] == "desc"
    if "sort_by" in query:
        columns = [(query["sort_by"], descending), *times]
    else:
        columns = [*times, (query["metrics"][0], descending)]
    columns += [(d, False) for d in query["dimensions"]]
    if ENTITIES & set(query["dimensions"]):
        columns += [("account_id", False)]
        columns += [(f"{d}_id", False) for d in query["dimensions"] if d in ENTITIES]
    for column, is_descending in reversed(columns):
        known = [row for row in data if row[column] is not None]
        known.sort(key=lambda row: _rank(column, row[column]), reverse=is_descending)
        data = known + [row for row in data if row[column] is None]
    return data


def _rank(column, value):
    return WEEKDAYS.index(value) if column == "weekday" else value


PLURALS = {
    "tests": ("test cycle", "test cycles"),
    "bugs": ("bug", "bugs"),
    "test_features": ("feature in a test cycle", "features in test cycles"),
    "enhancements": ("enhancement run", "enhancement runs"),
    "tickets": ("ticket", "tickets"),
    "feedback": ("vote", "votes"),
    "surveys": ("survey response", "survey responses"),
}


def _check_warnings(brute, query, warnings):
    """Each fact says how many rows have no value, and how many no date."""
    facts = {fact for metric in query["metrics"] for fact in METRICS[metric][0]}
    for fact in facts:
        singular, plural = PLURALS[fact]

        def begins(n, words, singular=singular, plural=plural):
            start = f"{n} {singular} has no {words}" if n == 1 else f"{n} {plural} have no {words}"
            return sum(warning.startswith(start) for warning in warnings)

        for dimension in set(query["dimensions"]) - {"account"} - set(TIMES):
            n = brute.without(fact, dimension, query)
            label = {"customer": "customer user"}.get(dimension, dimension.replace("_", " "))
            assert begins(n, f"{label}: see") == (n > 0), (fact, dimension, n, warnings)
        if query.get("start_date") or query.get("end_date"):
            n = brute.undated(fact, query)
            outside = [w for w in warnings if "outside" in w and begins(n, "date for")]
            assert bool(outside) == (n > 0), (fact, n, warnings)
    weightless = brute.weightless(query) if "bug_severity_score" in query["metrics"] else {}
    said = [warning for warning in warnings if "severity score" in warning]
    assert bool(said) == bool(weightless)
    for severity, n in weightless.items():
        assert f"{severity or 'no severity'} ({n})" in said[0]


def check_all(store, name, worlds, queries):
    for _, world, asked in rounds(name, worlds, queries):
        fill(store, world)
        for query in asked:
            try:
                check(store, world, query)
            except AssertionError as wrong:
                small = reduced(store, world, query)
                pytest.fail(f"{wrong}\nquery: {query}\nworld: {small}", pytrace=False)


def reduced(store, world, query):
    """A world in which the answer is still wrong, with no row that it takes away."""

    def is_wrong(smaller):
        try:
            fill(store, smaller)
            check(store, smaller, query)
        except AssertionError:
            return True
        except Exception:  # noqa: BLE001  # a row that others refer to has to stay
            return False
        return False

    for name in reversed(world):
        for row in list(world[name]):
            smaller = world | {name: [other for other in world[name] if other is not row]}
            if is_wrong(smaller):
                world = smaller
    return {name: rows for name, rows in world.items() if rows}


@pytest.mark.parametrize("part", range(PARTS))
def test_the_answer_is_that_of_a_brute_force(berlin_sqlite, part):
    check_all(berlin_sqlite, f"part {part}", WORLDS, QUERIES)


def test_the_answer_is_the_same_on_postgresql(berlin_postgres):
    check_all(berlin_postgres, "postgresql", WORLDS, QUERIES)


def test_the_rows_behind_a_figure_add_up_to_it(berlin_sqlite):
    for random, world, asked in rounds("rows", WORLDS, 12):
        fill(berlin_sqlite, world)
        for query in asked:
            result = query_metrics(berlin_sqlite, **query)
            row = random.choice([None, *result["data"]])
            metric = random.choice(query["metrics"])
            proof = explain(berlin_sqlite, result, row, metric=metric, limit=3, offset=1)
            assert proof["agrees"], (query, row, proof)
            assert proof["value"] == (result["totals"] if row is None else row)[metric]
            assert len(proof["rows"]) == max(min(proof["total_rows"] - 1, 3), 0)
            group = row and {name: value for name, value in row.items() if name != metric}
            asked_now = result["metadata"]["query"]
            assert explain(berlin_sqlite, asked_now, group, metric=metric)["agrees"]
