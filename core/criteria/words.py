"""What is said of success criteria: their answers, targets, intervals and exclusions."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.base import text
from core.base.stats import Verdict
from core.criteria.verdicts import CriterionResult

# A wait beyond this is no plan.
LONGEST_WAIT_DAYS = 365


def criteria_answer(results: Sequence[CriterionResult], week: str) -> str:
    """How many criteria are met, and what is said of each of the others."""
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
    open_ones = by[Verdict.NOT_PROVEN]
    more = _more(open_ones[0]) if len(open_ones) == 1 else ""
    return "; ".join(said) + (f" ({more})" if more else "") + "."


def _names(results: Sequence[CriterionResult]) -> str:
    names = text.listed([text.lower_first(result.criterion.label) for result in results])
    return f"{names} {'is' if len(results) == 1 else 'are'}"


def _more(result: CriterionResult) -> str:
    if result.judged.more_needed is None or result.judged.more_days is None:
        return ""
    if result.judged.more_days > LONGEST_WAIT_DAYS:
        return "too near the target for any sample of a year to decide"
    more = text.times(result.judged.more_needed, f"more {result.sample}")
    return f"about {more} to decide, {text.times(result.judged.more_days, 'day')} at this rate"


def target(*, direction: str, target: float, upper_target: float | None, unit: str) -> str:
    """Under 60 s; over 95 %; 50 to 100."""
    said = text.amount(target, unit)
    if direction == "within":
        return f"{said} to {text.amount(upper_target, unit)}"
    return f"{'under' if direction == 'below' else 'over'} {said}"


def criterion_target(result: CriterionResult) -> str:
    """The target of a criterion in words."""
    criterion = result.criterion
    return target(
        direction=criterion.direction,
        target=criterion.target,
        upper_target=criterion.upper_target,
        unit=criterion.unit,
    )


def criterion_exclusions(result: CriterionResult) -> str:
    """The figure with the excluded rows beside the one without; blank where nothing is excluded."""
    everything = result.with_excluded
    if everything is None:
        return ""
    value = text.amount(everything.estimate.value, result.criterion.unit)
    said = f"with the excluded rows {value}, {text.lower_first(everything.verdict)}"
    if result.is_met_by_exclusions:
        said += ": met by the exclusions alone"
    return said


def criterion_interval(result: CriterionResult) -> str:
    """The interval with its sample, or why there is none."""
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


def criterion_note(result: CriterionResult) -> str:
    """What else has to be known about the estimate, and how much more it takes to decide."""
    judged = result.judged
    return "; ".join(said for said in (judged.note, _more(result)) if said)


def frozen_figure(frozen: Mapping[str, Any]) -> dict[str, object]:
    """A criterion as it was frozen, as a row for people."""
    unit, everything = frozen["unit"], frozen["with_excluded"]
    aim = {name: frozen[name] for name in ("direction", "target", "upper_target", "unit")}
    return {
        "Criterion": frozen["label"],
        "Value": text.amount(frozen["value"], unit),
        "Target": target(**aim),
        "Verdict": frozen["verdict"],
        "95 % interval": text.between(frozen["low"], frozen["high"], unit),
        "Sample": text.times(frozen["n"], frozen["sample"]),
        "With the excluded rows": text.amount(everything["value"], unit)
        if everything
        else text.UNKNOWN,
        "Method": frozen["method"],
        "Owner": frozen["owner"],
    }
