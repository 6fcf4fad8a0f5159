import copy

import pytest

from core.ingest.sync.accounts import exit_code
from core.store import Bug, Feature, Product, SyncProblem, TestCycle, User
from tests.payloads import payload

DATA = (Product, Feature, TestCycle, Bug, User)


def without(obj):
    """The object with every field null but the ids that make it what it is."""
    keep = {"id", "key", "product_id", "section_id", "listed_under"}
    return {name: value if name in keep else None for name, value in obj.items()}


def test_nulls_in_every_optional_field(sync, server, rows):
    customer = server.customer
    for cycle in customer.cycles:
        cycle["listed_under"] = cycle["product"]["id"]
    for bug in customer.bugs:
        bug["listed_under"] = bug["test"]["id"]
    for name in ("products", "features", "cycles", "bugs", "reasons"):
        setattr(customer, name, [without(obj) for obj in getattr(customer, name)])
    report = sync()
    assert (report.status, exit_code([report]), report.problems) == ("done", 0, 0)
    assert report.message.startswith("Read 2 products")
    assert {model: len(rows(model)) for model in DATA} == {
        Product: 2,
        Feature: 2,
        TestCycle: 3,
        Bug: 4,
        User: 0,
    }


def test_an_unknown_severity_and_other_unknown_words_are_kept(sync, server, rows):
    server.customer.bugs[0].update(severity="apocalyptic", status="pondered", new_field={"a": 1})
    server.customer.cycles[0].update(status="dreaming", testing_type="osmosis")
    report = sync()
    assert (report.status, exit_code([report])) == ("done", 0)
    assert rows(Bug)[990001]["severity"] == "apocalyptic"
    assert rows(Bug)[990001]["status"] == "pondered"
    assert rows(TestCycle)[50117]["testing_type"] == "osmosis"


def test_an_object_that_cannot_be_read_does_not_stop_the_rest(sync, server, rows):
    customer = server.customer
    customer.products += [None, {"id": "x"}]
    customer.features += [7]
    customer.cycles += [
        {"title": "no id", "listed_under": 812},
        payload("cycle", id=50999, end_at="someday"),
    ]
    customer.bugs += [
        "bug",
        {"id": 2**63, "listed_under": 50200},
        payload("bug", id=990009, devices="phone"),
    ]
    report = sync()
    assert (report.status, exit_code([report])) == ("partial", 3)
    refused = {name: counts["refused"] for name, counts in report.counts.items()}
    assert (refused["product"], refused["test_cycle"], refused["bug"]) == (2, 1, 2)
    assert {model: len(rows(model)) for model in (Product, Feature, TestCycle, Bug)} == {
        Product: 2,
        Feature: 3,
        TestCycle: 4,
        Bug: 5,
    }
    listed = {(key[1], key[3]) for key in rows(SyncProblem)}
    assert {("test_cycle", "end_at"), ("bug", "devices"), ("product", "id")} <= listed
    assert len(report.reasons) == report.problems
    assert "Problems noted" in report.message


def test_duplicated_ids_are_one_row(sync, server, rows):
    for name in ("products", "features", "cycles", "bugs", "reasons"):
        objects = getattr(server.customer, name)
        objects += copy.deepcopy(objects)
    report = sync()
    assert report.status == "done"
    assert {model: len(rows(model)) for model in (Product, Feature, TestCycle, Bug)} == {
        Product: 2,
        Feature: 3,
        TestCycle: 3,
        Bug: 4,
    }


HOSTILE = (
    "'; DROP TABLE bug; --",
    '"; DELETE FROM users; --',
    "=cmd|' /C calc'!A0",
    "💥 Zoë \u202etxt.exe",
    "<script>alert(1)</script>",
    "%s %(name)s {0} \\",
    " lead and trail ",
    "ﷺ" * 500,
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_kept_to_the_letter(sync, server, rows, name):
    customer = server.customer
    customer.products[0]["name"] = name
    customer.cycles[0].update(title=name, created_by=name, status=name)
    customer.cycles[0]["requirements"] = [{"operating_system": {"name": name}}]
    customer.bugs[0].update(title=name, author={"name": name}, severity=name)
    assert sync().status == "done"
    assert rows(Product)[812]["name"] == name
    assert rows(TestCycle)[50117]["title"] == name
    assert (rows(Bug)[990001]["title"], rows(Bug)[990001]["severity"]) == (name, name)
    # A customer and a tester of one name are two people.
    people = [user["kind"] for user in rows(User).values() if user["name"] == name]
    assert sorted(people) == ["customer", "tester"]
    assert sync().counts["bug"]["unchanged"] == 4


def test_nul_and_halves_of_characters_are_replaced_and_stay_so(sync, server, rows):
    server.customer.bugs[0].update(title="a\0b", author={"name": "\ud83d"})
    server.customer.cycles[0]["created_by"] = "\0"
    assert sync().status == "done"
    assert rows(Bug)[990001]["title"] == "a\ufffdb"
    assert "\ufffd" in {user["name"] for user in rows(User).values()}
    assert sync().counts["bug"]["changed"] == 0


def test_names_that_differ_only_in_case_or_blanks_are_different_people(sync, server, rows):
    names = ["ana", "Ana", "ANA", " Ana", "Ana ", "\uff21na", "Aña", "An\u0303a"]
    server.customer.bugs = [
        payload("bug", id=n, author={"name": name}) for n, name in enumerate(names, 1)
    ]
    sync()
    testers = {user["name"] for user in rows(User).values() if user["kind"] == "tester"}
    assert testers == set(names)


def test_items_that_move_between_pages_are_neither_lost_nor_doubled(sync, server, rows):
    server.customer.cycles = [payload("cycle", id=n) for n in range(1, 251)]
    server.customer.bugs = []
    sync()

    def delete_one(path, query):
        # The newest is deleted between two pages, so the last of each page moves up.
        if path.endswith("exploratory_tests") and query.get("page") == "2":
            server.customer.cycles.pop()
            server.before = None

    server.before = delete_one
    report = sync()
    assert report.status == "done"
    assert len(rows(TestCycle)) == 250
    assert sync().counts["test_cycle"]["removed"] == 1
    assert len(rows(TestCycle)) == 249


def test_a_server_that_ignores_the_page(sync, server, rows):
    server.customer.cycles = [payload("cycle", id=n) for n in range(1, 251)]
    server.customer.bugs = []
    server.ignores_paging = True
    assert sync().status == "done"
    assert len(rows(TestCycle)) == 250
