"""The stores that this process has opened to show."""

from core.demo import active_store


def close_stores() -> None:
    """Close them, so that the next test opens its own."""
    while active_store._open:
        active_store._open.popitem()[1].close()
