"""The people of the engagement and tester pages, against plain Python over random worlds."""

from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest

from core.analytics import engagement, testers
from core.analytics.window import Window
from core.store import open_store
from core.words import OTHERS
from tests.analytics.draws import ERAS, ZONE, world_of
from tests.analytics.worlds import Builder, fill, prepare

WEIGHTS = {"critical": 5, "high": 3, "low": 1, "visual": 1, "content": 1}
DECIDED = {"accepted", "auto_accepted", "rejected"}
ALWAYS = Window(None, None, "All time")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('people')}/s.db", timezone=ZONE.key)
    prepare(opened)
    yield opened
    opened.close()


def day_of(instant):
    return instant and instant.astimezone(ZONE).date()


def cases():
    for number in range(12):
        random = Random(number)
        days = ERAS[number % len(ERAS)]
        start = random.choice(days)
        windows = [ALWAYS, Window(start, max(days), "Some days"), Window(start, start, "A day")]
        yield world_of(random, days), random.choice(windows), random.choice(((), (1,))), max(days)


def over(window, day, products, product):
    inside = window.start is None or (day is not None and window.start <= day <= window.end)
    return inside and (not products or product in products)


def year_of(window, today):
    return window.at_least(365, today)


def monthly(pairs, window, today):
    """Amounts by person and month, and of everyone by month without holes."""
    span = year_of(window, today)
    inside = [
        (who, day)
        for who, day in pairs
        if day and day <= span.end and (span.start is None or span.start <= day)
    ]
    people = Counter((who, f"{day:%Y-%m}") for who, day in inside)
    total = Counter(f"{day:%Y-%m}" for _, day in inside)
    months, day = [], min((day for _, day in inside), default=None)
    while day and f"{day:%Y-%m}" <= max(total):
        months.append(f"{day:%Y-%m}")
        day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return people, {month: total[month] for month in months}


def check_trend(found, pairs, window, today):
    people, total = monthly(pairs, window, today)
    assert found.trend.total.to_dict() == total
    for row in found.people.to_dict("records"):
        who = next(row[key] for key in ("tester_id", "customer_id") if key in row)
        own = [people[who, month] for month in total]
        assert row["trend"] == (own if any(own) else [])


def check_stack(stacked, total):
    data, order, share = stacked
    if not order:
        return
    assert 0 <= share <= 1
    assert data.groupby("period")["value"].sum().to_dict() == total
    assert set(data["series"]) == set(order)
    assert order.count(OTHERS) <= 1


def test_testers(store):
    for world, window, products, today in cases():
        fill(store, world)
        found = testers.leaderboard(
            store, account="a", window=window, product_ids=products, today=today
        )
        ends = {c["id"]: day_of(c["end_at"]) for c in world["cycles"] if c["account_id"] == "a"}
        bugs = [
            (b, ends.get(b["cycle_id"]))
            for b in world["bugs"]
            if b["account_id"] == "a" and b["tester_id"]
        ]
        inside = [b for b, day in bugs if over(window, day, products, b["product_id"])]
        expected = {}
        for tester in {b["tester_id"] for b in inside}:
            own = [b for b in inside if b["tester_id"] == tester]
            decided = [b for b in own if b["status"] in DECIDED]
            expected[tester] = (
                len(own),
                len(decided),
                sum(b["status"] != "rejected" for b in decided),
                sum(WEIGHTS.get(b["severity"], 0) for b in decided),
            )
        columns = ["reported", "decided", "accepted", "points"]
        assert {
            row["tester_id"]: tuple(row[c] for c in columns)
            for row in found.people.to_dict("records")
        } == expected
        of_products = [
            (b["tester_id"], day) for b, day in bugs if not products or b["product_id"] in products
        ]
        check_trend(found, of_products, window, today)
        total = found.trend.total.to_dict()
        for order in testers.ORDERS:
            check_stack(testers.top_and_others(found, order), total)


def test_customers(store):
    for world, window, products, today in cases():
        fill(store, world)
        found = engagement.engagement(
            store, account="a", window=window, product_ids=products, today=today
        )
        cycles = [
            (c, day_of(c["end_at"]))
            for c in world["cycles"]
            if c["account_id"] == "a" and (not products or c["product_id"] in products)
        ]
        inside = [c for c, day in cycles if over(window, day, (), None)]
        created = Counter(c["created_by_id"] for c in inside)
        submitted = Counter(c["submitted_by_id"] for c in inside)
        by_both = Counter(c["created_by_id"] for c in inside if c["submitted_by_id"])
        seen = {}
        for c, day in cycles:
            for who in {c["created_by_id"], c["submitted_by_id"]} - {None}:
                if day:
                    seen[who] = max(day, seen.get(who, day))
        people = found.people.to_dict("records")
        customers = [u for u in world["users"] if u["kind"] == "customer"]
        assert {p["customer_id"] for p in people} == {
            u["id"] for u in customers if u["account_id"] == "a"
        }
        for person in people:
            who = person["customer_id"]
            assert (person["created"], person["submitted"]) == (created[who], submitted[who])
            assert person["last_active"] == seen.get(who)
            if created[who]:
                assert person["completion"] == pytest.approx(by_both[who] / created[who])
        check_trend(
            *(found, [(c["created_by_id"], day) for c, day in cycles if c["created_by_id"]]),
            *(window, today),
        )
        check_stack(engagement.top_and_others(found), found.trend.total.to_dict())


def test_beyond_the_first_of_each_order_there_is_no_trend(store, monkeypatch):
    monkeypatch.setattr(testers, "TRENDS", 2)
    monkeypatch.setattr(testers, "TOP", 2)
    world = Builder()
    cycle = world.cycle(end="2024-03-01")
    for tester, bugs in (("Ann", 4), ("Bob", 3), ("Cem", 2), ("Dan", 1)):
        for _ in range(bugs):
            world.bug(cycle, tester=tester, status="rejected" if tester == "Cem" else "accepted")
    fill(store, world.world)
    found = testers.leaderboard(store, account="a", window=ALWAYS, today=date(2024, 4, 1))
    trends = dict(zip(found.people["tester"], found.people["trend"], strict=True))
    assert trends == {"Ann": [4], "Bob": [3], "Cem": [], "Dan": []}
    data, order, share = testers.top_and_others(found, "reported")
    assert order == ["Ann", "Bob", OTHERS]
    assert list(data["value"]) == [4, 3, 3]
    assert share == pytest.approx(0.7)
