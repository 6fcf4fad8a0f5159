"""Access to the API: the store that is shown, bearer tokens, and rate limits."""

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from starlette.requests import Request

from core.access.rate_limits import TokenBuckets
from core.access.tokens import find_token, note_use
from core.api.errors import Refusal
from core.base.errors import StoreError
from core.base.settings import Settings, load_settings
from core.demo.active_store import active_store
from core.store import ApiToken, Scope, Store, accounts

log = logging.getLogger("touchstone")

T = TypeVar("T")
# Work on the store blocks; this many at a time, so that pages have threads and connections left.
POOL = ThreadPoolExecutor(4, thread_name_prefix="api")
SETTINGS_SECONDS = 2.0
TOKEN_SECONDS = 30.0
MOST_TOKENS = 1_000
SIGN_IN = "Send a token of the account: Authorization: Bearer <token>."


def retry_after(wait: float) -> str:
    """The header `Retry-After`: whole seconds after which there is room."""
    return str(max(1, math.ceil(wait)))


@dataclass(frozen=True)
class Served:
    """The store that is shown, its accounts, and the settings."""

    settings: Settings
    store: Store
    accounts: frozenset[str]

    def tenants(self, account_id: str) -> set[str]:
        """The names that the platform may use for the account."""
        of = [a.prometheus for a in self.settings.accounts if a.id == account_id]
        return {account_id} | {source.tenant_id for source in of if source and source.tenant_id}

    def check_tenant(self, account_id: str, tenant_id: str | None) -> None:
        """Refuse a request that names another account than the token's."""
        if tenant_id is not None and tenant_id not in self.tenants(account_id):
            raise Refusal(
                403, "The tenant_id is not that of the token's account.", field="tenant_id"
            )


LIMITS = TokenBuckets()
_served: tuple[Served, float] | None = None
_tokens: dict[tuple[int, str], tuple[ApiToken, float]] = {}


async def in_thread(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run blocking work in the pool."""
    return await asyncio.get_running_loop().run_in_executor(POOL, partial(work, *args, **kwargs))


async def served() -> Served:
    """The store that the pages show, cached for some seconds; raises TouchstoneError."""
    global _served  # noqa: PLW0603 (one for the process)
    now = time.monotonic()
    if _served is not None:
        known, until = _served
        if now < until:
            return known
        # One looks again, the others go on with what is known.
        _served = (known, now + SETTINGS_SECONDS)
    found = await in_thread(_look)
    _served = (found, time.monotonic() + SETTINGS_SECONDS)
    return found


def _look() -> Served:
    settings = load_settings()
    store = active_store(settings).store
    return Served(settings, store, frozenset(account.id for account in accounts(store)))


def forget_tokens() -> None:
    """Look each token up again."""
    _tokens.clear()


async def find_bearer(
    request: Request, store: Store, *, is_checked_later: bool = False
) -> ApiToken | None:
    """The token that the request bears, None without one; raises a 401 where it is not valid.

    One that `is_checked_later`, with the write that it allows, may come from the cache.
    """
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    text = text.strip()
    # Not the token itself: memory can be looked at as well.
    key = (id(store), hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest())
    token, until = _tokens.get(key, (None, 0.0))
    if token is None or not is_checked_later or time.monotonic() > until:
        is_bearer = scheme.lower() == "bearer"
        token = await in_thread(find_token, store, text) if is_bearer else None
        if token is None:
            raise Refusal(
                401,
                "The token is unknown or was revoked.",
                headers={"WWW-Authenticate": 'Bearer realm="touchstone", error="invalid_token"'},
            )
        if len(_tokens) >= MOST_TOKENS:
            _tokens.clear()
        _tokens[key] = (token, time.monotonic() + TOKEN_SECONDS)
        # No request waits for it, or fails because of it.
        POOL.submit(_note_use, store, token)
    limit(("token", token.account_id, token.id), token.per_second, 1.0, "this token")
    return token


async def require_bearer(request: Request, store: Store) -> Scope:
    """The account of the token that the request bears; raises a 401 without a valid one."""
    token = await find_bearer(request, store)
    if token is None:
        raise Refusal(401, SIGN_IN)
    return Scope(store, token.account_id)


def _note_use(store: Store, token: ApiToken) -> None:
    try:
        note_use(store, token)
    except StoreError as error:
        log.warning("The last use of a token cannot be noted: %s", error)


def limit(key: tuple[Any, ...], burst: int, seconds: float, whose: str) -> None:
    """Count a request against a rate limit; raises a 429 above it."""
    wait = LIMITS.take(key, burst=burst, seconds=seconds)
    if wait:
        within = "a second" if seconds == 1 else "a minute"
        raise Refusal(
            429,
            f"More than {burst:,} requests {within} of {whose}: try again later.",
            headers={"Retry-After": retry_after(wait)},
        )
