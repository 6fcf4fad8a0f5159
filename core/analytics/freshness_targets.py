"""Whether each source came in lately enough, by a target of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.analytics.freshness import SYNCED, SourceState
from core.base import text

# What is not synchronised is as fresh as its newest record: runs come in all day, tickets and
# opinions with the working week.
TARGETS = {
    "Enhancement runs": timedelta(days=1),
    "Tickets": timedelta(days=3),
    "Feedback": timedelta(days=7),
}
ON_TIME, LATE = "\N{BLACK CIRCLE} On time", "\N{MULTIPLICATION X} Late"
NO_TARGET, NO_DATA = "\N{EN DASH} No target", "\N{EN DASH} No data"


@dataclass(frozen=True)
class FreshSource:
    """A source with its target and whether it is met, in words; `synced_at` where it is synced."""

    state: SourceState
    synced_at: datetime | None
    target: str
    verdict: str


def fresh_sources(
    states: Iterable[SourceState],
    *,
    synced_at: datetime | None,
    sync_target: timedelta | None,
    now: datetime,
) -> list[FreshSource]:
    """Each source against its target: the age of the last sync, else that of the newest record.

    A sync that finds nothing new is as good as one that does. `sync_target` is None where the
    account has no source that is synchronised from here.
    """
    found = []
    for state in states:
        is_synced = state.name in SYNCED
        target = sync_target if is_synced else TARGETS.get(state.name)
        at = synced_at if is_synced else state.through
        if target is None:
            said = "no sync is set up"
        else:
            within = text.duration(target.total_seconds())
            said = f"{'last sync' if is_synced else 'newest record'} within {within}"
        found.append(
            FreshSource(
                state,
                synced_at if is_synced else None,
                said,
                _verdict(state, at, target, now),
            )
        )
    return found


def _verdict(
    state: SourceState, at: datetime | None, target: timedelta | None, now: datetime
) -> str:
    if not state.rows:
        return NO_DATA
    if target is None:
        return NO_TARGET
    return LATE if at is None or now - at > target else ON_TIME
