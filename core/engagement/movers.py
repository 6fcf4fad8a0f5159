"""Who moved most: people between a window and the one of the same length before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special
from sqlalchemy import Select, and_, case, func, select

from core.analytics.dates import Window
from core.analytics.freshness import last_synced
from core.store import BUG_ACCEPTED, Bug, Scope, TestCycle, User, table

SHOWN = 3
MISSING = 0.05
# Of those who are called clear, at most this share is expected to be chance.
FALSE_SHARE = 0.05
# The spread between people is measured on those with at least so many, if there are so many.
SPREAD_FROM, SPREAD_PEOPLE = 5, 10
MEDIAN_CHI_SQUARE = float(special.chdtri(1, 0.5))

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Mover:
    """Someone with their amount before and now; `is_significant` when that is more than chance."""

    person_id: int
    name: str
    before: int
    now: int
    is_significant: bool

    @property
    def change(self) -> int:
        """How much more it is now."""
        return self.now - self.before


@dataclass(frozen=True)
class Movers:
    """Those who rose and those who fell most, of so many with any in either window.

    `begun` is the day on which the data begins, where that is after the first day of the window
    before, and `ended` that of the last sync, where that is before the window's last days: the
    amounts are then not whole, and with more than `MISSING` of a window missing no change is called
    clear.
    """

    risers: tuple[Mover, ...]
    fallers: tuple[Mover, ...]
    people: int
    begun: date | None = None
    ended: date | None = None


def movers_of_customers(
    scope: Scope, *, window: Window, product_ids: Sequence[int] = ()
) -> Movers | None:
    """Customer users by the change in cycles created; None where nothing lies before the window."""
    cycles = table(TestCycle)
    person = cycles.c.created_by_id
    found = select(person).where(cycles.c.account_id == scope.account, person.is_not(None))
    if product_ids:
        found = found.where(cycles.c.product_id.in_(product_ids))
    return _movers(scope, found, person, window)


def movers_of_testers(
    scope: Scope, *, window: Window, product_ids: Sequence[int] = ()
) -> Movers | None:
    """Testers by the change in accepted bugs; None where nothing lies before the window.

    A bug counts when its test cycle ended, as everywhere.
    """
    bugs, cycles = table(Bug), table(TestCycle)
    person = bugs.c.tester_id
    on = and_(cycles.c.account_id == scope.account, cycles.c.id == bugs.c.cycle_id)
    found = (
        select(person)
        .select_from(bugs.join(cycles, on))
        .where(
            bugs.c.account_id == scope.account, person.is_not(None), bugs.c.status.in_(BUG_ACCEPTED)
        )
    )
    if product_ids:
        found = found.where(bugs.c.product_id.in_(product_ids))
    return _movers(scope, found, person, window)


def _movers(scope: Scope, rows: Select[Any], person: Any, window: Window) -> Movers | None:
    previous, cycles = window.previous, table(TestCycle)
    if previous is None or previous.start is None or previous.days is None:
        return None
    day = cycles.c.end_day
    amounts = (
        rows.add_columns(
            func.count(case((day < window.start, 1))), func.count(case((day >= window.start, 1)))
        )
        .where(day.between(previous.start, window.end))
        .group_by(person)
    )
    users = table(User)
    with scope.facts() as connection:
        found = connection.execute(amounts).all()
        first = select(func.min(day)).where(cycles.c.account_id == scope.account)
        covered = _covered(scope, connection.execute(first).scalar(), previous, window)
        if not found or (covered.begun and covered.missing_before >= previous.days):
            return Movers((), (), 0, covered.begun)
        ids, before, now = (np.array(column, dtype=np.int64) for column in zip(*found, strict=True))
        missing = max(covered.missing_before, covered.missing_now)
        clear = is_significant(before, now) & (missing <= MISSING * previous.days)
        risers, fallers = _first(before - now, ids), _first(now - before, ids)
        shown = [int(ids[n]) for n in (*risers, *fallers)]
        of_account = and_(users.c.account_id == scope.account, users.c.id.in_(shown))
        names = connection.execute(select(users.c.id, users.c.name).where(of_account)).all()
    name_of = dict(map(tuple, names))

    def movers(places: Sequence[int]) -> tuple[Mover, ...]:
        return tuple(
            Mover(who, name_of.get(who) or f"id {who}", int(before[n]), int(now[n]), bool(clear[n]))
            for n in places
            for who in [int(ids[n])]
        )

    return Movers(movers(risers), movers(fallers), len(found), covered.begun, covered.ended)


@dataclass(frozen=True)
class _Covered:
    """Days without data at the two ends of both windows, and where it begins and ends if so."""

    missing_before: int
    missing_now: int
    begun: date | None
    ended: date | None


def _covered(scope: Scope, first: date | None, previous: Window, window: Window) -> _Covered:
    synced = last_synced(scope)
    last = synced.astimezone(scope.zone).date() if synced else None
    before = (first - previous.start).days if first and previous.start else 0
    now = (window.end - last).days if last and window.end else 0
    # The day of the last sync is known in part, and so is today.
    return _Covered(
        max(before, 0), max(now, 0), first if before > 0 else None, last if now > 1 else None
    )


def _first(loss: Counts, ids: Counts) -> list[int]:
    """The places of the `SHOWN` with the least loss, none where there is none; ties by id."""
    return [int(n) for n in np.lexsort((ids, loss))[:SHOWN] if loss[n] < 0]


def is_significant(before: Counts, now: Counts) -> npt.NDArray[np.bool_]:
    """Which changes are more than chance.

    Without a change each of someone's things is as likely to lie in the one window as in the
    other: a binomial test of the two amounts (Przyborowski and Wilenski 1940). Things come in
    bunches, so both amounts are first divided by how much more people vary around the common change
    than single things would (McCullagh and Nelder 1989, section 4.5, by the median as some did
    change). Of all who are called clear at most `FALSE_SHARE` are expected to be chance (Benjamini
    and Hochberg 1995).
    """
    spread = _spread(before, now)
    less, with_excluded = np.minimum(before, now) / spread, (before + now) / spread
    # The binomial distribution at 1/2, which the beta function gives for parts of things too.
    chance = np.minimum(1.0, 2 * special.betainc(with_excluded - less, less + 1, 0.5))
    ordered = np.sort(chance)
    allowed = FALSE_SHARE * np.arange(1, len(chance) + 1) / max(len(chance), 1)
    passing = ordered[ordered <= allowed]
    return np.asarray(chance <= (passing[-1] if len(passing) else -1.0))


def _spread(before: Counts, now: Counts) -> float:
    total = before + now
    enough = total >= SPREAD_FROM
    share = float(now.sum() / max(total.sum(), 1))
    if enough.sum() < SPREAD_PEOPLE or not 0 < share < 1:
        return 1.0
    expected = total[enough] * share
    squares = (now[enough] - expected) ** 2 / (expected * (1 - share))
    return max(float(np.median(squares)) / MEDIAN_CHI_SQUARE, 1.0)
