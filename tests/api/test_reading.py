from datetime import UTC, datetime

import pytest

from core.feedback import cast_vote
from core.store import Scope

URL = "/api/v1/feedback"


@pytest.fixture
def filled(client, store):
    def cast(subject, rater, at, **said):
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        cast_vote(Scope(store, "acme"), subject=subject, rater=rater, at=moment, **said)

    cast("enhancement:E-1", "ann", "2026-11-20T23:59:59", thumb="up", rating=5)
    cast("ticket:T-2", "ann", "2026-11-21T10:00:00", thumb="down", comment="no")
    cast("ticket:T-2", "bob", "2026-11-21T10:00:00", rating=2)
    cast("ticket:T-3", "anonymous:abc", "2026-11-22T00:00:00", comment="words alone")
    cast("page:overview", "ann", "2026-11-21T10:00:00", thumb="up")
    cast_vote(Scope(store, "other"), subject="ticket:T-2", rater="eve", thumb="up")
    return client


def listed(client, **query):
    told = client.get(URL, params=query)
    assert told.status_code == 200, told.text
    return told.json()


def test_the_list_has_what_is_current_and_of_this_account(filled):
    found = listed(filled)
    assert found["count"] == 4
    kinds = [(one["feedback_type"], one["rating_value"]) for one in found["feedback"]]
    assert sorted(kinds, key=str) == [
        ("rating", 2),
        ("rating", 5),
        ("thumbs_down", None),
        (None, None),
    ]
    assert found["feedback"][0]["enhancement_id"] == "E-1"
    assert found["feedback"][0]["thumb"] == "up"
    assert found["feedback"][0]["created_at"] == "2026-11-20T23:59:59Z"
    assert found["feedback"][-1]["technician_email"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"start_date": "2026-11-21"}, 3),
        ({"end_date": "2026-11-20"}, 1),
        ({"start_date": "2026-11-21", "end_date": "2026-11-21"}, 2),
        ({"start_date": "2026-11-21T10:00:00Z", "end_date": "2026-11-21T11:00:00+01:00"}, 2),
        ({"start_date": "2026-11-21T10:00:00.001Z"}, 1),
        ({"feedback_type": "thumbs_up"}, 1),
        ({"feedback_type": "thumbs_down"}, 1),
        ({"feedback_type": "rating"}, 2),
        ({"tenant_id": "acme", "unknown": "1"}, 4),
        ({"start_date": "", "tenant_id": ""}, 4),
    ],
)
def test_filters(filled, query, count):
    found = listed(filled, **query)
    assert (found["count"], len(found["feedback"])) == (count, count)
    kind = query.get("feedback_type")
    assert all(kind in {None, one["feedback_type"]} for one in found["feedback"])


def test_pages_of_the_list_make_the_list(filled):
    whole = [one["id"] for one in listed(filled)["feedback"]]
    parts = [
        one["id"]
        for offset in range(0, 6, 2)
        for one in listed(filled, limit=2, offset=offset)["feedback"]
    ]
    assert parts == whole
    assert listed(filled, limit=1000, offset=2**31 - 1) == {"feedback": [], "count": 4}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=1_0", "limit"),
        ("limit=" + "9" * 5_000, "limit"),
        ("limit=1&limit=2", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999", "offset"),
        ("start_date=yesterday", "start_date"),
        ("start_date=0001-01-01T00:00:00%2B14:00", "start_date"),
        ("end_date=2026-02-30", "end_date"),
        ("start_date=2026-11-21&end_date=2026-11-20", "end_date"),
        ("feedback_type=love", "feedback_type"),
    ],
)
def test_a_query_without_sense_is_told(filled, query, field):
    told = filled.get(f"{URL}?{query}")
    assert told.status_code == 422, told.text
    assert told.json()["error"]["field"] == field


def test_stats(filled):
    assert filled.get(f"{URL}/stats").json() == {
        "tenant_id": "acme",
        "total": 4,
        "average_rating": 3.5,
        "feedback_counts": {"thumbs_up": 1, "thumbs_down": 1, "rating": 2},
        "rating_counts": {"1": 0, "2": 1, "3": 0, "4": 0, "5": 1},
        "positive_percentage": 50.0,
        "comments": 2,
    }


def test_stats_of_nothing_are_unknown_and_not_0(filled):
    found = filled.get(f"{URL}/stats", params={"start_date": "2027-01-01"}).json()
    assert (found["average_rating"], found["positive_percentage"]) == (None, None)
    assert found["total"] == 0
