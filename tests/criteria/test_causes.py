"""What gaps come with: found where it was planted, and not where there is only chance."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats

from core.analytics.dates import Window
from core.criteria.causes import causes, clusters
from core.criteria.ledger import annotate, exclude, withdraw
from core.criteria.window_data import window_data
from core.feedback import cast_vote
from core.ingest.parse.records import parse_enhancement, parse_ticket
from core.ingest.save.platform import save_enhancements, save_tickets
from core.store import Annotation, Scope

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
WEEK = Window(MONDAY.date(), MONDAY.date() + timedelta(days=6), "a week")


def runs_of_a_week(a_day=80):
    """The instants of runs from eight to six o'clock."""
    step = timedelta(hours=10) / a_day
    return [MONDAY + timedelta(days=d, hours=8) + n * step for d in range(7) for n in range(a_day)]


def test_a_planted_span_of_hours_is_found_and_told_once():
    start, end = MONDAY + timedelta(days=2, hours=10), MONDAY + timedelta(days=2, hours=13)
    rows = [(at, start <= at < end and n % 2 == 0) for n, at in enumerate(runs_of_a_week())]
    (found,) = clusters(rows)
    assert (found.start, found.end) == (start, end)
    assert found.label == "Wednesday, 11 Nov 2026, 10:00 to 13:00"
    inside = [marked for at, marked in rows if start <= at < end]
    assert (found.rows, found.marked) == (len(inside), sum(inside))
    assert (found.rows_elsewhere, found.marked_elsewhere) == (560 - len(inside), 0)


def test_the_odds_are_those_of_fishers_exact_test():
    rows = [(at, at.hour == 9 and at.minute < 40) for at in runs_of_a_week()]
    found = clusters(rows)[0]
    marked, others = found.marked, found.marked_elsewhere
    table = [[marked, found.rows - marked], [others, found.rows_elsewhere - others]]
    alone = stats.fisher_exact(table, alternative="greater").pvalue
    assert found.label == "Every day from 09:00 to 10:00"
    assert found.start is None
    # Adjusted for everything that was looked at, it is less sure, never surer.
    assert alone <= found.p_value <= alone * 2_000


def test_chance_alone_is_seldom_told():
    rng, instants = np.random.default_rng(7), runs_of_a_week(40)
    told = sum(
        bool(clusters([(at, bool(rng.random() < 0.08)) for at in instants])) for _ in range(200)
    )
    assert told <= 14  # of 200; 10 are allowed on average


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_all_or_none_are_marked_nothing_crowds(share):
    assert clusters([(at, bool(share)) for at in runs_of_a_week()]) == []
    assert clusters([]) == []


def test_a_span_up_to_midnight_on_the_day_clocks_are_turned_has_its_instants():
    zone = ZoneInfo("Europe/Berlin")
    instants = [datetime(2026, 10, 25, h, m, tzinfo=zone) for h in range(24) for m in (0, 20, 40)]
    instants += [datetime(2026, 10, 26, h, m, tzinfo=zone) for h in range(24) for m in (0, 20, 40)]
    (found,) = clusters([(at, at.day == 25 and at.hour >= 21) for at in instants])
    assert found.end == datetime(2026, 10, 26, tzinfo=zone)
    assert found.start == datetime(2026, 10, 25, 21, tzinfo=zone)


@pytest.fixture
def filled(any_store):
    any_store.ensure_account("a", "A")
    runs, tickets = [], []
    start, end = MONDAY + timedelta(days=2, hours=10), MONDAY + timedelta(days=2, hours=13)
    for n, at in enumerate(runs_of_a_week()):
        bad = start <= at < end and n % 2 == 0
        run = {"id": f"r{n}", "ticket_id": f"t{n}", "created_at": at.isoformat()}
        run |= {"status": "failed" if bad else "completed", "processing_time_ms": 9_000}
        run |= {"error_message": ("Timed out" if n % 4 else "Refused") if bad else None}
        runs.append(parse_enhancement(run))
    for n in range(40):
        at = MONDAY + timedelta(hours=n)
        slow = n % 4 == 0
        ticket = {"id": f"t{n}", "category": "Network" if slow else "E-mail", "enhanced": True}
        took = timedelta(minutes=300 if slow else 60)
        ticket |= {"opened_at": at.isoformat(), "resolved_at": (at + took).isoformat()}
        tickets.append(parse_ticket(ticket))
    with any_store.write("a") as unit:
        save_enhancements(unit, runs)
        save_tickets(unit, tickets)
    return any_store


def texts(store, kind):
    found = causes(window_data(Scope(store, "a"), window=WEEK))
    return [cause.text for cause in found if cause.kind == kind]


def test_errors_are_told_with_their_share(filled):
    first, second = texts(filled, "errors")
    assert first.startswith("6 of the 12 failed runs (50 %) say: ")
    assert "Refused" in first
    assert "Timed out" in second


def test_what_happened_in_the_same_hours_stands_beside_and_nothing_else(filled):
    at = MONDAY + timedelta(days=2, hours=11)
    scope = Scope(filled, "a", "Ann")
    annotate(scope, from_at=at, kind="deployment", text="Release 4")
    gone = annotate(scope, from_at=at, kind="incident", text="A mistake")
    withdraw(scope, Annotation, gone)
    late = at + timedelta(hours=5)
    annotate(scope, from_at=late, kind="incident", text="Much later")
    exclude(scope, from_at=at - timedelta(hours=3), to_at=at, kind="outage", reason="Down")
    (text,) = texts(filled, "failures")
    assert "Wednesday, 11 Nov 2026, 10:00 to 13:00: 12 of 24 runs (50 %) failed" in text
    assert "against 0 of 536 (0 %) at all other times" in text
    assert "p below 0.001" in text
    assert "Release 4 (11:00 on 11 Nov 2026)" in text
    assert "excluded as outage, Down" in text
    assert "later" not in text
    assert "mistake" not in text
    assert texts(filled, "slow runs") == []


def test_slow_categories_are_compared_with_all_tickets(filled):
    assert texts(filled, "slow categories") == [
        "Network: half of 10 resolved tickets took 5 h or longer; of all 40 it is 1 h."
    ]


@pytest.mark.parametrize(("raters", "told"), [(4, 0), (5, 1)])
def test_ratings_of_fewer_than_five_people_are_not_broken_down(filled, raters, told):
    for n in range(40):
        who = f"person {n // 4 % raters}"
        stars = 2 if n % 4 == 0 else 5
        at = MONDAY + timedelta(hours=n)
        cast_vote(Scope(filled, "a"), subject=f"ticket:t{n}", rater=who, rating=stars, at=at)
    found = texts(filled, "ratings")
    assert len(found) == told
    assert all("Network: 2 stars on average of 10 ratings" in text for text in found)


def test_an_empty_window_has_no_causes(any_store):
    any_store.ensure_account("a", "A")
    assert causes(window_data(Scope(any_store, "a"), window=WEEK)) == []
