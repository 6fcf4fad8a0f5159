"""The registry: every fact, dimension and metric by its key.

A metric is one entry in `testio` or `platform`, beside the measures that it is made of.
"""

from collections.abc import Mapping
from types import MappingProxyType

from core.analytics.definitions.dimensions import DIMENSIONS, FACTS, WEEKDAYS
from core.analytics.definitions.platform import PLATFORM_METRICS
from core.analytics.definitions.testio import TESTIO_METRICS
from core.analytics.model import Metric

METRICS: dict[str, Metric] = {metric.key: metric for metric in (*TESTIO_METRICS, *PLATFORM_METRICS)}
# The weight of a bug's severity in the severity score, unless a query gives others.
SEVERITY_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"critical": 5, "high": 3, "low": 1, "visual": 1, "content": 1}
)
