"""The answer of a baseline report: each verdict, what is proven, what is missing, and how much."""

from collections.abc import Iterator, Sequence

from core import charts
from core.base import text
from core.base.stats import Verdict
from core.criteria.panels import criterion_ends
from core.criteria.verdicts import CriterionResult, Judged
from core.criteria.words import (
    criteria_answer,
    criterion_evidence,
    criterion_exclusions,
    criterion_note,
    criterion_target,
)
from core.report.document import (
    SIGNS,
    Block,
    Bullets,
    Callout,
    Heading,
    Judgement,
    Paragraph,
    Table,
)
from core.report.evidence import Evidence, local

FEW = 3


def answer(evidence: Evidence) -> str:
    """How many criteria are met, and what is said of each of the others."""
    return criteria_answer(evidence.main, evidence.chosen.window.label)


def summary(evidence: Evidence) -> Iterator[Block]:
    """The first page: verdicts, and what is and is not proven."""
    yield Heading("The answer")
    yield from state_of(evidence)
    for result in evidence.main:
        yield judgement(result)
    proven, missing = proven_and_missing(evidence.results)
    yield Heading("What is proven", 2)
    yield Bullets(proven) if proven else Paragraph("Nothing is proven in this window.")
    yield Heading("What is missing, and how much more is needed", 2)
    yield Bullets(missing) if missing else Paragraph("Nothing: every criterion is decided.")


def state_of(evidence: Evidence) -> Iterator[Callout]:
    """Whether the figures can still change, and whether exclusions made any of them Met."""
    chosen = evidence.chosen
    baseline = chosen.baseline
    if chosen.content is not None and baseline is not None and baseline.frozen_at is not None:
        yield Callout(
            f"Frozen by {baseline.frozen_by or 'nobody named'} on "
            f"{local(evidence.seen, baseline.frozen_at)}: the criteria, findings, daily figures, "
            "tickets, return and survey are as they were then; everything else is today's data, "
            "without what was excluded then. "
            f"{_restated(evidence)}"
        )
    elif chosen.window.end is not None and chosen.window.end >= evidence.today:
        yield Callout(
            "This window is not over: every figure in this report can still change.", "warning"
        )
    else:
        yield Callout(
            f"This window is {chosen.state}, and nobody has frozen it: its figures are today's and "
            "can change with the data."
        )
    flagged = [r.criterion.label for r in evidence.results if r.is_met_by_exclusions]
    if flagged:
        yield Callout(
            f"{text.listed(flagged)}: Met only because of exclusions. Each of them has to be "
            "defended; both figures stand below.",
            "warning",
        )


def _restated(evidence: Evidence) -> str:
    if not evidence.restated:
        return "Today's data still gives each of the frozen figures."
    number = text.times(len(evidence.restated), "of the frozen figures", "of the frozen figures")
    return f"Today's data gives {number} otherwise: see the restatements."


def judgement(result: CriterionResult) -> Judgement:
    """A criterion with its verdict, in words and as one mark."""
    criterion, estimate = result.criterion, result.estimate
    notes = (criterion_note(result), criterion_exclusions(result))
    return Judgement(
        label=criterion.label,
        verdict=result.verdict,
        value=text.amount(estimate.value, criterion.unit),
        target=criterion_target(result),
        said=text.upper_first(criterion_evidence(result)).rstrip("."),
        note=text.upper_first("; ".join(note for note in notes if note)),
        owner=criterion.owner,
        bar=charts.criterion_bar(
            estimate, target=criterion.target, ends=criterion_ends(result), unit=criterion.unit
        ),
    )


def proven_and_missing(results: Sequence[CriterionResult]) -> tuple[list[str], list[str]]:
    """A sentence for each criterion: those that are decided, and those that are open and why."""
    proven, missing = [], []
    for result in results:
        label = result.criterion.label
        kind = " (guardrail)" if result.criterion.is_guardrail else ""
        value = text.amount(result.estimate.value, result.criterion.unit)
        said = f"{label}{kind}"
        if result.verdict in {Verdict.MET, Verdict.MISSED}:
            proven.append(
                f"{said} is {text.lower_first(result.verdict)}: {value}, target "
                f"{criterion_target(result)}; {criterion_evidence(result)}."
            )
        elif result.verdict is Verdict.NO_DATA:
            reason = result.estimate.reason or "nothing was measured"
            missing.append(f"{said} has no data. {text.upper_first(reason.rstrip('.'))}.")
        else:
            more = criterion_note(result)
            why = f"; {more}" if more else ""
            missing.append(
                f"{said} is not proven: {value}, target {criterion_target(result)}; "
                f"{criterion_evidence(result)}{why}."
            )
    return proven, missing


def criteria(evidence: Evidence) -> Iterator[Block]:
    """Every criterion and guardrail, with and without exclusions, and what was restated."""
    yield Heading("Criteria and guardrails")
    yield Table(
        "Every criterion against its target",
        {
            "Criterion": 18,
            "Value": 10,
            "Target": 11,
            "Verdict": 13,
            "95 % interval": 20,
            "Sample": 17,
            "Owner": 14,
        },
        [_row(result) for result in evidence.results],
    )
    both = [result for result in evidence.results if result.with_excluded is not None]
    if both:
        yield Table(
            "Every figure without and with what is excluded",
            {
                "Criterion": 20,
                "Without": 12,
                "Verdict": 15,
                "Sample": 10,
                "With": 12,
                "Verdict with": 21,
                "Sample with": 10,
            },
            [_both(result, result.with_excluded) for result in both if result.with_excluded],
        )
    else:
        yield Paragraph("Nothing of this window is excluded: every figure counts every row.")
    if evidence.restated:
        yield Table(
            "Restatements: what today's data says of the frozen figures",
            {"Criterion": 18, "Frozen": 18, "Today": 18, "Why": 46},
            [(r.label, r.frozen, r.now, "; ".join(r.reasons)) for r in evidence.restated],
        )


def _row(result: CriterionResult) -> tuple[str, ...]:
    estimate, unit = result.estimate, result.criterion.unit
    kind = " (guardrail)" if result.criterion.is_guardrail else ""
    return (
        f"{result.criterion.label}{kind}",
        text.amount(estimate.value, unit),
        criterion_target(result),
        SIGNS[result.verdict],
        interval(result.judged, unit),
        text.times(estimate.n, result.sample),
        result.criterion.owner,
    )


def interval(judged: Judged, unit: str) -> str:
    """95.1 % to 97.4 %; why there is none, or no upper bound."""
    estimate = judged.estimate
    if estimate.value is None:
        return text.UNKNOWN
    if estimate.low is None and estimate.high is None:
        return estimate.method
    if estimate.high is None:
        return f"{text.amount(estimate.low, unit)} or more"
    if estimate.low is None:
        return f"up to {text.amount(estimate.high, unit)}"
    return " to ".join(text.amount(bound, unit) for bound in (estimate.low, estimate.high))


def _both(result: CriterionResult, everything: Judged) -> tuple[str | int, ...]:
    unit = result.criterion.unit
    flag = ": met by the exclusions alone" if result.is_met_by_exclusions else ""
    return (
        result.criterion.label,
        text.amount(result.estimate.value, unit),
        SIGNS[result.verdict],
        result.estimate.n,
        text.amount(everything.estimate.value, unit),
        f"{SIGNS[everything.verdict]}{flag}",
        everything.estimate.n,
    )
