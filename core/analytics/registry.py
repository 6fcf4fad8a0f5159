"""Every metric: the only home of a definition."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from core.analytics.dimensions import DIMENSIONS, FACTS, WEEKDAYS
from core.analytics.measures import COMPLETED, MEASURES, RESOLVED
from core.analytics.terms import Dimension, Fact, LeftOut, Measure, Metric, none_of, unknown

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

_UNFINISHED = LeftOut(
    (none_of("status", "completed", "failed"),), "are neither completed nor failed"
)
_UNTIMED = LeftOut((COMPLETED, unknown("processing_time_ms")), "are completed but have no duration")
_UNRESOLVED = LeftOut((unknown("resolved_at"),), "are not resolved")
_UNOPENED = LeftOut((RESOLVED, unknown("opened_at")), "are resolved but have no instant of opening")

Better = Literal["up", "down", "none"]


@dataclass(frozen=True)
class _Home:
    """Where metrics come from and who answers for them."""

    source: str
    owner: str

    def metric(
        self,
        key: str,
        label: str,
        definition: str,
        formula: str,
        *,
        version: int = 1,
        **more: Any,
    ) -> Metric:
        return Metric(
            key=key,
            label=label,
            definition=definition,
            formula=formula,
            source=self.source,
            owner=self.owner,
            version=version,
            **more,
        )

    def count(self, *words: str, better: Better, measure: str, **more: Any) -> Metric:
        """A plain count, which is what it is however small."""
        return self.metric(
            *words,
            better=better,
            unit="count",
            measure=measure,
            per=None,
            sample=None,
            smallest_sample=0,
            **more,
        )

    def share(
        self,
        *words: str,
        better: Better,
        of: str,
        per: str,
        smallest_sample: int = 30,
        **more: Any,
    ) -> Metric:
        """A share, which of few is anybody's guess."""
        return self.metric(
            *words,
            better=better,
            unit="fraction",
            measure=of,
            per=per,
            sample=per,
            smallest_sample=smallest_sample,
            **more,
        )


_CYCLES = _Home("test cycles of the test IO Customer API", "Product manager")
_BUGS = _Home("bug reports of the test IO Customer API", "Quality lead")
_RUNS = _Home("enhancement records of the platform", "Engineering lead")
_TICKETS = _Home("ticket exports of the service desk", "Operations lead")
_VOTES = _Home("feedback given in this product, or imported", "Product manager")

METRICS = {
    metric.key: metric
    for metric in (
        _CYCLES.count(
            "tests_created",
            "Tests created",
            "Test cycles with a known creator, drafts included.",
            "number of test cycles whose creator is known",
            better="up",
            measure="cycles_created",
        ),
        _CYCLES.count(
            "tests_submitted",
            "Tests submitted",
            "Test cycles that somebody submitted, whatever became of them since.",
            "number of test cycles whose submitter is known",
            better="up",
            measure="cycles_submitted",
        ),
        _CYCLES.share(
            "test_completion_rate",
            "Test completion rate",
            "The share of created test cycles that were submitted.",
            "test cycles with creator and submitter / test cycles with creator",
            better="up",
            of="cycles_created_and_submitted",
            per="cycles_created",
        ),
        _CYCLES.count(
            "test_count",
            "Tests",
            "All test cycles, whatever their status and whoever made them.",
            "number of test cycles",
            better="up",
            measure="cycles",
        ),
        _CYCLES.count(
            "tests_executed",
            "Tests executed",
            "Test cycles that testers worked on: running, locked or archived.",
            "number of test cycles whose status is running, locked or archived",
            better="up",
            measure="cycles_executed",
        ),
        _CYCLES.metric(
            "avg_test_duration",
            "Average test duration",
            "The mean time from start to end of the test cycles that have both.",
            "sum of (end - start) / number of test cycles with start and end",
            better="none",
            unit="hours",
            measure="cycle_hours",
            per="cycles_timed",
            sample="cycles_timed",
            smallest_sample=10,
        ),
        _CYCLES.count(
            "features_tested",
            "Features tested",
            "Different features in the test cycles.",
            "number of distinct features in test cycles",
            better="up",
            measure="features",
        ),
        _BUGS.count(
            "bug_count",
            "Bugs",
            "Bug reports, whatever became of them.",
            "number of bug reports",
            better="none",
            measure="bugs",
        ),
        _BUGS.count(
            "open_bugs",
            "Open bugs",
            "Bug reports that were forwarded and not yet decided.",
            "number of bug reports whose status is forwarded",
            better="down",
            measure="bugs_open",
        ),
        _BUGS.metric(
            "bugs_per_test",
            "Bugs per test",
            "Bug reports for each test cycle that was executed.",
            "bugs / tests executed",
            better="none",
            unit="per test",
            measure="bugs",
            per="cycles_executed",
            sample="cycles_executed",
            smallest_sample=10,
        ),
        _BUGS.metric(
            "bug_severity_score",
            "Bug severity score",
            "Bug reports weighted by severity: critical 5, high 3, low, visual and content "
            "1, any other 0, unless other weights are asked for.",
            "sum of the weights of the bugs' severities",
            better="none",
            unit="points",
            measure="bug_weight",
            per=None,
            sample="bugs",
            smallest_sample=0,
        ),
        _CYCLES.count(
            "active_customers",
            "Active customer users",
            "Different customer users who created a test cycle.",
            "number of distinct creators of test cycles",
            better="up",
            measure="creators",
        ),
        _BUGS.count(
            "active_testers",
            "Active testers",
            "Different people who reported a bug.",
            "number of distinct reporters of bugs",
            better="up",
            measure="testers",
        ),
        _BUGS.share(
            "overall_acceptance_rate",
            "Overall acceptance rate",
            "The share of all bugs that were accepted, by a person or by default.",
            "(accepted + auto accepted) / all bugs",
            better="up",
            of="bugs_any_accepted",
            per="bugs",
        ),
        _BUGS.share(
            "active_acceptance_rate",
            "Active acceptance rate",
            "The share of all bugs that a person accepted.",
            "accepted / all bugs",
            better="up",
            of="bugs_accepted",
            per="bugs",
        ),
        _BUGS.share(
            "auto_acceptance_rate",
            "Auto acceptance rate",
            "The share of accepted bugs that nobody reviewed.",
            "auto accepted / (accepted + auto accepted)",
            better="down",
            of="bugs_auto_accepted",
            per="bugs_any_accepted",
        ),
        _BUGS.share(
            "rejection_rate",
            "Rejection rate",
            "The share of all bugs that were rejected.",
            "rejected / all bugs",
            better="down",
            of="bugs_rejected",
            per="bugs",
        ),
        _BUGS.share(
            "review_rate",
            "Review rate",
            "The share of all bugs that a person accepted or rejected.",
            "(accepted + rejected) / all bugs",
            better="up",
            of="bugs_reviewed",
            per="bugs",
        ),
        _BUGS.share(
            "decided_acceptance_rate",
            "Decided acceptance rate",
            "The share of decided bugs that were accepted: the rate to rank people by.",
            "(accepted + auto accepted) / (accepted + auto accepted + rejected)",
            better="up",
            of="bugs_any_accepted",
            per="bugs_decided",
        ),
        _RUNS.count(
            "enhancement_count",
            "Enhancements",
            "Runs of the ticket enhancer, whatever their outcome.",
            "number of enhancement runs",
            better="up",
            measure="runs",
        ),
        _RUNS.share(
            "enhancement_success_rate",
            "Enhancement success rate",
            "The share of finished enhancement runs that completed; pending runs are left out.",
            "completed / (completed + failed)",
            better="up",
            of="runs_completed",
            per="runs_finished",
            smallest_sample=73,
            left_out=(_UNFINISHED,),
        ),
        # With fewer runs than the smallest sample, not even the slowest of them bounds the quantile
        # with 95 % confidence.
        _RUNS.metric(
            "latency_p50",
            "p50 latency",
            "The time that 50 % of the completed enhancement runs with a known duration do "
            "not exceed.",
            "50 % quantile of the pooled durations of completed runs, interpolated between "
            "closest ranks (Hyndman and Fan, type 7)",
            better="down",
            unit="seconds",
            measure="seconds_p50",
            per=None,
            sample="runs_timed",
            smallest_sample=6,
            left_out=(_UNTIMED,),
        ),
        _RUNS.metric(
            "latency_p95",
            "p95 latency",
            "The time that 95 % of the completed enhancement runs with a known duration do "
            "not exceed.",
            "95 % quantile of the pooled durations of completed runs, interpolated between "
            "closest ranks (Hyndman and Fan, type 7)",
            better="down",
            unit="seconds",
            measure="seconds_p95",
            per=None,
            sample="runs_timed",
            smallest_sample=72,
            left_out=(_UNTIMED,),
        ),
        _RUNS.metric(
            "latency_p99",
            "p99 latency",
            "The time that 99 % of the completed enhancement runs with a known duration do "
            "not exceed.",
            "99 % quantile of the pooled durations of completed runs, interpolated between "
            "closest ranks (Hyndman and Fan, type 7)",
            better="down",
            unit="seconds",
            measure="seconds_p99",
            per=None,
            sample="runs_timed",
            smallest_sample=368,
            left_out=(_UNTIMED,),
        ),
        _RUNS.metric(
            "throughput_per_day",
            "Throughput per day",
            "Enhancement runs that completed or failed for each day of the window, or, "
            "without dates, for each day from the first to the last such run; in a period, "
            "for each of its days inside the window.",
            "(completed + failed) / days",
            better="up",
            unit="per day",
            measure="runs_finished",
            per="days",
            sample="runs_finished",
            smallest_sample=30,
        ),
        _VOTES.count(
            "feedback_count",
            "Feedback",
            "Current votes, one for each rater and subject; one taken back is none.",
            "number of current votes that say something",
            better="up",
            measure="votes",
        ),
        _VOTES.count(
            "thumbs_up",
            "Thumbs up",
            "Current votes with a thumb up.",
            "number of current votes whose thumb is up",
            better="up",
            measure="votes_up",
        ),
        _VOTES.count(
            "thumbs_down",
            "Thumbs down",
            "Current votes with a thumb down.",
            "number of current votes whose thumb is down",
            better="down",
            measure="votes_down",
        ),
        _VOTES.share(
            "positive_feedback_rate",
            "Positive feedback",
            "The share of thumbs that are up.",
            "thumbs up / (thumbs up + thumbs down)",
            better="up",
            of="votes_up",
            per="votes_thumb",
        ),
        _VOTES.metric(
            "average_rating",
            "Average rating",
            "The mean of the ratings from 1 to 5, thumbs left out.",
            "sum of ratings / number of ratings",
            better="up",
            unit="stars",
            measure="rating_sum",
            per="votes_rating",
            sample="votes_rating",
            smallest_sample=10,
        ),
        _TICKETS.count(
            "ticket_count",
            "Resolved tickets",
            "Service-desk tickets that were resolved.",
            "number of tickets with an instant of resolution",
            better="none",
            measure="tickets_resolved",
            left_out=(_UNRESOLVED,),
        ),
        _TICKETS.metric(
            "mean_resolution_minutes",
            "Mean resolution time",
            "The mean time from opening to resolution of the resolved tickets.",
            "sum of (resolved - opened) / number of resolved tickets",
            better="down",
            unit="minutes",
            measure="ticket_minutes",
            per="tickets_timed",
            sample="tickets_timed",
            smallest_sample=30,
            left_out=(_UNRESOLVED, _UNOPENED),
        ),
        _TICKETS.metric(
            "median_resolution_minutes",
            "Median resolution time",
            "The median time from opening to resolution of the resolved tickets.",
            "50 % quantile of (resolved - opened), interpolated between closest ranks "
            "(Hyndman and Fan, type 7)",
            better="down",
            unit="minutes",
            measure="minutes_p50",
            per=None,
            sample="tickets_timed",
            smallest_sample=30,
            left_out=(_UNRESOLVED, _UNOPENED),
        ),
    )
}


def measures_of(metric: Metric, *, with_sample: bool = False) -> tuple[Measure, ...]:
    """The measures that a metric is made of, and the one of its sample size on request."""
    keys = [metric.measure, metric.per, metric.sample if with_sample else None]
    return tuple(MEASURES[key] for key in dict.fromkeys(keys) if key not in {None, "days"})


def facts_of(metric: Metric) -> tuple[str, ...]:
    """The facts that a metric is taken from."""
    return tuple(dict.fromkeys(measure.fact for measure in measures_of(metric)))
