"""Cohorts, first steps, findings and single customer users, against plain Python over worlds."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import median

import pandas as pd
import pytest

from core.analytics.dates import Window
from core.analytics.explore import user_names
from core.engagement.cohorts import cohorts
from core.engagement.findings import findings, most_tested
from core.engagement.onboarding import onboarding
from core.engagement.participation import last_seen
from core.engagement.people import engagement
from core.engagement.person import customer
from core.store import Scope
from tests.analytics.draws import ZONE
from tests.analytics.test_people import ALWAYS, SETTINGS, cases, day_of, over, segment_of
from tests.analytics.worlds import Builder, copy_facts, fill, prepare
from tests.stores import open_store

EXECUTED = {"running", "locked", "archived"}
ACCEPTED = {"accepted", "auto_accepted"}
DECIDED = ACCEPTED | {"rejected"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('people')}/s.db", timezone=ZONE.key)
    prepare(opened)
    yield opened
    opened.close()


def scenes(store):
    """Each world filled in: what is asked of it, and the account's cycles with their last days."""
    for world, window, products, today in cases():
        fill(store, world)
        cycles = [
            (cycle, day_of(cycle["end_at"]))
            for cycle in world["cycles"]
            if cycle["account_id"] == "a" and (not products or cycle["product_id"] in products)
        ]
        # Seen from the middle of things, some cycles are still to come.
        for day in (today, today - timedelta(days=60)):
            asked = {"window": window, "product_ids": products}
            yield world, cycles, asked, day


def mine(rows):
    return [row for row in rows if row["account_id"] == "a"]


def inside(cycles, window):
    return [cycle for cycle, day in cycles if over(window, day, (), None)]


def months_after(first, today):
    """The months from the one after the first to that of today."""
    year, month = map(int, first.split("-"))
    found = []
    while (year, month) < (today.year, today.month):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        found.append(f"{year:04}-{month:02}")
    return found


def test_cohorts(store):
    for _, cycles, asked, today in scenes(store):
        found = cohorts(Scope(store, "a"), today=today, **asked)
        months = defaultdict(set)
        for cycle, day in cycles:
            if day and day <= today:
                for who in {cycle["created_by_id"], cycle["submitted_by_id"]} - {None}:
                    months[who].add(f"{day:%Y-%m}")
        begun = Counter(min(of_person) for of_person in months.values())
        span = asked["window"].at_least(365, today)
        shown = {
            month: size
            for month, size in begun.items()
            if (span.start is None or month >= f"{span.start:%Y-%m}")
            and (span.end is None or month <= f"{span.end:%Y-%m}")
        }
        assert found.sizes.to_dict() == shown
        assert found.first_month == min(begun, default=None)
        expected = {
            (cohort, month): (size, after, still, still / size, month != f"{today:%Y-%m}")
            for cohort, size in shown.items()
            for after, month in enumerate(months_after(cohort, today), 1)
            for still in [sum(min(m) == cohort and month in m for m in months.values())]
        }
        columns = ["size", "after", "active", "share", "is_over"]
        assert {
            (row["cohort"], row["month"]): tuple(row[c] for c in columns)
            for row in found.months.to_dict("records")
        } == expected


def days_between(first, second):
    return None if first is None or second is None else (second - first).days


def plain(value):
    """As in Python: a frame has other words for nothing."""
    return value if isinstance(value, list) or pd.notna(value) else None


def test_onboarding(store):
    for _, cycles, asked, _ in scenes(store):
        found = onboarding(Scope(store, "a"), **asked)
        expected = {}
        for who in {cycle["created_by_id"] for cycle, _ in cycles} - {None}:
            own = [(c, day) for c, day in cycles if c["created_by_id"] == who]
            submitted = [(c, day) for c, day in own if c["submitted_by_id"]]
            executed = [(c, day) for c, day in own if c["status"] in EXECUTED]
            steps = own, submitted, executed
            firsts = [min((day for _, day in step if day), default=None) for step in steps]
            window = asked["window"]
            if window is ALWAYS or (firsts[0] and over(window, firsts[0], (), None)):
                expected[who] = (
                    *(len(step) for step in steps),
                    *firsts,
                    days_between(*firsts[:2]),
                    days_between(*firsts[::2]),
                )
        columns = [
            *("created", "submitted", "executed", "first_draft", "first_submission"),
            *("first_execution", "to_submission", "to_execution"),
        ]
        assert {
            row["customer_id"]: tuple(plain(row[c]) for c in columns)
            for row in found.people.astype(object).to_dict("records")
        } == expected
        for step, place in zip(found.steps, range(3), strict=True):
            assert step.reached == sum(row[place] > 0 for row in expected.values())
        for step, place in zip(found.steps[1:], (6, 7), strict=True):
            waits = [row[place] for row in expected.values() if row[place] is not None]
            assert step.median_days == (median(waits) if waits else None)
            assert (step.n, step.at_once) == (len(waits), waits.count(0))
            assert all(wait >= 0 for wait in waits)


def parts_of(cycle, who):
    roles = (("created", "created_by_id"), ("submitted", "submitted_by_id"))
    return " and ".join(part for part, column in roles if cycle[column] == who)


def test_what_everyone_did_last(store):
    for world, cycles, asked, _ in scenes(store):
        found = last_seen(Scope(store, "a"), product_ids=asked["product_ids"])
        names = {p["id"]: p["name"] for p in mine(world["products"])}
        latest = {}
        for cycle, day in cycles:
            for who in {cycle["created_by_id"], cycle["submitted_by_id"]} - {None}:
                if day:
                    latest[who] = max(latest.get(who, (day, 0, None)), (day, cycle["id"], None))
        by_id = {cycle["id"]: cycle for cycle, _ in cycles}
        expected = {
            who: (
                *(number, by_id[number]["title"], by_id[number]["status"], day),
                *(names.get(by_id[number]["product_id"]), parts_of(by_id[number], who)),
            )
            for who, (day, number, _) in latest.items()
        }
        columns = ["cycle_id", "title", "status", "day", "product", "part"]
        assert {
            row["customer_id"]: tuple(plain(row[c]) for c in columns)
            for row in found.astype(object).to_dict("records")
        } == expected


def bugs_of(world, cycles):
    numbers = {cycle["id"] for cycle in cycles}
    return [bug for bug in mine(world["bugs"]) if bug["cycle_id"] in numbers]


def test_findings(store):
    for world, cycles, asked, _ in scenes(store):
        found = findings(Scope(store, "a"), **asked)
        products = asked["product_ids"]
        days = {c["id"]: (c, day_of(c["end_at"])) for c in mine(world["cycles"])}
        seen = inside(cycles, asked["window"])
        # A bug belongs to the product that it was reported on.
        bugs = [
            (days[b["cycle_id"]][0]["created_by_id"], b)
            for b in mine(world["bugs"])
            if b["cycle_id"] in days
            and over(asked["window"], days[b["cycle_id"]][1], products, b["product_id"])
        ]
        people = {c["created_by_id"] for c in seen} | {who for who, _ in bugs}
        expected = {}
        for who in people - {None}:
            own = [c for c in seen if c["created_by_id"] == who]
            reported = [b for other, b in bugs if other == who]
            executed = sum(c["status"] in EXECUTED for c in own)
            decided = [b for b in reported if b["status"] in DECIDED]
            good = sum(b["status"] in ACCEPTED for b in decided)
            mix = Counter(
                b["severity"] if b["severity"] in {"critical", "high", "low"} else "other"
                for b in reported
            )
            expected[who] = (
                *(len(own), executed, len(reported)),
                len(reported) / executed if executed else None,
                len(decided),
                good / len(decided) if decided else None,
                *(mix[kind] for kind in ("critical", "high", "low", "other")),
                *most_of(world, own),
            )
        columns = [
            *("created", "executed", "bugs", "per_cycle", "decided", "acceptance"),
            *("critical", "high", "low", "other", "products", "features"),
        ]
        assert {
            row["customer_id"]: tuple(plain(row[c]) for c in columns)
            for row in found.to_dict("records")
        } == expected


def most_of(world, cycles):
    """The names of the three products and features in most of the cycles."""
    products = Counter(c["product_id"] for c in cycles if c["product_id"])
    numbers = {c["id"] for c in cycles}
    features = Counter(
        link["feature_id"] for link in mine(world["cycle_features"]) if link["cycle_id"] in numbers
    )
    for tally, table, label, kind in (
        (products, "products", "name", "product"),
        (features, "features", "title", "feature"),
    ):
        names = {row["id"]: row[label] or f"{kind} {row['id']}" for row in mine(world[table])}
        if kind == "feature":
            of = {row["id"]: row["product_id"] for row in mine(world[table])}
            shown = {row["id"]: row["name"] or "Unnamed product" for row in mine(world["products"])}
            shown = {
                k: v if [*shown.values()].count(v) < 2 else f"{v} ({k})" for k, v in shown.items()
            }
            alike = [*names.values()]
            names = {
                key: name
                if alike.count(name) < 2
                else f"{name} ({shown.get(of[key], 'no product')})"
                for key, name in names.items()
            }
            alike = [*names.values()]
            names = {k: v if alike.count(v) < 2 else f"{v}, {k}" for k, v in names.items()}
        first = sorted(tally, key=lambda key: (-tally[key], key))[:3]
        yield [names[key] for key in first]


def test_one_customer_user(store):
    for world, cycles, asked, today in scenes(store):
        seen = inside(cycles, asked["window"])
        for who in (1, 2, 4, 9):
            found = customer(
                Scope(store, "a"), person=who, today=today, settings=SETTINGS[who % 3], **asked
            )
            own = [c for c in seen if parts_of(c, who)]
            check_history(found, own, who, world)
            days = [day for c, day in cycles if parts_of(c, who) and day]
            assert (found.first, found.last) == (min(days, default=None), max(days, default=None))
            assert found.lifecycle == segment_of(found.first, found.last, today, SETTINGS[who % 3])
            assert found.undated == sum(bool(parts_of(c, who)) and not d for c, d in cycles)
            created = [c for c in own if c["created_by_id"] == who]
            assert found.created == len(created)
            assert found.submitted == sum(c["submitted_by_id"] == who for c in own)
            check_trend(found, cycles, who, asked["window"].at_least(365, today), today)
            if not asked["product_ids"]:
                bugs = bugs_of(world, created)
                check_tested(found, created, bugs, world)
                # pandas has NaN for what is unknown beside texts.
                shown = found.severities.astype(object).where(found.severities.notna(), None)
                severities = Counter(b["severity"] for b in bugs)
                assert dict(shown.itertuples(index=False, name=None)) == severities


def check_history(found, own, who, world):
    features = Counter(link["cycle_id"] for link in mine(world["cycle_features"]))
    names = {p["id"]: p["name"] for p in mine(world["products"])}
    expected = {}
    for c in own:
        bugs = bugs_of(world, [c])
        expected[c["id"]] = (
            *(c["title"], names.get(c["product_id"]), c["status"], c["testing_type"]),
            *(day_of(c["start_at"]), day_of(c["end_at"]), parts_of(c, who), features[c["id"]]),
            *(len(bugs), sum(b["status"] in DECIDED for b in bugs)),
            sum(b["status"] in ACCEPTED for b in bugs),
        )
    rows = list(found.history.astype(object).itertuples(index=False, name=None))
    assert {row[0]: tuple(map(plain, row[1:])) for row in rows} == expected
    days = [plain(day) for day in found.history["end_day"]]
    known = [day for day in days if day]
    assert days == sorted(known, reverse=True) + [None] * (len(days) - len(known))


def check_trend(found, cycles, who, span, today):
    amounts = Counter()
    for c, day in cycles:
        if day and day <= span.end and (span.start is None or span.start <= day):
            for series, column in (("Created", "created_by_id"), ("Submitted", "submitted_by_id")):
                if c[column] == who:
                    amounts[f"{day:%Y-%m}", series] += 1
    rows = found.trend.to_dict("records")
    months = {month for month, _ in amounts}
    if not months:
        assert not rows
        return
    latest = max(months)
    shown = min([f"{min(span.end, today):%Y-%m}", f"{int(latest[:4]) + 1}{latest[4:]}"])
    last = max(shown, latest)
    first = min(months)
    assert {(row["period"], row["series"]): row["value"] for row in rows} == {
        (month, series): amounts[month, series]
        for month in [first, *months_after(first, date.fromisoformat(f"{last}-01"))]
        for series in ("Created", "Submitted")
    }


def check_tested(found, created, bugs, world):
    numbers = {c["id"] for c in created}
    links = [link for link in mine(world["cycle_features"]) if link["cycle_id"] in numbers]
    # A product that the source has not named yet is a row without a name, as is no product.
    named = {p["id"] for p in mine(world["products"]) if p["name"]}
    cycles = Counter(c["product_id"] for c in created if c["product_id"] in named)
    assert sorted(found.products.dropna()["cycles"], reverse=True)[: len(cycles)] == sorted(
        cycles.values(), reverse=True
    )
    assert found.products["bugs"].sum() == len(bugs)
    assert found.features["bugs"].sum() == len(bugs)
    known = found.features.dropna(subset="name")
    assert known["cycles"].sum() == len(links)


def test_names_in_their_order(store):
    world = Builder()
    for name in ("bob", "Ann", "\N{LATIN CAPITAL LETTER A WITH DIAERESIS}na", "ann"):
        world.user(name)
    world.user("Tess", "tester")
    fill(store, world.world)
    assert list(user_names(Scope(store, "a"), kind="customer").values()) == [
        "Ann",
        "ann",
        "bob",
        "\xc4na",
    ]
    assert user_names(Scope(store, "b"), kind="customer") == {}


def test_most_tested_of_equals_is_the_lower_id(store):
    world = Builder()
    for number in (3, 1, 2, 4):
        world._add("products", id=number, name=f"P{number}", type=None, in_catalogue=True)
    for number in (4, 3, 2, 1, 3):
        world.cycle(creator="Ann", product_id=number, end="2024-03-01")
    fill(store, world.world)
    asked = {"window": Window(date(2024, 3, 1), date(2024, 3, 1), "A day")}
    assert most_tested(Scope(store, "a"), "product", **asked) == {1: ["P3", "P1", "P2"]}
    assert most_tested(Scope(store, "a"), "product", most=1, **asked) == {1: ["P3"]}


READS = {
    "everyone": lambda store, asked: engagement(Scope(store, "a"), today=TODAY, **asked).people,
    "cohorts": lambda store, asked: cohorts(Scope(store, "a"), today=TODAY, **asked).months,
    "first steps": lambda store, asked: onboarding(Scope(store, "a"), **asked).people,
    "findings": lambda store, asked: findings(Scope(store, "a"), **asked),
    "last seen": lambda store, _: last_seen(Scope(store, "a")),
    "history": lambda store, asked: (
        customer(Scope(store, "a"), person=1, today=TODAY, **asked).history
    ),
    "trend": lambda store, asked: customer(Scope(store, "a"), person=1, today=TODAY, **asked).trend,
    "features": lambda store, asked: (
        customer(Scope(store, "a"), person=1, today=TODAY, **asked).features
    ),
}
TODAY = date(2025, 1, 1)


@pytest.fixture(scope="module")
def databases(tmp_path_factory, postgres_server):
    """The same world on SQLite, with a columnar copy of it, and on PostgreSQL."""
    world, *_ = next(scene for scene in cases() if len(scene[0]["bugs"]) > 20)
    folder = tmp_path_factory.mktemp("alike")
    addresses = {
        "sqlite": f"sqlite:///{folder}/plain.db",
        "copied": f"sqlite:///{folder}/copied.db",
        "postgres": postgres_server(),
    }
    opened = {name: open_store(url, timezone=ZONE.key) for name, url in addresses.items()}
    for name, one in opened.items():
        prepare(one)
        fill(one, world)
        assert copy_facts(one) if name == "copied" else not one.refresh_copy()
    yield opened
    for one in opened.values():
        one.close()


@pytest.mark.parametrize("name", READS)
def test_each_database_answers_alike(databases, name):
    for window in (ALWAYS, Window(date(2024, 1, 1), TODAY, "A year")):
        frames = [READS[name](one, {"window": window}).astype(object) for one in databases.values()]
        first, *others = (
            [tuple(map(plain, row)) for row in frame.itertuples(index=False, name=None)]
            for frame in frames
        )
        assert first
        assert all(other == first for other in others)
