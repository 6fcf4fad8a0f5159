"""Who moved most, against plain Python over random worlds."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np
import pytest
from scipy import stats
from sqlalchemy import insert

from core.analytics.dates import Window
from core.base import clock
from core.engagement.movers import (
    SHOWN,
    Mover,
    Movers,
    is_significant,
    movers_of_customers,
    movers_of_testers,
)
from core.engagement.words import movers_finding, movers_subtitle
from core.store import Scope, SyncRun, table
from tests.analytics.draws import ERAS, ZONE, world_of
from tests.analytics.worlds import Builder, copy_facts, fill, prepare
from tests.draws import draws
from tests.stores import open_store

TODAY = date(2024, 6, 30)
JUNE = Window(date(2024, 6, 1), TODAY, "June")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('movers')}/s.db", timezone=ZONE.key)
    prepare(opened)
    yield opened
    opened.close()


def day_of(instant):
    return instant and instant.astimezone(ZONE).date()


def brute(pairs, window, names):
    """Risers and fallers as (id, name, before, now), and how many people there were."""
    length = (window.end - window.start).days + 1
    start = window.start - timedelta(days=length)
    now = Counter(who for who, day in pairs if day and window.start <= day <= window.end)
    before = Counter(who for who, day in pairs if day and start <= day < window.start)
    people = sorted({*now, *before})
    changes = [(now[who] - before[who], who) for who in people]
    up = sorted((c for c in changes if c[0] > 0), key=lambda c: (-c[0], c[1]))[:SHOWN]
    down = sorted(c for c in changes if c[0] < 0)[:SHOWN]
    return *([(w, names[w], before[w], now[w]) for _, w in side] for side in (up, down)), len(
        people
    )


def shown(found):
    return (
        *(
            [(m.person_id, m.name, m.before, m.now) for m in side]
            for side in (found.risers, found.fallers)
        ),
        found.people,
    )


@pytest.mark.parametrize("copied", [False, True])
def test_random_worlds(store, copied):
    moved = 0
    for seed in range(draws(24)):
        random = Random(seed)
        days = ERAS[seed % len(ERAS)]
        world = world_of(random, days)
        fill(store, world)
        if copied:
            assert copy_facts(store)
        start, end = sorted((random.choice(days), random.choice(days)))
        window, products = Window(start, end, ""), random.choice(((), (1,)))
        names = {u["id"]: u["name"] for u in world["users"] if u["account_id"] == "a"}
        cycles = [c for c in world["cycles"] if c["account_id"] == "a"]
        ends = {c["id"]: day_of(c["end_at"]) for c in cycles}
        first = min((day for day in ends.values() if day), default=None)
        asked = {"window": window, "product_ids": products}
        created = [
            (c["created_by_id"], ends[c["id"]])
            for c in cycles
            if c["created_by_id"] and (not products or c["product_id"] in products)
        ]
        accepted = [
            (b["tester_id"], ends.get(b["cycle_id"]))
            for b in world["bugs"]
            if b["account_id"] == "a"
            and b["tester_id"]
            and b["status"] in {"accepted", "auto_accepted"}
            and (not products or b["product_id"] in products)
        ]
        for read, pairs in ((movers_of_customers, created), (movers_of_testers, accepted)):
            found = read(Scope(store, "a"), **asked)
            if first is None or first >= window.start:
                assert shown(found) == ([], [], 0)
                continue
            assert shown(found) == brute(pairs, window, names)
            assert (found.begun is None) == (first <= window.previous.start)
            moved += bool(found.risers) + bool(found.fallers)
    assert moved > draws(10)


def crowd(amounts, *, since="2024-01-01"):
    """A world in which people created so many cycles in May and in June."""
    world = Builder()
    world.cycle(creator="The first", end=since)
    for name, (before, now) in amounts.items():
        for day, number in (("2024-05-20", before), ("2024-06-20", now)):
            for _ in range(number):
                world.cycle(creator=name, end=day)
    return world.world


def test_one_to_two_is_no_headline_and_two_to_forty_is(store):
    fill(store, crowd({"Ann": (1, 2), "Bob": (2, 40), "Cem": (30, 3), "Dan": (5, 5)}))
    found = movers_of_customers(Scope(store, "a"), window=JUNE)
    assert [(m.name, m.before, m.now, m.is_significant) for m in found.risers] == [
        *(("Bob", 2, 40, True), ("Ann", 1, 2, False))
    ]
    assert [(m.name, m.change, m.is_significant) for m in found.fallers] == [("Cem", -27, True)]
    assert found.people == 4
    assert found.begun is None


def test_on_each_database(any_store):
    prepare(any_store)
    world = Builder()
    for day, number in (("2024-01-01", 1), ("2024-05-20", 2), ("2024-06-20", 30)):
        for _ in range(number):
            world.bug(world.cycle(creator="Ann", end=day, product_id=None), tester="Tia")
    fill(any_store, world.world)
    for read, name in ((movers_of_customers, "Ann"), (movers_of_testers, "Tia")):
        (found,) = read(Scope(any_store, "a"), window=JUNE).risers
        assert (found.name, found.before, found.now, found.is_significant) == (name, 2, 30, True)


def test_before_the_data_begins_nothing_is_claimed(store):
    fill(store, crowd({"Bob": (2, 40)}, since="2024-05-19"))
    found = movers_of_customers(Scope(store, "a"), window=JUNE)
    assert found.begun == date(2024, 5, 19)
    assert next((m.name, m.is_significant) for m in found.risers) == ("Bob", False)
    fill(store, crowd({"Bob": (0, 40)}, since="2024-06-02"))
    found = movers_of_customers(Scope(store, "a"), window=JUNE)
    assert (found.risers, found.people, found.begun) == ((), 0, date(2024, 6, 2))


@pytest.mark.parametrize(
    ("synced", "is_significant"), [(30, True), (29, True), (28, False), (9, False)]
)
def test_what_was_not_synchronised_did_not_fall(store, synced, is_significant):
    fill(store, crowd({"Cem": (40, 2)}))
    at = datetime(2024, 6, synced, 12, tzinfo=UTC)
    run = {"account_id": "a", "id": 1, "source": "testio", "status": "done", "message": ""}
    run |= {"started_at": at, "finished_at": at, "step": "", "done": 0, "requests": 0}
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(insert(table(SyncRun)), [run | {"counts": {}}])
    found = movers_of_customers(Scope(store, "a"), window=JUNE)
    assert [(m.name, m.is_significant) for m in found.fallers] == [("Cem", is_significant)]
    assert found.ended == (at.date() if synced < 29 else None)


def test_all_time_has_nothing_before_it(store):
    always = Window(None, None, "All time")
    assert movers_of_customers(Scope(store, "a"), window=always) is None
    assert movers_of_testers(Scope(store, "a"), window=always) is None


def test_ties_are_shown_in_one_order_and_cut(store):
    fill(store, crowd({f"P{n}": (0, 2) for n in range(9)}))
    found = movers_of_customers(Scope(store, "a"), window=JUNE)
    assert [m.name for m in found.risers] == ["P0", "P1", "P2"]
    assert not any(m.is_significant for m in found.risers)
    assert found.fallers == ()


def test_nobody_falls_because_new_bugs_are_still_being_decided(store):
    today = clock.today(ZONE)
    world = Builder()
    for ago in range(100):
        cycle = world.cycle(end=str(today - timedelta(days=ago)))
        world.bug(cycle, tester="Tia", status="accepted" if ago >= 10 else "forwarded")
    fill(store, world.world)
    month = Window(today - timedelta(days=29), today, "30 days")
    found = movers_of_testers(Scope(store, "a"), window=month)
    assert (found.risers, found.fallers, found.people) == ((), (), 1)
    assert (found.days, found.settled) == (20, today - timedelta(days=10))
    week = Window(today - timedelta(days=6), today, "7 days")
    assert movers_of_testers(Scope(store, "a"), window=week).people == 0


def test_one_person_alone_agrees_with_the_binomial_test():
    for before, now in ((0, 5), (0, 6), (3, 12), (3, 13), (40, 20), (7, 7)):
        p = stats.binomtest(min(before, now), before + now, 0.5).pvalue
        assert is_significant(np.array([before]), np.array([now])).tolist() == [p <= 0.05]


@pytest.mark.parametrize("bunch", [1, 4])
def test_chance_alone_makes_few_clear(bunch):
    rng = np.random.default_rng(5)
    worlds = 0
    for _ in range(300):
        means = rng.gamma(1.5, 6, 200)
        before, now = (rng.poisson(means / bunch) * bunch for _ in range(2))
        some = before + now > 0
        worlds += bool(is_significant(before[some], now[some]).any())
    # With nobody changed, a headline is false: in one world of twenty at most, or about so many.
    assert worlds / 300 <= 0.07


def test_who_did_change_is_found_among_many():
    rng = np.random.default_rng(6)
    before, now = rng.poisson(20, 200), rng.poisson(20, 200)
    before[:3], now[:3] = (5, 70, 20), (60, 10, 21)
    clear = is_significant(before, now)
    assert clear[:3].tolist() == [True, True, False]
    assert clear[3:].sum() <= 1


def test_who_moved():
    rose, fell = (
        Mover(1, "Ann", 2, 14, is_significant=True),
        Mover(2, "Bob", 40, 3, is_significant=True),
    )
    chance_only = Mover(3, "Cem", 1, 2, is_significant=False)
    assert movers_finding(Movers((rose,), (fell,), 9), "tester", "bugs") == (
        "Bob fell most: 40 to 3 bugs"
    )
    assert movers_finding(Movers((rose, chance_only), (), 9), "tester", "bugs") == (
        "Ann rose most: 2 to 14 bugs"
    )
    assert movers_finding(Movers((chance_only,), (), 9), "tester", "bugs") == (
        "No tester moved more than chance explains"
    )
    said = movers_subtitle(Movers((), (), 1, days=90), "tester", "accepted bugs")
    assert said.startswith(
        "Accepted bugs in these 90 days against the 90 days before, of 1 tester;"
    )
    settled = Movers((), (), 1, days=80, settled=date(2024, 6, 20))
    assert movers_subtitle(settled, "tester", "accepted bugs") == (
        "Accepted bugs in the 80 days until 20 Jun 2024 against the 80 days before, of 1 tester; "
        "small numbers move by chance; newer bugs are still being decided"
    )
    cut = Movers((chance_only,), (), 9, date(2024, 5, 19), date(2024, 6, 9), days=30)
    said = movers_finding(cut, "tester", "bugs")
    assert said == "The data is too short to say which tester moved"
    said = movers_subtitle(cut, "tester", "bugs")
    assert "the data begins on 19 May 2024, so the 30 days before are not whole" in said
    assert "the last sync was on 9 Jun 2024, so these 30 days are not whole" in said
