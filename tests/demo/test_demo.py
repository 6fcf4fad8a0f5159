"""The demo data: the same for everyone, in the shape that was promised, and never in the future."""

import re
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from statistics import mean, median
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core.analytics.dates import week_named
from core.base import clock
from core.base.errors import InputError
from core.criteria import histogram
from core.criteria.baselines import baselines
from core.criteria.platform import platform_reading
from core.criteria.verdicts import results_by_key
from core.demo import DEMO_ACCOUNT, build_demo, is_current
from core.feedback import cast_vote, current_vote
from core.review.actions import actions
from core.review.meeting import meetings, restated_since
from core.review.roadmap import change_opportunity, hit_rate, opportunities, outcomes
from core.store import (
    Account,
    Bug,
    BugDevice,
    Enhancement,
    Feature,
    Feedback,
    FeedbackVote,
    Origin,
    Product,
    RejectionReason,
    Scope,
    SurveyResponse,
    SyncProblem,
    SyncRun,
    TestCycle,
    TestFeature,
    Ticket,
    User,
    table,
    tables_from,
)
from tests.draws import within
from tests.stores import open_store
from tests.votes import vote_history

FRIDAY = date(2026, 11, 20)
BERLIN = ZoneInfo("Europe/Berlin")
PRESENT = datetime.combine(FRIDAY, time(18), BERLIN)
MADE = (*tables_from(Origin.SOURCE), *map(table, (Feedback, FeedbackVote, SurveyResponse)))
ACCEPTED = {"accepted", "auto_accepted"}


def new_store(timezone="Europe/Berlin"):
    return open_store("sqlite://", timezone=timezone)


def rows(store, model):
    return stored(store, table(model))


def stored(store, target):
    everything = select(target).order_by(*target.primary_key)
    with store.read() as session:
        found = session.connection().execute(everything).mappings()
        return [dict(row) for row in found]


def ago(days):
    return FRIDAY - timedelta(days=days)


@pytest.fixture(scope="module")
def store():
    store = new_store()
    built = build_demo(store, today=FRIDAY)
    assert built.problems == []
    yield store
    store.close()


@pytest.fixture(scope="module")
def cycles(store):
    return rows(store, TestCycle)


@pytest.fixture(scope="module")
def bugs(store):
    return rows(store, Bug)


@pytest.fixture(scope="module")
def runs(store):
    return rows(store, Enhancement)


@pytest.fixture(scope="module")
def created_days(cycles):
    """The end days of the cycles that each customer user created."""
    days = {}
    for cycle in cycles:
        if cycle["created_by_id"] is not None and cycle["end_day"] is not None:
            days.setdefault(cycle["created_by_id"], []).append(cycle["end_day"])
    return days


@pytest.mark.usefixtures("tiny")
def test_two_builds_are_equal_row_by_row():
    one, other = new_store(), new_store()
    for store in (one, other):
        build_demo(store, today=FRIDAY)
    for target in MADE:
        assert stored(other, target) == stored(one, target), target.name
    one.close()
    other.close()


@pytest.mark.usefixtures("tiny")
def test_another_seed_makes_other_rows():
    store = new_store()
    build_demo(store, today=FRIDAY)
    made = rows(store, TestCycle)
    build_demo(store, today=FRIDAY, seed=8)
    assert rows(store, TestCycle) != made
    store.close()


def test_the_account_is_a_demo(store):
    (account,) = rows(store, Account)
    assert (account["id"], account["name"]) == ("demo", "Demo account")
    assert account["is_demo"]
    assert rows(store, SyncProblem) == []
    (run,) = rows(store, SyncRun)
    assert (run["source"], run["status"]) == ("testio", "done")
    assert run["finished_at"] == PRESENT
    assert run["counts"]["bug"]["added"] == 6_000


def test_it_is_as_large_as_promised(store, cycles, bugs):
    people = Counter(user["kind"] for user in rows(store, User))
    assert people == {"customer": 75, "tester": 180}
    assert (len(cycles), len(bugs)) == (400, 6_000)
    assert len(rows(store, Product)) == 5
    assert len(rows(store, Feature)) == 40
    archived = [c["end_day"] for c in cycles if c["status"] == "archived" and c["end_day"]]
    assert max(archived) > ago(21)
    assert min(archived) < ago(640)


def test_nothing_lies_in_the_future_that_cannot(store, cycles, bugs, runs):
    over = [c for c in cycles if c["status"] in {"archived", "locked"} and c["end_at"]]
    instants = [c["end_at"] for c in over]
    instants += [c["start_at"] for c in cycles if c["status"] == "running"]
    instants += [bug["reported_at"] for bug in bugs]
    instants += [run[name] for run in runs for name in ("created_at", "completed_at")]
    instants += [t[name] for t in rows(store, Ticket) for name in ("opened_at", "resolved_at")]
    instants += [vote["updated_at"] for vote in rows(store, Feedback)]
    assert max(instant for instant in instants if instant) <= PRESENT
    assert all(c["end_at"] > PRESENT for c in cycles if c["status"] == "running" and c["end_at"])


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_it_ends_today_where_the_store_is(timezone):
    store = new_store(timezone)
    build_demo(store)
    now = clock.now()
    newest = max(run["created_at"] for run in rows(store, Enhancement))
    assert newest <= now
    assert now - newest < timedelta(hours=30)
    assert is_current(store)
    store.close()


def test_cycles_are_in_every_state(cycles):
    count = Counter(cycle["status"] for cycle in cycles)
    assert set(count) == {
        *("initialized", "customer_finalized", "waiting", "running", "locked"),
        *("archived", "cancelled"),
    }
    assert all(c["end_day"] >= ago(14) for c in cycles if c["status"] == "locked" and c["end_day"])
    drafts = [c for c in cycles if c["status"] == "initialized"]
    assert any(c["submitted_by_id"] is None for c in drafts)
    assert any(c["submitted_by_id"] is not None for c in drafts)
    assert any(c["end_at"] is None for c in drafts)
    assert any(c["end_at"] is None for c in cycles if c["status"] == "archived")
    known = [c for c in cycles if c["created_by_id"] is not None]
    assert len(known) < len(cycles)
    assert 0.8 < mean(c["submitted_by_id"] is not None for c in known) < 0.96


def test_a_handful_makes_most_and_seasons_show(cycles, created_days):
    counts = sorted((len(days) for days in created_days.values()), reverse=True)
    assert sum(counts[:5]) > 0.4 * sum(counts)
    months = Counter(f"{c['end_day']:%Y-%m}" for c in cycles if c["end_day"])
    assert months["2025-12"] < months["2025-11"] / 2
    weekend = [c for c in cycles if c["end_day"] and c["end_day"].weekday() >= 5]
    assert len(weekend) < 0.15 * len(cycles)


def test_people_engage_in_every_way(store, cycles, created_days):
    creators = set(created_days)
    submitters = {c["submitted_by_id"] for c in cycles} - {None}
    everyone = {user["id"] for user in rows(store, User) if user["kind"] == "customer"}
    assert len(submitters - creators) >= 3
    assert len(everyone - creators - submitters) >= 4
    assert any(
        None not in pair and pair[0] != pair[1]
        for pair in ((c["created_by_id"], c["submitted_by_id"]) for c in cycles)
    )
    assert sum(min(days) > ago(60) for days in created_days.values()) >= 5
    assert sum(max(days) < ago(90) for days in created_days.values()) >= 15
    assert sum(ago(120) < max(days) < ago(90) for days in created_days.values()) >= 3
    fading = 0
    for days in created_days.values():
        recent = sum(ago(90) <= day <= FRIDAY for day in days)
        before = sum(ago(180) <= day < ago(90) for day in days)
        fading += before >= 5 and 0 < recent <= before / 2
    assert fading >= 3


def test_names_come_from_everywhere_and_one_is_shared(store):
    names = {kind: set() for kind in ("customer", "tester")}
    for user in rows(store, User):
        names[user["kind"]].add(user["name"])
    assert names["customer"] & names["tester"] == {"Ruth Marsh"}
    letters = set("".join(names["tester"] | names["customer"]))
    assert {"'", "é", "ł"} <= letters
    assert any("\u4e00" <= letter <= "\u9fff" for letter in letters)


def test_cycles_have_no_feature_one_or_several(store, cycles):
    links = Counter(link["cycle_id"] for link in rows(store, TestFeature))
    numbers = {links[cycle["id"]] for cycle in cycles}
    assert {0, 1, 2, 3} <= numbers
    (gone,) = [f for f in rows(store, Feature) if not f["in_catalogue"]]
    assert gone["title"]
    assert any(bug["feature_id"] == gone["id"] for bug in rows(store, Bug))


def test_bugs_are_of_every_kind(store, cycles, bugs):
    severities = Counter(bug["severity"] for bug in bugs)
    assert set(severities) == {"low", "high", "critical", "visual", "content", "custom"}
    assert severities.most_common(1)[0][0] == "low"
    assert severities["critical"] < 0.07 * len(bugs)
    statuses = Counter(bug["status"] for bug in bugs)
    assert set(statuses) == {"accepted", "auto_accepted", "rejected", "forwarded"}
    assert 0.75 < (statuses["accepted"] + statuses["auto_accepted"]) / len(bugs) < 0.85
    assert any(bug["tester_id"] is None for bug in bugs)
    assert any(bug["known"] for bug in bugs)
    assert all(bug["cycle_id"] is not None for bug in bugs)
    without_bugs = {c["id"] for c in cycles if c["status"] in {"cancelled", "waiting"}}
    assert without_bugs.isdisjoint(bug["cycle_id"] for bug in bugs)
    assert len({device["bug_id"] for device in rows(store, BugDevice)}) == len(bugs)


def test_the_newest_bugs_are_still_maturing(bugs):
    newest = [bug for bug in bugs if bug["reported_day"] > ago(14)]
    assert mean(bug["status"] == "forwarded" for bug in newest) > 0.5
    older = [bug for bug in bugs if bug["reported_day"] < ago(21)]
    assert all(bug["status"] != "forwarded" for bug in older)


def test_rejections_have_reasons_but_for_a_few(store, bugs):
    reasons = Counter(bug["rejection_reason"] for bug in bugs if bug["status"] == "rejected")
    assert set(reasons) == {None, *(reason["key"] for reason in rows(store, RejectionReason))}
    assert reasons[None] < 0.1 * sum(reasons.values())
    assert all(bug["rejection_reason"] is None for bug in bugs if bug["status"] != "rejected")


def test_testers_differ_in_quality(bugs):
    decided = {}
    for bug in bugs:
        if bug["tester_id"] is not None and bug["status"] != "forwarded":
            decided.setdefault(bug["tester_id"], []).append(bug["status"] in ACCEPTED)
    many = [mean(found) for found in decided.values() if len(found) > 60]
    few = [mean(found) for found in decided.values() if 4 <= len(found) < 15]
    assert min(many) < 0.65
    assert max(many) > 0.85
    assert max(few) > 0.95
    first = {}
    for bug in bugs:
        first[bug["tester_id"]] = min(first.get(bug["tester_id"], FRIDAY), bug["reported_day"])
    assert sum(day > ago(60) for day in first.values()) >= 2


def finished(runs, first, last):
    return [r for r in runs if r["status"] != "pending" and first <= r["created_day"] <= last]


def test_the_enhancer_works_but_for_a_bad_day(runs):
    done = finished(runs, ago(100), FRIDAY)
    seconds = sorted(run["processing_time_ms"] / 1000 for run in done)
    assert 0.955 < mean(run["status"] == "completed" for run in done) < 0.98
    assert 15 < median(seconds) < 21
    assert 40 < seconds[int(0.95 * len(seconds))] < 60
    monday = FRIDAY - timedelta(days=FRIDAY.weekday())
    weeks = [
        mean(
            run["status"] == "completed"
            for run in finished(
                runs, monday - timedelta(weeks=n), monday - timedelta(weeks=n - 1, days=1)
            )
        )
        for n in range(8, 0, -1)
    ]
    assert len(weeks) == 8
    assert weeks[-1] == min(weeks)
    assert weeks[-1] < 0.955 < min(weeks[:-1])
    pending = [run for run in runs if run["status"] == "pending"]
    assert 1 <= len(pending) <= 5
    assert {run["created_day"] for run in pending} == {FRIDAY}
    assert all(run["processing_time_ms"] is None for run in pending)
    assert all(run["error_message"] for run in runs if run["status"] == "failed")


def test_a_working_day_has_the_promised_number_of_runs(runs):
    days = Counter(run["created_day"] for run in runs)
    working = [n for day, n in days.items() if day.weekday() < 5 and day != FRIDAY]
    assert min(working) >= 60
    assert max(working) <= 95
    assert max(n for day, n in days.items() if day.weekday() >= 5) < 30
    assert len(days) == 7 * 8 + 5


def test_enhanced_tickets_are_the_hard_ones(store):
    tickets = rows(store, Ticket)
    assert any(ticket["resolved_at"] is None for ticket in tickets)
    assert len({ticket["technician"] for ticket in tickets}) == 25
    strata = {}
    for ticket in tickets:
        if ticket["resolved_at"]:
            minutes = (ticket["resolved_at"] - ticket["opened_at"]) / timedelta(minutes=1)
            of = strata.setdefault((ticket["category"], ticket["priority"]), {True: [], False: []})
            of[ticket["enhanced"]].append(minutes)
    assert len(strata) == 24
    with_help = [m for found in strata.values() for m in found[True]]
    without = [m for found in strata.values() for m in found[False]]
    naive = 1 - mean(with_help) / mean(without)
    alike = sum(len(found[True]) * mean(found[False]) for found in strata.values())
    stratified = 1 - sum(with_help) / alike
    assert naive < 0.18 < stratified < 0.32


def test_technicians_are_content(store):
    feedback = rows(store, Feedback)
    stars = [vote["rating"] for vote in feedback if vote["rating"] is not None]
    thumbs = [vote["thumb"] for vote in feedback if vote["thumb"] is not None]
    assert set(stars) == {1, 2, 3, 4, 5}
    assert 4.05 < mean(stars) < 4.4
    assert 0.84 < mean(thumb == "up" for thumb in thumbs) < 0.92
    comments = {vote["comment"] for vote in feedback} - {None}
    assert len(comments) > 40
    assert all(vote["ticket_id"] and vote["enhancement_id"] for vote in feedback)
    assert len(rows(store, FeedbackVote)) > len(feedback)


def test_technicians_answer_a_survey_every_week(store):
    responses = rows(store, SurveyResponse)
    weeks = Counter(row["answered_day"].isocalendar()[:2] for row in responses)
    assert len(weeks) == 9
    assert all(9 <= n <= 20 for n in weeks.values())
    assert 3.9 < mean(row["overall"] for row in responses) < 4.4
    assert 5 < mean(row["minutes_saved"] for row in responses) < 7.5
    assert {row["better_resolution"] for row in responses} == {"yes", "no", "unsure"}
    assert max(row["answered_at"] for row in responses) <= PRESENT
    technicians = {ticket["technician"] for ticket in rows(store, Ticket)}
    assert {row["respondent"] for row in responses} <= technicians


def test_people_have_reviewed_two_weeks_and_the_next_has_something_to_decide(store):
    scope = Scope(store, DEMO_ACCOUNT)
    later, earlier = meetings(scope)
    assert [later.week, earlier.week] == ["2026-W45", "2026-W44"]
    for one in (later, earlier):
        assert one.closed_at.date() == week_named(one.week).end + timedelta(days=1)
        assert len(one.attendees) == 4
        assert {"metrics", "feedback", "actions"} <= one.content["notes"].keys()
    answered = {one["status"]: one for one in later.content["actions"]}
    assert answered["done"]["moved"].endswith("as expected")
    assert answered["dropped"]["moved"].endswith("no difference proven")
    assert all(one["outcome"] for one in answered.values())
    assert [one.week for one in actions(scope, status="open")] == ["2026-W45"] * 2
    assert restated_since(scope, later) == ["Noted since: Sat 08:00: Database maintenance."]
    found = opportunities(scope)
    assert sorted(one.status for one in found) == ["done", "done", "open", "open", "planned"]
    assert all(one.reach_comments for one in found)
    assert hit_rate(outcomes(scope, found, today=FRIDAY)) == (1, 2)
    (baseline,) = baselines(scope)
    assert baseline.planned_at.date() < baseline.first_day
    assert baseline.frozen_at.date() == baseline.last_day + timedelta(days=1)
    week = results_by_key(scope, window=week_named("2026-W46"))
    assert week["success_rate"].estimate.value < week["success_rate"].criterion.target


@pytest.mark.usefixtures("tiny")
def test_what_people_decided_on_stays_in_a_new_demo():
    store = new_store()
    build_demo(store, today=FRIDAY)
    scope = Scope(store, DEMO_ACCOUNT, "Ann")
    mine, *others = opportunities(scope)
    change_opportunity(scope, mine.id, seen={}, effort=2.0)
    build_demo(store, today=FRIDAY + timedelta(days=7))
    found = {one.title: one for one in opportunities(scope)}
    assert len(found) == 5
    assert found.pop(mine.title).effort == 2.0
    was = {one.title: one.created_at for one in others}
    assert {found[title].created_at - at for title, at in was.items()} == {timedelta(days=7)}
    store.close()


def test_it_is_current_until_the_day_is_over(store):
    assert is_current(store, today=FRIDAY)
    assert not is_current(store, today=FRIDAY + timedelta(days=1))
    version = store.data_version(DEMO_ACCOUNT)
    assert build_demo(store, today=FRIDAY).counts == {}
    assert store.data_version(DEMO_ACCOUNT) == version
    empty = new_store()
    assert not is_current(empty)
    empty.close()


@pytest.mark.usefixtures("tiny")
def test_building_again_keeps_what_people_entered():
    store = new_store()
    told = []
    build_demo(store, today=FRIDAY, on_progress=told.append)
    assert any(re.fullmatch(r"Test cycles: (\d+) of \1", one) for one in told)
    made = rows(store, Feedback)
    known = next(vote for vote in made if vote["thumb"] == "up" and vote["comment"] is None)
    whose = {"subject": known["subject"], "rater": known["rater"]}
    changed = cast_vote(
        Scope(store, DEMO_ACCOUNT), **whose, thumb="down", comment="On reflection, no"
    )
    run = max(rows(store, Enhancement), key=lambda r: r["created_at"])
    own = cast_vote(
        Scope(store, DEMO_ACCOUNT), subject=f"enhancement:{run['id']}", rater="A visitor", rating=1
    )
    history = vote_history(Scope(store, DEMO_ACCOUNT), **whose)
    store.ensure_account("acme", "Acme")
    elsewhere = cast_vote(Scope(store, "acme"), **whose, rating=2)
    for days in (0, 1):
        build_demo(store, today=FRIDAY + timedelta(days=days), force=True)
        assert current_vote(Scope(store, DEMO_ACCOUNT), **whose) == changed
        assert current_vote(Scope(store, DEMO_ACCOUNT), own.subject, own.rater) == own
        assert vote_history(Scope(store, DEMO_ACCOUNT), **whose) == history
    assert run["id"] in {r["id"] for r in rows(store, Enhancement)}
    assert {vote["id"] for vote in made} <= {vote["id"] for vote in rows(store, Feedback)}
    build_demo(store, seed=8, today=FRIDAY)
    kept = {vote["id"] for vote in made} & {vote["id"] for vote in rows(store, Feedback)}
    assert kept == {changed.id}
    assert current_vote(Scope(store, "acme"), **whose) == elsewhere
    store.close()


def test_an_account_with_real_data_is_refused():
    store = new_store()
    store.ensure_account(DEMO_ACCOUNT, "Real")
    with pytest.raises(InputError, match="real data"):
        build_demo(store)
    with pytest.raises(InputError, match="choose small"):
        build_demo(store, size="huge")
    store.close()


def test_the_metrics_tell_the_same_as_the_runs(store, runs):
    monday = FRIDAY - timedelta(days=FRIDAY.weekday())
    start, end = (
        datetime.combine(monday - timedelta(days=n), time(), BERLIN).astimezone(UTC) for n in (7, 0)
    )
    found = platform_reading(Scope(store, DEMO_ACCOUNT), start=start, end=end)
    ended = [r for r in runs if r["completed_at"] and start <= r["completed_at"] < end]
    assert found.statuses == Counter(run["status"] for run in ended)
    seconds = [r["processing_time_ms"] / 1_000 for r in ended if r["status"] == "completed"]
    assert found.buckets[60.0] == sum(s <= 60 for s in seconds)
    assert histogram.bucket_quantile_estimate(found.buckets, 0.95).note == ""
    assert {gap.end - gap.start for gap in found.gaps} == {timedelta(minutes=26)}
    assert {gap.start.astimezone(BERLIN).date() for gap in found.gaps} == {ago(9)}
    assert found.resets
    assert 0.99 < found.available < 1
    assert max(day.greatest for day in found.queue) > 10 > min(day.greatest for day in found.queue)
    assert all(0 <= day.mean <= day.greatest <= 1 for day in found.utilisation)


def test_weeks_of_metrics_are_read_fast(store):
    end = datetime.combine(FRIDAY, time(), BERLIN)
    with within(0.2):
        found = platform_reading(
            Scope(store, DEMO_ACCOUNT), start=end - timedelta(weeks=4), end=end
        )
    assert found.statuses
