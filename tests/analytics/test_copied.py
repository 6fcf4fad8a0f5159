"""The columnar copy answers as the store does, and only while it holds what the store holds."""

import logging
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.analytics import query_metrics
from core.analytics.freshness import source_states
from core.feedback import cast_vote
from core.store import Bug, Product, Scope, User, open_store, table
from tests.analytics.draws import ZONE
from tests.analytics.test_brute import check, rounds
from tests.analytics.worlds import at, copy_facts, fill, prepare
from tests.draws import draws

ASKED = {"metrics": ["bug_count", "active_testers"], "dimensions": ["tester"], "account": "a"}


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/[it's] 100%.db", timezone=ZONE.key)
    prepare(opened)
    yield opened
    opened.close()


def has_copy(store):
    with Scope(store, "a").facts() as connection:
        return connection.dialect.name == "duckdb"


def add_bugs(store, *ids, account="a"):
    with store.write(account) as unit:
        unit.upsert(User, [{"id": 1, "kind": "tester", "name": "Ann"}])
        unit.upsert(Bug, [{"id": number, "tester_id": 1} for number in ids])


def copies(store):
    return sorted(store.copy.path({}).parent.glob("*.facts*"))


@pytest.mark.parametrize("part", range(2))
def test_the_answer_from_the_copy_is_that_of_a_brute_force(store, part):
    for _, world, asked in rounds(f"copied {part}", worlds=draws(7), queries=40):
        fill(store, world)
        assert copy_facts(store)
        assert has_copy(store)
        for query in asked:
            check(store, world, query)
            assert has_copy(store)


def test_a_write_of_facts_makes_the_store_answer_until_the_next_copy(store):
    add_bugs(store, 1, 2)
    assert copy_facts(store)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 2
    add_bugs(store, 3)
    assert not has_copy(store)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 3
    assert copy_facts(store)
    assert has_copy(store)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 3
    assert len(copies(store)) == 1


def test_a_reader_that_began_before_a_write_goes_on_with_what_it_saw(store):
    add_bugs(store, 1)
    copy_facts(store)
    with store.read() as session, store.read_facts(session) as copy:
        add_bugs(store, 2)
        copy_facts(store)
        assert len(copy.execute(select(table(Bug).c.id)).all()) == 1
    assert has_copy(store)


def test_instants_are_compared_in_utc_wherever_the_machine_is(store):
    when = at("2024-02-03T10:00")
    with store.write("a") as unit:
        unit.upsert(Bug, [{"id": n, "reported_at": when + timedelta(hours=n)} for n in (1, 2, 3)])
    asked = {"now": when + timedelta(hours=2)}
    before = source_states(Scope(store, "a"), **asked)
    assert copy_facts(store)
    assert source_states(Scope(store, "a"), **asked) == before
    assert before[1].through == when + timedelta(hours=2)
    with Scope(store, "a").facts() as copy:
        assert copy.exec_driver_sql("SELECT current_setting('TimeZone')").scalar() == "UTC"


def test_a_vote_leaves_the_copy_in_use(store):
    add_bugs(store, 1)
    copy_facts(store)
    when = at("2024-02-03T10:00")
    cast_vote(Scope(store, "a"), subject="ticket:1", rater="Ann", thumb="up", at=when)
    assert has_copy(store)


def test_few_bugs_get_no_copy(store):
    add_bugs(store, 1)
    assert not store.refresh_copy()
    assert copies(store) == []


def test_the_copy_of_a_store_that_was_made_anew_is_not_that_of_the_new_one(tmp_path):
    for name in ("Shop", "Bank"):
        store = open_store(f"sqlite:///{tmp_path}/s.db")
        store.ensure_account("a", "A")
        with store.write("a") as unit:
            unit.upsert(Product, [{"id": 1, "name": name}])
        assert not has_copy(store)
        copy_facts(store)
        asked = {"metrics": "tests_created", "dimensions": "product", "include_zero": True}
        assert [row["product"] for row in query_metrics(store, **asked)["data"]] == [name]
        store.close()
        for left in tmp_path.glob("s.db*"):
            if not left.name.endswith(".facts"):
                left.unlink()


def test_a_damaged_copy_is_left_for_the_store(store, caplog):
    add_bugs(store, 1)
    copy_facts(store)
    store.close()
    (copy,) = copies(store)
    copy.write_bytes(b"no database" * 500)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 1
    assert "cannot be read" in caplog.text
    assert copy_facts(store)
    assert has_copy(store)


def test_a_copy_that_cannot_be_made_is_only_logged(store, monkeypatch, caplog):
    add_bugs(store, 1)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.store.columnar._fill", full)
    with caplog.at_level(logging.WARNING):
        assert not copy_facts(store)
    assert "No space left" in caplog.text
    assert copies(store) == []
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 1


def test_a_store_in_memory_or_on_a_server_has_none(postgres_url):
    for url in ("sqlite://", postgres_url):
        store = open_store(url)
        assert not copy_facts(store)
        assert not has_copy(store)
        store.close()


def test_many_threads_read_while_copies_are_made(store):
    add_bugs(store, 1)
    wrong = []

    def read():
        for _ in range(20):
            answer = query_metrics(store, **ASKED)
            if answer["totals"]["bug_count"] != answer["data"][0]["bug_count"]:
                wrong.append(answer)

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    for number in range(2, 8):
        add_bugs(store, number)
        copy_facts(store)
    for reader in readers:
        reader.join()
    assert wrong == []
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 7
