"""Increments, slots and gaps against the plainest computation, whatever the pieces."""

from collections import defaultdict
from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.base.counters import LONGEST_MS, Series
from core.ingest.clients.prometheus import Piece, quoted, selector
from core.ingest.parse.prometheus import SLOT_MS, MetricRead, PlatformReader
from tests.draws import draws

NAME, QUEUE = "runs_total", "depth"
METRICS = {"requests_total": MetricRead(NAME, NAME), "queue_depth": MetricRead(QUEUE, QUEUE)}
START, END = 10 * SLOT_MS, 20 * SLOT_MS


def series(labels, samples):
    times, values = zip(*samples, strict=True) if samples else ((), ())
    return Series(labels, np.array(times, np.int64), np.array(values, np.float64))


@st.composite
def histories(draw):
    """Samples of one target with one to three statuses, restarts and gaps; and where to cut."""
    at, counts, found = START, defaultdict(int), defaultdict(list)
    statuses = draw(st.sampled_from([["a"], ["a", "b"], ["a", "b", "c"]]))
    while at < END:
        if draw(st.integers(0, 15)) == 0:
            counts = defaultdict(int)
        for status in statuses:
            if counts[status] or draw(st.booleans()):
                counts[status] += draw(st.integers(0, 3))
            if counts[status] or status == "a":
                found[status].append((at, counts[status]))
        at += draw(st.sampled_from([15_000, 15_000, 30_000, 60_000, 61_000, 61_001, 200_000]))
    cuts = draw(st.lists(st.integers(START // SLOT_MS, END // SLOT_MS), max_size=4))
    return dict(found), [c * SLOT_MS for c in sorted({*cuts, START // SLOT_MS, END // SLOT_MS})]


def plain(found):
    """Increments by status and instant, and the gaps: one sample after the other."""
    every = sorted({at for samples in found.values() for at, _ in samples})
    resets = set()
    grown = defaultdict(float)
    for samples in found.values():
        for (_, before), (at, value) in pairwise(samples):
            resets |= {at} if value < before else set()
    for status, samples in found.items():
        last = None
        for at, value in samples:
            if last is None:
                increase = value if at - every[0] >= LONGEST_MS else 0
            elif value < last[1] or (
                at - last[0] > LONGEST_MS and any(last[0] < r <= at for r in resets)
            ):
                increase = value
            else:
                increase = value - last[1]
            if increase:
                grown[f'{NAME}{{status="{status}"}}', at] += increase
            last = at, value
    ends = [*every, END]
    gaps = {(a, b) for a, b in pairwise(ends) if b - a > LONGEST_MS}
    return dict(grown), gaps, resets


@settings(max_examples=draws(150))
@given(histories())
def test_increments_gaps_and_resets_are_the_plain_ones(drawn):
    found, cuts = drawn
    reader = PlatformReader({"requests_total": METRICS["requests_total"]})
    grown, gaps, resets = {}, {}, set()
    for start, end in pairwise(cuts):
        cut = [
            series({"status": status}, [s for s in samples if start <= s[0] < end])
            for status, samples in found.items()
        ]
        piece = reader.take({"requests_total": Piece(tuple(cut))}, start, end)
        grown |= piece.increments
        # What is open at the end of a piece is longer in the next one, as it is in the store.
        gaps |= {a: b for _, kind, a, b in piece.gaps if kind == "gap"}
        resets |= {a for _, kind, a, _ in piece.gaps if kind == "reset"}
    expected, all_gaps, all_resets = plain(found)
    assert grown == expected
    assert set(gaps.items()) == all_gaps
    assert resets == all_resets


@st.composite
def gauges(draw):
    """Samples of up to three instances of a gauge, and where to cut."""
    found = {}
    for instance in range(draw(st.integers(1, 3))):
        at, samples = START + draw(st.integers(0, 90_000)), []
        while at < END:
            samples.append((at, draw(st.integers(-5, 50))))
            at += draw(st.sampled_from([15_000, 15_000, 60_000, 61_001, 400_000]))
        found[instance] = samples
    cuts = draw(st.lists(st.integers(START // SLOT_MS, END // SLOT_MS), max_size=4))
    return found, [c * SLOT_MS for c in sorted({*cuts, START // SLOT_MS, END // SLOT_MS})]


def plain_slots(found):
    slots = defaultdict(list)
    for at in sorted({at for samples in found.values() for at, _ in samples}):
        shown = []
        for samples in found.values():
            before = [(t, v) for t, v in samples if t <= at]
            if before and at - before[-1][0] <= LONGEST_MS:
                shown.append(before[-1][1])
        slots[at // SLOT_MS * SLOT_MS].append(max(shown))
    return {at: (fmean(shown), max(shown), len(shown)) for at, shown in slots.items()}


@settings(max_examples=draws(100))
@given(gauges())
def test_slots_are_the_plain_ones(drawn):
    found, cuts = drawn
    reader = PlatformReader({"queue_depth": METRICS["queue_depth"]})
    slots = {}
    for start, end in pairwise(cuts):
        cut = [
            series({"instance": str(n)}, [s for s in samples if start <= s[0] < end])
            for n, samples in found.items()
        ]
        piece = reader.take({"queue_depth": Piece(tuple(cut))}, start, end)
        assert {text for text, _ in piece.slots} <= {QUEUE}
        slots |= {at: (s.mean, s.greatest, s.scrapes) for (_, at), s in piece.slots.items()}
    expected = plain_slots(found)
    assert slots.keys() == expected.keys()
    for at, slot in slots.items():
        assert slot == pytest.approx(expected[at])


@pytest.mark.parametrize("cuts", [[0, 60], [0, 50, 60], [0, 52, 60], [0, 7, 55, 58, 59, 60]])
def test_a_failure_after_a_restart_is_seen_although_the_count_is_the_same(cuts):
    minute = 60_000
    completed = [(n * minute, n % 50) for n in range(60)]
    failed = [(n * minute, 1) for n in [*range(5, 50), 58, 59]]
    reader = PlatformReader({"requests_total": METRICS["requests_total"]})
    grown = {}
    for start, end in pairwise(cuts):
        pieces = [
            series({"status": status}, [s for s in found if start <= s[0] / minute < end])
            for status, found in (("completed", completed), ("failed", failed))
        ]
        piece = {"requests_total": Piece(tuple(pieces))}
        grown |= reader.take(piece, start * minute, end * minute).increments
    text = f'{NAME}{{status="failed"}}'
    assert {at // minute: n for (t, at), n in grown.items() if t == text} == {5: 1, 58: 1}


def test_bounds_written_in_two_ways_are_one_bucket():
    reader = PlatformReader({"duration_bucket": MetricRead("d_bucket", "d_bucket")})
    found = tuple(
        series({"le": le, "instance": instance}, [(0, 0), (60_000, 0), (120_000, 2)])
        for le, instance in (("10", "a"), ("10.0", "b"), ("+Inf", "a"), ("Inf", "b"), ("x", "a"))
    )
    taken = reader.take({"duration_bucket": Piece(found)}, 0, 180_000)
    assert {text: n for (text, _), n in taken.increments.items()} == {
        'd_bucket{le="10"}': 4,
        'd_bucket{le="+Inf"}': 4,
    }
    assert [(p.field, p.value) for p in taken.problems.values()] == [("le", "x")]


@pytest.mark.parametrize(
    ("buckets", "reason"),
    [
        ({"1": [1, 2], "10": [3, 5], "+Inf": [3, 6]}, None),
        ({"1": [4, 9], "10": [3, 5], "+Inf": [9, 9]}, "contradict each other"),
        ({"1": [1, 2], "10": [3, 5]}, 'no bucket le="+Inf"'),
        ({"1": [1, 2], "10": [3], "20": [None, 4], "+Inf": [3, 6]}, "its bounds have changed"),
        ({"1": [1, 2], "10": [3], "10.0": [None, 4], "+Inf": [3, 6]}, None),
    ],
)
def test_buckets_that_contradict_are_told(buckets, reason):
    reader = PlatformReader({"duration_bucket": MetricRead("d_bucket", "d_bucket")})
    found = tuple(
        series({"le": le, "instance": "a"}, [(n * 15_000, v) for n, v in enumerate(counts) if v])
        for le, counts in buckets.items()
    )
    told = list(reader.take({"duration_bucket": Piece(found)}, 0, 60_000).problems.values())
    assert len(told) == (reason is not None)
    assert all(reason in problem.reason for problem in told)


def test_selectors_are_quoted():
    assert quoted('a"\\\n') == r'"a\"\\\n"'
    assert selector("m") == "m"
    assert selector("m", tenant_id='"} or up{') == r'm{tenant_id="\"} or up{"}'
