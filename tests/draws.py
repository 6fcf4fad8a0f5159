"""What tests ask of a machine: a quarter of the draws and no speed, or with DRAWS=full all of it."""

import os
import time
from contextlib import contextmanager

FULL = os.environ.get("DRAWS") == "full"


def draws(number):
    """The number of draws of a test that would take so many."""
    return number if FULL else -(-number // 4)


@contextmanager
def within(seconds):
    """Check how long the block takes, where speed is measured: other tests would slow it down."""
    started = time.perf_counter()
    yield
    assert not FULL or time.perf_counter() - started < seconds
