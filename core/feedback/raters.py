"""Raters without a name: told apart within one ISO week, and then never again.

A rater is named by what a browser or a connection shows of them, hashed with a salt of the account
and week. The salt of a past week is deleted: from then on nobody can tell who it was.
"""

import hmac
import secrets
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.engine import URL

from core.store import RaterSalt, Scope, Store, Unit, table

ANONYMOUS = "anonymous:"
# The salt in use, with its week, by store and account.
_salts: dict[tuple[URL, str], tuple[str, str]] = {}


def anonymous_rater(scope: Scope, *traits: str, now: datetime | None = None) -> str:
    """The name of a rater who gave none, the same one for the same traits until the week ends.

    Traits are whatever tells people apart: a random key that their browser keeps, or address and
    browser. Weeks are those of the business time zone.
    """
    salt = _salt(scope, _week(scope.store, now))
    told = "\0".join(f"{len(trait)}:{trait}" for trait in traits)
    digest = hmac.new(bytes.fromhex(salt), told.encode("utf-8", "surrogatepass"), sha256)
    return f"{ANONYMOUS}{digest.hexdigest()[:40]}"


def is_anonymous(rater: str) -> bool:
    """Whether a rater has no name to be shown."""
    return rater.startswith(ANONYMOUS)


def forget_past_salts(store: Store, *, now: datetime | None = None) -> None:
    """Delete the salts of weeks that are over, also where nobody has voted since."""
    week = _week(store, now)
    salts = table(RaterSalt).c
    past = select(salts.account_id).where(salts.week != week).distinct()
    with store.read() as session:
        found = session.connection().execute(past).scalars().all()
    for account_id in found:
        with store.write(account_id) as unit:
            _forget(unit, week)
    for key in [k for k, (known, _) in _salts.items() if known != week]:
        _salts.pop(key, None)


def _week(store: Store, now: datetime | None) -> str:
    iso = (now or datetime.now(UTC)).astimezone(store.zone).isocalendar()
    return f"{iso.year:04}-W{iso.week:02}"


def _salt(scope: Scope, week: str) -> str:
    key = (scope.store.engine.url, scope.account)
    known, salt = _salts.get(key, ("", ""))
    if known == week:
        return salt
    with scope.write() as unit:
        # Another process may have made it: the one that is stored counts for all.
        _forget(unit, week)
        row = {"week": week, "salt": secrets.token_hex(32), "created_at": datetime.now(UTC)}
        unit.upsert(RaterSalt, [row], keep_existing=True)
        salts = table(RaterSalt).c
        stored = select(salts.salt).where(salts.account_id == scope.account, salts.week == week)
        salt = str(unit.session.connection().execute(stored).scalar_one())
    _salts[key] = (week, salt)
    return salt


def _forget(unit: Unit, week: str) -> None:
    connection = unit.session.connection()
    if connection.dialect.name == "sqlite":
        # Else the bytes of a deleted row stay in the file until they are written over.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    salts = table(RaterSalt)
    connection.execute(
        delete(salts).where(salts.c.account_id == unit.account_id, salts.c.week != week)
    )
