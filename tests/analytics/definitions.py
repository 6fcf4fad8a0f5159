"""Every definition once more, over plain dicts: nothing of the product is used."""

from statistics import fmean
from typing import NamedTuple

CYCLE_FACTS = {"tests", "bugs", "test_features"}
TICKET_FACTS = {"enhancements", "tickets", "feedback"}
EVERY = CYCLE_FACTS | TICKET_FACTS | {"surveys"}
TIMES = ("day", "week", "month", "quarter", "year", "weekday")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

REACHED_BY = {
    "account": EVERY,
    "product": CYCLE_FACTS,
    "feature": CYCLE_FACTS,
    "platform": {"tests", "bugs"},
    "customer": CYCLE_FACTS,
    "submitter": {"tests", "bugs"},
    "tester": {"bugs"},
    "severity": {"bugs"},
    "bug_status": {"bugs"},
    "test_status": {"tests", "bugs"},
    "testing_type": {"tests", "bugs"},
    "test_environment": {"tests", "bugs"},
    "rejection_reason": {"bugs"},
    "known_bug": {"bugs"},
    **dict.fromkeys(TIMES, EVERY),
    "enhancement_status": TICKET_FACTS,
    "ticket_category": TICKET_FACTS,
    "ticket_priority": TICKET_FACTS,
    "technician": TICKET_FACTS,
    "enhanced": TICKET_FACTS,
    "feedback_type": {"feedback"},
    "subject": {"feedback"},
}
ENTITIES = {"account", "product", "feature", "customer", "submitter", "tester"}
OWN = {
    "severity": "severity",
    "rejection_reason": "rejection_reason",
    "bug_status": "status",
    "known_bug": "known",
    "subject": "subject",
}
OF_CYCLE = {
    "test_status": "status",
    "testing_type": "testing_type",
    "test_environment": "test_environment",
}
PLATFORMS_OF_CYCLES = ("cycle_platforms", "cycle_id")
SAID = ("thumb", "rating", "comment")
WEIGHTS = {"critical": 5, "high": 3, "low": 1, "visual": 1, "content": 1}


def by_key(rows, *keys):
    return {tuple(row[key] for key in keys): row for row in rows}


class Estimate(NamedTuple):
    """A figure and the number of observations that it rests on."""

    value: float | None
    n: int


def share(top, bottom):
    return Estimate(top / bottom if bottom else None, bottom)


def mean(values):
    return Estimate(fmean(values) if values else None, len(values))


def quantile(values, fraction):
    if not values:
        return Estimate(None, 0)
    ranked = sorted(values)
    position = (len(ranked) - 1) * fraction
    below = int(position + 1e-9)
    above = min(below + 1, len(ranked) - 1)
    value = ranked[below] + (position - below) * (ranked[above] - ranked[below])
    return Estimate(value, len(values))


def score(bugs, weights):
    return Estimate(sum(weights.get(row["severity"], 0) for row in bugs), len(bugs))


def seconds(rows, start, end):
    return [
        (row[end] - row[start]).total_seconds()
        for row in rows
        if row[start] is not None and row[end] is not None
    ]


def having(rows, column, *values):
    return [row for row in rows if row[column] in values]


def known(rows, column):
    return [row for row in rows if row[column] is not None]


def of_enhancer(votes):
    """Votes on pages of the product are not about the enhancer."""
    return [row for row in votes if not row["subject"].startswith("page:")]


def saying_something(votes):
    return [row for row in of_enhancer(votes) if any(row[name] is not None for name in SAID)]


def resolved(tickets):
    return seconds(known(tickets, "resolved_at"), "opened_at", "resolved_at")


def worked(tickets):
    return [row["minutes_spent"] for row in known(known(tickets, "resolved_at"), "minutes_spent")]


def answered(responses, column):
    return mean([row[column] for row in known(responses, column)])


def durations(runs):
    return [
        row["processing_time_ms"] / 1000
        for row in known(having(runs, "status", "completed"), "processing_time_ms")
    ]


# A metric's facts, and the figure from their rows (and the days of the window).
METRICS = {
    "tests_created": (["tests"], lambda t: len(known(t, "created_by_id"))),
    "tests_submitted": (["tests"], lambda t: len(known(t, "submitted_by_id"))),
    "test_completion_rate": (
        ["tests"],
        lambda t: share(
            len(known(known(t, "created_by_id"), "submitted_by_id")), len(known(t, "created_by_id"))
        ),
    ),
    "test_count": (["tests"], len),
    "tests_executed": (["tests"], lambda t: len(executed(t))),
    "avg_test_duration": (
        ["tests"],
        lambda t: mean([s / 3600 for s in seconds(t, "start_at", "end_at")]),
    ),
    "features_tested": (
        ["test_features"],
        lambda f: len({(row["account_id"], row["feature_id"]) for row in f}),
    ),
    "bug_count": (["bugs"], len),
    "open_bugs": (["bugs"], lambda b: len(having(b, "status", "forwarded"))),
    "bugs_per_test": (["bugs", "tests"], lambda b, t: share(len(b), len(executed(t)))),
    "bug_severity_score": (["bugs"], None),  # see Brute.figure
    "active_customers": (
        ["tests"],
        lambda t: len({(r["account_id"], r["created_by_id"]) for r in known(t, "created_by_id")}),
    ),
    "active_testers": (
        ["bugs"],
        lambda b: len({(r["account_id"], r["tester_id"]) for r in known(b, "tester_id")}),
    ),
    "overall_acceptance_rate": (["bugs"], lambda b: share(len(accepted(b)), len(b))),
    "active_acceptance_rate": (
        ["bugs"],
        lambda b: share(len(having(b, "status", "accepted")), len(b)),
    ),
    "auto_acceptance_rate": (
        ["bugs"],
        lambda b: share(len(having(b, "status", "auto_accepted")), len(accepted(b))),
    ),
    "rejection_rate": (["bugs"], lambda b: share(len(having(b, "status", "rejected")), len(b))),
    "review_rate": (
        ["bugs"],
        lambda b: share(len(having(b, "status", "accepted", "rejected")), len(b)),
    ),
    "decided_acceptance_rate": (
        ["bugs"],
        lambda b: share(
            len(accepted(b)), len(having(b, "status", "accepted", "auto_accepted", "rejected"))
        ),
    ),
    "enhancement_count": (["enhancements"], len),
    "enhancement_success_rate": (
        ["enhancements"],
        lambda e: share(
            len(having(e, "status", "completed")), len(having(e, "status", "completed", "failed"))
        ),
    ),
    "latency_p50": (["enhancements"], lambda e: quantile(durations(e), 0.5)),
    "latency_p95": (["enhancements"], lambda e: quantile(durations(e), 0.95)),
    "latency_p99": (["enhancements"], lambda e: quantile(durations(e), 0.99)),
    "throughput_per_day": (["enhancements"], None),  # see Brute.figure
    "feedback_count": (["feedback"], lambda v: len(saying_something(v))),
    "thumbs_up": (["feedback"], lambda f: len(having(of_enhancer(f), "thumb", "up"))),
    "thumbs_down": (["feedback"], lambda f: len(having(of_enhancer(f), "thumb", "down"))),
    "positive_feedback_rate": (
        ["feedback"],
        lambda f: share(
            len(having(of_enhancer(f), "thumb", "up")),
            len(having(of_enhancer(f), "thumb", "up", "down")),
        ),
    ),
    "average_rating": (
        ["feedback"],
        lambda f: mean([r["rating"] for r in known(of_enhancer(f), "rating")]),
    ),
    "ticket_count": (["tickets"], lambda t: len(known(t, "resolved_at"))),
    "mean_resolution_minutes": (["tickets"], lambda t: mean([s / 60 for s in resolved(t)])),
    "median_resolution_minutes": (
        ["tickets"],
        lambda t: quantile([s / 60 for s in resolved(t)], 0.5),
    ),
    "mean_handle_minutes": (["tickets"], lambda t: mean(worked(t))),
    "median_handle_minutes": (["tickets"], lambda t: quantile(worked(t), 0.5)),
    "survey_count": (["surveys"], len),
    "survey_overall": (["surveys"], lambda s: answered(s, "overall")),
    "survey_minutes_saved": (["surveys"], lambda s: answered(s, "minutes_saved")),
    "survey_renewal": (["surveys"], lambda s: answered(s, "renewal")),
    "better_resolution_rate": (
        ["surveys"],
        lambda s: share(
            len(having(s, "better_resolution", "yes")),
            len(having(s, "better_resolution", "yes", "no", "unsure")),
        ),
    ),
}


def executed(cycles):
    return having(cycles, "status", "running", "locked", "archived")


def accepted(bugs):
    return having(bugs, "status", "accepted", "auto_accepted")


def weights_of(query):
    return query.get("severity_weights", WEIGHTS)


def period(day, key):
    if day is None:
        return None
    week = day.isocalendar()
    return {
        "day": day.isoformat(),
        "week": f"{week.year:04d}-W{week.week:02d}",
        "month": f"{day.year:04d}-{day.month:02d}",
        "quarter": f"{day.year:04d}-Q{(day.month - 1) // 3 + 1}",
        "year": f"{day.year:04d}",
        "weekday": WEEKDAYS[day.weekday()],
    }[key]
