"""Concurrency of one run's requests to a source: a rate limiter and the threads that send them.

The thread that follows a run never waits for a single answer.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from random import random
from time import monotonic
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from core.base.errors import SourceError, SourceRefused, SourceUnreachable

if TYPE_CHECKING:
    from core.ingest.clients.http import SourceClient

P = ParamSpec("P")
T = TypeVar("T")
Job = tuple[Future[Any], Callable[[], Any]]

# Requests in flight at most.
WIDTH = 8
# Successes in a row after which one more request in flight is allowed again.
SUCCESSES_TO_WIDEN = 20
# Requests in a row that fail, retries included, after which the source is taken to be down. Of
# divisible ones there are more, as each is halved until it asks for one thing.
FAILURES_IN_A_ROW = 3
DIVISIBLE_FAILURES_IN_A_ROW = 12


class Stopped(SourceUnreachable):
    """The run was stopped on request."""

    def __init__(self) -> None:
        super().__init__("The sync was stopped; what was read until then is in: sync again.")


class RateLimiter:
    """Allows `WIDTH` requests in flight, until `stop` is set or `seconds` have passed.

    It narrows when the source asks for fewer, and closes when request after request fails.
    """

    def __init__(self, *, stop: threading.Event | None = None, seconds: float) -> None:
        self._stop = stop or threading.Event()
        self._seconds = seconds
        self._ends_at = monotonic() + seconds
        self._changed = threading.Condition()
        self._allowed = WIDTH
        self._in_flight = 0
        self._successes = 0
        self._paused_until = 0.0
        self.answers = 0
        self._failures = 0
        self._divisible_failures = 0
        self._closed = ""

    def check(self) -> None:
        """Raise SourceUnreachable, or Stopped, where no more requests may be sent."""
        if self._closed:
            raise SourceUnreachable(self._closed)
        if self._stop.is_set():
            raise Stopped
        if monotonic() > self._ends_at:
            raise SourceUnreachable(
                f"The sync took longer than {self._seconds / 60:,.0f} minutes and was ended; "
                "what was read until then is in: sync again to go on."
            )

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for permission to send one request. Raises as `check` does."""
        with self._changed:
            while True:
                self.check()
                pause = self._paused_until - monotonic()
                if pause <= 0 and self._in_flight < self._allowed:
                    break
                # Short, so that a stop is noticed.
                self._changed.wait(min(pause, 0.2) if pause > 0 else 0.2)
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def back_off(self, seconds: float, jitter: float) -> None:
        """Send nothing for so many seconds, and half as many requests at once after that."""
        with self._changed:
            self._allowed = max(1, self._allowed // 2)
            self._successes = 0
            until = monotonic() + seconds + random() * min(jitter, seconds)
            self._paused_until = max(self._paused_until, until)

    def record(self, error: SourceError | None, *, divisible: bool, answers: int) -> None:
        """Count the outcome of a request, None for an answer: it widens after enough of them.

        It closes where no request can succeed, and after some in a row that failed for good.
        `answers` is how many there were when this one was first sent: a failure while others were
        answered is no sign of an outage.
        """
        with self._changed:
            if error is None:
                self._failures = self._divisible_failures = 0
                self.answers += 1
                self._successes += 1
                if self._successes >= SUCCESSES_TO_WIDEN and self._allowed < WIDTH:
                    self._allowed, self._successes = self._allowed + 1, 0
            elif isinstance(error, SourceRefused):
                self._closed = self._closed or str(error)
            elif answers == self.answers:
                self._divisible_failures += 1
                self._failures += not divisible
                if (
                    self._failures >= FAILURES_IN_A_ROW
                    or self._divisible_failures >= DIVISIBLE_FAILURES_IN_A_ROW
                ):
                    self._closed = (
                        f"{error} Several requests in a row failed, so no more were sent; "
                        "what was read until then is in."
                    )
            if self._closed:
                self._changed.notify_all()


class Workers:
    """`WIDTH` daemon threads that send requests with a client, in order.

    They are not joined at the end: one that still waits for an answer ends with the process.
    """

    def __init__(self, client: "SourceClient") -> None:
        self._client = client
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()

    def __enter__(self) -> Self:
        for n in range(WIDTH):
            threading.Thread(
                target=_work, args=(self._jobs,), name=f"source {n}", daemon=True
            ).start()
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(Empty):
            while job := self._jobs.get_nowait():
                job[0].cancel()
        for _ in range(WIDTH):
            self._jobs.put(None)

    def submit(
        self, fetch: Callable[Concatenate["SourceClient", P], T], *args: P.args, **options: P.kwargs
    ) -> Future[T]:
        """Queue a call of `fetch` with the client; its result or its error is the future's."""
        future: Future[T] = Future()
        self._jobs.put((future, partial(fetch, self._client, *args, **options)))
        return future


def _work(jobs: SimpleQueue[Job | None]) -> None:
    while (job := jobs.get()) is not None:
        future, call = job
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
                future.set_exception(error)
        # An answer is large: it must not stay until the next job comes.
        del job, future, call
