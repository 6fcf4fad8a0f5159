"""Tokens of the HTTP API: whoever holds one sends and reads the feedback of its account."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import select, update

from core.base import clock
from core.base.errors import InputError
from core.store import Account, ApiToken, Scope, Store, table

PER_SECOND = 500
LONGEST_NAME = 100
# How exactly it is known when a token was last used: a write for each request would cost more.
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token without what opens anything; `per_second` is how many requests it may make."""

    account_id: str
    id: int
    name: str
    per_second: int
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def create_token(scope: Scope, name: str | None = None) -> str:
    """A new token, to be shown once: only its hash is kept.

    Raises InputError for an account that is not there, or a name that a valid token has.
    """
    text = secrets.token_urlsafe(32)
    with scope.write() as unit:
        if unit.session.get(Account, scope.account) is None:
            raise InputError(f"There is no account {scope.account!r}: name one that exists.")
        token_id = unit.next_id(ApiToken)
        name = _name(f"token {token_id}" if name is None else name)
        tokens = table(ApiToken).c
        named = select(tokens.id).where(
            tokens.account_id == scope.account, tokens.name == name, tokens.revoked_at.is_(None)
        )
        if unit.session.connection().execute(named).first():
            raise InputError(f"There is a token {name!r} already: revoke it, or use another name.")
        row: dict[str, Any] = {"id": token_id, "name": name, "hash": _hash(text)}
        row |= {"per_second": PER_SECOND, "created_at": clock.now()}
        unit.upsert(ApiToken, [row])
    return text


def list_tokens(store: Store, account_id: str | None = None) -> list[Token]:
    """The tokens of an account, or of all, the oldest first; revoked ones as well."""
    tokens = table(ApiToken).c
    found = select(*_columns()).order_by(tokens.account_id, tokens.id)
    if account_id is not None:
        found = found.where(tokens.account_id == account_id)
    with store.read() as session:
        return [Token(**row) for row in session.connection().execute(found).mappings()]


def revoke_token(scope: Scope, name: str | None = None) -> Token:
    """Make a token worthless from now on: the one of that name, or the only one.

    Raises InputError where it is not clear which one.
    """
    tokens = table(ApiToken).c
    with scope.write() as unit:
        of = (tokens.account_id == scope.account, tokens.revoked_at.is_(None))
        found = select(*_columns()).where(*of).order_by(tokens.id)
        rows = unit.session.connection().execute(found).mappings()
        valid = [Token(**row) for row in rows]
        chosen = [token for token in valid if name in {None, token.name}]
        if len(chosen) != 1:
            known = ", ".join(repr(token.name) for token in valid) or "none"
            raise InputError(f"Name the token to revoke with --name: there is {known}.")
        now = clock.now()
        unit.session.connection().execute(
            update(table(ApiToken))
            .where(tokens.account_id == scope.account, tokens.id == chosen[0].id)
            .values(revoked_at=now)
        )
    return replace(chosen[0], revoked_at=now)


def find_token(store: Store, text: str) -> Token | None:
    """The valid token with this text; None where there is none."""
    tokens = table(ApiToken).c
    found = select(*_columns()).where(tokens.hash == _hash(text), tokens.revoked_at.is_(None))
    with store.read() as session:
        row = session.connection().execute(found).mappings().first()
    return None if row is None else Token(**row)


def note_use(store: Store, token: Token) -> Token:
    """Note that the token is used now, unless that was noted within the last minute."""
    now = clock.now()
    if token.last_used_at is not None and now - token.last_used_at < USE_NOTED_EVERY:
        return token
    tokens = table(ApiToken).c
    with store.write(token.account_id, quiet=True) as unit:
        unit.session.connection().execute(
            update(table(ApiToken))
            .where(tokens.account_id == token.account_id, tokens.id == token.id)
            .values(last_used_at=now)
        )
    return replace(token, last_used_at=now)


def _columns() -> list[Any]:
    return [table(ApiToken).c[name] for name in Token.__dataclass_fields__]


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME:
        raise InputError(f"The name of a token has 1 to {LONGEST_NAME} characters.")
    return name


def _hash(text: str) -> str:
    # A token is 256 random bits: nothing is gained by a slow hash or by salt.
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
