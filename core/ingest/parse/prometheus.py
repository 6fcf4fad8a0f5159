"""Parsers of the platform's metrics: raw samples to increments, slots of gauges, gaps and resets.

Pure, with the same result however a range of time is cut into pieces. Instants are milliseconds
since 1970.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from core.base.fields import FieldProblem
from core.base.settings import PrometheusSource
from core.ingest.clients.prometheus import Labels, Piece, Series, Times, Values, selector

# A gap is more than a minute; the second allows for the clocks of two scrapes.
LONGEST_MS = 61_000
SLOT_MS = 300_000

Target = tuple[str, str]
Span = tuple[int, int]
NO_TIMES = np.empty(0, np.int64)
GAP, RESET = "gap", "reset"
# The entity of a problem with a metric.
METRIC = "metric"
# The label that tells the series of a metric apart, and how instances are combined. A queue has one
# depth, whichever instance reports it; workers are those of all instances.
COUNTERS = {"requests_total": "status", "duration_bucket": "le"}
GAUGES: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "success_rate": ("", np.nanmean),
    "queue_depth": ("queue_name", np.nanmax),
    "worker_active": ("worker_type", np.nansum),
}
WORKERS, UTILISATION = "worker_active", "worker_utilisation"


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


@dataclass
class Counter:
    """One counter, piece after piece: the increments of its series from scrape to scrape.

    A value below the one before is a reset: it counts from 0. So does a series that appears where
    its target, or else the metric, had been scraped for a minute. The first value of a series that
    exists from the start of the history is not counted: its increment is unknown.
    """

    _last: dict[Labels, tuple[int, float]] = field(default_factory=dict)
    _targets: dict[Target, int] = field(default_factory=dict)
    _resets: dict[Target, int] = field(default_factory=dict)

    def know(self, series: Iterable[Series]) -> None:
        """Take the last values of series before the first piece."""
        for one in series:
            at = int(one.times[-1])
            self._last[one.key] = at, float(one.values[-1])
            self._targets.setdefault(_target(one), at - LONGEST_MS)

    def take(
        self, series: Iterable[Series], scrapes: Scrapes
    ) -> tuple[list[tuple[Series, Values]], set[int]]:
        """Take the next piece, which `scrapes` has taken already.

        Returns the increments of each series at its samples, and the instants of resets.
        """
        listed = [(one, one.key, _target(one)) for one in series if len(one.times)]
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
                is_born = at - begun[target] >= LONGEST_MS or scrapes.was_continuous(at)
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
                    # It was absent while its process restarted: it counts from 0, however large.
                    steps[n] = one.values[n]
            self._last[key] = int(one.times[-1]), float(one.values[-1])
        self._targets = begun
        self._resets |= {target: max(found) for target, found in anew.items() if found}
        return grown, resets

    def _absences(self, one: Series, key: Labels) -> Iterator[int]:
        """The positions of samples before which the series was absent for more than a minute."""
        if key in self._last and one.times[0] - self._last[key][0] > LONGEST_MS:
            yield 0
        for n in np.flatnonzero(np.diff(one.times) > LONGEST_MS):
            yield int(n) + 1


class Slot(NamedTuple):
    """The values of a gauge in five minutes: mean, greatest, and the number of scrapes."""

    mean: float
    greatest: float
    scrapes: int


@dataclass
class Gauge:
    """One gauge, piece after piece: its instances are combined at each scrape of any of them.

    `combine` is of numpy; an instance counts with its last value, for a minute.
    """

    combine: Callable[..., Any]
    _tails: dict[Labels, Series] = field(default_factory=dict)

    def take(self, series: Iterable[Series], start: int) -> Mapping[int, Slot]:
        """Take the next piece, which begins at `start`: its slots by their first instant."""
        found = {one.key: one for one in series if len(one.times)}
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
        combined: Values = self.combine(shown, axis=0)
        return combined


def _slots(times: Times, values: Values) -> dict[int, Slot]:
    of = times // SLOT_MS
    starts = np.concatenate([[0], np.flatnonzero(np.diff(of)) + 1])
    scrapes = np.diff(np.append(starts, len(times)))
    means = np.add.reduceat(values, starts) / scrapes
    # A mean of equal values is that value, despite the rounding of their sum.
    greatest = np.maximum.reduceat(values, starts)
    means = np.clip(means, np.minimum.reduceat(values, starts), greatest)
    listed = zip(of[starts] * SLOT_MS, means, greatest, scrapes, strict=True)
    return {int(at): Slot(float(m), float(g), int(n)) for at, m, g, n in listed}


def _target(one: Series) -> Target:
    return one.labels.get("job", ""), one.labels.get("instance", "")


@dataclass(frozen=True)
class MetricRead:
    """A metric: its name, the selector of its series, and their names in the store.

    `series` grows with each new one; those of an earlier name of the metric stay.
    """

    name: str
    selector: str
    series: Sequence[str] = field(default_factory=list)


@dataclass
class Scraped:
    """The readings of a range of time, without `end`; instants in milliseconds since 1970.

    `metrics` are all that were requested, by their role in the platform. `begins` is the very first
    scrape; None where there were some before.
    """

    start: int
    end: int
    metrics: Mapping[str, MetricRead]
    increments: dict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))
    slots: dict[tuple[str, int], Slot] = field(default_factory=dict)
    # Metric, kind, from and to.
    gaps: set[tuple[str, str, int, int]] = field(default_factory=set)
    problems: dict[tuple[str, str], FieldProblem] = field(default_factory=dict)
    begins: int | None = None

    def since(self, start: int, begins: int | None) -> "Scraped":
        """Drop the readings before an instant."""
        return replace(
            self,
            start=start,
            increments={key: grown for key, grown in self.increments.items() if key[1] >= start},
            slots={key: slot for key, slot in self.slots.items() if key[1] >= start},
            gaps={gap for gap in self.gaps if gap[3] >= start},
            begins=begins,
        )

    def note(self, source_id: str, name: str, reason: str, value: str = "") -> None:
        """Note once that something could not be read."""
        problem = FieldProblem(METRIC, source_id, name, value, reason)
        self.problems.setdefault((source_id, name), problem)


class PlatformReader:
    """Reader of the pieces of all metrics, in the order of time.

    `workers` is the number of workers in all, for their utilisation; None where it is unknown.
    """

    def __init__(self, metrics: Mapping[str, MetricRead], workers: int | None = None) -> None:
        self.metrics = dict(metrics)
        self.scrapes = {key: Scrapes() for key in metrics if key != UTILISATION}
        self._workers = workers
        self._counters = {key: Counter() for key in metrics if key in COUNTERS}
        self._gauges: dict[str, Gauge] = {}
        if workers is not None and WORKERS in metrics:
            known = metrics.get(UTILISATION, MetricRead(UTILISATION, metrics[WORKERS].selector))
            self.metrics[UTILISATION] = known

    def know(self, key: str, series: Iterable[Series]) -> None:
        """Take the last values of a counter's series before the first piece."""
        self._counters[key].know(one for one in series if np.isfinite(one.values).all())

    def take(self, pieces: Mapping[str, Piece], start: int, end: int) -> Scraped:
        """Take the next piece of each metric, and return their readings."""
        found = Scraped(start, end, self.metrics)
        for key, piece in pieces.items():
            name = self.metrics[key].name
            for a, b in self.scrapes[key].take(piece.times, end):
                found.gaps.add((name, GAP, a, b))
            if key in COUNTERS:
                self._count(found, key, piece)
            else:
                self._measure(found, key, piece)
        found.metrics = self.metrics
        return found

    def _count(self, found: Scraped, key: str, piece: Piece) -> None:
        name, label = self.metrics[key].name, COUNTERS[key]
        series = [_usable(found, name, one, least=0.0) for one in piece.series]
        grown, resets = self._counters[key].take(series, self.scrapes[key])
        for at in resets:
            found.gaps.add((name, RESET, at, at))
        for one, steps in grown:
            text = _counter_text(found, name, label, one)
            if text is None:
                continue
            self._add_series(key, text)
            for n in np.flatnonzero(steps):
                found.increments[text, int(one.times[n])] += float(steps[n])

    def _measure(self, found: Scraped, key: str, piece: Piece) -> None:
        name = self.metrics[key].name
        label, combine = GAUGES[key]
        series = [_usable(found, name, one) for one in piece.series]
        by_text: dict[str, list[Series]] = {text: [] for text in self.metrics[key].series}
        for one in series:
            value = one.labels.get(label, "")
            text = selector(name, **{label: value}) if value else name
            by_text.setdefault(text, []).append(one)
        for text, some in by_text.items():
            self._slots(found, key, text, Gauge(combine), some)
        if key == WORKERS and self._workers is not None:
            share = [Series(s.labels, s.times, s.values / self._workers) for s in series]
            self._slots(found, UTILISATION, UTILISATION, Gauge(np.nansum), share)

    def _slots(
        self, found: Scraped, key: str, text: str, new: Gauge, series: Iterable[Series]
    ) -> None:
        slots = self._gauges.setdefault(text, new).take(series, found.start)
        if slots:
            self._add_series(key, text)
        found.slots |= {(text, at): slot for at, slot in slots.items()}

    def _add_series(self, key: str, text: str) -> None:
        metric = self.metrics[key]
        if text not in metric.series:
            self.metrics[key] = replace(metric, series=sorted({*metric.series, text}))


def _usable(found: Scraped, name: str, one: Series, *, least: float = -np.inf) -> Series:
    """Keep the samples that are finite numbers, for a counter those from 0 up."""
    fine = np.isfinite(one.values) & (one.values >= least)
    if fine.all():
        return one
    odd = f"{one.values[~fine][0]:g}"
    found.note(
        selector(name, **dict(one.key)), "value", "samples that are no number were left out", odd
    )
    return Series(one.labels, one.times[fine], one.values[fine])


def _counter_text(found: Scraped, name: str, label: str, one: Series) -> str | None:
    """The name of a counter's series in the store; None, noted, without a usable label."""
    value = one.labels.get(label, "")
    if label == "le" and value:
        bound = bucket_bound(value)
        if bound is None:
            found.note(selector(name, le=value), "le", "it is no number", value)
            return None
        value = "+Inf" if bound == np.inf else f"{bound:.12g}"
    if not value:
        found.note(name, label, f"some series have no label {label}, and were left out")
        return None
    return selector(name, **{label: value})


def metrics_of(source: PrometheusSource) -> dict[str, str]:
    """The configured names of the metrics, by their role in the platform."""
    names = {key: getattr(source, key) for key in (*COUNTERS, *GAUGES)}
    return {key: name for key, name in names.items() if name}
