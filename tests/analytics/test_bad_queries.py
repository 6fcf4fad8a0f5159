"""Queries without sense: one sentence that says what is wrong and what to do, never a traceback."""

from datetime import date

import pytest
from sqlalchemy import func, select

from core.analytics import query_metrics
from core.base.errors import QueryError
from core.store import Bug, table
from tests.analytics.worlds import Builder, at, fill


def assert_is_one_sentence(text):
    assert "\n" not in text
    assert text.endswith((".", "?"))
    assert len(text) < 900


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"metrics": []}, "No metric was asked for"),
        ({"metrics": ["bug_cout"]}, "There is no metric 'bug_cout': did you mean bug_count?"),
        ({"metrics": ["xyzzy"]}, "There is no metric 'xyzzy': it is one of tests_created"),
        ({"metrics": ["bug_count", "bug_count"]}, "The metric bug_count is named twice"),
        ({"metrics": [None]}, "There is no metric None"),
        ({"metrics": [["bug_count"]]}, "There is no metric"),
        ({"metrics": 7}, "The metrics are 7"),
        ({"dimensions": ["testr"]}, "There is no dimension 'testr': did you mean tester?"),
        ({"dimensions": ["tester", "tester"]}, "The dimension tester is named twice"),
        ({"dimensions": ["status", "bug_status"]}, "The dimension bug_status is named twice"),
        ({"dimensions": ["day", "week", "month", "year"]}, "at most 3"),
        ({"dimensions": ["tester; DROP TABLE bug"]}, "There is no dimension"),
        ({"dimensions": {"tester"}}, "give a list of keys"),
        ({"filters": {"testers": "x"}}, "did you mean tester?"),
        ({"filters": {"severity_id": "x"}}, "There is no dimension to filter by"),
        ({"filters": ["severity"]}, "give a value for each dimension"),
        ({"filters": {"severity": []}}, "The filter severity is an empty list"),
        ({"filters": {"severity": 7}}, "The filter severity has the value 7: it takes text"),
        ({"filters": {"severity": {"a": 1}}}, "it takes text"),
        ({"filters": {"severity": [["low"]]}}, "it takes text"),
        ({"filters": {"severity": "lo\0w"}}, "it takes text"),
        ({"filters": {"severity": "\ud800"}}, "it takes text"),
        ({"filters": {"severity": True}}, "it takes text"),
        ({"filters": {"tester_id": "zoe"}}, "it takes a whole number"),
        ({"filters": {"tester_id": 2**70}}, "it takes a whole number"),
        ({"filters": {"tester_id": True}}, "it takes a whole number"),
        ({"filters": {"tester_id": 1.5}}, "it takes a whole number"),
        ({"filters": {"known_bug": "perhaps"}}, "it takes true or false"),
        ({"filters": {"known_bug": 1}}, "it takes true or false"),
        ({"filters": {"month": 202401}}, "it takes 2024-01"),
        ({"filters": {"tester": ["x"] * 2, "feedback_type": "rating"}}, "cannot be filtered by"),
        ({"filters": {"tester_id": list(range(30_001))}}, "more than 30,000 values"),
        ({"start_date": "sooon"}, "is no date that can be read"),
        ({"start_date": "2023-02-29"}, "is no date that can be read: write one of 2024-01-31"),
        ({"start_date": "2024-W53"}, "is no date that can be read"),
        ({"end_date": 2024}, "A date is text or a date, not int"),
        ({"start_date": "2024-02-01", "end_date": "2024-01-01"}, "swap them"),
        ({"date_basis": "started"}, "did you mean start?"),
        ({"sort_by": "bugs"}, "There is no column to sort by 'bugs'"),
        ({"sort_by": "test_count"}, "There is no column to sort by"),
        ({"sort_order": "up"}, "There is no sort order 'up'"),
        ({"limit": 0}, "The limit is 0: it is a whole number from 1 to 1,000,000"),
        ({"limit": 1_000_001}, "The limit is 1000001"),
        ({"limit": 10_000_000}, "The limit is 10000000: it is a whole number from 1 to 1,000,000"),
        ({"limit": -1}, "The limit is -1"),
        ({"limit": True}, "The limit is True"),
        ({"limit": "10"}, "The limit is '10'"),
        ({"account": "c"}, "There is no account 'c' in this store"),
        ({"account": "A"}, "did you mean a?"),
        ({"severity_weights": {"low": "1"}}, "is no number for a severity"),
        ({"severity_weights": {"low": float("nan")}}, "is no number for a severity"),
        ({"severity_weights": {"low": 2**70}}, "give one up to 1,000,000"),
        ({"severity_weights": [1]}, "give a number for each"),
        (
            {"metrics": ["test_count"], "dimensions": ["tester"]},
            (
                "test_count cannot be grouped by tester: it can be grouped by account, product, "
                "feature, platform, customer, submitter, test_status, testing_type, "
                "test_environment, day, week, month, quarter, year, weekday."
            ),
        ),
        (
            {"metrics": ["bug_count", "enhancement_count"], "dimensions": ["severity"]},
            "enhancement_count cannot be grouped by severity",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(sqlite_store, asked, sentence):
    with pytest.raises(QueryError) as refused:
        query_metrics(sqlite_store, **({"metrics": ["bug_count"]} | asked))
    assert sentence in str(refused.value)
    assert_is_one_sentence(str(refused.value))


# What a link, a file or a stranger may send in the place of anything else.
NONSENSE = (
    *("'; DROP TABLE bug; --", '" OR 1=1 --', "%s %(x)s {0} :x", "x' UNION SELECT 1", "\0"),
    *("\ud800", "\U0001f600", "a" * 100_000, "", " ", "two\nlines", "__class__", "0000-00-00"),
    *("9999-12-31", "0001-01-01", "999999 years ago", "2024-13-45", 7, -1, 0, 2**70, 1.5),
    *(float("nan"), float("inf"), None, True, b"bytes", object(), (), ("bug_count",)),
    *(date(2024, 1, 1), at("2024-01-01T10:00"), max),
)
UNHASHABLE = ([], {}, ["a", ["b"]], {"a": 1}, [None], [{}])
ANYWHERE = {
    "metrics": lambda x: {"metrics": x},
    "a metric": lambda x: {"metrics": [x]},
    "dimensions": lambda x: {"dimensions": x},
    "a dimension": lambda x: {"dimensions": [x]},
    "filters": lambda x: {"filters": x},
    **{
        f"the filter {key}": lambda x, key=key: {"filters": {key: x}}
        for key in ("tester", "tester_id", "account_id", "day", "week", "year", "known_bug")
    },
    "a value of several": lambda x: {"filters": {"severity": [x, "low"]}},
    "the start": lambda x: {"start_date": x},
    "the end": lambda x: {"end_date": x},
    "the basis": lambda x: {"date_basis": x},
    "the sort": lambda x: {"sort_by": x},
    "the order": lambda x: {"sort_order": x},
    "the account": lambda x: {"account": x},
    "the limit": lambda x: {"limit": x},
    "the weights": lambda x: {"severity_weights": x},
    "a weight": lambda x: {"severity_weights": {"low": x}, "metrics": ["bug_severity_score"]},
}
AS_A_KEY = {
    "a filter": lambda x: {"filters": {x: "a"}},
    "a severity": lambda x: {"severity_weights": {x: 1}},
}


@pytest.mark.parametrize("place", [*ANYWHERE, *AS_A_KEY])
def test_nonsense_in_any_place_is_answered_or_refused_in_a_sentence(sqlite_store, place):
    world = Builder()
    world.bug(tester="zoe")
    fill(sqlite_store, world.world)
    asked = (ANYWHERE | AS_A_KEY)[place]
    for nonsense in NONSENSE if place in AS_A_KEY else (*NONSENSE, *UNHASHABLE):
        try:
            query_metrics(sqlite_store, **({"metrics": ["bug_count"]} | asked(nonsense)))
        except QueryError as refused:
            assert_is_one_sentence(str(refused))
    with sqlite_store.read() as session:
        assert session.connection().execute(select(func.count(table(Bug).c.id))).scalar_one() == 1
