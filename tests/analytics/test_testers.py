"""The testers page, against plain Python over random worlds, on each database and the copy."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest

from core.analytics.dates import Window
from core.analytics.query import metric_rows
from core.base import clock
from core.store import Scope
from core.testers import bugs as tester_counts
from core.testers import leaderboard as testers
from core.testers.bugs import BugSelection, bug_reports
from tests.analytics.draws import ERAS, ZONE, world_of
from tests.analytics.test_people import ALWAYS, check_stack, day_of, monthly
from tests.analytics.worlds import copy_facts, fill, prepare
from tests.draws import draws
from tests.stores import open_store

WEIGHTS = {"critical": 5, "high": 3, "low": 1, "visual": 1, "content": 1}
OTHER_WEIGHTS = {"showstopper": 2.5, "low": 0.1, "high": 0, "no such": 7}
ACCEPTED = {"accepted", "auto_accepted"}
DECIDED = {*ACCEPTED, "rejected"}
REPEATED = {"duplicate"}


@pytest.fixture(scope="module", params=["sqlite", "copied", "postgres"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def store(kind, request, tmp_path_factory):
    if kind == "postgres":
        url = request.getfixturevalue("postgres_server")()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('testers')}/s.db"
    opened = open_store(url, timezone=ZONE.key)
    prepare(opened)
    yield opened
    opened.close()


def cases(number):
    for n in range(number):
        random = Random(n)
        days = ERAS[n % len(ERAS)]
        start = random.choice(days)
        windows = [ALWAYS, Window(start, max(days), "Some days"), Window(start, start, "A day")]
        products = random.choice(((), (), (1,), (2, 3)))
        tester = random.choice((None, 21))
        yield world_of(random, days), random.choice(windows), products, tester, max(days)


def bugs_of(world, selection):
    """The bugs in a selection, each with its day."""
    ends = {c["id"]: day_of(c["end_at"]) for c in world["cycles"] if c["account_id"] == "a"}
    found = []
    for bug in world["bugs"]:
        day = ends.get(bug["cycle_id"])
        if (
            bug["account_id"] == "a"
            and selection.window.takes(day)
            and (not selection.product_ids or bug["product_id"] in selection.product_ids)
            and selection.tester_id in {None, bug["tester_id"]}
        ):
            found.append(bug | {"day": day})
    return found


def by_tester(bugs):
    found = defaultdict(list)
    for bug in bugs:
        found[bug["tester_id"]].append(bug)
    return found


def names_of(world):
    return {
        u["id"]: u["name"]
        for u in world["users"]
        if (u["account_id"], u["kind"]) == ("a", "tester")
    }


def sums_of(bugs, weights):
    """The weights of the bugs' severities, and the squares of these."""
    found = [weights.get(bug["severity"], 0) for bug in bugs]
    return pytest.approx(sum(found)), pytest.approx(sum(w * w for w in found))


def is_repeat(bug):
    rejected = bug["status"] == "rejected" and bug["rejection_reason"] in REPEATED
    return bug["status"] in DECIDED and bool(bug["known"] or rejected)


@pytest.fixture
def each_world(kind, store):
    """A world after the other in the store, with a selection; in the copy too where asked."""

    def worlds(number=12):
        for world, window, products, tester, today in cases(draws(number)):
            fill(store, world)
            if kind == "copied":
                assert copy_facts(store)
                with Scope(store, "a").facts() as facts:
                    assert facts.copied is not None
            yield world, BugSelection(window, products, tester), today

    return worlds


@pytest.mark.parametrize("weights", [WEIGHTS, OTHER_WEIGHTS, {}])
def test_tallies(store, each_world, weights):
    for world, selection, _ in each_world():
        people, without_tester = tester_counts.count_by_tester(
            Scope(store, "a"), selection=selection, weights=weights
        )
        own = by_tester(bugs_of(world, selection))
        assert without_tester == len(own.pop(None, []))
        names = names_of(world)
        expected = {}
        for tester, bugs in own.items():
            decided = [b for b in bugs if b["status"] in DECIDED]
            expected[tester] = (
                names[tester],
                len(bugs),
                len(decided),
                sum(b["status"] in ACCEPTED for b in decided),
                sum(bool(weights.get(b["severity"])) for b in decided),
                sum(b["severity"] not in weights for b in decided),
                *sums_of(decided, weights),
                *sums_of([b for b in decided if b["status"] in ACCEPTED], weights),
            )
        columns = ["tester", "reported", "decided", "accepted", "weighed", "unknown", "points"]
        columns += ["squares", "earned", "earned_squares"]
        rows = people.to_dict("records")
        assert {row["tester_id"]: tuple(row[c] for c in columns) for row in rows} == expected


def test_details(store, each_world):
    for world, selection, _ in each_world():
        found = tester_counts.count_details(Scope(store, "a"), selection=selection)
        breadth = tester_counts.count_breadth(Scope(store, "a"), selection=selection)
        own = by_tester(bugs_of(world, selection))
        own.pop(None, None)
        assert set(found.counts.index) == set(found.severities.index) == set(own)
        assert set(breadth.index) == set(own)
        severities = Counter(
            b["severity"] for b in world["bugs"] if b["account_id"] == "a" and b["severity"]
        )
        assert sorted(found.severities.columns) == sorted(severities)
        for tester, bugs in own.items():
            statuses = Counter(b["status"] for b in bugs)
            days = (day_of(b["reported_at"]) for b in bugs)
            past = [day for day in days if day and day <= clock.today(ZONE)]
            assert found.counts.loc[tester].to_dict() == {
                "accepted_by_hand": statuses["accepted"],
                "auto_accepted": statuses["auto_accepted"],
                "rejected": statuses["rejected"],
                "open": statuses["forwarded"],
                "known": sum(b["known"] is True for b in bugs),
                "known_said": sum(b["known"] is not None for b in bugs),
                "repeated": sum(map(is_repeat, bugs)),
                "last_active": max(past, default=None),
            }
            decided = Counter(b["severity"] for b in bugs if b["status"] in DECIDED)
            assert found.severities.loc[tester].to_dict() == {s: decided[s] for s in severities}
            assert breadth.loc[tester].to_dict() == {
                "products": len({b["product_id"] for b in bugs} - {None}),
                "features": len({b["feature_id"] for b in bugs} - {None}),
            }


def test_by_day(store, each_world):
    for world, selection, _ in each_world():
        found = tester_counts.count_by_day(Scope(store, "a"), selection=selection)
        expected = Counter(
            (b["day"], b["status"], b["rejection_reason"] if b["status"] == "rejected" else None)
            for b in bugs_of(world, selection)
        )
        rows = found.itertuples(index=False)
        assert {(row.day, row.status, row.reason): row.bugs for row in rows} == expected
        assert len(found) == len(expected)


def test_maturing(store, each_world):
    for world, selection, today in each_world():
        since = today - timedelta(days=10)
        late = [b for b in bugs_of(world, selection) if b["day"] and b["day"] > since]
        found = tester_counts.count_maturing(Scope(store, "a"), selection=selection, since=since)
        assert found == (len(late), sum(b["status"] not in DECIDED for b in late))


def test_by_value(store, each_world):
    for world, selection, _ in each_world():
        bugs = bugs_of(world, selection)
        labels = {
            "severity": None,
            "product": {p["id"]: p["name"] for p in world["products"] if p["account_id"] == "a"},
            "feature": {f["id"]: f["title"] for f in world["features"] if f["account_id"] == "a"},
        }
        for of, known in labels.items():
            column = of if of == "severity" else f"{of}_id"
            found = tester_counts.count_by_value(Scope(store, "a"), selection=selection, of=of)
            expected = {
                key: (
                    key if known is None else known.get(key),
                    sum(b[column] == key for b in bugs),
                    sum(b[column] == key and b["status"] in DECIDED for b in bugs),
                    sum(b[column] == key and b["status"] in ACCEPTED for b in bugs),
                )
                for key in {b[column] for b in bugs}
            }
            rows = found.itertuples(index=False)
            assert {
                row.key: (row.label, row.reported, row.decided, row.accepted) for row in rows
            } == expected
            assert found["reported"].is_monotonic_decreasing


def test_reports(store, each_world):
    for world, selection, _ in each_world():
        found = bug_reports(Scope(store, "a"), selection=selection, limit=None)
        bugs = sorted(
            bugs_of(world, selection),
            key=lambda b: (b["day"] is None, -(b["day"] or date.max).toordinal(), -b["id"]),
        )
        assert found["id"].tolist() == [b["id"] for b in bugs]
        for row, bug in zip(found.itertuples(index=False), bugs, strict=True):
            assert (row.day, row.title, row.severity) == (bug["day"], bug["title"], bug["severity"])
            assert (row.status, row.known) == (bug["status"], bug["known"])
            assert row.reason == bug["rejection_reason"]
        assert (
            bug_reports(Scope(store, "a"), selection=selection, limit=2)["id"].tolist()
            == found["id"].tolist()[:2]
        )


def test_the_leaderboard_and_its_arithmetic(store, each_world):
    """Every number that a rank is made of, from the bugs to the neighbours."""
    for world, drawn, today in each_world():
        selection = BugSelection(drawn.window, drawn.product_ids)
        order = Random(len(world["bugs"])).choice(("contribution", "quality"))
        found = testers.leaderboard(
            Scope(store, "a"), selection=selection, newcomer_below=2, order=order
        )
        bugs = by_tester(bugs_of(world, selection))
        bugs.pop(None, None)
        assert set(found.people["tester_id"]) == set(bugs)
        trend = testers.monthly_trend(
            Scope(store, "a"),
            selection=selection,
            tester_ids=found.people["tester_id"],
            today=today,
        )
        for by in ("score", "reported", "accepted"):
            check_stack(testers.top_and_others(found.people, trend, by), trend.total.to_dict())
        for tester in bugs:
            of = BugSelection(selection.window, selection.product_ids, tester)
            counted = tester_counts.count_by_value(Scope(store, "a"), selection=of, of="severity")
            check_why(
                testers.explain_rank(found, tester_id=tester, bugs=counted), bugs[tester], found
            )
        nobody = tester_counts.count_by_value(Scope(store, "a"), selection=selection, of="severity")
        assert testers.explain_rank(found, tester_id=999, bugs=nobody) is None


def check_why(why, bugs, found):
    decided = [b for b in bugs if b["status"] in DECIDED]
    severities = Counter(b["severity"] for b in decided)
    rows = why.severities.to_dict("records")
    assert {row["severity"]: row["bugs"] for row in rows} == severities
    for row in rows:
        assert row["weight"] == WEIGHTS.get(row["severity"], 0)
    points = sum(row["bugs"] * row["weight"] for row in rows)
    earned = sum(row["accepted"] * row["weight"] for row in rows)
    accepted = [b for b in decided if b["status"] in ACCEPTED]
    assert {row["severity"]: row["accepted"] for row in rows if row["accepted"]} == Counter(
        b["severity"] for b in accepted
    )
    prior = found.prior
    shrunk = (earned + prior.accepted) / (points + prior.accepted + prior.rejected)
    assert (why.row.points, why.row.earned) == (points, earned)
    assert why.row.score == pytest.approx(shrunk * (earned if found.order != "quality" else 1))
    assert why.row.newcomer == (sum(bool(WEIGHTS.get(b["severity"])) for b in decided) < 2)
    scores = sorted(found.ranked["score"], reverse=True)
    if why.row.newcomer:
        assert (why.above, why.below, why.tied_with) == (None, None, [])
        return
    higher, lower = (
        [s for s in scores if s > why.row.score],
        [s for s in scores if s < why.row.score],
    )
    assert why.ranked == len(scores)
    assert len(why.tied_with) == len(scores) - len(higher) - len(lower) - 1
    assert (why.above and why.above.score) == (min(higher) if higher else None)
    assert (why.below and why.below.score) == (max(lower) if lower else None)
    for other in filter(None, (why.above, why.below)):
        assert other.gap == pytest.approx(abs(other.score - why.row.score))
        if found.order == "contribution":
            assert other.by_points + other.by_share == pytest.approx(other.gap, abs=1e-6)
        assert 0 <= other.win_probability <= 1


def test_trends(store, each_world):
    for world, selection, today in each_world(6):
        everyone = BugSelection(selection.window, selection.product_ids)
        ids = sorted(names_of(world))
        found = testers.monthly_trend(
            Scope(store, "a"), selection=everyone, tester_ids=ids, today=today
        )
        pairs = [
            (b["tester_id"], b["day"])
            for b in bugs_of(world, BugSelection(ALWAYS, selection.product_ids))
            if b["tester_id"]
        ]
        people, total = monthly(pairs, selection.window, today)
        assert found.total.to_dict() == total
        lines = found.lists()
        for tester in ids:
            own = [people[tester, month] for month in total]
            assert lines.get(tester, []) == (own if any(own) else [])


def test_the_tally_agrees_with_the_metrics(store, each_world):
    for _, selection, _ in each_world(6):
        asked = {
            "start_date": selection.window.start,
            "end_date": selection.window.end,
            "filters": {"product_id": list(selection.product_ids)}
            if selection.product_ids
            else None,
            "dimensions": ["tester"],
            "with_samples": True,
        }
        rows = metric_rows(
            Scope(store, "a"), metrics=["bug_count", "decided_acceptance_rate"], **asked
        )
        found = testers.leaderboard(
            Scope(store, "a"), selection=BugSelection(selection.window, selection.product_ids)
        ).people.set_index("tester_id")
        for row in rows:
            if row["tester_id"] is None:
                continue
            own = found.loc[row["tester_id"]]
            assert own["reported"] == row["bug_count"]
            assert own["decided"] == row["decided_acceptance_rate_n"]
            rate = row["decided_acceptance_rate"]
            assert pd.isna(own["acceptance"]) if rate is None else own["acceptance"] == rate
