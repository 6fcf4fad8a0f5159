"""A fifth of the draws and no speed is asked of a machine; with DRAWS=full all of both."""

import os
import time
from contextlib import contextmanager

FULL = os.environ.get("DRAWS") == "full"


def draws(number):
    """The number of draws of a test that would take so many."""
    return number if FULL else -(-number // 5)


@contextmanager
def within(seconds):
    """Check how long the block takes, where speed is measured: other tests would slow it down."""
    started = time.perf_counter()
    yield
    assert not FULL or time.perf_counter() - started < seconds
