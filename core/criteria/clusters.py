"""When do marked rows crowd together: hours, days and hours of the day, beyond chance."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from scipy import stats

from core.base import text

# The share of false finds among all that are told (Benjamini and Hochberg 1995).
FALSE_SHARE = 0.05
MOST_TOLD = 3
# Fewer marked rows in one place are an anecdote, whatever the odds.
LEAST_MARKED = 3
# Hours of one day that follow each other are looked at together, up to so many.
LONGEST_SPAN = 8

Marked = Sequence[tuple[datetime, bool]]
# By day and hour, the numbers of the rows.
Hours = dict[tuple[date, int], list[int]]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A time with more marked rows than chance puts there.

    `start` and `end` are None for an hour of every day; `p_value` is adjusted for all that was
    looked at.
    """

    label: str
    start: datetime | None
    end: datetime | None
    rows: int
    marked: int
    rows_elsewhere: int
    marked_elsewhere: int
    p_value: float


@dataclass(frozen=True)
class _Place:
    """Hours of a day, from the first up to and without the last; of every day without a day."""

    day: date | None
    first: int
    last: int
    rows: tuple[int, ...]


def clusters(rows: Marked) -> list[Cluster]:
    """Where in local time the marked rows crowd together; at most three, the surest first.

    Every span of hours of a day, every day, and every hour of the day is compared with the rest by
    Fisher's exact test (one-sided, the hypergeometric tail); Benjamini and Hochberg's adjustment
    over all of them keeps false finds below 5 %. A place of which most is told already is not told
    again.
    """
    total, marked = len(rows), sum(is_marked for _, is_marked in rows)
    if not 0 < marked < total:
        return []
    places = list(_places(rows))
    sizes = np.array([len(place.rows) for place in places])
    hits = np.array([sum(rows[n][1] for n in place.rows) for place in places])
    chances = np.asarray(stats.hypergeom.sf(hits - 1, total, marked, sizes))
    adjusted = np.asarray(stats.false_discovery_control(np.clip(chances, 0.0, 1.0)))
    is_found = (adjusted <= FALSE_SHARE) & (hits >= LEAST_MARKED) & (sizes < total)
    # Of places that are as sure, the one with the fewest rows says the most.
    surest = sorted(np.flatnonzero(is_found), key=lambda n: (chances[n], sizes[n], n))
    told: set[int] = set()
    found: list[Cluster] = []
    for n in surest:
        own = {row for row in places[n].rows if rows[row][1]}
        if len(own - told) > len(own) / 2:
            told |= own
            found.append(_cluster(places[n], rows, len(own), marked, float(adjusted[n])))
    return found[:MOST_TOLD]


def _places(rows: Marked) -> Iterator[_Place]:
    hours: Hours = defaultdict(list)
    for n, (at, _) in enumerate(rows):
        hours[at.date(), at.hour].append(n)
    days = sorted({day for day, _ in hours})
    for day in days:
        own = sorted(hour for other, hour in hours if other == day)
        for n, first in enumerate(own):
            for last in own[n:]:
                if last - first < LONGEST_SPAN:
                    yield _place(hours, day, first, last + 1)
        yield _place(hours, day, 0, 24)
    for hour in sorted({hour for _, hour in hours}):
        some = tuple(n for day in days for n in hours.get((day, hour), ()))
        yield _Place(None, hour, hour + 1, some)


def _place(hours: Hours, day: date, first: int, last: int) -> _Place:
    inside = tuple(n for hour in range(first, last) for n in hours.get((day, hour), ()))
    return _Place(day, first, last, inside)


def _cluster(place: _Place, rows: Marked, hits: int, marked: int, p_value: float) -> Cluster:
    clock = f"{place.first:02}:00 to {place.last:02}:00"
    start = end = None
    if place.day is None:
        label = f"Every day from {clock}"
    else:
        zone = rows[place.rows[0]][0].tzinfo
        start = datetime.combine(place.day, time(place.first), zone)
        after = place.day + timedelta(days=place.last // 24)
        end = datetime.combine(after, time(place.last % 24), zone)
        label = f"{place.day:%A}, {text.day(place.day)}"
        label += "" if (place.first, place.last) == (0, 24) else f", {clock}"
    return Cluster(
        label=label,
        start=start,
        end=end,
        rows=len(place.rows),
        marked=hits,
        rows_elsewhere=len(rows) - len(place.rows),
        marked_elsewhere=marked - hits,
        p_value=p_value,
    )
