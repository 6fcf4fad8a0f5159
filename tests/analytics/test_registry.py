import json
from dataclasses import fields

import pytest

from core.analytics import DIMENSIONS, FACTS, METRICS, get_analytics_capabilities
from core.analytics.definitions import platform, testio
from core.analytics.joins import ENTITIES, JOINS
from core.analytics.model import Measure, Metric
from core.base import text
from core.store import Account, table
from tests.analytics import definitions

MEASURES = tuple(
    dict.fromkeys(m for metric in METRICS.values() for m in metric.measures(with_sample=True))
)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.key)
def test_every_word_of_a_metric_is_there(metric):
    for field in fields(Metric):
        if field.name not in {"per", "sample", "left_out", "smallest_sample"}:
            assert getattr(metric, field.name), field.name
    assert metric.definition.endswith(".")
    assert metric.unit in text.UNITS
    assert metric.smallest_sample >= (1 if metric.sample and metric.unit != "points" else 0)
    for measure in metric.measures(with_sample=True):
        assert measure.fact in metric.facts


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.key)
def test_a_measure_looks_at_columns_that_its_fact_has(measure):
    base = JOINS[measure.fact].base
    assert all(name in base.c for condition in measure.conditions for name in condition.columns)
    if measure.kind == "distinct":
        assert measure.column in base.c
    elif measure.value is not None:
        assert all(column in base.c for column in measure.value.columns)
    assert (measure.value is not None) == (measure.kind in {"sum", "quantile"})
    assert bool(measure.percent) == (measure.kind == "quantile")


def test_every_measure_is_used_and_has_a_key_of_its_own():
    named = {
        m for home in (testio, platform) for m in vars(home).values() if isinstance(m, Measure)
    }
    assert named <= set(MEASURES)
    assert len({measure.key for measure in MEASURES}) == len(MEASURES)


@pytest.mark.parametrize("dimension", DIMENSIONS.values(), ids=lambda dimension: dimension.key)
def test_every_fact_of_a_dimension_knows_where_it_stands(dimension):
    for fact in dimension.facts:
        assert JOINS[fact].column(dimension.key) is not None
    assert (dimension.key in ENTITIES) == (dimension.kind == "entity")


def test_facts_and_dimensions_are_those_of_the_brute_force():
    assert {d.key: set(d.facts) for d in DIMENSIONS.values()} == definitions.REACHED_BY
    assert METRICS.keys() == definitions.METRICS.keys()
    for key, (facts, _) in definitions.METRICS.items():
        assert set(METRICS[key].facts) == set(facts)


def test_the_business_accounts_lead_every_fact():
    for fact in FACTS:
        assert "account_id" in JOINS[fact].base.c
        assert JOINS[fact].clocks.keys() == FACTS[fact].clocks.keys()
    assert "id" in table(Account).c


def test_capabilities_are_plain_and_complete():
    found = json.loads(json.dumps(get_analytics_capabilities()))
    assert [d["key"] for d in found["dimensions"]] == list(DIMENSIONS)
    assert [m["key"] for m in found["metrics"]] == list(METRICS)
    by_key = {m["key"]: m for m in found["metrics"]}
    assert "tester" in by_key["bug_count"]["dimensions"]
    assert "tester" not in by_key["bugs_per_test"]["dimensions"]
    assert found["limits"]["max_rows"] == 1_000_000
