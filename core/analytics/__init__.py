"""Metrics: what they mean, and what the store says of them."""

from core.analytics.capabilities import get_analytics_capabilities
from core.analytics.definitions.dimensions import DIMENSIONS, FACTS
from core.analytics.explain import explain
from core.analytics.model import Dimension, Fact, Metric
from core.analytics.query import query_metrics
from core.analytics.registry import METRICS

__all__ = [
    "DIMENSIONS",
    "FACTS",
    "METRICS",
    "Dimension",
    "Fact",
    "Metric",
    "explain",
    "get_analytics_capabilities",
    "query_metrics",
]
