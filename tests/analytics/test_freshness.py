"""How far data runs, by each fact's clock, and when it was last synced: one answer everywhere."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from core.analytics import query_metrics
from core.analytics.freshness import last_synced, source_states, sources_through, syncs
from core.api.feeds import _text
from core.base import clock
from core.feedback import cast_vote
from core.store import Bug, Enhancement, Scope, SurveyResponse, SyncRun, TestCycle, Ticket

UTC_ZONE = ZoneInfo("UTC")
METRICS = {
    "Test cycles": "test_count",
    "Bug reports": "bug_count",
    "Enhancement runs": "enhancement_count",
    "Tickets": "ticket_count",
    "Feedback": "feedback_count",
}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def acme(any_store):
    any_store.ensure_account("acme", "Acme")
    return any_store


def fill(store, model, *rows):
    with store.write("acme") as unit:
        unit.upsert(model, rows)


def through(store, name):
    """The day through which a source runs, which pages and queries agree on."""
    states = source_states(Scope(store, "acme"), now=clock.now())
    day = sources_through(states, names=frozenset({name}), zone=UTC_ZONE)
    if name in METRICS:
        for account in ("acme", None):
            asked = query_metrics(store, metrics=[METRICS[name]], account=account)["metadata"]
            assert asked["data_through"] == (day and day.isoformat())
    return day


def test_tickets_run_through_their_resolution_else_their_opening(acme):
    assert through(acme, "Tickets") is None
    fill(acme, Ticket, {"id": "1", "opened_at": at("2026-11-10"), "resolved_at": at("2026-11-18")})
    assert through(acme, "Tickets") == date(2026, 11, 18)
    fill(acme, Ticket, {"id": "2", "opened_at": at("2026-11-20"), "resolved_at": None})
    assert through(acme, "Tickets") == date(2026, 11, 20)
    # Opened later than all others and resolved in what is still the future.
    fill(acme, Ticket, {"id": "3", "opened_at": at("2026-11-21"), "resolved_at": at("2027-01-01")})
    assert through(acme, "Tickets") == date(2026, 11, 20)
    fill(acme, Ticket, {"id": "4", "opened_at": None, "resolved_at": None})
    assert through(acme, "Tickets") == date(2026, 11, 20)


def test_cycles_run_through_the_last_end_that_has_come(acme):
    fill(acme, TestCycle, {"id": 1, "start_at": at("2026-11-01"), "end_at": at("2026-11-12")})
    fill(acme, TestCycle, {"id": 2, "start_at": at("2026-11-24"), "end_at": at("2026-12-12")})
    # The clock of tests stands at noon of this day.
    fill(acme, TestCycle, {"id": 3, "start_at": None, "end_at": at("2026-11-25T18:00")})
    fill(acme, TestCycle, {"id": 4, "start_at": at("2026-11-25"), "end_at": None})
    assert through(acme, "Test cycles") == date(2026, 11, 12)
    fill(acme, TestCycle, {"id": 5, "start_at": None, "end_at": at("2026-11-25T11:00")})
    assert through(acme, "Test cycles") == date(2026, 11, 25)


def test_bugs_run_through_the_end_of_their_cycles(acme):
    fill(
        acme,
        TestCycle,
        {"id": 1, "end_at": at("2026-11-12")},
        {"id": 2, "end_at": at("2026-11-20")},  # without a bug
        {"id": 3, "end_at": at("2026-12-20")},
    )
    assert through(acme, "Bug reports") is None
    fill(
        acme,
        Bug,
        {"id": 1, "cycle_id": 1, "reported_at": at("2026-11-08")},
        {"id": 2, "cycle_id": 3, "reported_at": at("2026-11-24")},
        {"id": 3, "cycle_id": None, "reported_at": at("2026-11-24")},
    )
    assert through(acme, "Bug reports") == date(2026, 11, 12)
    asked = {"metrics": ["bug_count"], "account": "acme", "date_basis": "reported"}
    assert query_metrics(acme, **asked)["metadata"]["data_through"] == "2026-11-24"


def test_runs_votes_and_answers_have_one_clock_each(acme):
    run = {"id": "r", "status": "completed", "created_at": at("2026-11-14")}
    fill(acme, Enhancement, run | {"completed_at": at("2026-11-15")})
    assert through(acme, "Enhancement runs") == date(2026, 11, 14)
    vote = {"rater": "ann@example.org", "thumb": "up"}
    cast_vote(Scope(acme, "acme"), subject="ticket:1", **vote, at=at("2026-11-13"))
    cast_vote(Scope(acme, "acme"), subject="page:/overview", **vote, at=at("2026-11-24"))
    assert through(acme, "Feedback") == date(2026, 11, 13)
    fill(acme, SurveyResponse, {"id": "s", "answered_at": at("2026-11-11"), "overall": 4})
    assert through(acme, "Surveys") == date(2026, 11, 11)


def test_a_day_is_one_of_the_business_zone(tmp_path):
    from tests.stores import open_store

    store = open_store(f"sqlite:///{tmp_path}/store.db", timezone="Asia/Tokyo")
    store.ensure_account("acme", "Acme")
    fill(store, Ticket, {"id": "1", "opened_at": at("2026-11-18T16:00")})
    metadata = query_metrics(store, metrics=["ticket_count"])["metadata"]
    assert metadata["data_through"] == "2026-11-19"
    store.close()


def test_a_question_about_an_earlier_day_is_answered_as_of_its_end(acme):
    for day in (10, 12, 14):
        fill(acme, TestCycle, {"id": day, "end_at": at(f"2026-11-{day}T23:00")})
    asked = {"metrics": ["test_count"], "today": date(2026, 11, 12)}
    assert query_metrics(acme, **asked)["metadata"]["data_through"] == "2026-11-12"


def test_the_last_sync_is_the_same_everywhere(acme):
    started = {"started_at": at("2026-11-01"), "step": "", "done": 0, "requests": 0, "counts": {}}
    runs = [
        ("testio", "done", "2026-11-10"),
        ("testio", "partial", "2026-11-12"),
        ("testio", "failed", "2026-11-14"),
        ("testio", "running", None),
        ("prometheus", "stopped", "2026-11-13"),
        ("tickets", "done", "2026-11-11"),
    ]
    rows = [
        {"id": n, "source": source, "status": status, "finished_at": day and at(day)}
        for n, (source, status, day) in enumerate(runs, 1)
    ]
    fill(acme, SyncRun, *(row | started | {"message": ""} for row in rows))
    fill(acme, TestCycle, {"id": 1, "end_at": at("2026-11-12")})
    scope = Scope(acme, "acme")
    assert last_synced(scope) == at("2026-11-12")
    assert last_synced(scope, source="prometheus") is None
    with acme.read() as session:
        found = syncs(session.connection(), ("acme",))
    assert found == {("acme", "testio"): at("2026-11-12"), ("acme", "tickets"): at("2026-11-11")}
    metadata = query_metrics(acme, metrics=["test_count"], account="acme")["metadata"]
    assert metadata["synced_at"] == at("2026-11-12").isoformat()
    told = _text(acme).decode()
    age = (clock.now() - at("2026-11-12")).total_seconds()
    line = next(
        line
        for line in told.splitlines()
        if line.startswith("touchstone_sync_age_seconds{") and "testio" in line
    )
    assert float(line.split()[-1]) == pytest.approx(age, abs=60)
    assert "prometheus" not in told.split("touchstone_sync_age_seconds", 1)[1]
