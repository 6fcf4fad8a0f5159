"""Limits on how often a client may ask."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

MOST_KEYS = 50_000


class TokenBuckets:
    """A token bucket for each key, refilled by the clock.

    The keys unused for longest are forgotten first, so that memory is bounded.
    """

    def __init__(self) -> None:
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: Hashable, *, burst: int, seconds: float) -> float:
        """Take one of the `burst` that a full bucket holds; it refills within `seconds`.

        Returns 0 where there was one, else the seconds until there is one.
        """
        rate = burst / seconds
        now = time.monotonic()
        with self._lock:
            left, at = self._left.pop(key, (float(burst), now))
            left = min(float(burst), left + (now - at) * rate)
            wait = 0.0 if left >= 1 else (1 - left) / rate
            self._left[key] = (left if wait else left - 1, now)
            while len(self._left) > MOST_KEYS:
                self._left.popitem(last=False)
        return wait
