"""The platform's metrics, piece after piece of time, as what is kept of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from core.base.fields import FieldProblem
from core.base.settings import PrometheusSource
from core.ingest.clients.prometheus import Series, Times, quoted
from core.ingest.parse.scrapes import Counter, Gauge, Scrapes, Slot, bucket_bound

GAP, RESET = "gap", "reset"
# What a problem with a metric is noted under.
METRIC = "metric"
# By what the series of a metric are told apart, and how several instances are one. A queue has one
# depth, whoever reports it; workers are those of all instances.
COUNTERS = {"requests_total": "status", "duration_bucket": "le"}
GAUGES: Mapping[str, tuple[str, str]] = {
    "success_rate": ("", "mean"),
    "queue_depth": ("queue_name", "max"),
    "worker_active": ("worker_type", "sum"),
}
WORKERS, UTILISATION = "worker_active", "worker_utilisation"


@dataclass(frozen=True)
class MetricRead:
    """A metric as it is read: its name, the selector of its series, and their names in the store.

    `series` grows with each that is met; those of an earlier name of the metric stay.
    """

    name: str
    selector: str
    series: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """What was read of one metric: its series, and when it was scraped, whoever's series it was."""

    series: tuple[Series, ...] = ()
    scrapes: Times = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def times(self) -> Times:
        """Every instant at which it was scraped."""
        own = {id(one.times): one.times for one in self.series}
        return np.unique(np.concatenate([self.scrapes, *own.values()]))


@dataclass
class Scraped:
    """What a time has to tell, up to and without `end`; instants in milliseconds since 1970.

    `metrics` are all that were asked for, by what they are to the platform. `begins` is where the
    very first scrape lies; None where there were some before.
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
        """Without what lies before an instant."""
        return replace(
            self,
            start=start,
            increments={key: grown for key, grown in self.increments.items() if key[1] >= start},
            slots={key: slot for key, slot in self.slots.items() if key[1] >= start},
            gaps={gap for gap in self.gaps if gap[3] >= start},
            begins=begins,
        )

    def note(self, source_id: str, name: str, reason: str, value: str = "") -> None:
        """Note what could not be read, once."""
        problem = FieldProblem(METRIC, source_id, name, value, reason)
        self.problems.setdefault((source_id, name), problem)


class PlatformReader:
    """Takes the pieces of all metrics in the order of time.

    `metrics` has for each the name and the selector; `workers` is how many there are in all.
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
        """Take what a counter's series showed last before the first piece."""
        self._counters[key].know(one for one in series if np.isfinite(one.values).all())

    def take(self, pieces: Mapping[str, Piece], start: int, end: int) -> Scraped:
        """What the next pieces have to tell."""
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
            self._meet(key, text)
            for n in np.flatnonzero(steps):
                found.increments[text, int(one.times[n])] += float(steps[n])

    def _measure(self, found: Scraped, key: str, piece: Piece) -> None:
        name = self.metrics[key].name
        label, how = GAUGES[key]
        series = [_usable(found, name, one) for one in piece.series]
        by_text: dict[str, list[Series]] = {text: [] for text in self.metrics[key].series}
        for one in series:
            value = one.labels.get(label, "")
            text = f"{name}{{{label}={quoted(value)}}}" if value else name
            by_text.setdefault(text, []).append(one)
        for text, some in by_text.items():
            self._slots(found, key, text, how, some)
        if key == WORKERS and self._workers is not None:
            share = [Series(s.labels, s.times, s.values / self._workers) for s in series]
            self._slots(found, UTILISATION, UTILISATION, "sum", share)

    def _slots(
        self, found: Scraped, key: str, text: str, how: str, series: Iterable[Series]
    ) -> None:
        slots = self._gauges.setdefault(text, Gauge(how)).take(series, found.start)
        if slots:
            self._meet(key, text)
        found.slots |= {(text, at): slot for at, slot in slots.items()}

    def _meet(self, key: str, text: str) -> None:
        metric = self.metrics[key]
        if text not in metric.series:
            self.metrics[key] = replace(metric, series=tuple(sorted({*metric.series, text})))


def _usable(found: Scraped, name: str, one: Series, *, least: float = -np.inf) -> Series:
    """The samples that are numbers, of a counter those from 0 up."""
    fine = np.isfinite(one.values) & (one.values >= least)
    if fine.all():
        return one
    listed = ",".join(f"{label}={quoted(value)}" for label, value in sorted(one.labels.items()))
    text = f"{name}{{{listed}}}" if listed else name
    odd = f"{one.values[~fine][0]:g}"
    found.note(text, "value", "samples that are no number were left out", odd)
    return Series(one.labels, one.times[fine], one.values[fine])


def _counter_text(found: Scraped, name: str, label: str, one: Series) -> str | None:
    """How a counter's series is named in the store; None, noted, where it cannot be told."""
    value = one.labels.get(label, "")
    if label == "le" and value:
        bound = bucket_bound(value)
        if bound is None:
            found.note(f"{name}{{le={quoted(value)}}}", "le", "it is no number", value)
            return None
        value = "+Inf" if bound == np.inf else f"{bound:.12g}"
    if not value:
        found.note(name, label, f"some series have no label {label}, and were left out")
        return None
    return f"{name}{{{label}={quoted(value)}}}"


def metrics_of(source: PrometheusSource) -> dict[str, str]:
    """The names of the metrics that are read, by what they are to the platform."""
    names = {key: getattr(source, key) for key in (*COUNTERS, *GAUGES)}
    return {key: name for key, name in names.items() if name}
