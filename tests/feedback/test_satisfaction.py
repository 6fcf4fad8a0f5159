"""Satisfaction: what counts, how sure it is, and whether one rater gave most of it."""

from datetime import UTC, date, datetime
from statistics import fmean

import pytest

from core.analytics import query_metrics
from core.analytics.dates import Window
from core.analytics.exclusions import Excluded
from core.feedback.satisfaction import satisfaction
from core.store import Scope
from tests.analytics.worlds import Builder, fill, prepare
from tests.stores import open_store

WEEK = Window(date(2024, 1, 8), date(2024, 1, 14), "2024-W02")


@pytest.fixture(scope="module")
def store():
    opened = open_store("sqlite://", timezone="UTC")
    prepare(opened)
    yield opened
    opened.close()


def found(store, world, **more):
    fill(store, world.world)
    return satisfaction(Scope(store, "a"), window=WEEK, **more)


def test_stars_of_both_kinds_apart_and_together(store):
    world, stars, answers = Builder(), (5, 5, 4, 4, 3, 3, 2, 1), (5, 5, 5, 4, 4, 4, 3, 3, 2)
    for n, rating in enumerate(stars):
        world.vote(f"enhancement:{n}", rating=rating, rater="kim" if n < 5 else f"lee{n}")
    world.vote("ticket:t", thumb="down")
    world.vote("ticket:u", rating=1, created="2024-01-15T00:00")
    for rating in (*answers, None):
        world.survey(overall=rating)
    other = Builder("b")
    other.vote("ticket:t", rating=1)
    world.world["votes"] += other.world["votes"]
    seen = found(store, world)
    assert (seen.in_product.value, seen.in_product.n) == (fmean(stars), 8)
    assert (seen.survey.value, seen.survey.n) == (pytest.approx(fmean(answers)), 9)
    assert (seen.pooled.value, seen.pooled.n) == (pytest.approx(fmean(stars + answers)), 17)
    assert seen.pooled.low > seen.in_product.low
    assert seen.busiest_share == 5 / 8


def test_votes_on_pages_are_about_no_enhancement(store):
    world = Builder()
    world.vote("ticket:t", rating=4, thumb="up", comment="Good")
    world.vote("page:/engagement", rating=1, thumb="down", comment="Bad", rater="kim")
    assert found(store, world).in_product.n == 1
    metrics = ["feedback_count", "thumbs_up", "thumbs_down", "positive_feedback_rate"]
    asked = query_metrics(store, metrics=[*metrics, "average_rating"])
    assert list(asked["totals"].values()) == [1, 1, 0, 1.0, 4.0]


def test_equal_stars_are_bounded_by_their_number_and_none_have_no_interval(store):
    world = Builder()
    for n in range(30):
        world.vote(f"ticket:{n}", rating=5)
    seen = found(store, world)
    # 4 * 0.025 ** (1 / 30) + 1 = 4.54
    assert (seen.in_product.value, seen.in_product.high) == (5, 5)
    assert seen.in_product.low == pytest.approx(4 * 0.025 ** (1 / 30) + 1, abs=0.01)
    assert seen.survey.low is None
    assert (seen.survey.value, seen.survey.reason) == (None, "none counted")
    nothing = found(store, Builder())
    assert (nothing.pooled.value, nothing.busiest_share) == (None, None)


def test_exclusions_leave_out_raters_runs_and_times(store):
    world = Builder()
    world.vote("enhancement:r1", enhancement_id="r1", rating=1, rater="kim")
    world.vote("ticket:t1", ticket_id="t1", rating=2, rater="lee")
    world.vote("ticket:t2", ticket_id="t2", rating=3, created="2024-01-12T12:00")
    start, end = (datetime(2024, 1, day, tzinfo=UTC) for day in (10, 11))

    def left(subject):
        without = Excluded(subjects=((subject, start, end),))
        return found(store, world, without=without).in_product.value

    assert (left("rater:kim"), left("enhancement:r1")) == (2.5, 2.5)
    assert (left("ticket:t1"), left("ticket:t2")) == (2, 2)
    without = Excluded(spans=((start, end),))
    assert found(store, world, without=without).in_product.value == 3
