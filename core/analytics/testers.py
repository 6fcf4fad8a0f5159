"""Who finds what matters: the testers of an account, ranked by a score that is fair."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from core.analytics.query import metric_rows
from core.analytics.trends import Stacked, Trend, asked_of, monthly, top_share
from core.analytics.window import Window
from core.store import Store

__all__ = [
    "NEWCOMER_BELOW",
    "ORDERS",
    "TRENDS",
    "Field",
    "Prior",
    "fit_prior",
    "leaderboard",
    "top_and_others",
]

NEWCOMER_BELOW = 10  # decided bugs
TOP = 5
TRENDS = 100  # at least TOP
ORDERS = ("score", "reported", "accepted")
DECIDED = ("accepted", "auto_accepted", "rejected")


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
    month, a list; empty beyond the first `TRENDS` of every order in `ORDERS`). `trend` is that of
    the bugs reported.
    """

    people: pd.DataFrame
    trend: Trend
    prior: Prior


def leaderboard(
    store: Store, *, account: str, window: Window, product_ids: Sequence[int] = (), today: date
) -> Field:
    """Testers by score: severity-weighted decided bugs times acceptance shrunk towards the field.

    Ties share a rank. Testers with fewer than `NEWCOMER_BELOW` decided bugs are newcomers without
    a rank: their few bugs cannot be told from luck.
    """
    asked = asked_of(account, window, product_ids)
    by_tester = dict(asked, dimensions=["tester"], with_samples=True)
    counted = metric_rows(store, metrics=["bug_count", "decided_acceptance_rate"], **by_tester)
    decided_only = (by_tester["filters"] or {}) | {"bug_status": DECIDED}
    weighed = metric_rows(
        store, metrics=["bug_severity_score"], **(by_tester | {"filters": decided_only})
    )
    people = _tallied(counted, weighed)
    prior = fit_prior(people["accepted"].to_numpy(float), people["decided"].to_numpy(float))
    people = _ranked(people, prior)
    shown = {key for by in ORDERS for key in _first(people, by, TRENDS)["tester_id"]}
    trend = monthly(
        *(store, "bug_count", "tester"), people=shown, asked=asked, window=window, today=today
    )
    lines = trend.lists()
    people["trend"] = [lines.get(person, []) for person in people["tester_id"]]
    return Field(people, trend, prior)


def top_and_others(found: Field, by: str) -> Stacked:
    """The trend of the first `TOP` by a column of `people`, and of everyone else: `top_share`."""
    return top_share(
        found.people, _first(found.people, by, TOP), found.trend, "tester", by="reported"
    )


def _first(people: pd.DataFrame, by: str, count: int) -> pd.DataFrame:
    return people.sort_values([by, "tester"], ascending=[False, True]).head(count)


def _tallied(counted: list[dict[str, Any]], weighed: list[dict[str, Any]]) -> pd.DataFrame:
    points = {row["tester_id"]: row["bug_severity_score"] for row in weighed}
    rows = [
        (
            row["tester_id"],
            row["tester"],
            row["bug_count"],
            row["decided_acceptance_rate_n"],
            round((row["decided_acceptance_rate"] or 0) * row["decided_acceptance_rate_n"]),
            points.get(row["tester_id"], 0),
        )
        for row in counted
        if row["tester_id"] is not None
    ]
    columns = ["tester_id", "tester", "reported", "decided", "accepted", "points"]
    return pd.DataFrame(rows, columns=columns)


def _ranked(people: pd.DataFrame, prior: Prior) -> pd.DataFrame:
    people = people.copy()
    decided = people["decided"]
    people["acceptance"] = (people["accepted"] / decided.where(decided > 0)).astype(float)
    people["shrunk"] = [
        prior.shrunk(a, d) for a, d in zip(people["accepted"], people["decided"], strict=True)
    ]
    people["score"] = (people["points"] * people["shrunk"]).astype(float)
    people["newcomer"] = people["decided"] < NEWCOMER_BELOW
    # Rounded, so that equal scores stay equal whatever the order of their sums.
    ranks = people["score"].round(9).where(~people["newcomer"]).rank(method="min", ascending=False)
    people["rank"] = ranks.astype("Int64")
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
