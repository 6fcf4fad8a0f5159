"""The explorer and the definitions: what is asked, shown, saved, and why nothing is left."""

import json

import pytest

from core.analytics import METRICS, query_metrics
from core.analytics.dates import every_period
from core.analytics.explore import (
    delete_view,
    diagnose_empty,
    feature_names,
    filter_values,
    is_empty,
    row_names,
    save_view,
    saved_views,
    summary,
)
from core.analytics.parse import dimensions_of
from core.base import text
from core.base.errors import InputError
from core.ingest.parse.testio import parse_cycle, parse_product
from core.ingest.save.testio import save_cycles, save_products
from core.store import Scope
from tests.pages.test_shown_figures import cycle
from tests.stores import open_store


@pytest.fixture
def demo(demo_url):
    store = open_store(demo_url)
    yield store
    store.close()


def test_dimensions_are_those_that_every_metric_reaches():
    assert "tester" in dimensions_of(["bug_count"])
    assert "tester" not in dimensions_of(["bug_count", "tests_created"])
    assert "product" in dimensions_of(["bug_count", "tests_created"])
    assert all("month" in dimensions_of([key]) for key in METRICS)


def test_filter_values_are_the_known_names(demo):
    assert set(filter_values(Scope(demo, "demo"), dimension="bug_status")) >= {
        "accepted",
        "rejected",
    }
    assert filter_values(Scope(demo, "demo"), dimension="known_bug") == ["false", "true"]
    names = filter_values(Scope(demo, "demo"), dimension="customer")
    assert len(names) == 75
    assert names == sorted(names)


def test_diagnose_empty_names_the_part_that_did(demo):
    asked = {"metrics": ["bug_count"], "dimensions": ["product"]}
    none = {"filters": {"severity": ["critical"], "tester": ["Nobody at all"]}}
    assert query_metrics(demo, account="demo", **asked, **none)["totals"] == {"bug_count": 0}
    assert diagnose_empty(Scope(demo, "demo"), query=asked | none) == "the filter on tester"
    long_ago = {"start_date": "1999-01-01", "end_date": "1999-12-31"}
    assert diagnose_empty(Scope(demo, "demo"), query=asked | long_ago) == "the period"


def test_diagnose_empty_names_both_where_neither_alone_did(demo):
    asked = {"metrics": ["bug_count"], "start_date": "1999", "end_date": "1999"}
    both = asked | {"filters": {"tester": ["Nobody at all"]}}
    assert diagnose_empty(Scope(demo, "demo"), query=both) == "the filter on tester and the period"
    either = {"metrics": ["bug_count"], "filters": {"severity": "low"}}
    one = filter_values(Scope(demo, "demo"), dimension="tester")[0]
    either["filters"] |= {"bug_status": "no such", "tester": one}
    assert diagnose_empty(Scope(demo, "demo"), query=either) == "the filter on bug status"
    demo.ensure_account("new", "New")
    assert diagnose_empty(Scope(demo, "new"), query=asked) == ""


def test_zero_of_something_is_not_empty(demo):
    accepted = {"metrics": ["rejection_rate"], "filters": {"bug_status": "accepted"}}
    answer = query_metrics(demo, **accepted, account="demo")
    assert answer["totals"] == {"rejection_rate": 0.0}
    assert not is_empty(Scope(demo, "demo"), query=accepted)
    none = {"metrics": ["rejection_rate"], "filters": {"tester": "Nobody at all"}}
    assert is_empty(
        Scope(demo, "demo"), query=none | {"dimensions": ["tester"], "include_zero": True}
    )


def test_the_summary_names_the_highest_group_of_an_amount_and_not_of_a_rate(demo):
    asked = {"dimensions": ["severity"], "account": "demo"}
    bugs = query_metrics(demo, metrics=["bug_count"], **asked)
    most = bugs["data"][0]
    highest = f"Highest: {most['severity']}, with {most['bug_count']:,}"
    assert summary(bugs) == f"Bugs: 6,000 in total. {highest}."
    tied = bugs | {"data": [most | {"severity": "a"}, most | {"severity": "b"}]}
    assert summary(tied).endswith(f"Highest: a and 1 more, with {most['bug_count']:,} each.")
    rate = query_metrics(demo, metrics=["rejection_rate"], **asked)
    assert summary(rate).endswith("% overall.")


def test_members_of_one_name_are_told_apart_and_none_is_in_words():
    rows = [
        {"account_id": "a", "feature_id": 1, "feature": "Cart"},
        {"account_id": "a", "feature_id": 2, "feature": "Cart"},
        {"account_id": "a", "feature_id": 3, "feature": "Login"},
        {"account_id": "a", "feature_id": 4, "feature": None},
        {"account_id": "a", "feature_id": None, "feature": None},
    ]
    assert row_names(rows, "feature") == [
        "Cart (1)",
        "Cart (2)",
        "Login",
        "feature 4",
        "no feature",
    ]
    known = [{"known_bug": value} for value in (True, False, None)]
    assert row_names(known, "known_bug") == ["yes", "no", "no known bug"]


def test_no_period_between_two_is_missing():
    assert every_period("month", "2024-11", "2025-02") == [
        *("2024-11", "2024-12", "2025-01", "2025-02")
    ]
    assert every_period("week", "2020-W52", "2021-W01") == ["2020-W52", "2020-W53", "2021-W01"]
    assert every_period("quarter", "2023-Q4", "2024-Q1") == ["2023-Q4", "2024-Q1"]
    assert every_period("day", "2024-02-28", "2024-03-01") == [
        *("2024-02-28", "2024-02-29", "2024-03-01")
    ]


def test_views_are_kept_by_name_and_account(demo):
    save_view(Scope(demo, "demo"), "  Bugs   by month ", {"explore_metrics": ["Bugs"]})
    save_view(Scope(demo, "demo"), "Bugs by month", {"explore_metrics": ["Bugs"]})
    with pytest.raises(InputError, match="Another view is called “Bugs by month”"):
        save_view(Scope(demo, "demo"), "Bugs by month", {"explore_metrics": ["Bugs", "Tests"]})
    assert saved_views(Scope(demo, "demo")) == {"Bugs by month": {"explore_metrics": ["Bugs"]}}
    demo.ensure_account("other", "Other")
    assert saved_views(Scope(demo, "other")) == {}
    delete_view(Scope(demo, "other"), "Bugs by month")
    assert len(saved_views(Scope(demo, "demo"))) == 1
    delete_view(Scope(demo, "demo"), "Bugs by month")
    assert saved_views(Scope(demo, "demo")) == {}
    for name in ("", "   ", "x" * 101):
        with pytest.raises(InputError):
            save_view(Scope(demo, "demo"), name, {})


def test_the_page_asks_and_shows_what_was_chosen(demo, run_page):
    app = run_page("explore")
    app.selectbox(key="explore_period").select("All time").run()
    app.multiselect(key="explore_metrics").set_value(["bug_count", "rejection_rate"]).run()
    app.multiselect(key="explore_dimensions").set_value(["severity"]).run()
    assert not app.exception
    expected = query_metrics(
        demo, metrics=["bug_count", "rejection_rate"], dimensions=["severity"], account="demo"
    )
    (table,) = (d.value for d in app.dataframe if "bug_count" in d.value)
    assert table["bug_count"].tolist() == [row["bug_count"] for row in expected["data"]]
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Bugs, total"] == "6,000"
    assert values["Rejection rate, total"] == text.share(expected["totals"]["rejection_rate"])


def charts_of(app):
    return [json.loads(one.proto.spec) for one in app.get("vega_lite_chart")]


def test_three_dimensions_are_a_chart_for_each_value_of_one(demo, run_page):
    app = run_page(
        "explore",
        explore_metrics=["Bugs"],
        explore_dimensions=["Month", "Severity", "Product"],
        explore_period=["All time"],
    )
    assert not app.exception
    drawn = charts_of(app)
    products = {
        row["product"]
        for row in query_metrics(
            demo, metrics=["bug_count"], dimensions=["product"], account="demo"
        )["data"]
    }
    assert {one.value for one in app.subheader} == {f"{name}" for name in products}
    assert len(drawn) == len(products)
    # A severity has one colour in all of them.
    scales = {json.dumps(find(one, "color")["scale"]) for one in drawn}
    assert len(scales) == 1


def find(spec, channel):
    return next(
        layer["encoding"][channel] for layer in spec["layer"] if channel in layer["encoding"]
    )


@pytest.mark.parametrize(
    ("dimensions", "charts", "said"),
    [
        (["Tester"], 1, "The first 25 of 166"),
        (["Tester", "Feature"], 0, "pairs are too many to be told apart"),
        (["Severity", "Bug status", "Known bug"], 2, "a chart for each known bug"),
    ],
)
def test_what_is_not_drawn_is_said(demo, run_page, dimensions, charts, said):
    app = run_page(
        "explore",
        explore_metrics=["Bugs"],
        explore_dimensions=dimensions,
        explore_period=["All time"],
    )
    assert not app.exception
    assert len(charts_of(app)) == charts
    shown = [one.value.replace("\\", "") for one in (*app.markdown, *app.caption)]
    assert any(said in one for one in shown), shown


def test_features_of_one_name_are_told_apart_by_their_product(demo, run_page):
    names = feature_names(Scope(demo, "demo"))
    assert len(set(names.values())) == len(names)
    assert "Payment methods" in names.values()
    assert {"Gift cards (Larkspur Shop)", "Gift cards (Tidepool Pay)"} <= set(names.values())
    app = run_page("explore", explore_metrics=["Bugs"], explore_dimensions=["Feature"])
    (table,) = (one.value for one in app.dataframe if "bug_count" in one.value)
    assert set(table["feature"]) <= {*names.values(), "no feature"}


def test_a_filter_that_leaves_nothing_says_so(demo, run_page):
    app = run_page("explore")
    app.selectbox(key="explore_period").select("All time").run()
    app.multiselect(key="explore_metrics").set_value(["bug_count"]).run()
    app.multiselect(key="explore_where").set_value(["bug_status", "known_bug"]).run()
    app.multiselect(key="explore_only_bug_status").set_value(["forwarded"]).run()
    app.multiselect(key="explore_only_known_bug").set_value(["true"]).run()
    assert not app.exception
    asked = {"bug_status": ["forwarded"], "known_bug": ["true"]}
    found = query_metrics(demo, metrics=["bug_count"], filters=asked, account="demo")["totals"]
    shown = " ".join(m.value for m in app.markdown)
    assert ("there would be rows" in shown) is (found["bug_count"] == 0)


@pytest.mark.parametrize(
    ("search", "labels"),
    [("p95", ["p95 latency"]), ("rejection rate", ["Rejection rate"]), ("zzz", [])],
)
def test_definitions_are_found_by_their_words(demo, run_page, search, labels):
    app = run_page("definitions")
    app.text_input(key="definitions_search").set_value(search).run()
    assert not app.exception
    entries = [expander.label for expander in app.expander]
    for label in labels:
        assert any(label in entry for entry in entries)
    assert bool(labels) or "Try a shorter word" in app.info[0].value


@pytest.mark.parametrize("dimension", dimensions_of(["bug_count"]))
def test_every_member_can_be_filtered_by(demo, dimension):
    for value in filter_values(Scope(demo, "demo"), dimension=dimension)[:3]:
        filters = {dimension: [value]}
        answer = query_metrics(demo, metrics=["bug_count"], filters=filters, account="demo")
        assert not [warning for warning in answer["warnings"] if "No row has" in warning]


BAD_LINKS = {
    "an unknown metric": ({"explore_metrics": ["Bugs", "Bugz"]}, "the metric “Bugz” (did you mean"),
    "an unknown dimension": ({"explore_dimensions": ["Moon"]}, "the dimension “Moon”"),
    "a dimension out of reach": (
        {"explore_dimensions": ["Tester"]},
        "the dimension “Tester”, not to be had for Tests created. Shown instead: Month.",
    ),
    "a dimension to filter by": ({"explore_where": ["Severity"]}, "“Severity”, not to be had"),
    "an unknown value": (
        {"explore_where": ["Test status"], "explore_only_test_status": ["purple", "locked"]},
        "the test status “purple”",
    ),
    "a value without its filter": (
        {"explore_only_severity": ["low"]},
        "Not used here: “explore_only_severity”.",
    ),
    "an unknown part": ({"explore_metric": ["Bugs"]}, "Not used here: “explore_metric”"),
    "an unknown period": ({"explore_period": ["Last century"]}, "the period “Last century”"),
    "no switch": ({"explore_zero": ["perhaps"]}, "the switch “perhaps”"),
    "an injection": (
        {
            "explore_metrics": ["'; DROP TABLE bug; --"],
            "explore_period": ["<b>*x*</b> $1$ :red[a]"],
        },
        "DROP TABLE bug",
    ),
    "very much": ({"explore_metrics": [f"{n}" * 9_000 for n in range(9)]}, "and 4 more"),
}


def test_a_bad_link_says_what_it_left_out_and_shows_the_rest(demo, run_page):
    for link, (query, words) in BAD_LINKS.items():
        app = run_page("explore", **query)
        assert not app.exception, link
        assert not app.error, link
        (warning,) = app.warning
        said = warning.value.replace("\\", "")
        assert words in said, link
        assert len(said) < 700, link
        assert app.metric, link
        known = {"Bugs"} & set(query.get("explore_metrics", ()))
        assert app.metric[0].label == f"{(known or {'Tests created'}).pop()}, total", link
        (name,) = (box for box in app.text_input if box.label == "Name of this view")
        assert len(name.run().warning) == 1, link  # it stands as long as the address does
        assert app.toggle[0].set_value(True).run().warning == [], link


@pytest.mark.parametrize(
    "dates", [["2026-03-01", "2026-02-01"], ["2026-03-01"], ["soon"], ["0001-01-01", "9999-12-31"]]
)
def test_dates_without_sense_are_told_or_left_out(demo, run_page, dates):
    app = run_page("explore", explore_period="Custom dates", explore_dates=dates)
    assert not app.exception
    told = [element.value for element in [*app.error, *app.info]]
    assert bool(app.metric) != bool(told)


def test_a_good_link_leaves_nothing_out(demo, run_page):
    app = run_page(
        "explore",
        explore_metrics=["Bugs", "Rejection rate"],
        explore_dimensions=["Tester", "Month"],
        explore_where=["Severity"],
        explore_only_severity=["low", "high"],
        explore_period="All time",
        explore_zero="true",
    )
    assert not app.exception
    assert not app.warning
    asked = {"metrics": ["bug_count"], "filters": {"severity": ["low", "high"]}, "account": "demo"}
    expected = query_metrics(demo, **asked)["totals"]["bug_count"]
    assert app.metric[0].value == f"{expected:,}"


def test_what_can_no_longer_be_grouped_by_is_told(demo, run_page):
    app = run_page("explore", explore_metrics=["Bugs"], explore_dimensions=["Tester", "Month"])
    app.multiselect(key="explore_metrics").set_value(["bug_count", "tests_created"]).run()
    assert app.multiselect(key="explore_dimensions").value == ["month"]
    said = app.warning[0].value.replace("\\", "")
    assert "No longer shown: the dimension “Tester”, not to be had for Bugs and Tests cr" in said


def test_reset_goes_back_to_the_opening_view(demo, run_page):
    app = run_page(
        "explore",
        explore_metrics=["Bugs"],
        explore_dimensions=["Tester"],
        explore_period="All time",
    )
    app.button(key="explore_reset").click().run()
    assert app.multiselect(key="explore_metrics").value == ["tests_created"]
    assert app.multiselect(key="explore_dimensions").value == ["month"]
    assert app.selectbox(key="explore_period").value == "Last 12 months"


def test_a_link_to_an_account_shows_that_account_from_the_start(run_page, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    for number, (account, name) in enumerate((("a", "Acme"), ("b", "Acme"), ("c", "Coop")), 1):
        store.ensure_account(account, name)
        with store.write(account) as unit:
            save_products(unit, [parse_product({"id": 1, "name": "Shop"})])
            save_cycles(
                unit, [parse_cycle(cycle(n, "Ann", "Bob", 5)) for n in range(1, number + 1)]
            )
    store.close()
    for label, created in (("Acme (a)", "1"), ("Acme (b)", "2"), ("Coop", "3")):
        app = run_page("explore", account=label)
        assert app.metric[0].value == created
        assert app.selectbox(key="account").options == ["Acme (a)", "Acme (b)", "Coop"]
