import pytest

from core.base.errors import SourceRefused, SourceUnreadable
from core.base.settings import TestioAccount
from core.ingest.clients.http import RetryPolicy, SourceFailed, SourceMissing
from core.ingest.clients.testio import (
    CyclePages,
    connect,
    fetch_bugs,
    fetch_cycle,
    fetch_features,
    fetch_products,
    fetch_reject_reasons,
)
from tests.testio_server import TOKEN, Customer, Fault, TestioServer

FAST = RetryPolicy(attempts=2, wait_initial=0, wait_max=0, wait_jitter=0, read_timeout=5)


@pytest.fixture
def server():
    with TestioServer(Customer(products=[{"id": 1}, {"id": 2}])) as running:
        yield running


@pytest.fixture
def client(server):
    account = TestioAccount(id="a", name="A", base_url=server.url, token=server.token)
    with connect(account, retry=FAST) as connected:
        yield connected


def cycles(*ids, product=1):
    return [{"id": number, "product": {"id": product}} for number in ids]


def fetch_cycles(client, product_id):
    """All pages of a list of test cycles, one after another."""
    pages = CyclePages(product_id)
    while not pages.ended:
        yield pages.take(pages.fetch_next(client))


def ids(pages):
    return [cycle["id"] for page in pages for cycle in page]


def test_products_and_reasons(client, server):
    server.customer.reasons = [{"key": "other"}]
    assert fetch_products(client) == [{"id": 1}, {"id": 2}]
    assert fetch_reject_reasons(client) == [{"key": "other"}]


@pytest.mark.parametrize("body", [b"{}", b'{"products": null}', b'{"products": {}}', b'"hello"'])
def test_a_list_that_is_missing_is_not_an_empty_one(client, server, body):
    server.faults = [Fault(path="/products", body=body)]
    with pytest.raises(SourceUnreadable, match="'products'"):
        fetch_products(client)


def test_a_bare_list_is_taken(client, server):
    server.faults = [Fault(path="/products", body=b'[{"id": 1}]')]
    assert fetch_products(client) == [{"id": 1}]


def test_a_wrong_token(server):
    account = TestioAccount(id="a", name="A", base_url=server.url, token="another")
    with connect(account) as client, pytest.raises(SourceRefused, match="of account 'a'"):
        fetch_products(client)


def test_features_of_a_product_and_of_its_sections_each_once(client, server):
    server.customer.features = [
        {"id": 10, "product_id": 1},
        {"id": 11, "product_id": 1, "section_id": 5},
        {"id": 10, "product_id": 1, "section_id": 6},
        {"id": 12, "product_id": 1, "section_id": 6},
        {"id": 13, "product_id": 2},
    ]
    assert [f["id"] for f in fetch_features(client, 1)] == [10]
    assert [f["id"] for f in fetch_features(client, 1, [5, 6])] == [10, 11, 12]


def test_a_product_with_sections_may_have_no_features_of_its_own(client, server):
    server.customer.features = [{"id": 11, "product_id": 1, "section_id": 5}]
    server.faults = [Fault(path="/products/1/features", status=404)]
    assert [f["id"] for f in fetch_features(client, 1, [5])] == [11]
    with pytest.raises(SourceMissing):
        list(fetch_features(client, 1))


@pytest.mark.parametrize(
    ("count", "requests"), [(0, 2), (3, 3), (99, 3), (100, 3), (101, 4), (250, 5)]
)
def test_pages_are_read_until_two_in_a_row_are_empty(client, server, count, requests):
    server.customer.cycles = cycles(*range(1, count + 1)) + cycles(999, product=2)
    assert ids(fetch_cycles(client, 1)) == list(range(count, 0, -1))
    assert len(server.asked) == requests


def test_a_server_that_limits_its_pages_is_read_to_the_end(client, server):
    server.customer.cycles = cycles(*range(1, 128))
    server.largest_page = 50
    assert len(ids(fetch_cycles(client, 1))) == 127
    assert len(server.asked) == 5


def filtered(server, *hidden, pages=()):
    """The server leaves out cycles after it has cut the pages, and whole pages."""
    page = server._page

    def after_paging(product, query):
        found = page(product, query)
        is_empty = query.get("page") in pages
        return [] if is_empty else [cycle for cycle in found if cycle["id"] not in hidden]

    server._page = after_paging


@pytest.mark.parametrize("hidden", [[75], range(31, 131), range(131, 231), range(131, 230)])
def test_a_page_that_is_short_or_empty_is_not_the_end(client, server, hidden):
    server.customer.cycles = cycles(*range(1, 231))
    filtered(server, *hidden)
    pages = CyclePages(1)
    found = []
    while not pages.ended:
        found += pages.take(pages.fetch_next(client))
    assert [c["id"] for c in found] == [n for n in range(230, 0, -1) if n not in hidden]
    # Nobody knows why a page is empty.
    assert pages.has_hole is (len(hidden) == 100)
    assert len(server.asked) == 5


def test_pages_of_ids_as_text_are_read_to_the_end(client, server):
    server.customer.cycles = [{"id": str(n), "product": {"id": 1}} for n in range(1, 231)]
    assert sum(map(len, fetch_cycles(client, 1))) == 230


def test_a_server_without_a_page_behind_the_last_one(client, server):
    server.customer.cycles = cycles(*range(1, 106))

    def refuse(_path, query):
        server.faults = [Fault(status=404)] if int(query.get("page", 1)) > 2 else []

    server.before = refuse
    assert len(ids(fetch_cycles(client, 1))) == 105
    server.before, server.faults = None, [Fault(path="exploratory_tests", status=404)]
    with pytest.raises(SourceMissing):
        list(fetch_cycles(client, 1))


@pytest.mark.parametrize("count", [5, 40, 100, 420])
def test_a_server_that_ignores_the_page_is_asked_twice_at_most(client, server, count):
    server.customer.cycles = cycles(*range(1, count + 1))
    server.ignores_paging = True
    assert len(ids(fetch_cycles(client, 1))) == count
    assert len(server.asked) <= 2


def test_objects_without_an_id_do_not_make_an_endless_list(client, server):
    server.customer.cycles = [None, {"title": "no id"}, *cycles(*range(1, 100))]
    server.ignores_paging = True
    assert sum(len(page) for page in fetch_cycles(client, 1)) <= 103
    assert len(server.asked) <= 2


def test_an_item_that_moves_to_the_next_page_is_taken_once(client, server):
    server.customer.cycles = cycles(*range(1, 151))

    def submit_another(_path, query):
        if query.get("page") == "2":
            server.customer.cycles += cycles(500)

    server.before = submit_another
    found = ids(fetch_cycles(client, 1))
    assert len(found) == len(set(found)) == 150


def test_a_full_page_of_things_seen_ends_the_list(client, server):
    server.customer.cycles = cycles(*range(1, 101))
    server.before = lambda _path, query: query.update(page="1")
    assert len(ids(fetch_cycles(client, 1))) == 100
    assert len(server.asked) == 2


def test_one_cycle(client, server):
    server.customer.cycles = cycles(7)
    assert fetch_cycle(client, 7) == cycles(7)[0]
    assert fetch_cycle(client, 8) is None
    server.faults = [Fault(path="/exploratory_tests/7", body=b"{}")]
    with pytest.raises(SourceUnreadable):
        fetch_cycle(client, 7)


def bugs_of(*cycle_ids):
    return [{"id": 1000 + number, "test": {"id": number}} for number in cycle_ids]


def batches(client, count, size):
    return [
        (list(batch.cycle_ids), [bug["id"] for bug in batch.bugs], batch.error)
        for batch in fetch_bugs(client, list(range(1, count + 1)), size=size)
    ]


def test_bugs_come_in_batches(client, server):
    server.customer.bugs = bugs_of(1, 2, 3, 9)
    assert batches(client, 3, 2) == [([1, 2], [1001, 1002], None), ([3], [1003], None)]
    assert [query["filter_test_cycle_ids"] for _, query in server.asked] == ["1,2", "3"]


def test_no_cycles_no_question(client, server):
    assert batches(client, 0, 2) == []
    assert server.asked == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_a_batch_that_takes_too_long_is_halved_and_the_size_is_kept(client, server, limit):
    server.customer.bugs = bugs_of(*range(1, 21))
    server.most_cycles = limit
    read = batches(client, 20, 8)
    assert [number for some, _, _ in read for number in some] == list(range(1, 21))
    assert sorted(bug for _, bugs, _ in read for bug in bugs) == list(range(1001, 1021))
    failed = len(server.asked) - len(read)
    assert failed <= 3


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 524}, {"cut": 5}])
def test_one_cycle_at_which_the_server_fails_does_not_stop_the_others(client, server, fault):
    server.customer.bugs = bugs_of(*range(1, 9))

    def fail_at_five(_path, query):
        asked = query.get("filter_test_cycle_ids", "").split(",")
        server.faults = [Fault(path="/bugs", **fault)] if "5" in asked else []

    server.before = fail_at_five
    read = batches(client, 8, 8)
    (failed,) = [some for some, _, error in read if error is not None]
    assert failed == [5]
    expected = SourceUnreadable if "cut" in fault else SourceFailed
    assert [type(error) for _, _, error in read if error is not None] == [expected]
    assert sorted(bug for _, bugs, _ in read for bug in bugs) == [
        1000 + number for number in (1, 2, 3, 4, 6, 7, 8)
    ]


def test_an_answer_that_is_cut_off_is_asked_for_in_parts(client, server):
    server.customer.bugs = [
        {"id": 100 * n + k, "test": {"id": n}} for n in range(1, 9) for k in range(3)
    ]
    whole = server._bugs
    server._bugs = lambda *asked: whole(*asked)[:5]
    known = dict.fromkeys(range(1, 9), 3)
    read = list(fetch_bugs(client, list(range(1, 9)), known=known))
    assert sorted(bug["id"] for batch in read for bug in batch.bugs) == [
        bug["id"] for bug in server.customer.bugs
    ]
    assert not [batch.error for batch in read if batch.error]


def test_a_list_of_bugs_that_lacks_most_is_not_believed_and_one_that_lacks_one_is(client, server):
    server.customer.bugs = [{"id": n, "test": {"id": 1 + n // 10}} for n in range(18)]
    one, two = fetch_bugs(client, [1, 2], known={1: 11, 2: 18})
    assert (len(one.bugs), one.error) == (10, None)
    assert "10 of its 18 bugs are not listed any more: all are kept" in str(two.error)


def test_an_empty_list_of_the_bugs_of_many_cycles_is_not_believed(client, server):
    few = dict.fromkeys(range(1, 9), 1)
    assert all(batch.error for batch in fetch_bugs(client, list(range(1, 9)), known=few))
    (alone,) = fetch_bugs(client, [1], known=few)
    assert alone.error is None


def test_after_one_cycle_that_fails_the_batches_are_large_again(client, server):
    server.customer.bugs = bugs_of(*range(1, 41))

    def fail_at_one(_path, query):
        asked = query.get("filter_test_cycle_ids", "").split(",")
        server.faults = [Fault(path="/bugs", status=524)] if "1" in asked else []

    server.before = fail_at_one
    sizes = [len(some) for some, _, _ in batches(client, 40, 8)]
    assert sizes == [1, 8, 8, 8, 8, 7]


def test_the_server_checks_the_token_and_pages_as_the_real_one_does(server):
    server.customer.cycles = cycles(*range(1, 201))
    assert server.token == TOKEN
    assert len(server.answer("/products/1/exploratory_tests", {})[1]["exploratory_tests"]) == 150
