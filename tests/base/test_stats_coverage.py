"""How often intervals hold the truth: seeded simulations of 2,000 samples, 500 of the slow ones."""

from dataclasses import replace

import numpy as np
import pytest

from core.base import stats
from core.base.stats import Verdict
from tests.bench import verdicts
from tests.draws import draws, within

RUNS = 2_000


@pytest.mark.parametrize("rule", verdicts.RULES, ids=lambda rule: rule.name)
def test_a_verdict_is_seldom_wrong_where_the_truth_is_the_target(rule):
    # Slow rules are drawn less often here, and in fewer ways; `tests.bench.verdicts` does all.
    runs = draws(RUNS) // rule.part
    rule = replace(rule, kinds=rule.kinds[:: -(-len(rule.kinds) // 4)])
    for size in (rule.sizes[0], rule.sizes[2]):
        assert (verdicts.wrong(rule, size, runs) <= verdicts.at_most(rule, runs)).all(), size


@pytest.mark.parametrize(("name", "judge", "least"), verdicts.POWER)
def test_a_verdict_is_met_where_the_truth_is_well_within(name, judge, least):
    rng = np.random.default_rng(2)
    assert sum(judge(rng) is Verdict.MET for _ in range(200)) / 200 >= least - 0.06, name


def lognormal(rng, median, spread, n):
    return rng.lognormal(np.log(median), spread, n)


def covered(draw, runs, resamples=400):
    rng, hits = np.random.default_rng(5), 0
    for seed in range(runs):
        found = stats.reduction_estimate(draw(rng), resamples=resamples, seed=seed)
        hits += found.low <= 0.25 <= found.high
    return hits / runs


@pytest.mark.parametrize(("spread", "n"), [(0.6, 30), (1.0, 30), (1.0, 300), (1.5, 30), (1.5, 300)])
def test_a_naive_reduction_covers(spread, n):
    found = covered(
        lambda rng: {"": (lognormal(rng, 100, spread, n), lognormal(rng, 75, spread, n))},
        draws(RUNS),
    )
    assert 0.94 <= found <= 1


@pytest.mark.parametrize("spread", [0.6, 1.0])
@pytest.mark.parametrize("n", [2, 6])
def test_a_reduction_within_many_small_strata_covers(spread, n):
    def draw(rng):
        return {
            median: (
                lognormal(rng, median, spread, n),
                lognormal(rng, 0.75 * median, spread, n + median % 3),
            )
            for median in range(50, 410, 15)
        }

    assert 0.94 <= covered(draw, draws(RUNS)) <= 1


def test_a_reduction_within_uneven_strata_covers():
    def draw(rng):
        return {
            "hard": (lognormal(rng, 400, 1.0, 60), lognormal(rng, 300, 1.0, 90)),
            "easy": (lognormal(rng, 80, 1.0, 90), lognormal(rng, 60, 1.0, 40)),
        }

    assert 0.94 <= covered(draw, draws(RUNS)) <= 1


def test_a_reduction_is_as_sharp_as_its_tickets_allow():
    # A t interval on the log of the ratio, by the true spread, has a width of 0.20.
    rng = np.random.default_rng(8)
    found = [
        stats.reduction_estimate({"": (lognormal(rng, 100, 1, 700), lognormal(rng, 75, 1, 700))})
        for _ in range(20)
    ]
    assert 0.18 < np.median([one.high - one.low for one in found]) < 0.27
    assert np.mean([one.low > 0 for one in found]) > 0.7


@pytest.mark.parametrize(("tickets", "seconds"), [(3_000, 0.1), (25_000, 1.0)])
@pytest.mark.parametrize("strata", [1, 24])
def test_a_reduction_is_quick(tickets, seconds, strata):
    rng = np.random.default_rng(6)
    n = tickets // strata // 2
    drawn = {k: (lognormal(rng, 100, 1, n), lognormal(rng, 75, 1, n)) for k in range(strata)}
    with within(seconds):
        found = stats.reduction_estimate(drawn)
    assert found.low < found.high


def test_many_values_are_resampled_as_groups_with_the_same_interval(monkeypatch):
    rng = np.random.default_rng(7)
    drawn = {"": (lognormal(rng, 100, 1, 3_000), lognormal(rng, 75, 1, 3_000))}
    grouped = stats.reduction_estimate(drawn)
    monkeypatch.setattr(stats, "GROUPS", 10_000)
    whole = stats.reduction_estimate(drawn, resamples=500)
    assert grouped.value == whole.value
    assert grouped.high - grouped.low == pytest.approx(whole.high - whole.low, rel=0.12)
