"""The metrics of the ticket enhancer: runs, feedback, tickets and surveys, with their measures.

Votes on pages of this product rate no enhancement, so that no metric counts them.
"""

from core.analytics.model import (
    SECOND,
    ColumnValue,
    Condition,
    Elapsed,
    LeftOut,
    Metric,
    MetricDefaults,
    count,
    known,
    one_of,
    quantile,
    sum_of,
    total,
    unknown,
)
from core.store import PAGES

_COMPLETED = one_of("status", "completed")
_TIMED = (_COMPLETED, known("processing_time_ms"))
_SECONDS = ColumnValue("processing_time_ms", per=1000)
RUNS_FINISHED = count("enhancements", "runs_finished", one_of("status", "completed", "failed"))
_UNFINISHED = LeftOut(
    (Condition(("status",), "none of", ("completed", "failed")),),
    "are neither completed nor failed",
)
_UNTIMED = LeftOut(
    (_COMPLETED, unknown("processing_time_ms")), "are completed but have no duration"
)

_RESOLVED = known("resolved_at")
_MINUTES = Elapsed("resolved_at", 60 * SECOND, since="opened_at")
_OPENED = (_RESOLVED, known("opened_at"))
TICKETS_TIMED = count("tickets", "tickets_timed", *_OPENED)
_UNRESOLVED = LeftOut((unknown("resolved_at"),), "are not resolved")
_WORK = known("minutes_spent")
_WORKED = count("tickets", "tickets_worked", _RESOLVED, _WORK)
_UNWORKED = LeftOut((_RESOLVED, unknown("minutes_spent")), "are resolved but have no minutes spent")
_UNOPENED = LeftOut(
    (_RESOLVED, unknown("opened_at")), "are resolved but have no instant of opening"
)

_NO_PAGE = Condition(("subject",), "not beginning", (PAGES,))
VOTES_UP = count("feedback", "votes_up", one_of("thumb", "up"), _NO_PAGE)

_RUNS = MetricDefaults("enhancement records of the platform", "Engineering lead")
_TICKETS = MetricDefaults("ticket exports of the service desk", "Operations lead")
_VOTES = MetricDefaults("feedback given in this product, or imported", "Product manager")
_SURVEYS = MetricDefaults("survey answered in this product, or imported", "Product manager", 10)


def _latency(percent: int, *, smallest_sample: int) -> Metric:
    return _RUNS.metric(
        f"latency_p{percent}",
        f"p{percent} latency",
        f"The time that {percent} % of the completed enhancement runs with a known duration do "
        "not exceed.",
        f"{percent} % quantile of the pooled durations of completed runs, interpolated between "
        "closest ranks (Hyndman and Fan, type 7)",
        better="down",
        unit="seconds",
        measure=quantile("enhancements", f"seconds_p{percent}", percent, _SECONDS, *_TIMED),
        sample=count("enhancements", "runs_timed", *_TIMED),
        smallest_sample=smallest_sample,
        left_out=(_UNTIMED,),
    )


PLATFORM_METRICS = (
    _RUNS.count(
        "enhancement_count",
        "Enhancements",
        "Runs of the ticket enhancer, of any outcome.",
        "number of enhancement runs",
        measure=count("enhancements", "runs"),
    ),
    _RUNS.ratio(
        "enhancement_success_rate",
        "Enhancement success rate",
        "The share of finished enhancement runs that completed; pending runs are left out.",
        "completed / (completed + failed)",
        of=count("enhancements", "runs_completed", _COMPLETED),
        per=RUNS_FINISHED,
        smallest_sample=72,
        version=2,
        left_out=(_UNFINISHED,),
    ),
    # With fewer runs than the smallest sample, not even the slowest of them bounds the quantile
    # with 95 % confidence.
    _latency(50, smallest_sample=6),
    _latency(95, smallest_sample=72),
    _latency(99, smallest_sample=368),
    _RUNS.metric(
        "throughput_per_day",
        "Throughput per day",
        "Enhancement runs that completed or failed for each day of the window, or, "
        "without dates, for each day from the first to the last such run; in a period, "
        "for each of its days inside the window.",
        "(completed + failed) / days",
        unit="per day",
        measure=RUNS_FINISHED,
        per="days",
        sample=RUNS_FINISHED,
        smallest_sample=30,
    ),
    _VOTES.count(
        "feedback_count",
        "Feedback",
        "Current votes on tickets and enhancements, one for each rater and subject, without those "
        "taken back and those on pages of this product.",
        "number of current votes with a thumb, a rating or a comment, except those on pages",
        version=2,
        measure=count("feedback", "votes", known("thumb", "rating", "comment"), _NO_PAGE),
    ),
    _VOTES.count(
        "thumbs_up",
        "Thumbs up",
        "Current votes with a thumb up, without those on pages of this product.",
        "number of current votes whose thumb is up",
        version=2,
        measure=VOTES_UP,
    ),
    _VOTES.count(
        "thumbs_down",
        "Thumbs down",
        "Current votes with a thumb down, without those on pages of this product.",
        "number of current votes whose thumb is down",
        version=2,
        better="down",
        measure=count("feedback", "votes_down", one_of("thumb", "down"), _NO_PAGE),
    ),
    _VOTES.ratio(
        "positive_feedback_rate",
        "Positive feedback",
        "The share of thumbs that are up, without votes on pages of this product.",
        "thumbs up / (thumbs up + thumbs down)",
        version=2,
        of=VOTES_UP,
        per=count("feedback", "votes_thumb", one_of("thumb", "up", "down"), _NO_PAGE),
    ),
    _VOTES.ratio(
        "average_rating",
        "Average rating",
        "The mean of the ratings from 1 to 5, without thumbs and votes on pages of this product.",
        "sum of ratings / number of ratings",
        version=2,
        unit="stars",
        of=sum_of("feedback", "rating_sum", "rating", _NO_PAGE),
        per=count("feedback", "votes_rating", known("rating"), _NO_PAGE),
        smallest_sample=10,
    ),
    _TICKETS.count(
        "ticket_count",
        "Resolved tickets",
        "Service-desk tickets that were resolved.",
        "number of tickets with an instant of resolution",
        better="none",
        measure=count("tickets", "tickets_resolved", _RESOLVED),
        left_out=(_UNRESOLVED,),
    ),
    _TICKETS.ratio(
        "mean_resolution_minutes",
        "Mean resolution time",
        "The mean time from opening to resolution of the resolved tickets.",
        "sum of (resolved - opened) / number of resolved tickets",
        better="down",
        unit="minutes",
        of=total("tickets", "ticket_minutes", _MINUTES, *_OPENED),
        per=TICKETS_TIMED,
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
        measure=quantile("tickets", "minutes_p50", 50, _MINUTES, *_OPENED),
        sample=TICKETS_TIMED,
        smallest_sample=30,
        left_out=(_UNRESOLVED, _UNOPENED),
    ),
    _TICKETS.ratio(
        "mean_handle_minutes",
        "Mean handling time",
        "The mean minutes of work that are recorded on the resolved tickets.",
        "sum of minutes spent / number of resolved tickets with minutes spent",
        better="down",
        unit="minutes",
        of=sum_of("tickets", "work_minutes", "minutes_spent", _RESOLVED),
        per=_WORKED,
        left_out=(_UNRESOLVED, _UNWORKED),
    ),
    _TICKETS.metric(
        "median_handle_minutes",
        "Median handling time",
        "The median minutes of work that are recorded on the resolved tickets.",
        "50 % quantile of minutes spent, interpolated between closest ranks "
        "(Hyndman and Fan, type 7)",
        better="down",
        unit="minutes",
        measure=quantile("tickets", "work_p50", 50, ColumnValue("minutes_spent"), _RESOLVED, _WORK),
        sample=_WORKED,
        smallest_sample=30,
        left_out=(_UNRESOLVED, _UNWORKED),
    ),
    _SURVEYS.count(
        "survey_count",
        "Survey responses",
        "Responses to the survey of technicians.",
        "number of survey responses",
        measure=count("surveys", "responses"),
    ),
    _SURVEYS.ratio(
        "survey_overall",
        "Overall satisfaction in the survey",
        "The mean of the overall ratings from 1 to 5 in survey responses.",
        "sum of overall ratings / number of overall ratings",
        unit="stars",
        of=sum_of("surveys", "overall_sum", "overall"),
        per=count("surveys", "responses_overall", known("overall")),
    ),
    _SURVEYS.ratio(
        "survey_minutes_saved",
        "Minutes saved, as surveyed",
        "The mean of the minutes saved for each ticket, as technicians report in the survey; "
        "negative where it costs time.",
        "sum of minutes saved / number of responses with a number",
        unit="minutes",
        of=sum_of("surveys", "minutes_saved_sum", "minutes_saved"),
        per=count("surveys", "responses_minutes", known("minutes_saved")),
    ),
    _SURVEYS.ratio(
        "survey_renewal",
        "Renewal likelihood",
        "The mean of how likely people would renew, from 0 to 10, in survey responses.",
        "sum of renewal likelihoods / number of responses with one",
        unit="of 10",
        of=sum_of("surveys", "renewal_sum", "renewal"),
        per=count("surveys", "responses_renewal", known("renewal")),
    ),
    _SURVEYS.ratio(
        "better_resolution_rate",
        "Better resolution",
        "The share of survey responses that say tickets are resolved better; unsure does not "
        "count as yes.",
        "yes / (yes + no + unsure)",
        of=count("surveys", "responses_better", one_of("better_resolution", "yes")),
        per=count(
            "surveys", "responses_on_resolution", one_of("better_resolution", "yes", "no", "unsure")
        ),
    ),
)
