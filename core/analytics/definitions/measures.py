"""Every measure: what metrics are made of."""

from core.analytics.model import Condition, Measure, known, not_beginning, one_of
from core.store import PAGES

_CREATED = known("created_by_id")
_SUBMITTED = known("submitted_by_id")
COMPLETED = one_of("status", "completed")
_FINISHED = one_of("status", "completed", "failed")
_TIMED = (COMPLETED, known("processing_time_ms"))
RESOLVED = known("resolved_at")
_OPENED = known("opened_at")
# A vote on a page of this product says nothing of an enhancement.
_NO_PAGE = not_beginning("subject", PAGES)


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
        _count("enhancements", "runs_completed", COMPLETED),
        _count("enhancements", "runs_finished", _FINISHED),
        _count("enhancements", "runs_timed", *_TIMED),
        _quantile("enhancements", "seconds_p50", "processing_seconds", 50, _TIMED),
        _quantile("enhancements", "seconds_p95", "processing_seconds", 95, _TIMED),
        _quantile("enhancements", "seconds_p99", "processing_seconds", 99, _TIMED),
        _count("tickets", "tickets_resolved", RESOLVED),
        _count("tickets", "tickets_timed", RESOLVED, _OPENED),
        _sum("tickets", "ticket_minutes", "resolution_minutes", RESOLVED, _OPENED),
        _quantile("tickets", "minutes_p50", "resolution_minutes", 50, (RESOLVED, _OPENED)),
        _count("feedback", "votes", known("thumb", "rating", "comment"), _NO_PAGE),
        _count("feedback", "votes_up", one_of("thumb", "up"), _NO_PAGE),
        _count("feedback", "votes_down", one_of("thumb", "down"), _NO_PAGE),
        _count("feedback", "votes_thumb", one_of("thumb", "up", "down"), _NO_PAGE),
        _count("feedback", "votes_rating", known("rating"), _NO_PAGE),
        _sum("feedback", "rating_sum", "rating", known("rating"), _NO_PAGE),
        _count("surveys", "responses"),
        _count("surveys", "responses_overall", known("overall")),
        _sum("surveys", "overall_sum", "overall", known("overall")),
        _count("surveys", "responses_minutes", known("minutes_saved")),
        _sum("surveys", "minutes_saved_sum", "minutes_saved", known("minutes_saved")),
        _count("surveys", "responses_renewal", known("renewal")),
        _sum("surveys", "renewal_sum", "renewal", known("renewal")),
        _count("surveys", "responses_better", one_of("better_resolution", "yes")),
        _count(
            *("surveys", "responses_on_resolution"),
            one_of("better_resolution", "yes", "no", "unsure"),
        ),
    )
}
