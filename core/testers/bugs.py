"""Counting bug reports by tester and by day: what the pages on testers are made of.

Everything is aggregated in the database over one scan of the bugs; nothing is asked tester by
tester. The clock of a bug is the last day of its test cycle, as in every metric.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, and_, case, func, literal, null, or_, select

from core.analytics.dates import Window
from core.analytics.sql import without_index
from core.store import (
    BUG_ACCEPTED,
    BUG_DECIDED,
    Bug,
    CalendarDay,
    Feature,
    Product,
    RejectionReason,
    Scope,
    TestCycle,
    User,
    table,
)

# Words in the key of a rejection reason which say that somebody else was first.
REPEATS = re.compile(r"duplicate|(?<![a-z])known", re.IGNORECASE)
# A source that sent a severity of its own with every bug would make a column of each.
MOST_SEVERITIES = 30
MOST_REPORTS, AT_ONCE = 500, 5_000

BUG = table(Bug)
CYCLE = table(TestCycle)
# What bugs can be counted by: the column, and where the names of its values stand.
OF: Mapping[str, tuple[Any, Any]] = {
    "severity": (BUG.c.severity, None),
    "product": (BUG.c.product_id, table(Product).c.name),
    "feature": (BUG.c.feature_id, table(Feature).c.title),
}
# What is counted of each tester's bugs, for those who want it raw.
DETAILS = (
    "accepted_by_hand",
    "auto_accepted",
    "rejected",
    "open",
    "known",
    "known_said",
    "repeated",
)


@dataclass(frozen=True)
class TesterCounts:
    """Bug reports by tester.

    `people` has one row for each tester with a report: tester_id, tester, reported, decided,
    accepted (by hand or automatically) and points, the sum of the weights of the decided bugs'
    severities. `without_tester` are the reports that name no tester.
    """

    people: pd.DataFrame
    without_tester: int


@dataclass(frozen=True)
class Details:
    """More about the bug reports of each tester, in rows by tester_id.

    `counts` has accepted_by_hand, auto_accepted, rejected, open (forwarded), known (marked as
    known), known_said (those of which it is said whether they were) and repeated (decided, and
    marked as known or rejected for one of `repeat_reasons`). `severities` has the decided bugs, a
    column for each severity.
    """

    counts: pd.DataFrame
    severities: pd.DataFrame


@dataclass(frozen=True)
class BugSelection:
    """Which bugs are looked at; of all testers, unless `tester_id` is one."""

    window: Window
    product_ids: Sequence[int] = ()
    tester_id: int | None = None

    def where(self, account: str) -> ColumnElement[bool]:
        """The condition on a bug of an account."""
        found = [BUG.c.account_id == account]
        days = [
            *([CYCLE.c.end_day >= self.window.start] if self.window.start else []),
            *([CYCLE.c.end_day <= self.window.end] if self.window.end else []),
        ]
        if days:
            # A list of cycles and not a join: see `core.analytics.filters`.
            cycles = select(CYCLE.c.id).where(CYCLE.c.account_id == account, *days)
            found.append(BUG.c.cycle_id.in_(cycles))
        if self.product_ids:
            found.append(BUG.c.product_id.in_(self.product_ids))
        if self.tester_id is not None:
            found.append(BUG.c.tester_id == self.tester_id)
        return and_(*found)


def tester_names(scope: Scope) -> dict[int, str]:
    """Every tester of the account, with or without a bug report, by name."""
    users = table(User).c
    found = select(users.id, users.name).where(
        users.account_id == scope.account, users.kind == "tester"
    )
    with scope.facts() as connection:
        known = [(row[0], row[1]) for row in connection.execute(found)]
    return dict(sorted(known, key=lambda pair: (pair[1].casefold(), pair[1])))


def severities_of(scope: Scope) -> list[str]:
    """The severities that the account's bugs have, the most frequent first."""
    number = func.count()
    found = (
        select(BUG.c.severity)
        .where(BUG.c.account_id == scope.account, BUG.c.severity.is_not(None))
        .group_by(BUG.c.severity)
        .order_by(number.desc(), BUG.c.severity)
        .limit(MOST_SEVERITIES)
    )
    with scope.facts() as connection:
        return list(connection.execute(found).scalars())


def reason_names(scope: Scope) -> dict[str, str]:
    """The rejection reasons of the account's source, by key."""
    reason = table(RejectionReason).c
    found = select(reason.key, reason.name).where(reason.account_id == scope.account)
    with scope.read() as session:
        rows = session.connection().execute(found.order_by(reason.key)).all()
    return {key: name or key for key, name in rows}


def repeat_reasons(scope: Scope) -> list[str]:
    """The keys of the reasons that say that a bug had been found before."""
    keys = [*reason_names(scope), *_reasons_used(scope)]
    return sorted({key for key in keys if REPEATS.search(key)})


def _reasons_used(scope: Scope) -> list[str]:
    used = select(BUG.c.rejection_reason).distinct()
    used = used.where(BUG.c.account_id == scope.account, BUG.c.rejection_reason.is_not(None))
    with scope.facts() as connection:
        return list(connection.execute(used).scalars())


def count_by_tester(
    scope: Scope, *, selection: BugSelection, weights: Mapping[str, float]
) -> TesterCounts:
    """The bug reports of the window by tester, with the points of those that are decided."""
    status = BUG.c.status
    weighed = {severity: weight for severity, weight in weights.items() if weight}
    worth = case(weighed, value=BUG.c.severity, else_=0.0) if weighed else literal(0.0)
    columns = [
        func.count(),
        func.count().filter(status.in_(BUG_DECIDED)),
        func.count().filter(status.in_(BUG_ACCEPTED)),
        func.coalesce(func.sum(worth).filter(status.in_(BUG_DECIDED)), 0.0),
    ]
    rows = _by_tester(scope, columns, selection)
    names = ["tester_id", "tester", "reported", "decided", "accepted", "points"]
    people = pd.DataFrame([row for row in rows if row[0] is not None], columns=names)
    # Rounded, so that sums of tenths are the same in whatever order they were added.
    points = people["points"].astype(float).round(6)
    counts = people[["tester_id", "reported", "decided", "accepted"]].astype(int)
    without_tester = sum(row[2] for row in rows if row[0] is None)
    return TesterCounts(people.assign(**counts, points=points), without_tester)


def count_details(scope: Scope, *, selection: BugSelection) -> Details:
    """What else is counted of each tester's bug reports, and their severities."""
    severities = severities_of(scope)
    status, known = BUG.c.status, BUG.c.known
    repeats = repeat_reasons(scope)
    found_before = or_(
        known.is_(True), and_(status == "rejected", BUG.c.rejection_reason.in_(repeats))
    )
    counted = [
        *(status == "accepted", status == "auto_accepted", status == "rejected"),
        *(status == "forwarded", known.is_(True), known.is_not(None)),
        and_(status.in_(BUG_DECIDED), found_before),
        *(and_(status.in_(BUG_DECIDED), BUG.c.severity == severity) for severity in severities),
    ]
    columns = [func.count().filter(condition) for condition in counted]
    rows = _by_tester(scope, columns, selection)
    found = [(row[0], *row[2:]) for row in rows if row[0] is not None]
    # Severities by number: one can have any name.
    frame = pd.DataFrame(found, columns=["tester_id", *DETAILS, *range(len(severities))])
    frame = frame.astype(int).set_index("tester_id")
    by_severity = frame[list(range(len(severities)))].set_axis(severities, axis=1)
    return Details(frame[list(DETAILS)], by_severity)


def _by_tester(
    scope: Scope, columns: Sequence[Any], selection: BugSelection
) -> list[tuple[Any, ...]]:
    """The columns by tester id and name; nobody is a tester too, without either."""
    tester = without_index(BUG.c.tester_id)
    counts = select(tester, *columns).where(selection.where(scope.account)).group_by(tester)
    users = table(User).c
    names = select(users.id, users.name).where(users.account_id == scope.account)
    with scope.facts() as connection:
        rows = connection.execute(counts).all()
        known = {row[0]: row[1] for row in connection.execute(names)}
    return [(row[0], known.get(row[0]), *row[1:]) for row in rows]


def count_breadth(scope: Scope, *, selection: BugSelection) -> pd.DataFrame:
    """How many products and features the bugs of each tester_id are about."""
    columns = [func.count(BUG.c.product_id.distinct()), func.count(BUG.c.feature_id.distinct())]
    rows = _by_tester(scope, columns, selection)
    found = [(row[0], *row[2:]) for row in rows if row[0] is not None]
    frame = pd.DataFrame(found, columns=["tester_id", "products", "features"])
    return frame.astype(int).set_index("tester_id")


def count_by_day(scope: Scope, *, selection: BugSelection) -> pd.DataFrame:
    """Bug reports by the day of their cycle's end, status, and the reason of a rejection.

    One row for each day (None for bugs without one), status and reason: day, status, reason,
    bugs.
    """
    reason = case((BUG.c.status == "rejected", BUG.c.rejection_reason), else_=null())
    joined = BUG.outerjoin(
        CYCLE, and_(CYCLE.c.account_id == BUG.c.account_id, CYCLE.c.id == BUG.c.cycle_id)
    )
    keys = [CYCLE.c.end_day.label("day"), BUG.c.status, reason.label("reason")]
    counts = (
        select(*keys, func.count().label("bugs"))
        .select_from(joined)
        .where(selection.where(scope.account))
        .group_by(*keys)
    )
    with scope.facts() as connection:
        rows = connection.execute(counts).all()
    return pd.DataFrame(rows, columns=["day", "status", "reason", "bugs"], dtype=object)


def count_by_month(
    scope: Scope, *, selection: BugSelection, tester_ids: Iterable[int]
) -> pd.DataFrame:
    """The reports of testers by month of their cycle's end: month, who, amount.

    `who` is one of these testers, or None for all the others; reports without a tester or a month
    are left out.
    """
    tester, calendar = BUG.c.tester_id, table(CalendarDay).c
    who = case((tester.in_(list(tester_ids)), tester), else_=null()).label("who")
    # By day first: days are few, and compare faster than the names of their months.
    days = (
        select(CYCLE.c.end_day, who, func.count().label("amount"))
        .join_from(
            BUG, CYCLE, and_(CYCLE.c.account_id == BUG.c.account_id, CYCLE.c.id == BUG.c.cycle_id)
        )
        .where(selection.where(scope.account), tester.is_not(None))
        .group_by(CYCLE.c.end_day, who)
        .subquery()
    )
    counts = (
        select(calendar.month, days.c.who, func.sum(days.c.amount))
        .join_from(days, table(CalendarDay), calendar.day == days.c.end_day)
        .where(calendar.account_id == scope.account)
        .group_by(calendar.month, days.c.who)
    )
    with scope.facts() as connection:
        rows = [(month, who, int(amount)) for month, who, amount in connection.execute(counts)]
    return pd.DataFrame(rows, columns=["month", "who", "amount"])


def count_by_value(scope: Scope, *, selection: BugSelection, of: str) -> pd.DataFrame:
    """Bug reports by severity, product or feature, the most frequent first.

    Columns key (None for bugs without one), label (None where it has no name), reported, decided,
    accepted.
    """
    column, name = OF[of]
    key = without_index(column)
    status = BUG.c.status
    counts = (
        select(
            key,
            func.count(),
            func.count().filter(status.in_(BUG_DECIDED)),
            func.count().filter(status.in_(BUG_ACCEPTED)),
        )
        .where(selection.where(scope.account))
        .group_by(key)
    )
    with scope.facts() as connection:
        rows = [tuple(row) for row in connection.execute(counts)]
        known: Mapping[Any, str | None] = {}
        if name is not None:
            members = name.table.c
            found = select(members.id, name).where(members.account_id == scope.account)
            known = {row[0]: row[1] for row in connection.execute(found)}
    frame = pd.DataFrame(
        [(row[0], row[0] if name is None else known.get(row[0]), *row[1:]) for row in rows],
        columns=["key", "label", "reported", "decided", "accepted"],
        dtype=object,
    )
    counted = {c: frame[c].astype(int) for c in ("reported", "decided", "accepted")}
    order = frame.assign(**counted, text=frame["key"].astype(str))
    order = order.sort_values(["reported", "text"], ascending=[False, True], ignore_index=True)
    return order.drop(columns="text")


def count_maturing(scope: Scope, *, selection: BugSelection, since: date) -> tuple[int, int]:
    """The bugs of cycles that ended after a day, and how many of them are not decided yet."""
    late = select(CYCLE.c.id).where(CYCLE.c.account_id == scope.account, CYCLE.c.end_day > since)
    is_open = or_(BUG.c.status.is_(None), BUG.c.status.not_in(BUG_DECIDED))
    counts = select(func.count(), func.count().filter(is_open))
    with scope.facts() as connection:
        found = connection.execute(
            counts.where(selection.where(scope.account), BUG.c.cycle_id.in_(late))
        ).one()
    return int(found[0]), int(found[1])


def bug_reports(
    scope: Scope, *, selection: BugSelection, limit: int | None = MOST_REPORTS
) -> pd.DataFrame:
    """The bug reports in a selection, the latest first, those without a day last.

    Columns id, day (the last of their cycle), title, severity, status, known, reason (the key),
    product and feature (names); None where it is not known.
    """
    product, feature = table(Product), table(Feature)
    joined: Any = BUG
    for other, own in (
        (CYCLE, BUG.c.cycle_id),
        (product, BUG.c.product_id),
        (feature, BUG.c.feature_id),
    ):
        of_bug = and_(other.c.account_id == BUG.c.account_id, other.c.id == own)
        joined = joined.outerjoin(other, of_bug)
    chosen: dict[str, Any] = {
        "id": BUG.c.id,
        "day": CYCLE.c.end_day,
        "severity": BUG.c.severity,
        "status": BUG.c.status,
        "known": BUG.c.known,
        "reason": BUG.c.rejection_reason,
        "product": product.c.name,
        "feature": feature.c.title,
    }
    found = (
        select(*chosen.values())
        .select_from(joined)
        .where(selection.where(scope.account))
        .order_by(CYCLE.c.end_day.is_(None), CYCLE.c.end_day.desc(), BUG.c.id.desc())
        .limit(limit)
    )
    with scope.facts() as connection:
        rows = [tuple(row) for row in connection.execute(found)]
    titles = _titles(scope, [row[0] for row in rows])
    frame = pd.DataFrame(rows, columns=list(chosen), dtype=object)
    frame.insert(2, "title", pd.Series([titles.get(row[0]) for row in rows], dtype=object))
    return frame


def _titles(scope: Scope, ids: Sequence[int]) -> dict[int, str | None]:
    """The titles of bugs, which only the store has."""
    found: dict[int, str | None] = {}
    with scope.read() as session:
        connection = session.connection()
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            titled = select(BUG.c.id, BUG.c.title)
            titled = titled.where(BUG.c.account_id == scope.account, BUG.c.id.in_(some))
            found |= {row[0]: row[1] for row in connection.execute(titled)}
    return found
