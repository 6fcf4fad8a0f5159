"""What votes say, against plain Python: stars and thumbs apart, silence, and small groups."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from core.analytics.dates import Window, iso_week
from core.analytics.exclusions import NOTHING, Excluded
from core.base.stats import proportion_estimate, rating_estimate
from core.feedback.satisfaction import (
    FEWER,
    breakdown,
    rating_counts,
    response_bounds,
    weekly_ratings,
)
from core.feedback.surveys import LEAST_ANSWERS
from core.store import Enhancement, Feedback, Scope, Ticket, table
from core.store.days import extend_calendar, fill_days
from tests.draws import draws
from tests.stores import open_store

FIRST = datetime(2026, 11, 2, tzinfo=UTC)
WINDOW = Window(date(2026, 11, 2), date(2026, 11, 8), "a week")
NAMES = ["Ann", "O'Neil", "Zoë \N{PILE OF POO}", "%", "Bo", "Cy"]

instants = st.integers(-12, 24 * 8).map(lambda hour: FIRST + timedelta(hours=hour))
runs = st.lists(
    st.tuples(
        st.sampled_from("aab"),
        st.sampled_from(["completed", "completed", "failed"]),
        st.sampled_from(["T0", "T1", None]),
        instants,
    ),
    max_size=8,
)
votes = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from("aaab"),
            "subject": st.sampled_from(["enhancement:0", "ticket:T1", "page:/x", "enhancement:1"]),
            "rater": st.sampled_from(NAMES),
            "enhancement_id": st.sampled_from([None, "0", "1", "2", "9"]),
            "ticket_id": st.sampled_from([None, "T0", "T1", "T9"]),
            "thumb": st.sampled_from([None, "up", "down"]),
            "rating": st.none() | st.integers(1, 5),
            "comment": st.sampled_from([None, "x"]),
            "created_at": instants,
        }
    ),
    max_size=30,
    unique_by=lambda vote: (vote["account_id"], vote["subject"], vote["rater"]),
)
CATEGORIES = {"T0": "Access", "T1": None}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('voices')}/store.db", timezone="UTC")
    for account in "ab":
        opened.ensure_account(account, account)
        with opened.engine.execution_options(writes=True).begin() as connection:
            extend_calendar(connection, account, [date(2026, 11, 1)])
    yield opened
    opened.close()


def fill(store, runs, votes):
    rows = {
        Enhancement: [
            {
                "account_id": account,
                "id": str(n),
                "status": status,
                "ticket_id": ticket,
                "created_at": at,
            }
            for n, (account, status, ticket, at) in enumerate(runs)
        ],
        Feedback: [
            dict(vote, id=str(n), updated_at=vote["created_at"]) for n, vote in enumerate(votes)
        ],
        Ticket: [
            {"account_id": account, "id": ticket, "category": category, "opened_at": FIRST}
            for account in "ab"
            for ticket, category in CATEGORIES.items()
        ],
    }
    with store.engine.execution_options(writes=True).begin() as connection:
        for model, found in rows.items():
            connection.execute(delete(table(model)))
            if found:
                fill_days(model, found, store.zone)
                connection.execute(insert(table(model)), found)
    return rows


def heard(votes):
    """The votes of account a in the window that say something of the enhancer."""
    return [
        vote
        for vote in votes
        if vote["account_id"] == "a"
        and WINDOW.start <= vote["created_at"].date() <= WINDOW.end
        and not vote["subject"].startswith("page:")
        and (vote["thumb"] or vote["rating"] is not None or vote["comment"])
    ]


@given(runs, votes)
@settings(max_examples=draws(80), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_votes_and_silence_are_those_of_plain_python(store, runs, votes):
    rows = fill(store, runs, votes)
    rating, thumb = response_bounds(Scope(store, "a"), window=WINDOW, without=NOTHING)
    said = heard(votes)
    stars = [vote["rating"] for vote in said if vote["rating"] is not None]
    ups = [vote["thumb"] == "up" for vote in said if vote["thumb"]]
    assert rating.estimate == rating_estimate(stars)
    assert thumb.estimate == proportion_estimate(sum(ups), len(ups))
    done = {
        run["id"]
        for run in rows[Enhancement]
        if run["account_id"] == "a"
        and run["status"] == "completed"
        and WINDOW.start <= run["created_at"].date() <= WINDOW.end
    }
    assert rating.asked == thumb.asked == len(done)
    mine = [vote for vote in rows[Feedback] if vote["account_id"] == "a"]
    for bounds, key, ends in ((rating, "rating", (1, 5)), (thumb, "thumb", (0, 1))):
        reached = {v["enhancement_id"] for v in mine if v[key] is not None} & done
        assert bounds.answered == len(reached)
        values = stars if key == "rating" else ups
        if not values:
            assert (bounds.worst, bounds.best, bounds.busiest_share) == (None, None, None)
            continue
        silent = len(done) - len(reached)
        for bound, end in zip((bounds.worst, bounds.best), ends, strict=True):
            assert bound == pytest.approx((sum(values) + end * silent) / (len(values) + silent))
        by = defaultdict(int)
        for vote in said:
            by[vote["rater"]] += vote[key] is not None
        assert bounds.busiest_share == max(by.values()) / len(values)
    counts = rating_counts(Scope(store, "a"), window=WINDOW)
    assert counts == {n: stars.count(n) for n in range(1, 6)}
    (week,) = weekly_ratings(Scope(store, "a"), weeks=[iso_week(WINDOW.start)])
    assert week == rating_estimate(stars)


@given(runs, votes)
@settings(max_examples=draws(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_groups_are_those_of_plain_python_and_small_ones_are_put_together(store, runs, votes):
    rows = fill(store, runs, votes)
    tickets = {r["id"]: r["ticket_id"] for r in rows[Enhancement] if r["account_id"] == "a"}
    by = defaultdict(list)
    for vote in heard(votes):
        ticket = vote["ticket_id"] or tickets.get(vote["enhancement_id"])
        by[CATEGORIES.get(ticket) or "unknown"].append(vote)
    large = {
        name: said
        for name, said in by.items()
        if len(said) >= LEAST_ANSWERS and len({vote["rater"] for vote in said}) >= LEAST_ANSWERS
    }
    small = [vote for name, said in by.items() if name not in large for vote in said]
    found = breakdown(Scope(store, "a"), window=WINDOW, without=NOTHING, by="Category")
    expected = {name: len(said) for name, said in large.items()}
    if len(small) >= LEAST_ANSWERS:
        expected[FEWER] = len(small)
    assert {group.name: group.votes for group in found} == expected
    for group in found:
        said = small if group.name == FEWER else large[group.name]
        ups = [vote["thumb"] == "up" for vote in said if vote["thumb"]]
        assert group.positive == proportion_estimate(sum(ups), len(ups))
        assert group.rating == rating_estimate(
            [v["rating"] for v in said if v["rating"] is not None]
        )


def test_what_is_excluded_says_nothing(store):
    vote = {
        "account_id": "a",
        "subject": "enhancement:0",
        "enhancement_id": "0",
        "ticket_id": None,
        "comment": None,
        "thumb": "up",
        "rating": 5,
    }
    votes = [
        vote | {"rater": name, "created_at": FIRST + timedelta(hours=n)}
        for n, name in enumerate(NAMES)
    ]
    fill(store, [], votes)
    out = Excluded(
        spans=((FIRST, FIRST + timedelta(hours=2)),),
        subjects=(("rater:%", FIRST, FIRST + timedelta(days=1)),),
    )
    rating, _ = response_bounds(Scope(store, "a"), window=WINDOW, without=out)
    assert rating.estimate.n == len(NAMES) - 3
    everything = Window(None, None, "All")
    _, thumb = response_bounds(Scope(store, "a"), window=everything, without=NOTHING)
    assert thumb.estimate.n == len(NAMES)
