"""Every metric: the only home of a definition is its entry in a `metrics_...` module."""

from collections.abc import Mapping
from types import MappingProxyType

from core.analytics.definitions.measures import MEASURES
from core.analytics.definitions.platform import PLATFORM_METRICS
from core.analytics.definitions.testio import TESTIO_METRICS
from core.analytics.model import Measure, Metric

# What a bug of a severity counts in the severity score, unless a query says otherwise.
SEVERITY_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"critical": 5, "high": 3, "low": 1, "visual": 1, "content": 1}
)

METRICS: Mapping[str, Metric] = {
    metric.key: metric for metric in (*TESTIO_METRICS, *PLATFORM_METRICS)
}


def measures_of(metric: Metric, *, with_sample: bool = False) -> tuple[Measure, ...]:
    """The measures that a metric is made of, and the one of its sample size on request."""
    keys = [metric.measure, metric.per, metric.sample if with_sample else None]
    return tuple(MEASURES[key] for key in dict.fromkeys(keys) if key not in {None, "days"})


def facts_of(metric: Metric) -> tuple[str, ...]:
    """The facts that a metric is taken from."""
    return tuple(dict.fromkeys(measure.fact for measure in measures_of(metric)))
