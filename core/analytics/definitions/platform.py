"""The metrics of the ticket enhancer: runs, feedback, tickets and surveys.

Votes on pages of this product rate no enhancement: none of the metrics counts them.
"""

from core.analytics.definitions.defaults import Home
from core.analytics.definitions.measures import COMPLETED, RESOLVED
from core.analytics.model import LeftOut, none_of, unknown

_UNFINISHED = LeftOut(
    (none_of("status", "completed", "failed"),), "are neither completed nor failed"
)
_UNTIMED = LeftOut((COMPLETED, unknown("processing_time_ms")), "are completed but have no duration")
_UNRESOLVED = LeftOut((unknown("resolved_at"),), "are not resolved")
_UNOPENED = LeftOut((RESOLVED, unknown("opened_at")), "are resolved but have no instant of opening")

_RUNS = Home("enhancement records of the platform", "Engineering lead")
_TICKETS = Home("ticket exports of the service desk", "Operations lead")
_VOTES = Home("feedback given in this product, or imported", "Product manager")
_SURVEYS = Home("survey answered in this product, or imported", "Product manager")

PLATFORM_METRICS = (
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
        "The time that 50 % of the completed enhancement runs with a known duration do not exceed.",
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
        "The time that 95 % of the completed enhancement runs with a known duration do not exceed.",
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
        "The time that 99 % of the completed enhancement runs with a known duration do not exceed.",
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
        "Current votes on tickets and enhancements, one for each rater and subject; one taken "
        "back is none, and votes on pages of this product do not count.",
        "number of current votes that say something, but for those on pages",
        version=2,
        better="up",
        measure="votes",
    ),
    _VOTES.count(
        "thumbs_up",
        "Thumbs up",
        "Current votes with a thumb up, those on pages of this product left out.",
        "number of current votes whose thumb is up",
        version=2,
        better="up",
        measure="votes_up",
    ),
    _VOTES.count(
        "thumbs_down",
        "Thumbs down",
        "Current votes with a thumb down, those on pages of this product left out.",
        "number of current votes whose thumb is down",
        version=2,
        better="down",
        measure="votes_down",
    ),
    _VOTES.share(
        "positive_feedback_rate",
        "Positive feedback",
        "The share of thumbs that are up, votes on pages of this product left out.",
        "thumbs up / (thumbs up + thumbs down)",
        version=2,
        better="up",
        of="votes_up",
        per="votes_thumb",
    ),
    _VOTES.metric(
        "average_rating",
        "Average rating",
        "The mean of the ratings from 1 to 5, thumbs and votes on pages of this product left out.",
        "sum of ratings / number of ratings",
        version=2,
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
    _SURVEYS.count(
        "survey_count",
        "Survey responses",
        "Responses to the survey of technicians.",
        "number of survey responses",
        better="up",
        measure="responses",
    ),
    _SURVEYS.metric(
        "survey_overall",
        "Overall satisfaction in the survey",
        "The mean of the overall ratings from 1 to 5 in survey responses.",
        "sum of overall ratings / number of overall ratings",
        better="up",
        unit="stars",
        measure="overall_sum",
        per="responses_overall",
        sample="responses_overall",
        smallest_sample=10,
    ),
    _SURVEYS.metric(
        "survey_minutes_saved",
        "Minutes saved, as surveyed",
        "The mean of the minutes saved for each ticket, as technicians say in the survey; below "
        "0 where they say that it costs time.",
        "sum of minutes saved / number of responses that say how many",
        better="up",
        unit="minutes",
        measure="minutes_saved_sum",
        per="responses_minutes",
        sample="responses_minutes",
        smallest_sample=10,
    ),
    _SURVEYS.metric(
        "survey_renewal",
        "Renewal likelihood",
        "The mean of how likely people would renew, from 0 to 10, in survey responses.",
        "sum of renewal likelihoods / number of responses with one",
        better="up",
        unit="of 10",
        measure="renewal_sum",
        per="responses_renewal",
        sample="responses_renewal",
        smallest_sample=10,
    ),
    _SURVEYS.share(
        "better_resolution_rate",
        "Better resolution",
        "The share of survey responses that say tickets are resolved better; unsure is no yes.",
        "yes / (yes + no + unsure)",
        better="up",
        of="responses_better",
        per="responses_on_resolution",
        smallest_sample=10,
    ),
)
