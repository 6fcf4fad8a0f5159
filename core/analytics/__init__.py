"""The metric engine: definitions of metrics, and their answers from the store."""

from core.analytics.definitions import DIMENSIONS, FACTS, METRICS
from core.analytics.model import Dimension, Fact, Metric
from core.analytics.parse import get_analytics_capabilities
from core.analytics.query import query_metrics
from core.analytics.verify import explain
