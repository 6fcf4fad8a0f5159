import json
from dataclasses import fields

import pytest

from core.analytics import DIMENSIONS, FACTS, METRICS, get_analytics_capabilities
from core.analytics.definitions.measures import MEASURES
from core.analytics.joins import ENTITIES, REACH
from core.analytics.model import Metric
from core.analytics.registry import facts_of, measures_of
from core.analytics.values import VALUES
from core.store import Account, table
from tests.analytics import definitions


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.key)
def test_every_word_of_a_metric_is_there(metric):
    for field in fields(Metric):
        if field.name not in {"per", "sample", "left_out", "smallest_sample"}:
            assert getattr(metric, field.name), field.name
    assert metric.definition.endswith(".")
    assert metric.smallest_sample >= (1 if metric.sample and metric.unit != "points" else 0)
    for measure in measures_of(metric, with_sample=True):
        assert measure.fact in facts_of(metric)


@pytest.mark.parametrize("measure", MEASURES.values(), ids=lambda measure: measure.key)
def test_a_measure_looks_at_columns_that_its_fact_has(measure):
    base = REACH[measure.fact].base
    assert all(name in base.c for condition in measure.conditions for name in condition.columns)
    if measure.kind == "distinct":
        assert measure.value in base.c
    elif measure.value is not None:
        assert all(column in base.c for column in VALUES[measure.value].columns)
    assert (measure.percent is not None) == (measure.kind == "quantile")


def test_every_measure_is_used():
    used = {m.key for metric in METRICS.values() for m in measures_of(metric, with_sample=True)}
    assert used == MEASURES.keys()


@pytest.mark.parametrize("dimension", DIMENSIONS.values(), ids=lambda dimension: dimension.key)
def test_every_fact_of_a_dimension_knows_where_it_stands(dimension):
    for fact in dimension.facts:
        assert REACH[fact].place(dimension.key, "default") is not None
    assert (dimension.key in ENTITIES) == (dimension.kind == "entity")


def test_facts_and_dimensions_are_those_of_the_brute_force():
    assert {d.key: set(d.facts) for d in DIMENSIONS.values()} == definitions.REACHED_BY
    assert METRICS.keys() == definitions.METRICS.keys()
    for key, (facts, _) in definitions.METRICS.items():
        assert set(facts_of(METRICS[key])) == set(facts)


def test_the_business_accounts_lead_every_fact():
    for fact in FACTS:
        assert "account_id" in REACH[fact].base.c
        assert REACH[fact].clocks.keys() == FACTS[fact].clocks.keys()
    assert "id" in table(Account).c


def test_capabilities_are_plain_and_complete():
    found = json.loads(json.dumps(get_analytics_capabilities()))
    assert [d["key"] for d in found["dimensions"]] == list(DIMENSIONS)
    assert [m["key"] for m in found["metrics"]] == list(METRICS)
    by_key = {m["key"]: m for m in found["metrics"]}
    assert "tester" in by_key["bug_count"]["dimensions"]
    assert "tester" not in by_key["bugs_per_test"]["dimensions"]
    assert found["limits"]["max_rows"] == 1_000_000
