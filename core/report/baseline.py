"""The baseline report: one window, judged, explained and open to be checked, from the store alone.

Its first page is the answer: verdicts, what is proven and what is missing; then the figures, the
gaps and what to do about them, methods, data quality, and the queries.
"""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache

from core.analytics.dates import Window
from core.base import clock, text
from core.base.settings import ROOT
from core.base.stats import Verdict
from core.criteria.causes import Cause
from core.criteria.verdicts import PROMETHEUS, CriterionResult
from core.criteria.words import (
    LONGEST_WAIT_DAYS,
    criteria_answer,
    criterion_amount,
    criterion_target,
    more_words,
    verdict_words,
)
from core.feedback.surveys import LEAST_ANSWERS
from core.report import measured, methods
from core.report.criteria import cards, decided_and_open, exclusions_table, main_rows, targets_table
from core.report.document import Block, Bullets, Callout, Document, Heading, Paragraph, Table
from core.report.evidence import Evidence, ReportWindow, choose_window, read_evidence
from core.store import Scope, one_state

BASELINE = "baseline"


@one_state()
def baseline_report(
    scope: Scope,
    *,
    week: Window | None = None,
    chosen: ReportWindow | None = None,
    is_demo: bool = False,
) -> Document:
    """The report of the latest frozen baseline, else of the latest complete one, else of last week.

    `week` or `chosen` name other days. Raises InputError for an unknown account.
    """
    now = clock.now()
    today = now.astimezone(scope.zone).date()
    read = read_evidence(scope, chosen or choose_window(scope, today=today, week=week), now=now)
    window = read.chosen.window
    return Document(
        # By its days: a name that people gave may hold anything.
        name=f"touchstone-baseline-{window.start}-to-{window.end}",
        title=f"Baseline report: {_called(window)}",
        answer=criteria_answer([row.result for row in main_rows(read.rows)], window.label),
        stamp=_stamp(read, scope.account_name, is_demo=is_demo),
        is_demo=is_demo,
        blocks=tuple(_blocks(read)),
    )


def _blocks(read: Evidence) -> Iterator[Block]:
    yield from _summary(read)
    yield from _criteria(read)
    yield from measured.day_by_day(read)
    yield from measured.before_and_after(read)
    yield from measured.returned(read)
    yield from measured.survey(read)
    yield from measured.feedback(read)
    yield from gaps(read)
    yield from recommendations(read)
    yield from methods.methods(read)
    yield from methods.data_quality(read)
    yield from methods.appendices(read)


def _stamp(read: Evidence, name: str, *, is_demo: bool) -> dict[str, str]:
    window, baseline = read.chosen.window, read.chosen.baseline
    assert window.start is not None
    assert window.end is not None
    versions = sorted({f"v{v}" for v in methods.definition_versions(read).values()})
    number = text.times(len(read.excluded), "exclusion")
    stamp = {
        "Account": name,
        "Window": f"{text.day(window.start)} to {text.day(window.end)}, {read.chosen.state}",
        "Days in": read.data.scope.zone.key,
        "Exclusions": f"{number}, both figures shown" if read.excluded else "none",
        "As of": read.local(read.now),
        "Touchstone": product_version(),
        "Definitions": f"{text.listed(versions)}, see Appendix B" if versions else text.UNKNOWN,
    }
    if baseline is not None and baseline.frozen_at is not None:
        stamp["Frozen"] = f"{read.local(baseline.frozen_at)} by {baseline.frozen_by}"
    return stamp | ({"Demo data": "made up"} if is_demo else {})


@cache
def product_version() -> str:
    """The version of this product."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version: str = tomllib.load(file)["project"]["version"]
    return version


def _called(window: Window) -> str:
    """The window's name without the word that the title has already; else its days."""
    name = window.label
    rest = name[len(BASELINE) :].strip() if name.lower().startswith(BASELINE) else name
    if rest:
        return rest
    return " to ".join(text.day(day) for day in (window.start, window.end) if day)


def _summary(read: Evidence) -> Iterator[Block]:
    """The first page: verdicts, and what is and is not proven."""
    yield Heading("The answer")
    yield from _state(read)
    yield from cards(read.rows)
    proven, missing = decided_and_open(read.rows)
    yield Heading("What is proven", 2)
    yield Bullets(proven) if proven else Paragraph("Nothing is proven in this window.")
    yield Heading("What is missing, and how much more is needed", 2)
    yield Bullets(missing) if missing else Paragraph("Nothing: every criterion is decided.")


def _state(read: Evidence) -> Iterator[Callout]:
    """Whether the figures can still change, and which are Met only because of exclusions."""
    chosen, baseline = read.chosen, read.chosen.baseline
    if chosen.is_frozen and baseline is not None and baseline.frozen_at is not None:
        number = text.times(len(read.restated), "frozen figure")
        restated = (
            f"Today's data gives other values for {number}: see the restatements."
            if read.restated
            else "Today's data still gives each of the frozen figures."
        )
        yield Callout(
            f"Frozen by {baseline.frozen_by or 'an unnamed person'} on "
            f"{read.local(baseline.frozen_at)}: the criteria, findings, daily figures, tickets, "
            "return and survey are as they were then; everything else is today's data, without "
            f"what was excluded then. {restated}"
        )
    elif chosen.window.end is not None and chosen.window.end >= read.today:
        yield Callout(
            "This window is not over: every figure in this report can still change.", "warning"
        )
    else:
        yield Callout(
            f"This window is {chosen.state} and not frozen: its figures are today's and can change "
            "with the data."
        )
    flagged = [row.label for row in read.rows if row.result.is_met_by_exclusions]
    if flagged:
        yield Callout(
            f"{text.listed(flagged)}: Met only because of exclusions. Each of them has to be "
            "defended; both figures are shown below.",
            "warning",
        )


def _criteria(read: Evidence) -> Iterator[Block]:
    """Every criterion and guardrail, with and without exclusions, and what was restated."""
    yield Heading("Criteria and guardrails")
    yield targets_table(read.rows)
    yield exclusions_table(read.rows)
    if read.restated:
        yield Table(
            "Restatements: what today's data says of the frozen figures",
            ("Criterion", "Frozen", "Today", "Why"),
            [(r.label, r.frozen, r.now, "; ".join(r.reasons)) for r in read.restated],
        )


def gaps(evidence: Evidence) -> Iterator[Block]:
    """What failures, slow runs and low ratings come with; a correlation is no proof."""
    yield Heading("Gaps, and what they come with")
    yield Paragraph(
        "Counted over all runs of the window, excluded ones too. A correlation need not be a "
        "cause: these are places to look.",
        quiet=True,
    )
    if not evidence.causes:
        yield Paragraph("No message, hour or category stands out beyond chance.")
    for kind, title in methods.WORDS["causes"].items():
        said = [cause.text for cause in evidence.causes if cause.kind == kind]
        if said:
            yield Heading(title, 2)
            yield Bullets(said)


def recommendations(evidence: Evidence) -> Iterator[Block]:
    """What to do next, by criterion and owner."""
    yield Heading("Recommendations")
    rows = [
        (result.criterion.label, result.criterion.owner, said)
        for result in evidence.results
        for said in _advice(result, evidence)
    ]
    rows += _survey_advice(evidence)
    if rows:
        yield Table("What to do next", ("Criterion", "Owner", "What to do"), rows)
    else:
        yield Paragraph("Nothing is open: every criterion is met without the help of exclusions.")


def _advice(result: CriterionResult, evidence: Evidence) -> Iterator[str]:
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
            f"The exclusions decide it: {text.lower_first(verdict_words(result.judged))} without "
            f"the excluded rows, {text.lower_first(verdict_words(everything))} with them. Defend "
            "each of them to the "
            "readers of this figure, or withdraw it."
        )


def _no_data(result: CriterionResult, evidence: Evidence) -> str:
    key = result.criterion.key
    if key == "roi":
        reason = evidence.roi.reason or result.estimate.reason
        return f"No return can be computed yet. {reason} Enter or import what is missing."
    needs = methods.WORDS["needs"]
    need = next((need for start, need in needs.items() if key.startswith(start)), "import data")
    reason = result.estimate.reason
    return f"{text.upper_first(need)}: {reason.rstrip('.') or 'nothing was measured'}."


def _missed(result: CriterionResult, causes: Sequence[Cause]) -> str:
    value = criterion_amount(result, result.estimate.value)
    said = f"Missed: {value}, target {criterion_target(result.criterion)}."
    own = [cause for cause in causes if result.criterion.key in cause.criteria]
    # Where failures concentrate says more than their messages.
    first = next((c.text for c in sorted(own, key=lambda c: c.kind == "errors")), "")
    return f"{said} Look first where it concentrates: {first}" if first else said


def _not_proven(result: CriterionResult, evidence: Evidence) -> str:
    judged, sample = result.judged, result.sample
    days = judged.forecast_days
    if days is not None and days[0] <= LONGEST_WAIT_DAYS:
        said = f"{judged.leaning}. " if judged.leaning else ""
        return f"{said}Keep measuring: {more_words(result)}."
    if judged.source == PROMETHEUS and sample == "run":
        return (
            "Import the platform's records of runs, or give its histogram buckets beyond the "
            "target: the present ones cannot show it."
        )
    if judged.estimate.low is None and judged.estimate.high is None:
        few = text.times(judged.estimate.n, sample)
        return f"Keep measuring: {few} are too few for an interval ({judged.estimate.method})."
    if evidence.chosen.is_frozen and days is None:
        return "Compare the weeks after it: the frozen window does not decide it."
    return (
        "It is so close to the target that a year of data would not decide it: agree whether that "
        "is good enough."
    )


def _survey_advice(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    responses = evidence.survey.responses
    result = evidence.result("satisfaction")
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
