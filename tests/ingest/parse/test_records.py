from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.base.fields import FieldProblem, parse_all
from core.feedback import LONGEST_COMMENT, cast_vote, current_vote
from core.ingest.parse.records import parse_enhancement, parse_feedback, parse_ticket
from core.ingest.save.platform import save_enhancements, save_feedback, save_tickets
from core.store import Counts, Enhancement, Scope, Ticket, table
from tests.draws import draws
from tests.stores import open_store
from tests.votes import vote_history

RUN = {
    "id": "7d0f3f0e-5a07-4c83-9a52-0d2a9c5a7e11",
    "tenant_id": "acme",
    "ticket_id": "INC-7",
    "status": "completed",
    "processing_time_ms": 18_240,
    "created_at": "2026-11-20T09:00:00+01:00",
    "completed_at": "2026-11-20T08:00:18.24Z",
    "error_message": None,
}
TICKET = {
    "id": "INC-7",
    "opened_at": "2026-11-20T07:00:00Z",
    "resolved_at": "2026-11-20T09:30:00Z",
    "category": "Network",
    "priority": "2 - High",
    "technician": "Ann",
    "enhanced": True,
    "minutes_spent": 31.5,
    "reopened": False,
}
THUMB = {
    "id": "f1",
    "tenant_id": "acme",
    "ticket_id": "INC-7",
    "enhancement_id": RUN["id"],
    "technician_email": "ann@acme.example",
    "feedback_type": "thumbs_up",
    "feedback_comment": "Right on",
    "created_at": "2026-11-20T10:00:00Z",
}
EIGHT = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def store():
    store = open_store("sqlite://", timezone="UTC")
    store.ensure_account("acme", "Acme")
    yield store
    store.close()


def fields_of(item):
    return [problem.field for problem in item.problems]


def rows(store, model):
    with store.read() as session:
        found = session.connection().execute(select(table(model))).mappings()
        return [dict(row) for row in found]


def test_a_run_is_read_in_utc():
    parsed = parse_enhancement(RUN)
    run = parsed.row
    assert parsed.id == RUN["id"]
    assert (run["ticket_id"], run["tenant_id"]) == ("INC-7", "acme")
    assert (run["status"], run["processing_time_ms"]) == ("completed", 18_240)
    assert run["created_at"] == EIGHT
    assert run["created_at"].tzinfo is UTC
    assert parsed.problems == ()


def test_a_row_of_text_reads_like_json():
    row = RUN | {"processing_time_ms": "18240", "error_message": "", "status": "COMPLETED"}
    assert parse_enhancement(row) == parse_enhancement(RUN)
    row = TICKET | {"enhanced": "Yes", "reopened": "0", "minutes_spent": "31.5"}
    assert parse_ticket(row) == parse_ticket(TICKET)
    assert parse_ticket(TICKET | {"id": 4711}).id == "4711"


def test_a_pending_run_lacks_nothing():
    run = parse_enhancement({"id": "x", "status": "pending", "created_at": "2026-11-20T08:00:00Z"})
    assert (run.row["processing_time_ms"], run.row["completed_at"]) == (None, None)
    assert run.problems == ()


def test_a_duration_of_zero_is_a_duration():
    assert parse_enhancement(RUN | {"processing_time_ms": 0}).row["processing_time_ms"] == 0
    assert parse_ticket(TICKET | {"minutes_spent": 0}).row["minutes_spent"] == 0


@pytest.mark.parametrize("value", [-1, True, "soon", "nan", float("inf"), 2**31, [1], {}, 10**400])
def test_a_wrong_duration_is_unknown_and_noted(value):
    run = parse_enhancement(RUN | {"processing_time_ms": value})
    assert run.row["processing_time_ms"] is None
    assert fields_of(run) == ["processing_time_ms"]


def test_wrong_optional_fields_are_unknown_and_noted():
    run = parse_enhancement(
        RUN
        | {"ticket_id": ["x"], "tenant_id": "x" * 501, "error_message": 7}
        | {"completed_at": "2026-11-20T07:59:00Z"}
    )
    unknown = {"ticket_id", "tenant_id", "error_message", "completed_at"}
    assert {run.row[name] for name in unknown} == {None}
    assert set(fields_of(run)) == unknown
    ticket = parse_ticket(
        TICKET
        | {"opened_at": "03/04/2026", "enhanced": "perhaps", "reopened": -1, "priority": 1.5}
        | {"minutes_spent": "1,5", "category": {}}
    )
    assert ticket.row["resolved_at"] is not None
    assert set(fields_of(ticket)) == {
        *("opened_at", "enhanced", "reopened", "priority", "minutes_spent", "category")
    }


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        *((True, True), ("Ja", True), ("WAHR", True), ("x", True), ("1.0", True), (3, True)),
        *((0, False), ("FALSCH", False), ("no", False), ("0.0", False), ("", None), (0.5, None)),
    ],
)
def test_truths_in_words_and_counts_above_nought(value, flag):
    assert parse_ticket(TICKET | {"reopened": value}).row["reopened"] is flag


@pytest.mark.parametrize(
    ("value", "read"),
    [("00123", "00123"), ("1001.0", "1001"), ("1E5", "1E5"), (4711, "4711"), ("1.10", "1.10")],
)
def test_ids_stay_as_they_are(value, read):
    assert parse_ticket(TICKET | {"id": value}).id == read
    assert parse_enhancement(RUN | {"ticket_id": value}).row["ticket_id"] == read


@pytest.mark.parametrize("value", ["1.23457E+11", "1,23457E+11", "1E+15"])
def test_an_id_that_a_spreadsheet_has_shortened_is_none(value):
    assert "a spreadsheet has shortened it" in parse_ticket(TICKET | {"id": value}).reason
    run = parse_enhancement(RUN | {"ticket_id": value})
    assert (run.row["ticket_id"], fields_of(run)) == (None, ["ticket_id"])


@pytest.mark.parametrize(
    ("kind", "thumb"),
    [("THUMBS_UP", "up"), ("thumbs up", "up"), ("Thumbs-Down", "down"), ("👍", "up")],
)
def test_spellings_of_a_thumb(kind, thumb):
    assert parse_feedback(THUMB | {"feedback_type": kind}).links["cast"].thumb == thumb


def test_resolved_before_opened_is_unknown():
    ticket = parse_ticket(TICKET | {"resolved_at": "2026-11-19T07:00:00Z"})
    assert ticket.row["resolved_at"] is None
    assert fields_of(ticket) == ["resolved_at"]


@pytest.mark.parametrize(
    ("parse", "obj", "field"),
    [
        (parse_enhancement, None, "id"),
        (parse_enhancement, RUN | {"id": " "}, "id"),
        (parse_enhancement, RUN | {"id": True}, "id"),
        (parse_enhancement, RUN | {"status": None}, "status"),
        (parse_enhancement, RUN | {"created_at": "yesterday"}, "created_at"),
        (parse_ticket, [], "id"),
        (parse_ticket, {}, "id"),
        (parse_feedback, THUMB | {"id": None}, "id"),
        (parse_feedback, THUMB | {"created_at": None}, "created_at"),
        (parse_feedback, THUMB | {"ticket_id": None, "enhancement_id": ""}, "ticket_id"),
        (parse_feedback, THUMB | {"feedback_type": "sideways"}, "feedback_type"),
        (parse_feedback, THUMB | {"feedback_type": None}, "feedback_type"),
        (parse_feedback, THUMB | {"feedback_type": "rating"}, "feedback_type"),
        (parse_feedback, THUMB | {"feedback_type": "rating", "rating_value": 0}, "feedback_type"),
        (parse_feedback, THUMB | {"feedback_type": "rating", "rating_value": 4.5}, "feedback_type"),
        (
            parse_feedback,
            THUMB | {"feedback_type": "rating", "rating_value": True},
            "feedback_type",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(parse, obj, field):
    problem = parse(obj)
    assert isinstance(problem, FieldProblem)
    assert problem.field == field
    assert problem.reason
    assert problem == parse(obj)


def test_feedback_is_a_thumb_or_a_rating():
    vote = parse_feedback(THUMB).links["cast"]
    assert (vote.thumb, vote.rating, vote.comment) == ("up", None, "Right on")
    assert vote.rater == "ann@acme.example"
    vote = parse_feedback(THUMB | {"feedback_type": "rating", "rating_value": "1"}).links["cast"]
    assert (vote.thumb, vote.rating) == (None, 1)
    found = parse_feedback(THUMB | {"feedback_type": "thumbs_down", "rating_value": 5})
    assert (found.links["cast"].thumb, found.links["cast"].rating) == ("down", None)
    assert fields_of(found) == ["rating_value"]


def test_a_comment_is_cut_where_no_more_fits():
    vote = parse_feedback(THUMB | {"feedback_comment": "é" * (LONGEST_COMMENT + 1)})
    assert vote.links["cast"].comment == "é" * LONGEST_COMMENT
    assert fields_of(vote) == ["feedback_comment"]


def test_nobody_votes_as_an_anonymous_rater():
    refused = parse_feedback(THUMB | {"technician_email": "anonymous:0123"})
    assert (refused.source_id, refused.field) == ("f1", "technician_email")
    assert refused.reason == "this beginning is reserved for anonymous raters"
    assert parse_feedback(THUMB | {"technician_email": None}).links["cast"].rater == "anonymous:f1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("parse", "good"), [(parse_enhancement, RUN), (parse_ticket, TICKET), (parse_feedback, THUMB)]
)
@settings(max_examples=draws(250))
@given(changes=st.data())
def test_nothing_that_is_sent_raises(parse, good, changes):
    names = st.sampled_from([*good, "rating_value"])
    parse(good | changes.draw(st.dictionaries(names, JSON)))
    parse(changes.draw(JSON))


def test_saving_twice_changes_nothing(store):
    runs = parse_all(parse_enhancement, [RUN]).items
    tickets = parse_all(parse_ticket, [TICKET]).items
    with store.write("acme") as unit:
        assert save_enhancements(unit, runs).counts == {"enhancement": Counts(added=1)}
        assert save_tickets(unit, tickets).counts == {"ticket": Counts(added=1)}
    version = store.data_version("acme")
    with store.write("acme") as unit:
        assert save_enhancements(unit, runs).counts == {"enhancement": Counts(unchanged=1)}
        assert save_tickets(unit, tickets).counts == {"ticket": Counts(unchanged=1)}
    assert store.data_version("acme") == version
    (row,) = rows(store, Enhancement)
    assert row["created_day"].isoformat() == "2026-11-20"
    (row,) = rows(store, Ticket)
    assert row["minutes_spent"] == 31.5


def saved(store, parse, save, *objects):
    with store.write("acme") as unit:
        return save(unit, parse_all(parse, objects).items)


def test_what_a_record_does_not_say_stays_as_it_is(store):
    saved(store, parse_ticket, save_tickets, TICKET)
    (before,) = rows(store, Ticket)
    told = saved(store, parse_ticket, save_tickets, {"id": "INC-7", "enhanced": False})
    assert told.counts == {"ticket": Counts(changed=1)}
    (row,) = rows(store, Ticket)
    assert row == before | {"enhanced": False}
    # An unreadable field says nothing either; an empty one says that there is nothing.
    again = {"id": "INC-7", "opened_at": "soon", "minutes_spent": "2d", "technician": ""}
    saved(store, parse_ticket, save_tickets, again, {"id": "INC-7", "resolved_at": None})
    (row,) = rows(store, Ticket)
    after = {"enhanced": False, "technician": None, "resolved_at": None}
    assert row == before | after


def test_an_end_before_the_stored_beginning_is_told(store):
    saved(store, parse_ticket, save_tickets, {"id": "T", "opened_at": "2026-11-20T07:00:00Z"})
    early = {"id": "T", "resolved_at": "2026-11-20T06:59:00Z"}
    told = saved(store, parse_ticket, save_tickets, early)
    assert [(p.source_id, p.field) for p in told.problems] == [("T", "resolved_at")]
    assert rows(store, Ticket)[0]["resolved_at"] is None


DONE = RUN | {"created_at": "2026-11-20T08:00:00Z", "completed_at": "2026-11-20T08:00:18Z"}
BEGUN = {"id": RUN["id"], "status": "pending", "created_at": "2026-11-20T08:00:00Z"}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("first", "then", "status", "took"),
    [
        (DONE, BEGUN, "completed", 18_240),
        (BEGUN, DONE, "completed", 18_240),
        (DONE, BEGUN | {"created_at": "2026-11-20T07:59:59Z"}, "completed", 18_240),
        (
            DONE,
            DONE | {"status": "failed", "completed_at": "2026-11-20T08:00:09Z"},
            "completed",
            18_240,
        ),
        (
            DONE,
            DONE | {"status": "failed", "completed_at": "2026-11-20T08:00:30Z"},
            "failed",
            18_240,
        ),
        (DONE, BEGUN | {"status": "failed"}, "failed", 18_240),
        # Begun once more.
        (DONE, BEGUN | {"created_at": "2026-11-20T09:00:00Z"}, "pending", None),
    ],
)
def test_an_older_event_takes_no_final_state_back(store, together, first, then, status, took):
    if together:
        saved(store, parse_enhancement, save_enhancements, first, then)
    else:
        saved(store, parse_enhancement, save_enhancements, first)
        saved(store, parse_enhancement, save_enhancements, then)
    (row,) = rows(store, Enhancement)
    assert (row["status"], row["processing_time_ms"]) == (status, took)
    assert (row["completed_at"] is None) == (took is None)


def test_feedback_becomes_one_opinion_with_its_history(store):
    stars = THUMB | {
        "id": "f2",
        "feedback_type": "rating",
        "rating_value": 4,
        "feedback_comment": None,
        "created_at": "2026-11-20T10:05:00Z",
    }
    votes = parse_all(parse_feedback, [stars, THUMB]).items
    with store.write("acme") as unit:
        assert save_feedback(unit, votes).counts == {"feedback": Counts(added=1)}
    subject = f"enhancement:{RUN['id']}"
    assert current_vote(Scope(store, "acme"), subject, THUMB["technician_email"]).opinion == (
        *("up", 4, "Right on"),
    )
    version = store.data_version("acme")
    with store.write("acme") as unit:
        assert save_feedback(unit, votes).counts["feedback"].added == 0
    assert store.data_version("acme") == version
    assert len(vote_history(Scope(store, "acme"), subject, THUMB["technician_email"])) == 2


def test_a_later_vote_here_outlives_a_second_import(store):
    votes = parse_all(parse_feedback, [THUMB]).items
    subject, rater = f"enhancement:{RUN['id']}", THUMB["technician_email"]
    with store.write("acme") as unit:
        save_feedback(unit, votes)
    cast_vote(Scope(store, "acme"), subject=subject, rater=rater, thumb="down")
    with store.write("acme") as unit:
        save_feedback(unit, votes)
    assert current_vote(Scope(store, "acme"), subject, rater).thumb == "down"


def test_votes_of_nobody_are_of_different_people(store):
    nobody = [THUMB | {"id": f"f{n}", "technician_email": None} for n in range(3)]
    with store.write("acme") as unit:
        saved = save_feedback(unit, parse_all(parse_feedback, nobody).items)
    assert saved.counts["feedback"].added == 3
