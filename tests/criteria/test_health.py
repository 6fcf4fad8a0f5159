"""How a window fills, in a zone whose days have 23 to 25 hours, and the weeks after it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from core.analytics.dates import Window, iso_week, week_named
from core.criteria.baselines import MOST_WEEKS, difference, later_weeks
from core.criteria.ledger import exclude
from core.criteria.quality import Finding, findings, window_health
from core.criteria.verdicts import evaluate
from core.feedback import CLEAR, cast_vote
from core.feedback.surveys import parse_survey
from core.ingest.parse.records import parse_enhancement, parse_ticket
from core.ingest.save.platform import save_enhancements, save_surveys, save_tickets
from core.store import (
    PROMETHEUS,
    AccountSetting,
    BaselineWindow,
    Scope,
    ScrapeGap,
    ScrapeSpan,
    table,
)
from tests.stores import open_store

ZONE = ZoneInfo("Europe/Berlin")
# The weeks in which clocks are turned forward and back, on their Sundays.
SHORT, LONG = iso_week(date(2026, 3, 29)), iso_week(date(2026, 10, 25))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/store.db", timezone=ZONE.key)
    for account in "ab":
        opened.ensure_account(account, account)
    yield opened
    opened.close()


def clock(day, hour=0, minute=0, fold=0):
    """An instant as a clock on the wall shows it."""
    return datetime.combine(day, time(hour, minute), ZONE).replace(fold=fold).astimezone(UTC)


def save_runs(store, *instants_, status="completed", account="a", name="run"):
    with store.write(account) as unit:
        save_enhancements(
            unit,
            [
                parse_enhancement(
                    {
                        "id": f"{name}-{status}-{n}",
                        "status": status,
                        "processing_time_ms": 1_000,
                        "created_at": at.isoformat(),
                    }
                )
                for n, at in enumerate(instants_)
            ],
        )


def health(store, window, now, found=()):
    return window_health(Scope(store, "a"), window=window, found=found, now=now)


def instants(store, day):
    return Window(day, day).instants(store.zone)


def out(store, start, long, **more):
    exclude(
        Scope(store, "a", "Ann"),
        from_at=start,
        to_at=start + long,
        **{"kind": "outage", "reason": "Down"} | more,
    )


def scraped(store, spans, gaps=()):
    value = {"requests_total": {"name": "requests", "selector": "requests", "series": []}}
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(
            insert(table(AccountSetting)), {"account_id": "a", "key": PROMETHEUS, "value": value}
        )
        for model, rows, more in (
            (ScrapeSpan, spans, {}),
            (ScrapeGap, gaps, {"series": "requests", "kind": "gap"}),
        ):
            for start, end in rows:
                row = {"account_id": "a", "from_at": start, "to_at": end}
                connection.execute(insert(table(model)), row | more)


@pytest.mark.parametrize(("week", "hours"), [(SHORT, 23), (LONG, 25)])
def test_a_day_has_as_many_hours_as_it_has(store, week, hours):
    start, end = instants(store, week.end)
    assert end - start == hours * HOUR
    start, end = instants(store, week.start)
    assert end - start == DAY
    start, end = week.instants(store.zone)
    assert end - start == 6 * DAY + hours * HOUR


def test_each_day_has_its_state_and_counts(store):
    monday, tuesday, sunday = LONG.start, LONG.start + DAY, LONG.end
    save_runs(
        store,
        clock(monday),  # the first instant of the week
        clock(monday) - timedelta(seconds=1),  # the week before
        clock(sunday, 2, 30, fold=0),
        clock(sunday, 2, 30, fold=1),  # an hour later, at the same wall clock
        clock(sunday + DAY),  # the week after
    )
    save_runs(store, clock(tuesday, 5), status="pending")
    save_runs(store, clock(tuesday, 5), account="b")
    for n, said in enumerate(({"thumb": "up"}, {"rating": 3}, {"comment": "Good"})):
        cast_vote(
            Scope(store, "a"),
            subject=f"ticket:T{n}",
            rater="Ann",
            at=clock(tuesday, 23, 59),
            **said,
        )
    cast_vote(Scope(store, "a"), subject="page:/x", rater="Ann", thumb="up", at=clock(tuesday, 1))
    cast_vote(Scope(store, "a"), subject="ticket:T9", rater="Bob", thumb="up", at=clock(tuesday, 1))
    cast_vote(
        Scope(store, "a"), subject="ticket:T9", rater="Bob", thumb=CLEAR, at=clock(tuesday, 2)
    )
    with store.write("a") as unit:
        save_tickets(
            unit,
            [
                parse_ticket({"id": "T1", "resolved_at": clock(sunday, 23, 59).isoformat()}),
                parse_ticket({"id": "T2", "opened_at": clock(sunday, 3).isoformat()}),
            ],
        )
        answered = {"answered_at": clock(monday, 0).isoformat(), "overall": 4}
        save_surveys(unit, [parse_survey({"id": "s"} | answered)])
    found = health(store, LONG, clock(LONG.start + 2 * DAY, 12))
    assert [day.state for day in found.days] == ["over", "over", "today"] + ["to come"] * 4
    assert [day.runs for day in found.days] == [1, 0, 0, 0, 0, 0, 2]
    assert [day.votes for day in found.days] == [0, 3, 0, 0, 0, 0, 0]
    assert [day.tickets for day in found.days] == [0, 0, 0, 0, 0, 0, 1]
    assert [day.surveys for day in found.days] == [1, 0, 0, 0, 0, 0, 0]
    assert {day.scraped for day in found.days} == {None}
    over = health(store, LONG, clock(LONG.end + DAY))
    with_data = [
        [day.day for day in one.days if day.state == "over" and day.runs] for one in (found, over)
    ]
    # Sunday has runs, and is not over at first.
    assert with_data == [[LONG.start], [LONG.start, LONG.end]]
    assert found.restart is None


def test_shares_of_a_day_are_of_its_hours(store):
    out(store, clock(LONG.end), 5 * HOUR, kind="deployment")
    out(store, clock(LONG.end, 20), 8 * HOUR, kind="deployment")  # four of them are tomorrow's
    out(store, clock(LONG.start), 9 * HOUR, subject="rater:Ann")
    scraped(
        store,
        [(clock(LONG.start), clock(LONG.end + DAY))],
        [(clock(LONG.end, 12), clock(LONG.end, 14)), (clock(LONG.end, 13), clock(LONG.end, 17))],
    )
    found = health(store, LONG, clock(LONG.end + 7 * DAY))
    assert [day.excluded for day in found.days] == [0, 0, 0, 0, 0, 0, pytest.approx(9 / 25)]
    assert [day.scraped for day in found.days] == [1, 1, 1, 1, 1, 1, pytest.approx(20 / 25)]


def test_a_whole_short_day_that_is_excluded_is_all_of_it(store):
    start, end = instants(store, SHORT.end)
    out(store, start, end - start, kind="volume")
    assert health(store, SHORT, end).days[-1].excluded == 1.0


def test_minutes_to_come_are_not_missed(store):
    now = clock(LONG.start, 6)
    scraped(store, [(clock(LONG.start), now)])
    days = health(store, LONG, now).days
    assert [day.scraped for day in days] == [1.0] + [None] * 6


def test_findings_count_where_they_begin(store):
    def at(start):
        return Finding(key="x", check="x", from_at=start, to_at=start + HOUR, text="x")

    found = [at(clock(LONG.end)), at(clock(LONG.end) - timedelta(minutes=1))]
    assert [day.findings for day in health(store, LONG, clock(LONG.end), found).days] == (
        [0, 0, 0, 0, 0, 1, 1]
    )


@pytest.mark.parametrize(
    ("minutes", "said"), [(240, None), (241, "an outage of 4 h 1 min is longer than 4 hours")]
)
def test_an_outage_over_four_hours_proposes_another_window(store, minutes, said):
    out(store, clock(SHORT.start, 5), timedelta(minutes=minutes))
    assert health(store, SHORT, clock(SHORT.end)).restart == said


@pytest.mark.parametrize(
    ("week", "minutes", "is_proposed"),
    # Five of them are 10 % of 167 and of 169 hours at 200.4 and 202.8 minutes.
    [(SHORT, 200, False), (SHORT, 201, True), (LONG, 202, False), (LONG, 203, True)],
)
def test_outages_over_a_tenth_of_the_hours_propose_another_window(
    store, week, minutes, is_proposed
):
    for n in range(5):
        out(store, clock(week.start + n * DAY, 5), timedelta(minutes=minutes))
    restart = health(store, week, clock(week.end)).restart
    assert (restart is not None) == is_proposed
    assert restart is None or restart.endswith("of the window, more than 10 %")


def test_outages_that_overlap_count_once_and_those_that_touch_are_one(store):
    start = clock(SHORT.start, 5)
    out(store, start, 2 * HOUR)
    gap = Finding(
        key="g", check="g", from_at=start + HOUR, to_at=start + 4 * HOUR, text="g", kind="outage"
    )
    asked = (store, SHORT, clock(SHORT.end))
    assert health(*asked, [gap, gap]).restart is None  # four hours, not five
    longer = replace(gap, to_at=start + 4 * HOUR + timedelta(minutes=1))
    assert "4 h 1 min" in health(*asked, [longer]).restart
    other = replace(gap, from_at=start + 2 * HOUR, to_at=start + 5 * HOUR)
    assert "an outage of 5 h" in health(*asked, [other]).restart


def test_what_is_no_outage_or_of_one_run_or_of_another_week_proposes_nothing(store):
    start = clock(SHORT.start, 5)
    out(store, start, 30 * HOUR, kind="deployment")
    out(store, start, 30 * HOUR, subject="rater:Ann")
    out(store, clock(SHORT.start) - 30 * HOUR, 34 * HOUR)  # four hours reach into the week
    assert health(store, SHORT, clock(SHORT.end)).restart is None


def test_an_exclusion_is_as_long_as_it_lasts_and_not_as_clocks_show(store):
    sunday = SHORT.end
    with pytest.raises(Exception, match="before the beginning"):
        # Half past two is never shown on this day: it is half past three.
        exclude(
            Scope(store, "a", "Ann"),
            from_at=datetime.combine(sunday, time(2, 30), ZONE),
            to_at=datetime.combine(sunday, time(3, 15), ZONE),
            kind="outage",
            reason="x",
        )


def baseline(first_day, days=7, criteria=()):
    return BaselineWindow(
        account_id="a",
        id=1,
        name="Autumn",
        first_day=first_day,
        last_day=first_day + (days - 1) * DAY,
        planned_by="Ann",
        planned_at=clock(first_day),
        restarted_as=None,
        frozen_by="Ann",
        frozen_at=clock(first_day + days * DAY),
        content={"criteria": list(criteria)},
    )


def labels(store, found, today):
    weeks = later_weeks(Scope(store, "a"), found, today=today)
    return [] if weeks.empty else list(weeks["Week"].unique())


def test_only_whole_weeks_after_the_window_that_are_over(store):
    week = iso_week(date(2026, 12, 7))
    of_week = baseline(week.start)
    assert labels(store, of_week, week.end + 7 * DAY) == []  # the Sunday itself
    assert labels(store, of_week, week.end + 8 * DAY) == ["2026-W51"]
    to_wednesday = baseline(week.start, days=3)
    assert labels(store, to_wednesday, week.end + 8 * DAY) == ["2026-W51"]
    from_wednesday = baseline(week.start + 2 * DAY)
    assert labels(store, from_wednesday, week.end + 8 * DAY) == []
    assert labels(store, from_wednesday, week.end + 15 * DAY) == ["2026-W52"]
    of_week.content = None  # it is not frozen
    assert labels(store, of_week, week.end + 70 * DAY) == []


def test_the_weeks_go_over_new_year_with_the_newest_first(store):
    of_week = baseline(date(2026, 12, 14))
    assert labels(store, of_week, date(2027, 1, 18)) == [
        *("2027-W02", "2027-W01", "2026-W53", "2026-W52")
    ]
    last = labels(store, of_week, date(2027, 6, 7))
    assert len(last) == MOST_WEEKS == 8
    assert (last[0], last[-1]) == ("2027-W22", "2027-W15")


def test_each_week_has_the_week_before_also_the_first_one(store):
    week = iso_week(date(2026, 6, 1))
    for n in range(12):
        start = clock(week.start + n * 7 * DAY, 12)
        name = f"w{n}"
        save_runs(store, *[start] * (80 + n), name=name)
        save_runs(store, *[start] * 20, name=name, status="failed")
    of_week = baseline(week.start, criteria=evaluated(store, week))
    for weeks in (1, 9):
        today = week.end + weeks * 7 * DAY + DAY
        found = later_weeks(Scope(store, "a"), of_week, today=today)
        for label, told in found.groupby("Week"):
            n = (week_named(label).start - week.start).days // 7
            rows = {row["Criterion"]: row for row in told.to_dict("records")}
            row = rows["Enhancement success rate"]
            assert row["Value"] == share((80 + n) / (100 + n))
            assert row["Week before"] == share((79 + n) / (99 + n))
            assert row["Baseline"] == "80 %"
            assert row["Sample"] == 100 + n
            assert row["Against the baseline"] == "no difference proven"
            assert "p50 latency" not in rows  # a guardrail
        assert found["Week"].nunique() == min(weeks, 8)


def evaluated(store, week):
    return [
        {
            "key": r.criterion.key,
            "value": r.estimate.value,
            "low": r.estimate.low,
            "high": r.estimate.high,
        }
        for r in evaluate(Scope(store, "a"), window=week)
    ]


def share(value):
    return f"{value * 100:.1f}".removesuffix(".0") + " %"


def test_better_and_worse_are_told_of_a_week_against_the_baseline(store):
    weeks = [iso_week(date(2026, 6, 1) + n * 7 * DAY) for n in range(3)]
    for n, failed in enumerate((20, 200, 0)):
        start = clock(weeks[n].start, 12)
        save_runs(store, *[start] * 300, name=f"w{n}")
        save_runs(store, *[start] * failed, name=f"w{n}", status="failed")
    of_week = baseline(weeks[0].start, criteria=evaluated(store, weeks[0]))
    found = later_weeks(Scope(store, "a"), of_week, today=weeks[2].end + DAY)
    said = {
        label: dict(zip(of_week["Criterion"], of_week["Against the baseline"], strict=True))
        for label, of_week in found.groupby("Week")
    }
    key = "Enhancement success rate"
    assert said[weeks[1].label][key] == "worse"
    assert said[weeks[2].label][key] == "better"
    assert said[weeks[1].label]["Technician satisfaction"] == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("direction", "before", "after", "said"),
    [
        ("above", (0.90, 0.92), (0.93, 0.95), "better"),
        ("above", (0.93, 0.95), (0.90, 0.92), "worse"),
        ("below", (20, 22), (23, 25), "worse"),
        ("below", (23, 25), (20, 22), "better"),
        ("within", (50, 60), (61, 70), "more"),
        ("within", (61, 70), (50, 60), "less"),
        ("above", (0.90, 0.93), (0.93, 0.95), "no difference proven"),  # they touch
        ("above", (0.90, 0.94), (0.93, 0.95), "no difference proven"),
        ("below", (20, None), (10, 15), "better"),  # at least 20, and now at most 15
        ("below", (20, None), (25, 30), "no difference proven"),
        ("below", (20, 24), (25, None), "worse"),
        ("above", (None, None), (0.93, 0.95), "no difference proven"),
        ("above", (0.5, 0.6), (None, None), "no difference proven"),
    ],
)
def test_a_difference_needs_intervals_that_do_not_overlap(direction, before, after, said):
    assert difference(direction, before, after) == said


def test_findings_of_a_day_that_is_missing_lie_in_that_day(store):
    save_runs(store, clock(SHORT.start, 12))
    found = findings(Scope(store, "a"), window=SHORT, now=clock(SHORT.end))
    missing = [one for one in found if one.check == "Missing days"]
    assert [one.key for one in missing] == [f"missing {SHORT.start + n * DAY}" for n in range(1, 5)]
    days = health(store, SHORT, clock(SHORT.end), found).days
    # The survey's finding is of the whole week, and lies on its first day.
    assert [day.findings for day in days] == [1, 1, 1, 1, 1, 0, 0]
    assert "1 d is longer" in health(store, SHORT, clock(SHORT.end), missing[:1]).restart
    window = Window(SHORT.end, SHORT.end, "Sunday")
    assert health(store, window, clock(SHORT.end), found).restart is None
