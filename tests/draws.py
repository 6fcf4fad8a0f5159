"""How much a test with random draws asks: a quarter, or with DRAWS=full all of it."""

import os

FULL = os.environ.get("DRAWS") == "full"


def draws(number):
    """The number of draws of a test that would take so many."""
    return number if FULL else -(-number // 4)
