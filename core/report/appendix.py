"""The appendices of a baseline report: definitions, queries that can be run again, raw figures."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import func, select

from core.analytics.definitions import METRICS
from core.analytics.query import query_metrics
from core.base import text
from core.criteria.baselines import row_counts
from core.report.document import Block, Cell, Code, Figure, Heading, Paragraph, Table
from core.report.evidence import Evidence
from core.report.methods import definition_versions
from core.store import Enhancement, table

SHARED = {
    "requests": "Runs by status",
    "queue_depth": "Queue depth",
    "worker_active": "Active workers",
    "success_rate": "Success rate",
}


def appendices(evidence: Evidence) -> Iterator[Block]:
    """Definitions, queries and raw tables."""
    yield from _raw(evidence)
    yield from _definitions(evidence)
    yield from _queries(evidence)


def _raw(evidence: Evidence) -> Iterator[Block]:
    yield Heading("Appendix A: the figures behind it")
    yield exact_figures(evidence)
    yield _daily(evidence)
    if evidence.comparison.strata:
        yield _strata(evidence)
    yield _statuses(evidence)
    content = evidence.chosen.content
    counts = (
        content["rows"]
        if content is not None
        else row_counts(evidence.seen.scope, window=evidence.seen.window)
    )
    yield Table(
        "Rows in the window, excluded or not",
        {"Rows": 1, "Number": 1},
        [(text.upper_first(name), number) for name, number in counts.items()],
    )


def exact_figures(evidence: Evidence) -> Table:
    """The criteria as numbers in their units, shares from 0 to 1, not rounded for reading."""
    return Table(
        "Exact figures; shares from 0 to 1, durations in seconds",
        {
            "Key": 18,
            "Unit": 10,
            "Value": 10,
            "Low": 10,
            "High": 10,
            "Sample": 9,
            "Target": 8,
            "Upper target": 9,
            "Verdict": 12,
            "With the excluded rows": 12,
        },
        [
            (
                result.criterion.key,
                result.criterion.unit,
                result.estimate.value,
                result.estimate.low,
                result.estimate.high,
                result.estimate.n,
                result.criterion.target,
                result.criterion.upper_target,
                str(result.verdict),
                result.with_excluded.estimate.value if result.with_excluded else None,
            )
            for result in evidence.results
        ],
    )


def _daily(evidence: Evidence) -> Table:
    keys = ("latency_p50", "latency_p95", "latency_p99", "positive_feedback")
    columns = {"Day": 17, "Runs": 7, "Success rate": 10, "from": 10, "to": 10, "p50": 9}
    columns |= {"p95": 9, "p99": 9, "Positive feedback": 11, "Up": 6, "Down": 7}
    rows: list[tuple[Cell, ...]] = []
    for day in evidence.days:
        success = day.estimates["success_rate"]
        figures = [Figure(x, "fraction") for x in (success.value, success.low, success.high)]
        others = [
            Figure(day.estimates[key].value, "seconds" if key.startswith("latency") else "fraction")
            for key in keys
        ]
        rows.append((f"{day.day:%a} {day.day}", day.finished, *figures, *others, *day.thumbs))
    return Table(
        "Daily figures; the success rate with its 95 % interval, thumbs up and down",
        columns,
        rows,
    )


def _strata(evidence: Evidence) -> Table:
    return Table(
        "Tickets by category and priority: mean time to resolution",
        {
            "Category": 18,
            "Priority": 16,
            "Tickets without": 13,
            "Mean without": 14,
            "Tickets with": 13,
            "Mean with": 14,
            "Reduction": 12,
        },
        [
            (
                one.category or "none",
                one.priority or "none",
                one.without.tickets,
                Figure(one.without.mean, "minutes"),
                one.enhanced.tickets,
                Figure(one.enhanced.mean, "minutes"),
                Figure(one.reduction, "fraction"),
            )
            for one in evidence.comparison.strata
        ],
    )


def _statuses(evidence: Evidence) -> Table:
    """Runs by day and status, excluded or not: what the platform recorded."""
    runs = table(Enhancement).c
    window = evidence.seen.window
    statement = (
        select(runs.created_day, runs.status, func.count())
        .where(
            runs.account_id == evidence.account,
            runs.created_day.between(window.start, window.end),
        )
        .group_by(runs.created_day, runs.status)
    )
    by: dict[date, dict[str, int]] = {}
    with evidence.seen.scope.read() as session:
        for day, status, number in session.connection().execute(statement):
            by.setdefault(day, {})[status] = number
    statuses = sorted({status for of_day in by.values() for status in of_day})
    return Table(
        "Runs by day and status, excluded or not",
        dict.fromkeys(["Day", *(text.upper_first(status) for status in statuses)], 1),
        [
            (f"{day:%a} {day}", *(of_day.get(status, 0) for status in statuses))
            for day, of_day in sorted(by.items())
        ],
    )


def _definitions(evidence: Evidence) -> Iterator[Block]:
    yield Heading("Appendix B: definitions")
    versions = definition_versions(evidence)
    metrics = {r.metric: r.criterion.key for r in evidence.results if r.metric}
    if not metrics:
        yield Paragraph("No criterion of this window is a metric of the registry.")
        return
    yield Table(
        "The metrics that the criteria are estimates of",
        {"Metric": 17, "Version": 9, "What it is": 32, "Formula": 26, "Source": 16},
        [
            (
                METRICS[metric].label,
                versions.get(key),
                METRICS[metric].definition,
                METRICS[metric].formula,
                METRICS[metric].source,
            )
            for metric, key in metrics.items()
        ],
    )


def _queries(evidence: Evidence) -> Iterator[Block]:
    yield Heading("Appendix C: queries")
    yield Paragraph(
        "SQL as it runs on the store, over all rows of the window, those that are excluded as "
        "well; PromQL that says the same of the server, up to what it extrapolates.",
        quiet=True,
    )
    window = evidence.seen.window
    for result in evidence.results:
        if result.metric is None:
            continue
        answered = query_metrics(
            evidence.seen.scope.store,
            metrics=[result.metric],
            start_date=window.start,
            end_date=window.end,
            account=evidence.account,
            today=evidence.today,
        )
        yield Code(f"{result.criterion.label}, SQL", str(answered["sql"]), "sql")
    promql = evidence.seen.platform.promql
    told = {result.judged.query for result in evidence.results if result.judged.query}
    for result in evidence.results:
        if result.judged.query:
            yield Code(f"{result.criterion.label}, PromQL", result.judged.query, "promql")
    for name, query in promql.items():
        if query not in told:
            yield Code(f"{SHARED.get(name, name)}, PromQL", query, "promql")
