"""Success criteria in words: the answer of a window, and one row for each criterion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.base import text
from core.base.stats import Leaning, Span, Verdict
from core.criteria.verdicts import CriterionResult, Judged, load_result, result_content
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
    "bad side; anything else is not proven: likely where the 60 % interval is on one side."
)
WORST_FIRST: Sequence[Verdict | Leaning] = (
    *(Verdict.MISSED, Leaning.LIKELY_MISSED, Leaning.CLOSE),
    *(Verdict.NOT_PROVEN, Leaning.LIKELY_MET, Verdict.NO_DATA),
)
# The fields of a row that are stored under another key.
KEYS = {"target": "target_words", "evidence": "interval_words", "exclusions": "excluded_words"}
# A longer wait is no plan.
LONGEST_WAIT_DAYS = 365


def criterion_amount(result: CriterionResult, value: float | None) -> str:
    """A value in the criterion's unit, money with its currency; a dash where unknown."""
    said, currency = text.amount(value, result.criterion.unit), result.judged.currency
    return said if value is None or not currency else f"{currency} {said} a week"


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
            target=criterion_target(result.criterion, result.judged.currency),
            evidence=_evidence(result),
            note="; ".join(said for said in (result.judged.note, more_words(result)) if said),
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
        """The estimate and its verdict: 97.1 %, likely met."""
        return f"{self.value}, {text.lower_first(self.verdict)}"

    def is_like(self, other: "CriterionRow") -> bool:
        """Whether value and verdict are those of another row; older rows have no direction."""
        return self.value == other.value and self.result.verdict is other.result.verdict

    @property
    def verdict(self) -> str:
        """The verdict in words: the direction of what is not proven."""
        return verdict_words(self.result.judged)

    @property
    def sign(self) -> str:
        """The verdict as a shape and words."""
        return f"{SIGNS[self.result.verdict][0]} {self.verdict}"

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
        return criterion_amount(self.result, value)

    def columns(self, *headings: str) -> dict[str, str]:
        """The cells under the given headings, in their order; verdicts are the four, as in data."""
        result = self.result
        counted = result.with_excluded
        with_excluded = None if counted is None else counted.estimate.value
        cells = {
            "Criterion": self.label,
            "Value": self.value,
            "Target": self.target,
            "Verdict": SIGNS[result.verdict],
            "Direction": result.judged.leaning or text.UNKNOWN,
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


def verdict_words(judged: Judged) -> str:
    """The verdict, or the direction of one that is not proven: Likely met."""
    return str(judged.leaning or judged.verdict)


def worst_first(results: Iterable[CriterionResult]) -> list[CriterionResult]:
    """The results from missed to met."""
    order = {said: place for place, said in enumerate(map(str, WORST_FIRST))}
    return sorted(results, key=lambda one: order.get(verdict_words(one.judged), len(order)))


def criteria_answer(results: Sequence[CriterionResult], week: str) -> str:
    """How many criteria are met, and which are missed, undecided or without data; worst first."""
    by: dict[str, list[CriterionResult]] = {said: [] for said in (*Verdict, *Leaning)}
    for result in results:
        by[verdict_words(result.judged)].append(result)
    if len(by[Verdict.NO_DATA]) == len(results):
        return f"Nothing was measured in {week}, so no criterion can be judged."
    met, of = len(by[Verdict.MET]), len(results)
    head = f"{text.upper_first(text.number(met))} of the {text.number(of)} criteria "
    said = [f"{head}{'is' if met <= 1 else 'are'} met in {week}"]
    undecided = [result for result in results if result.verdict is Verdict.NOT_PROVEN]
    for kind in WORST_FIRST[2:]:
        if not by[kind]:
            continue
        word = "without data" if kind is Verdict.NO_DATA else text.lower_first(kind)
        why = more_words(undecided[0]) if len(undecided) == 1 and undecided == by[kind] else ""
        said.append(f"{_names(by[kind])} {word}" + (f" ({why})" if why else ""))
    first = [_missed(by[kind], text.lower_first(kind)) for kind in WORST_FIRST[:2] if by[kind]]
    return " ".join([*first, "; ".join(said) + "."])


def _missed(results: Sequence[CriterionResult], word: str) -> str:
    """Those that are missed with their figures: p95 latency is missed: 70 s, target under 60 s."""
    rows = [CriterionRow.of(result) for result in results]
    figures = [f"{row.value}, target {row.target}" for row in rows]
    return f"{text.upper_first(_names(results))} {word}: {'; '.join(figures)}."


def _names(results: Iterable[CriterionResult]) -> str:
    labels = [text.lower_first(result.criterion.label) for result in results]
    return f"{text.listed(labels)} {'is' if len(labels) == 1 else 'are'}"


def more_words(result: CriterionResult) -> str:
    """How much more data may decide a criterion; blank where unknown or decided.

    Some 200 to 400 more runs, 3 to 6 days at this rate.
    """
    needed, days = result.judged.forecast, result.judged.forecast_days
    if needed is None or days is None:
        return ""
    if days[0] > LONGEST_WAIT_DAYS:
        return "too close to the target: a year of data would not decide it"
    if days[1] is None or days[1] > LONGEST_WAIT_DAYS:
        needed, days = (needed[0], None), (days[0], None)
    more = f"some {_span(needed, f'more {result.sample}')}"
    return more if result.sample == "day" else f"{more}, {_span(days, 'day')} at this rate"


def _span(numbers: Span, one: str) -> str:
    """From so many things to so many, each number rounded to one digit: 200 to 400 days."""
    few, many = (None if n is None else round(n, 1 - len(str(n))) for n in numbers)
    few = few or 1
    if many is None:
        return f"{text.times(few, one)} or many more"
    return text.times(few, one) if few == many else f"{few:,} to {text.times(many, one)}"


def criterion_target(criterion: Criterion, currency: str = "") -> str:
    """The target in words: under 60 s; over 95 %; 50 to 100; over EUR 0."""
    said = f"{currency} {text.amount(criterion.target, criterion.unit)}".strip()
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
    said = f"with the excluded rows {value}, {text.lower_first(verdict_words(everything))}"
    return f"{said}: met by the exclusions alone" if result.is_met_by_exclusions else said
