"""The facts and the dimensions, as they stand in `dimensions.toml`."""

import tomllib
from pathlib import Path

from core.analytics.model import Dimension, Fact

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_READ = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
FACTS = {fact["key"]: Fact(**fact) for fact in _READ["facts"]}
DIMENSIONS = {
    one["key"]: Dimension(
        **one | {"facts": tuple(one.get("facts", FACTS)), "aliases": tuple(one.get("aliases", ()))}
    )
    for one in _READ["dimensions"]
}
