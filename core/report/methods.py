"""How a baseline was measured, how good its data is, and the appendices to check it by."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

from core.analytics.definitions import METRICS
from core.analytics.parse import MAX_LIMIT
from core.analytics.query import metric_rows, query_metrics
from core.base import text
from core.criteria.days import DayOfCriteria
from core.criteria.ledger import EXCLUSION_KINDS
from core.criteria.verdicts import PROMETHEUS
from core.criteria.words import criterion_target
from core.report.criteria import exact_figures, findings_table
from core.report.document import (
    Block,
    Bullets,
    Callout,
    Cell,
    Code,
    Figure,
    Heading,
    Paragraph,
    Table,
)
from core.report.evidence import Evidence
from core.store import Exclusion

# The words of a baseline report that stand in no sentence with figures.
WORDS: Mapping[str, Mapping[str, str]] = tomllib.loads(
    Path(__file__).with_name("words.toml").read_text("utf-8")
)
MOST_FINDINGS = 60


def methods(evidence: Evidence) -> Iterator[Block]:
    """Each estimate and its interval in words, what verdicts mean, and what Prometheus cannot."""
    yield Heading("How it was measured")
    yield Bullets([f"{verdict}: {meaning}" for verdict, meaning in WORDS["verdicts"].items()])
    how = WORDS["how_estimated"]
    used = {
        next((start for start in how if result.estimate.method.startswith(start)), "")
        for result in evidence.results
    }
    yield Bullets([said for start, said in how.items() if start in used])
    if any(r.judged.source == PROMETHEUS and r.sample == "run" for r in evidence.results):
        yield Callout(
            "Runs are counted by Prometheus here, for there are no records of them. A quantile "
            "that falls beyond the highest finite bucket is reported by Prometheus as that "
            "bucket's end. Such a figure proves nothing about a target above it: it is shown as "
            "at least that long and is Not proven, never Met.",
            "warning",
        )
    versions = definition_versions(evidence)
    yield Table.of(
        "How each criterion was estimated",
        evidence.results,
        {
            "Criterion": lambda result: result.criterion.label,
            "Target": lambda result: criterion_target(result.criterion),
            "Method": lambda result: result.estimate.method,
            "Source": lambda result: result.judged.source,
            "Definition": lambda result: (
                f"{result.metric} v{versions[result.criterion.key]}"
                if result.metric and versions.get(result.criterion.key)
                else "see the methods"
            ),
            "Why this target": lambda result: result.criterion.rationale or text.UNKNOWN,
        },
    )


def definition_versions(evidence: Evidence) -> dict[str, int]:
    """The version of the metric's definition by criterion: the frozen one where it is frozen."""
    versions = {one["key"]: one["definition_version"] for one in evidence.content["criteria"]}
    return {key: version for key, version in versions.items() if version is not None}


def data_quality(evidence: Evidence) -> Iterator[Block]:
    """What the daily checks found, and the whole ledger of exclusions."""
    yield Heading("Data quality and exclusions")
    yield Paragraph(
        "Checked: gaps in scraping over 1 minute, counter resets, missing days, runs over 300 s, "
        "queues over 100, days of 3 times the usual volume, fewer than 5 survey responses, one "
        "rater giving most votes.",
        quiet=True,
    )
    found = evidence.content["findings"]
    if found:
        yield findings_table(
            text.times(len(found), "finding"), found[:MOST_FINDINGS], evidence.local
        )
        more = len(found) - MOST_FINDINGS
        if more > 0:
            yield Paragraph(f"And {text.count(more)} more: see the dashboard.", quiet=True)
    else:
        yield Paragraph("Nothing was found: each day is there, and nothing stands out.")
    yield from ledger(evidence)


def ledger(evidence: Evidence) -> Iterator[Block]:
    """Who left out what, when and why; withdrawn entries stay to be read."""
    if not evidence.ledger_here:
        yield Paragraph("Nothing of this window was ever excluded.")
        return
    yield Table.of(
        "The ledger of exclusions in these days",
        evidence.ledger_here,
        {
            "From": lambda entry: evidence.local(entry.from_at),
            "To": lambda entry: evidence.local(entry.to_at),
            "Kind": lambda entry: EXCLUSION_KINDS.get(entry.kind, entry.kind),
            "Reason": lambda entry: entry.reason,
            "Only": lambda entry: entry.subject or "everything",
            "Entered by": lambda entry: f"{entry.entered_by}, {evidence.local(entry.entered_at)}",
            "Counts": lambda entry: _counts(evidence, entry),
        },
    )


def _counts(evidence: Evidence, entry: Exclusion) -> str:
    is_frozen = evidence.chosen.is_frozen
    if is_frozen and entry in evidence.excluded:
        return "out of the frozen figures"
    if entry.withdrawn_at is not None:
        return f"withdrawn by {entry.withdrawn_by}"
    return "entered after the freeze" if is_frozen else "left out"


def appendices(evidence: Evidence) -> Iterator[Block]:
    """Definitions, queries and raw tables."""
    yield Heading("Appendix A: the figures behind it")
    yield exact_figures(evidence.rows)
    yield _daily(evidence)
    if evidence.comparison.strata:
        yield _strata(evidence)
    yield _statuses(evidence)
    counts = [(text.upper_first(name), n) for name, n in evidence.content["rows"].items()]
    yield Table("Rows in the window, excluded or not", ("Rows", "Number"), counts)
    yield from _definitions(evidence)
    yield from _queries(evidence)


def _daily(evidence: Evidence) -> Table:
    def daily(key: str, unit: str, bound: str = "value") -> Callable[[DayOfCriteria], Cell]:
        return lambda day: Figure(getattr(day.estimates[key], bound), unit)

    return Table.of(
        "Daily figures; the success rate with its 95 % interval, thumbs up and down",
        evidence.days,
        {
            "Day": lambda day: f"{day.day:%a} {day.day}",
            "Runs": lambda day: day.finished,
            "Success rate": daily("success_rate", "fraction"),
            "from": daily("success_rate", "fraction", "low"),
            "to": daily("success_rate", "fraction", "high"),
            "p50": daily("latency_p50", "seconds"),
            "p95": daily("latency_p95", "seconds"),
            "p99": daily("latency_p99", "seconds"),
            "Positive feedback": daily("positive_feedback", "fraction"),
            "Up": lambda day: day.thumbs[0],
            "Down": lambda day: day.thumbs[1],
        },
    )


def _strata(evidence: Evidence) -> Table:
    return Table.of(
        "Tickets by category and priority: mean time to resolution",
        evidence.comparison.strata,
        {
            "Category": lambda one: one.category or "none",
            "Priority": lambda one: one.priority or "none",
            "Tickets without": lambda one: one.without.tickets,
            "Mean without": lambda one: Figure(one.without.mean, "minutes"),
            "Tickets with": lambda one: one.enhanced.tickets,
            "Mean with": lambda one: Figure(one.enhanced.mean, "minutes"),
            "Reduction": lambda one: Figure(one.reduction, "fraction"),
        },
    )


def _statuses(evidence: Evidence) -> Table:
    """Runs by day and status, excluded or not: what the platform recorded."""
    window = evidence.data.window
    by: dict[str, dict[str, int]] = {}
    for row in metric_rows(
        evidence.data.scope,
        metrics="enhancement_count",
        dimensions=["day", "enhancement_status"],
        start_date=window.start,
        end_date=window.end,
        limit=MAX_LIMIT,
    ):
        by.setdefault(row["day"], {})[row["enhancement_status"]] = row["enhancement_count"]
    statuses = sorted({status for of_day in by.values() for status in of_day})
    return Table(
        "Runs by day and status, excluded or not",
        ["Day", *(text.upper_first(status) for status in statuses)],
        [
            (f"{date.fromisoformat(day):%a} {day}", *(of_day.get(one, 0) for one in statuses))
            for day, of_day in by.items()
        ],
    )


def _definitions(evidence: Evidence) -> Iterator[Block]:
    yield Heading("Appendix B: definitions")
    versions = definition_versions(evidence)
    metrics = {r.metric: r.criterion.key for r in evidence.results if r.metric}
    if not metrics:
        yield Paragraph("No criterion of this window is a metric of the registry.")
        return
    yield Table.of(
        "The metrics that the criteria are estimates of",
        metrics,
        {
            "Metric": lambda metric: METRICS[metric].label,
            "Version": lambda metric: versions.get(metrics[metric]),
            "What it is": lambda metric: METRICS[metric].definition,
            "Formula": lambda metric: METRICS[metric].formula,
            "Source": lambda metric: METRICS[metric].source,
        },
    )


def _queries(evidence: Evidence) -> Iterator[Block]:
    yield Heading("Appendix C: queries")
    yield Paragraph(
        "SQL as it runs on the store, over all rows of the window, those that are excluded as "
        "well; PromQL that gives the same on the server, excluded times included.",
        quiet=True,
    )
    window = evidence.data.window
    for result in evidence.results:
        if result.metric is None:
            continue
        answered = query_metrics(
            evidence.data.scope.store,
            metrics=[result.metric],
            start_date=window.start,
            end_date=window.end,
            account=evidence.data.scope.account,
            today=evidence.today,
        )
        yield Code(f"{result.criterion.label}, SQL", str(answered["sql"]), "sql")
    promql = evidence.data.platform.promql
    told = {result.judged.query for result in evidence.results if result.judged.query}
    for result in evidence.results:
        if result.judged.query:
            yield Code(f"{result.criterion.label}, PromQL", result.judged.query, "promql")
    for name, query in promql.items():
        if query not in told:
            yield Code(f"{WORDS['shared'].get(name, name)}, PromQL", query, "promql")
