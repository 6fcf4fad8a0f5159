"""What a counter grew by, however its series are labelled and a range of time is cut."""

from itertools import pairwise

import numpy as np
import pytest

from core.base.counters import Counter, Scrapes, Series

MINUTE = 60_000
CUTS = {
    "whole": [0, 360],
    "pieces": [0, 60, 119, 120, 121, 179, 180, 181, 239, 240, 241, 360],
    "runs": [0, 60, 150, 179, 185, 245, 360],
}


def labels(status="completed", **more):
    return {"status": status, "job": "web", "instance": "a:1"} | more


def counted(since, until, count, every=1):
    """Samples by minute."""
    return {minute: count(minute) for minute in range(since, until, every)}


def up(since, until, base=5_000, every=1):
    return counted(since, until, lambda minute: base + minute, every)


def piece(found, since, until):
    cut = []
    for own, samples in found:
        inside = [(at, value) for at, value in samples.items() if since <= at < until]
        if inside:
            times, values = (np.array(column, float) for column in zip(*inside, strict=True))
            cut.append(Series(own, (times * MINUTE).astype(np.int64), values))
    return cut


def taken(counter, scrapes, found, since, until):
    cut = piece(found, since, until)
    times = np.unique(np.concatenate([np.empty(0, np.int64), *(one.times for one in cut)]))
    scrapes.take(times, until * MINUTE)
    return counter.take(cut, scrapes)


def grown(found, cut):
    """Growth by status, and how many resets there were; `runs` begin with the last values."""
    counter, scrapes, sums, resets = Counter("status"), Scrapes(), {}, set()
    for since, until in pairwise(CUTS[cut]):
        if cut == "runs" and since:
            counter, scrapes = Counter("status"), Scrapes()
            before = piece(found, 0, since - 5)
            last = [Series(s.labels, s.times[-1:], s.values[-1:]) for s in before]
            counter.know(last)
            taken(counter, scrapes, found, since - 5, since)
        series, anew = taken(counter, scrapes, found, since, until)
        for one, steps in series:
            status = one.labels["status"]
            sums[status] = sums.get(status, 0) + steps.sum()
        resets |= anew
    return {status: round(total, 3) for status, total in sums.items() if total}, len(resets)


def failed(count, since=0, until=360, **more):
    return labels("failed", **more), counted(since, until, count)


GOES_ON = {
    "a label is added": [
        (labels(), up(0, 180)),
        (labels(cluster="eu"), up(180, 360)),
        failed(lambda n: 400 + n // 20, 0, 180),
        failed(lambda n: 400 + n // 20, 180, 360, cluster="eu"),
    ],
    "dropped": [(labels(cluster="eu"), up(0, 180)), (labels(), up(180, 360))],
    "renamed": [(labels(cluster="eu"), up(0, 180)), (labels(region="eu"), up(180, 360))],
    "spelled anew": [(labels(cluster="eu"), up(0, 180)), (labels(cluster="EU"), up(180, 360))],
    "of the job": [(labels(), up(0, 180)), (labels(job="worker"), up(180, 360))],
    "after a scrape without": [(labels(), up(0, 180)), (labels(cluster="eu"), up(181, 360))],
    "after an hour": [(labels(), up(0, 120)), (labels(cluster="eu"), up(180, 360))],
    "there and back": [(labels(), up(0, 120) | up(240, 360)), (labels(cluster="eu"), up(120, 240))],
    "twice": [(labels(v=str(n)), up(120 * n, 120 * n + 120)) for n in range(3)],
    "both for a while": [(labels(), up(0, 240)), (labels(cluster="eu"), up(120, 360))],
    "two jobs for a while": [
        (labels(), up(0, 240)),
        (labels(job="b"), {n + 0.25: 5_000 + n for n in range(120, 360)}),
    ],
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("change", GOES_ON)
def test_a_series_that_goes_on_under_other_labels_is_not_born_again(change, cut):
    sums, resets = grown(GOES_ON[change], cut)
    assert (sums["completed"], resets) == (359, 0)
    assert sums.get("failed") == (17 if "added" in change else None)


OTHERS = {
    "a first failure": (
        [(labels(), up(0, 360)), failed(lambda n: 1 + (n - 180) // 40, 180)],
        {"completed": 359, "failed": 5},
        0,
    ),
    "the first one of a model, beside another's": (
        [failed(lambda _: 1, 60, model="x"), failed(lambda _: 1, 180, model="y")],
        {"failed": 1},
        0,
    ),
    "an empty label beside others": (
        [failed(lambda n: n // 100), failed(lambda n: (n + 50) // 100, reason="timeout")],
        {"failed": 3 + 4},
        0,
    ),
    "renamed by a restart": (
        [
            (labels(), up(0, 180)),
            (labels(v="2"), up(180, 360, -179)),
            failed(lambda _: 2, 0, 180),
            failed(lambda _: 2, 180, 360, v="2"),
        ],
        {"completed": 179 + 180, "failed": 2},
        0,
    ),
    "pods one after another": (
        [(labels(instance=f"p{n}"), up(120 * n, 120 * n + 120, 1 - 120 * n)) for n in range(3)],
        {"completed": 119 + 120 + 120},
        0,
    ),
    "replicas that exchange their labels": (
        [
            (labels(instance="a"), up(0, 180) | up(180, 360, 100)),
            (labels(instance="b"), up(0, 180, 100) | up(180, 360)),
        ],
        {"completed": 2 * 359},
        0,
    ),
    "replicas that restart": (
        [
            (labels(instance="a"), up(0, 180) | up(180, 360, -179)),
            (labels(instance="b"), up(0, 180, 100) | up(180, 360, -178)),
        ],
        {"completed": 2 * 179 + 180 + 181},
        1,
    ),
    "two processes behind one address": (
        [(labels(pod="a"), up(0, 360, every=2)), (labels(pod="b"), up(1, 360, 100, every=2))],
        {"completed": 2 * 358},
        0,
    ),
    "rounding": (
        [(labels(), counted(0, 360, lambda n: 5_000 + n // 2 - n % 2 * 1e-9))],
        {"completed": 179},
        0,
    ),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("what", OTHERS)
def test_what_begins_counts_from_0_and_what_was_there_counts_on(what, cut):
    found, right, resets = OTHERS[what]
    assert grown(found, cut) == (right, resets)
