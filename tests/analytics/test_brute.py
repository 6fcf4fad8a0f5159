"""Random questions over random worlds: the SQL and a brute force over plain dicts must agree."""

from datetime import UTC, date, datetime
from math import isclose
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.analytics import explain, query_metrics
from core.store import open_store
from tests.analytics.brute import ENTITIES, METRICS, REACHED_BY, TIMES, Brute
from tests.analytics.worlds import MODELS, fill, prepare

ZONE = ZoneInfo("Europe/Berlin")
SPREAD = settings(
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
NAMES = ("anna", 'Zoë "Q" O\'Hara', "😀 -- ; %s", "%", "bob")
# Around midnight in the zone, around New Year, and about.
DAYS = (
    date(2023, 12, 31),
    date(2024, 1, 1),
    date(2024, 3, 31),
    date(2024, 7, 4),
    date(2024, 12, 29),
    date(2024, 12, 30),
    date(2025, 1, 1),
)
CLOCKS = ("00:00:00", "12:30:00", "23:59:59")
INSTANTS = tuple(
    datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).astimezone(UTC)
    for day in DAYS
    for clock in CLOCKS
)
STATUSES = ("initialized", "running", "locked", "archived", "cancelled", None)
SEVERITIES = ("critical", "high", "low", "visual", "content", "custom", None)
VERDICTS = ("accepted", "auto_accepted", "rejected", "forwarded", "odd", None)
PLATFORMS = ("iOS", "Android", "Windows 11")


@pytest.fixture(scope="module")
def berlin_sqlite(tmp_path_factory):
    store = open_store(
        f"sqlite:///{tmp_path_factory.mktemp('brute')}/store.db", timezone="Europe/Berlin"
    )
    prepare(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def berlin_postgres(postgres_server):
    store = open_store(postgres_server(), timezone="Europe/Berlin")
    prepare(store)
    yield store
    store.close()


class World(dict):
    """A world that says in a line what it holds."""

    def __repr__(self):
        return f"<{', '.join(f'{len(rows)} {name}' for name, rows in self.items())}>"


@st.composite
def worlds(draw):
    """A world of two accounts whose ids and names are the same."""
    random = draw(st.randoms(use_true_random=False))
    size = draw(st.integers(0, 8))

    def maybe(*values):
        return random.choice((None, *values))

    world = World({name: [] for name in MODELS})
    for account in ("a", "b"):
        _catalogue(world, account, random)
        _cycles(world, account, random, maybe, size)
        _bugs(world, account, random, maybe, size * 2)
        _desk(world, account, random, maybe, size)
    return world


def _catalogue(world, account, random):
    for n, name in enumerate(("Shop", "Shop", None), 1):
        world["products"].append(
            {"account_id": account, "id": n, "name": name, "type": None, "in_catalogue": n < 3}
        )
    for n in range(1, 5):
        world["features"].append(
            {
                "account_id": account,
                "id": n,
                "product_id": random.choice((None, 1, 2)),
                "title": random.choice((None, "Cart", "Login")),
                "in_catalogue": n < 4,
            }
        )
    for n, name in enumerate(NAMES, 1):
        for kind, shift in (("customer", 0), ("tester", 10)):
            world["users"].append(
                {"account_id": account, "id": n + shift, "kind": kind, "name": name}
            )


def _cycles(world, account, random, maybe, size):
    for n in range(1, size + 1):
        world["cycles"].append(
            {
                "account_id": account,
                "id": n,
                "title": f"Cycle {n}",
                "status": random.choice(STATUSES),
                "review_status": None,
                "testing_type": maybe("rapid", "coverage"),
                "test_environment": maybe("Staging"),
                "product_id": maybe(1, 2, 3),
                "created_by_id": maybe(1, 2, 3),
                "submitted_by_id": maybe(1, 2, 3, 4),
                "start_at": maybe(*INSTANTS),
                "end_at": maybe(*INSTANTS),
            }
        )
        for feature in random.sample(range(1, 5), random.randrange(4)):
            world["cycle_features"].append(
                {
                    "account_id": account,
                    "cycle_id": n,
                    "feature_id": feature,
                    "test_feature_id": None,
                    "title": None,
                }
            )
        for platform in random.sample(PLATFORMS, random.randrange(3)):
            world["cycle_platforms"].append(
                {"account_id": account, "cycle_id": n, "platform": platform}
            )


def _bugs(world, account, random, maybe, size):
    for n in range(1, size + 1):
        world["bugs"].append(
            {
                "account_id": account,
                "id": n,
                "title": f"Bug {n}",
                "cycle_id": maybe(*range(1, size // 2 + 1)),
                "product_id": maybe(1, 2, 3),
                "feature_id": maybe(1, 2, 4),
                "tester_id": maybe(11, 12, 13),
                "severity": random.choice(SEVERITIES),
                "status": random.choice(VERDICTS),
                "known": maybe(True, False),
                "rejection_reason": maybe("duplicate", "intended"),
                "reported_at": maybe(*INSTANTS),
            }
        )
        for platform in random.sample(PLATFORMS, random.randrange(3)):
            world["devices"].append({"account_id": account, "bug_id": n, "platform": platform})


def _desk(world, account, random, maybe, size):
    for n in range(1, size + 1):
        world["tickets"].append(
            {
                "account_id": account,
                "id": f"t{n}",
                "opened_at": maybe(*INSTANTS),
                "resolved_at": maybe(*INSTANTS),
                "category": maybe("Network", "Mail"),
                "priority": maybe("P1", "P2"),
                "technician": maybe("kim"),
                "enhanced": maybe(True, False),
                "minutes_spent": None,
                "reopened": None,
            }
        )
        world["runs"].append(
            {
                "account_id": account,
                "id": f"r{n}",
                "ticket_id": maybe(*(f"t{m}" for m in range(1, size + 2))),
                "status": random.choice(("completed", "completed", "failed", "pending")),
                "processing_time_ms": maybe(5, 900, 900, 12_345),
                "created_at": random.choice(INSTANTS),
                "completed_at": None,
                "error_message": None,
            }
        )
        world["votes"].append(
            {
                "account_id": account,
                "id": f"v{n}",
                "subject": random.choice(("page:/", "page:/testers")),
                "rater": f"rater {n}",
                "ticket_id": maybe("t1", "t2"),
                "enhancement_id": maybe("r1", "r2"),
                "thumb": maybe("up", "down"),
                "rating": maybe(1, 4, 5),
                "comment": None,
                "created_at": random.choice(INSTANTS),
                "updated_at": INSTANTS[0],
            }
        )


ALL_FACTS = ({"tests"}, {"bugs"}, {"tests", "bugs"}, {"tests", "bugs", "test_features"},
             {"test_features"}, {"enhancements"}, {"enhancements", "feedback"},
             {"enhancements", "tickets", "feedback"}, set(REACHED_BY["day"]))  # fmt: skip


@st.composite
def queries(draw):
    facts = draw(st.sampled_from(ALL_FACTS))
    reached = [d for d, by in REACHED_BY.items() if facts <= by]
    askable = [m for m, (needs, _) in METRICS.items() if set(needs) <= facts]
    query = {
        "metrics": draw(st.lists(st.sampled_from(askable), min_size=1, max_size=4, unique=True)),
        "dimensions": draw(st.lists(st.sampled_from(reached), max_size=3, unique=True)),
        "date_basis": draw(st.sampled_from(("default", "default", "start", "reported"))),
        "account": draw(st.sampled_from((None, None, "a"))),
        "include_zero": draw(st.sampled_from((False, False, True))),
        "filters": {},
    }
    for name in draw(st.lists(st.sampled_from(reached), max_size=2, unique=True)):
        by_id = name in ENTITIES and draw(st.booleans())
        values = draw(st.lists(st.sampled_from(_values(name, by_id)), min_size=1, max_size=3))
        query["filters"][f"{name}_id" if by_id else name] = values
    ends = sorted(draw(st.sampled_from(DAYS)) for _ in range(2))
    sides = zip(("start_date", "end_date"), ends, strict=True)
    return query | {side: day for side, day in sides if draw(st.booleans())}


def _values(name, by_id):
    """Values to filter by: some of them stored, one never, and none."""
    if by_id:
        return ("a", "b") if name == "account" else (1, 2, 3, 12, 77, None)
    return {
        "account": ("Account a", "Account b"),
        "product": ("Shop", "Fax", None),
        "feature": ("Cart", "Login", "Fax", None),
        "platform": (*PLATFORMS, "BeOS", None),
        "severity": SEVERITIES,
        "bug_status": VERDICTS,
        "test_status": STATUSES,
        "testing_type": ("rapid", "coverage", None),
        "test_environment": ("Staging", None),
        "rejection_reason": ("duplicate", None),
        "known_bug": (True, False, None),
        "day": ("2024-01-01", "2024-12-30", None),
        "week": ("2024-W01", "2025-W01", None),
        "month": ("2024-01", "2024-12", None),
        "quarter": ("2024-Q1", "2023-Q4"),
        "year": ("2024", "2025", None),
        "weekday": ("Monday", "Sunday", "Wednesday", None),
        "enhancement_status": ("completed", "failed", None),
        "ticket_category": ("Network", None),
        "ticket_priority": ("P1", "P3"),
        "technician": ("kim", "lee", None),
        "enhanced": (True, False, None),
        "feedback_type": ("thumbs_up", "thumbs_down", "rating", None),
        "subject": ("page:/", "page:/lost"),
    }.get(name, (*NAMES, "nobody", None))


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
    brute = Brute(world, ZONE)
    result = query_metrics(store, **query, limit=1_000_000)
    expected = brute.data(query)
    metrics = query["metrics"]
    found = {key_of(query, row): {m: row[m] for m in metrics} for row in result["data"]}
    if not query["dimensions"]:
        assert result["data"] == [result["totals"]]
    assert len(found) == len(result["data"]) == result["metadata"]["total_rows"]
    assert found.keys() == expected.keys()
    for key, figures in expected.items():
        assert agree(found[key], figures), (key, found[key], figures)
    totals = brute.totals(query)
    assert agree(result["totals"], totals), (result["totals"], totals)
    for row in result["data"]:
        for dimension in ENTITIES & set(query["dimensions"]):
            key = (row["account_id"], row[f"{dimension}_id"])
            assert row[dimension] == brute.labels[dimension].get(key)
    _check_order(query, result["data"])
    _check_warnings(brute, query, result["warnings"])
    return result


def _check_order(query, data):
    """Time ascending, then the first metric descending, unknown last."""
    times = [d for d in query["dimensions"] if d in TIMES]

    def place(row):
        asked = [_ascending(d, row[d]) for d in times]
        value = row[query["metrics"][0]]
        return [*asked, (value is None, -(value or 0))]

    assert [place(row) for row in data] == sorted(place(row) for row in data)


def _ascending(dimension, value):
    if dimension == "weekday" and value is not None:
        days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        return (False, f"{days.index(value)}")
    return (value is None, value or "")


PLURALS = {
    "tests": ("test cycle", "test cycles"),
    "bugs": ("bug", "bugs"),
    "test_features": ("feature in a test cycle", "features in test cycles"),
    "enhancements": ("enhancement run", "enhancement runs"),
    "tickets": ("ticket", "tickets"),
    "feedback": ("vote", "votes"),
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


@settings(SPREAD, max_examples=120)
@given(world=worlds(), asked=st.lists(queries(), min_size=4, max_size=4))
def test_the_answer_is_that_of_a_brute_force(berlin_sqlite, world, asked):
    fill(berlin_sqlite, world)
    for query in asked:
        check(berlin_sqlite, world, query)


@settings(SPREAD, max_examples=30)
@given(world=worlds(), asked=st.lists(queries(), min_size=4, max_size=4))
def test_the_answer_is_the_same_on_postgresql(berlin_postgres, world, asked):
    fill(berlin_postgres, world)
    for query in asked:
        check(berlin_postgres, world, query)


@settings(SPREAD, max_examples=40)
@given(world=worlds(), query=queries(), data=st.data())
def test_the_rows_behind_a_figure_add_up_to_it(berlin_sqlite, world, query, data):
    fill(berlin_sqlite, world)
    result = query_metrics(berlin_sqlite, **query, limit=1_000_000)
    row = data.draw(st.sampled_from([None, *result["data"]]))
    for metric in query["metrics"]:
        proof = explain(berlin_sqlite, result, row, metric=metric, limit=3, offset=1)
        assert proof["agrees"], proof
        assert proof["value"] == (result["totals"] if row is None else row)[metric]
        assert len(proof["rows"]) == max(min(proof["total_rows"] - 1, 3), 0)
        now = explain(
            berlin_sqlite, result["metadata"]["query"], row and _keys(row, metric), metric=metric
        )
        assert now["agrees"]


def _keys(row, metric):
    return {name: value for name, value in row.items() if name != metric}
