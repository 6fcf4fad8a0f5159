"""Further ways to a wrong number: each answer is written out, and the brute force agrees."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from core.analytics import query_metrics
from core.ingest.parse.testio import parse_bug
from core.ingest.save.testio import save_bugs
from tests.analytics.brute import Brute
from tests.analytics.definitions import METRICS
from tests.analytics.test_brute import agree, key_of
from tests.analytics.worlds import at, fill, prepare
from tests.pages.test_shown_figures import bug
from tests.stores import open_store


def rows(result, *keys):
    return [tuple(row[key] for key in keys) for row in result["data"]]


def proven(result, world, zone="UTC"):
    """The answer, once the brute force has come to the same."""
    query = {name: value for name, value in result["metadata"]["query"].items() if value}
    for side in {"start_date", "end_date"} & query.keys():
        query[side] = date.fromisoformat(query[side])
    query.setdefault("dimensions", [])
    brute = Brute(world.world, ZoneInfo(zone))
    expected = brute.data(query)
    assert {key_of(query, row) for row in result["data"]} == expected.keys()
    for row in result["data"]:
        assert agree({m: row[m] for m in query["metrics"]}, expected[key_of(query, row)])
    assert agree(result["totals"], brute.totals(query))
    return result


@pytest.fixture
def ask(ask, world):
    return lambda *metrics, **more: proven(ask(*metrics, **more), world)


def test_a_rate_of_all_is_no_mean_of_rates(world, ask):
    for status in ("accepted", "rejected", "rejected", "rejected"):
        world.bug(tester="ada", status=status)
    world.bug(tester="bea", status="accepted")
    result = ask("rejection_rate", dimensions=["tester"])
    assert rows(result, "tester", "rejection_rate") == [("ada", 0.75), ("bea", 0.0)]
    assert result["totals"] == {"rejection_rate": 0.6}


def test_a_mean_of_all_is_no_mean_of_means(world, ask):
    world.cycle(start="2024-01-01T00:00", end="2024-01-01T10:00")
    for _ in range(3):
        world.cycle(start="2024-02-01T00:00", end="2024-02-01T02:00")
    result = ask("avg_test_duration", dimensions=["month"])
    assert rows(result, "avg_test_duration") == [(10.0,), (2.0,)]
    assert result["totals"] == {"avg_test_duration": 4.0}


def test_thirds_are_not_cut_to_whole_numbers(world, ask):
    cycle = world.cycle(status="running")
    for status in ("accepted", "rejected", "rejected"):
        world.bug(cycle, status=status)
    world.cycle(status="locked")
    assert ask("overall_acceptance_rate", "bugs_per_test")["totals"] == {
        "overall_acceptance_rate": pytest.approx(1 / 3),
        "bugs_per_test": 1.5,
    }


def test_a_share_of_nothing_is_unknown_and_none_of_something_is_zero(world, ask):
    assert ask("rejection_rate", "bug_count")["totals"] == {"rejection_rate": None, "bug_count": 0}
    world.bug(status="accepted")
    assert ask("rejection_rate", "open_bugs")["totals"] == {"rejection_rate": 0.0, "open_bugs": 0}


def test_bugs_in_a_month_without_tests_are_not_divided_by_those_of_another(world, ask):
    drafted = world.cycle(status="initialized", end="2024-01-10T10:00")
    world.bug(drafted)
    world.cycle(status="archived", end="2024-02-10T10:00")
    result = ask("bugs_per_test", "bug_count", dimensions=["month"])
    assert rows(result, "month", "bugs_per_test", "bug_count") == [
        *[("2024-01", None, 1), ("2024-02", 0.0, 0)]
    ]
    assert result["totals"] == {"bugs_per_test": 1.0, "bug_count": 1}


def test_a_cycle_with_both_features_asked_for_counts_once(world, ask):
    cart, login = world.feature("Cart"), world.feature("Login")
    world.cycle(features=[cart, login], platforms=["iOS", "Android"])
    filters = {"feature": ["Cart", "Login"], "platform": ["iOS", "Android"]}
    assert ask("test_count", filters=filters)["totals"] == {"test_count": 1}
    only = ask("test_count", dimensions=["feature"], filters={"feature": "Cart"})
    assert rows(only, "feature", "test_count") == [("Cart", 1)]


def test_members_of_one_name_are_summed_by_no_one_but_the_filter(world, ask):
    for _ in range(2):
        product = world.product("Shop")
        world.cycle(product_id=product, features=[world.feature("Cart", product)])
    by_product = ask("test_count", dimensions=["product"])
    assert rows(by_product, "product_id", "product", "test_count") == [
        *[(1, "Shop", 1), (2, "Shop", 1)]
    ]
    assert rows(ask("test_count", dimensions=["feature"]), "feature", "test_count") == [
        *[("Cart", 1), ("Cart", 1)]
    ]
    assert ask("test_count", filters={"product": "Shop"})["totals"] == {"test_count": 2}
    assert ask("test_count", filters={"product_id": 2})["totals"] == {"test_count": 1}


def test_names_that_look_like_none_or_like_each_other_stay_apart(world, ask):
    names = ("None", "null", "", "anna", "Anna", "anna ", "a%", "a_")
    for name in names:
        world.bug(severity=name)
    world.bug(severity=None)
    result = ask("bug_count", dimensions=["severity"])
    assert sorted(rows(result, "severity", "bug_count"), key=str) == sorted(
        [(name, 1) for name in (*names, None)], key=str
    )
    for name in ("None", "anna", "a%", None):
        found = ask("bug_count", dimensions=["severity"], filters={"severity": [name]})
        assert rows(found, "severity", "bug_count") == [(name, 1)]


def test_what_is_not_known_is_neither_true_nor_false(world, ask):
    for known in (True, False, None):
        world.bug(known=known)
    result = ask("bug_count", dimensions=["known_bug"], sort_by="known_bug", sort_order="asc")
    assert rows(result, "known_bug", "bug_count") == [(False, 1), (True, 1), (None, 1)]
    assert ask("bug_count", filters={"known_bug": False})["totals"] == {"bug_count": 1}


def test_the_year_of_a_day_is_not_that_of_its_week(world, ask):
    world.cycle(end="2021-01-03T10:00")
    result = ask("test_count", dimensions=["year", "quarter", "week"])
    assert rows(result, "year", "quarter", "week") == [("2021", "2021-Q1", "2020-W53")]
    week = ask("test_count", start_date="2020-W53", end_date="2020-W53")
    assert week["totals"] == {"test_count": 1}
    assert ask("test_count", start_date="2021-W01")["totals"] == {"test_count": 0}


def test_the_last_day_of_february_is_in_february(world, ask):
    for day in ("2024-02-28", "2024-02-29", "2024-03-01"):
        world.cycle(end=f"{day}T23:59:59")
    february = ask("test_count", start_date="2024-02", end_date="2024-02")
    assert february["totals"] == {"test_count": 2}


def test_each_clock_finds_a_bug_in_its_own_month(world, ask):
    cycle = world.cycle(start="2024-01-31T23:00", end="2024-03-01T01:00")
    world.bug(cycle, reported="2024-02-15T12:00")
    for basis, month in (("start", "2024-01"), ("reported", "2024-02"), ("default", "2024-03")):
        result = ask("bug_count", "test_count", dimensions=["month"], date_basis=basis)
        found = {row["month"]: row["bug_count"] for row in result["data"] if row["bug_count"]}
        assert found == {month: 1}
        inside = ask("bug_count", start_date=month, end_date=month, date_basis=basis)
        assert inside["totals"] == {"bug_count": 1}


def test_lists_of_everyone_and_short_lists_change_no_total(world, ask):
    world.user("quiet", "tester")
    for n in range(4):
        world.bug(tester=f"tester {n % 3}", status="rejected" if n else "accepted")
    asked = {"dimensions": ["tester"], "filters": {"severity": "low"}}
    whole = ask("bug_count", "active_testers", "rejection_rate", **asked)
    everyone = ask("bug_count", "active_testers", "rejection_rate", **asked, include_zero=True)
    assert everyone["totals"] == whole["totals"]
    assert everyone["totals"] == {"bug_count": 4, "active_testers": 3, "rejection_rate": 0.75}
    assert [row for row in everyone["data"] if row["bug_count"]] == whole["data"]
    assert rows(everyone, "tester", "bug_count", "rejection_rate")[-1] == ("quiet", 0, None)


def test_what_is_distinct_for_each_is_not_summed_for_all(world, ask):
    cart, login = world.feature("Cart"), world.feature("Login")
    world.cycle(creator="anna", features=[cart, login], end="2024-01-10T10:00")
    world.cycle(creator="bob", features=[cart], end="2024-01-20T10:00")
    world.cycle(creator="anna", features=[cart], end="2024-02-10T10:00")
    by_customer = ask("features_tested", dimensions=["customer"])
    assert rows(by_customer, "customer", "features_tested") == [("anna", 2), ("bob", 1)]
    assert by_customer["totals"] == {"features_tested": 2}
    by_month = ask("active_customers", dimensions=["month"])
    assert rows(by_month, "active_customers") == [(2,), (1,)]
    assert by_month["totals"] == {"active_customers": 2}


def test_an_id_means_another_member_in_another_account(world, ask):
    world.bug(tester="zoe")
    world.account = "b"
    world.bug(tester="kai")
    world.bug(tester="zoe")
    by_name = ask("bug_count", dimensions=["tester"], filters={"tester": "zoe"})
    assert rows(by_name, "account_id", "tester_id", "bug_count") == [("a", 1, 1), ("b", 2, 1)]
    assert ask("bug_count", filters={"tester_id": 1})["totals"] == {"bug_count": 2}
    assert ask("bug_count", filters={"tester_id": 1}, account="b")["totals"] == {"bug_count": 1}


def test_a_bug_without_its_cycle_is_lost_to_dates_only(world, ask):
    world.bug(None, reported="2024-01-10T10:00")
    world.bug(world.cycle(end="2024-01-10T10:00"))
    assert ask("bug_count")["totals"] == {"bug_count": 2}
    dated = ask("bug_count", start_date="2024-01", end_date="2024-01")
    assert dated["totals"] == {"bug_count": 1}
    assert any(warning.startswith("1 bug has no date") for warning in dated["warnings"])
    by_report = ask("bug_count", start_date="2024-01", date_basis="reported")
    assert by_report["totals"] == {"bug_count": 1}


def test_a_ticket_is_not_repeated_by_its_runs_nor_a_run_by_its_votes(world, ask):
    ticket = world.ticket(opened="2024-01-01T10:00", resolved="2024-01-01T11:00", category="Mail")
    for seconds in (1, 3):
        run = world.run(ticket_id=ticket, seconds=seconds)
        for thumb in ("up", "down", "down"):
            world.vote(
                f"{run} {thumb} {len(world.world['votes'])}", enhancement_id=run, thumb=thumb
            )
    metrics = ("ticket_count", "mean_resolution_minutes", "enhancement_count", "latency_p50")
    result = ask(*metrics, "positive_feedback_rate", dimensions=["ticket_category"])
    assert rows(result, *metrics) == [(1, 60.0, 2, 2.0)]
    assert result["totals"]["positive_feedback_rate"] == pytest.approx(1 / 3)


def test_days_begin_and_end_in_the_business_time_zone(tmp_path, world):
    store = open_store(f"sqlite:///{tmp_path}/store.db", timezone="America/New_York")
    prepare(store)
    # New Year in UTC is the old year in New York; and a day of 25 hours when the clocks go back.
    for end in ("2024-01-01T04:59:59", "2024-11-03T04:00:00", "2024-11-04T04:59:59"):
        world.cycle(end_at=at(end))
    world.cycle(end_at=at("2024-11-04T05:00:00"))
    fill(store, world.world)

    def asked(**more):
        found = query_metrics(store, metrics=["test_count"], **more)
        return proven(found, world, "America/New_York")

    assert rows(asked(dimensions=["day"]), "day", "test_count") == [
        *[("2023-12-31", 1), ("2024-11-03", 2), ("2024-11-04", 1)]
    ]
    assert rows(asked(dimensions=["year", "week"]), "year", "week") == [
        *[("2023", "2023-W52"), ("2024", "2024-W44"), ("2024", "2024-W45")]
    ]
    assert asked(start_date="2024-11-03", end_date="2024-11-03")["totals"] == {"test_count": 2}
    store.close()


def test_the_reason_is_that_of_the_last_rejection(tmp_path):
    reasons = {"known": "We know this.", "intended": "It is meant so."}
    said = ["We know this. Sorry.", "Reopened: I do not think so.", "It is meant so."]
    obj = bug(1, "zoe", "low", "rejected") | {"comments": [{"body": text} for text in said]}
    store = open_store(f"sqlite:///{tmp_path}/store.db", timezone="UTC")
    store.ensure_account("a", "Account a")
    with store.write("a") as unit:
        save_bugs(unit, [parse_bug(obj, reasons)])
    result = query_metrics(store, metrics="bug_count", dimensions="rejection_reason")
    assert rows(result, "rejection_reason", "bug_count") == [("intended", 1)]
    store.close()


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_is_counted_where_there_is_nothing(ask, metric):
    (value,) = ask(metric)["totals"].values()
    assert value in {0, None}
