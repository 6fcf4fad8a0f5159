"""Counters that are scraped: series of samples, gaps, and what a counter grew by.

Pure, with the same result however a range of time is cut into pieces. Instants are milliseconds
since 1970.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# A gap is more than a minute; the second allows for the clocks of two scrapes.
LONGEST_MS = 61_000
# Prometheus itself goes on showing a series for this long.
STALE_MS = 300_000
# A fall by a smaller share is rounding: no counter restarts and comes back to where it was.
ROUNDING = 1e-6
# Two series that show this number or more at the same time are hardly two counters.
TELLING = 10.0

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Labels = tuple[tuple[str, str], ...]
Span = tuple[int, int]
Group = tuple[str, str]
NO_TIMES = np.empty(0, np.int64)
NEVER = (-STALE_MS - 1, 0.0)


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one series: labels without the name, ordered instants, and values."""

    labels: Mapping[str, str]
    times: Times
    values: Values

    @property
    def key(self) -> Labels:
        """The labels in order, which tell the series of a metric apart."""
        return tuple(sorted(self.labels.items()))


def add_series(found: dict[Labels, Series], one: Series) -> None:
    """Add samples to those of the same series; of an instant the first counts."""
    key = one.key
    if key in found:
        times = np.concatenate([found[key].times, one.times])
        values = np.concatenate([found[key].values, one.values])
        times, first = np.unique(times, return_index=True)
        one = Series(one.labels, times, values[first])
    found[key] = one


def bucket_bound(text: str) -> float | None:
    """Parse the upper bound of a bucket, its label le; None where that is no number."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if np.isnan(bound) else bound


@dataclass
class Scrapes:
    """The instants at which a metric was scraped, piece after piece, and its gaps.

    `since` is the first scrape after the last gap.
    """

    first: int | None = None
    last: int | None = None
    since: int | None = None
    _times: Times = field(default_factory=lambda: NO_TIMES)
    _starts: Times = field(default_factory=lambda: NO_TIMES)

    def take(self, times: Times, end: int) -> list[Span]:
        """Take the next piece: its gaps, from scrape to scrape or to the end of the piece."""
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

    def was_continuous(self, at: int) -> bool:
        """Whether the metric had been scraped for a minute, without a gap, just before an instant.

        Less proves nothing: where a history begins, targets are first seen at different moments.
        """
        n = int(np.searchsorted(self._times, at)) - 1
        if n < 0 or at - self._times[n] > LONGEST_MS:
            return False
        return bool(self._starts[n] <= at - LONGEST_MS)


class _Fit(NamedTuple):
    """An earlier series that one may show: the largest value that both show, -1 if it had ended."""

    largest: float
    nearness: float
    since: int
    value: float
    first: Labels


@dataclass
class Counter:
    """One counter, piece after piece: the increments of its series from scrape to scrape.

    `label` tells its series apart in the store. A value below the one before is a reset: it counts
    from 0. So does a series that appears where its target (instance, or else job), or else the
    metric, had been scraped for a minute, unless it goes on with another one: see `_joined`. The
    first value of a series that exists from the start of the history is not counted: its increment
    is unknown.
    """

    label: str
    _last: dict[Labels, tuple[int, float]] = field(default_factory=dict)
    _groups: dict[Group, set[Labels]] = field(default_factory=lambda: defaultdict(set))
    # The first and the latest scrape of each target, its latest reset, and when its series last
    # began anew under other labels.
    _targets: dict[str, int] = field(default_factory=dict)
    _until: dict[str, int] = field(default_factory=dict)
    _resets: dict[str, int] = field(default_factory=dict)
    _anew: dict[str, int] = field(default_factory=dict)
    # The first labels of the counter that a series shows, and the series that were compared.
    _first: dict[Labels, Labels] = field(default_factory=dict)
    _compared: set[Labels] = field(default_factory=set)

    def know(self, series: Iterable[Series]) -> None:
        """Take the last values of series before the first piece."""
        for one in series:
            self._targets.setdefault(_target(one), int(one.times[-1]) - LONGEST_MS)
            self._keep(one)

    def take(
        self, series: Iterable[Series], scrapes: Scrapes
    ) -> tuple[list[tuple[Series, Values]], set[int]]:
        """Take the next piece, which `scrapes` has taken already.

        Returns the increments of each series at its samples, and the instants of resets.
        """
        here = [one for one in series if len(one.times)]
        begun = self._targets.copy()
        for one in here:
            first, target = int(one.times[0]), _target(one)
            begun[target] = min(begun.get(target, first), first)
        listed = [(one, one.key, _target(one)) for one in self._joined(here, begun)]
        grown = []
        for one, key, target in listed:
            if key in self._last:
                before = self._last[key][1]
            else:
                at = int(one.times[0])
                is_born = at - begun[target] >= LONGEST_MS or scrapes.was_continuous(at)
                before = 0.0 if is_born else float(one.values[0])
            grown.append((one, _steps(one, before)))
        self._swap_back(grown)
        resets: dict[str, set[int]] = defaultdict(set)
        for (_, _, target), (one, steps) in zip(listed, grown, strict=True):
            fell = steps < 0
            steps[fell] = one.values[fell]
            resets[target].update(one.times[fell].tolist())
        for (one, key, target), (_, steps) in zip(listed, grown, strict=True):
            anew = (*resets[target], self._resets.get(target, 0))
            last = self._last[key][0] if key in self._last else one.times[0]
            earlier = np.insert(one.times, 0, last)
            # The samples before which the series was absent for more than a minute.
            for n in np.flatnonzero(np.diff(earlier) > LONGEST_MS):
                if any(earlier[n] < at <= one.times[n] for at in anew):
                    # It was absent while its process restarted: it counts from 0, however large.
                    steps[n] = one.values[n]
            self._keep(one)
        self._targets = begun
        self._resets |= {target: max(found) for target, found in resets.items() if found}
        return grown, set().union(*resets.values())

    def _keep(self, one: Series) -> None:
        at, target = int(one.times[-1]), _target(one)
        self._last[one.key] = at, float(one.values[-1])
        self._groups[self._group(one)].add(one.key)
        self._until[target] = max(at, self._until.get(target, 0))

    def _group(self, one: Series) -> Group:
        """What all series of one counter share, whatever their other labels."""
        value = one.labels.get(self.label, "")
        return str(bucket_bound(value)) if self.label == "le" else value, _target(one)

    def _swap_back(self, grown: Sequence[tuple[Series, Values]]) -> None:
        """Let two series count on that exchange their labels: one falls to where the other was."""
        falling = [(one, steps) for one, steps in grown if (steps < 0).any()]
        for (one, steps), (other, others) in product(falling, grown):
            is_same = self._group(one)[0] == self._group(other)[0]
            if is_same and one is not other and len(steps) == len(others):
                before, came_from = one.values - steps, other.values - others
                is_swapped = (steps < 0) & (before >= TELLING)
                is_swapped &= (other.values >= before) & (one.values >= came_from)
                steps[is_swapped] = (one.values - came_from)[is_swapped]
                others[is_swapped] = (other.values - before)[is_swapped]

    def _joined(self, listed: list[Series], begun: Mapping[str, int]) -> list[Series]:
        """The series of a piece; those that show one counter are joined under its first labels.

        A label that is added, dropped, renamed or spelled anew ends a series, and another one of
        its target goes on with no less. If one begins with less, their process began anew, and none
        goes on. Two jobs that scrape one target, or a label that one of two servers adds, show a
        counter twice: what one shows is always between what the other shows before and after.
        """
        found = self._join(listed)
        anew: dict[str, list[int]] = defaultdict(list)
        for key, one in found.items():
            fell = _steps(one, self._last.get(key, (0, one.values[0]))[1]) < 0
            anew[_target(one)] += one.times[fell].tolist()
        events = defaultdict(list)
        for key, fit in self._fits(found, begun):
            events[int(found[key].times[0]), _target(found[key])].append((key, fit))
        for (at, target), fits in sorted(events.items()):
            if any(fit.largest < 0 and fit.value > found[key].values[0] for key, fit in fits):
                self._anew[target] = at
            known = [*anew[target], self._anew.get(target, 0), self._resets.get(target, 0)]
            # Small numbers are equal by chance, unless larger ones beside them are equal, too.
            is_telling = max(fit.largest for _, fit in fits) >= TELLING
            for key, fit in fits:
                has_ended = fit.largest < 0 and not any(fit.since < t <= at for t in known)
                if has_ended or (fit.largest >= 0 and is_telling):
                    self._first[key] = first = self._first.get(fit.first, fit.first)
                    last = [self._last[k] for k in (key, first) if k in self._last]
                    self._last |= {first: max(last)} if last else {}
        self._compared |= found.keys()
        return list((self._join(listed) if events else found).values())

    def _join(self, listed: Iterable[Series]) -> dict[Labels, Series]:
        found: dict[Labels, Series] = {}
        for one in listed:
            first = self._first.get(one.key)
            add_series(found, one if first is None else replace(one, labels=dict(first)))
        return found

    def _fits(
        self, found: Mapping[Labels, Series], begun: Mapping[str, int]
    ) -> Iterator[tuple[Labels, _Fit]]:
        """What each series that begins, or was not compared yet, fits to best, if to any."""
        groups = defaultdict(set)
        for key, one in found.items():
            groups[self._group(one)].add(key)
        for group, here in groups.items():
            keys = here | self._groups[group]
            ended = ((k, self._last.get(k, NEVER)[0]) for k in here if len(keys) > 1)
            new = {k for k, at in ended if found[k].times[0] - at > STALE_MS}
            begins = {k: (int(found[k].times[0]), -float(found[k].values[0])) for k in new}
            taken: set[Labels] = set()
            before: list[Labels] = []
            for key in sorted(keys, key=lambda k: (begins.get(k, NEVER), k)):
                # Where the target itself begins, its series do.
                is_new = key in new and begins[key][0] > begun[group[1]]
                fits = [
                    fit
                    for first in (before if is_new or key in here - self._compared else ())
                    if first not in taken and (is_new or _agree(first, key, self.label))
                    if (fit := self._fit(first, key, found)) and (is_new or fit.largest >= 0)
                ]
                if fits:
                    taken.add(max(fits).first)
                    yield key, max(fits)
                before.append(key)

    def _fit(self, first: Labels, key: Labels, found: Mapping[Labels, Series]) -> _Fit | None:
        one, at = found[key], int(found[key].times[0])
        last = [self._last[first]] if first in self._last else []
        beside = [found[first]] if first in found else []
        times = np.concatenate([*([t] for t, _ in last), *(s.times for s in beside)])
        values = np.concatenate([*([v] for _, v in last), *(s.values for s in beside)])
        below = np.searchsorted(times, one.times, side="right") - 1
        above = np.searchsorted(times, one.times)
        if below[0] < 0:
            return None
        since, value = int(times[below[0]]), float(values[below[0]])
        nearness = -abs(float(one.values[0]) - value)
        if above[0] < len(times) and times[above[0]] < at + STALE_MS:
            both = above < len(times)
            shown, low, high = one.values[both], values[below[both]], values[above[both]]
            # Between a sample and one after a reset it may be either.
            is_shown = ((low <= shown) & (shown <= high)) | (low > high)
            return _Fit(shown.max(), nearness, since, value, first) if is_shown.all() else None
        # What ended long ago is gone on with if its target was not scraped since; and a series that
        # was there before has a value of its own to go on with.
        is_old = at - since > STALE_MS and self._until.get(_target(one), 0) > since
        own = self._last[key][1] if key in self._last else None
        if is_old or (own is not None and not own <= value <= one.values[0]):
            return None
        return _Fit(-1.0, nearness, since, value, first)


def _target(one: Series) -> str:
    return one.labels.get("instance") or one.labels.get("job", "")


def _agree(one: Labels, other: Labels, label: str) -> bool:
    """Whether two series have the same value of each label that both have."""
    ours = dict(one)
    return all(ours.get(n, value) == value or n in {"job", label} for n, value in other)


def _steps(one: Series, before: float) -> Values:
    """The differences of the samples of a series; a fall that is rounding is none."""
    steps: Values = np.diff(one.values, prepend=before)
    steps[(steps < 0) & (-steps <= ROUNDING * (one.values - steps))] = 0.0
    return steps
