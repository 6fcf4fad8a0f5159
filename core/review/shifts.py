"""Did a criterion move more than chance: a week against the four before it, all tests together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from core.criteria.window_data import WindowData

# Of the shifts that are called signals, on average no more than this part is chance.
FALSE_DISCOVERIES = 0.05
FEWEST = 5


@dataclass(frozen=True)
class Shift:
    """A test of one criterion: p by itself, q among all that were tested."""

    key: str
    p: float
    q: float

    @property
    def is_signal(self) -> bool:
        """Whether it stands after all that were tested are counted."""
        return self.q <= FALSE_DISCOVERIES


def shifts(week: WindowData, before: WindowData, targets: Mapping[str, float]) -> list[Shift]:
    """The tests of a week against the weeks before; a criterion with too little data has none.

    Shares by Fisher's exact test, ratings by Mann and Whitney's, latency by the share of runs
    beyond its target. The q-values are those of Benjamini and Hochberg 1995.
    """
    found = {
        "success_rate": _shares(
            (week.runs.completed, week.runs.finished), (before.runs.completed, before.runs.finished)
        ),
        "positive_feedback": _shares(week.thumbs, before.thumbs),
        "satisfaction": _ratings(week, before),
        "latency_p95": _beyond(week, before, targets.get("latency_p95")),
    }
    known = {key: p for key, p in found.items() if p is not None}
    if not known:
        return []
    q = stats.false_discovery_control([*known.values()], method="bh")
    return [Shift(key, p, float(of_all)) for (key, p), of_all in zip(known.items(), q, strict=True)]


def _shares(now: tuple[int, int], then: tuple[int, int]) -> float | None:
    (good, n), (was_good, was_n) = now, then
    if min(n, was_n) < FEWEST:
        return None
    table = np.array([[good, n - good], [was_good, was_n - was_good]])
    return float(stats.fisher_exact(table).pvalue)


def _ratings(week: WindowData, before: WindowData) -> float | None:
    now, then = week.satisfaction.ratings, before.satisfaction.ratings
    if min(len(now), len(then)) < FEWEST or len({*now, *then}) == 1:
        return None
    return float(stats.mannwhitneyu(now, then).pvalue)


def _beyond(week: WindowData, before: WindowData, target: float | None) -> float | None:
    if target is None:
        return None
    sides = []
    for seen in (week, before):
        within = int(np.searchsorted(seen.runs.seconds, target, side="right"))
        sides.append((within, len(seen.runs.seconds)))
    return _shares(sides[0], sides[1])
