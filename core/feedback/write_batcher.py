"""Group commit for votes from the API: a commit costs more than the votes in it.

One thread writes. It takes the votes that are pending at that moment, writes those of each account
in one unit of work, and answers each vote after the commit.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock

from core.base import clock
from core.base.errors import AccessError, InputError, StoreError
from core.feedback.votes import WRITE_LOCK, Cast, Result, record_votes
from core.store import ApiToken, FeedbackReceipt, Scope, Store, Unit, accounts, table

# Beyond this votes are refused: their senders would time out before the answer.
MOST_WAITING = 2_000
AT_ONCE = 500
RECEIPTS_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Receipt:
    """An idempotency key (digest), and a digest of the vote's content.

    With `is_strict` the same key with another content is an error, else it is the same vote.
    """

    key: str
    content: str
    is_strict: bool


@dataclass(frozen=True)
class Recorded:
    """The result of a vote, and the id of the opinion that it belongs to."""

    feedback_id: str
    result: Result


@dataclass(frozen=True, eq=False)
class _Pending:
    scope: Scope
    cast: Cast
    receipt: Receipt | None
    token_id: int | None
    answer: "asyncio.Future[Recorded]"


_pending: deque[_Pending] = deque()
_lock = Lock()
_writer = ThreadPoolExecutor(1, thread_name_prefix="votes")
_is_writing = False


async def submit_vote(
    scope: Scope, cast: Cast, *, receipt: Receipt | None = None, token_id: int | None = None
) -> Recorded:
    """Record a valid vote as of now; returns once it is committed.

    A vote with a known receipt changes nothing and gets the answer of the first time. Raises
    AccessError when the token has been revoked, InputError for a key that was used for another
    vote, StoreError when the store cannot be written or too many votes are pending.
    """
    global _is_writing  # noqa: PLW0603 (one writer for the process, like its queue)
    answer: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
    with _lock:
        if len(_pending) >= MOST_WAITING:
            raise StoreError("Too many votes wait to be written: try again in a moment.")
        _pending.append(_Pending(scope, cast, receipt, token_id, answer))
        # A call to the thread costs a third of what a vote in a full batch does.
        if not _is_writing:
            _is_writing = True
            _writer.submit(_write_all)
    return await answer


def forget_receipts(store: Store) -> None:
    """Delete receipts older than `RECEIPTS_KEPT`."""
    old = table(FeedbackReceipt).c.received_at < clock.now() - RECEIPTS_KEPT
    for account in accounts(store):
        with store.write(account.id) as unit:
            unit.delete(FeedbackReceipt, old)


def _write_all() -> None:
    global _is_writing  # noqa: PLW0603
    while True:
        with _lock:
            taken = [_pending.popleft() for _ in range(min(AT_ONCE, len(_pending)))]
            if not taken:
                _is_writing = False
                return
        groups: dict[tuple[int, str], list[_Pending]] = {}
        for one in taken:
            groups.setdefault((id(one.scope.store), one.scope.account), []).append(one)
        for group in groups.values():
            _write_group(group)


def _write_group(group: Sequence[_Pending]) -> None:
    answers: Sequence[Recorded | Exception]
    try:
        with WRITE_LOCK, group[0].scope.write() as unit:
            answers = _record(unit, group)
    except Exception as error:  # noqa: BLE001 (passed on to each sender)
        answers = [error] * len(group)
    # An event loop is woken once for all its votes.
    for loop in {one.answer.get_loop() for one in group}:
        with suppress(RuntimeError):  # the loop has ended, and its senders with it
            loop.call_soon_threadsafe(_deliver, loop, group, answers)


def _deliver(
    loop: asyncio.AbstractEventLoop,
    group: Sequence[_Pending],
    answers: Sequence[Recorded | Exception],
) -> None:
    for one, answer in zip(group, answers, strict=True):
        if one.answer.get_loop() is not loop or one.answer.done():  # done: the sender has gone
            continue
        if isinstance(answer, Exception):
            one.answer.set_exception(answer)
        else:
            one.answer.set_result(answer)


def _record(unit: Unit, group: Sequence[_Pending]) -> list[Recorded | Exception]:
    tokens, receipts = table(ApiToken).c, table(FeedbackReceipt).c
    used = {one.token_id for one in group if one.token_id is not None}
    in_force = unit.stored(tokens.id, used, tokens.id, within=tokens.revoked_at.is_(None))
    valid = {None, *(row["id"] for row in in_force)}
    sent = {one.receipt.key for one in group if one.receipt is not None}
    known = {
        row["key"]: (row["content"], Recorded(row["feedback_id"], row["result"]))
        for row in unit.stored(receipts.key, sent)
    }
    now = clock.now()
    fresh: list[_Pending] = []
    keys: set[str] = set(known)
    for one in group:
        if one.token_id not in valid:
            continue
        if one.receipt is not None:
            if one.receipt.key in keys:
                continue
            keys.add(one.receipt.key)
        fresh.append(one)
    _, results = record_votes(unit, [replace(one.cast, at=None) for one in fresh])
    recorded: dict[_Pending, Recorded] = {}
    rows = []
    for one, result in zip(fresh, results, strict=True):
        recorded[one] = done = Recorded(one.cast.feedback_id, result)
        if one.receipt is not None:
            key, content = one.receipt.key, one.receipt.content
            known[key] = (content, done)
            row = {"key": key, "feedback_id": done.feedback_id, "content": content}
            rows.append(row | {"result": result, "received_at": now})
    unit.upsert(FeedbackReceipt, rows)
    return [recorded.get(one) or _replayed(one, known, valid) for one in group]


def _replayed(
    one: _Pending, known: dict[str, tuple[str, Recorded]], valid: set[int | None]
) -> Recorded | Exception:
    """The answer to a vote that was not recorded now: that of the first time, or an error."""
    if one.receipt is None or one.token_id not in valid:
        return AccessError("The token is unknown or was revoked.")
    content, done = known[one.receipt.key]
    if one.receipt.is_strict and content != one.receipt.content:
        return InputError("The key was used for another vote: give each vote a key of its own.")
    return done
