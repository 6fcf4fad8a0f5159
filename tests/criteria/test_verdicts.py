"""Criteria against plain Python over what people really record, with and without exclusions."""

import math
import statistics
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from core.analytics.dates import Window, iso_week
from core.base import clock
from core.base.stats import Leaning, Verdict, proportion_estimate, quantile_estimate
from core.criteria.days import daily_criteria, opinions
from core.criteria.ledger import exclude, exclusions, withdraw
from core.criteria.verdicts import evaluate, weekly_estimates
from core.criteria.window_data import platform_of
from core.store import PROMETHEUS as PROMETHEUS_SETTING
from core.store import (
    AccountSetting,
    AuditEntry,
    CounterIncrement,
    Enhancement,
    Exclusion,
    Feedback,
    Scope,
    ScrapeSpan,
    SurveyResponse,
    table,
)
from core.store.days import extend_calendar, fill_days
from tests.draws import draws
from tests.stores import open_store

# A week that begins in one year and ends in the next, in a zone with another date than UTC.
ZONE = ZoneInfo("Pacific/Auckland")
WEEK = iso_week(date(2025, 12, 31))
FIRST = datetime.combine(WEEK.start, time(), ZONE)
HOURS = 24 * 9
NAMES = ["Ann", 'O\'Neil "x"', "Zoë \N{PILE OF POO}", "%_", ""]

instants = st.integers(-24 * 60, HOURS * 60).map(lambda n: FIRST + timedelta(minutes=n))
runs = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from("aab"),
            "ticket_id": st.sampled_from(["T1", "T'2", None]),
            "status": st.sampled_from(["completed", "completed", "failed", "pending", "odd"]),
            "processing_time_ms": st.none() | st.integers(0, 100).map(lambda n: n * 1_000),
            "created_at": instants,
        }
    ),
    max_size=40,
)
votes = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from("aab"),
            "subject": st.sampled_from(["enhancement:0", "ticket:T'2", "page:/x", "page:%"]),
            "rater": st.sampled_from(NAMES[:4]),
            "enhancement_id": st.sampled_from([None, "0", "1"]),
            "ticket_id": st.sampled_from([None, "T'2"]),
            "thumb": st.sampled_from([None, "up", "down"]),
            "rating": st.none() | st.integers(1, 5),
            "created_at": instants,
        }
    ),
    max_size=30,
    unique_by=lambda vote: (vote["account_id"], vote["subject"], vote["rater"]),
)
answers = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from("aab"),
            "respondent": st.none() | st.sampled_from(NAMES[:3]),
            "overall": st.none() | st.integers(1, 5),
            "answered_at": instants,
        }
    ),
    max_size=8,
)
left_out = st.lists(
    st.tuples(
        instants,
        st.integers(1, 60 * 30),
        st.sampled_from([None, None, "enhancement:0", "enhancement:1", "ticket:T'2"])
        | st.sampled_from([f"rater:{name}" for name in NAMES[:4]]),
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    place = tmp_path_factory.mktemp("criteria")
    opened = open_store(f"sqlite:///{place}/store.db", timezone=ZONE.key)
    for account in "ab":
        opened.ensure_account(account, account)
        with opened.engine.execution_options(writes=True).begin() as connection:
            extend_calendar(connection, account, [date(2025, 6, 1), date(2026, 6, 1)])
    yield opened
    opened.close()


def fill(store, found):
    """The rows of a world and no others; ids follow from their order."""
    with store.engine.execution_options(writes=True).begin() as connection:
        for model, rows in found.items():
            connection.execute(delete(table(model)))
            new = [dict(row, id=str(n)) for n, row in enumerate(rows)]
            if model is Feedback:
                new = [row | {"updated_at": row["created_at"]} for row in new]
            if new:
                fill_days(model, new, store.zone)
                connection.execute(insert(table(model)), new)
        for model in (Exclusion, AuditEntry, CounterIncrement, ScrapeSpan, AccountSetting):
            connection.execute(delete(table(model)))


def is_out(spans, at, *subjects):
    return any(
        start <= at < start + timedelta(minutes=long) and (subject is None or subject in subjects)
        for start, long, subject in spans
    )


def in_week(at):
    return WEEK.start <= at.astimezone(ZONE).date() <= WEEK.end


def brute(found, spans):
    """What evaluate should say of account a, in plain Python."""
    mine = {
        model: [dict(row, id=str(n)) for n, row in enumerate(rows) if row["account_id"] == "a"]
        for model, rows in found.items()
    }
    kept = [
        run
        for run in mine[Enhancement]
        if in_week(run["created_at"])
        and not is_out(spans, run["created_at"], f"enhancement:{run['id']}")
    ]
    voices = [
        vote
        for vote in mine[Feedback]
        if in_week(vote["created_at"])
        and not vote["subject"].startswith("page:")
        and not is_out(
            spans,
            vote["created_at"],
            f"rater:{vote['rater']}",
            f"enhancement:{vote['enhancement_id']}",
            f"ticket:{vote['ticket_id']}",
        )
    ]
    said = [
        one
        for one in mine[SurveyResponse]
        if in_week(one["answered_at"])
        and not is_out(spans, one["answered_at"], f"rater:{one['respondent']}")
    ]
    statuses = Counter(run["status"] for run in kept)
    thumbs = Counter(vote["thumb"] for vote in voices)
    seconds = sorted(
        run["processing_time_ms"] / 1_000
        for run in kept
        if run["status"] == "completed" and run["processing_time_ms"] is not None
    )
    ratings = [v["rating"] for v in voices if v["rating"] is not None]
    ratings += [one["overall"] for one in said if one["overall"] is not None]
    return statuses, thumbs, seconds, ratings


def check(result, estimate):
    assert result.n == estimate.n
    for name in ("value", "low", "high"):
        one, other = getattr(result, name), getattr(estimate, name)
        assert (one is None) == (other is None), name
        assert one is None or one == pytest.approx(other), name


@given(runs, votes, answers, left_out)
@settings(max_examples=draws(120), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_figure_is_that_of_plain_python(store, runs, votes, answers, spans):
    found = {Enhancement: runs, Feedback: votes, SurveyResponse: answers}
    fill(store, found)
    for n, (start, long, subject) in enumerate(spans):
        exclude(
            Scope(store, "a", "Ann"),
            from_at=start,
            to_at=start + timedelta(minutes=long),
            kind="other",
            reason=f"reason {n}",
            subject=subject,
        )
    results = {r.criterion.key: r for r in evaluate(Scope(store, "a"), window=WEEK)}
    touches = any(
        start < FIRST + timedelta(days=7) and start + timedelta(minutes=long) > FIRST
        for start, long, _ in spans
    )
    assert (results["success_rate"].with_excluded is not None) == touches
    views = [(brute(found, spans), lambda r: r.judged)]
    if touches:
        views.append((brute(found, []), lambda r: r.with_excluded))
    for (statuses, thumbs, seconds, ratings), side in views:
        completed, failed = statuses["completed"], statuses["failed"]
        check(
            side(results["success_rate"]).estimate,
            proportion_estimate(completed, completed + failed),
        )
        for share in (50, 95, 99):
            check(
                side(results[f"latency_p{share}"]).estimate, quantile_estimate(seconds, share / 100)
            )
        check(
            side(results["positive_feedback"]).estimate,
            proportion_estimate(thumbs["up"], thumbs["up"] + thumbs["down"]),
        )
        together = side(results["satisfaction"]).estimate
        assert together.n == len(ratings)
        assert together.value == (pytest.approx(statistics.fmean(ratings)) if ratings else None)


@given(runs, votes, answers)
@settings(max_examples=draws(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_days_of_a_week_add_up_to_the_week(store, runs, votes, answers):
    fill(store, {Enhancement: runs, Feedback: votes, SurveyResponse: answers})
    week = {r.criterion.key: r.estimate for r in evaluate(Scope(store, "a"), window=WEEK)}
    days = daily_criteria(Scope(store, "a"), window=WEEK, until=WEEK.end)
    assert len(days) == 7
    assert sum(day.finished for day in days) == week["success_rate"].n
    assert sum(sum(day.thumbs) for day in days) == week["positive_feedback"].n
    told = opinions(Scope(store, "a"), window=WEEK)
    assert sum(told.in_product.values()) + sum(told.survey.values()) == week["satisfaction"].n


def run(number, status="completed", at=FIRST, seconds=10):
    return {
        "account_id": "a",
        "ticket_id": f"T{number}",
        "status": status,
        "processing_time_ms": None if seconds is None else seconds * 1_000,
        "created_at": at,
    }


def judged(store, key):
    return {r.criterion.key: r for r in evaluate(Scope(store, "a"), window=WEEK)}[key]


def test_an_exclusion_that_alone_makes_a_criterion_met_is_flagged(store):
    bad = FIRST + timedelta(days=2)
    rows = [run(n) for n in range(200)] + [run(n, "failed", bad) for n in range(200, 230)]
    fill(store, {Enhancement: rows, Feedback: [], SurveyResponse: []})
    before = judged(store, "success_rate")
    assert (before.verdict, before.with_excluded) == (Verdict.MISSED, None)
    exclude(
        Scope(store, "a", "Ann"),
        from_at=bad,
        to_at=bad + timedelta(hours=1),
        kind="outage",
        reason="The knowledge base was down",
    )
    after = judged(store, "success_rate")
    assert (after.verdict, after.with_excluded.verdict) == (Verdict.MET, Verdict.MISSED)
    assert after.is_met_by_exclusions
    assert (after.estimate.n, after.with_excluded.estimate.n) == (200, 230)
    (entry,) = exclusions(Scope(store, "a"))
    withdraw(Scope(store, "a", "Ann"), Exclusion, entry.id)
    assert judged(store, "success_rate") == before


def test_seventy_one_good_runs_do_not_prove_95_percent_and_72_do(store):
    for number, verdict in ((71, Verdict.NOT_PROVEN), (72, Verdict.MET)):
        fill(
            store, {Enhancement: [run(n) for n in range(number)], Feedback: [], SurveyResponse: []}
        )
        result = judged(store, "success_rate")
        assert (result.estimate.value, result.verdict) == (1.0, verdict)
        assert bool(result.judged.forecast) == (number == 71)
        if number == 71:
            assert result.judged.forecast[0] == 1
            assert result.judged.leaning is Leaning.LIKELY_MET


def test_a_day_is_scaled_up_for_what_is_excluded_of_it_and_left_out_where_that_is_much(store):
    days = [FIRST + timedelta(days=n) for n in range(7)]
    rows = [run(n, at=day + timedelta(hours=9)) for day in days[:5] for n in range(100)]
    fill(store, {Enhancement: rows, Feedback: [], SurveyResponse: []})
    before = judged(store, "throughput")
    assert (before.estimate.n, before.estimate.value) == (7, 500 / 7)
    assert (before.verdict, before.judged.note) == (Verdict.MET, "")
    scope, told = Scope(store, "a", "Ann"), {"kind": "volume", "reason": "A load test"}
    half_an_hour = days[2] + timedelta(hours=5), days[2] + timedelta(hours=5, minutes=30)
    exclude(scope, from_at=half_an_hour[0], to_at=half_an_hour[1], **told)
    after = judged(store, "throughput")
    assert after.estimate.n == 7
    assert after.estimate.value == pytest.approx((400 + 100 * 24 / 23.5) / 7)
    assert after.judged.note == "1 day scaled up for the time that is excluded"
    assert after.verdict is Verdict.MET
    assert after.with_excluded == before.judged
    # Five hours are too much to scale up: the day counts as the other working days.
    exclude(scope, from_at=days[3], to_at=days[3] + timedelta(hours=10), **told)
    less = judged(store, "throughput")
    assert (less.estimate.n, less.verdict) == (6, Verdict.MET)
    assert less.estimate.value == pytest.approx(500 / 7, rel=0.01)


@pytest.mark.parametrize(
    ("counts", "verdict", "said"),
    [
        ({"30": 6118, "60": 7528, "90": 7691}, Verdict.MET, "exactly 97.4 % of 7,725 runs"),
        ({"60": 7725}, Verdict.MET, "exactly 100 % of 7,725 runs"),
        ({"60": 7339}, Verdict.NOT_PROVEN, "exactly 95 % of 7,725 runs"),
        ({"30": 4000, "60": 6900, "90": 7600}, Verdict.MISSED, "exactly 89.3 % of 7,725 runs"),
        ({"50": 7528, "70": 7600}, Verdict.MET, ""),
        ({"50": 7200, "70": 7600}, Verdict.NOT_PROVEN, ""),
        ({"50": 6000, "70": 7000}, Verdict.MISSED, ""),
        ({"5": 6000, "10": 7200}, Verdict.NOT_PROVEN, "at least 10 s"),
        ({"5": 7000, "10": 7600}, Verdict.MET, ""),
    ],
)
def test_buckets_are_judged_by_the_share_within_the_target(store, counts, verdict, said):
    fill(store, {Enhancement: [], Feedback: [], SurveyResponse: []})
    name = "enhancement_duration_seconds_bucket"
    series = {f'{name}{{le="{end}"}}': n for end, n in {**counts, "+Inf": 7725}.items()}
    metrics = {"duration_bucket": {"name": name, "selector": name, "series": [*series]}}
    metrics |= {"requests_total": {"name": "runs", "selector": "runs", "series": []}}
    at = (FIRST + timedelta(hours=5)).astimezone(UTC)
    with store.write("a") as unit:
        unit.session.add(AccountSetting(account_id="a", key=PROMETHEUS_SETTING, value=metrics))
        unit.session.add(ScrapeSpan(account_id="a", from_at=at, to_at=at + timedelta(hours=1)))
        for key, n in series.items():
            unit.session.add(CounterIncrement(account_id="a", series=key, at=at, increase=n))
    found = judged(store, "latency_p95").judged
    assert (found.source, found.estimate.n, found.verdict) == ("Prometheus", 7725, verdict)
    assert said in found.note
    assert ("exactly" in found.note) == ("60" in counts)


def test_without_prometheus_and_inputs_there_is_no_data_and_a_reason(store):
    fill(store, {Enhancement: [], Feedback: [], SurveyResponse: []})
    results = evaluate(Scope(store, "a"), window=WEEK)
    assert {r.verdict for r in results} == {Verdict.NO_DATA}
    assert all(r.estimate.reason for r in results), [
        r.criterion.key for r in results if not r.estimate.reason
    ]


def test_the_weeks_are_those_of_evaluate(store):
    rows = [run(n, at=FIRST + timedelta(hours=7 * n)) for n in range(30)]
    fill(store, {Enhancement: rows, Feedback: [], SurveyResponse: []})
    weeks = [WEEK, iso_week(WEEK.end + timedelta(days=1))]
    found = weekly_estimates(Scope(store, "a"), weeks=weeks, keys=["success_rate", "latency_p95"])
    for n, week in enumerate(weeks):
        results = {r.criterion.key: r for r in evaluate(Scope(store, "a"), window=week)}
        for key, estimates in found.items():
            assert estimates[n] == results[key].estimate
    assert sum(estimate.n for estimate in found["success_rate"]) == 30


def test_the_rate_of_a_window_that_is_not_over_is_that_of_its_days_so_far(store):
    now = clock.now().astimezone(ZONE)
    rows = [run(n, at=now) for n in range(10)]
    fill(store, {Enhancement: rows, Feedback: [], SurveyResponse: []})
    today = now.date()
    window = Window(today - timedelta(days=1), today + timedelta(days=5), "a week")
    by_key = {r.criterion.key: r for r in evaluate(Scope(store, "a"), window=window)}
    judged = by_key["success_rate"].judged
    few, many = judged.forecast
    assert judged.forecast_days == (math.ceil(few / 5), math.ceil(many / 5))


def test_a_window_without_days_is_refused(store):
    with pytest.raises(ValueError, match="window of days"):
        evaluate(Scope(store, "a"), window=Window(None, None, "All time"))


def test_durations_are_pooled_and_in_order(store):
    rows = [run(n, seconds=s) for n, s in enumerate((30, 10, 10, 90, 20))]
    fill(store, {Enhancement: rows, Feedback: [], SurveyResponse: []})
    assert judged(store, "latency_p50").estimate.value == 20
    assert judged(store, "latency_p95").estimate.value == pytest.approx(
        np.quantile([10, 10, 20, 30, 90], 0.95)
    )
    assert FIRST.astimezone(UTC).date() != WEEK.start  # the zone matters here


def test_without_records_prometheus_answers_with_the_exact_share_within_the_target(demo_url):
    store = open_store(demo_url)
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(table(Enhancement)))
    today = clock.now().date()
    week = iso_week(today - timedelta(days=7))
    found = {r.criterion.key: r for r in evaluate(Scope(store, "demo"), window=week)}
    judged_p95 = found["latency_p95"].judged
    buckets = platform_of(Scope(store, "demo"), window=week).buckets
    within, n = buckets[60.0], buckets[float("inf")]
    assert judged_p95.source == "Prometheus"
    assert judged_p95.query.startswith("histogram_quantile(0.95, ")
    assert judged_p95.estimate.n == n
    share = f"{within / n:.1%}".replace("%", " %").replace(".0 ", " ")
    assert f"exactly {share} of {n:,.0f} runs took no more than 60 s" in judged_p95.note
    assert "exactly" not in found["success_rate"].judged.note
    store.close()
