"""What all requests of a run to one source share: how many at once, its rests, and its end.

Questions are asked from many threads; whoever follows the run never waits for one of them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import random
from time import monotonic

from core.base.errors import SourceError, SourceUnreachable

WIDTH = 8
# So many answers without a complaint let one more question in at a time.
CALM = 20
# One question after another that fails, retries included: it is the source, not the questions. Of
# those that can be divided there are more, as each of them is halved until it is one thing.
FAILURES_IN_A_ROW = 3
DIVISIBLE_FAILURES_IN_A_ROW = 12


class Stopped(SourceUnreachable):
    """Someone stopped the run."""

    def __init__(self) -> None:
        super().__init__("The sync was stopped; what was read until then is in: sync again.")


class Gate:
    """Lets questions through, `width` at a time, until `stop` is set or `seconds` have passed."""

    def __init__(
        self,
        width: int = WIDTH,
        *,
        stop: threading.Event | None = None,
        seconds: float | None = None,
    ) -> None:
        self.stop = stop or threading.Event()
        self.width = width
        self._ends_at = None if seconds is None else monotonic() + seconds
        self._seconds = seconds or 0.0
        self._changed = threading.Condition()
        self._allowed = width
        self._inside = 0
        self._calm = 0
        self._rests_until = 0.0
        self.answers = 0
        self._failures = 0
        self._divisible_failures = 0
        self._closed = ""

    def over(self) -> SourceError | None:
        """Why no more questions may be asked; None as long as they may."""
        if self._closed:
            return SourceUnreachable(self._closed)
        if self.stop.is_set():
            return Stopped()
        if self._ends_at is not None and monotonic() > self._ends_at:
            return SourceUnreachable(
                f"The sync took longer than {self._seconds / 60:,.0f} minutes and was ended; "
                "what was read until then is in: sync again to go on."
            )
        return None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn to ask. Raises what `over` answers."""
        with self._changed:
            while True:
                ended = self.over()
                if ended is not None:
                    raise ended
                rest = self._rests_until - monotonic()
                if rest <= 0 and self._inside < self._allowed:
                    break
                self._pause(rest)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def rest(self, seconds: float, jitter: float) -> None:
        """Too many questions: none for so many seconds, and fewer at once from then on."""
        with self._changed:
            self._allowed = max(1, self._allowed // 2)
            self._calm = 0
            until = monotonic() + seconds + random() * min(jitter, seconds)
            self._rests_until = max(self._rests_until, until)

    def answered(self) -> None:
        """The source answered; in time as many questions as before are let in again."""
        with self._changed:
            self._failures = self._divisible_failures = 0
            self.answers += 1
            self._calm += 1
            if self._calm >= CALM and self._allowed < self.width:
                self._allowed, self._calm = self._allowed + 1, 0

    def failed(self, error: SourceError, *, divisible: bool, answers: int) -> None:
        """The source failed at a question for good; after some in a row none is asked any more.

        `answers` is how many there were when it was first asked: one that failed while others were
        answered is no sign.
        """
        with self._changed:
            if answers != self.answers:
                return
            self._divisible_failures += 1
            self._failures += not divisible
            if (
                self._failures >= FAILURES_IN_A_ROW
                or self._divisible_failures >= DIVISIBLE_FAILURES_IN_A_ROW
            ):
                self._closed = (
                    f"{error} It failed at one question after another, so no more were asked; "
                    "what was read until then is in."
                )
                self._changed.notify_all()

    def close(self, error: SourceError) -> None:
        """Ask nothing more: no question can have an answer."""
        with self._changed:
            self._closed = self._closed or str(error)
            self._changed.notify_all()

    def _pause(self, rest: float) -> None:
        # Short, so that a stop is noticed.
        self._changed.wait(min(rest, 0.2) if rest > 0 else 0.2)
