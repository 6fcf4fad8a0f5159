"""Every measure and metric: the only home of a definition."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from core.analytics.dimensions import DIMENSIONS, FACTS, WEEKDAYS
from core.analytics.terms import (
    Condition,
    Dimension,
    Fact,
    LeftOut,
    Measure,
    Metric,
    known,
    none_of,
    one_of,
    unknown,
)

__all__ = [
    "DIMENSIONS",
    "FACTS",
    "MEASURES",
    "METRICS",
    "SEVERITY_WEIGHTS",
    "WEEKDAYS",
    "Dimension",
    "Fact",
    "Measure",
    "Metric",
    "facts_of",
    "measures_of",
]

# What a bug of a severity counts in the severity score, unless a query says otherwise.
SEVERITY_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"critical": 5, "high": 3, "low": 1, "visual": 1, "content": 1}
)

_CREATED = known("created_by_id")
_SUBMITTED = known("submitted_by_id")
_COMPLETED = one_of("status", "completed")
_FINISHED = one_of("status", "completed", "failed")
_TIMED = (_COMPLETED, known("processing_time_ms"))
_RESOLVED = known("resolved_at")
_OPENED = known("opened_at")


def _count(fact: str, key: str, *conditions: Condition) -> Measure:
    return Measure(key=key, fact=fact, kind="count", conditions=conditions)


def _distinct(fact: str, key: str, column: str) -> Measure:
    return Measure(key=key, fact=fact, kind="distinct", value=column, conditions=(known(column),))


def _sum(fact: str, key: str, value: str, *conditions: Condition) -> Measure:
    return Measure(key=key, fact=fact, kind="sum", value=value, conditions=conditions)


def _quantile(
    fact: str, key: str, value: str, percent: int, conditions: tuple[Condition, ...]
) -> Measure:
    return Measure(
        key=key, fact=fact, kind="quantile", value=value, percent=percent, conditions=conditions
    )


MEASURES = {
    measure.key: measure
    for measure in (
        _count("tests", "cycles"),
        _count("tests", "cycles_created", _CREATED),
        _count("tests", "cycles_submitted", _SUBMITTED),
        _count("tests", "cycles_created_and_submitted", _CREATED, _SUBMITTED),
        _count("tests", "cycles_executed", one_of("status", "running", "locked", "archived")),
        _count("tests", "cycles_timed", known("start_at"), known("end_at")),
        _sum("tests", "cycle_hours", "hours", known("start_at"), known("end_at")),
        _distinct("tests", "creators", "created_by_id"),
        _distinct("test_features", "features", "feature_id"),
        _count("bugs", "bugs"),
        _count("bugs", "bugs_open", one_of("status", "forwarded")),
        _count("bugs", "bugs_accepted", one_of("status", "accepted")),
        _count("bugs", "bugs_auto_accepted", one_of("status", "auto_accepted")),
        _count("bugs", "bugs_any_accepted", one_of("status", "accepted", "auto_accepted")),
        _count("bugs", "bugs_rejected", one_of("status", "rejected")),
        _count("bugs", "bugs_reviewed", one_of("status", "accepted", "rejected")),
        _count(
            *("bugs", "bugs_decided", one_of("status", "accepted", "auto_accepted", "rejected"))
        ),
        _sum("bugs", "bug_weight", "severity_weight"),
        _distinct("bugs", "testers", "tester_id"),
        _count("enhancements", "runs"),
        _count("enhancements", "runs_completed", _COMPLETED),
        _count("enhancements", "runs_finished", _FINISHED),
        _count("enhancements", "runs_timed", *_TIMED),
        _quantile("enhancements", "seconds_p50", "processing_seconds", 50, _TIMED),
        _quantile("enhancements", "seconds_p95", "processing_seconds", 95, _TIMED),
        _quantile("enhancements", "seconds_p99", "processing_seconds", 99, _TIMED),
        _count("tickets", "tickets_resolved", _RESOLVED),
        _count("tickets", "tickets_timed", _RESOLVED, _OPENED),
        _sum("tickets", "ticket_minutes", "resolution_minutes", _RESOLVED, _OPENED),
        _quantile("tickets", "minutes_p50", "resolution_minutes", 50, (_RESOLVED, _OPENED)),
        _count("feedback", "votes"),
        _count("feedback", "votes_up", one_of("thumb", "up")),
        _count("feedback", "votes_down", one_of("thumb", "down")),
        _count("feedback", "votes_thumb", one_of("thumb", "up", "down")),
        _count("feedback", "votes_rating", known("rating")),
        _sum("feedback", "rating_sum", "rating", known("rating")),
    )
}

_CYCLES = {"source": "test cycles of the test IO Customer API", "version": 1}
_BUGS = {"source": "bug reports of the test IO Customer API", "version": 1}
_RUNS = {"source": "enhancement records of the platform", "version": 1}
_TICKETS = {"source": "ticket exports of the service desk", "version": 1}
_VOTES = {"source": "feedback given in this product, or imported", "version": 1}

_PRODUCT = {"owner": "Product manager"}
_QUALITY = {"owner": "Quality lead"}
_ENGINEERING = {"owner": "Engineering lead"}
_OPERATIONS = {"owner": "Operations lead"}

# A plain count is what it is; a share of few is anybody's guess.
_COUNT = {"unit": "count", "per": None, "sample": None, "smallest_sample": 0}
_SHARE: dict[str, Any] = {"unit": "fraction", "smallest_sample": 30}


def _share(measure: str, per: str, **words: Any) -> dict[str, Any]:
    return _SHARE | {"measure": measure, "per": per, "sample": per} | words


_ENTRIES: tuple[dict[str, Any], ...] = (
    {
        "key": "tests_created",
        "label": "Tests created",
        "definition": "Test cycles with a known creator, drafts included.",
        "formula": "number of test cycles whose creator is known",
        "better": "up",
        "measure": "cycles_created",
        **(_CYCLES | _PRODUCT | _COUNT),
    },
    {
        "key": "tests_submitted",
        "label": "Tests submitted",
        "definition": "Test cycles that somebody submitted, whatever became of them since.",
        "formula": "number of test cycles whose submitter is known",
        "better": "up",
        "measure": "cycles_submitted",
        **(_CYCLES | _PRODUCT | _COUNT),
    },
    {
        "key": "test_completion_rate",
        "label": "Test completion rate",
        "definition": "The share of created test cycles that were submitted.",
        "formula": "test cycles with creator and submitter / test cycles with creator",
        "better": "up",
        **(_CYCLES | _PRODUCT),
        **_share("cycles_created_and_submitted", "cycles_created"),
    },
    {
        "key": "test_count",
        "label": "Tests",
        "definition": "All test cycles, whatever their status and whoever made them.",
        "formula": "number of test cycles",
        "better": "up",
        "measure": "cycles",
        **(_CYCLES | _PRODUCT | _COUNT),
    },
    {
        "key": "tests_executed",
        "label": "Tests executed",
        "definition": "Test cycles that testers worked on: running, locked or archived.",
        "formula": "number of test cycles whose status is running, locked or archived",
        "better": "up",
        "measure": "cycles_executed",
        **(_CYCLES | _PRODUCT | _COUNT),
    },
    {
        "key": "avg_test_duration",
        "label": "Average test duration",
        "definition": "The mean time from start to end of the test cycles that have both.",
        "formula": "sum of (end - start) / number of test cycles with start and end",
        "unit": "hours",
        "better": "none",
        "measure": "cycle_hours",
        "per": "cycles_timed",
        "sample": "cycles_timed",
        "smallest_sample": 10,
        **(_CYCLES | _PRODUCT),
    },
    {
        "key": "features_tested",
        "label": "Features tested",
        "definition": "Different features in the test cycles.",
        "formula": "number of distinct features in test cycles",
        "better": "up",
        "measure": "features",
        **(_CYCLES | _PRODUCT | _COUNT),
    },
    {
        "key": "bug_count",
        "label": "Bugs",
        "definition": "Bug reports, whatever became of them.",
        "formula": "number of bug reports",
        "better": "none",
        "measure": "bugs",
        **(_BUGS | _QUALITY | _COUNT),
    },
    {
        "key": "open_bugs",
        "label": "Open bugs",
        "definition": "Bug reports that were forwarded and not yet decided.",
        "formula": "number of bug reports whose status is forwarded",
        "better": "down",
        "measure": "bugs_open",
        **(_BUGS | _QUALITY | _COUNT),
    },
    {
        "key": "bugs_per_test",
        "label": "Bugs per test",
        "definition": "Bug reports for each test cycle that was executed.",
        "formula": "bugs / tests executed",
        "unit": "per test",
        "better": "none",
        "measure": "bugs",
        "per": "cycles_executed",
        "sample": "cycles_executed",
        "smallest_sample": 10,
        **(_BUGS | _QUALITY),
    },
    {
        "key": "bug_severity_score",
        "label": "Bug severity score",
        "definition": "Bug reports weighted by severity: critical 5, high 3, low, visual and "
        "content 1, any other 0, unless other weights are asked for.",
        "formula": "sum of the weights of the bugs' severities",
        "unit": "points",
        "better": "none",
        "measure": "bug_weight",
        "per": None,
        "sample": "bugs",
        "smallest_sample": 0,
        **(_BUGS | _QUALITY),
    },
    {
        "key": "active_customers",
        "label": "Active customer users",
        "definition": "Different customer users who created a test cycle.",
        "formula": "number of distinct creators of test cycles",
        "better": "up",
        "measure": "creators",
        **(_CYCLES | _PRODUCT | _COUNT),
    },
    {
        "key": "active_testers",
        "label": "Active testers",
        "definition": "Different people who reported a bug.",
        "formula": "number of distinct reporters of bugs",
        "better": "up",
        "measure": "testers",
        **(_BUGS | _QUALITY | _COUNT),
    },
    {
        "key": "overall_acceptance_rate",
        "label": "Overall acceptance rate",
        "definition": "The share of all bugs that were accepted, by a person or by default.",
        "formula": "(accepted + auto accepted) / all bugs",
        "better": "up",
        **(_BUGS | _QUALITY),
        **_share("bugs_any_accepted", "bugs"),
    },
    {
        "key": "active_acceptance_rate",
        "label": "Active acceptance rate",
        "definition": "The share of all bugs that a person accepted.",
        "formula": "accepted / all bugs",
        "better": "up",
        **(_BUGS | _QUALITY),
        **_share("bugs_accepted", "bugs"),
    },
    {
        "key": "auto_acceptance_rate",
        "label": "Auto acceptance rate",
        "definition": "The share of accepted bugs that nobody reviewed.",
        "formula": "auto accepted / (accepted + auto accepted)",
        "better": "down",
        **(_BUGS | _QUALITY),
        **_share("bugs_auto_accepted", "bugs_any_accepted"),
    },
    {
        "key": "rejection_rate",
        "label": "Rejection rate",
        "definition": "The share of all bugs that were rejected.",
        "formula": "rejected / all bugs",
        "better": "down",
        **(_BUGS | _QUALITY),
        **_share("bugs_rejected", "bugs"),
    },
    {
        "key": "review_rate",
        "label": "Review rate",
        "definition": "The share of all bugs that a person accepted or rejected.",
        "formula": "(accepted + rejected) / all bugs",
        "better": "up",
        **(_BUGS | _QUALITY),
        **_share("bugs_reviewed", "bugs"),
    },
    {
        "key": "decided_acceptance_rate",
        "label": "Decided acceptance rate",
        "definition": "The share of decided bugs that were accepted: the rate to rank people by.",
        "formula": "(accepted + auto accepted) / (accepted + auto accepted + rejected)",
        "better": "up",
        **(_BUGS | _QUALITY),
        **_share("bugs_any_accepted", "bugs_decided"),
    },
    {
        "key": "enhancement_count",
        "label": "Enhancements",
        "definition": "Runs of the ticket enhancer, whatever their outcome.",
        "formula": "number of enhancement runs",
        "better": "up",
        "measure": "runs",
        **(_RUNS | _ENGINEERING | _COUNT),
    },
    {
        "key": "enhancement_success_rate",
        "label": "Enhancement success rate",
        "definition": "The share of finished enhancement runs that completed; pending runs are "
        "left out.",
        "formula": "completed / (completed + failed)",
        "better": "up",
        "left_out": (
            LeftOut(
                (none_of("status", "completed", "failed"),), "are neither completed nor failed"
            ),
        ),
        **(_RUNS | _ENGINEERING),
        **_share("runs_completed", "runs_finished", smallest_sample=73),
    },
    *(
        {
            "key": f"latency_p{percent}",
            "label": f"p{percent} latency",
            "definition": f"The time that {percent} % of the completed enhancement runs with a "
            "known duration do not exceed.",
            "formula": f"{percent} % quantile of the pooled durations of completed runs, "
            "interpolated between closest ranks (Hyndman and Fan, type 7)",
            "unit": "seconds",
            "better": "down",
            "measure": f"seconds_p{percent}",
            "per": None,
            "sample": "runs_timed",
            "smallest_sample": smallest,
            "left_out": (
                LeftOut(
                    (_COMPLETED, unknown("processing_time_ms")),
                    "are completed but have no duration",
                ),
            ),
            **(_RUNS | _ENGINEERING),
        }
        # With fewer, not even the slowest run bounds the quantile with 95 % confidence.
        for percent, smallest in ((50, 6), (95, 72), (99, 368))
    ),
    {
        "key": "throughput_per_day",
        "label": "Throughput per day",
        "definition": "Enhancement runs that completed or failed for each day of the window, or, "
        "without dates, for each day from the first to the last such run; in a period, for each "
        "of its days inside the window.",
        "formula": "(completed + failed) / days",
        "unit": "per day",
        "better": "up",
        "measure": "runs_finished",
        "per": "days",
        "sample": "runs_finished",
        "smallest_sample": 30,
        **(_RUNS | _ENGINEERING),
    },
    {
        "key": "feedback_count",
        "label": "Feedback",
        "definition": "Current votes, one for each rater and subject.",
        "formula": "number of current votes",
        "better": "up",
        "measure": "votes",
        **(_VOTES | _PRODUCT | _COUNT),
    },
    {
        "key": "thumbs_up",
        "label": "Thumbs up",
        "definition": "Current votes with a thumb up.",
        "formula": "number of current votes whose thumb is up",
        "better": "up",
        "measure": "votes_up",
        **(_VOTES | _PRODUCT | _COUNT),
    },
    {
        "key": "thumbs_down",
        "label": "Thumbs down",
        "definition": "Current votes with a thumb down.",
        "formula": "number of current votes whose thumb is down",
        "better": "down",
        "measure": "votes_down",
        **(_VOTES | _PRODUCT | _COUNT),
    },
    {
        "key": "positive_feedback_rate",
        "label": "Positive feedback",
        "definition": "The share of thumbs that are up.",
        "formula": "thumbs up / (thumbs up + thumbs down)",
        "better": "up",
        **(_VOTES | _PRODUCT),
        **_share("votes_up", "votes_thumb"),
    },
    {
        "key": "average_rating",
        "label": "Average rating",
        "definition": "The mean of the ratings from 1 to 5, thumbs left out.",
        "formula": "sum of ratings / number of ratings",
        "unit": "stars",
        "better": "up",
        "measure": "rating_sum",
        "per": "votes_rating",
        "sample": "votes_rating",
        "smallest_sample": 10,
        **(_VOTES | _PRODUCT),
    },
    {
        "key": "ticket_count",
        "label": "Resolved tickets",
        "definition": "Service-desk tickets that were resolved.",
        "formula": "number of tickets with an instant of resolution",
        "better": "none",
        "measure": "tickets_resolved",
        "left_out": (LeftOut((unknown("resolved_at"),), "are not resolved"),),
        **(_TICKETS | _OPERATIONS | _COUNT),
    },
    *(
        {
            "key": f"{key}_resolution_minutes",
            "label": f"{key.capitalize()} resolution time",
            "definition": f"The {key} time from opening to resolution of the resolved tickets.",
            "formula": formula,
            "unit": "minutes",
            "better": "down",
            "measure": measure,
            "per": per,
            "sample": "tickets_timed",
            "smallest_sample": 30,
            "left_out": (
                LeftOut((unknown("resolved_at"),), "are not resolved"),
                LeftOut(
                    (_RESOLVED, unknown("opened_at")),
                    "are resolved but have no instant of opening",
                ),
            ),
            **(_TICKETS | _OPERATIONS),
        }
        for key, measure, per, formula in (
            (
                *("mean", "ticket_minutes", "tickets_timed"),
                "sum of (resolved - opened) / number of resolved tickets",
            ),
            (
                *("median", "minutes_p50", None),
                (
                    "50 % quantile of (resolved - opened), interpolated between closest ranks "
                    "(Hyndman and Fan, type 7)"
                ),
            ),
        )
    ),
)

METRICS = {entry["key"]: Metric(**entry) for entry in _ENTRIES}


def measures_of(metric: Metric, *, with_sample: bool = False) -> tuple[Measure, ...]:
    """The measures that a metric is made of, and the one of its sample size on request."""
    keys = [metric.measure, metric.per, metric.sample if with_sample else None]
    return tuple(MEASURES[key] for key in dict.fromkeys(keys) if key not in {None, "days"})


def facts_of(metric: Metric) -> tuple[str, ...]:
    """The facts that a metric is taken from."""
    return tuple(dict.fromkeys(measure.fact for measure in measures_of(metric)))
