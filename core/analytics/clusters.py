"""When do marked rows crowd together: hours, days and hours of the day, beyond chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from scipy import stats

from core import words

__all__ = ["Cluster", "clusters"]

# The share of false finds among all that are told (Benjamini and Hochberg 1995).
FALSE_SHARE = 0.05
MOST_TOLD = 3
# Fewer marked rows in one place are an anecdote, whatever the odds.
LEAST_MARKED = 3
HOUR = timedelta(hours=1)

Marked = Sequence[tuple[datetime, bool]]
# An hour of one day, a day, or an hour of every day.
Place = tuple[date | None, int | None]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A time with more marked rows than chance puts there; `start` and `end` of one time only.

    `certainty` says how sure that is: the p value of what is told, adjusted for all that was asked.
    """

    label: str
    start: datetime | None
    end: datetime | None
    rows: int
    marked: int
    rows_elsewhere: int
    marked_elsewhere: int
    certainty: str


def clusters(rows: Marked) -> list[Cluster]:
    """Where in local time the marked rows crowd together; at most three, most exact first.

    Every hour of every day, every day, and every hour of the day is compared with the rest by
    Fisher's exact test (one-sided, the hypergeometric tail); Benjamini and Hochberg's adjustment
    over all of them keeps false finds below 5 %. Hours of a day that follow each other are told as
    one, and what is told already is not told again as a day.
    """
    places = _places(rows)
    total, marked = len(rows), sum(is_marked for _, is_marked in rows)
    if not 0 < marked < total:
        return []
    members = list(places.values())
    sizes = np.array([len(some) for some in members])
    hits = np.array([sum(rows[n][1] for n in some) for some in members])
    chances = stats.hypergeom.sf(hits - 1, total, marked, sizes)
    adjusted = stats.false_discovery_control(np.clip(chances, 0.0, 1.0))
    found = {
        place: float(p)
        for place, p, hit, size in zip(places, adjusted, hits, sizes, strict=True)
        if p <= FALSE_SHARE and hit >= LEAST_MARKED and size < total
    }
    told: set[int] = set()
    answer = []
    for label, start, end, some, p in _joined(found, places, rows):
        own = {n for n in some if rows[n][1]}
        if len(own - told) <= len(own) / 2:
            continue
        told |= own
        answer.append(
            Cluster(
                label=label,
                start=start,
                end=end,
                rows=len(some),
                marked=len(own),
                rows_elsewhere=total - len(some),
                marked_elsewhere=marked - len(own),
                certainty=_certainty(p),
            )
        )
    return answer[:MOST_TOLD]


def _places(rows: Marked) -> dict[Place, list[int]]:
    """The rows of each hour of a day, each day and each hour of the day."""
    places: dict[Place, list[int]] = {}
    for n, (at, _) in enumerate(rows):
        for place in ((at.date(), at.hour), (at.date(), None), (None, at.hour)):
            places.setdefault(place, []).append(n)
    return places


Joined = tuple[str, datetime | None, datetime | None, list[int], float]


def _joined(
    found: Mapping[Place, float], places: Mapping[Place, list[int]], rows: Marked
) -> Iterator[Joined]:
    """What was found, hours that follow each other as one: first hours, then days."""
    hours = sorted((day, hour) for day, hour in found if day is not None and hour is not None)
    runs: list[list[tuple[date, int]]] = []
    for day, hour in hours:
        if runs and runs[-1][-1] == (day, hour - 1):
            runs[-1].append((day, hour))
        else:
            runs.append([(day, hour)])
    said = []
    for run in runs:
        some = [n for place in run for n in places[place]]
        p = max(found[place] for place in run)
        first = min(rows[n][0] for n in some).replace(minute=0, second=0, microsecond=0)
        last = max(rows[n][0] for n in some).replace(minute=0, second=0, microsecond=0)
        clock = f"{run[0][1]:02}:00 to {run[-1][1] + 1:02}:00"
        said.append((f"{_day(run[0][0])}, {clock}", first, last + HOUR, some, p))
    yield from sorted(said, key=lambda one: (-sum(rows[n][1] for n in one[3]), one[1]))
    for (day, hour), p in sorted(found.items(), key=lambda pair: (pair[1], str(pair[0]))):
        if day is not None and hour is None:
            some = places[day, None]
            start = rows[some[0]][0].replace(hour=0, minute=0, second=0, microsecond=0)
            yield _day(day), start, start + timedelta(days=1), some, p
        elif day is None and hour is not None:
            label = f"Every day from {hour:02}:00 to {hour + 1:02}:00"
            yield label, None, None, places[day, hour], p


def _day(day: date) -> str:
    return f"{day:%A}, {words.day(day)}"


def _certainty(p: float) -> str:
    said = "p below 0.001" if p < 0.001 else f"p {p:.3f}"
    return f"More than chance: {said}, adjusted for all hours and days"
