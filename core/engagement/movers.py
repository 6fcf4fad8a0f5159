"""Who moved most: people between a window and the one of the same length before it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special
from sqlalchemy import Select, case, func, select

from core.analytics.dates import Window
from core.analytics.freshness import last_synced, maturing_since
from core.base import clock
from core.engagement.participation import CYCLE, of_products
from core.store import BUG_ACCEPTED, Bug, Scope, User, table

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
    def certainty(self) -> str:
        """Whether chance may explain the change."""
        return "clear" if self.is_significant else "may be chance"

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
    clear. Each window has `days`, those of settled bugs up to the day `settled`.
    """

    risers: tuple[Mover, ...]
    fallers: tuple[Mover, ...]
    people: int
    begun: date | None = None
    ended: date | None = None
    days: int = 0
    settled: date | None = None


def movers_of_customers(
    scope: Scope, *, window: Window, product_ids: Sequence[int] = ()
) -> Movers | None:
    """Customer users by the change in cycles created; None where nothing lies before the window."""
    person = CYCLE.created_by_id
    found = select(person).where(*of_products(scope.account, product_ids), person.is_not(None))
    return _movers(scope, found, person, window)


def movers_of_testers(
    scope: Scope, *, window: Window, product_ids: Sequence[int] = (), since: date | None = None
) -> Movers | None:
    """Testers by the change in accepted bugs; None where nothing lies before the window.

    A bug counts when its test cycle ended, as everywhere, and is settled: the newest bugs, still
    being decided, would make everyone fall. `since` is `maturing_since`.
    """
    since = since or maturing_since(scope, clock.today(scope.zone))
    bugs = table(Bug).c
    of_cycle = (CYCLE.account_id == scope.account, CYCLE.id == bugs.cycle_id)
    accepted = (bugs.account_id == scope.account, bugs.status.in_(BUG_ACCEPTED))
    found = select(bugs.tester_id).where(*of_cycle, *accepted, bugs.tester_id.is_not(None))
    if product_ids:
        found = found.where(bugs.product_id.in_(product_ids))
    if window.start is None or window.end is None or window.end <= since:
        return _movers(scope, found, bugs.tester_id, window)
    if window.start > since:
        return Movers((), (), 0)
    moved = _movers(scope, found, bugs.tester_id, Window(window.start, since))
    return moved and replace(moved, settled=since)


def _movers(scope: Scope, rows: Select[Any], person: Any, window: Window) -> Movers | None:
    previous = window.previous
    if previous is None or previous.start is None or previous.days is None:
        return None
    day = CYCLE.end_day
    amounts = (
        rows.add_columns(
            func.count(case((day < window.start, 1))), func.count(case((day >= window.start, 1)))
        )
        .where(day.between(previous.start, window.end))
        .group_by(person)
        .order_by(person)
    )
    with scope.facts() as connection:
        found = connection.execute(amounts).all()
        first = connection.execute(
            select(func.min(day)).where(CYCLE.account_id == scope.account)
        ).scalar()
        synced = last_synced(scope)
        last = synced.astimezone(scope.zone).date() if synced else None
        missing_before = (first - previous.start).days if first else 0
        missing_now = (window.end - last).days if last and window.end else 0
        begun = first if missing_before > 0 else None
        if not found or missing_before >= previous.days:
            return Movers((), (), 0, begun, days=previous.days)
        people = pd.DataFrame(found, columns=["person_id", "before", "now"]).astype(int)
        is_whole = max(missing_before, missing_now) <= MISSING * previous.days
        before, now = (people[window].to_numpy() for window in ("before", "now"))
        people = people.assign(
            change=now - before, is_significant=is_significant(before, now) & is_whole
        )
        # Of equal changes the lower id comes first.
        risers = people[people["change"] > 0].nlargest(SHOWN, "change")
        fallers = people[people["change"] < 0].nsmallest(SHOWN, "change")
        users, ids = table(User).c, [*risers["person_id"], *fallers["person_id"]]
        asked = select(users.id, users.name).where(users.account_id == scope.account)
        names = {row.id: row.name for row in connection.execute(asked.where(users.id.in_(ids)))}

    def movers(side: pd.DataFrame) -> tuple[Mover, ...]:
        rows: Any = side.drop(columns="change").to_dict("records")
        return tuple(
            Mover(name=names.get(row["person_id"]) or f"id {row['person_id']}", **row)
            for row in rows
        )

    return Movers(
        movers(risers),
        movers(fallers),
        len(people),
        begun,
        # The day of the last sync is known in part, and so is today.
        ended=last if missing_now > 1 else None,
        days=previous.days,
    )


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
