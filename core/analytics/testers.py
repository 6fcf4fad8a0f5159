"""Who finds what matters: the testers of an account, ranked by a score that is fair."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from core.analytics.query import query_metrics
from core.analytics.registry import SEVERITY_WEIGHTS
from core.analytics.trends import Stacked, asked_of, monthly, monthly_lists, top_share
from core.analytics.window import Window
from core.store import Store

__all__ = ["NEWCOMER_BELOW", "Field", "Prior", "fit_prior", "leaderboard", "top_and_others"]

NEWCOMER_BELOW = 10  # decided bugs
TOP = 5
ACCEPTED = ("accepted", "auto_accepted")
DECIDED = (*ACCEPTED, "rejected")


@dataclass(frozen=True)
class Prior:
    """The field's acceptance as a beta distribution: `accepted` and `rejected` pseudo-bugs."""

    accepted: float
    rejected: float

    def shrunk(self, accepted: float, decided: float) -> float:
        """A tester's acceptance drawn towards the field, the more so the fewer bugs decided."""
        return (accepted + self.accepted) / (decided + self.accepted + self.rejected)


@dataclass(frozen=True)
class Field:
    """The testers of an account over a window.

    `people` has one row for each tester with a bug report in the window: rank (None for
    newcomers), tester_id, tester, score, reported, decided, accepted, acceptance (share or None),
    shrunk (share), points (severity-weighted decided bugs), newcomer (bool), trend (reported by
    month, a list). `trend` has month, tester_id, tester, bug_count, over the window, or over the
    last year where the window is shorter.
    """

    people: pd.DataFrame
    trend: pd.DataFrame
    prior: Prior


def leaderboard(
    store: Store, *, account: str, window: Window, product_ids: Sequence[int] = (), today: date
) -> Field:
    """Testers by score: severity-weighted decided bugs times acceptance shrunk towards the field.

    Ties share a rank. Testers with fewer than `NEWCOMER_BELOW` decided bugs are newcomers without
    a rank: their few bugs cannot be told from luck.
    """
    asked = asked_of(account, window, product_ids)
    by_kind = query_metrics(
        store, metrics=["bug_count"], dimensions=["tester", "severity", "bug_status"], **asked
    )["data"]
    trend = monthly(store, "bug_count", "tester", asked=asked, window=window, today=today)
    people = _tallied(by_kind)
    prior = fit_prior(people["accepted"].to_numpy(float), people["decided"].to_numpy(float))
    return Field(
        people=_ranked(people, prior, trend),
        trend=trend,
        prior=prior,
    )


def top_and_others(found: Field, by: str) -> Stacked:
    """The trend of the first `TOP` by a column of `people`, and of everyone else: `top_share`."""
    top = found.people.sort_values([by, "tester"], ascending=[False, True]).head(TOP)
    return top_share(found.people, top, found.trend, "tester", of=("reported", "bug_count"))


def _tallied(rows: list[dict[str, Any]]) -> pd.DataFrame:
    tallies: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["tester_id"] is None:
            continue
        tally = tallies.setdefault(
            row["tester_id"],
            {
                "tester_id": row["tester_id"],
                "tester": row["tester"],
                "reported": 0,
                "decided": 0,
                "accepted": 0,
                "points": 0,
            },
        )
        number = row["bug_count"]
        tally["reported"] += number
        if row["bug_status"] in DECIDED:
            tally["decided"] += number
            tally["points"] += number * SEVERITY_WEIGHTS.get(row["severity"], 0)
        if row["bug_status"] in ACCEPTED:
            tally["accepted"] += number
    columns = ["tester_id", "tester", "reported", "decided", "accepted", "points"]
    return pd.DataFrame(list(tallies.values()), columns=columns)


def _ranked(people: pd.DataFrame, prior: Prior, trend: pd.DataFrame) -> pd.DataFrame:
    people = people.copy()
    decided = people["decided"]
    people["acceptance"] = (people["accepted"] / decided.where(decided > 0)).astype(float)
    people["shrunk"] = [
        prior.shrunk(a, d) for a, d in zip(people["accepted"], people["decided"], strict=True)
    ]
    people["score"] = people["points"] * people["shrunk"]
    people["newcomer"] = people["decided"] < NEWCOMER_BELOW
    # Rounded, so that equal scores stay equal whatever the order of their sums.
    ranks = people["score"].round(9).where(~people["newcomer"]).rank(method="min", ascending=False)
    people["rank"] = ranks.astype("Int64")
    lines = monthly_lists(trend, "tester_id", "bug_count")
    people["trend"] = [lines.get(person, []) for person in people["tester_id"]]
    return people.sort_values(
        ["newcomer", "score", "tester"], ascending=[True, False, True], ignore_index=True
    )


def fit_prior(accepted: np.ndarray[Any, Any], decided: np.ndarray[Any, Any]) -> Prior:
    """A beta prior by the method of moments over testers with enough decided bugs.

    The spread between testers beyond what chance gives sets how strongly the field pulls (Kleinman
    1973); with too few testers the pull is that of `NEWCOMER_BELOW` bugs at the field's acceptance.
    """
    settled = decided >= NEWCOMER_BELOW
    n, rates = decided[settled], accepted[settled] / np.maximum(decided[settled], 1)
    total = float(decided.sum())
    mean = float(accepted.sum() / total) if total else 0.5
    # A field without a single rejection would leave the prior without a second parameter.
    mean = min(max(mean, 0.01), 0.99)
    strength = float(NEWCOMER_BELOW)
    if len(n) > 2:
        observed = float(np.average((rates - mean) ** 2, weights=n))
        by_chance = mean * (1 - mean) * len(n) / float(n.sum())
        between = observed - by_chance
        if between > 0:
            strength = min(max(mean * (1 - mean) / between - 1, 1.0), 1_000.0)
    return Prior(accepted=mean * strength, rejected=(1 - mean) * strength)
