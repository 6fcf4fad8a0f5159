"""The weekly review: notes that nobody loses, actions that come back, and a close that stays."""

import json
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analytics.account_settings import changes
from core.analytics.dates import iso_week
from core.base import clock
from core.base.errors import InputError, QueryError
from core.base.stats import Verdict
from core.criteria.ledger import change_criterion, comment, exclude, withdraw
from core.criteria.verdicts import evaluate
from core.ingest.parse.records import parse_enhancement
from core.ingest.save.platform import save_enhancements
from core.review import meeting
from core.review.actions import (
    Escalation,
    actions,
    add_action,
    close_action,
    escalations,
    is_overdue,
    record_sent,
    sent_of,
)
from core.review.agenda import agenda, week_of
from core.review.meeting import (
    close_review,
    meeting_of,
    meetings,
    merged_texts,
    notes_of,
    open_review,
    reopen_review,
    restated_since,
    save_note,
    set_attendees,
)
from core.review.signal_charts import how_sure, signal_charts
from core.store import Annotation, ReviewNote, Scope, table
from tests.draws import within

TODAY = clock.now().date()
WEEK = iso_week(TODAY - timedelta(days=7))
BEFORE = iso_week(TODAY - timedelta(days=14))
HOSTILE = "<script>alert(1)</script> =1+1 **b** \N{PILE OF POO}"


@pytest.fixture
def store(any_store):
    for account in ("a", "b"):
        any_store.ensure_account(account, account)
    return any_store


def add_runs(store, week, completed, failed, *, account="a", seconds=10, first=0):
    noon = datetime.combine(week.start, datetime.min.time(), UTC) + timedelta(hours=36)
    objects = [
        {
            "id": f"{week.label}-{first + n}",
            "status": "completed" if n < completed else "failed",
            "processing_time_ms": seconds * 1_000,
            "created_at": (noon + timedelta(minutes=n)).isoformat(),
        }
        for n in range(completed + failed)
    ]
    with store.write(account) as unit:
        save_enhancements(unit, [parse_enhancement(one) for one in objects])


@pytest.mark.parametrize(
    ("label", "error", "said"),
    [
        (iso_week(TODAY).label, InputError, "not over"),
        ("2026-W60", QueryError, "no ISO week"),
        ("last week", QueryError, "no ISO week"),
        ("", QueryError, "no ISO week"),
    ],
)
def test_only_complete_weeks_are_reviewed(label, error, said):
    with pytest.raises(error, match=said):
        week_of(label, TODAY)


def test_a_week_at_new_year_is_found_by_its_label():
    assert week_of("2026-W01", TODAY).start == date(2025, 12, 29)


lines = st.lists(st.sampled_from(["one", "two", "three", "", "x"]), max_size=6)


@given(lines, lines, lines)
def test_no_line_that_somebody_wrote_is_lost(base, theirs, mine):
    merged = merged_texts("\n".join(base), "\n".join(theirs), "\n".join(mine)).split("\n")
    for text in (theirs, mine):
        for line in set(text):
            if line and line not in base:
                assert line in merged


def test_changes_in_different_places_are_put_together():
    base, theirs, mine = "a\nb\nc\nd", "a\nB\nc\nd", "a\nb\nc\nd\ne"
    assert merged_texts(base, theirs, mine) == "a\nB\nc\nd\ne"
    assert merged_texts(base, theirs, base) == theirs
    assert merged_texts(base, base, mine) == mine
    assert merged_texts("a", "a of Ann", "a of Bob").split("\n") == ["a of Ann", "a of Bob"]


def test_two_people_who_write_at_once_lose_nothing(store):
    open_review(Scope(store, "a", "Ann"), WEEK.label)
    first = save_note(Scope(store, "a", "Ann"), WEEK.label, "metrics", "Ann: decided", seen=0)
    assert first == ("Ann: decided", 1)
    second = save_note(Scope(store, "a", "Bob"), WEEK.label, "metrics", "Bob: agreed", seen=0)
    assert second[0].split("\n") == ["Ann: decided", "Bob: agreed"]
    third = save_note(Scope(store, "a", "Ann"), WEEK.label, "metrics", second[0], seen=2)
    assert third[1] == 2
    note = table(ReviewNote).c
    of_section = [note.week == WEEK.label, note.section == "metrics"]
    history = Scope(store, "a").objects(ReviewNote, *of_section, order_by=[note.version])
    assert [note.written_by for note in history] == ["Ann", "Bob"]
    assert notes_of(Scope(store, "b"), WEEK.label) == {}


def test_many_who_write_at_once_lose_nothing(store):
    open_review(Scope(store, "a", "Ann"), WEEK.label)

    def write(name):
        save_note(Scope(store, "a", name), WEEK.label, "trends", f"line of {name}", seen=0)

    threads = [threading.Thread(target=write, args=(f"P{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = notes_of(Scope(store, "a"), WEEK.label)["trends"].text
    assert sorted(text.split("\n")) == sorted(f"line of P{n}" for n in range(8))


def agreed(store, week, **more):
    return add_action(
        Scope(store, "a", "Ann"),
        week=week.label,
        **{"text": "Warm the cache", "owner": "Bob", "due": TODAY} | more,
    )


def test_an_action_comes_back_and_asks_whether_its_line_moved(store):
    add_runs(store, BEFORE, 60, 40)
    add_runs(store, WEEK, 100, 0)
    number = agreed(store, BEFORE, criterion_key="success_rate", expected="rise")
    agreed(store, WEEK, text="Of this week")
    (row,) = agenda(Scope(store, "a"), WEEK)["actions"]
    assert (row["id"], row["criterion"]) == (number, "Enhancement success rate")
    assert row["moved"] == "rose from 60 % to 100 %, as expected"
    # What is answered before the review is no part of it; what is answered in it is.
    answer = {"seen": {}, "status": "done", "outcome": "It is warm"}
    close_action(Scope(store, "a", "Bob"), number, **answer)
    assert agenda(Scope(store, "a"), WEEK)["actions"] == []
    close_action(Scope(store, "a", "Bob"), number, **answer | {"status": "open"})
    open_review(Scope(store, "a", "Ann"), WEEK.label)
    close_action(Scope(store, "a", "Bob"), number, **answer)
    (row,) = agenda(Scope(store, "a"), WEEK)["actions"]
    assert (row["status"], row["outcome"]) == ("done", "It is warm")
    (done,) = actions(Scope(store, "a"), status="done")
    assert (done.outcome, done.closed_by) == ("It is warm", "Bob")
    assert actions(Scope(store, "b")) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": " "}, "what will be done"),
        ({"owner": ""}, "who does it"),
        ({"criterion_key": "success_rate"}, "which criterion"),
        ({"expected": "rise"}, "which criterion"),
        ({"criterion_key": "success_rate", "expected": "jump"}, "rise or to fall"),
        ({"criterion_key": "no such", "expected": "rise"}, "no such criterion"),
    ],
)
def test_an_action_without_sense_is_refused(store, wrong, said):
    with pytest.raises(InputError, match=said):
        agreed(store, WEEK, **wrong)
    assert actions(Scope(store, "a")) == []


def test_an_owner_who_left_stays_named_and_the_action_can_be_dropped(store):
    number = agreed(store, BEFORE, owner=HOSTILE, due=TODAY - timedelta(days=9))
    (row,) = agenda(Scope(store, "a"), WEEK)["actions"]
    assert row["owner"] == HOSTILE
    assert is_overdue(actions(Scope(store, "a"))[0], TODAY)
    close_action(Scope(store, "a", "Ann"), number, seen={}, status="dropped", outcome="They left")
    assert not is_overdue(actions(Scope(store, "a"))[0], TODAY)


def judged(store, week=WEEK):
    return {r.criterion.key: r for r in evaluate(Scope(store, "a"), window=week)}


@pytest.mark.parametrize(
    ("completed", "failed", "seconds", "severity"),
    [
        (89, 11, 10, {"success_rate": "critical"}),
        (450, 45, 10, {"success_rate": "high"}),
        (94, 6, 10, {"success_rate": "medium"}),
        (97, 3, 10, {}),
        (100, 0, 121, {"latency_p95": "critical"}),
        (100, 0, 61, {"latency_p95": "high"}),
        (100, 0, 59, {}),
    ],
)
def test_how_severe_it_is_follows_the_rules(store, completed, failed, seconds, severity):
    add_runs(store, WEEK, completed, failed, seconds=seconds)
    found = escalations(judged(store), {}, week=WEEK.label, account="A")
    assert {one.criterion_key: one.severity for one in found} == severity
    for one in found:
        assert one.text.startswith(one.severity.upper())
        assert "Owner: Engineering lead" in one.text


def test_twenty_per_cent_worse_than_the_week_before_is_high(store):
    add_runs(store, BEFORE, 100, 0, seconds=10)
    add_runs(store, WEEK, 100, 0, seconds=13)
    (one,) = escalations(judged(store), judged(store, BEFORE), week=WEEK.label, account="A")
    assert (one.severity, one.why) == ("high", "13 s after 10 s the week before")


def test_what_was_sent_is_recorded_by_a_person(store):
    one = Escalation("high", "success_rate", "why", f"HIGH {HOSTILE}")
    with pytest.raises(InputError, match="to whom"):
        record_sent(Scope(store, "a", "Ann"), one, week=WEEK.label, sent_to=" ")
    record_sent(Scope(store, "a", "Ann"), one, week=WEEK.label, sent_to="Bob")
    (sent,) = sent_of(Scope(store, "a"), week=WEEK.label)
    assert (sent.sent_to, sent.sent_by, sent.text) == ("Bob", "Ann", f"HIGH {HOSTILE}")
    assert sent_of(Scope(store, "b")) == []


def test_a_verdict_that_changed_and_a_shift_beyond_chance_are_signals(store):
    for ago in range(2, 6):
        add_runs(store, iso_week(TODAY - timedelta(days=7 * ago)), 198, 2)
    add_runs(store, WEEK, 160, 40)
    told = agenda(Scope(store, "a"), WEEK)
    (signal,) = [one for one in told["signals"] if one["key"] == "success_rate"]
    assert "now missed, met the week before" in signal["words"]
    assert "80 % against 99 % in the four weeks before, more than chance" in signal["words"]
    assert "enhancement success rate q < 0.001" in how_sure(told)
    assert any("missed" in sentence for sentence in told["worrying"])
    # One chart for what is said of one thing: the series, else the criterion's bar.
    charts = {one.key: one for one in signal_charts(told)}
    assert charts["success_rate"].title == signal["words"]
    assert len(charts) == len({one["label"] for one in told["signals"]})
    row = next(row for row in told["criteria"] if row["key"] == "success_rate")
    assert (row["week_before"], row["four_weeks"]) == (pytest.approx(0.99), pytest.approx(0.99))


def test_a_steady_week_has_no_signal(store):
    for ago in range(1, 6):
        add_runs(store, iso_week(TODAY - timedelta(days=7 * ago)), 198, 2)
    told = agenda(Scope(store, "a"), WEEK)
    assert [one for one in told["signals"] if one["key"] == "success_rate"] == []
    assert all(not test["is_signal"] for test in told["tests"])


def test_a_week_without_data_says_so(store):
    told = agenda(Scope(store, "a"), WEEK)
    assert told["answer"].startswith("Nothing was measured")
    assert (told["signals"], told["escalations"], told["positive"]) == ([], [], [])
    json.dumps(told, allow_nan=False)


def test_a_closed_review_stays_as_it_was_and_says_what_was_restated(store):
    add_runs(store, WEEK, 95, 5)
    open_review(Scope(store, "a", "Ann"), WEEK.label)
    set_attendees(
        Scope(store, "a", "Ann"), WEEK.label, {"Product manager": HOSTILE, "Sponsor": ""}, seen={}
    )
    save_note(Scope(store, "a", "Ann"), WEEK.label, "metrics", HOSTILE, seen=0)
    agreed(store, WEEK)
    close_review(Scope(store, "a", "Ann"), WEEK.label)
    closed = meeting_of(Scope(store, "a"), WEEK.label)
    kept = json.dumps(closed.content, sort_keys=True)
    assert closed.content["notes"] == {"metrics": HOSTILE}
    assert closed.content["attendees"] == [["Product manager", HOSTILE]]
    assert [one["text"] for one in closed.content["new_actions"]] == ["Warm the cache"]
    assert restated_since(Scope(store, "a"), closed) == []
    add_runs(store, WEEK, 0, 20, first=500)
    edit = {"target": 50, "direction": "below", "owner": "Zoe", "rationale": "Agreed"}
    change_criterion(Scope(store, "a", "Ann"), "latency_p95", seen={}, **edit)
    said = restated_since(Scope(store, "a"), closed)
    assert any("closed with 95 %" in line and "20 runs more" in line for line in said)
    assert any(line == "p95 latency: the target was under 60 s." for line in said)
    assert json.dumps(meeting_of(Scope(store, "a"), WEEK.label).content, sort_keys=True) == kept
    assert meetings(Scope(store, "b")) == []


def test_a_closed_review_takes_no_more_notes_and_is_not_closed_twice(store):
    open_review(Scope(store, "a", "Ann"), WEEK.label)
    close_review(Scope(store, "a", "Ann"), WEEK.label)
    with pytest.raises(InputError, match="closed"):
        save_note(Scope(store, "a", "Bob"), WEEK.label, "metrics", "late", seen=0)
    with pytest.raises(InputError, match="not open"):
        close_review(Scope(store, "a", "Bob"), WEEK.label)
    with pytest.raises(InputError, match="Ann has closed the review"):
        set_attendees(Scope(store, "a"), WEEK.label, {"Product manager": "Bob"}, seen={})
    with pytest.raises(InputError, match="not open"):
        close_review(Scope(store, "a", "Bob"), BEFORE.label)


def test_each_review_has_the_comments_since_the_one_before(store, monkeypatch):
    def say(words, at, account="a"):
        monkeypatch.setattr(clock, "now", lambda: at)
        return comment(Scope(store, account, "Ann"), "p95 latency", words)

    def told(week):
        return [one["text"] for one in agenda(Scope(store, "a"), week)["comments"]]

    start, end = WEEK.instants(UTC)
    hour = timedelta(hours=1)
    say("Before the week", start - hour)
    gone = say("Taken back", start + hour)
    withdraw(Scope(store, "a", "Ann"), Annotation, gone)
    say("In the week", start + hour)
    say("Of another account", start + hour, "b")
    say("On the Monday after", end + hour)
    say("A week later", end + timedelta(weeks=1))
    assert told(WEEK) == ["In the week", "On the Monday after"]
    # Those that the review of the week before had are not told again.
    monkeypatch.setattr(clock, "now", lambda: start + 2 * hour)
    open_review(Scope(store, "a", "Ann"), BEFORE.label)
    close_review(Scope(store, "a", "Ann"), BEFORE.label)
    assert told(BEFORE) == ["Before the week", "In the week"]
    assert told(WEEK) == ["On the Monday after"]


def test_a_close_can_be_undone_for_an_hour_and_nothing_is_lost_by_it(store, monkeypatch):
    add_runs(store, WEEK, 95, 5)
    ann, bob = Scope(store, "a", "Ann"), Scope(store, "a", "Bob")
    open_review(ann, WEEK.label)
    save_note(ann, WEEK.label, "metrics", "Roll back", seen=0)
    agreed(store, WEEK)
    with pytest.raises(InputError, match="is open"):
        reopen_review(bob, WEEK.label)
    close_review(ann, WEEK.label, left_open=["Attendees"])
    closed = meeting_of(ann, WEEK.label).content
    assert closed["left_open"] == ["Attendees"]
    reopen_review(bob, WEEK.label)
    reopened = meeting_of(ann, WEEK.label)
    assert (reopened.closed_by, reopened.closed_at, reopened.content) == (None, None, None)
    save_note(bob, WEEK.label, "metrics", "Roll back now", seen=1)
    assert len(actions(ann)) == 1
    undone, first = changes(ann, subject=f"review {WEEK.label}")[:2]
    assert (undone.by, undone.after, first.by) == ("Bob", {"closed": False}, "Ann")
    assert (undone.before["closed_by"], undone.before["content"]) == ("Ann", closed)
    close_review(ann, WEEK.label)
    later = clock.now() + timedelta(hours=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(InputError, match="more than an hour ago"):
        reopen_review(bob, WEEK.label)
    assert meeting_of(ann, WEEK.label).content["notes"] == {"metrics": "Roll back now"}


def test_what_is_entered_while_a_review_closes_is_in_it_or_refused(store, monkeypatch):
    add_runs(store, WEEK, 95, 5)
    open_review(Scope(store, "a", "Ann"), WEEK.label)
    bob, computed = Scope(store, "a", "Bob"), []

    def compute(*args, **kwargs):
        found = agenda(*args, **kwargs)
        computed.append(1)
        if len(computed) == 1:
            save_note(bob, WEEK.label, "metrics", "Roll back", seen=0)
            agreed(store, WEEK, text="Roll it back")
            set_attendees(bob, WEEK.label, {"Product manager": "Zoe"}, seen={})
            span = {"from_at": clock.now() - timedelta(days=9), "to_at": clock.now()}
            exclude(bob, **span, kind="outage", reason="The power went")
        save_note(bob, WEEK.label, "trends", f"line {len(computed)}", seen=len(computed) - 1)
        return found

    monkeypatch.setattr(meeting, "agenda", compute)
    close_review(Scope(store, "a", "Ann"), WEEK.label)
    assert len(computed) == 2  # once more: data and decisions had moved
    kept = meeting_of(bob, WEEK.label).content
    assert kept["notes"] == {"metrics": "Roll back", "trends": "line 2"}
    assert [one["text"] for one in kept["new_actions"]] == ["Roll it back"]
    assert kept["attendees"] == [["Product manager", "Zoe"]]
    assert any("The power went" in cause for cause in kept["causes"])
    for late in (
        lambda: agreed(store, WEEK, text="Too late"),
        lambda: save_note(bob, WEEK.label, "metrics", "Too late", seen=1),
    ):
        with pytest.raises(InputError, match="Ann has closed the review"):
            late()
    assert len(actions(bob)) == 1


@pytest.mark.parametrize("shape", ["alternating", "blank", "rare"])
def test_long_notes_of_many_like_lines_are_merged_in_time(shape):
    number = {"alternating": 800, "blank": 9_000, "rare": 9_000}[shape]
    line = {"alternating": "ab".__getitem__, "blank": lambda _: "", "rare": str}[shape]
    period = {"alternating": 2, "blank": 1, "rare": 97}[shape]
    base, theirs, mine = (
        [line(n * factor % period) for n in range(number)] for factor in (1, 37, 53)
    )
    with within(1):
        merged = merged_texts(
            "\n".join(base), "\n".join(["Ann", *theirs]), "\n".join([*mine, "Bob"])
        )
    assert {"Ann", "Bob"} <= set(merged.split("\n"))


def test_verdicts_are_those_of_the_criteria(store):
    add_runs(store, WEEK, 200, 1)
    told = agenda(Scope(store, "a"), WEEK)
    for row in told["criteria"]:
        assert Verdict(row["verdict"]) is judged(store)[row["key"]].verdict
