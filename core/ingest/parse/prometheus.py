"""Parsers of the platform's metrics: raw samples to increments, slots of gauges, gaps and resets.

Pure, with the same result however a range of time is cut into pieces. Instants are milliseconds
since 1970.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from core.base.counters import (
    LONGEST_MS,
    Counter,
    Labels,
    Scrapes,
    Series,
    Times,
    Values,
    add_series,
    bucket_bound,
)
from core.base.fields import FieldProblem
from core.base.settings import PrometheusSource
from core.ingest.clients.prometheus import Piece, selector

SLOT_MS = 300_000

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
    _tails: list[Series] = field(default_factory=list)

    def take(self, series: Iterable[Series], start: int) -> Mapping[int, Slot]:
        """Take the next piece, which begins at `start`: its slots by their first instant."""
        found = {one.key: one for one in series if len(one.times)}
        for tail in self._tails:
            add_series(found, tail)
        if not found:
            return {}
        times = np.unique(np.concatenate([one.times for one in found.values()]))
        until = int(times[-1]) - LONGEST_MS
        late = [(one, one.times >= until) for one in found.values() if one.times[-1] >= until]
        self._tails = [Series(one.labels, one.times[n], one.values[n]) for one, n in late]
        times = times[times >= start]
        shown = np.full((len(found), len(times)), np.nan)
        for row, one in zip(shown, found.values(), strict=True):
            n = np.searchsorted(one.times, times, side="right") - 1
            is_fresh = (n >= 0) & (times - one.times[n] <= LONGEST_MS)
            row[is_fresh] = one.values[n[is_fresh]]
        return _slots(times, self.combine(shown, axis=0)) if len(times) else {}


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


@dataclass(frozen=True)
class MetricRead:
    """A metric: its name, the selector of its series, and their names in the store.

    `series` grows with each new one; those of an earlier name of the metric stay. A utilisation is
    a share of so many `workers`.
    """

    name: str
    selector: str
    series: Sequence[str] = field(default_factory=list)
    workers: int | None = None


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
        self._counters = {key: Counter(COUNTERS[key]) for key in metrics if key in COUNTERS}
        self._gauges: dict[str, Gauge] = {}
        if workers is not None and WORKERS in metrics:
            known = metrics.get(UTILISATION, MetricRead(UTILISATION, ""))
            each = metrics[WORKERS].selector
            self.metrics[UTILISATION] = replace(known, selector=each, workers=workers)

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
        if label == "le":
            _check_buckets(found, name, series)

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


def _check_buckets(found: Scraped, name: str, series: Iterable[Series]) -> None:
    """Note histograms without a bucket for all, with other bounds than before, or that contradict.

    A bucket holds what the ones below it hold, so it counts no less.
    """
    histograms: dict[Labels, list[tuple[float, Series]]] = defaultdict(list)
    for one in series:
        bound = bucket_bound(one.labels.get("le", ""))
        if bound is not None and len(one.times):
            histograms[tuple(pair for pair in one.key if pair[0] != "le")].append((bound, one))
    for labels, buckets in histograms.items():
        latest, reason, value = max(one.times[-1] for _, one in buckets), "", ""
        counts = {bound: one.values[-1] for bound, one in buckets if one.times[-1] == latest}
        for low, high in pairwise(sorted(counts)):
            if counts[low] > counts[high]:
                reason = "buckets contradict each other: a higher one counts less"
                value = f"{counts[low]:g} up to {low:g} s, {counts[high]:g} up to {high:g} s"
        if np.inf not in counts:
            reason = 'there is no bucket le="+Inf", which counts all runs'
        elif not counts.keys() >= {bound for bound, _ in buckets}:
            reason = "its bounds have changed: quantiles over the time before and after are rough"
        if reason:
            found.note(selector(name, **dict(labels)), "le", reason, value)


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
