"""Business impact against values worked out by hand."""

import math
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from statistics import fmean

import numpy as np
import pytest

from core.analytics.account_settings import RoiSettings, save_settings
from core.analytics.dates import Window
from core.base.errors import InputError
from core.base.stats import Estimate, Verdict
from core.criteria.roi import Amount, roi
from core.criteria.time_saved import Effect, compare
from core.criteria.verdicts import evaluate
from core.criteria.window_data import window_data
from core.store import Scope
from tests.analytics.worlds import Builder, fill, prepare
from tests.stores import open_store

WEEKS = Window(date(2024, 1, 8), date(2024, 1, 21), "two weeks")
INPUTS = RoiSettings(
    hourly_rate=60.0, operating_cost_per_week=100.0, setup_cost=400.0, currency="USD"
)


@pytest.fixture
def store():
    opened = open_store("sqlite://", timezone="UTC")
    prepare(opened)
    world = Builder()
    for n in range(40):
        world.ticket(opened="2024-01-10T10:00", resolved="2024-01-10T11:00", enhanced=n < 30)
    world.ticket(opened="2024-01-10T10:00", enhanced=True)
    world.ticket(opened="2024-02-10T10:00", resolved="2024-02-10T11:00", enhanced=True)
    fill(opened, world.world)
    yield opened
    opened.close()


def estimate(value, low, high, **more):
    return Estimate(value=value, low=low, high=high, n=30, method="", **more)


def seen(store, share, *, survey=None, elapsed=None):
    """The comparison of the window as if it had come out so, of 50 minutes of work without."""
    known = compare(Scope(store, "a"), window=WEEKS)
    preferred = replace(
        known.preferred, figure="stratified", estimate=share, minutes_without=50.0, why="So it is."
    )
    of_work = {one.name: getattr(known, one.name) for one in fields(Effect)}
    work = Effect(**of_work | {"preferred": preferred})
    found = replace(known, work=work, survey=survey or known.survey)
    return replace(found, preferred=elapsed) if elapsed else found


def measured(store):
    return window_data(Scope(store, "a"), window=WEEKS).roi


def computed(store, share=None, *, settings=INPUTS, survey=None, window=WEEKS):
    save_settings(Scope(store, "a", "Ann"), settings, seen={})
    share = share or estimate(0.2, 0.1, 0.3)
    comparison = seen(store, share, survey=survey)
    return roi(Scope(store, "a"), comparison, window=window)


def triple(amount):
    return (amount.low, amount.middle, amount.high)


def test_every_amount_follows_from_minutes_tickets_and_rate(store):
    found = computed(store)
    # 30 enhanced tickets in two weeks; 5, 10 and 15 minutes of 50 at one dollar a minute.
    assert found.reason == ""
    assert found.tickets_per_week == 15
    assert triple(found.minutes) == pytest.approx((5, 10, 15))
    assert triple(found.value_per_week) == pytest.approx((75, 150, 225))
    assert found.cost_per_week == 100
    assert triple(found.net_per_week) == pytest.approx((-25, 50, 125))
    assert triple(found.value_per_year) == pytest.approx((3_900, 7_800, 11_700))
    assert found.cost_per_year == 5_200
    assert triple(found.net_per_year) == pytest.approx((-1_300, 2_600, 6_500))
    assert triple(found.ratio) == pytest.approx((-0.25, 0.5, 1.25))
    assert found.payback_weeks == Amount(None, pytest.approx(8), pytest.approx(3.2))
    assert found.formula == (
        "minutes saved / 60 x tickets x hourly rate - operating cost. "
        "Low: 5.0 min / 60 x 15.0 tickets x 60.00 USD - 100.00 USD = -25.00 USD a week. "
        "Middle: 10.0 min / 60 x 15.0 tickets x 60.00 USD - 100.00 USD = 50.00 USD a week. "
        "High: 15.0 min / 60 x 15.0 tickets x 60.00 USD - 100.00 USD = 125.00 USD a week."
    )
    assert found.notes[0] == (
        "Minutes saved for each ticket are 20 % of 50.0 minutes of work without enhancement, as "
        "recorded on 30 tickets."
    )
    assert found.n == 30
    assert "The interval of the net crosses zero: it may be a gain or a loss." in found.notes
    assert "At the low end the setup cost is never earned back." in found.notes
    assert not any("minutes saved crosses zero" in note for note in found.notes)


def test_an_interval_across_zero_is_said_so(store):
    found = computed(store, estimate(0.1, -0.1, 0.3))
    assert triple(found.value_per_week) == pytest.approx((-75, 75, 225))
    assert any("minutes saved crosses zero" in note for note in found.notes)


def test_a_loss_is_a_loss(store):
    found = computed(store, estimate(-0.2, -0.3, -0.1))
    assert triple(found.net_per_week) == pytest.approx((-325, -250, -175))
    assert triple(found.payback_weeks) == (None, None, None)


def test_minutes_of_the_survey_where_they_are_chosen(store):
    settings = replace(INPUTS, minutes_source="survey", tickets_per_week=10, setup_cost=None)
    found = computed(store, settings=settings, survey=estimate(6.0, 4.0, 8.0))
    assert triple(found.net_per_week) == pytest.approx((-60, -40, -20))
    assert found.notes[0] == "Minutes saved for each ticket are the mean of 30 survey answers."
    assert found.payback_weeks is None
    assert found.tickets_per_week == 10


def test_the_inputs_say_who_entered_them(store):
    save_settings(Scope(store, "a", "Bob"), replace(INPUTS, hourly_rate=50.0), seen={})
    inputs = {given.key: given for given in computed(store).inputs}
    assert (inputs["hourly_rate"].by, inputs["hourly_rate"].value) == ("Ann", 60)
    # Ann entered the others again, but it was Bob who made them what they are.
    assert (inputs["setup_cost"].by, inputs["setup_cost"].origin) == ("Bob", "entered")
    assert inputs["setup_cost"].at is not None
    assert (inputs["minutes_source"].by, inputs["minutes_source"].origin) == (None, "default")
    counted = inputs["tickets_per_week"]
    assert (counted.value, counted.origin, counted.by) == (15, "counted", None)
    save_settings(Scope(store, "a", "Eve"), replace(INPUTS, tickets_per_week=9.0), seen={})
    inputs = {given.key: given for given in measured(store).inputs}
    counted = inputs["tickets_per_week"]
    assert (counted.value, counted.origin, counted.by) == (9, "entered", "Eve")
    assert len(inputs) == 6


@pytest.mark.parametrize(
    ("changed", "share", "said"),
    [
        ({"hourly_rate": None}, None, "Hourly rate is not entered."),
        ({"operating_cost_per_week": None}, None, "Operating cost per week is not entered."),
        ({"tickets_per_week": 0.0}, None, "No enhanced ticket was resolved"),
        ({}, estimate(None, None, None), "Minutes of work are missing: so it is; no survey"),
        ({}, estimate(0.2, None, None), "Minutes of work are missing: so it is; no survey"),
        ({"minutes_source": "survey"}, None, "Minutes of work are missing: no survey answer says"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_computed(store, changed, share, said):
    found = computed(store, share, settings=replace(INPUTS, **changed))
    assert found.reason.startswith(said)
    assert (found.value_per_week, found.net_per_year, found.ratio) == (None, None, None)
    assert len(found.inputs) == 6


def test_all_time_has_no_weeks_to_count_in(store):
    everything = Window(None, None, "All time")
    assert "choose one" in computed(store, window=everything).reason
    settings = replace(INPUTS, tickets_per_week=15.0)
    found = computed(store, settings=settings, window=everything)
    assert triple(found.net_per_week) == pytest.approx((-25, 50, 125))


def test_without_a_cost_there_is_no_ratio(store):
    found = computed(store, settings=replace(INPUTS, operating_cost_per_week=0.0))
    assert found.ratio is None
    assert triple(found.net_per_week) == pytest.approx((75, 150, 225))


def desk(rng, *, work=None):
    """Three hundred tickets on either side, enhanced ones resolved two days sooner.

    `work` gives the minutes of work of a ticket from the hours to its resolution.
    """
    world = Builder()
    for n in range(600):
        took = float(rng.lognormal(5, 0.6)) - (48 if n % 2 else 0)
        opened = datetime(2024, 1, 11, tzinfo=UTC) - timedelta(hours=max(took, 1))
        world.ticket(
            opened_at=opened,
            resolved_at=datetime(2024, 1, 11, tzinfo=UTC),
            enhanced=bool(n % 2),
            minutes_spent=None if work is None else work(max(took, 1), n),
        )
    return world


def test_waiting_time_is_never_worth_money(store):
    save_settings(Scope(store, "a", "Ann"), INPUTS, seen={})
    fill(store, desk(np.random.default_rng(3)).world)
    found = compare(Scope(store, "a"), window=WEEKS)
    assert found.preferred.figure == "stratified"
    assert found.preferred.estimate.low > 0.05
    assert measured(store).net_per_week is None
    assert measured(store).reason == (
        "Minutes of work are missing: no resolved ticket has minutes of work; no survey answer "
        "says how many minutes are saved."
    )
    (result,) = evaluate(Scope(store, "a"), window=WEEKS, key="roi")
    assert result.verdict is Verdict.NO_DATA
    # An export whose minutes of work are its time to resolution.
    fill(store, desk(np.random.default_rng(3), work=lambda hours, _n: hours * 60).world)
    reason = measured(store).reason
    assert "the minutes of work on the tickets are their time to resolution" in reason


def test_minutes_of_work_are_compared_like_the_time_to_resolution(store):
    save_settings(Scope(store, "a", "Ann"), INPUTS, seen={})
    rng = np.random.default_rng(3)
    worked = {n: float(rng.normal(30 if n % 2 else 40, 5)) for n in range(600)}
    fill(store, desk(rng, work=lambda _hours, n: worked[n] if n % 3 else None).world)
    found, work = measured(store), compare(Scope(store, "a"), window=WEEKS).work
    without, enhanced = ([worked[n] for n in range(s, 600, 2) if n % 3] for s in (0, 1))
    assert work.left_out == 200
    assert work.stratified.without.mean == pytest.approx(fmean(without))
    assert found.minutes.middle == pytest.approx(fmean(without) - fmean(enhanced))
    assert 8 < found.minutes.low < found.minutes.high < 12
    assert found.net_per_week.low < found.likely[0] < found.likely[1] < found.net_per_week.high
    (most,) = [note for note in found.notes if "at most" in note]
    assert most.startswith("By the time to resolution, which is mostly waiting, it would be at")
    survey = estimate(6.0, 4.0, 8.0)
    comparison = replace(compare(Scope(store, "a"), window=WEEKS), survey=survey)
    assert roi(Scope(store, "a"), comparison, window=WEEKS).minutes == found.minutes
    few = replace(comparison, work=None, work_missing="no resolved ticket has minutes of work")
    surveyed = roi(Scope(store, "a"), few, window=WEEKS)
    assert triple(surveyed.minutes) == (4, 6, 8)
    assert surveyed.n == 30


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hourly_rate": 0}, "Hourly rate is 0"),
        ({"hourly_rate": -1}, "Hourly rate is -1"),
        ({"hourly_rate": math.nan}, "Hourly rate is nan"),
        ({"hourly_rate": math.inf}, "Hourly rate is inf"),
        ({"hourly_rate": "60"}, "Hourly rate is '60'"),
        ({"setup_cost": True}, "Setup cost is True"),
        ({"tickets_per_week": 1e12}, "Tickets per week is 1000000000000.0"),
        ({"currency": " "}, "Currency is ' '"),
        ({"currency": "dollars of Canada"}, "1 to 8 characters"),
        ({"currency": None}, "Currency is None"),
        ({"minutes_source": "guess"}, "measured or survey"),
    ],
)
def test_inputs_without_sense_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        RoiSettings(**wrong)
