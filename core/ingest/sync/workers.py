"""Threads that ask sources, so that whoever follows a run never waits for an answer.

They are left alone at the end: a thread that still waits for an answer ends with the process.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
Job = tuple[Future[Any], Callable[[], Any]]


class Workers:
    """So many threads that do jobs in the order in which they were given."""

    def __init__(self, number: int) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._number = number

    def __enter__(self) -> Self:
        for n in range(self._number):
            threading.Thread(
                target=_work, args=(self._jobs,), name=f"source {n}", daemon=True
            ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job[0].cancel()
        except Empty:
            for _ in range(self._number):
                self._jobs.put(None)

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Have the call made; its answer or its error is the future's."""
        future: Future[T] = Future()
        self._jobs.put((future, call))
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
