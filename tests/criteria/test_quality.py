"""Each check of the data on its limit and just beyond, and findings that can be told again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert

from core.analytics.dates import Window, iso_week
from core.criteria.ledger import exclude, exclusions
from core.criteria.quality import FEW_RESPONSES, MOST_LISTED, findings
from core.criteria.verdicts import evaluate
from core.feedback import CLEAR, cast_vote
from core.feedback.surveys import parse_survey
from core.ingest.parse.records import parse_enhancement
from core.ingest.save.platform import save_enhancements, save_surveys
from core.store import PROMETHEUS, AccountSetting, GaugeReading, Scope, ScrapeGap, ScrapeSpan, table
from pages.criteria.quality import is_dealt_with

WEEK = iso_week(date(2026, 11, 2))
START = datetime(2026, 11, 2, tzinfo=UTC)
AFTER = START + timedelta(days=30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SERIES = {"requests_total": "requests", "queue_depth": "queue"}


@pytest.fixture
def world(store):
    for account in "ab":
        store.ensure_account(account, account)
    return store


def found(store, check, window=WEEK, account="a", now=AFTER):
    return [
        finding
        for finding in findings(Scope(store, account), window=window, now=now)
        if finding.check == check
    ]


def save_runs(store, numbers_by_day, account="a", seconds=1.0, name="run"):
    """So many runs at noon of each day, counted from the week's first."""
    with store.write(account) as unit:
        save_enhancements(
            unit,
            [
                parse_enhancement(
                    {
                        "id": f"{name}-{day}-{n}",
                        "status": "completed",
                        "processing_time_ms": round(seconds * 1_000),
                        "created_at": (START + day * DAY + 12 * HOUR).isoformat(),
                    }
                )
                for day, number in numbers_by_day.items()
                for n in range(number)
            ],
        )


def insert_rows(store, model, *rows):
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(insert(table(model)), [{"account_id": "a"} | row for row in rows])


def scraped(store, *gaps, metric="requests", kind="gap"):
    """The week was scraped, but for gaps (start, seconds)."""
    value = {
        key: {"name": name, "selector": name, "series": [name]} for key, name in SERIES.items()
    }
    insert_rows(store, AccountSetting, {"key": PROMETHEUS, "value": value})
    insert_rows(store, ScrapeSpan, {"from_at": START, "to_at": START + 7 * DAY})
    for start, seconds in gaps:
        end = start + timedelta(seconds=seconds)
        row = {"series": metric, "kind": kind, "from_at": start, "to_at": end}
        insert_rows(store, ScrapeGap, row)


@pytest.mark.parametrize(("seconds", "number"), [(60, 0), (61, 1), (7_200, 1)])
def test_a_gap_in_scraping_over_a_minute(world, seconds, number):
    scraped(world, (START + HOUR, seconds))
    gaps = found(world, "Gaps in scraping")
    assert len(gaps) == number
    for gap in gaps:
        assert (gap.from_at, gap.to_at - gap.from_at) == (START + HOUR, timedelta(seconds=seconds))
        assert (gap.kind, gap.subject) == ("outage", None)


def test_gaps_of_several_metrics_are_one_and_are_cut_to_the_window(world):
    scraped(world, (START - HOUR, 7_200), (START + HOUR / 2, 3_600))
    row = {"series": "queue", "kind": "gap", "from_at": START + HOUR, "to_at": START + 2 * HOUR}
    insert_rows(world, ScrapeGap, row)
    (gap,) = found(world, "Gaps in scraping")
    assert (gap.from_at, gap.to_at) == (START, START + 2 * HOUR)


def test_a_counter_that_began_anew_is_told_and_not_to_be_excluded(world):
    scraped(world, (START + HOUR, 0), kind="reset")
    (reset,) = found(world, "Counter resets")
    assert (reset.from_at, reset.kind) == (START + HOUR, None)


@pytest.mark.parametrize(("seconds", "number"), [(300, 0), (300.001, 1)])
def test_a_run_of_more_than_300_seconds(world, seconds, number):
    save_runs(world, {1: 1}, seconds=seconds)
    slow = found(world, "Durations over 300 s")
    assert len(slow) == number
    assert all(one.subject == "enhancement:run-1-0" for one in slow)


def test_of_many_slow_runs_the_slowest_are_listed(world):
    save_runs(world, {1: MOST_LISTED + 5}, seconds=301)
    save_runs(world, {6: 1}, seconds=999, name="slowest")
    slow = found(world, "Durations over 300 s")
    assert len(slow) == MOST_LISTED
    assert slow[-1].subject == "enhancement:slowest-6-0"  # in the order of time


@pytest.mark.parametrize(("depth", "number"), [(100, 0), (100.5, 1)])
def test_a_queue_of_more_than_100(world, depth, number):
    scraped(world)
    at = START + 5 * HOUR
    readings = [(at, depth), (at + timedelta(minutes=15), depth), (at + HOUR, depth)]
    rows = [
        {"series": "queue", "at": when, "mean": 5, "greatest": greatest, "scrapes": 10}
        for when, greatest in readings
    ]
    insert_rows(world, GaugeReading, *rows)
    deep = found(world, "Queue depth over 100")
    # Two quarters beside each other are one finding; that of an hour later is another.
    assert len(deep) == 2 * number
    if number:
        first, second = deep
        assert (first.from_at, first.to_at) == (at, at + HOUR / 2)
        assert (second.from_at, second.to_at) == (at + HOUR, at + HOUR + timedelta(minutes=15))


@pytest.mark.parametrize(("busy", "number"), [(30, 0), (31, 1)])
def test_a_day_of_more_than_three_times_the_usual(world, busy, number):
    save_runs(world, dict.fromkeys([-20, -3, -2, -1, 0, 1, 3, 4], 10) | {2: busy})
    days = found(world, "Volume over 3 times the usual day")
    assert [one.key for one in days] == ["volume 2026-11-04"] * number
    for one in days:
        assert (one.from_at, one.to_at, one.kind) == (START + 2 * DAY, START + 3 * DAY, "volume")


@pytest.mark.parametrize(("others", "number"), [(4, 0), (5, 1)])
def test_a_usual_day_takes_five_others(world, others, number):
    save_runs(world, dict.fromkeys(range(-others, 0), 10) | {2: 99})
    assert len(found(world, "Volume over 3 times the usual day")) == number


def test_what_is_usual_is_of_the_four_weeks_before(world):
    save_runs(world, dict.fromkeys(range(-40, -29), 10) | {2: 99})
    assert found(world, "Volume over 3 times the usual day") == []


def answers(store, number, day=0):
    with store.write("a") as unit:
        at = (START + day * DAY).isoformat()
        rows = [{"id": f"s{day}{n}", "overall": 4, "answered_at": at} for n in range(number)]
        save_surveys(unit, [parse_survey(row) for row in rows])


@pytest.mark.parametrize(("number", "is_found"), [(0, True), (4, True), (5, False)])
def test_fewer_than_five_survey_responses(world, number, is_found):
    answers(world, number)
    answers(world, 9, day=7)  # the week after
    few = found(world, "Survey responses below 5")
    assert bool(few) == is_found
    assert FEW_RESPONSES == 5
    if few:
        assert few[0].text.startswith(f"{number} survey response")
        assert few[0].kind is None


def votes(store, rater, number, **more):
    for n in range(number):
        subject = {"subject": f"ticket:{rater}{n}"} | more
        cast_vote(Scope(store, "a"), rater=rater, thumb="up", at=START + n * HOUR, **subject)


@pytest.mark.parametrize(
    ("of_one", "others", "number"), [(5, 5, 0), (6, 4, 1), (5, 4, 0), (9, 0, 0), (10, 0, 1)]
)
def test_one_rater_who_gives_more_than_half_of_ten_votes(world, of_one, others, number):
    votes(world, 'O"Neil :red[x] $1$', of_one)
    for n in range(others):
        votes(world, f"Bob {n}", 1)
    one = found(world, "One rater giving most votes")
    assert len(one) == number
    assert all(finding.subject == 'rater:O"Neil :red[x] $1$' for finding in one)


def test_votes_on_pages_and_those_taken_back_are_no_votes(world):
    votes(world, "Ann", 5)
    for n in range(30):
        votes(world, "Ann", 1, subject=f"page:/{n}")
        votes(world, "Ann", 1, subject=f"ticket:back {n}")
        cast_vote(
            Scope(world, "a"), subject=f"ticket:back {n}", rater="Ann", thumb=CLEAR, at=START + HOUR
        )
    for n in range(5):
        votes(world, f"Bob {n}", 1)
    assert found(world, "One rater giving most votes") == []


def test_a_working_day_without_runs_among_days_with_some(world):
    save_runs(world, {0: 3, 2: 3})
    keys = [one.key for one in found(world, "Missing days")]
    assert keys == ["missing 2026-11-03", "missing 2026-11-05", "missing 2026-11-06"]
    # What is not over is not missing.
    early = found(world, "Missing days", now=START + 3 * DAY + 23 * HOUR)
    assert [one.key for one in early] == ["missing 2026-11-03"]


def test_an_empty_window_and_one_to_come(world):
    assert [one.check for one in findings(Scope(world, "a"), window=WEEK, now=AFTER)] == [
        "Survey responses below 5"
    ]
    assert findings(Scope(world, "a"), window=WEEK, now=START - HOUR) == []
    to_come = Window(date(2027, 5, 3), date(2027, 5, 9), "to come")
    save_runs(world, {0: 5})
    assert findings(Scope(world, "a"), window=to_come, now=AFTER) == []


def everything(store):
    save_runs(store, dict.fromkeys(range(-9, 0), 10) | {0: 5, 2: 90, 3: 5, 4: 5})
    save_runs(store, {3: 2}, seconds=400, name="slow")
    scraped(store, (START + HOUR, 7_200))
    reading = {"series": "queue", "at": START + 5 * HOUR, "mean": 9, "scrapes": 9}
    insert_rows(store, GaugeReading, reading | {"greatest": 140})
    votes(store, "Ann", 12)


def test_each_finding_can_be_excluded_and_is_found_again_as_dealt_with(world):
    everything(world)
    first = findings(Scope(world, "a"), window=WEEK, now=AFTER)
    assert len({one.check for one in first}) == 7
    assert len({one.key for one in first}) == len(first)
    assert findings(Scope(world, "a"), window=WEEK, now=AFTER + HOUR) == first
    for one in first:
        if one.kind is not None:
            exclude(
                Scope(world, "a", "Ann"),
                from_at=one.from_at,
                to_at=one.to_at,
                kind=one.kind,
                reason=one.text,
                subject=one.subject,
                finding=one.key,
            )
    again = findings(Scope(world, "a"), window=WEEK, now=AFTER)
    assert again == first
    ledger = exclusions(Scope(world, "a"))
    assert [is_dealt_with(one, ledger) for one in again] == [one.kind is not None for one in first]
    by_key = {r.criterion.key: r for r in evaluate(Scope(world, "a"), window=WEEK)}
    success = by_key["success_rate"]
    # Out are the busy day, the missing one, two slow runs; in are the 5 of each other day.
    assert (success.estimate.n, success.with_excluded.estimate.n) == (15, 107)
    assert by_key["positive_feedback"].estimate.n == 0


def test_a_gap_that_has_grown_since_is_not_dealt_with(world):
    scraped(world, (START + HOUR, 600))
    (gap,) = found(world, "Gaps in scraping")
    exclude(
        Scope(world, "a", "Ann"),
        from_at=gap.from_at,
        to_at=gap.to_at,
        kind="outage",
        reason="Down",
        finding=gap.key,
    )
    ledger = exclusions(Scope(world, "a"))
    assert is_dealt_with(gap, ledger)
    row = {"series": "queue", "kind": "gap", "from_at": START + HOUR}
    insert_rows(world, ScrapeGap, row | {"to_at": START + 3 * HOUR})
    (grown,) = found(world, "Gaps in scraping")
    assert grown.key == gap.key
    assert not is_dealt_with(grown, ledger)


def test_two_accounts_stay_apart(world):
    everything(world)
    assert [one.check for one in findings(Scope(world, "b"), window=WEEK, now=AFTER)] == [
        "Survey responses below 5"
    ]
    save_runs(world, {1: 1}, account="b", seconds=500)
    assert [one.subject for one in found(world, "Durations over 300 s", account="b")] == [
        "enhancement:run-1-0"
    ]


def test_without_prometheus_the_other_checks_still_run(world):
    save_runs(world, {0: 3, 2: 3}, seconds=301)
    checks = {one.check for one in findings(Scope(world, "a"), window=WEEK, now=AFTER)}
    assert checks == {"Missing days", "Durations over 300 s", "Survey responses below 5"}
