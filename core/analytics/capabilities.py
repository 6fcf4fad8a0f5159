"""What can be asked, in words and in plain JSON."""

from dataclasses import asdict
from typing import Any

from core.analytics.dates import EXAMPLES
from core.analytics.definitions.dimensions import DIMENSIONS, FACTS
from core.analytics.model import Metric
from core.analytics.question import (
    BASES,
    DEFAULT_LIMIT,
    MAX_DIMENSIONS,
    MAX_FILTER_VALUES,
    MAX_LIMIT,
)
from core.analytics.registry import METRICS, SEVERITY_WEIGHTS, facts_of


def get_analytics_capabilities() -> dict[str, Any]:
    """Every dimension, metric and fact with all their words, and the limits of a query."""
    return {
        "dimensions": [
            asdict(d) | {"facts": list(d.facts), "aliases": list(d.aliases)}
            for d in DIMENSIONS.values()
        ],
        "metrics": [_metric(m) for m in METRICS.values()],
        "facts": [
            {"key": f.key, "label": f.label, "grain": f.grain, "clocks": dict(f.clocks)}
            for f in FACTS.values()
        ],
        "limits": {
            "max_dimensions": MAX_DIMENSIONS,
            "max_rows": MAX_LIMIT,
            "default_rows": DEFAULT_LIMIT,
            "max_filter_values": MAX_FILTER_VALUES,
            "date_bases": list(BASES),
            "date_examples": list(EXAMPLES),
            "severity_weights": dict(SEVERITY_WEIGHTS),
        },
    }


def _metric(metric: Metric) -> dict[str, Any]:
    facts = facts_of(metric)
    return {
        "key": metric.key,
        "label": metric.label,
        "definition": metric.definition,
        "formula": metric.formula,
        "unit": metric.unit,
        "better": metric.better,
        "source": metric.source,
        "owner": metric.owner,
        "smallest_sample": metric.smallest_sample,
        "version": metric.version,
        "facts": list(facts),
        "dimensions": [d.key for d in DIMENSIONS.values() if set(facts) <= set(d.facts)],
    }
