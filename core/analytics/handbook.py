"""The registry as Markdown, and the cards of each page.

`python -m core.analytics.handbook` writes the generated parts of the documents.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from core.analytics.definitions import DIMENSIONS, FACTS, METRICS
from core.base.settings import ROOT

# The metrics that each page shows as figures, with names that are short enough for a card.
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
BEGIN, END = "<!-- {}: generated from core/analytics/definitions -->", "<!-- end of {} -->"


def pages_of(metric: str) -> list[str]:
    """The pages that show a metric as a figure; Explore shows every metric."""
    return [page for page, metrics in PANELS.items() if metric in metrics]


def metrics_in_short() -> str:
    """Key and definition of every metric."""
    rows = ((f"`{m.key}`", m.definition) for m in METRICS.values())
    return _table(("metric", "what it is"), rows)


def metrics_in_full() -> str:
    """Every metric with all its words."""
    heads = ("metric", "definition", "formula", "unit", "better", "sample", "of", "owner", "on")
    rows = (
        (
            f"**{m.label}** `{m.key}`",
            m.definition,
            m.formula,
            m.unit,
            m.better,
            f"from {m.smallest_sample}" if m.smallest_sample else "any",
            ", ".join(FACTS[fact].label.lower() for fact in m.facts),
            f"{m.owner}, version {m.version}",
            ", ".join([*pages_of(m.key), "Explore"]),
        )
        for m in METRICS.values()
    )
    return _table(heads, rows)


def dimensions_in_full() -> str:
    """Every dimension with what it groups."""
    heads = ("dimension", "what it is", "groups", "example")
    rows = (
        (
            f"**{d.label}** `{d.key}`" + "".join(f", `{alias}`" for alias in d.aliases),
            d.description,
            ", ".join(FACTS[fact].label.lower() for fact in d.facts),
            str(d.example),
        )
        for d in DIMENSIONS.values()
    )
    return _table(heads, rows)


# A document and the parts in it that are written from the registry.
DOCUMENTS = {
    "README.md": {"metrics": metrics_in_short},
    "docs/definitions.md": {"metrics": metrics_in_full, "dimensions": dimensions_in_full},
}


def rewritten(document: str) -> str:
    """The document with its generated parts renewed and everything else unchanged."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for name, write in DOCUMENTS[document].items():
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{write()}\n{end}{after}"
    return text


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    for path in DOCUMENTS:
        Path(ROOT / path).write_text(rewritten(path), encoding="utf-8")
