"""Fields of testers whose true shares are known, and how often intervals hold the true rank."""

import numpy as np
import pandas as pd

from core.testers.ranking import rank_testers

WEIGHTS = np.array([5.0, 3.0, 1.0])
SEVERITY_MIX = np.array([0.1, 0.3, 0.6])
LEAST = 10  # decided bugs of one who is ranked


def sizes(rng, count, mean=40):
    return rng.geometric(1 / mean, count) + LEAST - 1


def equal(rng):
    return sizes(rng, 60), np.full(60, 0.8), None


def two_classes(rng):
    return sizes(rng, 60), np.repeat([0.6, 0.9], 30), None


def continuous(rng):
    return sizes(rng, 60), rng.beta(0.83 * 8, 0.17 * 8, 60), None


def few_heavy(rng):
    """Five who report by the hundred among newcomers, some of whom have just got a rank."""
    decided = np.concatenate([rng.integers(300, 1_500, 5), rng.integers(3, 20, 120)])
    return decided, rng.beta(0.83 * 8, 0.17 * 8, 125), None


def mixed_severities(rng):
    """Each tester has a severity mix of their own, and heavier bugs are rejected more often."""
    mixes = rng.dirichlet(SEVERITY_MIX * 3, 60)
    return sizes(rng, 60), rng.beta(0.83 * 8, 0.17 * 8, 60), mixes


def many_ties(rng):
    """Twenty bugs each, and two shares in the whole field."""
    return np.full(60, 20), rng.choice([0.7, 0.85], 60), None


def one_tester(rng):
    return sizes(rng, 1), np.array([0.8]), None


FIELDS = {
    "equal testers": equal,
    "two classes": two_classes,
    "continuous skill": continuous,
    "few heavy, many newcomers": few_heavy,
    "mixed severities": mixed_severities,
    "many ties": many_ties,
    "one tester": one_tester,
}


def drawn(kind, rng):
    """A field as `rank_testers` takes it, with the true share of points of each as `true`."""
    decided, skill, mixes = FIELDS[kind](rng)
    mixes = np.tile(SEVERITY_MIX, (len(decided), 1)) if mixes is None else mixes
    bugs = np.array([rng.multinomial(n, mix) for n, mix in zip(decided, mixes, strict=True)])
    harder = np.array([0.12, 0.0, -0.04]) if kind == "mixed severities" else np.zeros(3)
    shares = np.clip(skill[:, None] - harder, 0.01, 0.99)
    accepted = rng.binomial(bugs, shares)
    points = bugs @ WEIGHTS
    return pd.DataFrame(
        {
            "tester_id": np.arange(1, len(bugs) + 1),
            "tester": [f"T{n:03}" for n in range(1, len(bugs) + 1)],
            "accepted": accepted.sum(axis=1),
            "decided": decided,
            "weighed": decided,
            "earned": accepted @ WEIGHTS,
            "points": points,
            "squares": bugs @ WEIGHTS**2,
            "earned_squares": accepted @ WEIGHTS**2,
            "true": ((bugs * shares) @ WEIGHTS / points).round(12),
        }
    )


def covered(kind, order, *, seeds):
    """Over fields of a kind, the shares of testers whose interval holds their true rank.

    Testers who are truly equal have all the ranks between them: the first of these, the last and
    one drawn among them have to be held. Also the mean width in ranks, and the share of fields
    that somebody leads who has under twice the least bugs and is truly no better than the average.
    """
    rows = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        people, _ = rank_testers(drawn(kind, rng), newcomer_below=LEAST, order=order)
        ranked = people[~people["newcomer"]]
        truly = ranked["true"] * (ranked["earned"] if order == "contribution" else 1)
        first = truly.rank(ascending=False, method="min")
        last = truly.rank(ascending=False, method="max")
        any_one = pd.Series(
            np.lexsort((rng.random(len(truly)), -truly)).argsort() + 1, index=truly.index
        )
        low, high = ranked["rank_low"], ranked["rank_high"]
        leader = ranked.iloc[0]
        lucky = leader["decided"] < 2 * LEAST and leader["true"] < ranked["true"].mean()
        rows.append(
            {
                "first": ((low <= first) & (first <= high)).mean(),
                "last": ((low <= last) & (last <= high)).mean(),
                "one": ((low <= any_one) & (any_one <= high)).mean(),
                "width": ((high - low) / len(ranked)).mean(),
                "lucky": float(lucky),
            }
        )
    return pd.DataFrame(rows).mean()
