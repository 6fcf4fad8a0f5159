"""Synchronisation of the platform's metrics with Prometheus, in pieces of some hours.

A piece is written as a unit, with the time that it covers: a run that ends early leaves whole
pieces, and the next one continues there. The last minutes are always read again, as samples may
arrive late.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Unpack

from core.base import clock
from core.base.fields import FieldProblem
from core.base.settings import PrometheusSource, TestioAccount
from core.ingest.clients.concurrency import Workers
from core.ingest.clients.http import ClientOptions
from core.ingest.clients.prometheus import (
    connect,
    fetch_label_values,
    fetch_last_values,
    fetch_piece,
    selector,
)
from core.ingest.parse.prometheus import (
    COUNTERS,
    GAP,
    METRIC,
    SLOT_MS,
    UTILISATION,
    MetricRead,
    PlatformReader,
    Scraped,
    metrics_of,
)
from core.ingest.save.platform import instant, save_scraped
from core.ingest.sync.history import READ, rows_of
from core.ingest.sync.run import OnProgress, Run, SyncReport, record_run, summary
from core.store import PROMETHEUS, AccountSetting, ScrapeGap, ScrapeSpan, Store, table

SOURCE = "prometheus"
PIECE_MS = 6 * 3_600_000
# Samples arrive a moment after their instant, and those of some senders minutes later.
SETTLED = timedelta(seconds=30)
AGAIN_MS = 10 * 60_000
# Read before the first piece, and not written: the state of gauges and scrapes at its start.
LEAD_MS = SLOT_MS
# Lookback for the last value of a counter that was not scraped for a while.
FAR_BACK = "7d"


def sync_prometheus(
    store: Store,
    account: TestioAccount,
    *,
    full: bool = False,
    on_progress: OnProgress | None = None,
    now: datetime | None = None,
    **options: Unpack[ClientOptions],
) -> SyncReport:
    """Read the account's Prometheus from the end of the last run, or (`full`) all its history.

    Failures become the report's status. `now` is the end of the time read, by default the present.
    """
    source = account.prometheus
    until = (now or clock.now() - SETTLED).astimezone(UTC)

    def read(run: Run) -> SyncReport:
        if source is None:
            return run.fail(f"The account {account.id!r} has no PROMETHEUS_URL: set its address.")
        with connect(source, **options) as client, Workers(client) as workers:
            run.client = client
            reading = _Reading(run, workers, source, until)
            try:
                reading.read(full=full)
            finally:
                run.note(*reading.problems.values())
        return run.finish(_message, (METRIC,))

    return record_run(store, account, SOURCE, on_progress, read)


class _Reading:
    """One run on one server: fetches pieces of every metric, and writes them in order."""

    def __init__(
        self, run: Run, workers: Workers, source: PrometheusSource, until: datetime
    ) -> None:
        self._run, self._workers, self._source = run, workers, source
        self._end = _ms(until)
        self._horizon = (self._end - source.history_days * 86_400_000) // SLOT_MS * SLOT_MS
        stored = run.scope.get(AccountSetting, PROMETHEUS)
        self._known = {
            key: MetricRead(**metric) for key, metric in (stored.value if stored else {}).items()
        }
        spans = run.scope.objects(ScrapeSpan)
        first = min((_ms(span.from_at) for span in spans), default=0)
        last = max((_ms(span.to_at) for span in spans), default=0)
        self._stored = (first, last) if spans else None
        # Metrics whose series carry a tenant label: other tenants have series there too.
        self._shared: set[str] = set()
        # Whether the server has samples from before the next piece.
        self._begun = False
        self.problems: dict[tuple[str, str], FieldProblem] = {}

    def read(self, *, full: bool) -> None:
        """Read and write piece after piece; each problem is noted once in `problems`."""
        start = self._horizon
        if self._stored is not None and not full and self._stored[1] > start:
            start = max(start, (self._stored[1] - AGAIN_MS) // SLOT_MS * SLOT_MS)
            self._begun = True
        self._run.progress("metrics", 0, None, "Looking for the metrics")
        metrics = self._find_metrics()
        self._reader = PlatformReader(metrics, self._source.workers)
        self._prepare(metrics, start)
        # A server without samples where the last run ended has been replaced: it begins anew.
        self._begun &= any(s.last is not None for s in self._reader.scrapes.values())
        total = max(self._end - start, 1)
        while start < self._end:
            end = min((start // PIECE_MS + 1) * PIECE_MS, self._end)
            self._write(self._take(metrics, start, end))
            start = end
            text = f"Samples until {instant(start):%d %b, %H:%M} UTC read"
            self._run.progress("samples", total - (self._end - start), total, text)

    def _find_metrics(self) -> dict[str, MetricRead]:
        """Find the selector of each metric; one that the server lacks is noted."""
        label, tenant = self._source.tenant_label, self._source.tenant_id
        found = {}
        for key, name in metrics_of(self._source).items():
            values = self._labelled(label, name) if tenant else []
            if any(values):
                self._shared.add(key)
            chosen = selector(name, **({label: tenant} if any(values) else {}))
            if not (tenant in values if any(values) else self._labelled("__name__", chosen)):
                reason = (
                    f"the server has had no such series in {self._source.history_days} days: check "
                    f'{key} and tenant_id of [prometheus], or set {key} = "" to do without'
                )
                self._note(chosen, "series", reason)
            series = self._known[key].series if key in self._known else []
            found[key] = MetricRead(name, chosen, series)
        return found | {k: v for k, v in self._known.items() if k == UTILISATION}

    def _labelled(self, label: str, series: str) -> list[str]:
        times = (self._horizon, self._end)
        return self._run.result_of(self._workers.submit(fetch_label_values, label, series, *times))

    def _prepare(self, metrics: Mapping[str, MetricRead], start: int) -> None:
        """Give the reader the state before the first piece."""
        lead = start - LEAD_MS
        for key in [key for key in COUNTERS if key in metrics]:
            chosen = metrics[key].selector
            request = self._workers.submit(fetch_last_values, chosen, lead, FAR_BACK)
            self._reader.know(key, self._run.result_of(request))
        self._take(metrics, lead, start)
        gap, at = table(ScrapeGap).c, instant(start)
        is_open = (gap.kind == GAP, gap.from_at < at, gap.to_at >= at)
        latest_first = self._run.scope.objects(ScrapeGap, *is_open, order_by=[gap.from_at.desc()])
        opened = {found.series: _ms(found.from_at) for found in latest_first}
        for key, scrapes in self._reader.scrapes.items():
            name = self._reader.metrics[key].name
            if scrapes.last is None and name in opened:
                scrapes.last = scrapes.since = opened[name]

    def _take(self, metrics: Mapping[str, MetricRead], start: int, end: int) -> Scraped:
        """Request a piece of every metric, and take it in."""
        requests = {}
        for key in self._reader.scrapes:
            metric = metrics[key]
            shared = metric.name if key in self._shared else None
            request = self._workers.submit(fetch_piece, metric.selector, start, end, shared=shared)
            requests[key] = request
        pieces = {}
        for key, future in requests.items():
            pieces[key] = piece = self._run.result_of(future)
            if piece.remarks:
                self._note(metrics[key].selector, "answer", "; ".join(piece.remarks))
        found = self._reader.take(pieces, start, end)
        self.problems |= found.problems
        return found

    def _write(self, found: Scraped) -> None:
        """Write a piece, the first one from the begin of the server's samples on.

        Stored readings from before that stay: the server has dropped its own.
        """
        if not self._begun:
            begins = [one.first for one in self._reader.scrapes.values() if one.first is not None]
            if not begins:
                return
            self._begun = True
            first = max(min(begins), found.start)
            slot = first // SLOT_MS * SLOT_MS
            if self._stored is not None and self._stored[0] < first <= self._stored[1]:
                found = found.since(slot + SLOT_MS if slot > found.start else slot, None)
            else:
                found = found.since(slot, first)
        self._run.write(partial(save_scraped, scraped=found))

    def _note(self, source_id: str, name: str, reason: str) -> None:
        self.problems[source_id, name] = FieldProblem(METRIC, source_id, name, "", reason)


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000)


def _message(report: SyncReport) -> str:
    tables = ("counter_increment", "gauge_reading")
    read = rows_of(report.counts, READ, tables)
    return summary(report, f"{read:,} readings of the platform's metrics", tables)
