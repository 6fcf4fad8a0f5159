"""From raw samples to what is kept: increments of counters, gauges in slots, gaps and resets.

Pure, and the same whatever pieces a time is read in. Instants are milliseconds since 1970.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.ingest.clients.prometheus import Series, Times, Values

# A gap is more than a minute; the second is what the clocks of two scrapes may be apart.
LONGEST_MS = 61_000
SLOT_MS = 300_000

Target = tuple[str, str]
Labels = tuple[tuple[str, str], ...]
Span = tuple[int, int]
NO_TIMES = np.empty(0, np.int64)


def bucket_bound(text: str) -> float | None:
    """The upper bound of a bucket from its label le; None where that is no number."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if np.isnan(bound) else bound


@dataclass
class Scrapes:
    """When a metric was scraped, piece after piece: its gaps, and since when without one."""

    first: int | None = None
    last: int | None = None
    since: int | None = None
    _times: Times = field(default_factory=lambda: NO_TIMES)
    _starts: Times = field(default_factory=lambda: NO_TIMES)

    def take(self, times: Times, end: int) -> list[Span]:
        """The gaps that the next piece shows, from scrape to scrape or to its end."""
        known = [] if self.last is None else [self.last]
        every = np.concatenate([np.array(known, np.int64), times])
        breaks = np.flatnonzero(np.diff(every) > LONGEST_MS)
        gaps = [(int(every[n]), int(every[n + 1])) for n in breaks]
        if len(every):
            self.first = int(every[0]) if self.first is None else self.first
            first = every[0] if self.since is None or self.last is None else self.since
            at = np.searchsorted(every[breaks + 1], every, side="right")
            self._times = every
            self._starts = np.concatenate([[first], every[breaks + 1]]).astype(np.int64)[at]
            self.last, self.since = int(every[-1]), int(self._starts[-1])
            if end - self.last > LONGEST_MS:
                gaps.append((self.last, end))
        return gaps

    def went_on(self, at: int) -> bool:
        """Whether the metric had been scraped for a minute, without a gap, just before an instant.

        Less says nothing: where a history begins, one target is seen a moment before another.
        """
        n = int(np.searchsorted(self._times, at)) - 1
        if n < 0 or at - self._times[n] > LONGEST_MS:
            return False
        return bool(self._starts[n] <= at - LONGEST_MS)


@dataclass
class Counter:
    """One counter, piece after piece: by how much its series grow from scrape to scrape.

    A value below the one before is a reset: it counts from 0. So does a series that appears where
    its target, or else the metric, had been scraped for a minute; one that was there from the
    beginning of the history has grown by nobody knows how much, which is not counted.
    """

    _last: dict[Labels, tuple[int, float]] = field(default_factory=dict)
    _targets: dict[Target, int] = field(default_factory=dict)
    _resets: dict[Target, int] = field(default_factory=dict)

    def know(self, series: Iterable[Series]) -> None:
        """Take what series showed last before the first piece."""
        for one in series:
            at = int(one.times[-1])
            self._last[_key(one)] = at, float(one.values[-1])
            self._targets.setdefault(_target(one), at - LONGEST_MS)

    def take(
        self, series: Iterable[Series], scrapes: Scrapes
    ) -> tuple[list[tuple[Series, Values]], set[int]]:
        """The increments of each series at its samples, and the instants of resets.

        `scrapes` has taken the piece already.
        """
        listed = [(one, _key(one), _target(one)) for one in series if len(one.times)]
        begun = self._targets.copy()
        for one, _, target in listed:
            begun[target] = min(begun.get(target, int(one.times[0])), int(one.times[0]))
        grown = []
        anew: dict[Target, set[int]] = defaultdict(set)
        resets: set[int] = set()
        for one, key, target in listed:
            if key in self._last:
                before = self._last[key][1]
            else:
                at = int(one.times[0])
                is_born = at - begun[target] >= LONGEST_MS or scrapes.went_on(at)
                before = 0.0 if is_born else float(one.values[0])
            steps = np.diff(one.values, prepend=before)
            fell = steps < 0
            steps[fell] = one.values[fell]
            resets.update(int(at) for at in one.times[fell])
            anew[target].update(int(at) for at in one.times[fell])
            if target in self._resets:
                anew[target].add(self._resets[target])
            grown.append((one, steps))
        for (one, key, target), (_, steps) in zip(listed, grown, strict=True):
            for n in self._absences(one, key):
                after = int(one.times[n - 1]) if n else self._last[key][0]
                if any(after < at <= one.times[n] for at in anew[target]):
                    # It was away while its process began anew: it counts from 0, however large.
                    steps[n] = one.values[n]
            self._last[key] = int(one.times[-1]), float(one.values[-1])
        self._targets = begun
        self._resets |= {target: max(found) for target, found in anew.items() if found}
        return grown, resets

    def _absences(self, one: Series, key: Labels) -> Iterator[int]:
        """The positions of samples before which the series was away for more than a minute."""
        if key in self._last and one.times[0] - self._last[key][0] > LONGEST_MS:
            yield 0
        for n in np.flatnonzero(np.diff(one.times) > LONGEST_MS):
            yield int(n) + 1


@dataclass(frozen=True, slots=True)
class Slot:
    """What a gauge showed in five minutes."""

    mean: float
    greatest: float
    scrapes: int


COMBINED: Mapping[str, Callable[..., Any]] = {
    "sum": np.nansum,
    "max": np.nanmax,
    "mean": np.nanmean,
}


@dataclass
class Gauge:
    """One gauge, piece after piece: several instances are one at each scrape of any of them.

    `how` is sum, max or mean; an instance counts with its last value, for a minute.
    """

    how: str
    _tails: dict[Labels, Series] = field(default_factory=dict)

    def take(self, series: Iterable[Series], start: int) -> Mapping[int, Slot]:
        """The slots of the next piece, which begins at `start`, by their first instant."""
        found = {_key(one): one for one in series if len(one.times)}
        for key, tail in self._tails.items():
            one = found.get(key)
            times = tail.times if one is None else np.concatenate([tail.times, one.times])
            values = tail.values if one is None else np.concatenate([tail.values, one.values])
            found[key] = Series(tail.labels, times, values)
        self._tails = {}
        if not found:
            return {}
        every = np.unique(np.concatenate([one.times for one in found.values()]))
        until = int(every[-1]) - LONGEST_MS
        for key, one in found.items():
            late = one.times >= until
            if late.any():
                self._tails[key] = Series(one.labels, one.times[late], one.values[late])
        every = every[every >= start]
        return _slots(every, self._at(every, list(found.values()))) if len(every) else {}

    def _at(self, times: Times, series: list[Series]) -> Values:
        if len(series) == 1:
            (one,) = series
            values: Values = one.values[len(one.values) - len(times) :]
            return values
        shown = np.full((len(series), len(times)), np.nan)
        for row, one in zip(shown, series, strict=True):
            n = np.searchsorted(one.times, times, side="right") - 1
            is_fresh = (n >= 0) & (times - one.times[n] <= LONGEST_MS)
            row[is_fresh] = one.values[n[is_fresh]]
        combined: Values = COMBINED[self.how](shown, axis=0)
        return combined


def _slots(times: Times, values: Values) -> dict[int, Slot]:
    of = times // SLOT_MS
    starts = np.concatenate([[0], np.flatnonzero(np.diff(of)) + 1])
    scrapes = np.diff(np.append(starts, len(times)))
    means = np.add.reduceat(values, starts) / scrapes
    # A mean of equal values is that value, whatever the rounding of their sum.
    greatest = np.maximum.reduceat(values, starts)
    means = np.clip(means, np.minimum.reduceat(values, starts), greatest)
    listed = zip(of[starts] * SLOT_MS, means, greatest, scrapes, strict=True)
    return {int(at): Slot(float(m), float(g), int(n)) for at, m, g, n in listed}


def _key(one: Series) -> Labels:
    return tuple(sorted(one.labels.items()))


def _target(one: Series) -> Target:
    return one.labels.get("job", ""), one.labels.get("instance", "")
