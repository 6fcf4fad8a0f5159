"""The people of the engagement page, against plain Python over random worlds."""

from collections import Counter, defaultdict
from datetime import timedelta
from random import Random

import pytest

from core.analytics.account_settings import EngagementSettings
from core.analytics.dates import Window
from core.base.text import OTHERS
from core.engagement import people as engagement
from core.store import Scope
from tests.analytics.draws import ERAS, ZONE, world_of
from tests.analytics.worlds import fill, prepare
from tests.draws import draws
from tests.stores import open_store

SETTINGS = (
    EngagementSettings(),
    EngagementSettings(
        high_activity=3, medium_activity=2, new_days=1, fading_days=1, silent_days=2
    ),
    EngagementSettings(new_days=400, fading_days=60, silent_days=61),
)
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
    for number in range(draws(12)):
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


def segment_of(first, last, today, settings):
    """New, returning, fading, silent: the rules once more, from days in the other direction."""
    if first is None:
        return None
    if last + timedelta(days=settings.silent_days) < today:
        return "silent"
    if last + timedelta(days=settings.fading_days) < today:
        return "fading"
    return "new" if first + timedelta(days=settings.new_days) >= today else "returning"


def test_customers(store):
    for number, (world, window, products, today) in enumerate(cases()):
        fill(store, world)
        settings = SETTINGS[number % len(SETTINGS)]
        found = engagement.engagement(
            Scope(store, "a"), window=window, product_ids=products, today=today, settings=settings
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
        seen = defaultdict(list)
        for c, day in cycles:
            for who in {c["created_by_id"], c["submitted_by_id"]} - {None}:
                if day:
                    seen[who].append(day)
        people = found.people.to_dict("records")
        customers = [u for u in world["users"] if u["kind"] == "customer"]
        assert {p["customer_id"] for p in people} == {
            u["id"] for u in customers if u["account_id"] == "a"
        }
        for person in people:
            who = person["customer_id"]
            assert (person["created"], person["submitted"]) == (created[who], submitted[who])
            first, last = min(seen[who], default=None), max(seen[who], default=None)
            assert person["last_active"] == (last and min(last, today))
            assert person["lifecycle"] == segment_of(first, last, today, settings)
            level = (settings.high_activity, settings.medium_activity, 1, 0)
            names = ("high", "medium", "low", "none")
            assert person["activity"] == next(
                name for least, name in zip(level, names, strict=True) if created[who] >= least
            )
            if created[who]:
                assert person["completion"] == pytest.approx(by_both[who] / created[who])
        check_trend(
            *(found, [(c["created_by_id"], day) for c, day in cycles if c["created_by_id"]]),
            *(window, today),
        )
        check_stack(engagement.top_and_others(found), found.trend.total.to_dict())
        then = today - timedelta(days=30)
        assert found.fell_silent == sum(
            segment_of(min(days), max(days), today, settings) == "silent"
            and segment_of(min(days), max(days), then, settings) != "silent"
            for days in seen.values()
            if days
        )
        check_concentration(found, created)


def check_concentration(found, created):
    amounts = sorted((n for who, n in created.items() if who), reverse=True)
    shares = engagement.concentration(found)
    if not amounts:
        assert shares == []
        return
    for size, share in shares:
        assert share == pytest.approx(sum(amounts[:size]) / sum(amounts))
    # What is left out would say 100 % once more.
    assert shares[-1][0] == 10 or shares[-1][1] == 1
