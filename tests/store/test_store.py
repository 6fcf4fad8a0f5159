"""The store: opening, migrating, writing as a unit, days and zones, failures as sentences."""

import sqlite3
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from core.base.errors import InputError, StoreError, StoreTooNew
from core.feedback import cast_vote
from core.store import (
    Account,
    Bug,
    CalendarDay,
    Criterion,
    Feature,
    Product,
    SavedView,
    Scope,
    SyncRun,
    TestCycle,
    TestFeature,
    User,
    account_named,
    accounts,
    engine,
    open_store,
    table,
)
from core.store.columns import Base
from core.store.default_criteria import DEFAULT_CRITERIA


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows(store, model, *columns):
    with store.read() as session:
        wanted = [table(model).c[name] for name in columns]
        return sorted(session.connection().execute(select(*wanted)).all())


@pytest.fixture
def account(any_store):
    any_store.ensure_account("acme", "Acme")
    return any_store


def test_migrations_make_what_the_models_say(any_store):
    with any_store.engine.connect() as connection:
        compared = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(compared, Base.metadata) == []


def test_rows_of_a_table_are_stored_in_its_primary_key(store):
    with store.engine.connect() as connection:
        made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type='table'")
        without = {name for name, sql in made if "WITHOUT ROWID" in sql}
    assert without == set(Base.metadata.tables)


def test_opening_again_keeps_everything(tmp_path):
    url = f"sqlite:///{tmp_path}/new/folder/store.db"
    first = open_store(url)
    first.ensure_account("acme", "Acme")
    first.close()
    again = open_store(url)
    assert rows(again, Account, "id", "name") == [("acme", "Acme")]
    again.close()


def test_eight_processes_can_open_a_new_store_at_once(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    failures = []

    def opens():
        try:
            open_store(url).close()
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=opens) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_newer_store_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreTooNew, match=r"newer version of Touchstone.*update Touchstone"):
        open_store(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_an_older_store_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0009'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"older version of Touchstone.*open it once with"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_file_that_is_no_store_is_told(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("Dear diary, this is no database at all." * 100)
    with pytest.raises(StoreError, match="no store or is damaged"):
        open_store(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear diary")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="TOUCHSTONE_DATABASE_URL"):
        open_store(f"sqlite:///{tmp_path}/file/store.db")


@pytest.mark.parametrize("url", ["", "no url", "mongodb://here/there", "sqlite:/"])
def test_an_address_without_sense_is_told(url):
    with pytest.raises(StoreError, match=r"TOUCHSTONE_DATABASE_URL|cannot be used"):
        open_store(url)


def test_a_server_that_is_down_is_told_without_its_password():
    with pytest.raises(StoreError, match="server cannot be reached") as told:
        open_store("postgresql+psycopg://someone:s3cret@127.0.0.1:9/none")
    assert "s3cret" not in str(told.value)


def test_a_lock_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_MILLISECONDS", 50)
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    store.ensure_account("acme", "Acme")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked: try again"), store.write("acme") as unit:
        unit.upsert(Product, [{"id": 1, "name": "Shop"}])
    assert rows(store, Product, "id") == []  # reading goes on
    holder.close()
    store.close()


def test_opening_and_a_known_account_wait_for_no_writer(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_MILLISECONDS", 50)
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    store.ensure_account("acme", "Acme")
    store.close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    store = open_store(f"sqlite:///{path}")
    store.ensure_account("acme", "Acme")
    with pytest.raises(StoreError, match="locked: try again"):
        store.ensure_account("acme", "Acme Ltd")
    with pytest.raises(StoreError, match="locked: try again"):
        open_store(f"sqlite:///{path}", timezone="Asia/Tokyo")
    holder.close()
    store.close()


def test_the_two_versions_of_an_account(account):
    vote = {"subject": "ticket:T-1", "rater": "ann@example.org"}
    cast_vote(Scope(account, "acme"), **vote, rating=5)  # this year's days are facts

    def versions():
        (found,) = accounts(account)
        return found.data_version, found.facts_version

    data, facts = versions()
    assert data == account.data_version("acme")
    cast_vote(Scope(account, "acme"), **vote, rating=4)
    voted = versions()
    assert voted[0] != data
    assert voted[1] == facts
    with account.write("acme") as unit:
        unit.upsert(Product, [{"id": 1, "name": "Shop"}])
    assert not set(versions()) & {data, facts, *voted}
    with pytest.raises(InputError, match="no account 'nobody'"):
        account_named(account, "nobody")


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    store.ensure_account("acme", "Acme")
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
    many = [{"id": n, "name": "x" * 500} for n in range(2_000)]
    with pytest.raises(StoreError, match="disk is full"), store.write("acme") as unit:
        unit.upsert(Product, many)
    assert rows(store, Product, "id") == []
    store.close()


def test_a_store_that_may_not_be_written_is_told(tmp_path):
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    with pytest.raises(StoreError, match="read-only"):
        open_store(f"sqlite:///file:{path}?mode=ro&uri=true").ensure_account("acme", "Acme")


def test_a_new_account_starts_with_the_default_criteria(account):
    assert len(rows(account, Criterion, "key")) == len(DEFAULT_CRITERIA)
    account.ensure_account("acme", "Acme Ltd")
    assert rows(account, Account, "name") == [("Acme Ltd",)]
    assert len(rows(account, Criterion, "key")) == len(DEFAULT_CRITERIA)


def test_criteria_that_were_changed_stay_changed(account):
    with account.write("acme") as unit:
        unit.upsert(Criterion, [{"key": "satisfaction", "target": 4.5}])
    account.ensure_account("acme", "Acme")
    assert ("satisfaction", 4.5) in rows(account, Criterion, "key", "target")


def test_upsert_counts_what_it_did(account):
    with account.write("acme") as unit:
        assert unit.upsert(Product, [{"id": 1, "name": "Shop"}, {"id": 2, "name": "App"}]) == (
            *(2, 0, 0, 0),
        )
    with account.write("acme") as unit:
        assert unit.upsert(
            Product, [{"id": 1, "name": "Shop"}, {"id": 2, "name": "Apps"}, {"id": 3, "name": None}]
        ) == (1, 1, 1, 0)
    assert rows(account, Product, "id", "name")[:2] == [(1, "Shop"), (2, "Apps")]


def test_upsert_takes_the_last_of_two_with_one_key(account):
    with account.write("acme") as unit:
        unit.upsert(Product, [{"id": 1, "name": "First"}, {"id": 1, "name": "Last"}])
    assert rows(account, Product, "id", "name") == [(1, "Last")]


def test_upsert_can_leave_what_is_there(account):
    with account.write("acme") as unit:
        unit.upsert(Feature, [{"id": 1, "title": "Pay"}])
        later = [{"id": 1, "title": "?"}, {"id": 2, "title": "Find"}]
        unit.upsert(Feature, later, keep_existing=True)
    assert rows(account, Feature, "id", "title") == [(1, "Pay"), (2, "Find")]


def test_upsert_of_many_rows(account):
    many = [{"id": n, "name": f"P{n}"} for n in range(1_203)]
    with account.write("acme") as unit:
        assert unit.upsert(Product, many).added == 1_203
        assert unit.upsert(Product, many).unchanged == 1_203


def test_rows_are_told_apart_by_every_part_of_their_key(account):
    def features(*pairs):
        return [{"cycle_id": c, "feature_id": f, "title": t} for c, f, t in pairs]

    account.ensure_account("other", "Other")
    stored = [(1, 7, "Cart"), (1, 8, "Search"), (2, 7, "Cart")]
    for name in ("acme", "other"):
        with account.write(name) as unit:
            unit.upsert(TestCycle, [{"id": n} for n in (1, 2)])
            unit.upsert(Feature, [{"id": n} for n in (7, 8)])
            assert unit.upsert(TestFeature, features(*stored)) == (3, 0, 0, 0)
    with account.write("acme") as unit:
        assert unit.upsert(TestFeature, features((1, 7, "Basket"), (2, 8, "New"))) == (1, 1, 0, 0)
        unit.change(TestFeature, features((2, 7, "Changed"), (9, 9, "Not there")))
        assert unit.delete(TestFeature, table(TestFeature).c.feature_id == 8) == 2
        found = unit.stored(table(TestFeature).c.cycle_id, [2, 1, 2])
        titles = {(row["cycle_id"], row["feature_id"]): row["title"] for row in found}
    assert titles == {(1, 7): "Basket", (2, 7): "Changed"}
    kept = Scope(account, "other").objects(TestFeature)
    assert sorted((one.cycle_id, one.feature_id, one.title) for one in kept) == stored


def test_replace_makes_the_children_exactly_these(account):
    with account.write("acme") as unit:
        unit.upsert(Feature, [{"id": n, "title": str(n)} for n in (1, 2, 3)])
        unit.upsert(TestCycle, [{"id": 10}, {"id": 11}])
        link = [{"cycle_id": 10, "feature_id": n, "title": "t"} for n in (1, 2)]
        other = {"cycle_id": 11, "feature_id": 1, "title": "t"}
        assert unit.replace(TestFeature, "cycle_id", [10, 11], [*link, other]).added == 3
        changed = [link[0] | {"title": "new"}, {"cycle_id": 10, "feature_id": 3, "title": "t"}]
        assert unit.replace(TestFeature, "cycle_id", [10], changed) == (1, 1, 0, 1)
        assert unit.replace(TestFeature, "cycle_id", [10], changed) == (0, 0, 2, 0)
    assert rows(account, TestFeature, "cycle_id", "feature_id", "title") == [
        *((10, 1, "new"), (10, 3, "t"), (11, 1, "t"))
    ]


@pytest.mark.parametrize(
    "name", ["O'Neil", '"; DROP TABLE users; --', "李雷", "a\tb", "=1+1", "👩‍🔬", " x "]
)
def test_a_name_comes_back_as_it_went_in(account, name):
    with account.write("acme") as unit:
        ids = unit.user_ids("tester", [name, None, name])
        assert set(ids) == {None, name}
        assert unit.user_ids("tester", [name]) == {None: None, name: ids[name]}
    assert rows(account, User, "name") == [(name,)]


def test_a_customer_and_a_tester_of_one_name_are_two_people(account):
    account.ensure_account("other", "Other")
    with account.write("acme") as unit:
        unit.user_ids("customer", ["Kim", "kim", " Kim"])
        unit.user_ids("tester", ["Kim"])
    with account.write("other") as unit:
        unit.user_ids("customer", ["Kim"])
    assert rows(account, User, "account_id", "kind", "name") == sorted(
        [("acme", "customer", name) for name in ("Kim", "kim", " Kim")]
        + [("acme", "tester", "Kim"), ("other", "customer", "Kim")]
    )


def test_the_data_version_moves_with_changes_only(account):
    before = account.data_version("acme")
    with account.write("acme") as unit:
        unit.upsert(Product, [{"id": 1, "name": "Shop"}])
    moved = account.data_version("acme")
    assert moved != before
    with account.write("acme") as unit:
        unit.upsert(Product, [{"id": 1, "name": "Shop"}])
    assert account.data_version("acme") == moved
    run = {"id": 1, "source": "testio", "status": "running", "started_at": at("2024-01-01")}
    blank = {"step": "", "done": 0, "requests": 0, "counts": {}, "message": ""}
    with account.write("acme", quiet=True) as unit:
        unit.upsert(SyncRun, [run | blank])
    assert account.data_version("acme") == moved


def test_the_version_of_one_account_is_not_that_of_another(account):
    account.ensure_account("other", "Other")
    before = account.data_version("other")
    with account.write("acme") as unit:
        unit.upsert(Product, [{"id": 1, "name": "Shop"}])
    assert account.data_version("other") == before


def test_a_unit_that_fails_leaves_nothing(account):
    before = account.data_version("acme")
    with pytest.raises(RuntimeError), account.write("acme") as unit:
        unit.upsert(Product, [{"id": 1, "name": "Shop"}])
        raise RuntimeError
    assert rows(account, Product, "id") == []
    assert account.data_version("acme") == before


def test_references_cannot_leave_the_account(account):
    account.ensure_account("other", "Other")
    with account.write("other") as unit:
        unit.upsert(Product, [{"id": 7, "name": "Theirs"}])
    with pytest.raises(IntegrityError), account.write("acme") as unit:
        unit.upsert(TestCycle, [{"id": 1, "product_id": 7}])


def test_a_reader_sees_one_state(account):
    with account.read() as session:
        count = select(func.count()).select_from(table(Product))
        assert session.connection().execute(count).scalar() == 0
        with account.write("acme") as unit:
            unit.upsert(Product, [{"id": 1, "name": "Shop"}])
        assert session.connection().execute(count).scalar() == 0
    assert rows(account, Product, "id") == [(1,)]


def test_a_persons_id_follows_from_kind_and_name(account, monkeypatch):
    with account.write("acme") as unit:
        ids = unit.user_ids("tester", ["Kim", "Ann"]) | unit.user_ids("customer", ["Kim", "Zoe"])
    again = open_store("sqlite://")
    again.ensure_account("acme", "Acme")
    with again.write("acme") as unit:
        other = unit.user_ids("customer", ["Zoe", "Kim"]) | unit.user_ids("tester", ["Ann"])
    again.close()
    assert {name: ids[name] for name in ("Kim", "Zoe", "Ann")} == {
        name: other[name] for name in ("Kim", "Zoe", "Ann")
    }


def test_people_whose_ids_would_be_the_same_are_two(account, monkeypatch):
    import hashlib

    monkeypatch.setattr(
        "core.store.unit_of_work.sha256", lambda _text: hashlib.sha256(b"one for all")
    )
    with account.write("acme") as unit:
        first = unit.user_ids("tester", ["Kim", "Ann"])
        second = unit.user_ids("tester", ["Zoe", "Kim"])
    assert len({first["Kim"], first["Ann"], second["Zoe"]}) == 3
    assert second["Kim"] == first["Kim"]


@pytest.mark.parametrize("place", ["file", "memory"])
def test_writers_take_turns(tmp_path, place):
    store = open_store("sqlite://" if place == "memory" else f"sqlite:///{tmp_path}/store.db")
    store.ensure_account("acme", "Acme")

    def writes(worker):
        for n in range(20):
            with store.write("acme") as unit:
                new = unit.next_id(Product)
                unit.upsert(Product, [{"id": new, "name": f"{worker}-{n}"}])
                assert unit.next_id(Product) == new + 1
            assert len(rows(store, Product, "id")) >= new

    threads = [threading.Thread(target=writes, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for (number,) in rows(store, Product, "id")] == list(range(1, 161))
    store.close()


def test_calendar_has_iso_weeks_and_no_holes(account):
    ends = ["2020-06-01", "2026-03-01", "2018-12-31"]
    for n, day in enumerate(ends):
        with account.write("acme") as unit:
            unit.upsert(TestCycle, [{"id": n, "end_at": at(day)}])
    found = rows(account, CalendarDay, "day", "week", "month", "quarter", "year", "weekday")
    first, last = date(2018, 1, 1), date(2026, 12, 31)
    assert len(found) == (last - first).days + 1
    for n, (day, week, month, quarter, year, weekday) in enumerate(found):
        assert day == first + timedelta(days=n)
        assert week == day.strftime("%G-W%V")
        assert (month, year) == (day.strftime("%Y-%m"), day.strftime("%Y"))
        assert quarter == f"{day.year}-Q{[0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4][day.month]}"
        assert weekday == day.isoweekday()


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", ("2024-12-31", "2025-01-01")),
        ("Asia/Tokyo", ("2025-01-01", "2025-01-01")),
        ("America/Los_Angeles", ("2024-12-31", "2024-12-31")),
    ],
)
def test_a_day_is_that_of_the_business_zone(tmp_path, zone, days):
    url = f"sqlite:///{tmp_path}/store.db"
    instants = [at("2024-12-31T23:59:59"), at("2025-01-01T00:00:00")]
    cycles = [{"id": n, "end_at": instant} for n, instant in enumerate(instants)]
    direct = open_store(f"sqlite:///{tmp_path}/direct.db", timezone=zone)
    moved = open_store(url, timezone="UTC")
    for store in (direct, moved):
        store.ensure_account("acme", "Acme")
        with store.write("acme") as unit:
            unit.upsert(TestCycle, cycles)
    version = moved.data_version("acme")
    moved.close()
    moved = open_store(url, timezone=zone)
    expected = [(n, date.fromisoformat(day)) for n, day in enumerate(days)]
    assert rows(direct, TestCycle, "id", "end_day") == expected
    assert rows(moved, TestCycle, "id", "end_day") == expected
    assert (moved.data_version("acme") != version) is (zone != "UTC")
    known = {day for (day,) in rows(moved, CalendarDay, "day")}
    assert {day for _, day in expected} <= known
    direct.close()
    moved.close()


def test_a_store_in_memory_is_one_for_all_threads():
    store = open_store("sqlite://")
    store.ensure_account("acme", "Acme")
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(rows(store, Account, "id")))
    thread.start()
    thread.join()
    assert seen == [("acme",)]
    store.close()


def test_bound_values_are_never_sql(account):
    hostile = "x'); DELETE FROM users; --"
    with account.write("acme") as unit:
        unit.user_ids("tester", ["Kim"])
        unit.session.connection().execute(
            insert(table(Bug)), {"account_id": "acme", "id": 1, "title": hostile}
        )
    assert rows(account, Bug, "title") == [(hostile,)]
    assert rows(account, User, "name") == [("Kim",)]


def test_the_database_knows_its_tables_once_they_have_grown(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    store.ensure_account("acme", "Acme")

    def plan():
        # Which bugs are in the cycles of two days: by the cycles, not by walking through all bugs.
        joined = (
            "EXPLAIN QUERY PLAN SELECT count(*) FROM bug JOIN test_cycle "
            "ON test_cycle.account_id = bug.account_id AND test_cycle.id = bug.cycle_id "
            "WHERE bug.account_id = 'acme' "
            "AND test_cycle.end_day BETWEEN '2024-01-01' AND '2024-01-02'"
        )
        with store.engine.connect() as connection:
            return [row[3] for row in connection.exec_driver_sql(joined)]

    with store.write("acme") as unit:
        days = [at("2024-01-01") + timedelta(days=n) for n in range(300)]
        unit.upsert(TestCycle, [{"id": n, "end_at": day} for n, day in enumerate(days)])
        unit.upsert(Bug, [{"id": n, "cycle_id": n % 300} for n in range(3_000)])
    assert any("ix_bug_cycle (account_id=? AND cycle_id=?)" in step for step in plan())
    store.close()


def test_what_people_enter_leaves_the_version_of_the_facts_alone(account):
    account.ensure_account("other", "Other")

    def versions():
        return dict(rows(account, Account, "id", "facts_version"))

    before = versions()
    with account.write("acme") as unit:
        view = {"name": "Mine", "query": {}, "saved_at": at("2024-01-01")}
        unit.upsert(SavedView, [view])
    assert versions() == before
    with account.write("acme") as unit:
        unit.upsert(Product, [{"id": 1, "name": "Shop"}])
    assert versions()["acme"] != before["acme"]
    assert versions()["other"] == before["other"]
    account.ensure_account("other", "Another")
    assert versions()["other"] != before["other"]
