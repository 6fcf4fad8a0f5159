"""Success criteria in words: the answer of a window, and one row for each criterion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.base import text
from core.base.stats import Verdict
from core.criteria.verdicts import CriterionResult, load_result, result_content
from core.store import Criterion

# A word and a shape, so that no reader depends on colour.
SIGNS: Mapping[Verdict, str] = {
    Verdict.MET: "\N{BLACK CIRCLE} Met",
    Verdict.MISSED: "\N{MULTIPLICATION X} Missed",
    Verdict.NOT_PROVEN: "\N{CIRCLE WITH LEFT HALF BLACK} Not proven",
    Verdict.NO_DATA: "\N{EN DASH} No data",
}
RULE = (
    "Met needs the whole 95 % interval on the good side of the target, Missed all of it on the "
    "bad side; anything else is Not proven."
)
# The fields of a row that are stored under another key.
KEYS = {"target": "target_words", "evidence": "interval_words", "exclusions": "excluded_words"}
# A longer wait is no plan.
LONGEST_WAIT_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class CriterionRow:
    """A criterion as pages, reports and mails show it: texts, and in `result` the figures.

    `evidence` is the interval with its sample, or the reason for having none; `note` says what
    limits the estimate and how much more data would decide it; `exclusions` is the figure with the
    excluded rows, blank where nothing is excluded. They are fields, so that a closed review keeps
    the words that it showed. Earlier figures are in the criterion's unit, None where unknown.
    """

    result: CriterionResult
    target: str
    evidence: str
    note: str
    exclusions: str
    week_before: float | None = None
    verdict_before: str | None = None
    four_weeks: float | None = None
    baseline: float | None = None
    against_baseline: str | None = None

    @classmethod
    def of(cls, result: CriterionResult, **earlier: Any) -> "CriterionRow":
        """The row of a result in today's words; `earlier` are the earlier figures."""
        return cls(
            result=result,
            target=criterion_target(result.criterion),
            evidence=_evidence(result),
            note="; ".join(said for said in (result.judged.note, _more(result)) if said),
            exclusions=_exclusions(result),
            **earlier,
        )

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "CriterionRow":
        """The row of stored JSON: that of a frozen baseline, or of `content` with its words."""
        row = cls.of(load_result(stored))
        if "target_words" not in stored:
            return row
        kept: dict[str, Any] = {name: stored.get(KEYS.get(name, name)) for name in vars(row)}
        return cls(**kept | {"result": row.result})

    def content(self) -> dict[str, Any]:
        """The row as JSON."""
        kept = {KEYS.get(name, name): value for name, value in vars(self).items()}
        del kept["result"]
        return result_content(self.result) | kept

    @property
    def label(self) -> str:
        """The criterion's name."""
        return self.result.criterion.label

    @property
    def name(self) -> str:
        """The label, marked where it is a guardrail."""
        return f"{self.label} (guardrail)" if self.result.criterion.is_guardrail else self.label

    @property
    def value(self) -> str:
        """The estimate in its unit."""
        return self.amount(self.result.estimate.value)

    @property
    def judged_value(self) -> str:
        """The estimate and its verdict: 97.1 %, met."""
        return f"{self.value}, {text.lower_first(self.result.verdict)}"

    @property
    def sign(self) -> str:
        """The verdict as a shape and a word."""
        return SIGNS[self.result.verdict]

    @property
    def interval(self) -> str:
        """The 95 % interval: 90.1 % to 95 %."""
        estimate = self.result.estimate
        return text.between(estimate.low, estimate.high, self.result.criterion.unit)

    @property
    def sample(self) -> str:
        """The number of observations and their kind: 3,781 runs."""
        return text.times(self.result.estimate.n, self.result.sample)

    @property
    def change(self) -> str:
        """The change since the week before; a dash where unknown."""
        now, before = self.result.estimate.value, self.week_before
        change = text.change(now, before, self.result.criterion.unit)
        return text.UNKNOWN if change is None else str(change)

    @property
    def notes(self) -> str:
        """The note and the exclusions in one text."""
        return "; ".join(said for said in (self.note, self.exclusions) if said)

    def amount(self, value: float | None) -> str:
        """A value in the criterion's unit; a dash where unknown."""
        return text.amount(value, self.result.criterion.unit)

    def columns(self, *headings: str) -> dict[str, str]:
        """The cells under the given headings, in their order."""
        result = self.result
        counted = result.with_excluded
        with_excluded = None if counted is None else counted.estimate.value
        cells = {
            "Criterion": self.label,
            "Value": self.value,
            "Target": self.target,
            "Verdict": self.sign,
            "95 % interval": self.interval,
            "Sample": self.sample,
            "Notes": self.notes or result.estimate.reason,
            "Source": result.judged.source,
            "Method": result.estimate.method,
            "Owner": result.criterion.owner,
            "Kind": "guardrail" if result.criterion.is_guardrail else "criterion",
            "With the excluded rows": self.amount(with_excluded),
            "Last week": self.amount(self.week_before),
            "Change": self.change,
            "Four weeks": self.amount(self.four_weeks),
            "Baseline": self.amount(self.baseline),
            "Against it": self.against_baseline or text.UNKNOWN,
        }
        return {heading: cells[heading] for heading in headings}


def criteria_answer(results: Sequence[CriterionResult], week: str) -> str:
    """How many criteria are met, and which are missed, not proven or without data."""
    by: dict[Verdict, list[CriterionResult]] = {verdict: [] for verdict in Verdict}
    for result in results:
        by[result.verdict].append(result)
    if len(by[Verdict.NO_DATA]) == len(results):
        return f"Nothing was measured in {week}, so no criterion can be judged."
    met, of = len(by[Verdict.MET]), len(results)
    head = f"{text.upper_first(text.number(met))} of the {text.number(of)} criteria "
    said = [f"{head}{'is' if met <= 1 else 'are'} met in {week}"]
    for verdict, verb in (
        (Verdict.MISSED, "missed"),
        (Verdict.NOT_PROVEN, "not proven"),
        (Verdict.NO_DATA, "without data"),
    ):
        if by[verdict]:
            said.append(f"{_names(by[verdict])} {verb}")
    undecided = by[Verdict.NOT_PROVEN]
    more = _more(undecided[0]) if len(undecided) == 1 else ""
    return "; ".join(said) + (f" ({more})" if more else "") + "."


def _names(results: Iterable[CriterionResult]) -> str:
    labels = [text.lower_first(result.criterion.label) for result in results]
    return f"{text.listed(labels)} {'is' if len(labels) == 1 else 'are'}"


def _more(result: CriterionResult) -> str:
    """How much more data would decide a criterion; blank where unknown or decided."""
    judged = result.judged
    if judged.more_needed is None or judged.more_days is None:
        return ""
    if judged.more_days > LONGEST_WAIT_DAYS:
        return "too close to the target: a year of data would not decide it"
    more = text.times(judged.more_needed, f"more {result.sample}")
    return f"about {more} to decide, {text.times(judged.more_days, 'day')} at this rate"


def criterion_target(criterion: Criterion) -> str:
    """The target in words: under 60 s; over 95 %; 50 to 100."""
    said = text.amount(criterion.target, criterion.unit)
    if criterion.direction == "within":
        return f"{said} to {text.amount(criterion.upper_target, criterion.unit)}"
    return f"{'under' if criterion.direction == 'below' else 'over'} {said}"


def _evidence(result: CriterionResult) -> str:
    estimate, unit = result.estimate, result.criterion.unit
    sample = text.times(estimate.n, result.sample)
    if estimate.value is None:
        return estimate.reason
    if estimate.low is None and estimate.high is None:
        return f"{estimate.method}; {sample}"
    if estimate.high is None:
        return f"at least {text.amount(estimate.low, unit)}, no upper bound yet; {sample}"
    low, high = (text.amount(bound, unit) for bound in (estimate.low, estimate.high))
    return f"95 % interval {low} to {high}; {sample}"


def _exclusions(result: CriterionResult) -> str:
    everything = result.with_excluded
    if everything is None:
        return ""
    value = text.amount(everything.estimate.value, result.criterion.unit)
    said = f"with the excluded rows {value}, {text.lower_first(everything.verdict)}"
    return f"{said}: met by the exclusions alone" if result.is_met_by_exclusions else said
