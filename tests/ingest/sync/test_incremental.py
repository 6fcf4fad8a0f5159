"""What a later run asks for: what is new, what can still change, and no more."""

from datetime import timedelta

import pytest

from core.store import Bug, CycleReading, ListReading, SyncProblem, TestCycle
from tests.payloads import payload
from tests.testio_server import Customer, Fault

SETTLED = {"status": "archived"}


def cycles(*numbers, **changes):
    return [
        payload("cycle", id=n, features=[], requirements=[]) | SETTLED | changes for n in numbers
    ]


def bugs(*numbers, **changes):
    return [
        payload("bug", id=10 * n, test={"id": n}, test_feature=None, devices=[]) | changes
        for n in numbers
    ]


@pytest.fixture
def large(server):
    """One product with 350 settled cycles, each with a bug."""
    server.customer = Customer(
        products=[payload("product", sections=[])],
        cycles=cycles(*range(1, 351)),
        bugs=bugs(*range(1, 351)),
    )
    return server


@pytest.fixture
def asked(server):
    """The paths that a call has asked for, with the cycles of /bugs and the page of a list."""

    def during(call):
        server.asked.clear()
        report = call()
        told = [
            query.get("filter_test_cycle_ids", query.get("page", path)) if query else path
            for path, query in server.asked
        ]
        return report, told

    return during


def test_an_unchanged_account_costs_the_products_and_one_page(sync, large, asked):
    sync()
    report, told = asked(sync)
    assert report.status == "done"
    assert told == ["/products", "1"]


def test_what_is_final_is_read_again_only_in_full(sync, large, rows, asked):
    sync()
    large.customer.bugs[5]["severity"] = "critical"
    _, told = asked(sync)
    assert "6" not in ",".join(told[2:])
    assert rows(Bug)[60]["severity"] == "high"
    report, told = asked(lambda: sync(full=True))
    assert rows(Bug)[60]["severity"] == "critical"
    assert report.counts["bug"] == {
        "added": 0,
        "changed": 1,
        "unchanged": 349,
        "removed": 0,
        "refused": 0,
    }


def test_a_final_cycle_with_undecided_bugs_is_read_until_they_are_decided(sync, large, rows, asked):
    large.customer.bugs[349]["status"] = "forwarded"
    sync()
    assert not rows(CycleReading)[350]["is_settled"]
    large.customer.bugs[349]["status"] = "rejected"
    _, told = asked(sync)
    assert told == ["/products", "1", "350"]
    assert rows(Bug)[3500]["status"] == "rejected"
    assert asked(sync)[1] == ["/products", "1"]


def test_new_cycles_are_found_at_the_head_of_the_list(sync, large, rows, asked):
    sync()
    large.customer.cycles += cycles(*range(351, 356))
    large.customer.bugs += bugs(*range(351, 356))
    report, told = asked(sync)
    assert report.counts["test_cycle"]["added"] == 5
    # The second page says that nothing new is below.
    assert told[:3] == ["/products", "1", "2"]
    assert len(told) == 4
    assert len(rows(Bug)) == 355


def test_a_draft_deep_in_the_list_that_runs_later_is_read(sync, large, rows, asked):
    large.customer.cycles[4]["status"] = "initialized"
    sync()
    large.customer.cycles[4].update(SETTLED)
    large.customer.bugs[4]["severity"] = "low"
    _, told = asked(sync)
    assert told == ["/products", "1", "/exploratory_tests/5", "5"]
    assert rows(TestCycle)[5]["status"] == "archived"
    assert rows(Bug)[50]["severity"] == "low"
    assert asked(sync)[1] == ["/products", "1"]


def test_many_that_can_change_are_read_page_by_page(sync, large, rows, asked):
    for cycle in large.customer.cycles[:300]:
        cycle["status"] = "locked"
    sync()
    _, told = asked(sync)
    assert not [path for path in told if "exploratory_tests" in path]
    # The bugs of the first pages may be asked for before the last page.
    assert [page for page in told[1:] if page in {"1", "2", "3", "4", "5"}] == ["1", "2", "3", "4"]


def test_a_settled_cycle_that_is_opened_again_is_read(sync, large, rows):
    sync()
    large.customer.cycles[349]["status"] = "locked"
    large.customer.bugs[349]["status"] = "forwarded"
    sync()
    assert rows(Bug)[3500]["status"] == "forwarded"
    assert not rows(CycleReading)[350]["is_settled"]


def test_what_moves_up_while_the_first_run_reads_is_not_missed(sync, large, rows):
    def delete_one(_path, query):
        if query.get("page") == "2":
            large.customer.cycles.pop()  # the newest: all others move up
            large.before = None

    large.before = delete_one
    assert sync().status == "done"
    assert set(range(1, 350)) <= set(rows(TestCycle))


def test_a_run_that_ended_among_new_cycles_hides_none_of_them(sync, large, rows):
    sync()
    large.customer.cycles += cycles(*range(351, 651))
    large.customer.bugs += bugs(*range(351, 651))

    def stop(progress):
        if progress.step == "cycles" and progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(on_progress=stop)
    # Those that were written are the newest: the first page alone would look as if nothing is new.
    assert 350 < len(rows(TestCycle)) < 650
    large.asked.clear()
    assert sync().status == "done"
    assert len(rows(TestCycle)) == 650
    again = {
        number
        for _, query in large.asked
        for number in query.get("filter_test_cycle_ids", "").split(",")
    }
    assert len(again) < 300


def test_a_list_that_could_not_be_read_is_read_to_its_end_next_time(sync, large, rows):
    large.faults = [Fault(path="/exploratory_tests", status=500, times=2)]
    report = sync()
    assert report.status == "partial"
    assert rows(ListReading).keys() & {("test_cycles", 812)} == set()
    assert sync().status == "done"
    assert len(rows(TestCycle)) == 350


def test_a_page_that_was_empty_is_told_and_read_again(sync, large, rows):
    page = large._page
    large._page = lambda product, query: [] if query.get("page") == "2" else page(product, query)
    report = sync()
    assert (report.status, len(rows(TestCycle))) == ("partial", 250)
    assert "an empty page came before others" in report.reasons[0]
    large._page = page
    assert sync().status == "done"
    assert len(rows(TestCycle)) == 350


def test_a_new_cycle_whose_bugs_cannot_be_read_is_not_there_by_half(sync, large, rows):
    def fail(_path, query):
        wanted = query.get("filter_test_cycle_ids", "").split(",")
        large.faults = [Fault(path="/bugs", status=524)] if "7" in wanted else []

    large.before = fail
    report = sync()
    assert report.status == "partial"
    assert 7 not in rows(TestCycle)
    assert len(rows(Bug)) == 349
    large.before, large.faults = None, []
    assert sync().status == "done"
    assert len(rows(TestCycle)) == len(rows(Bug)) == 350
    assert rows(SyncProblem) == {}


def test_features_and_reasons_are_read_again_by_their_own_age(
    sync, server, rows, asked, monkeypatch
):
    sync()
    _, told = asked(sync)
    assert not [path for path in told if "features" in path or "reasons" in path]
    monkeypatch.setattr("core.ingest.sync.state.LIST_AGE", timedelta(days=-1))
    _, told = asked(sync)
    assert [path for path in told if "features" in path]
    assert [path for path in told if "reasons" in path]


def test_a_full_run_that_was_killed_is_gone_on_with_by_the_next(sync, large, rows):
    sync()

    def stop(progress):
        if progress.step == "cycles" and progress.done:
            raise KeyboardInterrupt

    for bug in large.customer.bugs:
        bug["severity"] = "critical"
    with pytest.raises(KeyboardInterrupt):
        sync(full=True, on_progress=stop)
    sync()
    assert {bug["severity"] for bug in rows(Bug).values()} == {"critical"}
