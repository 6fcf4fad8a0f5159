"""How often someone may ask: buckets of tokens that fill up again by the clock."""

import math
import time
from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

MOST_KEYS = 50_000


class Buckets:
    """A bucket for each key; one takes `burst` at once, and fills up at a rate in a second.

    Keys that were not seen for longest are forgotten first: memory is bounded, whoever asks.
    """

    def __init__(self, *, most_keys: int = MOST_KEYS) -> None:
        self._most_keys = most_keys
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: Hashable, *, burst: int, seconds: float) -> float:
        """Take one; 0 where there was one, else the seconds until there is one.

        An empty bucket is full again after `seconds`.
        """
        rate = burst / seconds
        now = time.monotonic()
        with self._lock:
            left, at = self._left.pop(key, (float(burst), now))
            left = min(float(burst), left + (now - at) * rate)
            wait = 0.0 if left >= 1 else (1 - left) / rate
            self._left[key] = (left if wait else left - 1, now)
            while len(self._left) > self._most_keys:
                self._left.popitem(last=False)
        return wait

    def clear(self) -> None:
        """Forget everyone."""
        with self._lock:
            self._left.clear()


def retry_after(wait: float) -> str:
    """Seconds as the header `Retry-After` gives them: whole ones, after which there is room."""
    return str(max(1, math.ceil(wait)))
