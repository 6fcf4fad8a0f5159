"""The registry: every fact, dimension and metric by its key.

Facts and dimensions stand in `dimensions.toml`; a metric is one entry in `testio` or `platform`,
beside the measures that it is made of.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from core.analytics.definitions.platform import PLATFORM_METRICS
from core.analytics.definitions.testio import TESTIO_METRICS
from core.analytics.model import Dimension, Fact, Metric

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_READ = tomllib.loads(Path(__file__).with_name("dimensions.toml").read_text("utf-8"))
FACTS = {one["key"]: Fact(**one | {"columns": tuple(one["columns"])}) for one in _READ["facts"]}
DIMENSIONS = {
    one["key"]: Dimension(
        **one | {"facts": tuple(one.get("facts", FACTS)), "aliases": tuple(one.get("aliases", ()))}
    )
    for one in _READ["dimensions"]
}
METRICS: dict[str, Metric] = {metric.key: metric for metric in (*TESTIO_METRICS, *PLATFORM_METRICS)}
# The weight of a bug's severity in the severity score, unless a query gives others.
SEVERITY_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"critical": 5, "high": 3, "low": 1, "visual": 1, "content": 1}
)
