"""Reading a real Prometheus: what is stored is the truth that made its history."""

import json
import random
import urllib.parse
import urllib.request
from bisect import bisect_right
from datetime import UTC, datetime
from math import inf

import pytest

from core.analytics.exclusions import Excluded
from core.base.settings import PrometheusSource, TestioAccount
from core.criteria import histogram
from core.criteria.platform import platform_reading
from core.ingest.sync.prometheus import sync_prometheus
from core.store import (
    CounterIncrement,
    GaugeReading,
    Scope,
    ScrapeGap,
    ScrapeSpan,
    SyncProblem,
    table,
)
from tests.ingest.conftest import FAST
from tests.prometheus import History

BASE = 1_700_006_400  # a multiple of two hours, as the server's blocks are
HOURS = 8
END = BASE + HOURS * 3_600
BOUNDS = (1.0, 5.0, 10.0)
MODELS = (CounterIncrement, GaugeReading, ScrapeSpan, ScrapeGap)


def at(seconds):
    return datetime.fromtimestamp(BASE + seconds, UTC)


def scrapes(first=0, last=HOURS * 3_600, each=15, without=()):
    """Instants in seconds from the base, but for those in the times left out."""
    every = range(first, last, each)
    return [s for s in every if not any(a <= s < b for a, b in without)]


def counted(events, instants, restarts=()):
    """A counter over events at scrapes; it begins anew at each restart."""
    values = []
    for s in instants:
        since = max((r for r in restarts if r < s), default=-1)
        values.append((BASE + s, bisect_right(events, s) - bisect_right(events, since)))
    return values


def add_requests(history, events, instants, restarts=(), tenant="acme", **labels):
    """Runs by status; `events` maps a status to sorted instants."""
    for status, ended in events.items():
        history.add(
            "enhancement_requests_total",
            {"tenant_id": tenant, "status": status} | labels,
            counted(ended, instants, restarts),
        )


def add_durations(history, runs, instants, bounds=BOUNDS, tenant="acme", **labels):
    """Buckets over runs (instant, seconds), the instants in order."""
    for bound in (*bounds, inf):
        le = {"le": "+Inf" if bound == inf else str(bound)}
        ended = [when for when, seconds in runs if seconds <= bound]
        own = counted(ended, instants)
        history.add("enhancement_duration_seconds_bucket", {"tenant_id": tenant} | le | labels, own)


def draw(seed, number, last=HOURS * 3_600 - 20):
    rng = random.Random(seed)
    return sorted(rng.randrange(60, last) for _ in range(number))


def account(url, account_id="acme", **names):
    unread = {"success_rate": "", "queue_depth": "", "worker_active": "", "duration_bucket": ""}
    source = PrometheusSource(
        url=url, **({"tenant_id": account_id, "history_days": 1} | unread | names)
    )
    return TestioAccount(id=account_id, name="Acme", token=None, prometheus=source)


def read(store, of, now=END, **options):
    options = {"retry": FAST} | options
    return sync_prometheus(store, of, now=datetime.fromtimestamp(now, UTC), **options)


def reading(store, account_id="acme", start=0, end=HOURS * 3_600, **options):
    return platform_reading(Scope(store, account_id), start=at(start), end=at(end), **options)


def everything(store):
    with store.read() as session:
        connection = session.connection()
        return [
            connection.execute(table(m).select().order_by(*table(m).primary_key)).all()
            for m in MODELS
        ]


def problems(store):
    with store.read() as session:
        found = session.connection().execute(table(SyncProblem).select())
        return {(row.source_id, row.field): row.reason for row in found}


def ask(url, query, when=END):
    asked = urllib.parse.urlencode({"query": query, "time": when})
    with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=10) as answer:
        result = json.load(answer)["data"]["result"]
    return {tuple(sorted(item["metric"].items())): float(item["value"][1]) for item in result}


def test_runs_are_counted_exactly_whatever_befell_the_scrapes(any_store, prometheus):
    store, history = any_store, History()
    outage = (3 * 3_600, 3 * 3_600 + 600)
    events = {"completed": draw(1, 400), "failed": draw(2, 25)}
    others = {"completed": draw(3, 300), "failed": draw(4, 20)}
    # Restarted at a scrape, so that none is lost between the two.
    add_requests(history, events, scrapes(), [4 * 3_600, 6 * 3_600], instance="a", job="web")
    add_requests(history, others, scrapes(7, without=[outage]), instance="b", job="web")
    add_requests(history, {"completed": draw(5, 999)}, scrapes(), tenant="other")
    url = prometheus(history)
    report = read(store, account(url))
    assert (report.status, report.source, report.problems) == ("done", "prometheus", 0)
    found = reading(store)
    assert found.statuses == {"completed": 700, "failed": 45}
    # One of two targets was scraped all the time: no gap of the metric.
    assert found.gaps == ()
    # A reset shows where something had been counted since: at the next scrape of its target.
    assert {gap.start for gap in found.resets} == {at(4 * 3_600 + 15), at(6 * 3_600 + 15)}
    assert runs_asked(url, found) == found.statuses


def runs_asked(url, found):
    """The runs by status that the shown PromQL gives."""
    said = ask(url, found.promql["requests"])
    return {dict(key)["status"]: value for key, value in said.items()}


def test_a_figure_is_that_of_its_promql_whatever_the_window(store, prometheus):
    history = History()
    ends = scrapes(0, HOURS * 3_600 + 1_800)
    last = HOURS * 3_600 + 1_700
    old, new = [s for s in ends if s < 7_200], [s for s in ends if s >= 7_215]
    outage = (4 * 3_600, 4 * 3_600 + 1_200)
    # A pod replaced by another, one that restarts and has an outage, and a status that is born.
    add_requests(history, {"completed": draw(1, 300, last)}, old, instance="a", job="web")
    late = [s for s in draw(2, 400, last) if s > 7_200]
    add_requests(history, {"completed": late}, new, instance="b", job="web")
    known = scrapes(7, HOURS * 3_600 + 1_800, without=[outage])
    add_requests(history, {"completed": draw(3, 500, last)}, known, [9_007], instance="c")
    born = [s for s in draw(4, 30, last) if s > 10_000]
    add_requests(history, {"failed": born}, [s for s in known if s > born[0]], instance="c")
    depth = [(BASE + s, s // 15 % 20) for s in ends]
    history.add("queue_depth", {"queue_name": "a"}, depth)
    workers = [(BASE + s, s // 60 % 8) for s in ends]
    history.add("worker_active_count", {"worker_type": "w"}, workers)
    url = prometheus(history)
    names = {"queue_depth": "queue_depth", "worker_active": "worker_active_count", "workers": 8}
    read(store, account(url, **names), now=BASE + last)
    windows = ((0, 28_800), (900, 4_500), (7_200, 7_800), (8_985, 9_015), (3_600, 28_800))
    for start, end in windows:
        found = reading(store, start=start, end=end)
        assert runs_asked(url, found) | {"failed": found.statuses["failed"]} == found.statuses
        assert runs_asked(url, found).get("failed", 0) == found.statuses["failed"]
        inside = [value for s, value in depth if BASE + start <= s < BASE + end]
        (said,) = ask(url, found.promql["queue_depth"]).values()
        assert said == pytest.approx(sum(inside) / len(inside), rel=1e-12)
        busy = [value / 8 for s, value in workers if BASE + start <= s < BASE + end]
        (said,) = ask(url, found.promql["worker_utilisation"]).values()
        assert said == pytest.approx(sum(busy) / len(busy), rel=1e-12)
    found = reading(store)
    (said,) = ask(url, found.promql["queue_depth"]).values()
    total, slots = (sum(getattr(day, name) for day in found.queue) for name in ("total", "slots"))
    assert said == pytest.approx(total / slots, rel=1e-12)


def test_reading_again_changes_nothing_and_goes_on_where_it_ended(any_store, prometheus):
    store, history = any_store, History()
    events = {"completed": draw(1, 300), "failed": draw(2, 25)}
    outage = (5 * 3_600 - 700, 5 * 3_600 + 500)
    add_requests(history, events, scrapes(without=[outage]))
    history.add("queue_depth", {"queue_name": "q"}, [(BASE + s, s % 7) for s in scrapes()])
    url = prometheus(history)
    whole = account(url, queue_depth="queue_depth")
    # Ended in the outage, after it, and between two scrapes.
    for hour in (1, 4.9, 5, 5.2, 5.20123, 7, HOURS):
        assert read(store, whole, now=BASE + hour * 3_600).status == "done"
    once = everything(store)
    assert [row.increase for row in once[0] if "failed" in row.series]
    version = store.data_version("acme")
    again = read(store, whole)
    assert again.counts["counter_increment"] | {"unchanged": 0} == dict.fromkeys(
        again.counts["counter_increment"], 0
    )
    assert everything(store) == once
    assert read(store, whole, full=True).status == "done"
    assert everything(store) == once
    assert store.data_version("acme") == version
    (gap,) = [gap for gap in reading(store).gaps if gap.metric == "enhancement_requests_total"]
    assert (gap.start, gap.end) == (at(outage[0] - 5), at(outage[1] + 10))
    assert reading(store).statuses == {"completed": 300, "failed": 25}
    assert reading(store).available == pytest.approx(1 - 1215 / (HOURS * 3_600), abs=1e-3)


def test_a_series_that_appears_late_counts_from_0_and_a_stale_one_ends(store, prometheus):
    history = History()
    add_requests(history, {"completed": draw(1, 50)}, scrapes())
    late = [(BASE + s, 3) for s in scrapes(2 * 3_600, 3 * 3_600)]
    history.add("enhancement_requests_total", {"tenant_id": "acme", "status": "failed"}, late)
    new = [(BASE + s, 5) for s in scrapes(4 * 3_600 + 5)]
    labels = {"tenant_id": "acme", "status": "completed", "instance": "new"}
    history.add("enhancement_requests_total", labels, new)
    url = prometheus(history)
    read(store, account(url))
    assert reading(store).statuses == {"completed": 55, "failed": 3}
    assert reading(store, start=3 * 3_600).statuses["failed"] == 0
    assert reading(store).gaps == ()


def test_what_was_there_before_the_history_is_not_counted(store, prometheus):
    history = History()
    for offset, instance in ((0, "a"), (7, "b")):
        samples = [(BASE + s, 1_000 + s // 3_600) for s in scrapes(offset)]
        labels = {"tenant_id": "acme", "status": "completed", "instance": instance}
        history.add("enhancement_requests_total", labels, samples)
    url = prometheus(history)
    read(store, account(url))
    assert reading(store).statuses == {"completed": 2 * (HOURS - 1)}
    ((_, first, last),) = everything(store)[2]
    assert (first, last) == (at(0), at(HOURS * 3_600))
    assert reading(store, start=-3_600).minutes_read == HOURS * 60


def test_an_idle_tenant_is_no_gap_and_sees_nothing_of_others(any_store, prometheus):
    store, history = any_store, History()
    add_requests(history, {"completed": draw(1, 99)}, scrapes(), tenant="busy")
    # Its first run ever, hours after the first scrape of others.
    add_requests(history, {"completed": [2 * 3_600 + 1]}, scrapes(2 * 3_600 + 15), tenant="idle")
    url = prometheus(history)
    for tenant in ("busy", "idle"):
        assert read(store, account(url, tenant)).status == "done"
    assert reading(store, "busy").statuses == {"completed": 99}
    assert reading(store, "idle").statuses == {"completed": 1}
    assert reading(store, "idle").gaps == ()
    assert reading(store, "idle").available == 1
    nobody = read(store, account(url, "nobody"))
    assert "the server has had no such series" in nobody.reasons[0]
    assert "busy" not in nobody.reasons[0]
    assert reading(store, "nobody").statuses is None


ODD = ('a"b', "a\\b", "a\nb", "a{b}=~", "ä'€", "\\n")


@pytest.mark.parametrize("odd", ODD)
def test_names_with_anything_in_them(store, prometheus, odd):
    history = History()
    for number, name in enumerate(ODD, 9):
        add_requests(history, {name: draw(1, number)}, scrapes(), tenant=name)
    add_requests(history, {"completed": draw(1, 50)}, scrapes(), tenant="a")
    url = prometheus(history)
    assert read(store, account(url, odd)).status == "done"
    assert reading(store, odd).statuses == {odd: 9 + ODD.index(odd)}


def test_a_quantile_beyond_the_last_bucket_is_at_least_its_bound(store, prometheus):
    history = History()
    rng = random.Random(6)
    slow = [(when, rng.uniform(2, 50)) for when in draw(7, 200)]
    add_durations(history, slow, scrapes())
    add_requests(history, {"completed": [when for when, _ in slow]}, scrapes())
    url = prometheus(history)
    read(store, account(url, duration_bucket="enhancement_duration_seconds_bucket"))
    buckets = reading(store).buckets
    assert buckets == {b: sum(s <= b for _, s in slow) for b in (*BOUNDS, inf)}
    (trap,) = ask(url, "histogram_quantile(0.95, enhancement_duration_seconds_bucket)").values()
    found, note = histogram.bucket_quantile_estimate(buckets, 0.95)
    assert found.value == trap == 10
    assert (found.low, found.high) == (10, None)
    assert note == "at least 10 s: the histogram cannot see further"


def test_quantiles_are_those_of_the_server_and_a_bound_gives_the_exact_share(store, prometheus):
    history = History()
    rng = random.Random(8)
    runs = [(when, rng.lognormvariate(2.9, 0.5)) for when in draw(9, 300)]
    bounds = (5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)
    add_durations(history, runs, scrapes(), bounds)
    url = prometheus(history)
    names = {"duration_bucket": "enhancement_duration_seconds_bucket", "requests_total": ""}
    read(store, account(url, **names))
    buckets = reading(store).buckets
    ordered = sorted(seconds for _, seconds in runs)
    for share in (0.01, 0.5, 0.9, 0.95, 0.99, 1.0):
        query = f"histogram_quantile({share}, enhancement_duration_seconds_bucket)"
        (theirs,) = ask(url, query).values()
        estimate, note = histogram.bucket_quantile_estimate(buckets, share)
        assert estimate.value == pytest.approx(theirs, rel=1e-12)
        if not note:
            assert (estimate.low or 0) <= ordered[int(share * 300) - 1] <= (estimate.high or inf)
    within = histogram.share_within(buckets, 60)
    assert (within.value * within.n, within.n) == (sum(s <= 60 for s in ordered), 300)
    for start, end in ((0, HOURS * 3_600), (1_500, 4 * 3_600 + 30)):
        found = reading(store, start=start, end=end)
        for share in (0.5, 0.95, 0.99):
            (said,) = ask(url, found.promql[f"p{share * 100:.0f}"]).values()
            estimate, _ = histogram.bucket_quantile_estimate(found.buckets, share)
            assert said == pytest.approx(estimate.value, rel=1e-12)


def test_gauges_in_slots_of_five_minutes_with_gaps_and_samples_that_are_no_number(
    any_store, prometheus
):
    store, history = any_store, History()
    outage = (3_600, 3_600 + 900)
    depth = [(BASE + s, "NaN" if s == 600 else s // 15 % 20) for s in scrapes(without=[outage])]
    history.add("queue_depth", {"queue_name": "a"}, depth)
    history.add("queue_depth", {"queue_name": "b"}, [(BASE + s, 2) for s in scrapes()])
    for instance, offset in (("x", 0), ("y", 5)):
        labels = {"worker_type": "w", "instance": instance}
        history.add("worker_active_count", labels, [(BASE + s, 3) for s in scrapes(offset)])
    history.add("enhancement_success_rate", {}, [(BASE + s, "+Inf") for s in scrapes()])
    url = prometheus(history)
    names = {
        n: PrometheusSource.model_fields[n].default
        for n in ("queue_depth", "worker_active", "success_rate")
    }
    report = read(store, account(url, requests_total="", workers=8, **names))
    assert report.status == "partial"
    assert problems(store) == {
        ('queue_depth{queue_name="a"}', "value"): "samples that are no number were left out",
        ("enhancement_success_rate", "value"): "samples that are no number were left out",
    }
    slots = {(row.series, row.at): row for row in everything(store)[1]}
    first = slots['queue_depth{queue_name="a"}', at(0)]
    assert (first.mean, first.greatest, first.scrapes) == (9.5, 19, 20)
    assert slots['queue_depth{queue_name="a"}', at(600)].scrapes == 19
    assert ('queue_depth{queue_name="a"}', at(3_600)) not in slots
    assert slots['worker_active_count{worker_type="w"}', at(300)].mean == 6
    assert slots["worker_utilisation", at(300)].greatest == 0.75
    found = reading(store)
    (day, *_) = found.queue
    assert day.greatest == 21
    assert [d.mean for d in found.utilisation] == [pytest.approx(0.75, abs=1e-3)]
    quarter = {point.at: point.mean for point in found.queue_series}
    assert quarter[at(0)] == pytest.approx(11.5, abs=0.2)
    assert quarter[at(3_600)] == 2
    assert [(gap.metric, gap.start) for gap in found.gaps] == []


def test_the_metric_that_nothing_scrapes_is_a_gap_to_the_end(store, prometheus):
    history = History()
    add_requests(history, {"completed": draw(1, 40, 3_600)}, scrapes(last=2 * 3_600))
    url = prometheus(history)
    for hour in (1, 3, 5, HOURS):
        read(store, account(url), now=BASE + hour * 3_600)
    (gap,) = reading(store).gaps
    assert (gap.start, gap.end) == (at(2 * 3_600 - 15), at(HOURS * 3_600))
    assert reading(store).minutes_covered == pytest.approx(120, abs=0.5)
    assert reading(store, start=3 * 3_600).available == 0


def test_exclusions_leave_out_counts_slots_and_minutes(store, prometheus):
    history = History()
    events = draw(1, 200)
    add_requests(history, {"completed": events}, scrapes())
    url = prometheus(history)
    read(store, account(url))
    hour = Excluded(spans=((at(3_600), at(7_200)),))
    found = reading(store, without=hour)
    seen = [-(-when // 15) * 15 for when in events]
    assert found.statuses["completed"] == sum(not 3_600 <= s < 7_200 for s in seen)
    assert found.minutes == found.minutes_read == (HOURS - 1) * 60
    assert reading(store).statuses["completed"] == 200


def test_what_the_server_has_forgotten_stays(store, prometheus):
    before, after = History(), History()
    events = {"completed": draw(1, 200)}
    add_requests(before, events, scrapes())
    add_requests(after, events, scrapes(4 * 3_600 + 40))
    read(store, account(prometheus(before)))
    once = everything(store)
    later = read(store, account(prometheus(after)), full=True)
    assert later.status == "done"
    assert reading(store).statuses["completed"] == 200
    assert everything(store)[2] == once[2]


def test_a_server_that_takes_the_place_of_another_takes_nothing_away(store, prometheus):
    before, after = History(), History()
    events = {"completed": draw(1, 400)}
    add_requests(before, events, scrapes(last=4 * 3_600))
    add_requests(after, events, scrapes(6 * 3_600))
    read(store, account(prometheus(before)), now=BASE + 4 * 3_600 + 20)
    read(store, account(prometheus(after)))
    seen = [when for when in events["completed"] if when <= 4 * 3_600 - 15 or when > 6 * 3_600]
    assert reading(store).statuses["completed"] == len(seen)
    assert reading(store).minutes_read == pytest.approx(6 * 60, abs=1)
    assert reading(store).gaps == ()
