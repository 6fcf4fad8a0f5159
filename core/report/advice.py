"""What the gaps come with, and what to do next: rules over verdicts, in sentences."""

from collections.abc import Iterator, Sequence

from core.base import text
from core.base.stats import Verdict
from core.criteria.causes import Cause
from core.criteria.verdicts import PROMETHEUS, CriterionResult
from core.criteria.words import criterion_target
from core.feedback.surveys import LEAST_ANSWERS
from core.report.document import Block, Bullets, Heading, Paragraph, Table
from core.report.evidence import Evidence

KINDS = {
    "errors": "What failed runs say",
    "failures": "When runs fail",
    "slow runs": "When runs are slow",
    "slow categories": "Which tickets take the longest",
    "ratings": "Which tickets are rated lowest",
}
# What a criterion without data needs, by the beginning of its key.
NEEDS = {
    "success_rate": "bring in the platform's enhancement records, or connect its Prometheus",
    "latency": "bring in the platform's enhancement records, or connect its Prometheus",
    "throughput": "bring in the platform's enhancement records",
    "satisfaction": "ask technicians to rate enhancements, and send them the survey",
    "positive_feedback": "ask technicians for a thumb on each enhancement",
    "time_reduction": "bring in a ticket export that says which tickets were enhanced",
    "availability": "connect the platform's Prometheus",
    "queue_depth": "connect the platform's Prometheus",
    "worker_utilisation": "connect the platform's Prometheus and say how many workers there are",
}
LONGEST_WAIT_DAYS = 365


def gaps(evidence: Evidence) -> Iterator[Block]:
    """What was found beside failures, slow runs and low ratings; nothing of it is a proof."""
    yield Heading("Gaps, and what they come with")
    yield Paragraph(
        "Counted over all runs of the window, those that are excluded as well. What comes together "
        "need not be cause and effect: these are places to look, not findings of guilt.",
        quiet=True,
    )
    if not evidence.causes:
        yield Paragraph("Nothing stands out: no message, hour or category is more than chance.")
    for kind, title in KINDS.items():
        said = [cause.text for cause in evidence.causes if cause.kind == kind]
        if said:
            yield Heading(title, 2)
            yield Bullets(said)


def recommendations(evidence: Evidence) -> Iterator[Block]:
    """What to do next, by criterion and owner."""
    yield Heading("Recommendations")
    rows = recommended(evidence)
    if rows:
        yield Table("What to do next", {"Criterion": 20, "Owner": 16, "What to do": 64}, rows)
    else:
        yield Paragraph("Nothing is open: every criterion is met without the help of exclusions.")


def recommended(evidence: Evidence) -> list[tuple[str, str, str]]:
    """A row for each thing to be done: criterion, owner, sentence."""
    rows = [
        (result.criterion.label, result.criterion.owner, said)
        for result in evidence.results
        for said in _of_result(result, evidence)
    ]
    return rows + list(_of_survey(evidence))


def _of_result(result: CriterionResult, evidence: Evidence) -> Iterator[str]:
    match result.verdict:
        case Verdict.NO_DATA:
            yield _no_data(result, evidence)
        case Verdict.MISSED:
            yield _missed(result, evidence.causes)
        case Verdict.NOT_PROVEN:
            yield _not_proven(result, evidence)
        case Verdict.MET:
            pass
    everything = result.with_excluded
    if everything is not None and everything.verdict is not result.verdict:
        yield (
            f"The exclusions decide it: {text.lower_first(result.verdict)} without the excluded "
            f"rows, {text.lower_first(everything.verdict)} with them. Defend each of them before "
            "whoever relies on this figure, or withdraw it."
        )


def _no_data(result: CriterionResult, evidence: Evidence) -> str:
    key = result.criterion.key
    if key == "roi":
        reason = evidence.roi.reason or result.estimate.reason
        return f"Nothing can be told yet. {reason} Enter or bring in what is missing."
    need = next((need for start, need in NEEDS.items() if key.startswith(start)), "bring in data")
    reason = result.estimate.reason
    return f"{text.upper_first(need)}: {reason.rstrip('.') or 'nothing was measured'}."


def _missed(result: CriterionResult, causes: Sequence[Cause]) -> str:
    value = text.amount(result.estimate.value, result.criterion.unit)
    said = f"Missed: {value} where the target is {criterion_target(result)}."
    own = [cause for cause in causes if result.criterion.key in cause.criteria]
    # Where it crowds together says more than what it says of itself.
    first = next((c.text for c in sorted(own, key=lambda c: c.kind == "errors")), "")
    return f"{said} Look first where it concentrates. {first}" if first else said


def _not_proven(result: CriterionResult, evidence: Evidence) -> str:
    judged, sample = result.judged, result.sample
    more, days = judged.more_needed, judged.more_days
    if more is not None and days is not None and days <= LONGEST_WAIT_DAYS:
        wait = "" if sample == "day" else f", {text.times(days, 'day')} at this rate,"
        return (
            f"Measure on: about {text.times(more, f'more {sample}')}{wait} would decide it if "
            "they are like those so far."
        )
    if judged.source == PROMETHEUS and sample == "run":
        return (
            "Bring in the platform's records of runs, or give its histogram buckets beyond the "
            "target: the present ones cannot show it."
        )
    if judged.estimate.low is None and judged.estimate.high is None:
        few = text.times(judged.estimate.n, sample)
        return f"Measure on: {few} do not make an interval ({judged.estimate.method})."
    if evidence.chosen.content is not None and more is None:
        return "Compare the weeks after it: the frozen window does not decide it."
    return (
        "It lies so near the target that no sample of a year would decide it: agree whether that "
        "is good enough."
    )


def _of_survey(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    responses = evidence.survey.responses
    result = next((r for r in evidence.results if r.criterion.key == "satisfaction"), None)
    if responses >= LEAST_ANSWERS or result is None:
        return
    people = evidence.feedback.technicians
    whom = (
        f"Ask the {text.times(people, 'technician')} who resolved enhanced tickets in these days"
        if people
        else "Ask the technicians who get enhanced tickets"
    )
    said = (
        f"{whom} to answer the survey: {text.times(responses, 'response')} came in, and fewer "
        f"than {LEAST_ANSWERS} are not broken down."
    )
    yield result.criterion.label, result.criterion.owner, said
