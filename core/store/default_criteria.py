"""The success criteria that a new account starts with; from then on they are its own records."""

from typing import Any

TABLE = (
    # key, label, good side of the target, target, unit, owner, guardrail, rationale
    (
        *("success_rate", "Enhancement success rate", "above", 0.95, "fraction"),
        *("Engineering lead", False),
        "A ticket without its context costs the technician the search it should save.",
    ),
    (
        *("latency_p95", "p95 latency", "below", 60.0, "seconds"),
        *("Engineering lead", False),
        "The context has to be there before the technician opens the ticket.",
    ),
    (
        *("satisfaction", "Technician satisfaction", "above", 4.0, "stars"),
        *("Product manager", False),
        "Only context that technicians find good is used.",
    ),
    (
        *("time_reduction", "Resolution time reduction", "above", 0.20, "fraction"),
        *("Operations lead", False),
        "Time saved is what the enhancement is paid for.",
    ),
    (
        *("roi", "Return on investment", "above", 0.0, "money"),
        *("Product manager", False),
        "The time saved has to be worth more than the platform costs.",
    ),
    (
        *("latency_p50", "p50 latency", "below", 30.0, "seconds"),
        *("Engineering lead", True),
        "The usual ticket should not wait.",
    ),
    (
        *("latency_p99", "p99 latency", "below", 90.0, "seconds"),
        *("Engineering lead", True),
        "Even the slow ones should arrive while the ticket is still being read.",
    ),
    (
        *("positive_feedback", "Positive feedback", "above", 0.85, "fraction"),
        *("Product manager", True),
        "A thumb is the quickest sign that something went wrong.",
    ),
    (
        *("throughput", "Tickets a day", "within", 50.0, "per day"),
        *("Operations lead", True),
        "Fewer mean that the platform is bypassed, more that it is beyond its planned load.",
    ),
    (
        *("availability", "Availability", "above", 0.995, "fraction"),
        *("Engineering lead", True),
        "While the platform is down no ticket is enhanced.",
    ),
    (
        *("queue_depth", "Queue depth", "below", 10.0, "waiting"),
        *("Engineering lead", True),
        "A queue that grows is the first sign of slow tickets to come.",
    ),
    (
        *("worker_utilisation", "Worker utilisation", "below", 0.80, "fraction"),
        *("Engineering lead", True),
        "Workers without slack cannot take a busy hour.",
    ),
)
# The other end of a target that is a range.
UPPER_TARGETS = {"throughput": 100.0}
COLUMNS = ("key", "label", "direction", "target", "unit", "owner", "is_guardrail", "rationale")

DEFAULT_CRITERIA: list[dict[str, Any]] = [
    {"position": position, "upper_target": UPPER_TARGETS.get(row[0])}
    | dict(zip(COLUMNS, row, strict=True))
    for position, row in enumerate(TABLE)
]
