"""Process-behaviour limits: textbook examples, and each rule by hand."""

from itertools import pairwise
from statistics import fmean

import pytest

from core.analytics.definitions import METRICS
from core.base.control_limits import SCALES, SETTLED, Point, Rule, behaviour

# NIST/SEMATECH e-Handbook of Statistical Methods, section 6.3.2.2
FLOW = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)
# Montgomery, Introduction to Statistical Quality Control, example 7.1: cans of 50 that leak
CANS = (
    *(12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22),
    *(8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6),
)


def counts(*values, **more):
    points = [Point(f"{n:03}", v) for n, v in enumerate(values)]
    return behaviour(points, **{"kind": "count"} | more)


def shares(*pairs):
    points = [Point(f"{n:03}", x / n_ if n_ else None, n_) for n, (x, n_) in enumerate(pairs)]
    return behaviour(points, kind="share", scale=SCALES["fraction"])


def sampled(kind, *pairs, **more):
    points = [Point(f"{n:03}", value, sample) for n, (value, sample) in enumerate(pairs)]
    return behaviour(points, kind=kind, **more)


def stars(*pairs):
    return sampled("mean", *pairs, scale=SCALES["stars"])


def marks(found, rule=None):
    return [(s.first, s.last, s.side) for s in found.signals if rule in {None, s.rule}]


def test_individuals_agree_with_nist():
    found = counts(*FLOW)
    assert found.centre == pytest.approx(50.81)
    low, high = found.limits[0]
    assert (low, high) == pytest.approx((45.8159, 55.8041), abs=0.001)
    assert found.signals == ()
    assert found.is_provisional


def test_individuals_by_hand():
    # Mean 11; they differ by 2 each time: 11 - 5.32 and 11 + 5.32.
    found = counts(*[10, 12] * 6)
    assert found.centre == 11
    assert found.limits[0] == pytest.approx((5.68, 16.32))
    assert not found.is_provisional
    assert found.spread == 1.0


def test_shares_agree_with_montgomery():
    found = shares(*((x, 50) for x in CANS))
    centre, deviation = 0.2313, 0.0596
    assert found.centre == pytest.approx(centre, abs=0.0001)
    # Binomial limits would mark two samples; but the machine varied more than cans do by chance.
    low, high = centre - 3 * deviation, centre + 3 * deviation
    assert (low, high) == pytest.approx((0.0524, 0.4102), abs=0.0003)
    assert [n for n, x in enumerate(CANS, 1) if not low <= x / 50 <= high] == [15, 23]
    z = [(x / 50 - centre) / deviation for x in CANS]
    spread = fmean(abs(b - a) for a, b in pairwise(z)) / 1.128
    assert found.spread == pytest.approx(spread, abs=0.002) == pytest.approx(1.66, abs=0.002)
    assert found.limits[0] == pytest.approx((0, centre + 3 * spread * deviation), abs=0.001)
    assert found.signals == ()


def test_shares_that_vary_less_than_chance_have_binomial_limits():
    found = shares(*[(11, 50), (12, 50)] * 15)
    assert found.spread == 1.0
    low, high = found.limits[0]
    assert (low, high) == pytest.approx((0.0516, 0.4084), abs=0.0005)


def test_limits_are_those_of_each_sample():
    found = shares(*[(40, 50), (320, 400)] * 7)
    narrow, wide = found.limits[1], found.limits[0]
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]
    assert narrow == pytest.approx((0.74, 0.86))  # 3 times the root of 0.16 / 400


def test_a_point_beyond_the_limits():
    found = counts(*[10, 12] * 8, 30)
    assert marks(found) == [(16, 16, "above")]
    assert found.signals[0].words == "one week above the upper limit"
    assert found.newest() == list(found.signals)
    lower = counts(*[40, 42] * 8, 5, 41)
    assert marks(lower) == [(16, 16, "below")]
    assert lower.newest() == []


def test_eight_in_a_row_and_not_seven():
    seven = counts(*[14, 10] * 5, *[16, 17] * 3, 16, *[10, 14] * 5)
    assert seven.signals == ()
    eight = counts(*[14, 10] * 5, *[16, 17] * 4, *[10, 14] * 5, period="month")
    assert marks(eight) == [(10, 17, "above")]
    assert eight.signals[0].words == "8 months in a row above the centre"


def test_an_outlier_does_not_make_a_run_of_all_others():
    found = counts(*[10, 12] * 8, 30)
    assert found.centre > 12
    assert marks(found, Rule.RUN) == []


def test_a_point_on_the_centre_ends_a_run():
    found = counts(*[12] * 4, 10, *[12] * 4, *[8] * 4, 10, *[8] * 4)
    assert found.centre == 10
    assert marks(found, Rule.RUN) == []


@pytest.mark.parametrize("gap", [Point("gap", None), Point("gap", 99, is_whole=False)])
def test_a_gap_ends_a_run_and_is_no_neighbour(gap):
    high, low = ([Point("x", v) for v in values] for values in ([12, 14] * 4, [6, 8] * 4))
    whole = behaviour([*high, *low], kind="count")
    assert marks(whole, Rule.RUN) == [(0, 7, "above"), (8, 15, "below")]
    broken = behaviour([*high[:4], gap, *high[4:], gap, *low], kind="count")
    assert marks(broken, Rule.RUN) == [(10, 17, "below")]
    assert broken.limits[4] is None
    # Thirteen ranges of 2; those across the gaps (14 to 12 and 14 to 6) are none.
    assert broken.limits[0] == pytest.approx((10 - 2.66 * 2, 10 + 2.66 * 2))


def test_provisional_below_twelve_and_none_below_six():
    for n in range(14):
        found = counts(*([10, 12] * 7)[:n])
        assert found.is_provisional == (n < SETTLED)
        assert (found.centre is None) == (n < 6)
        assert (found.reason != "") == (n < 6)
        assert len(found.limits) == n
    assert "there are 5" in counts(1, 2, 3, 4, 5).reason


def test_nothing_but_lonely_points_has_no_limits():
    found = counts(*[5, None] * 8)
    assert found.centre is None
    assert "in a row" in found.reason
    assert counts().limits == ()
    # A step within a gap is no noise that limits could be taken from.
    step = counts(*[5] * 4, None, *[6] * 4, kind="value")
    assert (step.centre, step.signals) == (None, ())


@pytest.mark.parametrize("value", [0, 3, 250])
def test_a_constant_series_has_no_signal(value):
    found = counts(*[value] * 30)
    assert found.signals == ()
    assert found.limits[0][0] == pytest.approx(value, abs=1e-9)
    assert found.centre == value


@pytest.mark.parametrize("x", [0, 7, 10])
def test_constant_shares_have_no_signal(x):
    assert shares(*[(x, 10)] * 30).signals == ()
    assert shares(*[(x, 10), (x * 3, 30)] * 15).signals == ()


def test_rare_events_need_more_than_one_of_them():
    # Moving ranges alone would put the limit at 0.5 and mark every event.
    found = counts(*([0] * 9 + [1]) * 3)
    assert found.signals == ()
    assert found.limits[0] == (0, 2)
    assert marks(counts(*([0] * 9 + [1]) * 3, 4)) == [(30, 30, "above")]


def test_samples_without_anything_are_unknown():
    found = shares(*[(8, 10)] * 12, (0, 0), (9, 10))
    assert found.limits[12] is None
    assert found.judged == 13


def test_tiny_samples_are_not_judged_by_the_normal_curve():
    # Two of three below: z is -2.2 and -4.9, and both happen by chance in hundreds of weeks.
    found = shares(*[(29, 30)] * 20, (2, 3), (1, 3))
    assert marks(found) == []
    assert marks(shares(*[(29, 30)] * 20, (0, 3))) == [(20, 20, "below")]


def test_rates_agree_with_montgomery():
    """Introduction to Statistical Quality Control, example 7.4: errors in 20 weeks of 50 units."""
    errors = (2, 3, 8, 1, 1, 4, 1, 4, 5, 1, 8, 2, 4, 3, 4, 1, 8, 3, 7, 4)
    found = sampled("rate", *((x / 50, 50) for x in errors))
    assert found.centre == pytest.approx(0.0740, abs=0.0001)
    # The book's limits are three Poisson deviations; here the weeks vary more than that.
    assert found.spread > 1
    low, high = found.limits[0]
    assert low == 0
    assert high == pytest.approx(0.0740 + 3 * found.spread * (0.0740 / 50) ** 0.5, abs=0.0005)
    steady = sampled("rate", *[(4 / 50, 50), (3 / 50, 50)] * 10)
    assert steady.limits[0] == pytest.approx((0, 10 / 50))  # of few, as a Poisson count
    many = sampled("rate", *[(11, 50), (11.2, 50), (11.1, 200)] * 5)
    assert many.limits[0][1] - many.centre == pytest.approx(3 * (many.centre / 50) ** 0.5)
    assert many.limits[2][1] - many.centre == pytest.approx(3 * (many.centre / 200) ** 0.5)


def test_means_by_hand():
    # Of samples of 4 and 16 alike: each differs from the next by 2, or by 4 and 8 errors.
    found = sampled("mean", *[(10, 4), (12, 16)] * 6)
    assert found.centre == pytest.approx(11.6)
    spread = (1.6 * 2 + 0.4 * 4) / 1.128
    assert found.limits[0] == pytest.approx((11.6 - 3 * spread / 2, 11.6 + 3 * spread / 2))
    assert found.limits[1] == pytest.approx((11.6 - 3 * spread / 4, 11.6 + 3 * spread / 4))
    assert found.spread == 1.0


def test_stars_have_limits_within_their_scale():
    found = stars(*[(4.1, 20), (4.3, 30), (4.0, 25), (4.4, 20)] * 6)
    for low, high in found.limits:
        assert 1 <= low < found.centre < high < 5
    # Further down than up, as there is more room.
    low, high = found.limits[0]
    assert found.centre - low > high - found.centre
    assert found.signals == ()


@pytest.mark.parametrize(("value", "side"), [(4.95, "above"), (2.9, "below")])
def test_a_rise_of_stars_is_a_signal_as_well_as_a_fall(value, side):
    found = stars(*[(4.1, 20), (4.3, 30), (4.0, 25), (4.4, 20)] * 6, (value, 60))
    assert marks(found, Rule.BEYOND) == [(24, 24, side)]
    slow = stars(*[(4.0, 20), (4.1, 20)] * 4, *[(4.4, 20), (4.5, 20)] * 4)
    assert marks(slow, Rule.RUN) == [(0, 7, "below"), (8, 15, "above")]


def test_two_answers_are_no_signal():
    alike = stars(*[(5.0, 10)] * 20, (4.3, 10))
    assert alike.signals == ()
    assert marks(stars(*[(5.0, 10)] * 20, (3.8, 10))) == [(20, 20, "below")]
    assert stars(*[(5.0, 10)] * 20).limits[0] == (5.0, 5.0)
    assert stars(*[(3.0, 1), (5.0, 1)] * 9).limits[0] == (1.0, 5.0)


def test_what_can_be_negative_has_limits_below_0():
    found = sampled("mean", *[(-4.0, 9), (6.0, 9)] * 8)
    low, high = found.limits[0]
    assert low < 0 < high
    assert sampled("mean", *[(1.0, 9), (6.0, 9)] * 8).limits[0][0] == 0
    assert counts(*[1, 6] * 8, kind="value").limits[0][0] == 0


def test_only_counts_rest_on_poisson():
    # As seconds they are what they are: their own differences alone set the limits.
    found = counts(*([0] * 9 + [1]) * 3, kind="value")
    assert found.limits[0] == pytest.approx((0, 0.1 + 2.66 * 5 / 29))
    assert marks(found) == [(9, 9, "above"), (19, 19, "above"), (29, 29, "above")]


def test_every_metric_has_limits_of_its_kind():
    """The registry's kinds, one by one: another one has to be put here by a person."""
    kinds = {}
    for key, metric in METRICS.items():
        kinds.setdefault(metric.kind, set()).add(key)
    assert kinds["count"] == {key for key, m in METRICS.items() if m.is_whole}
    assert kinds["share"] == {key for key, m in METRICS.items() if m.unit == "fraction"}
    assert kinds["rate"] == {"bugs_per_test", "throughput_per_day"}
    assert kinds["mean"] == {
        *("avg_test_duration", "average_rating", "mean_resolution_minutes"),
        *("survey_overall", "survey_minutes_saved", "survey_renewal", "mean_handle_minutes"),
    }
    assert kinds["value"] == {
        *("bug_severity_score", "latency_p50", "latency_p95", "latency_p99"),
        *("median_resolution_minutes", "median_handle_minutes"),
    }
    units = {metric.unit for metric in METRICS.values()}
    assert {unit: SCALES[unit] for unit in units if unit in SCALES} == SCALES
