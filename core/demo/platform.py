"""What a Prometheus would have scraped of the demo's ticket enhancer: it follows from the runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from core.base.counters import Series
from core.base.settings import PrometheusSource
from core.demo.enhancer import bad_day, days
from core.demo.world import World
from core.ingest.clients.prometheus import Piece, selector
from core.ingest.parse.prometheus import MetricRead, PlatformReader, Scraped, metrics_of

BOUNDS = (5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, np.inf)
EACH_MS = 60_000
KEPT_DAYS = 35
WORKERS = 8
# The deployment begins the counters anew, and later nothing is scraped for a while.
DEPLOYED = time(10)
NOT_SCRAPED = time(11, 20), timedelta(minutes=25)
BAD_HOURS = timedelta(hours=5)
# What waits and what is worked on follow from the runs of the last half hour.
BUSY_MS = 30 * 60_000
STUCK = 4

Times = npt.NDArray[np.int64]
Counts = npt.NDArray[np.float64]


def scraped(world: World, account: str, runs: Sequence[Mapping[str, Any]]) -> Scraped:
    """The metrics of the runs, scraped once a minute, as far back as the server keeps them."""
    start = _ms(datetime.combine(days(world)[-KEPT_DAYS], time(), world.zone))
    end = _ms(world.now)
    deployed = _ms(datetime.combine(bad_day(world), DEPLOYED, world.zone))
    missed = _ms(datetime.combine(bad_day(world), NOT_SCRAPED[0], world.zone))
    times = np.arange(start, end, EACH_MS, dtype=np.int64)
    is_missed = (times >= missed) & (times < missed + NOT_SCRAPED[1] // timedelta(milliseconds=1))
    times = times[~is_missed]
    done = [(_ms(run["completed_at"]), run) for run in runs if run["completed_at"] is not None]

    def counter(labels: dict[str, str], ended: Sequence[int]) -> Series:
        return Series(labels, times, _counted(times, np.sort(np.array(ended)), deployed))

    completed = [(at, run) for at, run in done if run["status"] == "completed"]
    requests = tuple(
        counter({"status": status}, [at for at, run in done if run["status"] == status])
        for status in ("completed", "failed")
    )
    durations = tuple(
        counter(
            {"le": "+Inf" if bound == np.inf else f"{bound:g}"},
            [at for at, run in completed if (run["processing_time_ms"] or 0) <= bound * 1_000],
        )
        for bound in BOUNDS
    )
    waiting, active = _load(times, runs, deployed)
    source = PrometheusSource(url="http://demo", tenant_id=account, success_rate="")
    metrics = {
        key: MetricRead(name, selector(name, **{source.tenant_label: account}))
        for key, name in metrics_of(source).items()
    }
    pieces = {
        "requests_total": Piece(requests),
        "duration_bucket": Piece(durations),
        "queue_depth": Piece((Series({"queue_name": "enhancement"}, times, waiting),)),
        "worker_active": Piece((Series({"worker_type": "enhancer"}, times, active),)),
    }
    found = PlatformReader(metrics, WORKERS).take(pieces, start, end)
    return found.since(start, start)


def _counted(times: Times, ended: Times, deployed: int) -> Counts:
    """How many had ended at each scrape, since the process began."""
    counts = np.searchsorted(ended, times, side="right")
    before = np.searchsorted(ended, deployed, side="right")
    return np.where(times > deployed, counts - before, counts).astype(np.float64)


def _load(times: Times, runs: Sequence[Mapping[str, Any]], bad: int) -> tuple[Counts, Counts]:
    """How many runs wait and how many workers are active, at each scrape."""
    created = np.sort(np.array([_ms(run["created_at"]) for run in runs], dtype=np.int64))
    lately = np.searchsorted(created, times, side="right")
    lately -= np.searchsorted(created, times - BUSY_MS, side="right")
    is_bad = (times >= bad) & (times < bad + BAD_HOURS // timedelta(milliseconds=1))
    waiting = np.maximum(lately - 3, 0) * np.where(is_bad, STUCK, 1)
    return waiting.astype(np.float64), np.minimum(lately, WORKERS).astype(np.float64)


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000)
