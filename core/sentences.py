"""The sentences that answer a page's question, made from the data."""

from collections.abc import Sequence

from core import words
from core.analytics.criteria import CriterionResult
from core.analytics.engagement import FELL_WITHIN_DAYS, Engagement
from core.stats import Verdict

__all__ = [
    "criteria_answer",
    "criterion_interval",
    "criterion_note",
    "criterion_target",
    "engagement_answer",
    "feedback_answer",
    "top_share",
]

# A wait beyond this is no plan.
LONGEST_WAIT_DAYS = 365


def engagement_answer(found: Engagement, period: str) -> str:
    """Who drives engagement in the period, how many are new, and how many slip away."""
    everyone = words.times(len(found.people), "customer user")
    span = words.lower_first(period)
    if found.fell_silent:
        gone = f"{words.count(found.fell_silent)} fell silent in the last {FELL_WITHIN_DAYS} days"
    else:
        gone = _are(found.silent, "silent")
    return (
        f"{words.count(found.active)} of {everyone} created a cycle ({span}){_leader(found)}; "
        f"{_are(found.count('new'), 'new')}, {_are(found.count('fading'), 'fading')}, "
        f"{gone}."
    )


def _leader(found: Engagement) -> str:
    """Who created the most, unless many share that place."""
    people = found.people
    first = people[people["created"] == people["created"].max()]
    if not found.active or len(first) > 2 or len(first) == found.active:
        return ""
    names = words.listed(first["customer"].tolist())
    each = " each" if len(first) > 1 else ""
    return f", {names} the most ({words.count(first['created'].max())}{each})"


def _are(number: int, what: str) -> str:
    if not number:
        return f"nobody is {what}"
    return f"{words.count(number)} {'is' if number == 1 else 'are'} {what}"


def feedback_answer(positive: float | None, average: float | None, number: float | None) -> str:
    """What thumbs and stars say, each for itself, and from how many opinions."""
    if not number:
        return "Nobody has given feedback in this period yet."
    parts = []
    if positive is not None:
        parts.append(f"{words.share(positive)} of the thumbs point up")
    if average is not None:
        parts.append(f"ratings average {words.amount(average, 'stars')} of 5 stars")
    said = " and ".join(parts) or "only comments came in"
    return f"{words.upper_first(said)}, from {words.times(int(number), 'opinion')}."


def top_share(names: Sequence[str], share: float, one: str, many: str, what: str) -> str:
    """The finding over a trend of the top people: the top 5 create 71 % of the cycles."""
    who = one if len(names) == 1 else f"The top {len(names)} {many}"
    return f"{who} {words.share(share)} of the {what}"


def criteria_answer(results: Sequence[CriterionResult], week: str) -> str:
    """How many criteria are met, and what is said of each of the others."""
    by: dict[Verdict, list[CriterionResult]] = {verdict: [] for verdict in Verdict}
    for result in results:
        by[result.verdict].append(result)
    if len(by[Verdict.NO_DATA]) == len(results):
        return f"Nothing was measured in {week}, so no criterion can be judged."
    met, of = len(by[Verdict.MET]), len(results)
    head = f"{words.upper_first(words.number(met))} of the {words.number(of)} criteria "
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
    names = words.listed([words.lower_first(result.criterion.label) for result in results])
    return f"{names} {'is' if len(results) == 1 else 'are'}"


def _more(result: CriterionResult) -> str:
    if result.more_needed is None or result.more_days is None:
        return ""
    if result.more_days > LONGEST_WAIT_DAYS:
        return "too near the target for any sample of a year to decide"
    more = words.times(result.more_needed, f"more {result.sample}")
    return f"about {more} to decide, {words.times(result.more_days, 'day')} at this rate"


def criterion_target(result: CriterionResult) -> str:
    """Under 60 s; over 95 %."""
    side = "under" if result.criterion.direction == "below" else "over"
    return f"{side} {words.amount(result.criterion.target, result.criterion.unit)}"


def criterion_interval(result: CriterionResult) -> str:
    """The interval with its sample, or why there is none."""
    estimate, unit = result.estimate, result.criterion.unit
    sample = words.times(estimate.n, result.sample)
    if estimate.value is None:
        return estimate.reason
    if estimate.low is None and estimate.high is None:
        return f"{estimate.method}; {sample}"
    if estimate.high is None:
        return f"at least {words.amount(estimate.low, unit)}, no upper bound yet; {sample}"
    low, high = (words.amount(bound, unit) for bound in (estimate.low, estimate.high))
    return f"95 % interval {low} to {high}; {sample}"


def criterion_note(result: CriterionResult) -> str:
    """What else has to be known about the estimate, and how much more it takes to decide."""
    return "; ".join(said for said in (result.note, _more(result)) if said)
