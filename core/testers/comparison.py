"""Two testers side by side: what puts one above the other, and how sure that order is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from core.base import text
from core.testers.leaderboard import Leaderboard, RankExplanation, explain_rank
from core.testers.ranking import Order, Prior, win_probability
from core.testers.words import in_points, order_words, rank_label, rank_range, score


@dataclass(frozen=True)
class Comparison:
    """Two testers in an order of ranks, the higher score first.

    `win_probability` is P(true score of the upper one > that of the lower one).
    """

    order: Order
    upper: RankExplanation
    lower: RankExplanation
    win_probability: float

    @property
    def both(self) -> tuple[RankExplanation, RankExplanation]:
        """The upper one and the lower one."""
        return (self.upper, self.lower)

    @property
    def prior(self) -> Prior:
        """The field that both are pulled towards."""
        return self.upper.prior

    @property
    def gap(self) -> float:
        """The difference of the scores, 0 or more."""
        return float(self.upper.row.score - self.lower.row.score)

    @property
    def severities(self) -> list[str | None]:
        """The severities of the decided bugs of either, the heaviest first."""
        found = pd.concat([self.upper.severities, self.lower.severities])
        found = found.sort_values("weight", ascending=False, kind="stable")
        return list(dict.fromkeys(found["severity"]))


def compare(
    found: Leaderboard, bugs: Mapping[int, pd.DataFrame], weights: Mapping[str, float]
) -> Comparison | None:
    """Compare two testers; None where one of them has no bug in the window.

    `bugs` are theirs by severity: see `bugs.count_by_value`.
    """
    reasons = [
        explain_rank(found, tester_id=tester_id, bugs=own, weights=weights)
        for tester_id, own in bugs.items()
    ]
    known = [reason for reason in reasons if reason is not None]
    if len(known) != 2:
        return None
    upper, lower = sorted(known, key=lambda reason: (-reason.row.score, reason.row.tester))
    sure = win_probability(upper.row, lower.row, found.prior, found.order)
    return Comparison(found.order, upper, lower, sure)


def comparison_answer(found: Comparison) -> str:
    """Who is above whom, by how much and why, and how sure that order is."""
    upper, lower = (reason.row for reason in found.both)
    for row in (upper, lower):
        if row.newcomer:
            decided = text.times(row.weighed, "decided bug")
            return f"{row.tester} has {decided}, too few for a rank: there is no order to judge."
    points = _more(upper.earned, lower.earned, ("more", "fewer", "as many"))
    said = _more(upper.share, lower.share, ("higher", "lower", "the same")) + " acceptance"
    is_share = found.order == "quality"
    if is_share:
        bugs = _more(upper.weighed, lower.weighed, ("more", "fewer", "as many"))
        said += f", of {bugs} decided bugs"
    else:
        said = f"{points} points, {said}"
    if found.gap == 0:
        return f"{upper.tester} and {lower.tester} have the same score: {said}."
    gap = found.gap * (100 if is_share else 1)
    gap_words = text.trimmed(gap, 1 if gap >= 0.1 else 2) + (" pts" if is_share else "")
    order = order_words(found.win_probability)
    return f"{upper.tester} is above {lower.tester} by {gap_words}: {said}; {order}."


def _more(one: float, other: float, words: tuple[str, str, str]) -> str:
    """The first word where one is more than the other, the second where it is less."""
    return words[2] if one == other else words[one < other]


def comparison_rows(found: Comparison) -> list[tuple[str, str, str]]:
    """What is compared, and how much of it each of the two has."""

    def row(what: str, said: Callable[[RankExplanation], str]) -> tuple[str, str, str]:
        return (what, said(found.upper), said(found.lower))

    def of(severity: str | None) -> Callable[[RankExplanation], str]:
        return lambda reason: _of_severity(reason, severity)

    rows = [
        row("Rank", lambda one: rank_label(one.row.rank, tied=one.row.tied)),
        row("Rank, 95 % sure", lambda one: rank_range(one.row.rank_low, one.row.rank_high)),
    ]
    for severity in found.severities:
        name = f"{text.upper_first(severity or 'no severity')}, accepted"
        rows.append(row(name, of(severity)))
    rows += [
        row("Points earned", lambda one: in_points(one.row.earned)),
        row("Points decided", lambda one: in_points(one.row.points)),
        row("Accepted, of the points", lambda one: text.amount(one.row.share, "fraction")),
        row("Quality", lambda one: score(one.row.shrunk, "quality")),
    ]
    if found.order == "contribution":
        rows.append(row("Contribution", lambda one: score(one.row.score)))
    return rows


def _of_severity(reason: RankExplanation, severity: str | None) -> str:
    lines: list[Any] = [*reason.severities.itertuples(index=False)]
    for one in lines:
        if one.severity == severity:
            earned = in_points(one.accepted * one.weight)
            return f"{text.count(one.accepted)} of {text.count(one.bugs)}, {earned}"
    return text.UNKNOWN


def comparison_method(found: Comparison, since: date) -> str:
    """How the figures of a comparison are made; newer bugs than of `since` are left out."""
    prior = found.prior
    said = (
        f"Settled bugs only: of cycles that ended by {text.day(since)}. Quality is the share of "
        f"points accepted, pulled towards the field's average, {text.share(prior.shrunk(0, 0))}, "
        f"as by {prior.strength:g} more points"
    )
    if found.order == "contribution":
        said += "; contribution is the points earned times quality"
    return f"{said}. How sure the order is follows from what is known of both true shares."
