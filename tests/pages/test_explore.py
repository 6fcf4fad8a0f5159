"""The explorer and the definitions: what is asked, shown, saved, and why nothing is left."""

import pytest

from core.analytics import METRICS, query_metrics
from core.analytics.explore import dimensions_of, members, what_emptied
from core.errors import InputError
from core.store import open_store
from core.views import View, forget_view, save_view, saved_views


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


def test_members_are_the_known_names(demo):
    assert set(members(demo, dimension="bug_status", account="demo")) >= {"accepted", "rejected"}
    assert members(demo, dimension="known_bug", account="demo") == ["false", "true"]
    names = members(demo, dimension="customer", account="demo")
    assert len(names) == 75
    assert names == sorted(names)


def test_what_emptied_names_the_part_that_did(demo):
    asked = {"metrics": ["bug_count"], "dimensions": ["product"], "account": "demo"}
    none = {"filters": {"severity": ["critical"], "tester": ["Nobody at all"]}}
    assert query_metrics(demo, **asked, **none)["totals"] == {"bug_count": 0}
    assert what_emptied(demo, asked=asked | none) == "the filter on tester"
    long_ago = {"start_date": "1999-01-01", "end_date": "1999-12-31"}
    assert what_emptied(demo, asked=asked | long_ago) == "the period"


def test_views_are_kept_by_name_and_account(demo):
    save_view(demo, "demo", "  Bugs   by month ", {"explore_metrics": ["Bugs"]})
    save_view(demo, "demo", "Bugs by month", {"explore_metrics": ["Bugs", "Tests"]})
    assert saved_views(demo, "demo") == [
        View("Bugs by month", {"explore_metrics": ["Bugs", "Tests"]})
    ]
    demo.ensure_account("other", "Other")
    assert saved_views(demo, "other") == []
    forget_view(demo, "other", "Bugs by month")
    assert len(saved_views(demo, "demo")) == 1
    forget_view(demo, "demo", "Bugs by month")
    assert saved_views(demo, "demo") == []
    for name in ("", "   ", "x" * 101):
        with pytest.raises(InputError):
            save_view(demo, "demo", name, {})


def test_the_page_asks_and_shows_what_was_chosen(demo, run_page):
    app = run_page("explore")
    app.selectbox(key="explore_period").select("All time").run()
    app.multiselect(key="explore_metrics").set_value(["bug_count", "rejection_rate"]).run()
    app.multiselect(key="explore_dimensions").set_value(["severity"]).run()
    assert not app.exception
    expected = query_metrics(
        demo,
        metrics=["bug_count", "rejection_rate"],
        dimensions=["severity"],
        account="demo",
    )
    (table,) = (d.value for d in app.dataframe if "bug_count" in d.value)
    assert table["bug_count"].tolist() == [row["bug_count"] for row in expected["data"]]
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Bugs, in all"] == "6,000"
    assert values[
        "Rejection rate, in all"
    ] == f"{expected['totals']['rejection_rate']:.1%}".replace("%", " %")


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
    for value in members(demo, dimension=dimension, account="demo")[:3]:
        filters = {dimension: [value]}
        answer = query_metrics(demo, metrics=["bug_count"], filters=filters, account="demo")
        assert not [warning for warning in answer["warnings"] if "No row has" in warning]
