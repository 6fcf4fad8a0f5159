"""Votes that arrive together are committed together: a commit costs more than the votes in it.

One thread writes. It takes the votes that wait at the moment into one unit of work for each
account, and answers each one after the commit.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from sqlalchemy import delete, select

from core.base.errors import AccessError, InputError, StoreError
from core.feedback.opinions import Cast
from core.feedback.votes import TURN, Result, record_each
from core.store import Account, ApiToken, FeedbackReceipt, Scope, Store, Unit, chunks, table

# More than these are refused: who waits longer than some seconds has gone.
MOST_WAITING = 2_000
AT_ONCE = 500
RECEIPTS_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Receipt:
    """A key by which the repeat of a vote is known, and a digest of what the vote said.

    With `is_strict` the same key with another content is an error, else it is the same vote.
    """

    key: str
    content: str
    is_strict: bool


@dataclass(frozen=True)
class Recorded:
    """What became of a vote, and the id of the opinion that it is part of."""

    feedback_id: str
    result: Result


@dataclass(frozen=True, eq=False)
class _Waiting:
    store: Store
    account_id: str
    cast: Cast
    receipt: Receipt | None
    token_id: int | None
    answer: "asyncio.Future[Recorded]"


_waiting: deque[_Waiting] = deque()
_lock = Lock()
_thread = ThreadPoolExecutor(1, thread_name_prefix="votes")
_is_writing = False


async def submit_vote(
    scope: Scope,
    cast: Cast,
    *,
    receipt: Receipt | None = None,
    token_id: int | None = None,
) -> Recorded:
    """Record a valid vote as of now; the answer comes once it is committed.

    With a receipt that is known the vote changes nothing and is answered as the first time. Raises
    AccessError when the token has been revoked, InputError for a key that stood for another
    vote, StoreError when the store cannot be written or too many votes wait.
    """
    global _is_writing  # noqa: PLW0603 (one writer for the process, like its queue)
    answer: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
    waiting = _Waiting(scope.store, scope.account, cast, receipt, token_id, answer)
    with _lock:
        if len(_waiting) >= MOST_WAITING:
            raise StoreError("Too many votes wait to be written: try again in a moment.")
        _waiting.append(waiting)
        if not _is_writing:
            _is_writing = True
            _thread.submit(_write_all)
    return await answer


def forget_receipts(store: Store) -> None:
    """Delete receipts that are too old for a repeat."""
    receipts = table(FeedbackReceipt)
    old = receipts.c.received_at < datetime.now(UTC) - RECEIPTS_KEPT
    with store.read() as session:
        accounts = session.connection().execute(select(table(Account).c.id)).scalars().all()
    for account_id in accounts:
        with store.write(account_id) as unit:
            unit.session.connection().execute(
                delete(receipts).where(receipts.c.account_id == account_id, old)
            )


def _write_all() -> None:
    global _is_writing  # noqa: PLW0603
    while True:
        with _lock:
            taken = [_waiting.popleft() for _ in range(min(AT_ONCE, len(_waiting)))]
            if not taken:
                _is_writing = False
                return
        groups: dict[tuple[int, str], list[_Waiting]] = {}
        for one in taken:
            groups.setdefault((id(one.store), one.account_id), []).append(one)
        for group in groups.values():
            _write_group(group)


def _write_group(group: Sequence[_Waiting]) -> None:
    answers: Sequence[Recorded | Exception]
    try:
        with TURN, group[0].store.write(group[0].account_id) as unit:
            answers = _record(unit, group)
    except Exception as error:  # noqa: BLE001 (whoever waits is told, whatever it was)
        answers = [error] * len(group)
    # A loop is woken once, and not for each of them.
    for loop in {one.answer.get_loop() for one in group}:
        with suppress(RuntimeError):  # it has ended, and so has whoever waited in it
            loop.call_soon_threadsafe(_tell, loop, group, answers)


def _tell(
    loop: asyncio.AbstractEventLoop,
    group: Sequence[_Waiting],
    answers: Sequence[Recorded | Exception],
) -> None:
    for one, answer in zip(group, answers, strict=True):
        if one.answer.get_loop() is not loop or one.answer.done():  # whoever waited has gone
            continue
        if isinstance(answer, Exception):
            one.answer.set_exception(answer)
        else:
            one.answer.set_result(answer)


def _record(unit: Unit, group: Sequence[_Waiting]) -> list[Recorded | Exception]:
    valid = _valid_tokens(unit, group)
    known = _receipts(unit, group)
    now = datetime.now(UTC)
    fresh: list[_Waiting] = []
    first: dict[str, Receipt] = {}
    for one in group:
        if one.token_id is not None and one.token_id not in valid:
            continue
        if one.receipt is not None:
            if one.receipt.key in known or one.receipt.key in first:
                continue
            first[one.receipt.key] = one.receipt
        fresh.append(one)
    # As of now that the turn to write has come: of two votes at once, the later one stands.
    _, results = record_each(unit, [replace(one.cast, at=now) for one in fresh])
    recorded: dict[_Waiting, Recorded] = {}
    rows = []
    for one, result in zip(fresh, results, strict=True):
        recorded[one] = done = Recorded(one.cast.feedback_id, result)
        if one.receipt is not None:
            key, content = one.receipt.key, one.receipt.content
            known[key] = (content, done)
            row = {"key": key, "feedback_id": done.feedback_id, "content": content}
            rows.append(row | {"result": result, "received_at": now})
    unit.upsert(FeedbackReceipt, rows)
    return [recorded.get(one) or _again(one, known, valid) for one in group]


def _again(
    one: _Waiting, known: dict[str, tuple[str, Recorded]], valid: set[int]
) -> Recorded | Exception:
    """The answer to a vote that was not recorded now: that of the first time, or why not."""
    if one.receipt is None or (one.token_id is not None and one.token_id not in valid):
        return AccessError("The token is unknown or was revoked.")
    content, done = known[one.receipt.key]
    if one.receipt.is_strict and content != one.receipt.content:
        return InputError("The key was used for another vote: give each vote a key of its own.")
    return done


def _valid_tokens(unit: Unit, group: Sequence[_Waiting]) -> set[int]:
    tokens = table(ApiToken).c
    used = {one.token_id for one in group if one.token_id is not None}
    if not used:
        return set()
    valid = select(tokens.id).where(
        tokens.account_id == unit.account_id, tokens.id.in_(used), tokens.revoked_at.is_(None)
    )
    return set(unit.session.connection().execute(valid).scalars())


def _receipts(unit: Unit, group: Sequence[_Waiting]) -> dict[str, tuple[str, Recorded]]:
    receipts = table(FeedbackReceipt).c
    keys = sorted({one.receipt.key for one in group if one.receipt is not None})
    found: dict[str, tuple[str, Recorded]] = {}
    for some in chunks(keys):
        stored = select(
            receipts.key, receipts.content, receipts.feedback_id, receipts.result
        ).where(receipts.account_id == unit.account_id, receipts.key.in_(some))
        for key, content, feedback_id, result in unit.session.connection().execute(stored):
            found[key] = (content, Recorded(feedback_id, result))
    return found
