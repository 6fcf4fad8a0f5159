"""Prometheus metrics of the dashboard itself, counted in the process from its start."""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

# When a counter was made is of no use: that is when the process began.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry(auto_describe=True)

PAGE_SECONDS = Histogram(
    "touchstone_page_seconds",
    "Time to draw a page.",
    ["page"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
    registry=REGISTRY,
)
for page in (
    *("overview", "engagement", "testers", "criteria", "feedback", "review", "roadmap", "survey"),
    *("explore", "data", "import", "definitions", "ticket"),
):
    PAGE_SECONDS.labels(page)
QUERY_SECONDS = Histogram(
    "touchstone_query_seconds",
    "Time of a read for a page that was not cached.",
    ["query"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
    registry=REGISTRY,
)
VOTES_ACCEPTED = Counter(
    "touchstone_votes_accepted",
    "Votes that the API took, by result: new, changed or unchanged.",
    ["result"],
    registry=REGISTRY,
)
VOTES_REFUSED = Counter(
    "touchstone_votes_refused",
    "Votes that the API did not take, by the code of the error.",
    ["reason"],
    registry=REGISTRY,
)
