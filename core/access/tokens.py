"""Bearer tokens of the HTTP API: each sends and reads the feedback of its account."""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlmodel import col, select

from core.base import clock
from core.base.errors import InputError
from core.base.text import LONGEST_NAME
from core.store import ApiToken, Scope, Store

PER_SECOND = 500
# How exactly the last use of a token is known: a write for each request would cost more.
USE_NOTED_EVERY = timedelta(minutes=1)


def create_token(scope: Scope, name: str | None = None) -> str:
    """Make a token and return its text, to be shown once: only its hash is kept.

    Raises InputError for an unknown account, and for a name that a valid token has.
    """
    text = secrets.token_urlsafe(32)
    with scope.write() as unit:
        unit.check_account()
        token_id = unit.next_id(ApiToken)
        name = _name(f"token {token_id}" if name is None else name)
        named = select(ApiToken.id).where(
            ApiToken.account_id == scope.account,
            ApiToken.name == name,
            col(ApiToken.revoked_at).is_(None),
        )
        if unit.session.exec(named).first() is not None:
            raise InputError(f"There is a token {name!r} already: revoke it, or use another name.")
        row: dict[str, Any] = {"id": token_id, "name": name, "hash": _hash(text)}
        row |= {"per_second": PER_SECOND, "created_at": clock.now()}
        unit.upsert(ApiToken, [row])
    return text


def list_tokens(store: Store, account_id: str | None = None) -> list[ApiToken]:
    """The tokens of an account, or of all, the oldest first; revoked ones as well."""
    found = select(ApiToken).order_by(col(ApiToken.account_id), col(ApiToken.id))
    if account_id is not None:
        found = found.where(ApiToken.account_id == account_id)
    with store.read() as session:
        return list(session.exec(found).all())


def revoke_token(scope: Scope, name: str | None = None) -> ApiToken:
    """Revoke the token of that name, or the only one.

    Raises InputError unless exactly one token fits.
    """
    tokens = list_tokens(scope.store, scope.account)
    valid = [token for token in tokens if token.revoked_at is None]
    chosen = [token for token in valid if name in {None, token.name}]
    if len(chosen) != 1:
        known = ", ".join(repr(token.name) for token in valid) or "none"
        raise InputError(f"Name the token to revoke with --name: there is {known}.")
    (token,) = chosen
    token.revoked_at = clock.now()
    with scope.write() as unit:
        unit.upsert(ApiToken, [{"id": token.id, "revoked_at": token.revoked_at}])
    return token


def find_token(store: Store, text: str) -> ApiToken | None:
    """The valid token with this text; None where there is none."""
    found = select(ApiToken).where(ApiToken.hash == _hash(text), col(ApiToken.revoked_at).is_(None))
    with store.read() as session:
        return session.exec(found).first()


def note_use(store: Store, token: ApiToken) -> None:
    """Note that the token is used now, unless that was noted within the last minute."""
    now = clock.now()
    if token.last_used_at is not None and now - token.last_used_at < USE_NOTED_EVERY:
        return
    with store.write(token.account_id, quiet=True) as unit:
        unit.change(ApiToken, [{"id": token.id, "last_used_at": now}])


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME:
        raise InputError(f"The name of a token has 1 to {LONGEST_NAME} characters.")
    return name


def _hash(text: str) -> str:
    # A token is 256 random bits: nothing is gained by a slow hash or by salt.
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
