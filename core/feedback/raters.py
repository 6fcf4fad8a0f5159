"""Pseudonyms of anonymous raters: stable within one ISO week, not linkable across weeks.

A pseudonym is an HMAC of traits of the browser or the connection, with a salt of the account and
the week. The salt of a past week is deleted: from then on a pseudonym cannot be traced back.
"""

import hmac
import secrets
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.engine import URL

from core.base import clock
from core.store import RaterSalt, Scope, Store, Unit, table

ANONYMOUS = "anonymous:"
RESERVED = "this beginning is reserved for anonymous raters"
# The current week and its salt by store and account.
_salts: dict[tuple[URL, str], tuple[str, str]] = {}


def anonymous_rater(scope: Scope, *traits: str, now: datetime | None = None) -> str:
    """The pseudonym of an anonymous rater, the same for the same traits until the week ends.

    Traits identify a person: a random key that their browser keeps, or address and browser. Weeks
    are those of the business time zone.
    """
    salt = _salt(scope, _week(scope.store, now))
    message = "\0".join(f"{len(trait)}:{trait}" for trait in traits)
    digest = hmac.new(bytes.fromhex(salt), message.encode("utf-8", "surrogatepass"), sha256)
    return f"{ANONYMOUS}{digest.hexdigest()[:40]}"


def is_anonymous(rater: str) -> bool:
    """Whether a rater is a pseudonym, which is not shown."""
    return rater.startswith(ANONYMOUS)


def forget_past_salts(store: Store, *, now: datetime | None = None) -> None:
    """Delete the salts of past weeks, also of accounts without votes since."""
    week = _week(store, now)
    salts = table(RaterSalt).c
    past = select(salts.account_id).where(salts.week != week).distinct()
    with store.read() as session:
        found = session.scalars(past).all()
    for account_id in found:
        with store.write(account_id) as unit:
            _forget(unit, week)
    for key in [k for k, (known, _) in _salts.items() if known != week]:
        _salts.pop(key, None)


def _week(store: Store, now: datetime | None) -> str:
    iso = (now or clock.now()).astimezone(store.zone).isocalendar()
    return f"{iso.year:04}-W{iso.week:02}"


def _salt(scope: Scope, week: str) -> str:
    key = (scope.store.engine.url, scope.account)
    known, salt = _salts.get(key, ("", ""))
    if known == week:
        return salt
    with scope.write() as unit:
        _forget(unit, week)
        row = {"week": week, "salt": secrets.token_hex(32), "created_at": clock.now()}
        # Another process may have stored one: the stored salt counts.
        unit.upsert(RaterSalt, [row], keep_existing=True)
        salt = unit.session.get_one(RaterSalt, (scope.account, week)).salt
    _salts[key] = (week, salt)
    return salt


def _forget(unit: Unit, week: str) -> None:
    if unit.connection.dialect.name == "sqlite":
        # Otherwise the bytes of a deleted row stay in the file until they are overwritten.
        unit.connection.exec_driver_sql("PRAGMA secure_delete = ON")
    unit.delete(RaterSalt, table(RaterSalt).c.week != week)
