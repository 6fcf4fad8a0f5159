"""The success criteria that a new account starts with; from then on they are its own records."""

from typing import Any

ENGINEERING, PRODUCT, OPERATIONS = "Engineering lead", "Product manager", "Operations lead"
COLUMNS = ("key", "label", "direction", "target", "upper_target", "unit", "owner")
CRITERIA = (
    ("success_rate", "Enhancement success rate", "above", 0.95, None, "fraction", ENGINEERING),
    ("latency_p95", "p95 latency", "below", 60.0, None, "seconds", ENGINEERING),
    ("satisfaction", "Technician satisfaction", "above", 4.0, None, "stars", PRODUCT),
    ("time_reduction", "Resolution time reduction", "above", 0.2, None, "fraction", OPERATIONS),
    ("roi", "Return on investment", "above", 0.0, None, "money", PRODUCT),
)
GUARDRAILS = (
    ("latency_p50", "p50 latency", "below", 30.0, None, "seconds", ENGINEERING),
    ("latency_p99", "p99 latency", "below", 90.0, None, "seconds", ENGINEERING),
    ("positive_feedback", "Positive feedback", "above", 0.85, None, "fraction", PRODUCT),
    ("throughput", "Tickets a day", "within", 50.0, 100.0, "per day", OPERATIONS),
    ("availability", "Availability", "above", 0.995, None, "fraction", ENGINEERING),
    ("queue_depth", "Queue depth", "below", 10.0, None, "waiting", ENGINEERING),
    ("worker_utilisation", "Worker utilisation", "below", 0.8, None, "fraction", ENGINEERING),
)
RATIONALES = {
    "success_rate": "A ticket without its context costs the technician the search it should save.",
    "latency_p95": "The context has to be there before the technician opens the ticket.",
    "satisfaction": "Only context that technicians find good is used.",
    "time_reduction": "Time saved is what the enhancement is paid for.",
    "roi": "The time saved has to be worth more than the platform costs.",
    "latency_p50": "The usual ticket should not wait.",
    "latency_p99": "Even the slow ones should arrive while the ticket is still being read.",
    "positive_feedback": "A thumb is the quickest sign that something went wrong.",
    "throughput": (
        "Fewer mean that the platform is bypassed, more that it is beyond its planned load."
    ),
    "availability": "While the platform is down no ticket is enhanced.",
    "queue_depth": "A queue that grows is the first sign of slow tickets to come.",
    "worker_utilisation": "Workers without slack cannot take a busy hour.",
}

DEFAULT_CRITERIA: list[dict[str, Any]] = [
    dict(zip(COLUMNS, row, strict=True))
    | {"is_guardrail": row in GUARDRAILS, "rationale": RATIONALES[row[0]], "position": position}
    for position, row in enumerate(CRITERIA + GUARDRAILS)
]
