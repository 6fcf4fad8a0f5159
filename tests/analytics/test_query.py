import json
from datetime import date, timedelta

import pytest

from core.analytics import query_metrics
from core.base.errors import QueryError
from core.store import SyncRun
from tests.analytics.worlds import at


def rows(result, *keys):
    return [tuple(row[key] for key in keys) for row in result["data"]]


def test_the_answer_has_all_its_parts_and_is_plain_json(world, ask):
    world.cycle(creator="anna", end="2024-01-10T10:00")
    result = ask("tests_created", dimensions=["customer", "month"], start_date="2024")
    assert json.loads(json.dumps(result)) == result
    assert list(result) == [*("data", "totals", "metadata", "query_explanation", "warnings", "sql")]
    assert result["data"] == [
        {
            "account_id": "a",
            "customer_id": 1,
            "customer": "anna",
            "month": "2024-01",
            "tests_created": 1,
        }
    ]
    metadata = result["metadata"]
    assert metadata["total_rows"] == 1
    assert metadata["dimensions_used"] == ["customer", "month"]
    assert metadata["metrics_used"] == ["tests_created"]
    assert metadata["query_time_ms"] > 0
    assert metadata["data_through"] == "2024-01-10"
    assert metadata["synced_at"] is None
    assert metadata["definition_versions"] == {"tests_created": 1}
    assert result["query_explanation"] == (
        "Tests created by customer user and month from 2024-01-01 on, dated test cycles by their "
        "end in UTC, in every account, sorted by month ascending, then Tests created descending, "
        "at most 1,000 rows."
    )
    assert "FROM test_cycle" in result["sql"]
    assert "'2024-01-01'" in result["sql"]


def test_the_query_in_the_answer_gives_the_same_answer(world, ask, each_store):
    world.bug(world.cycle(end="2024-01-10T10:00"), tester="zoe", severity="odd")
    result = ask(
        *("bug_count", "bug_severity_score"),
        dimensions=["status", "week"],
        filters={"tester": "zoe", "known_bug": [False, None]},
        start_date="last year",
        end_date=date(2024, 12, 31),
        today=date(2025, 5, 5),
        sort_by="status",
        sort_order="asc",
        limit=5,
        with_samples=True,
        severity_weights={"odd": 2},
        account="a",
    )
    again = query_metrics(each_store, **json.loads(json.dumps(result["metadata"]["query"])))
    for part in ("data", "totals", "query_explanation", "warnings", "sql"):
        assert again[part] == result[part]
    assert result["totals"]["bug_severity_score"] == 2
    assert result["data"][0]["status"] == result["data"][0]["bug_status"] == "accepted"


def test_time_sorts_ascending_everything_else_by_the_first_metric_ties_by_label(world, ask):
    for tester, bugs in (("bea", 1), ("ada", 1), ("cyd", 2)):
        for _ in range(bugs):
            world.bug(world.cycle(end="2024-02-10T10:00"), tester=tester)
    world.bug(world.cycle(end="2024-01-10T10:00"), tester="cyd")
    world.bug(tester="ada")
    assert rows(ask("bug_count", dimensions=["tester"]), "tester", "bug_count") == [
        *[("cyd", 3), ("ada", 2), ("bea", 1)]
    ]
    assert rows(ask("bug_count", dimensions=["tester", "month"]), "month", "tester") == [
        *[("2024-01", "cyd"), ("2024-02", "cyd"), ("2024-02", "ada"), ("2024-02", "bea")],
        (None, "ada"),
    ]
    up = ask("bug_count", dimensions=["tester"], sort_order="asc")
    assert rows(up, "tester") == [("bea",), ("ada",), ("cyd",)]
    by_label = ask("bug_count", dimensions=["tester"], sort_by="tester", sort_order="asc")
    assert rows(by_label, "tester") == [("ada",), ("bea",), ("cyd",)]
    late = ask("bug_count", dimensions=["month"], sort_by="month", limit=2)
    assert rows(late, "month") == [("2024-02",), ("2024-01",)]
    by_id = ask("bug_count", dimensions=["tester"], sort_by="tester_id", sort_order="asc")
    assert rows(by_id, "tester") == [("bea",), ("ada",), ("cyd",)]


def test_unknown_figures_sort_last_whichever_way(world, ask):
    world.bug(tester="ada", status="rejected")
    world.bug(tester="bea", status="accepted")
    world.bug(tester="cyd", status="forwarded")
    for order, expected in (("asc", [0.0, 1.0, None]), ("desc", [1.0, 0.0, None])):
        result = ask("decided_acceptance_rate", dimensions=["tester"], sort_order=order)
        assert [row["decided_acceptance_rate"] for row in result["data"]] == expected


def test_weekdays_sort_from_monday(world, ask):
    for day in range(8, 15):
        world.cycle(end=f"2024-01-{day:02}T10:00")
    result = ask("test_count", dimensions=["weekday"])
    assert [row["weekday"] for row in result["data"]] == [
        *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    ]
    monday = ask("test_count", filters={"weekday": ["Monday", "Freitag"]})
    assert monday["totals"] == {"test_count": 1}
    assert monday["warnings"] == ["No row has the weekday 'Freitag' (did you mean 'Friday'?)."]


def test_filters_match_labels_or_ids_any_within_and_all_between(world, ask):
    anna, bob = world.user("anna"), world.user("bob")
    shop, desk = world.product("Shop"), world.product("Desk")
    for creator in ("anna", "anna", "bob", None):
        world.cycle(creator=creator, product_id=shop)
    world.cycle(creator="anna", product_id=desk)

    def total(**filters):
        return ask("test_count", filters=filters)["totals"]["test_count"]

    assert total(customer="anna") == total(customer_id=anna) == 3
    assert total(customer_id=str(bob)) == 1
    assert total(customer=["anna", "bob"]) == total(customer=("anna", "bob")) == 4
    assert total(customer=["anna", None]) == 4
    assert total(customer=None) == total(customer_id=None) == 1
    assert total(customer="anna", product="Shop") == 2
    assert total(customer="anna", product_id=desk) == 1
    assert total(account="Account a") == total(account_id="a") == 5
    assert total(account_id="b") == 0


def test_a_value_nobody_has_gives_no_rows_and_the_nearest_match(world, ask):
    world.bug(tester="zoe", severity="critical")
    result = ask("bug_count", dimensions=["tester"], filters={"tester": "zoee"})
    assert result["data"] == []
    assert result["totals"] == {"bug_count": 0}
    assert result["warnings"] == ["No row has the tester 'zoee' (did you mean 'zoe'?)."]
    severity = ask("bug_count", filters={"severity": ["Critical", "critical", "qqq"]})
    assert severity["totals"] == {"bug_count": 1}
    assert severity["warnings"] == [
        "No row has the severity 'Critical' (did you mean 'critical'?), 'qqq'."
    ]
    many = ask("bug_count", filters={"tester_id": list(range(500, 600))})
    assert many["warnings"] == ["No row has the tester_id 500, 501, 502 and 97 more."]
    elsewhere = ask("bug_count", filters={"tester": "zoe"}, account="b")
    assert elsewhere["warnings"] == ["No row has the tester 'zoe'."]


def test_ten_thousand_values_can_be_filtered_by(world, ask):
    for n in range(300):
        world.bug(tester=f"tester {n}", severity=f"odd {n}")
    names = [f"tester {n}" for n in range(10_000)]
    result = ask("bug_count", "active_testers", filters={"tester": names})
    assert result["totals"] == {"bug_count": 300, "active_testers": 300}
    assert "9,697 more" in result["warnings"][0]
    by_id = ask("bug_count", dimensions=["tester"], filters={"tester_id": list(range(10_000))})
    assert by_id["totals"] == {"bug_count": 300}
    severities = [f"odd {n}" for n in range(10_000)]
    both = ask("bug_count", filters={"severity": severities, "tester": names})
    assert both["totals"] == {"bug_count": 300}
    days = [(date(2023, 1, 1) + timedelta(days=n)).isoformat() for n in range(10_000)]
    three_facts = {"day": days, "ticket_category": severities}
    assert ask(
        *("enhancement_count", "ticket_count", "feedback_count", "latency_p50"), filters=three_facts
    )["totals"] == {
        "enhancement_count": 0,
        "ticket_count": 0,
        "feedback_count": 0,
        "latency_p50": None,
    }


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE bug; --", '" OR 1=1', "%s %(a)s :a ?", "\\'", "😀"]
)
def test_values_are_only_ever_bound(world, ask, name):
    world.bug(tester=name, severity=name)
    world.bug(tester="other", severity="low")
    result = ask("bug_count", dimensions=["tester"], filters={"tester": name, "severity": name})
    assert rows(result, "tester", "bug_count") == [(name, 1)]
    assert ask("bug_count")["totals"] == {"bug_count": 2}
    unknown = ask("bug_count", filters={"tester": name + "x"})
    assert unknown["totals"] == {"bug_count": 0}


def test_members_and_periods_without_figures_are_listed_on_request(world, ask):
    world.user("cleo")
    world.user("tom", "tester")
    world.cycle(creator="anna", end="2024-01-10T10:00")
    world.cycle(creator="bob", end="2024-03-10T10:00")
    result = ask("tests_created", "test_completion_rate", dimensions=["customer"],
                 include_zero=True)  # fmt: skip
    assert rows(result, "customer", "tests_created", "test_completion_rate") == [
        *[("anna", 1, 0.0), ("bob", 1, 0.0), ("cleo", 0, None)]
    ]
    months = ask("tests_created", dimensions=["month"], include_zero=True)
    assert rows(months, "month", "tests_created") == [
        *[("2024-01", 1), ("2024-02", 0), ("2024-03", 1)]
    ]
    window = ask("tests_created", dimensions=["quarter"], include_zero=True,
                 start_date="2023-12-31", end_date="2024-04-01")  # fmt: skip
    assert rows(window, "quarter", "tests_created") == [
        *[("2023-Q4", 0), ("2024-Q1", 2), ("2024-Q2", 0)]
    ]
    grid = ask("tests_created", dimensions=["customer", "month"], include_zero=True)
    assert grid["metadata"]["total_rows"] == 9
    some = ask("tests_created", dimensions=["customer"], include_zero=True,
               filters={"customer": ["cleo", "anna"]})  # fmt: skip
    assert rows(some, "customer", "tests_created") == [("anna", 1), ("cleo", 0)]
    everyone = ask("bug_count", dimensions=["tester"], include_zero=True)
    assert rows(everyone, "tester", "bug_count") == [("tom", 0)]


def test_an_empty_store_answers_with_nothing_and_not_with_an_error(ask):
    for include_zero in (False, True):
        result = ask(
            *("test_count", "test_completion_rate", "latency_p95", "throughput_per_day"),
            dimensions=["month"],
            include_zero=include_zero,
        )
        assert result["data"] == []
        assert result["totals"] == {
            "test_count": 0,
            "test_completion_rate": None,
            "latency_p95": None,
            "throughput_per_day": None,
        }
        assert result["warnings"] == []
        assert result["metadata"]["data_through"] is None


def test_too_many_combinations_are_refused(world, ask):
    for n in range(400):
        world.user(f"customer {n}")
    world.cycle(creator="customer 1")
    with pytest.raises(QueryError, match="drop a dimension"):
        ask("test_count", dimensions=["customer", "submitter", "day"], include_zero=True,
            start_date="2024-01-01", end_date="2024-12-31")  # fmt: skip
    with pytest.raises(QueryError, match="group by a longer period"):
        ask("test_count", dimensions=["day"], include_zero=True,
            start_date="1900-01-01", end_date="2024-12-31")  # fmt: skip


def test_rows_without_a_date_fall_outside_dated_queries_and_are_counted(world, ask):
    dated = world.cycle(end="2024-01-10T10:00", start="2024-01-08T10:00")
    never = world.cycle()
    for cycle in (dated, never, None):
        world.bug(cycle, reported="2024-01-09T10:00" if cycle == never else None)
    result = ask("test_count", "bug_count", start_date="2024-01-01")
    assert result["totals"] == {"test_count": 1, "bug_count": 1}
    assert sorted(result["warnings"]) == [
        "1 test cycle has no date for their end and falls outside the dates asked for.",
        "2 bugs have no date for the end of their test cycle and fall outside the dates asked for.",
    ]
    reported = ask("test_count", "bug_count", date_basis="reported", end_date="2024-01-09")
    assert reported["totals"] == {"test_count": 0, "bug_count": 1}
    assert reported["warnings"][0] == (
        "The date basis reported does not apply to test cycles: they are dated by their end."
    )
    started = ask("test_count", date_basis="start", end_date="2024-01-08")
    assert started["totals"] == {"test_count": 1}


def test_what_rates_and_quantiles_leave_out_is_counted(world, ask):
    for status, seconds in (("completed", 1), ("completed", None), ("failed", 9), ("pending", 9)):
        world.run(status=status, seconds=seconds)
    world.ticket(opened="2024-01-01T10:00", resolved="2024-01-01T10:30")
    world.ticket(resolved="2024-01-01T10:30")
    world.ticket(opened="2024-01-01T10:00")
    result = ask(
        *("enhancement_success_rate", "latency_p95", "latency_p50", "mean_resolution_minutes"),
        *("median_resolution_minutes", "ticket_count"),
        with_samples=True,
    )
    assert result["totals"] == {
        "enhancement_success_rate": pytest.approx(2 / 3),
        "enhancement_success_rate_n": 3,
        "latency_p95": 1.0,
        "latency_p95_n": 1,
        "latency_p50": 1.0,
        "latency_p50_n": 1,
        "mean_resolution_minutes": 30.0,
        "mean_resolution_minutes_n": 1,
        "median_resolution_minutes": 30.0,
        "median_resolution_minutes_n": 1,
        "ticket_count": 2,
    }
    assert result["warnings"] == [
        "1 enhancement run is neither completed nor failed: left out of Enhancement success rate.",
        (
            "1 enhancement run is completed but has no duration: left out of p95 latency and "
            "p50 latency."
        ),
        (
            "1 ticket is not resolved: left out of Mean resolution time, Median resolution time "
            "and Resolved tickets."
        ),
        (
            "1 ticket is resolved but has no instant of opening: left out of Mean resolution time "
            "and Median resolution time."
        ),
    ]


def test_throughput_counts_the_days_of_the_window(world, ask):
    for created in ("2024-01-30T10:00", "2024-01-30T11:00", "2024-02-02T10:00"):
        world.run(created=created)
    world.run(created="2024-03-30T10:00", status="pending")
    first_to_last = ask("throughput_per_day", dimensions=["month"])
    assert rows(first_to_last, "month", "throughput_per_day") == [
        *[("2024-01", 1.0), ("2024-02", 0.5), ("2024-03", None)]
    ]
    assert first_to_last["totals"] == {"throughput_per_day": 0.75}
    window = {"start_date": "2024-01-01", "end_date": "2024-02-29"}
    by_month = ask("throughput_per_day", dimensions=["month"], **window)
    assert rows(by_month, "month", "throughput_per_day") == [
        ("2024-01", pytest.approx(2 / 31)),
        ("2024-02", pytest.approx(1 / 29)),
    ]
    assert by_month["totals"]["throughput_per_day"] == pytest.approx(3 / 60)
    by_status = ask("throughput_per_day", dimensions=["enhancement_status"], **window)
    assert rows(by_status, "throughput_per_day") == [(pytest.approx(3 / 60),)]


def test_a_vote_reaches_its_ticket_through_its_run(world, ask):
    ticket = world.ticket(resolved="2024-01-01T10:00", category="Mail", enhanced=True)
    run = world.run(ticket_id=ticket)
    world.vote("enhancement:1", enhancement_id=run, thumb="up")
    world.vote("ticket:1", ticket_id=ticket, thumb="down")
    world.vote("ticket:lost", thumb="down")
    world.vote("page:/", thumb="down")
    result = ask("feedback_count", "ticket_count", "enhancement_count",
                 dimensions=["ticket_category", "enhanced"])  # fmt: skip
    assert result["data"] == [
        {
            "ticket_category": "Mail",
            "enhanced": True,
            "feedback_count": 2,
            "ticket_count": 1,
            "enhancement_count": 1,
        },
        {
            "ticket_category": None,
            "enhanced": None,
            "feedback_count": 1,
            "ticket_count": 0,
            "enhancement_count": 0,
        },
    ]
    by_status = ask("ticket_count", "feedback_count", filters={"enhancement_status": "completed"})
    assert by_status["totals"] == {"ticket_count": 1, "feedback_count": 1}


def test_how_new_the_data_is(world, ask, each_store):
    world.cycle(end="2024-01-10T10:00")
    world.cycle(end="2025-12-10T10:00")
    world.run(created="2024-01-05T10:00")
    today = date(2024, 1, 31)
    assert ask("test_count", today=today)["metadata"]["synced_at"] is None
    with each_store.write("a") as unit:
        unit.upsert(
            SyncRun,
            [
                {
                    "id": n,
                    "source": "testio",
                    "status": status,
                    "started_at": at("2024-01-11T10:00"),
                    "finished_at": finished and at(finished),
                }
                for n, (status, finished) in enumerate(
                    [
                        ("done", "2024-01-10T11:00"),
                        ("partial", "2024-01-11T11:00"),
                        ("failed", "2024-01-12T11:00"),
                        ("running", None),
                    ]
                )
            ],
        )
    asked = {"metrics": ["test_count", "enhancement_count"], "today": today}
    metadata = query_metrics(each_store, **asked)["metadata"]
    assert metadata["data_through"] == "2024-01-05"
    assert metadata["synced_at"] == "2024-01-11T11:00:00+00:00"
    tests = query_metrics(each_store, metrics=["test_count"], today=today)["metadata"]
    assert tests["data_through"] == "2024-01-10"
    nothing = query_metrics(each_store, **asked, account="b")["metadata"]
    assert nothing["data_through"] is nothing["synced_at"] is None


def test_one_metric_and_one_dimension_can_be_named_alone(world, ask, each_store):
    world.bug(tester="zoe")
    ask("bug_count")
    result = query_metrics(each_store, metrics="bug_count", dimensions="tester")
    assert rows(result, "tester", "bug_count") == [("zoe", 1)]


def test_fractions_of_seconds_count(world, ask):
    world.ticket(opened="2024-01-01T10:00:00.250", resolved="2024-01-01T10:00:01")
    world.cycle(start="2024-01-01T10:00:00.5", end="2024-01-01T11:00:00")
    totals = ask("mean_resolution_minutes", "avg_test_duration")["totals"]
    assert totals["mean_resolution_minutes"] == pytest.approx(0.75 / 60)
    assert totals["avg_test_duration"] == pytest.approx(3599.5 / 3600)


def test_combinations_stay_within_an_account_and_features_with_their_product(world, ask):
    for account in ("a", "b"):
        world.account = account
        shop, desk = world.product("Shop"), world.product("Desk")
        world.feature("Cart", shop)
        world.feature("Chair", desk)
        world.feature("Stray")
        world.user("anna")
    world.product("Lamp")
    grid = ask("test_count", dimensions=["customer", "product"], include_zero=True)
    assert sorted(rows(grid, "account_id", "customer", "product")) == [
        *[("a", "anna", "Desk"), ("a", "anna", "Shop")],
        *[("b", "anna", "Desk"), ("b", "anna", "Lamp"), ("b", "anna", "Shop")],
    ]
    pairs = ask("test_count", dimensions=["feature", "product"], include_zero=True, account="a")
    assert sorted(rows(pairs, "feature", "product")) == [("Cart", "Shop"), ("Chair", "Desk")]
    accounts = ask("test_count", dimensions=["account"], include_zero=True)
    assert rows(accounts, "account_id", "test_count") == [("a", 0), ("b", 0)]


def test_no_label_is_matched_by_none_with_or_without_an_id(world, ask):
    nameless, shop = world.product(None), world.product("Shop")
    for product in (nameless, shop, None):
        world.cycle(product_id=product)
    assert ask("test_count", filters={"product": None})["totals"] == {"test_count": 2}
    assert ask("test_count", filters={"product_id": None})["totals"] == {"test_count": 1}
    by_product = ask("test_count", dimensions=["product"])
    assert rows(by_product, "product_id", "product") == [(2, "Shop"), (1, None), (None, None)]


def test_a_tester_is_no_customer(world, ask):
    tester = world.user("sam", "tester")
    result = ask("test_count", filters={"customer_id": tester})
    assert result["warnings"] == [f"No row has the customer_id {tester}."]
    assert ask("test_count", filters={"customer": "sam"})["warnings"] == [
        "No row has the customer 'sam'."
    ]


def test_a_group_without_a_quantile_is_listed_all_the_same(world, ask):
    world.run(status="completed", seconds=3)
    world.run(status="pending", seconds=None)
    result = ask("latency_p95", dimensions=["enhancement_status"])
    assert rows(result, "enhancement_status", "latency_p95") == [
        *[("completed", 3.0), ("pending", None)]
    ]


def test_a_ticket_counts_once_under_the_status_of_two_runs(world, ask):
    ticket = world.ticket(resolved="2024-01-01T10:00")
    for status in ("completed", "completed", "failed"):
        world.run(status=status, ticket_id=ticket)
    world.ticket(resolved="2024-01-01T10:00")
    result = ask("ticket_count", dimensions=["enhancement_status"])
    assert rows(result, "enhancement_status", "ticket_count") == [
        *[("completed", 1), ("failed", 1), (None, 1)]
    ]
    assert result["totals"] == {"ticket_count": 2}


def test_a_vote_that_was_taken_back_is_none(ask, world):
    world.vote(thumb="up")
    world.vote(comment="Good")
    world.vote()
    result = ask("feedback_count", dimensions=["subject"])
    assert result["totals"] == {"feedback_count": 2}
    assert [row["feedback_count"] for row in result["data"]] == [2]
