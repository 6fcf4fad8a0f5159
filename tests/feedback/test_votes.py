import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.base import clock
from core.base.errors import InputError
from core.feedback import (
    CLEAR,
    Cast,
    cast_vote,
    current_vote,
    feedback_id,
    recent_comments,
    recent_enhancements,
    record_votes,
    subject_of,
)
from core.store import Enhancement, Feedback, FeedbackVote, Scope, table
from tests.stores import open_store
from tests.votes import vote_history

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN = "7d0f3f0e-5a07-4c83-9a52-0d2a9c5a7e11"
SUBJECT = f"enhancement:{RUN}"


@pytest.fixture
def store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.db", timezone="Europe/Berlin")
    store.ensure_account("acme", "Acme")
    yield store
    store.close()


def cast(store, **vote):
    return cast_vote(Scope(store, "acme"), **{"subject": SUBJECT, "rater": "Ann"} | vote)


def count(store, model):
    with store.read() as session:
        return session.connection().execute(select(func.count()).select_from(table(model))).scalar()


def add_runs(store, runs):
    rows = [
        {
            "id": run,
            "ticket_id": ticket,
            "status": "completed",
            "processing_time_ms": 18_500,
            "created_at": NOON + timedelta(minutes=n),
        }
        for n, (run, ticket) in enumerate(runs)
    ]
    with store.write("acme") as unit:
        unit.upsert(Enhancement, rows)


def test_first_vote_is_stored_and_answered(store):
    vote = cast(store, thumb="up", at=NOON)
    assert vote.thumb == "up"
    assert vote.rating is None
    assert vote.created_at == vote.updated_at == NOON
    assert vote.id == feedback_id(SUBJECT, "Ann")
    assert current_vote(Scope(store, "acme"), SUBJECT, "Ann") == vote
    assert current_vote(Scope(store, "acme"), SUBJECT, "Bob") is None


def test_a_vote_is_on_the_business_day(store):
    cast(store, thumb="up", at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    with store.read() as session:
        day = session.connection().execute(select(table(Feedback).c.created_day)).scalar()
    assert day.isoformat() == "2026-11-21"


def test_later_votes_change_only_what_they_give(store):
    cast(store, thumb="up", at=NOON)
    cast(store, rating=4, at=NOON + timedelta(seconds=5))
    vote = cast(store, comment="Right on", at=NOON + timedelta(seconds=9))
    assert vote.opinion == ("up", 4, "Right on")
    assert vote.created_at == NOON
    assert vote.updated_at == NOON + timedelta(seconds=9)
    assert [v.opinion for v in vote_history(Scope(store, "acme"), SUBJECT, "Ann")] == [
        ("up", None, None),
        ("up", 4, None),
        ("up", 4, "Right on"),
    ]


def test_thumbs_down_and_one_star_are_opinions(store):
    vote = cast(store, thumb="down", rating=1)
    assert vote.opinion == ("down", 1, None)
    assert cast(store, comment="Wrong customer").opinion == ("down", 1, "Wrong customer")


def test_an_identical_repeat_changes_nothing(store):
    first = cast(store, thumb="up", rating=5, comment="Good", at=NOON)
    version = store.data_version("acme")
    again = cast(store, thumb="up", rating=5, comment="Good", at=NOON + timedelta(days=1))
    assert again == first
    assert store.data_version("acme") == version
    assert count(store, FeedbackVote) == 1


def test_clearing_takes_back_one_thing_only(store):
    cast(store, thumb="up", rating=5)
    assert cast(store, thumb=CLEAR).opinion == (None, 5, None)
    assert cast(store, rating=CLEAR).opinion == (None, None, None)
    assert count(store, Feedback) == 1
    assert count(store, FeedbackVote) == 3


def test_clearing_what_was_never_said_stores_nothing(store):
    assert cast(store, thumb=CLEAR).opinion == (None, None, None)
    assert count(store, Feedback) == 0


def test_a_blank_comment_says_nothing(store):
    cast(store, comment="  Useful \n")
    assert cast(store, rating=3, comment="   ").opinion == (None, 3, "Useful")


def test_a_late_vote_fills_gaps_and_stays_in_the_history(store):
    cast(store, thumb="up", at=NOON)
    vote = cast(store, thumb="down", rating=2, at=NOON - timedelta(hours=1))
    assert vote.opinion == ("up", 2, None)
    assert vote.created_at == NOON - timedelta(hours=1)
    assert [v.thumb for v in vote_history(Scope(store, "acme"), SUBJECT, "Ann")] == ["down", "up"]


@pytest.mark.parametrize(
    ("vote", "words"),
    [
        ({"rating": 0}, "from 1 to 5"),
        ({"rating": 6}, "from 1 to 5"),
        ({"rating": True}, "from 1 to 5"),
        ({"rating": 4.0}, "from 1 to 5"),
        ({"rating": "5"}, "from 1 to 5"),
        ({"thumb": "sideways"}, "up or down"),
        ({"thumb": 1}, "up or down"),
        ({"thumb": 0}, "up or down"),
        ({"comment": "x" * 5_001}, "5,001 characters"),
        ({"comment": 7}, "is text"),
        ({}, "is empty"),
        ({"comment": "  "}, "is empty"),
        ({"thumb": "up", "rater": " "}, "who rates"),
        ({"thumb": "up", "rater": "x" * 501}, "longer than"),
        ({"thumb": "up", "subject": ""}, "what is rated"),
        ({"thumb": "up", "subject": None}, "what is rated"),
        ({"thumb": "up", "subject": "weather"}, "can be rated"),
        ({"thumb": "up", "subject": "ticket:"}, "can be rated"),
        ({"thumb": "up", "at": datetime(2026, 1, 1)}, "UTC offset"),  # noqa: DTZ001
    ],
)
def test_what_is_not_valid_is_refused_in_a_sentence(store, vote, words):
    with pytest.raises(InputError, match=words):
        cast(store, **vote)
    assert count(store, Feedback) == 0


def test_an_unknown_account_is_refused(store):
    with pytest.raises(InputError, match="no account 'nobody'"):
        cast_vote(Scope(store, "nobody"), subject=SUBJECT, rater="Ann", thumb="up")


def test_hostile_text_is_kept_but_for_what_no_database_takes(store):
    hostile = "'; DROP TABLE feedback;-- <script>alert(1)</script> =1+1 \u202e\x00 \ud800 名前 🙂"
    vote = cast(store, comment=hostile, rater="O'Neil \x00\udfff")
    assert vote.comment == hostile.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert vote.rater == "O'Neil \ufffd\ufffd"
    assert current_vote(Scope(store, "acme"), SUBJECT, "O'Neil \x00\udfff") == vote
    assert recent_comments(Scope(store, "acme")) == [vote]
    assert cast(store, comment="x" * 5_000, rater="B").comment == "x" * 5_000


def test_the_subject_names_run_and_ticket(store):
    add_runs(store, [(RUN, "INC-7")])
    vote = cast(store, thumb="up")
    assert (vote.enhancement_id, vote.ticket_id) == (RUN, "INC-7")
    vote = cast(store, subject="ticket:INC-9", thumb="up")
    assert (vote.enhancement_id, vote.ticket_id) == (None, "INC-9")


def test_subject_of_prefers_the_run():
    assert subject_of(enhancement="e", ticket="t") == "enhancement:e"
    assert subject_of(ticket="t", page="/p") == "ticket:t"
    assert subject_of(page="/p") == "page:/p"
    with pytest.raises(InputError):
        subject_of()


def test_accounts_are_apart(store):
    store.ensure_account("other", "Other")
    cast(store, thumb="up")
    cast_vote(Scope(store, "other"), subject=SUBJECT, rater="Ann", thumb="down")
    assert current_vote(Scope(store, "acme"), SUBJECT, "Ann").thumb == "up"
    assert current_vote(Scope(store, "other"), SUBJECT, "Ann").thumb == "down"
    add_runs(store, [(RUN, "INC-7")])
    ((_, vote),) = recent_enhancements(Scope(store, "acme"), rater="Ann")
    assert vote.thumb == "up"
    assert recent_enhancements(Scope(store, "other"), rater="Ann") == []


def test_recent_runs_come_with_the_raters_vote(store):
    add_runs(store, [(f"run-{n}", f"INC-{n}%_") for n in range(12)])
    cast(store, subject="enhancement:run-11", rating=1)
    cast(store, subject="enhancement:run-10", rating=5, rater="Bob")
    runs = recent_enhancements(Scope(store, "acme"), rater="Ann", limit=3)
    assert [run.id for run, _ in runs] == ["run-11", "run-10", "run-9"]
    assert [vote and vote.rating for _, vote in runs] == [1, None, None]
    assert runs[0][0].processing_time_ms == 18_500
    oldest = recent_enhancements(Scope(store, "acme"), rater="", limit=12)[10:]
    assert [run.id for run, _ in oldest] == ["run-1", "run-0"]
    assert all(vote is None for _, vote in recent_enhancements(Scope(store, "acme"), rater=""))


def test_search_takes_text_as_it_is(store):
    add_runs(store, [("a", "INC-1"), ("b", "inc-2%"), ("c", None)])
    for search, found in (("INC", ["b", "a"]), ("2%", ["b"]), ("_", [])):
        runs = recent_enhancements(Scope(store, "acme"), rater="", search=search)
        assert [run.id for run, _ in runs] == found
    assert len(recent_enhancements(Scope(store, "acme"), rater="", search="  ")) == 3
    cast(store, comment="Slow, 100% slow", at=NOON)
    cast(store, rater="Bob", comment="Fast", at=NOON + timedelta(hours=1))
    assert [v.comment for v in recent_comments(Scope(store, "acme"))] == ["Fast", "Slow, 100% slow"]
    assert [v.rater for v in recent_comments(Scope(store, "acme"), search="100%")] == ["Ann"]
    assert recent_comments(Scope(store, "acme"), limit=0)[0].rater == "Bob"


def test_votes_of_a_source_count_once(store):
    votes = [
        Cast(subject=SUBJECT, rater="Ann", at=NOON, thumb="up", vote_id=-1),
        Cast(subject=SUBJECT, rater="Ann", at=NOON + timedelta(hours=1), thumb="down", vote_id=-2),
        Cast(subject=SUBJECT, rater="Bob", at=NOON, rating=4, vote_id=-3),
    ]
    with store.write("acme") as unit:
        assert record_votes(unit, reversed(votes))[0].added == 2
    version = store.data_version("acme")
    with store.write("acme") as unit:
        record_votes(unit, votes)
    assert store.data_version("acme") == version
    assert count(store, FeedbackVote) == 3
    assert current_vote(Scope(store, "acme"), SUBJECT, "Ann").thumb == "down"


def test_votes_at_once_lose_nothing(store):
    failures = []

    def vote(rater):
        try:
            for n in range(40):
                cast(store, rater=f"rater {rater}", rating=1 + n % 5)
                if n == 0:
                    cast(store, rater="everyone", comment=f"from {rater}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
            failures.append(error)

    threads = [threading.Thread(target=vote, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for n in range(20):
        history = vote_history(Scope(store, "acme"), SUBJECT, f"rater {n}")
        assert [v.rating for v in history] == [1 + n % 5 for n in range(40)]
    shared = vote_history(Scope(store, "acme"), SUBJECT, "everyone")
    assert {v.comment for v in shared} == {f"from {n}" for n in range(20)}
    assert shared[-1] == current_vote(Scope(store, "acme"), SUBJECT, "everyone")


@pytest.fixture
def clock_at(monkeypatch):
    """Sets the machine's clock."""

    def sets(moment):
        monkeypatch.setattr(clock, "now", lambda: moment)

    return sets


def test_what_was_acknowledged_last_stands_after_the_clock_was_set_back(store, clock_at):
    clock_at(NOON + timedelta(hours=1))
    cast(store, thumb="up", rating=5)
    clock_at(NOON)
    assert cast(store, thumb="down").opinion == ("down", 5, None)
    assert cast(store, thumb="down").opinion == ("down", 5, None)
    assert cast(store, rating=CLEAR).opinion == ("down", None, None)
    clock_at(NOON - timedelta(days=400))
    vote = cast(store, thumb="up", comment="After all")
    assert vote.opinion == ("up", None, "After all")
    history = vote_history(Scope(store, "acme"), SUBJECT, "Ann")
    assert [v.opinion for v in history] == [
        ("up", 5, None),
        ("down", 5, None),
        ("down", None, None),
        ("up", None, "After all"),
    ]
    assert current_vote(Scope(store, "acme"), SUBJECT, "Ann") == vote


def imported(store, *votes):
    casts = [
        Cast(subject=SUBJECT, rater="Ann", vote_id=-n, at=NOON + timedelta(minutes=minutes), **said)
        for n, minutes, said in votes
    ]
    with store.write("acme") as unit:
        record_votes(unit, casts)
    return current_vote(Scope(store, "acme"), SUBJECT, "Ann").opinion


def test_imported_votes_are_in_the_order_of_their_own_times(store):
    late = (2, 20, {"thumb": "down"})
    assert imported(store, late) == ("down", None, None)
    assert imported(store, (1, 10, {"thumb": "up", "rating": 4})) == ("down", 4, None)
    assert imported(store, (3, 15, {"rating": 1})) == ("down", 4, None)
    assert imported(store, (4, 30, {"rating": 2}), late) == ("down", 2, None)


def test_an_imported_vote_never_takes_back_a_later_one_of_here(store, clock_at):
    clock_at(NOON + timedelta(hours=1))
    cast(store, thumb="up")
    clock_at(NOON)
    cast(store, thumb="down")
    assert imported(store, (1, 30, {"thumb": "up"})) == ("down", None, None)
    assert imported(store, (2, 90, {"thumb": "up"})) == ("up", None, None)


def test_an_imported_vote_never_brings_back_what_was_taken_back(store, clock_at):
    clock_at(NOON)
    cast(store, thumb="up", comment="Good")
    cast(store, thumb=CLEAR)
    assert imported(store, (1, -30, {"thumb": "up", "rating": 3})) == (None, 3, "Good")
    cast(store, rating=CLEAR)
    assert imported(store, (2, -20, {"rating": 5, "thumb": "down"})) == (None, None, "Good")


@pytest.mark.parametrize(
    "spelt",
    [
        "ann.lee@example.org",
        "Ann.Lee@Example.ORG",
        "  ANN.LEE@EXAMPLE.ORG ",
        "\uff21\uff4e\uff4e.Lee\uff20example.org",  # in full width
        "ann.lee@example.org\u00a0",
    ],
)
def test_a_rater_is_one_however_their_address_is_spelt(store, spelt):
    cast(store, rater="ann.lee@example.org", thumb="up")
    vote = cast(store, rater=spelt, rating=4)
    assert (vote.rater, vote.opinion) == ("ann.lee@example.org", ("up", 4, None))
    assert count(store, Feedback) == 1
    add_runs(store, [(RUN, "INC-1")])
    ((_, known),) = recent_enhancements(Scope(store, "acme"), rater=spelt)
    assert known == vote == current_vote(Scope(store, "acme"), SUBJECT, spelt)


def test_names_that_are_no_addresses_stay_exact(store):
    names = [
        "Kim",
        "kim",
        "KIM",
        "anonymous:Vote@1",
        "anonymous:vote@1",
        "@",
        "a@b@C",
        "Kim @ home",
    ]
    for name in names:
        cast(store, rater=name, thumb="up")
    assert {v.rater for v in Scope(store, "acme").objects(Feedback)} == set(names)


def test_no_subject_and_rater_are_taken_for_others(store):
    pairs = [
        ("ticket:a\nb", "c"),
        ("ticket:a", "b\nc"),
        ("ticket:a|b", "c"),
        ("ticket:a", "b|c"),
        ("ticket:a", "\nb\nc\n."),
        ("ticket:a\n\nb", "c"),
        ("ticket:8\nticket:a", "b"),
        ("ticket:a", "b"),
    ]
    for number, (subject, rater) in enumerate(pairs):
        cast(store, subject=subject, rater=rater, comment=str(number))
    assert count(store, Feedback) == len(pairs)
    for number, (subject, rater) in enumerate(pairs):
        assert current_vote(Scope(store, "acme"), subject, rater).comment == str(number)
    # The ids of a store of today stay as they are.
    known = uuid.UUID("6f1d6a3e-2b0c-5c57-9a1e-0d1f5a7c9b42")
    assert feedback_id(SUBJECT, "Ann") == str(uuid.uuid5(known, f"{SUBJECT}\nAnn"))
