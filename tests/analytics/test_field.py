"""The field as a whole: rates against healthy ranges, and what becomes of bugs over time."""

from collections import Counter
from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest

from core.analytics.account_settings import LeaderboardSettings
from core.base.stats import Verdict
from core.testers.triage_rates import (
    NO_REASON,
    by_period,
    by_reason,
    by_status,
    count_names,
    count_statuses,
    maturing_periods,
    rates,
    status_name,
)
from tests.draws import draws

TODAY = date(2024, 3, 20)
STATUSES = ("accepted", "auto_accepted", "rejected", "forwarded", "odd", None)


def days_of(rows):
    return pd.DataFrame(rows, columns=["day", "status", "reason", "bugs"], dtype=object)


def drawn(seed):
    random = Random(seed)
    counted = Counter()
    for _ in range(random.choice((0, 1, 30, 400))):
        status = random.choice(STATUSES)
        reason = random.choice(("duplicate", "unclear", None)) if status == "rejected" else None
        day = random.choice((None, TODAY - timedelta(days=random.randrange(-3, 60))))
        counted[day, status, reason] += 1
    return days_of([(*key, number) for key, number in counted.items()]), counted


def share(counted, part, whole, *, until=None):
    def number(statuses):
        return sum(
            n
            for (day, status, _), n in counted.items()
            if (statuses is None or status in statuses)
            and (until is None or day is None or day <= until)
        )

    return number(part), number(whole)


@pytest.mark.parametrize("seed", range(draws(25)))
def test_rates_are_those_of_the_registry_and_say_what_is_maturing(seed):
    days, counted = drawn(seed)
    accepted, decided = {"accepted", "auto_accepted"}, {"accepted", "auto_accepted", "rejected"}
    expected = {
        "decided_acceptance_rate": (accepted, decided),
        "review_rate": ({"accepted", "rejected"}, None),
        "auto_acceptance_rate": ({"auto_accepted"}, accepted),
        "rejection_rate": ({"rejected"}, None),
    }
    since = TODAY - timedelta(days=10)
    found = rates(days, LeaderboardSettings(), since=since)
    assert [rate.key for rate in found] == list(expected)
    for rate in found:
        part, whole = share(counted, *expected[rate.key], until=since)
        assert rate.estimate.n == whole
        assert rate.estimate.value == (pytest.approx(part / whole) if whole else None)
        everything = {*counted}
        of_all, of_settled = (
            share(counted, {status for _, status, *_ in everything}, None, until=until)[1]
            for until in (None, since)
        )
        assert rate.waiting == of_all - of_settled


def one_rate(key, number, of, **settings):
    status = "rejected" if key == "rejection_rate" else "accepted"
    day = date(2024, 1, 1)
    days = days_of([(day, status, None, number), (day, "forwarded", None, of - number)])
    found = rates(days, LeaderboardSettings(**settings), since=TODAY)
    return next(rate for rate in found if rate.key == key)


@pytest.mark.parametrize(
    ("key", "number", "of", "verdict"),
    [
        ("rejection_rate", 10, 100, Verdict.MET),  # 5.5 to 17.4 %
        ("rejection_rate", 15, 100, Verdict.NOT_PROVEN),  # 9.3 to 23.3 %
        ("rejection_rate", 40, 100, Verdict.MISSED),
        ("review_rate", 95, 100, Verdict.MET),
        ("review_rate", 81, 100, Verdict.NOT_PROVEN),
        ("review_rate", 50, 100, Verdict.MISSED),
    ],
)
def test_a_verdict_takes_the_whole_interval(key, number, of, verdict):
    assert one_rate(key, number, of).verdict is verdict


def test_ranges_are_the_accounts_own():
    assert one_rate("rejection_rate", 10, 100, most_rejected=0.04).verdict is Verdict.MISSED
    assert one_rate("rejection_rate", 10, 100, most_rejected=0.04).target == 0.04


def test_a_rate_without_a_range_has_no_verdict_and_nothing_is_no_data():
    found = rates(days_of([]), LeaderboardSettings(), since=TODAY)
    assert {rate.verdict for rate in found} == {Verdict.NO_DATA}
    assert {rate.estimate.value for rate in found} == {None}
    assert found[0].target is None


def test_every_status_and_reason_has_its_category():
    days = days_of(
        [
            (TODAY, "rejected", None, 5),
            (TODAY, "rejected", "dup", 7),
            (None, "odd", None, 2),
            (TODAY, None, None, 1),
            (TODAY, "forwarded", None, 9),
        ]
    )
    assert count_statuses(days).to_dict() == {"Rejected": 12, "Open": 9, "odd": 2, "No status": 1}
    names = {"dup": "Duplicate"}
    assert count_names(by_reason(days, names)).to_dict() == {"Duplicate": 7, NO_REASON: 5}
    assert count_names(by_reason(days_of([]), names)).empty
    assert count_statuses(days_of([])).empty


@pytest.mark.parametrize("grain", ["week", "month"])
@pytest.mark.parametrize("seed", range(draws(8)))
def test_periods_add_up_and_have_no_gap(grain, seed):
    days, counted = drawn(seed)
    found = by_period(by_status(days), grain, through=TODAY)
    form = {"week": "%G-W%V", "month": "%Y-%m"}[grain]
    expected = Counter()
    for (day, status, _), number in counted.items():
        if day is not None and day <= TODAY:
            expected[day.strftime(form), status_name(status)] += number
    rows = found.itertuples(index=False)
    assert {(r.period, r.series): r.value for r in rows if r.value} == expected
    periods = sorted(set(found["period"]))
    if periods:
        day, named = min(d for d, *_ in counted if d is not None), set()
        while day <= TODAY:
            named.add(day.strftime(form))
            day += timedelta(days=1)
        assert set(periods) <= named
        first, last = periods[0], periods[-1]
        assert periods == [p for p in sorted(named) if first <= p <= last]


def test_periods_that_still_mature():
    weeks = ["2024-W09", "2024-W10", "2024-W11", "2024-W12"]
    # 2024-W10 ends on Sunday 10 March, the tenth day before.
    assert maturing_periods(weeks, date(2024, 3, 10)) == ["2024-W11", "2024-W12"]
    assert maturing_periods(weeks, date(2024, 3, 9)) == ["2024-W10", "2024-W11", "2024-W12"]
    assert maturing_periods(["2024-02", "2024-03"], date(2024, 2, 29)) == ["2024-03"]
