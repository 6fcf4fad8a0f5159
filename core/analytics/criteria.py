"""Are we meeting our success criteria: each one estimated over a window and judged."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import fmean
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlmodel import SQLModel

from core import stats, words
from core.analytics.window import Window
from core.stats import Bounds, Direction, Estimate, Verdict
from core.store import Criterion, Enhancement, Feedback, Store, Ticket, table

__all__ = ["CriterionResult", "evaluate", "ticket_rows", "weekly_values"]

COMPLETED, FAILED = "completed", "failed"
MINUTE = 60


@dataclass(frozen=True)
class CriterionResult:
    """A criterion and what the window says of it.

    `more_needed` is how many more observations of the kind `sample` would decide the verdict, at
    the present rate in `more_days` days; None where it is decided or no sample would do.
    """

    criterion: Criterion
    estimate: Estimate
    verdict: Verdict
    more_needed: int | None
    more_days: int | None
    sample: str
    note: str
    metric: str | None


@dataclass
class Observations:
    """What was observed in a window: raw, so that no figure is made from figures."""

    completed: int = 0
    failed: int = 0
    pending: int = 0
    seconds: list[float] = field(default_factory=list)
    ratings: list[float] = field(default_factory=list)
    thumbs: list[str] = field(default_factory=list)
    # Minutes to resolution by category and priority: without, with enhancement.
    minutes: dict[tuple[str | None, str | None], tuple[list[float], list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: ([], []))
    )


@dataclass(frozen=True)
class _Rule:
    """How a criterion is estimated, and how its interval would shrink with more observations."""

    sample: str
    metric: str | None
    estimate: Callable[[Observations], Estimate]
    bounds: Callable[[Observations, Estimate], Callable[[int], Bounds]]
    note: Callable[[Observations], str] = lambda _observed: ""
    # The estimate without its interval, where that takes long.
    value: Callable[[Observations], Estimate] | None = None


def evaluate(store: Store, *, account: str, window: Window) -> list[CriterionResult]:
    """Every criterion of the account over the window, in its order."""
    criteria = table(Criterion)
    with store.read() as session:
        found = session.connection().execute(
            select(criteria)
            .where(criteria.c.account_id == account)
            .order_by(criteria.c.position, criteria.c.key)
        )
        records = [Criterion(**row) for row in found.mappings()]
    (observed,) = _observe(store, account, [window])
    return [
        _judged(record, RULES[record.key], observed, window)
        for record in records
        if record.key in RULES
    ]


def weekly_values(
    store: Store, *, account: str, weeks: Iterable[Window]
) -> dict[str, list[tuple[str, float | None, int]]]:
    """By criterion key, for each week: its label, the value (None without data), the sample."""
    weeks = list(weeks)
    observed = _observe(store, account, weeks)
    return {
        key: [
            (week.label, estimate.value, estimate.n)
            for week, seen in zip(weeks, observed, strict=True)
            for estimate in [(rule.value or rule.estimate)(seen)]
        ]
        for key, rule in RULES.items()
    }


def _judged(
    record: Criterion, rule: _Rule, observed: Observations, window: Window
) -> CriterionResult:
    direction: Direction = "below" if record.direction == "below" else "above"
    estimate = rule.estimate(observed)
    bounds = rule.bounds(observed, estimate)
    more = stats.more_needed(estimate, direction, record.target, bounds)
    a_day = estimate.n / window.days if window.days else 0
    return CriterionResult(
        criterion=record,
        estimate=estimate,
        verdict=stats.verdict(estimate, direction, record.target),
        more_needed=more,
        more_days=-int(-more // a_day) if more is not None and a_day else None,
        sample=rule.sample,
        note=rule.note(observed),
        metric=rule.metric,
    )


def _success(observed: Observations) -> Estimate:
    return stats.proportion_estimate(observed.completed, observed.completed + observed.failed)


def _positive(observed: Observations) -> Estimate:
    return stats.proportion_estimate(observed.thumbs.count("up"), len(observed.thumbs))


def _share_bounds(_observed: Observations, estimate: Estimate) -> Callable[[int], Bounds]:
    return lambda n: stats.proportion_bounds(estimate.value or 0.0, n)


def _mean_bounds(_observed: Observations, estimate: Estimate) -> Callable[[int], Bounds]:
    return lambda n: stats.scaled_bounds(estimate, n)


def _quantile_rule(metric: str, share: float) -> _Rule:
    return _Rule(
        sample="run",
        metric=metric,
        estimate=lambda observed: stats.quantile_estimate(observed.seconds, share),
        bounds=lambda observed, _estimate: (
            lambda n: stats.quantile_bounds(observed.seconds, share, n)
        ),
    )


def _reduction_note(observed: Observations) -> str:
    """The naive figure beside the stratified one, and a warning where they disagree."""
    stratified = stats.reduction(observed.minutes)
    everything: tuple[list[float], list[float]] = ([], [])
    for without, enhanced in observed.minutes.values():
        everything[0].extend(without)
        everything[1].extend(enhanced)
    naive = stats.reduction({"all": everything})
    if naive is None or stratified is None:
        return ""
    apart = ": the two disagree" if (naive > 0) != (stratified > 0) else ""
    return f"within category and priority; naive {words.share(naive)}{apart}"


RULES: Mapping[str, _Rule] = {
    "success_rate": _Rule(
        sample="run",
        metric="enhancement_success_rate",
        estimate=_success,
        bounds=_share_bounds,
        note=lambda observed: (
            f"{words.times(observed.pending, 'run')} pending, left out" if observed.pending else ""
        ),
    ),
    "latency_p50": _quantile_rule("latency_p50", 0.50),
    "latency_p95": _quantile_rule("latency_p95", 0.95),
    "latency_p99": _quantile_rule("latency_p99", 0.99),
    "satisfaction": _Rule(
        sample="rating",
        metric="average_rating",
        estimate=lambda observed: stats.mean_estimate(observed.ratings),
        bounds=_mean_bounds,
    ),
    "positive_feedback": _Rule(
        sample="thumb",
        metric="positive_feedback_rate",
        estimate=_positive,
        bounds=_share_bounds,
    ),
    "time_reduction": _Rule(
        sample="enhanced ticket",
        metric=None,
        estimate=lambda observed: stats.reduction_estimate(observed.minutes),
        value=lambda observed: stats.reduction_estimate(observed.minutes, resamples=0),
        bounds=_mean_bounds,
        note=_reduction_note,
    ),
}


def _observe(store: Store, account: str, windows: list[Window]) -> list[Observations]:
    """What was observed in each window; windows do not overlap."""
    observed = [Observations() for _ in windows]
    place = {
        window.start + timedelta(days=n): seen
        for window, seen in zip(windows, observed, strict=True)
        if window.start is not None and window.days is not None
        for n in range(window.days)
    }
    if not place:
        return observed
    with store.read() as session:
        for model, day, columns, see in READINGS:
            rows = table(model)
            statement = select(rows.c[day], *(rows.c[name] for name in columns)).where(
                rows.c.account_id == account, rows.c[day].between(min(place), max(place))
            )
            for row in session.connection().execute(statement):
                if (seen := place.get(row[0])) is not None:
                    see(seen, row)
    return observed


def _see_run(seen: Observations, run: Any) -> None:
    if run.status == COMPLETED:
        seen.completed += 1
        if run.processing_time_ms is not None:
            seen.seconds.append(run.processing_time_ms / 1_000)
    elif run.status == FAILED:
        seen.failed += 1
    else:
        seen.pending += 1


def _see_ticket(seen: Observations, ticket: Any) -> None:
    if None in {ticket.enhanced, ticket.opened_at, ticket.resolved_at}:
        return
    minutes = (ticket.resolved_at - ticket.opened_at).total_seconds() / MINUTE
    seen.minutes[ticket.category, ticket.priority][1 if ticket.enhanced else 0].append(minutes)


def _see_vote(seen: Observations, vote: Any) -> None:
    if vote.thumb is not None:
        seen.thumbs.append(vote.thumb)
    if vote.rating is not None:
        seen.ratings.append(vote.rating)


# A table, its day, the columns that are read, and what becomes of a row.
READINGS: tuple[tuple[type[SQLModel], str, tuple[str, ...], Callable[..., None]], ...] = (
    (Enhancement, "created_day", ("status", "processing_time_ms"), _see_run),
    (Feedback, "created_day", ("thumb", "rating"), _see_vote),
    (
        Ticket,
        "day",
        ("category", "priority", "enhanced", "opened_at", "resolved_at"),
        _see_ticket,
    ),
)


def ticket_rows(store: Store, *, account: str, window: Window) -> pd.DataFrame:
    """The means behind the time reduction: one row for each category and priority.

    Columns: category, priority, tickets and mean minutes without and with enhancement, and the
    reduction (share; None where one side is missing).
    """
    (observed,) = _observe(store, account, [window])
    rows = []
    for (category, priority), (without, with_) in sorted(
        observed.minutes.items(), key=lambda item: [part or "" for part in item[0]]
    ):
        rows.append(
            {
                "category": category,
                "priority": priority,
                "tickets without": len(without),
                "mean minutes without": fmean(without) if without else None,
                "tickets with": len(with_),
                "mean minutes with": fmean(with_) if with_ else None,
                "reduction": stats.reduction({"": (without, with_)}),
            }
        )
    return pd.DataFrame(rows)
