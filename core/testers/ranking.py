"""Ranks that say how sure they are: shrunk shares of points, scores, and the interval of a rank.

Points are earned by accepted bugs. Of the `points` of a tester's decided bugs, `earned` were
accepted; the share of the two is shrunk towards the field. The quality of a tester is that share
alone, and the contribution is the points earned times that share. It is not the points decided
times that share: this one a rejected bug would raise, as the field vouches for a part of it.

Bugs of unequal weights w tell of a share as much as n = (sum of w)^2 / (sum of w^2) equal ones, the
effective sample size of Kish (1965, Survey Sampling, section 11.7). `squares` are the sums of w^2.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, expit, logit, psi

Numbers = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int64]
Order = Literal["contribution", "quality"]

# A little more than the 95 % that an interval of a rank is to hold: the field itself is estimated.
CONFIDENCE = 0.96
DRAWS = 400
# More testers get fewer draws, so that a large field is ranked as quickly as a small one.
MOST_RANKS = 1_000_000
FEWEST_DRAWS = 200
SEED = 20_261
# Where the strength of the prior is looked for, how many bugs it is worth when there is nothing to
# learn it from, and how far from that it may easily be (in logarithms).
WEAKEST, STRONGEST = 0.5, 1_000.0
USUAL_STRENGTH, STRENGTH_SPREAD = 10.0, 1.5
# As many bugs of each kind as the mean of the prior is held from 0 and 1 with.
MEAN_PULL = 0.5
# The shares that a tester's true one is looked for among: in equal steps of their arcsine, so that
# a sample of a size tells neighbours apart equally well everywhere.
SHARES: Numbers = np.sin((np.arange(200) + 0.5) * np.pi / 400) ** 2
ROUNDS, MOST_LEARNED = 100, 400
# Shares of points that are no further apart count as equal.
APART = 0.03


@dataclass(frozen=True)
class Prior:
    """The field's share of points: a beta distribution of `accepted` and `rejected` points.

    A tester is shrunk as by so many more points; `unit` is how many points tell as much as a bug.
    `mixture` is the distribution of the ranked
    testers' true shares over `SHARES`, of whatever shape.
    """

    accepted: float
    rejected: float
    unit: float = 1.0
    mixture: Numbers = field(default_factory=lambda: np.ones_like(SHARES), compare=False)

    @property
    def strength(self) -> float:
        """How many decided points the field counts like when a tester is shrunk towards it."""
        return self.accepted + self.rejected

    def shrunk(self, earned: Any, points: Any) -> Any:
        """The share of points that is accepted, shrunk towards the field."""
        return (earned + self.accepted) / (points + self.strength)

    def posterior(self, earned: Any, points: Any, squares: Any) -> Numbers:
        """For each tester, a row, the probability of each of `SHARES`."""
        found = _likelihood(*effective_counts(earned, points, squares)) * self.mixture
        shares: Numbers = found / found.sum(axis=1, keepdims=True)
        return shares


def effective_counts(earned: Any, points: Any, squares: Any) -> tuple[Numbers, Numbers]:
    """How many equal bugs, accepted and rejected, tell as much of the share of points."""
    earned, points, squares = (np.asarray(x, dtype=float) for x in (earned, points, squares))
    each = np.divide(points, squares, out=np.zeros_like(points), where=squares > 0)
    return earned * each, (points - earned) * each


def fit_prior(earned: Numbers, points: Numbers, squares: Numbers, unit: float) -> Prior:
    """The prior under which the testers' effective counts are most likely: a beta-binomial of each.

    Maximum likelihood (Griffiths 1973), with a weak pull on the strength and the mean that keeps
    both finite where the field says nothing about them: few testers, all alike, all accepted. Such
    a penalty is that of Chung et al. 2013 (Psychometrika 78:685) for variances, which in small
    samples maximum likelihood puts on the boundary.

    Of equal weights, in 56 simulated settings (3 to 300 testers), the mean square error of its
    shrunk shares was lower than that of the method of moments (Kleinman 1973) in 34 and higher in
    6; without the penalty it was mostly 5 to 50 % higher for 3 testers, and as high for 300.

    The strength is in bugs, and `unit` makes points of it: of the whole field and not of a tester,
    whose rejected critical bug would make the pull of the field stronger, and so could raise a low
    share. Rounded to four digits, so that a person can redo the arithmetic with what is shown.
    """
    yes, no = effective_counts(earned, points, squares)
    mean = float((yes.sum() + MEAN_PULL) / (yes.sum() + no.sum() + 2 * MEAN_PULL))
    found = minimize(
        _loss,
        [logit(mean), math.log(USUAL_STRENGTH)],
        args=(yes, no),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-7.0, 7.0), (math.log(WEAKEST), math.log(STRONGEST))],
    ).x
    mean, strength = float(expit(found[0])), math.exp(found[1]) * unit
    accepted, rejected = (float(f"{part * strength:.4g}") for part in (mean, 1 - mean))
    return Prior(accepted, rejected, unit)


def _loss(where: Numbers, a: Numbers, b: Numbers) -> tuple[float, Numbers]:
    """The negative penalised log-likelihood and its slopes at (logit mean, log strength)."""
    mean, strength = float(expit(where[0])), math.exp(where[1])
    first, second = mean * strength, (1 - mean) * strength
    value = (betaln(a + first, b + second) - betaln(first, second)).sum()
    of_both = (psi(a + b + strength) - psi(strength)).sum()
    by_first = (psi(a + first) - psi(first)).sum() - of_both
    by_second = (psi(b + second) - psi(second)).sum() - of_both
    off = (where[1] - math.log(USUAL_STRENGTH)) / STRENGTH_SPREAD
    value += MEAN_PULL * (math.log(mean) + math.log1p(-mean)) - off**2 / 2
    slopes = [
        (by_first - by_second) * first * (1 - mean) + MEAN_PULL * (1 - 2 * mean),
        by_first * first + by_second * second - off / STRENGTH_SPREAD,
    ]
    return -float(value), -np.array(slopes, dtype=float)


def _likelihood(a: Numbers, b: Numbers) -> Numbers:
    """The likelihood of each of `SHARES` for each tester, a row, 1 at the likeliest."""
    logs = np.outer(a, np.log(SHARES)) + np.outer(b, np.log1p(-SHARES))
    found: Numbers = np.exp(logs - logs.max(axis=1, keepdims=True))
    return found


def fit_mixture(prior: Prior, earned: Numbers, points: Numbers, squares: Numbers) -> Prior:
    """The prior with the distribution of true shares that the testers show.

    Nonparametric maximum likelihood (Kiefer and Wolfowitz 1956; Laird 1978 by EM), held near the
    beta distribution as by one more tester: testers of two kinds, or all alike, are no bell.
    """
    # Of very many testers some tell the shape as well as all.
    some = slice(None, None, len(earned) // MOST_LEARNED + 1)
    likelihood = _likelihood(*effective_counts(earned[some], points[some], squares[some]))
    logs = (prior.accepted / prior.unit - 0.5) * np.log(SHARES)
    logs += (prior.rejected / prior.unit - 0.5) * np.log1p(-SHARES)
    start = np.exp(logs - logs.max())
    start = 0.99 * start / start.sum() + 0.01 / len(SHARES)
    mixture = start
    for _ in range(ROUNDS):
        mixture = mixture * ((1 / (likelihood @ mixture)) @ likelihood) + start
        mixture /= mixture.sum()
    return replace(prior, mixture=mixture)


def rank_testers(
    people: pd.DataFrame, *, newcomer_below: int, order: Order = "contribution"
) -> tuple[pd.DataFrame, Prior]:
    """People with their scores and ranks in an order, the best first, and the prior of their field.

    `people` has tester_id, tester, accepted and decided (bugs), weighed (the decided bugs that have
    a weight), earned, points, squares and earned_squares (of the accepted bugs alone). Added are
    acceptance (share of bugs) and share (of points), both None without any, shrunk (share), score,
    newcomer (bool: fewer weighed bugs than `newcomer_below`), rank, rank_low, rank_high (None for
    newcomers: their few bugs cannot be told from luck) and tied (bool). Equal scores share the best
    of their ranks.
    """
    people = people.sort_values("tester_id", ignore_index=True)
    counts = people[["earned", "points", "squares"]].to_numpy(dtype=float)
    earned, points, squares = counts.T
    total = float(earned.sum())
    unit = float(people["earned_squares"].sum()) / total if total else 1.0
    prior = fit_prior(earned, points, squares, unit)
    shrunk = prior.shrunk(earned, points)
    worth = worth_of(people, order)
    people = people.assign(
        acceptance=_ratio(people["accepted"], people["decided"]),
        share=_ratio(people["earned"], people["points"]),
        shrunk=shrunk,
        # Rounded, so that equal scores stay equal whatever the order of their sums.
        score=(worth * shrunk).round(9),
        newcomer=people["weighed"] < newcomer_below,
    )
    settled = ~people["newcomer"]
    keep = settled.to_numpy()
    scores = people.loc[settled, "score"]
    ranks = scores.rank(method="min", ascending=False).astype(int)
    prior = fit_mixture(prior, *counts[keep].T)
    low, high = rank_intervals(
        worth[keep], counts[keep], prior, apart=APART if order == "quality" else 0.0
    )
    columns = {"rank": ranks, "rank_low": np.minimum(low, ranks)}
    columns["rank_high"] = np.maximum(high, ranks)
    for name, values in columns.items():
        people[name] = pd.Series(values, index=scores.index, dtype="Int64").reindex(people.index)
    people["tied"] = people["rank"].duplicated(keep=False) & settled
    by = ["newcomer", "score", "tester"]
    return people.sort_values(by, ascending=[True, False, True], ignore_index=True), prior


def worth_of(people: Any, order: Order) -> Numbers:
    """What a tester's share of points is multiplied with in an order."""
    earned = np.asarray(people.earned, dtype=float)
    return earned if order == "contribution" else np.ones_like(earned)


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part.astype(float) / whole.astype(float).where(whole > 0)


def rank_intervals(
    worth: Numbers, counts: Numbers, prior: Prior, *, apart: float = 0.0
) -> tuple[Ranks, Ranks]:
    """Between which ranks each true score lies with at least 95 %: the first and the last of them.

    `counts` has earned, points and squares in its columns; a score is `worth` times the true share.
    All shares are drawn from what is known of them, again and again, and each time all testers are
    ranked (Goldstein and Spiegelhalter 1996); equal ones have all the ranks between them. The same
    counts in the same order give the same intervals, the same counts the widest of theirs.
    """
    count = len(worth)
    if not count:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    draws = max(FEWEST_DRAWS, min(DRAWS, MOST_RANKS // count))
    first, last = _simulated_ranks(worth, prior.posterior(*counts.T), draws, apart)
    # Between the k-th lowest and highest of n draws lies n + 1 - 2k of n + 1 parts.
    outside = int((draws + 1) * (1 - CONFIDENCE) / 2) - 1
    first.partition(outside, axis=0)
    last.partition(draws - 1 - outside, axis=0)
    found = pd.DataFrame({"low": first[outside], "high": last[draws - 1 - outside]})
    # By name: given an array, pandas first writes all of it out as the name of a column.
    same = found.join(pd.DataFrame(counts)).groupby([0, 1, 2])
    return same["low"].transform("min").to_numpy(), same["high"].transform("max").to_numpy()


def _simulated_ranks(
    worth: Numbers, shares: Numbers, draws: int, apart: float
) -> tuple[Ranks, Ranks]:
    """The first and the last rank of each tester, a column, in each draw, a row."""
    rng = np.random.default_rng(SEED)
    # Evenly spread draws of each tester's share, in an order of their own.
    at = (np.arange(draws) + 0.5) / draws
    drawn = np.stack([np.searchsorted(row, at) for row in shares.cumsum(axis=1)])
    known = SHARES[np.minimum(drawn, len(SHARES) - 1)]
    values = np.ascontiguousarray((rng.permuted(known, axis=1) * worth[:, np.newaxis]).T)
    first, last = (np.empty(values.shape, dtype=np.int64) for _ in range(2))
    for n, row in enumerate(values):
        order = np.argsort(row)
        # In their order values are found several times as fast.
        ordered = row[order]
        first[n, order] = 1 + len(row) - np.searchsorted(ordered, ordered + apart, side="right")
        last[n, order] = len(row) - np.searchsorted(ordered, ordered - apart, side="left")
    return first, last


def win_probability(one: Any, other: Any, prior: Prior, order: Order = "contribution") -> float:
    """P(true score of one > true score of the other), half of P(equal) included."""
    return float(win_probabilities(one, other, prior, order)[0])


def win_probabilities(one: Any, others: Any, prior: Prior, order: Order) -> Numbers:
    """The `win_probability` of one against each of the others, rows of `rank_testers`."""
    own, their = (
        prior.posterior(*(np.atleast_1d(x) for x in (who.earned, who.points, who.squares)))
        for who in (one, others)
    )
    scores, values = (
        np.multiply.outer(np.atleast_1d(worth_of(who, order)), SHARES) for who in (one, others)
    )
    # That one's score is at least the value, and that it is above it.
    since = np.append(own[0][::-1].cumsum()[::-1], 0.0)
    as_high = since[np.searchsorted(scores[0], values, "left")]
    above = since[np.searchsorted(scores[0], values, "right")]
    found: Numbers = (their * (as_high + above) / 2).sum(axis=1)
    return found


def score_difference(one: Any, other: Any) -> tuple[float, float]:
    """By how much the points earned, and the shrunk share, put one's contribution above another's.

    The two add up to the difference of the scores: each is the difference of one factor times the
    mean of the other factor (Shapley's division).
    """
    by_points = (one.earned - other.earned) * (one.shrunk + other.shrunk) / 2
    by_share = (one.shrunk - other.shrunk) * (one.earned + other.earned) / 2
    return float(by_points), float(by_share)
