"""Who finds what matters: the testers of an account, ranked by a score that is fair."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from core.analytics.definitions import SEVERITY_WEIGHTS
from core.analytics.series import TREND_DAYS, Stacked, Trend, top_share, whole_months
from core.store import Scope
from core.testers.bugs import BugSelection, count_by_month, count_by_tester
from core.testers.ranking import (
    Order,
    Prior,
    rank_testers,
    score_difference,
    win_probabilities,
    win_probability,
)

TOP = 5
TRENDS = 100  # at least TOP
SURE = 0.95
AT_ONCE = 64  # testers that are compared with the leader of a band


@dataclass(frozen=True)
class Leaderboard:
    """The testers of an account over a window, the best first, newcomers last.

    `people` has one row for each tester with a bug report in the window: tester_id, tester,
    the counts and sums of `count_by_tester`, the ranks in `order` of `rank_testers`, and their
    `band` (`bands`; None for newcomers).
    `without_tester` counts the reports that name no tester.
    """

    people: pd.DataFrame
    prior: Prior
    without_tester: int
    order: Order = "contribution"

    @property
    def ranked(self) -> pd.DataFrame:
        """Those with a rank."""
        return self.people[~self.people["newcomer"]]

    @property
    def newcomers(self) -> pd.DataFrame:
        """Those with too few decided bugs for one."""
        return self.people[self.people["newcomer"]]


@dataclass(frozen=True)
class Neighbour:
    """The next tester above or below, and what separates the two.

    `gap` is the difference of the two scores, `by_points` and `by_share` its two parts, None in the
    order of quality; `win_probability` is P(true score of the upper one > that of the lower one).
    """

    tester: str
    score: float
    gap: float
    by_points: float | None
    by_share: float | None
    win_probability: float


@dataclass(frozen=True)
class RankExplanation:
    """All the numbers that a rank is made of.

    `row` is the tester's row of `Leaderboard.people`; `severities` has severity (None for bugs
    without one), bugs (decided), accepted and weight, the heaviest first. `tied_with` are the names
    of those with the same rank.
    """

    order: Order
    row: Any
    severities: pd.DataFrame
    prior: Prior
    ranked: int
    tied_with: Sequence[str]
    above: Neighbour | None
    below: Neighbour | None


def leaderboard(
    scope: Scope,
    *,
    selection: BugSelection,
    weights: Mapping[str, float] = SEVERITY_WEIGHTS,
    newcomer_below: int = 10,
    order: Order = "contribution",
) -> Leaderboard:
    """Testers by the points that they earned times the share accepted, or by that share alone.

    Ties share a rank. Testers with fewer than `newcomer_below` decided bugs are newcomers without
    a rank: their few bugs cannot be told from luck.
    """
    counted, without_tester = count_by_tester(scope, selection=selection, weights=weights)
    people, prior = rank_testers(counted, newcomer_below=newcomer_below, order=order)
    people["band"] = pd.array(bands(people, prior, order), dtype="Int64")
    return Leaderboard(people, prior, without_tester, order)


def bands(people: pd.DataFrame, prior: Prior, order: Order) -> list[int | None]:
    """The band of each tester, from 1; None for newcomers, who come last.

    A band ends before the first who is below its leader with 95 % certainty: within a band the
    order may be chance.
    """
    ranked = people[~people["newcomer"].to_numpy(dtype=bool)]
    found: list[int | None] = []
    number = 0
    while (first := len(found)) < len(ranked):
        number, end, leader = number + 1, first + 1, ranked.iloc[first]
        while end < len(ranked):
            rest = ranked.iloc[end : end + AT_ONCE]
            is_below = win_probabilities(leader, rest, prior, order) >= SURE
            if is_below.any():
                end += int(is_below.argmax())
                break
            end += len(rest)
        found += [number] * (end - first)
    return found + [None] * (len(people) - len(ranked))


def sort_by(people: pd.DataFrame, by: str) -> pd.DataFrame:
    """The people with the most first; those that a score ranks before those it does not."""
    if by == "score":
        return people
    return people.sort_values([by, "tester"], ascending=[False, True], ignore_index=True)


def monthly_trend(
    scope: Scope, *, selection: BugSelection, tester_ids: Iterable[int], today: date
) -> Trend:
    """The bugs that these testers reported by month, and those of all testers."""
    span = replace(selection, window=selection.window.at_least(TREND_DAYS, today))
    counted = count_by_month(scope, selection=span, tester_ids=tester_ids)
    own = counted.dropna(subset="who").astype({"who": int})
    return Trend(own, whole_months(counted))


def top_and_others(people: pd.DataFrame, trend: Trend, by: str) -> Stacked:
    """The trend of the first `TOP` by a column of `people`, and of everyone else: `top_share`."""
    return top_share(people, sort_by(people, by).head(TOP), trend, "tester", by="reported")


def explain_rank(
    found: Leaderboard,
    *,
    tester_id: int,
    bugs: pd.DataFrame,
    weights: Mapping[str, float] = SEVERITY_WEIGHTS,
) -> RankExplanation | None:
    """The arithmetic behind one tester's rank; None for one who has no bug in the window.

    `bugs` are the tester's by severity: see `bugs.count_by_value`.
    """
    own = found.people[found.people["tester_id"] == tester_id]
    if own.empty:
        return None
    row = next(own.itertuples(index=False))
    bugs = bugs[bugs["decided"] > 0]
    counted = {"severity": bugs["key"], "bugs": bugs["decided"], "accepted": bugs["accepted"]}
    severities = pd.DataFrame(counted)
    severities["weight"] = [float(weights.get(key, 0)) for key in bugs["key"]]
    severities = severities.sort_values(
        ["weight", "bugs"], ascending=False, ignore_index=True, kind="stable"
    )
    everyone = found.ranked
    # A newcomer has no neighbours.
    others = everyone.iloc[:0] if row.newcomer else everyone[everyone["tester_id"] != tester_id]
    return RankExplanation(
        order=found.order,
        row=row,
        severities=severities,
        prior=found.prior,
        ranked=len(everyone),
        tied_with=others.loc[others["score"] == row.score, "tester"].tolist(),
        above=_neighbour(found, row, others[others["score"] > row.score].tail(1)),
        below=_neighbour(found, row, others[others["score"] < row.score].head(1)),
    )


def _neighbour(found: Leaderboard, row: Any, other: pd.DataFrame) -> Neighbour | None:
    if other.empty:
        return None
    next_one: Any = next(other.itertuples(index=False))
    upper, lower = (next_one, row) if next_one.score > row.score else (row, next_one)
    is_product = found.order == "contribution"
    by_points, by_share = score_difference(upper, lower) if is_product else (None, None)
    return Neighbour(
        tester=str(next_one.tester),
        score=float(next_one.score),
        gap=float(upper.score - lower.score),
        by_points=by_points,
        by_share=by_share,
        win_probability=win_probability(upper, lower, found.prior, found.order),
    )
