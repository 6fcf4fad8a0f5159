from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.feedback import anonymous_rater, forget_past_salts, is_anonymous, raters
from core.store import RaterSalt, Scope, table

SUNDAY = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _accounts(any_store):
    any_store.ensure_account("acme", "Acme")
    any_store.ensure_account("other", "Other")
    yield
    raters._salts.clear()


def salts(store):
    with store.read() as session:
        rows = session.connection().execute(select(table(RaterSalt))).mappings()
        return {(row["account_id"], row["week"]): row["salt"] for row in rows}


def test_a_person_is_one_rater_until_the_week_ends(any_store):
    def name(*traits, account="acme", now=SUNDAY):
        return anonymous_rater(Scope(any_store, account), *traits, now=now)

    ann = name("192.0.2.1", "Firefox")
    raters._salts.clear()  # as another process would see it
    assert name("192.0.2.1", "Firefox", now=SUNDAY - timedelta(days=6)) == ann
    assert is_anonymous(ann)
    assert "192" not in ann
    others = {
        name("192.0.2.2", "Firefox"),
        name("192.0.2.1F", "irefox"),
        name("192.0.2.1", "Firefox", account="other"),
        name("192.0.2.1", "Firefox", now=SUNDAY + timedelta(hours=2)),
    }
    assert len(others | {ann}) == 5


def test_a_past_salt_is_gone(any_store):
    anonymous_rater(Scope(any_store, "acme"), "x", now=SUNDAY)
    anonymous_rater(Scope(any_store, "other"), "x", now=SUNDAY)
    before = salts(any_store)
    assert set(before) == {("acme", "2026-W47"), ("other", "2026-W47")}
    monday = SUNDAY + timedelta(hours=2)
    anonymous_rater(Scope(any_store, "acme"), "x", now=monday)
    assert set(salts(any_store)) == {("acme", "2026-W48"), ("other", "2026-W47")}
    forget_past_salts(any_store, now=monday)
    assert set(salts(any_store)) == {("acme", "2026-W48")}
    assert salts(any_store)["acme", "2026-W48"] not in before.values()
    assert all(week == "2026-W48" for week, _ in raters._salts.values())


def test_the_file_does_not_remember_either(store, tmp_path):
    store.ensure_account("acme", "Acme")
    anonymous_rater(Scope(store, "acme"), "x", now=SUNDAY)
    (salt,) = salts(store).values()
    anonymous_rater(Scope(store, "acme"), "x", now=SUNDAY + timedelta(hours=2))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert salt.encode() not in (tmp_path / "store.db").read_bytes()
