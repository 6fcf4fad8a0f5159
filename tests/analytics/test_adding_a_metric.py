"""The guide to adding a metric is run as it is written, and its answer counted by hand."""

import re

from core.analytics.definitions import METRICS
from core.base.settings import ROOT
from tests.analytics.worlds import fill


def test_the_guide_adds_a_metric_that_answers_and_is_proved(each_store, world, monkeypatch):
    monkeypatch.setitem(METRICS, "critical_bug_rate", None)  # taken out again afterwards
    del METRICS["critical_bug_rate"]
    shop, app = world.product("Shop"), world.product("App")
    for product, severities in ((shop, ("critical", "low", "critical", None)), (app, ("low",))):
        cycle = world.cycle(end="2024-01-10", product_id=product)
        for severity in severities:
            world.bug(cycle, tester="T", severity=severity, product_id=product)
    fill(each_store, world.world)
    names = {"store": each_store}
    guide = (ROOT / "docs/adding-a-metric.md").read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL):
        exec(block, names)
    found = {row["product"]: row["critical_bug_rate"] for row in names["answer"]["data"]}
    assert found == {"Shop": 0.5, "App": 0.0}
    assert names["answer"]["totals"] == {"critical_bug_rate": 0.4, "bug_count": 5}
    assert names["proof"]["recomputed"] == 0.5
