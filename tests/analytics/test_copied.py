"""The columnar copy answers as the store does, and only while it holds what the store holds."""

import logging
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from core.analytics import query_metrics
from core.analytics.freshness import source_states
from core.feedback import cast_vote
from core.store import Bug, Product, Scope, TestCycle, User, open_store, table
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
    with Scope(store, "a").facts() as facts:
        return facts.copied is not None


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
    with store.facts() as copy:
        add_bugs(store, 2)
        copy_facts(store)
        assert len(copy.execute(select(table(Bug).c.id)).all()) == 1
    assert has_copy(store)


def test_instants_are_compared_in_utc_wherever_the_machine_is(store):
    when = at("2024-02-03T10:00")
    with store.write("a") as unit:
        unit.upsert(TestCycle, [{"id": n, "end_at": when + timedelta(hours=n)} for n in (1, 2, 3)])
    asked = {"now": when + timedelta(hours=2)}
    before = source_states(Scope(store, "a"), **asked)
    assert copy_facts(store)
    assert source_states(Scope(store, "a"), **asked) == before
    assert before[0].through == when + timedelta(hours=2)
    with Scope(store, "a").facts() as copy:
        assert copy.execute(text("SELECT current_setting('TimeZone')")).scalar() == "UTC"


def test_a_copy_has_every_text_to_the_letter(store):
    texts = [None, "", " ", "NULL", "'NULL'", 'O\'Hara, "Ann"', "two\r\nlines\n", "\\N\t\\", "€ 👍"]
    with store.write("a") as unit:
        unit.upsert(Product, [{"id": n, "name": name} for n, name in enumerate(texts)])
    assert copy_facts(store)
    products = table(Product).c
    with Scope(store, "a").facts() as copy:
        found = copy.execute(select(products.name).order_by(products.id)).scalars().all()
    assert has_copy(store)
    assert found == texts


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


def damaged(good):
    """A copy as it must not be, by what happened to it."""
    flipped = bytearray(good)
    for place in range(4_096, len(good), 997):
        flipped[place] ^= 0x5A
    yield "garbage", b"no database" * 500
    yield "empty", b""
    yield "a header alone", good[:12_288]
    yield "half-written", good[: len(good) // 2]
    yield "its end is missing", good[:-4_096]
    yield "its end is nothing", good[:-4_096] + bytes(4_096)
    yield "of another version", good[:12] + b"\xff" + good[13:]
    yield "flipped bits", bytes(flipped)
    for place in (0, 16, 4_096, 8_192, 12_300, len(good) // 2, len(good) - 300_000):
        yield f"one bit at {place}", good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]


def test_a_damaged_copy_keeps_no_question_from_its_answer(store):
    add_bugs(store, *range(5_000))
    copy_facts(store)
    store.close()
    (copy,) = copies(store)
    good = copy.read_bytes()
    for what, raw in damaged(good):
        copy.write_bytes(raw)
        again = open_store(store.engine.url.render_as_string(), timezone=ZONE.key)
        for _ in range(2):
            answer = query_metrics(again, **ASKED)
            assert (what, answer["totals"]["bug_count"]) == (what, 5_000)
            assert (what, answer["data"][0]["bug_count"]) == (what, 5_000)
        again.close()
    assert copy_facts(store)
    assert has_copy(store)


def test_a_copy_that_is_damaged_while_it_is_open_is_left_for_the_store(store, caplog):
    add_bugs(store, *range(20_000))
    copy_facts(store)
    (copy,) = copies(store)
    with store.facts() as facts:
        assert facts.copied is not None
        with copy.open("r+b") as file:
            file.seek(12_288)
            file.write(b"\xff" * (copy.stat().st_size - 12_288))
        found = facts.execute(select(func.count(), func.sum(table(Bug).c.id)))
        assert found.all() == [(20_000, 19_999 * 10_000)]
    assert "cannot be read" in caplog.text
    assert not has_copy(store)
    assert copy_facts(store)
    assert has_copy(store)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 20_000


def test_a_statement_that_fails_in_the_middle_of_its_rows_is_answered_by_the_store(store):
    add_bugs(store, *range(3_000))
    copy_facts(store)
    with store.facts() as facts:
        # Rows from the end on are read only when those before have been fetched.
        facts.copied.connection.driver_connection.execute(
            "CREATE TEMP VIEW bug AS SELECT CASE WHEN id = 2999 THEN error('damaged') ELSE id END "
            "AS id, account_id FROM main.bug"
        )
        assert facts.execute(select(func.count(table(Bug).c.id))).scalar() == 3_000
        assert len(facts.execute(select(table(Bug).c.id)).all()) == 3_000


@pytest.mark.parametrize("wrong", ["a folder", "a link to nothing", "unreadable"])
def test_what_stands_in_the_place_of_a_copy_does_no_harm(store, wrong):
    add_bugs(store, 1)
    copy_facts(store)
    store.close()
    (copy,) = copies(store)
    if wrong == "unreadable":
        copy.chmod(0)
    else:
        copy.unlink()
        copy.mkdir() if wrong == "a folder" else copy.symlink_to("nowhere")
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 1
    copy_facts(store)
    add_bugs(store, 2)
    assert copy_facts(store)
    assert has_copy(store)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 2


def test_the_copy_of_another_store_is_none(tmp_path, store):
    """It has the name of this store's copy, as after a folder was put together by hand."""
    add_bugs(store, 1)
    copy_facts(store)
    store.close()
    (own,) = copies(store)
    (tmp_path / "other").mkdir()
    other = open_store(f"sqlite:///{tmp_path}/other/store.db")
    prepare(other)
    add_bugs(other, 1, 2, 3)
    copy_facts(other)
    other.close()
    (foreign,) = copies(other)
    foreign.replace(own)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 1
    assert copy_facts(store)
    assert has_copy(store)


def test_a_restored_backup_never_finds_the_copy_of_another_day(store, tmp_path):
    path = Path(store.engine.url.database)

    def saved():
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        return path.read_bytes()

    add_bugs(store, 1, 2)
    backup = saved()
    add_bugs(store, 3)
    assert copy_facts(store)
    saved()
    path.write_bytes(backup)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 2
    add_bugs(store, 4, 5)  # as many writes as on the other day
    assert not has_copy(store)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 4
    assert copy_facts(store)
    assert query_metrics(store, **ASKED)["totals"]["bug_count"] == 4


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
