"""Saving without any source: as the demo data does."""

from functools import partial

import pytest

from core.base.fields import parse_all
from core.ingest.parse.testio import (
    parse_bug,
    parse_cycle,
    parse_feature,
    parse_product,
    parse_reject_reason,
)
from core.ingest.save.testio import (
    save_bugs,
    save_cycles,
    save_features,
    save_products,
    save_reject_reasons,
)
from core.store import Bug, Counts, Feature, Product, TestCycle, TestFeature, User
from tests.payloads import payload

REASONS = {
    reason.row["key"]: reason.row["default_comment"]
    for reason in parse_all(parse_reject_reason, payload("reject_reasons")).items
}


@pytest.fixture
def save(store):
    """Parse and save some objects in a unit of their own; answers with the counts."""
    store.ensure_account("acme", "Acme")

    def saved(save_them, parse, *objects, **options):
        with store.write("acme") as unit:
            return save_them(unit, parse_all(parse, objects).items, **options)

    return saved


def test_a_whole_account_in_any_pieces(save, rows):
    feature = partial(parse_feature, product_id=812)
    bug = partial(parse_bug, reasons=REASONS)
    assert save(save_products, parse_product, payload("product")).counts == {
        "product": Counts(added=1)
    }
    save(save_features, feature, payload("feature"))
    save(save_reject_reasons, parse_reject_reason, *payload("reject_reasons"))
    cycles = save(save_cycles, parse_cycle, payload("cycle"))
    assert cycles.counts["test_cycle"] == Counts(added=1)
    assert cycles.counts["feature"] == Counts(added=1)  # the basket, which only the cycle names
    save(save_bugs, bug, payload("bug"))
    saved = save(save_bugs, bug, payload("bug"), payload("rejected_bug"))
    assert saved.counts["bug"] == Counts(added=1, unchanged=1)
    assert saved.problems == ()
    assert rows(Bug)[990002]["rejection_reason"] == "known_bug_ticket"
    assert rows(Bug)[990002]["feature_id"] == 3302


@pytest.mark.parametrize(
    ("save_them", "parse"),
    [
        (save_products, parse_product),
        (save_features, partial(parse_feature, product_id=1)),
        (save_reject_reasons, parse_reject_reason),
        (save_cycles, parse_cycle),
        (save_bugs, parse_bug),
    ],
)
def test_nothing_to_save(save, save_them, parse, store):
    version = store.data_version("acme")
    assert set(save(save_them, parse).counts.values()) == {Counts()}
    assert store.data_version("acme") == version


def test_of_one_id_the_last_counts(save, rows):
    save(save_cycles, parse_cycle, payload("cycle", title="a"), payload("cycle", title="b"))
    save(save_bugs, parse_bug, payload("bug", devices=[]), payload("bug", title="c"))
    assert rows(TestCycle)[50117]["title"] == "b"
    assert rows(Bug)[990001]["title"] == "c"


def test_a_feature_that_only_cycles_name_has_the_title_of_the_first(save, rows):
    def cycle(number, title):
        return payload("cycle", id=number, features=[{"id": 1, "feature_id": 9, "title": title}])

    save(save_cycles, parse_cycle, cycle(2, "newest"), cycle(1, "older"))
    save(save_cycles, parse_cycle, cycle(3, "later still"))
    assert rows(Feature)[9]["title"] == "newest"
    assert {row["title"] for row in rows(TestFeature).values()} == {
        *("newest", "older", "later still")
    }


def test_only_the_features_of_the_products_that_were_read_can_leave(save, rows):
    save(save_products, parse_product, {"id": 1}, {"id": 2})
    for product in (1, 2):
        parse = partial(parse_feature, product_id=product)
        save(save_features, parse, {"id": 10 * product}, of=[product])
    save(save_features, partial(parse_feature, product_id=1), {"id": 11}, of=[1])
    assert {key: row["in_catalogue"] for key, row in rows(Feature).items()} == {
        10: False,
        11: True,
        20: True,
    }
    save(save_features, parse_feature)
    assert not any(row["in_catalogue"] for row in rows(Feature).values())


def test_what_is_named_does_not_overwrite_what_is_listed(save, rows):
    save(save_products, parse_product, payload("product"))
    save(save_features, partial(parse_feature, product_id=812), payload("feature"))
    before = rows(Product), rows(Feature)
    other = {"id": 812, "name": "Another name"}
    features = [{"id": 1, "feature_id": 3301, "title": "Another title"}]
    save(save_cycles, parse_cycle, payload("cycle", product=other, features=features))
    save(save_bugs, parse_bug, payload("bug", product=other))
    assert (rows(Product), rows(Feature)) == before


def test_a_pair_is_looked_up_in_the_bugs_own_cycle(save, rows):
    def cycle(number, feature):
        return payload("cycle", id=number, features=[{"id": 7, "feature_id": feature}])

    def bug(number, cycle_id):
        return payload(
            "bug", id=number, test={"id": cycle_id}, test_feature={"id": 7}, feature=None
        )

    save(save_cycles, parse_cycle, cycle(1, 100), cycle(2, 200))
    save(save_bugs, parse_bug, bug(10, 1), bug(20, 2), bug(30, 3))
    assert {key: row["feature_id"] for key, row in rows(Bug).items()} == {
        10: 100,
        20: 200,
        30: None,
    }


def test_a_tester_and_a_customer_of_one_name_are_two_people(save, rows):
    save(save_cycles, parse_cycle, payload("cycle", created_by="Sam", submitted_by="Sam"))
    save(save_bugs, parse_bug, payload("bug", author={"name": "Sam"}))
    assert sorted((user["kind"], user["name"]) for user in rows(User).values()) == [
        *(("customer", "Sam"), ("tester", "Sam"))
    ]


def test_saving_asks_the_store_so_often_however_many_there_are(save, store):
    """No query inside a loop: a hundred bugs take as many statements as one."""
    from sqlalchemy import event

    asked = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    save(save_cycles, parse_cycle, payload("cycle"))

    def statements(count, start):
        asked.clear()
        bugs = [payload("bug", id=start + n, author={"name": f"t{n}"}) for n in range(count)]
        save(save_bugs, parse_bug, *bugs)
        return len(asked)

    statements(1, 1)
    assert statements(100, 1_000) <= statements(1, 5_000) + 2
