"""Process-behaviour limits against plain loops, invariants, and how often chance alone marks."""

import math
from itertools import pairwise
from random import Random
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.base.control_limits import FEW, SCALES, Point, Rule, behaviour, expected_alarms
from tests.draws import draws


def of(is_share):
    return {"kind": "share", "scale": SCALES["fraction"]} if is_share else {"kind": "count"}


def marks(found):
    return [(s.first, s.last, s.side) for s in found.signals]


def plain_tail(n, p, k):
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


TAIL = 0.5 * math.erfc(3 / math.sqrt(2))


def brute_shares(points, known, pairs):
    own = [p for p, k in zip(points, known, strict=True) if k]
    centre = sum(p.value * p.n for p in own) / sum(p.n for p in own)
    if centre < 1e-9 or centre > 1 - 1e-9:
        return centre, [(centre, centre) if k else None for k in known], None
    z = [
        (p.value - centre) / math.sqrt(centre * (1 - centre) / p.n) if k else 0
        for p, k in zip(points, known, strict=True)
    ]
    spread = max(1, fmean(abs(z[b] - z[a]) for a, b in pairs) / 1.128)
    limits = []
    for p, k in zip(points, known, strict=True):
        if not k:
            limits.append(None)
            continue
        reach = 3 * spread * math.sqrt(centre * (1 - centre) / p.n)
        low, high = centre - reach, centre + reach
        if p.n * min(centre, 1 - centre) < FEW:
            tails = [plain_tail(p.n, centre, x) for x in range(p.n + 1)]
            low = min(low, next(x for x, t in enumerate(tails) if t >= TAIL) / p.n)
            high = max(high, next(x for x, t in enumerate(tails) if 1 - t <= TAIL) / p.n)
        limits.append((max(low, 0), min(high, 1)))
    return centre, limits, median(p.n for p in own) * min(centre, 1 - centre)


def brute_counts(points, known, pairs):
    values = [p.value for p in points]
    centre = fmean(v for v, k in zip(values, known, strict=True) if k)
    reach = 2.66 * fmean(abs(values[b] - values[a]) for a, b in pairs)
    high = centre + reach
    if centre < FEW:
        chance = below = math.exp(-centre)
        k = 0
        while 1 - below > TAIL:
            k += 1
            chance *= centre / k
            below += chance
        high = max(high, k)
    return centre, [(max(0, centre - reach), high) if k else None for k in known], centre


def brute(points, *, is_share):
    """The limits and marks once more, in plain loops."""
    known = [p.is_whole and p.value is not None and (not is_share or bool(p.n)) for p in points]
    pairs = [(a, b) for a, b in pairwise(range(len(points))) if known[a] and known[b]]
    if sum(known) < 6 or not pairs:
        return None, [None] * len(points), []
    values = [p.value for p in points]
    own = [v for v, k in zip(values, known, strict=True) if k]
    limits = [None] * len(points)
    centre, limits, few = (brute_shares if is_share else brute_counts)(points, known, pairs)
    if few is None:
        return centre, limits, []
    inside = [
        (v, p.n if is_share else 1)
        for v, p, pair in zip(values, points, limits, strict=True)
        if pair and pair[0] - 1e-9 <= v <= pair[1] + 1e-9
    ]
    centres = {centre}
    if inside:
        centres.add(sum(v * n for v, n in inside) / sum(n for _, n in inside))
    if few < FEW:
        centres.add(median(own))
    return centre, limits, brute_marks(points, known, limits, (min(centres), max(centres)))


def brute_marks(points, known, limits, middle):
    values = [p.value for p in points]
    found = []
    run, before = 0, 0
    for i, value in enumerate([*values, None]):
        side = 0
        if i < len(values) and known[i]:
            side = (value > middle[1] + 1e-9) - (value < middle[0] - 1e-9)
            if value > limits[i][1] + 1e-9:
                found.append((i, i, "above"))
            if value < limits[i][0] - 1e-9:
                found.append((i, i, "below"))
        if side != before or side == 0:
            if run >= 8:
                found.append((i - run, i - 1, "above" if before > 0 else "below"))
            run = 0
        run, before = run + (side != 0), side
    return sorted(found)


def drawn(random, *, is_share):
    """A series with gaps, unfinished periods, a shift and an outlier now and then."""
    length = random.choice((0, 3, 7, 12, 26, 40))
    mean, level = random.choice((0, 0.4, 2, 9, 60)), random.choice((0, 0.03, 0.5, 0.9, 1))
    at = random.randrange(length + 1)
    points = []
    for n in range(length):
        if n == at:
            mean, level = mean * random.choice((1, 3)), level * random.choice((1, 0.7))
        if random.random() < 0.1:
            points.append(Point(f"{n}", None, 0 if is_share else None))
            continue
        sample = random.choice((1, 3, 20, 200))
        x = sum(random.random() < level for _ in range(sample))
        count = round(max(0, random.gauss(mean, math.sqrt(mean + 0.1))))
        count *= 8 if random.random() < 0.03 else 1
        value = (x / sample, sample) if is_share else (count, None)
        points.append(Point(f"{n}", *value, is_whole=random.random() > 0.05))
    return points


@pytest.mark.parametrize("is_share", [False, True])
def test_random_series_agree_with_plain_loops(is_share):
    marked = 0
    for seed in range(400):
        points = drawn(Random(seed), is_share=is_share)
        found = behaviour(points, **of(is_share))
        centre, limits, expected = brute(points, is_share=is_share)
        assert found.centre == (None if centre is None else pytest.approx(centre))
        for mine, plain in zip(found.limits, limits, strict=True):
            assert mine == (None if plain is None else pytest.approx(plain))
        assert sorted(marks(found)) == expected
        marked += len(expected)
    assert marked > 30


def series_of(*, is_share):
    """Any points at all: counts, or shares of their samples, some unknown and some not over."""
    sizes = st.integers(0, 300)
    pairs = sizes.flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
    share = st.builds(
        lambda pair, whole: Point("", pair[0] / pair[1] if pair[1] else None, pair[1], whole),
        *(pairs, st.booleans() | st.just(value=True)),
    )
    count = st.builds(
        lambda value, whole: Point("", value, None, whole),
        st.none() | st.integers(0, 5) | st.integers(0, 10**6),
        st.booleans() | st.just(value=True),
    )
    return st.lists(share if is_share else count, max_size=45)


@pytest.mark.parametrize("is_share", [False, True])
@settings(max_examples=draws(150))
@given(data=st.data())
def test_what_is_always_so(is_share, data):
    points = data.draw(series_of(is_share=is_share))
    found = behaviour(points, **of(is_share))
    for point, limits in zip(points, found.limits, strict=True):
        judged = point.is_whole and point.value is not None and found.centre is not None
        assert (limits is not None) == (judged and (not is_share or bool(point.n)))
        if limits:
            assert 0 <= limits[0] <= found.centre + 1e-9
            assert found.centre - 1e-9 <= limits[1] <= (1 if is_share else math.inf)
    for signal in found.signals:
        at = range(signal.first, signal.last + 1)
        assert all(found.limits[n] for n in at)
        assert len(at) == 1 if signal.rule is Rule.BEYOND else len(at) >= 8
    # What is unknown or not over at either end changes nothing but the places.
    more = [Point("a", None), *points, Point("b", 1.0, 9, is_whole=False), Point("c", None)]
    again = behaviour(more, **of(is_share))
    assert (again.centre, again.limits[1:-2]) == (found.centre, found.limits)
    assert marks(again) == [(a + 1, b + 1, side) for a, b, side in marks(found)]
    # Read backwards it has the same marks.
    back, last = behaviour(points[::-1], **of(is_share)), len(points) - 1
    assert sorted(marks(back)) == sorted((last - b, last - a, s) for a, b, s in marks(found))


def test_a_share_and_its_opposite_have_the_same_marks():
    for seed in range(draws(100)):
        points = drawn(Random(seed), is_share=True)
        other = [
            Point(p.period, None if p.value is None else 1 - p.value, p.n, p.is_whole)
            for p in points
        ]
        turned = {"above": "below", "below": "above"}
        found = sorted(marks(behaviour(points, **of(True))))
        opposite = marks(behaviour(other, **of(True)))
        assert found == sorted((a, b, turned[side]) for a, b, side in opposite)


def test_expected_alarms_by_enumeration():
    # Every sequence of 12 sides, and how many runs of eight or more it has.
    runs = 0
    for number in range(2**12):
        text = f"{number:012b}"
        runs += sum(len(part) >= 8 for side in "01" for part in text.split(side))
    assert expected_alarms(12) == pytest.approx(12 * 0.0026998 + runs / 2**12, abs=1e-6)
    assert expected_alarms(26) == pytest.approx(0.148, abs=0.001)
    assert expected_alarms(7) == pytest.approx(7 * 0.0026998, abs=1e-6)


def normal(rng, m):
    return [Point("", float(v)) for v in rng.normal(100, 10, m)]


def poisson(mean):
    return lambda rng, m: [Point("", float(v)) for v in rng.poisson(mean, m)]


def binomial(share, n, own_spread=None):
    def draw(rng, m):
        sizes = rng.poisson(n, m) + 1
        levels = np.full(m, share)
        if own_spread:
            levels = rng.beta(share * own_spread, (1 - share) * own_spread, m)
        return [
            Point("", rng.binomial(k, level) / k, int(k))
            for k, level in zip(sizes, levels, strict=True)
        ]

    return draw


def uneven(mean):
    """Counts of something for each of an uneven number of tests."""

    def draw(rng, m):
        sizes = rng.poisson(12, m) + 1
        return [Point("", rng.poisson(mean * k) / k, int(k)) for k in sizes]

    return draw


STARS = np.array([1, 2, 3, 4, 5])


def ratings(chances, n):
    def draw(rng, m):
        sizes = rng.poisson(n, m) + 1
        return [Point("", float(rng.choice(STARS, k, p=chances).mean()), int(k)) for k in sizes]

    return draw


def durations(n):
    """Means of skewed durations, of samples of different size."""

    def draw(rng, m):
        sizes = rng.poisson(n, m) + 1
        return [Point("", float(rng.lognormal(1, 0.8, k).mean()), int(k)) for k in sizes]

    return draw


def quantiles(share, n):
    def draw(rng, m):
        return [Point("", float(np.quantile(rng.lognormal(3, 0.6, n), share))) for _ in range(m)]

    return draw


LEFT_SKEWED, CONTENT = (0.03, 0.04, 0.1, 0.33, 0.5), (0.0, 0.01, 0.02, 0.07, 0.9)
STAR = {"kind": "mean", "scale": SCALES["stars"]}
COUNT, SHARE, RATE = {"kind": "count"}, of(True), {"kind": "rate"}


@pytest.mark.parametrize(
    ("draw", "chosen", "least", "most"),
    # The shares of what `expected_alarms` states that are seen; see the module's text.
    [
        (normal, COUNT, 0.45, 1.1),
        (poisson(0.3), COUNT, 0, 0.3),
        (poisson(2), COUNT, 0, 0.4),
        (poisson(8), COUNT, 0.5, 1.3),
        (poisson(60), COUNT, 0.45, 1.1),
        (binomial(0.8, 3), SHARE, 0, 0.3),
        (binomial(0.97, 30), SHARE, 0, 0.4),
        (binomial(0.8, 60), SHARE, 0.1, 0.9),
        (binomial(0.5, 1_000), SHARE, 0.1, 0.9),
        # Laney's limits; the binomial ones give 20 times it
        (binomial(0.8, 200, 50), SHARE, 0.4, 1.3),
        (uneven(0.2), RATE, 0, 0.5),
        (uneven(4), RATE, 0.1, 1.0),
        (ratings(LEFT_SKEWED, 3), STAR, 0, 0.5),
        (ratings(LEFT_SKEWED, 8), STAR, 0, 0.6),
        (ratings(LEFT_SKEWED, 60), STAR, 0.3, 1.3),
        (ratings(CONTENT, 12), STAR, 0, 0.5),
        (normal, {"kind": "value"}, 0.45, 1.1),
        (durations(30), {"kind": "mean"}, 0.4, 2.5),
        (quantiles(0.5, 200), {"kind": "value"}, 0.4, 1.6),
        (quantiles(0.95, 200), {"kind": "value"}, 0.4, 2.0),
    ],
)
def test_false_alarms_are_as_stated(draw, chosen, least, most):
    rng = np.random.default_rng(7)
    series, alarms = draws(800), 0
    for _ in range(series):
        alarms += len(behaviour(draw(rng, 26), **chosen).signals)
    seen = alarms / series / expected_alarms(26)
    assert least <= seen <= most, seen


@pytest.mark.parametrize("chosen", [STAR, RATE, SHARE, COUNT, {"kind": "value"}])
@settings(max_examples=draws(60))
@given(data=st.data())
def test_limits_lie_within_the_scale_around_the_centre(chosen, data):
    low, high = chosen.get("scale", (0, 1_000))
    value = st.floats(low, min(high, 1_000))
    points = data.draw(
        st.lists(st.builds(lambda v, n: Point("", v, n), value, st.integers(1, 300)), max_size=40)
    )
    found = behaviour(points, **chosen)
    for limits in filter(None, found.limits):
        assert low <= limits[0] <= found.centre + 1e-9
        assert found.centre - 1e-9 <= limits[1] <= high or high == 1_000


def test_a_shift_is_seen():
    rng = np.random.default_rng(8)
    seen = 0
    for _ in range(200):
        before, after = rng.poisson(20, 16), rng.poisson(40, 10)
        points = [Point("", float(v)) for v in (*before, *after)]
        seen += bool(behaviour(points, **of(False)).newest())
    assert seen / 200 > 0.8
