"""`python -m tests.bench.verdicts`: how often a verdict is wrong where the truth is the target.

Each rule judges samples whose true value is its target, so that Met and Missed are both wrong. A
rule is drawn in several ways (ties, skewness, weekdays, readings that follow themselves); the worst
of them is shown.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np
from scipy.signal import lfilter

from core.base import stats
from core.base.stats import Verdict
from core.criteria import histogram
from tests.bench.__main__ import machine

SIZES = (20, 40, 80, 200, 700)
WEEKS = (1, 2, 4, 8, 13)
MONDAY = date(2026, 3, 2)
STARS = np.arange(1, 6)
# Left-skewed answers, from mild to all but equal, and of people who give either 1 or 5.
ANSWERS = (
    (0.05, 0.07, 0.13, 0.35, 0.40),
    (0.10, 0.05, 0.10, 0.25, 0.50),
    (0.01, 0.02, 0.02, 0.10, 0.85),
    (0.02, 0.00, 0.00, 0.92, 0.06),
    (0.25, 0.00, 0.00, 0.00, 0.75),
)
GOOD = (0.02, 0.04, 0.10, 0.30, 0.54)
# Shares of a week's tickets by weekday: an office, one with busy Mondays, one that never closes.
WEEKS_OF_TICKETS = (
    (1, 1, 1, 1, 1, 0.01, 0.01),
    (1.35, 1.1, 1, 0.9, 0.65, 0.03, 0.01),
    (1, 1, 1, 1, 1, 1, 1),
)
OFFICE = (1, 1, 1, 1, 1, 0.15, 0.15)
SLOT_SECONDS, DAY_SLOTS = 300, 288

Judge = Callable[[np.random.Generator, int], Verdict]


@dataclass(frozen=True)
class Rule:
    """A rule, its sizes and what they are, the most that may be wrong, and ways to draw it."""

    name: str
    kinds: tuple[Judge, ...]
    sizes: tuple[int, ...] = SIZES
    of: str = ""
    # Of Met, and of Missed.
    most: tuple[float, float] = (0.025, 0.025)
    # Slow rules are drawn less often.
    part: int = 1


def share(rng, n, truth):
    return stats.verdict(stats.proportion_estimate(rng.binomial(n, truth), n), "above", truth)


def quantile(rng, n, of, whole=0.0):
    """Durations, rounded to whole numbers where asked: the target is a value that many have."""
    target = float(np.exp(3 + 0.8 * {0.5: 0.0, 0.95: 1.6448536, 0.99: 2.3263479}[of]))
    values = rng.lognormal(3, 0.8, n)
    if whole:
        values, target = (np.round(part / whole) * whole for part in (values, target))
    return stats.verdict(stats.quantile_estimate(values, of), "below", float(target))


def buckets(rng, n, ends):
    """Runs of which 95 % take no more than 60 s, in a histogram."""
    values = rng.lognormal(np.log(60) - 0.8 * 1.6448536, 0.8, n)
    counted = {float(end): float((values <= end).sum()) for end in (*ends, np.inf)}
    return stats.verdict(histogram.share_within(counted, 60.0), "above", 0.95)


def rating(rng, n, weights, more=0.0):
    truth = float(np.dot(STARS, weights))
    answers = np.repeat(STARS, rng.multinomial(n, weights))
    return stats.verdict(stats.rating_estimate(answers), "above", truth - more)


def days_of(weeks):
    return [MONDAY + timedelta(n) for n in range(7 * weeks)]


def tickets(rng, weeks, mean, pattern, spread):
    """Tickets by day with a variance of `spread` times their mean."""
    usual = np.tile(np.array(pattern) / np.mean(pattern) * mean, weeks)
    if spread > 1:
        usual = rng.gamma(usual / (spread - 1), spread - 1)
    days = days_of(weeks)
    by_day = dict(zip(days, rng.poisson(usual).astype(float), strict=True))
    return stats.verdict(stats.daily_estimate(by_day, days, counted=True), "within", 50, 100)


def gauge(rng, weeks, follows, scrape, pattern, skewed, target=1.0):
    """A first-order autoregression by scrape, with a course of the day and of the week."""
    by_slot = follows ** (SLOT_SECONDS / scrape)
    noise = rng.standard_normal(7 * weeks * DAY_SLOTS)
    start = [by_slot * rng.standard_normal()]
    state = lfilter([(1 - by_slot**2) ** 0.5], [1, -by_slot], noise, zi=start)[0]
    level = np.exp(skewed * state - skewed**2 / 2) if skewed else 1 + 0.3 * state
    course = 1 + 0.8 * np.sin(np.arange(DAY_SLOTS) / DAY_SLOTS * 2 * np.pi)
    means = (level.reshape(-1, DAY_SLOTS) * course).mean(axis=1)
    days = days_of(weeks)
    means *= np.tile(np.array(pattern) / np.mean(pattern), weeks)
    by_day = dict(zip(days, means.tolist(), strict=True))
    return stats.verdict(stats.daily_estimate(by_day, days, counted=False), "below", target)


def minutes_up(
    rng, weeks, outage, lengths=np.random.Generator.standard_exponential, truth=0.995, target=0.995
):
    """Outages of a mean length in minutes, at random times; `lengths` have a mean of 1."""
    minutes = weeks * 7 * 1440
    number = rng.poisson(minutes * (1 - truth) / outage)
    outages = outage * lengths(rng, size=number)
    estimate = stats.uptime_estimate(minutes, max(0, minutes - outages.sum()), outages)
    return stats.verdict(estimate, "above", target)


def equal(_rng, size):
    return np.ones(size)


def skewed(rng, size):
    return rng.lognormal(-0.5, 1, size)


def lognormal(rng, n, spread):
    return rng.lognormal(4, spread, n)


def gamma(rng, n):
    return rng.gamma(0.5, 200, n)


def mixed(rng, n):
    """A tenth takes ten times as long."""
    return rng.lognormal(3, 0.5, n) * np.where(rng.random(n) < 0.1, 10, 1)


def quarters(rng, n):
    return np.ceil(lognormal(rng, n, 1.0) / 15) * 15


def reduction(rng, n, draw, without=1.0, strata=1):
    """Resolution times of which a fifth is saved: n tickets with, `without` times as many without.

    Those of the second stratum take twice as long as those of the first, of the third three times.
    """
    sides = draw(rng, round(n * without)), 0.8 * draw(rng, n)
    parts = {k: tuple((k + 1) * side[k::strata] for side in sides) for k in range(strata)}
    return stats.verdict(stats.reduction_estimate(parts), "above", 0.2)


GAUGES = tuple(
    partial(gauge, follows=follows, scrape=60, pattern=pattern, skewed=skewed)
    for follows in (0.9, 0.99, 0.999)
    for pattern, skewed in (((1,) * 7, 0.0), (OFFICE, 0.0), (OFFICE, 0.47))
)
UP = partial(minutes_up, weeks=13, truth=0.999, target=0.995)
QUEUE = partial(gauge, follows=0.99, scrape=60, pattern=OFFICE, skewed=0.0, target=2.0)
RULES = (
    Rule("success rate over 95 %", (partial(share, truth=0.95),)),
    Rule("positive feedback over 85 %", (partial(share, truth=0.85),)),
    *(
        Rule(
            f"p{of * 100:.0f} latency",
            tuple(partial(quantile, of=of, whole=whole) for whole in (0.0, 1.0, 10.0)),
            part=2,
        )
        for of in (0.5, 0.95, 0.99)
    ),
    Rule("p95, a bucket ends at the target", (partial(buckets, ends=(30, 60, 90)),)),
    Rule("p95, buckets around the target", (partial(buckets, ends=(10, 50, 70)),)),
    Rule(
        "satisfaction, left-skewed",
        tuple(partial(rating, weights=weights) for weights in ANSWERS),
        most=(0.03, 0.03),
    ),
    Rule(
        # Of times with a mean of 1.2 to 3 medians.
        "time reduction over 20 %",
        (
            *(partial(reduction, draw=partial(lognormal, spread=s)) for s in (0.6, 1.0, 1.5)),
            *(partial(reduction, draw=draw) for draw in (gamma, mixed, quarters)),
            *(partial(reduction, draw=mixed, without=w) for w in (0.8, 4)),
            partial(reduction, draw=partial(lognormal, spread=1.5), without=4),
            *(partial(reduction, draw=quarters, without=2, strata=s) for s in (4, 15)),
        ),
        part=4,
    ),
    Rule(
        "tickets a day, 50 to 100",
        tuple(
            partial(tickets, mean=mean, pattern=pattern, spread=2)
            for mean in (50, 100)
            for pattern in WEEKS_OF_TICKETS
        ),
        sizes=WEEKS,
        of="weeks",
    ),
    Rule("queue depth, utilisation", GAUGES, sizes=WEEKS, of="weeks", most=(0.05, 0.025), part=2),
    Rule(
        "availability over 99.5 %",
        (
            *(partial(minutes_up, outage=outage) for outage in (1, 5, 20, 45, 60, 90, 120)),
            *(partial(minutes_up, outage=outage, lengths=equal) for outage in (30, 120)),
            *(partial(minutes_up, outage=outage, lengths=skewed) for outage in (10, 60, 120)),
        ),
        sizes=WEEKS,
        of="weeks",
    ),
)
# What should be Met: its name, how it is drawn, and how often it should be.
POWER = (
    *(
        (
            f"75 tickets a day for a week, {name}",
            partial(tickets, weeks=1, mean=75, pattern=pattern, spread=1),
            0.9,
        )
        for name, pattern in zip(("an office", "busy Mondays"), WEEKS_OF_TICKETS, strict=False)
    ),
    ("half the queue of the target for a week, 0.99 by scrape", partial(QUEUE, weeks=1), 0.9),
    ("half of it for four weeks, 0.999 by scrape", partial(QUEUE, weeks=4, follows=0.999), 0.9),
    ("99.9 % up for 13 weeks, outages of 5 minutes", partial(UP, outage=5), 0.9),
    ("80 ratings of 4.3 on average over 4", partial(rating, n=80, weights=GOOD, more=0.3), 0.6),
    ("200 ratings of 4.3 on average over 4", partial(rating, n=200, weights=GOOD, more=0.3), 0.95),
)


def wrong(rule, size, runs):
    """The greatest share of Met, and of Missed, over the ways to draw a rule."""
    worst = np.zeros(2)
    for n, judge in enumerate(rule.kinds):
        rng = np.random.default_rng([size, n])
        found = [judge(rng, size) for _ in range(runs)]
        wrongs = [found.count(verdict) / runs for verdict in (Verdict.MET, Verdict.MISSED)]
        worst = np.maximum(worst, wrongs)
    return worst


def at_most(rule, runs):
    """What so many runs may show of Met, and of Missed: three standard deviations more."""
    most = np.array(rule.most)
    return most + 3 * (most * (1 - most) / runs) ** 0.5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=4_000)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    print(
        "| wrong Met / wrong Missed, %, at the target | "
        + " | ".join(map(str, SIZES))
        + " | at most |"
    )
    print("|---|" + "---:|" * (len(SIZES) + 1))
    too_many = 0
    for rule in RULES:
        if asked.only not in rule.name:
            continue
        cells = []
        for size in rule.sizes:
            rates = wrong(rule, size, asked.runs // rule.part)
            too_many += (rates > at_most(rule, asked.runs // rule.part)).sum()
            cells.append(" / ".join(f"{rate:.1%}".rstrip("%") for rate in rates))
        sizes = f" (of {', '.join(map(str, rule.sizes))} {rule.of})" if rule.of else ""
        print(f"| {rule.name}{sizes} | {' | '.join(cells)} | {rule.most[0]:.1%} |", flush=True)
    print("\n| Met where it holds | % |\n|---|---:|")
    for name, judge, _least in POWER:
        rng = np.random.default_rng(1)
        met = sum(judge(rng) is Verdict.MET for _ in range(1_000)) / 1_000
        print(f"| {name} | {met:.0%} |")
    print(f"\n{asked.runs:,} draws of each way; {machine()}")
    sys.exit(bool(too_many))


if __name__ == "__main__":
    main()
