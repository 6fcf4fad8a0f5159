"""The clock: the only place that asks the machine for the time.

`TOUCHSTONE_NOW`, an ISO 8601 instant, shifts it for tests and demonstrations: the clock reads that
instant when a process first asks, and runs on from there.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path

from core.base.errors import ConfigError

SETTING = "TOUCHSTONE_NOW"
_stopped: ContextVar[datetime | None] = ContextVar("stopped", default=None)


def now() -> datetime:
    """The present instant, aware and in UTC; raises ConfigError where TOUCHSTONE_NOW is invalid."""
    return _stopped.get() or _shift(os.environ.get(SETTING, "")) + datetime.now(UTC)


@contextmanager
def stopped(instant: datetime) -> Iterator[None]:
    """Stop the clock at an instant for this context alone: a made-up past has its dates."""
    token = _stopped.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _stopped.reset(token)


def today(zone: tzinfo) -> date:
    """The present calendar day in a time zone."""
    return now().astimezone(zone).date()


def file_age_seconds(path: Path) -> float:
    """Seconds since a file was modified, by the machine's clock, which stamps files."""
    return time.time() - path.stat().st_mtime


@lru_cache
def _shift(instant: str) -> timedelta:
    """How far the clock is ahead of the machine's; measured once for each setting."""
    if not instant:
        return timedelta()
    try:
        start = datetime.fromisoformat(instant)
        start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{SETTING} is {instant!r}, which is no instant: write it as 2026-11-25T12:00:00+00:00."
        ) from None
    return start - datetime.now(UTC)
