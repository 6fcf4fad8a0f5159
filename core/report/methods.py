"""How a baseline was measured, how good its data is, and what was left out of it."""

from collections.abc import Iterator, Mapping

from core.analytics.definitions import METRICS
from core.base import text
from core.base.stats import Verdict
from core.criteria.ledger import EXCLUSION_KINDS
from core.criteria.verdicts import PROMETHEUS, CriterionResult
from core.criteria.window_data import instants
from core.criteria.words import criterion_target
from core.report.document import Block, Bullets, Callout, Heading, Paragraph, Table
from core.report.evidence import Evidence, local
from core.store import Exclusion

# How the beginning of an estimate's method reads in a sentence, with its source.
HOW_ESTIMATED: Mapping[str, str] = {
    "Wilson score interval": "Shares: the number counted of all, with the Wilson score interval "
    "(Wilson 1927). With no failure at all it clears 95 % from 73 runs on.",
    "order statistics within buckets": "Quantiles from histograms: interpolated within their "
    "bucket as Prometheus does; the interval runs from the lower end of the bucket of its lower "
    "rank to the upper end of that of its upper rank.",
    "order statistics": "Quantiles: of the pooled raw durations, linear between closest ranks "
    "(Hyndman and Fan 1996, type 7), with the order-statistic interval (Conover 1999, section "
    "3.2); an upper limit of the p95 takes 72 runs.",
    "t interval": "Means: of the single answers or days, with the t interval; none is given where "
    "fewer than five values differ from the commonest one.",
    "bootstrap-t": "Reductions: (mean without - mean with) / mean without, within category and "
    "priority with the weights of the enhanced tickets, with a seeded bootstrap-t interval (Efron "
    "and Tibshirani 1993, section 12.5) on the log of the ratio.",
    "interval of the minutes saved": "Return: minutes saved / 60 x tickets x hourly rate - "
    "operating cost, low, middle and high from the interval of the minutes saved.",
    "counted in full": "Availability: the share of the minutes that were scraped; every minute is "
    "known, so there is nothing to sample.",
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.MET: "the whole 95 % interval lies on the good side of the target.",
    Verdict.MISSED: "the whole 95 % interval lies on the bad side of it.",
    Verdict.NOT_PROVEN: "the interval holds the target, or has no bound on a side that matters. "
    "The estimate may well be right; the sample does not show it yet.",
    Verdict.NO_DATA: "nothing was measured, and the reason is said. It is never shown as 0.",
}
MOST_FINDINGS = 60


def methods(evidence: Evidence) -> Iterator[Block]:
    """Each estimate and its interval in words, what verdicts mean, and what Prometheus cannot."""
    yield Heading("How it was measured")
    yield Bullets([f"{verdict}: {meaning}" for verdict, meaning in VERDICTS.items()])
    used = {result.estimate.method for result in evidence.results}
    said = [
        text
        for start, text in HOW_ESTIMATED.items()
        if any(_is_kind(method, start) for method in used)
    ]
    yield Bullets(said)
    yield from _prometheus(evidence)
    yield Table(
        "How each criterion was estimated",
        {
            "Criterion": 16,
            "Target": 11,
            "Method": 23,
            "Source": 11,
            "Definition": 12,
            "Why this target": 27,
        },
        [_method(evidence, result) for result in evidence.results],
    )


def _is_kind(method: str, start: str) -> bool:
    # The one for raw durations is also how the one for histograms begins.
    is_buckets = method == "order statistics within buckets"
    return method.startswith(start) and not (is_buckets and start == "order statistics")


def _prometheus(evidence: Evidence) -> Iterator[Block]:
    if any(r.judged.source == PROMETHEUS and r.sample == "run" for r in evidence.results):
        yield Callout(
            "Runs are counted by Prometheus here, for there are no records of them. A quantile "
            "that falls beyond the highest finite bucket is reported by Prometheus as that "
            "bucket's end. Such a figure proves nothing about a target above it: it is shown as "
            "at least that long and is Not proven, never Met.",
            "warning",
        )


def _method(evidence: Evidence, result: CriterionResult) -> tuple[str, ...]:
    version = definition_versions(evidence).get(result.criterion.key)
    return (
        result.criterion.label,
        criterion_target(result),
        result.estimate.method,
        result.judged.source,
        f"{result.metric} v{version}" if result.metric and version else "see the methods",
        result.criterion.rationale or text.UNKNOWN,
    )


def definition_versions(evidence: Evidence) -> dict[str, int]:
    """The version of the metric's definition by criterion: the frozen one where it is frozen."""
    content = evidence.chosen.content
    if content is not None:
        return {
            one["key"]: one["definition_version"]
            for one in content["criteria"]
            if one["definition_version"] is not None
        }
    return {r.criterion.key: METRICS[r.metric].version for r in evidence.results if r.metric}


def data_quality(evidence: Evidence) -> Iterator[Block]:
    """What the daily checks found, and the whole ledger of exclusions."""
    yield Heading("Data quality and exclusions")
    yield Paragraph(
        "Checked: gaps in scraping over 1 minute, counter resets, missing days, runs over 300 s, "
        "queues over 100, days of 3 times the usual volume, fewer than 5 survey responses, one "
        "rater giving most votes.",
        quiet=True,
    )
    if evidence.found:
        yield Table(
            text.times(len(evidence.found), "finding"),
            {"When": 18, "Check": 26, "Finding": 56},
            [
                (local(evidence.seen, at), check, sentence)
                for check, at, sentence in evidence.found[:MOST_FINDINGS]
            ],
        )
        if len(evidence.found) > MOST_FINDINGS:
            more = len(evidence.found) - MOST_FINDINGS
            yield Paragraph(f"And {text.count(more)} more: see the dashboard.", quiet=True)
    else:
        yield Paragraph("Nothing was found: each day is there, and nothing stands out.")
    yield from ledger(evidence)


def ledger(evidence: Evidence) -> Iterator[Block]:
    """Who left out what, when and why; withdrawn entries stay to be read."""
    start, end = instants(evidence.seen.scope.zone, evidence.seen.window)
    inside = [e for e in evidence.ledger if e.from_at < end and e.to_at > start]
    if not inside:
        yield Paragraph("Nothing of this window was ever excluded.")
        return
    yield Table(
        "The ledger of exclusions in these days",
        {
            "From": 13,
            "To": 13,
            "Kind": 11,
            "Reason": 25,
            "Only": 12,
            "Entered by": 12,
            "Counts": 14,
        },
        [_entry(evidence, entry) for entry in inside],
    )


def _entry(evidence: Evidence, entry: Exclusion) -> tuple[str, ...]:
    seen = evidence.seen
    return (
        local(seen, entry.from_at),
        local(seen, entry.to_at),
        EXCLUSION_KINDS.get(entry.kind, entry.kind),
        entry.reason,
        entry.subject or "everything",
        f"{entry.entered_by}, {local(seen, entry.entered_at)}",
        _counts(evidence, entry),
    )


def _counts(evidence: Evidence, entry: Exclusion) -> str:
    content = evidence.chosen.content
    if content is not None and entry.id in {one["id"] for one in content["exclusions"]}:
        return "out of the frozen figures"
    if entry.withdrawn_at is not None:
        return f"withdrawn by {entry.withdrawn_by}"
    return "entered after the freeze" if content is not None else "left out"
