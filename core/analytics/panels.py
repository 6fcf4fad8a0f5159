"""Which metrics each page shows as figures, with names that are short enough for a card."""

from collections.abc import Mapping

PANELS: Mapping[str, Mapping[str, str]] = {
    "Overview": {
        "tests_created": "Test cycles created",
        "bug_count": "Bugs reported",
        "decided_acceptance_rate": "Acceptance of decided bugs",
    },
    "Engagement": {
        "tests_created": "Created",
        "tests_submitted": "Submitted",
        "test_completion_rate": "Completion",
        "active_customers": "Active users",
    },
    "Testers": {
        "bug_count": "Bugs",
        "active_testers": "Testers",
        "decided_acceptance_rate": "Acceptance",
        "rejection_rate": "Rejected",
        "review_rate": "Reviewed",
    },
    "Criteria": {
        "enhancement_success_rate": "Enhancement success rate",
        "latency_p50": "p50 latency",
        "latency_p95": "p95 latency",
        "latency_p99": "p99 latency",
        "average_rating": "Technician satisfaction",
        "positive_feedback_rate": "Positive feedback",
    },
    "Feedback": {
        "positive_feedback_rate": "Thumbs up",
        "average_rating": "Stars",
        "feedback_count": "Opinions",
    },
}


def pages_of(metric: str) -> list[str]:
    """The pages on which a metric stands; every one of them can be asked for on Explore."""
    return [page for page, metrics in PANELS.items() if metric in metrics]
