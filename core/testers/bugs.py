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
from core.analytics.query import metric_rows
from core.analytics.sql import without_index
from core.base import clock
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
    chunks,
    table,
)

# Words in the key of a rejection reason which say that somebody else was first.
REPEATS = re.compile(r"duplicate|(?<![a-z])known", re.IGNORECASE)
# A source that sent a severity of its own with every bug would make a column of each.
MOST_SEVERITIES = 30
MOST_REPORTS = 500

BUG = table(Bug)
CYCLE = table(TestCycle)
OF_CYCLE = and_(CYCLE.c.account_id == BUG.c.account_id, CYCLE.c.id == BUG.c.cycle_id)
# What bugs can be counted by: the column, and where the names of its values stand.
OF: Mapping[str, tuple[Any, Any]] = {
    "severity": (BUG.c.severity, None),
    "product": (BUG.c.product_id, table(Product).c.name),
    "feature": (BUG.c.feature_id, table(Feature).c.title),
}
# The reports, those decided, and those accepted by hand or automatically.
REPORTED: Mapping[str, ColumnElement[Any]] = {
    "reported": func.count(),
    "decided": func.count().filter(BUG.c.status.in_(BUG_DECIDED)),
    "accepted": func.count().filter(BUG.c.status.in_(BUG_ACCEPTED)),
}


@dataclass(frozen=True)
class Details:
    """More about the bug reports of each tester, in rows by tester_id.

    `counts` has accepted_by_hand, auto_accepted, rejected, open (forwarded), known (marked as
    known), known_said (those of which it is said whether they were) and repeated (decided, and
    marked as known or rejected for one of `repeat_reasons`), and last_active, the day of the latest
    report that is not ahead. `severities` has the decided bugs, a column for each severity.
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
        if self.window.start or self.window.end:
            # A list of cycles and not a join: see `core.analytics.filters`.
            cycles = select(CYCLE.c.id).where(
                CYCLE.c.account_id == account, self.window.contains(CYCLE.c.end_day)
            )
            found.append(BUG.c.cycle_id.in_(cycles))
        if self.product_ids:
            found.append(BUG.c.product_id.in_(self.product_ids))
        if self.tester_id is not None:
            found.append(BUG.c.tester_id == self.tester_id)
        return and_(*found)


def severities_of(scope: Scope) -> list[str]:
    """The severities that the account's bugs have, the most frequent first."""
    asked = {"metrics": "bug_count", "dimensions": "severity", "limit": MOST_SEVERITIES + 1}
    found = [row["severity"] for row in metric_rows(scope, **asked)]
    return [severity for severity in found if severity is not None][:MOST_SEVERITIES]


def reason_names(scope: Scope) -> dict[str, str]:
    """The rejection reasons of the account's source, by key."""
    found = scope.objects(RejectionReason, order_by=[table(RejectionReason).c.key])
    return {reason.key: reason.name or reason.key for reason in found}


def repeat_reasons(scope: Scope) -> list[str]:
    """The keys of the reasons that say that a bug had been found before."""
    used = select(BUG.c.rejection_reason).distinct()
    used = used.where(BUG.c.account_id == scope.account, BUG.c.rejection_reason.is_not(None))
    keys = {*reason_names(scope), *(row[0] for row in scope.fact_rows(used))}
    return sorted(key for key in keys if REPEATS.search(key))


def count_by_tester(
    scope: Scope, *, selection: BugSelection, weights: Mapping[str, float]
) -> tuple[pd.DataFrame, int]:
    """The bug reports of each tester, and the number of reports that name no tester.

    A row for each tester with a report: tester_id, tester, reported, decided, accepted (by hand or
    automatically); of the decided bugs, weighed (with a weight), unknown (of a severity that the
    weights do not name), the sums of the severities' weights, points, and of their squares,
    squares; earned and earned_squares are those sums of the accepted bugs.
    """
    weighed = {severity: weight for severity, weight in weights.items() if weight}
    worth = case(weighed, value=BUG.c.severity, else_=0.0) if weighed else literal(0.0)
    is_unnamed = or_(BUG.c.severity.is_(None), BUG.c.severity.not_in(list(weights)))
    decided, accepted = BUG.c.status.in_(BUG_DECIDED), BUG.c.status.in_(BUG_ACCEPTED)
    sums = {
        "points": func.sum(worth).filter(decided),
        "squares": func.sum(worth * worth).filter(decided),
        "earned": func.sum(worth).filter(accepted),
        "earned_squares": func.sum(worth * worth).filter(accepted),
    }
    counts = {
        **REPORTED,
        "weighed": func.count().filter(decided, BUG.c.severity.in_(list(weighed))),
        "unknown": func.count().filter(decided, is_unnamed),
    }
    found = _by_tester(scope, counts | sums, selection)
    people = _of_testers(found, [*counts]).reset_index()
    people.insert(1, "tester", people["tester_id"].map(_names(scope, table(User).c.name)))
    # Rounded, so that sums of tenths are the same in whatever order they were added.
    people[[*sums]] = people[[*sums]].astype(float).fillna(0.0).round(6)
    return people, int(found.loc[found["tester_id"].isna(), "reported"].sum())


def count_details(scope: Scope, *, selection: BugSelection) -> Details:
    """What else is counted of each tester's bug reports, and their severities."""
    severities = severities_of(scope)
    status, known = BUG.c.status, BUG.c.known
    is_decided = status.in_(BUG_DECIDED)
    is_repeat = (status == "rejected") & BUG.c.rejection_reason.in_(repeat_reasons(scope))
    counted = {
        "accepted_by_hand": status == "accepted",
        "auto_accepted": status == "auto_accepted",
        "rejected": status == "rejected",
        "open": status == "forwarded",
        "known": known.is_(True),
        "known_said": known.is_not(None),
        "repeated": is_decided & (known.is_(True) | is_repeat),
    }
    # Severities by number: one can have any name.
    by_severity = {n: is_decided & (BUG.c.severity == name) for n, name in enumerate(severities)}
    columns: dict[Any, Any] = {
        name: func.count().filter(condition) for name, condition in (counted | by_severity).items()
    }
    reported = BUG.c.reported_day
    latest = func.max(reported).filter(reported <= clock.today(scope.zone))
    found = _by_tester(scope, columns | {"last_active": latest}, selection)
    frame = _of_testers(found, [*columns])
    named = frame[[*by_severity]].set_axis(severities, axis=1)
    return Details(frame[[*counted, "last_active"]], named)


def count_breadth(scope: Scope, *, selection: BugSelection) -> pd.DataFrame:
    """How many products and features the bugs of each tester_id are about."""
    columns = {
        "products": func.count(BUG.c.product_id.distinct()),
        "features": func.count(BUG.c.feature_id.distinct()),
    }
    return _of_testers(_by_tester(scope, columns, selection), [*columns])


def _by_tester(scope: Scope, columns: Mapping[Any, Any], selection: BugSelection) -> pd.DataFrame:
    """The columns by tester_id, which is None for reports without a tester."""
    tester = without_index(BUG.c.tester_id)
    asked = select(tester, *columns.values()).where(selection.where(scope.account))
    rows = scope.fact_rows(asked.group_by(tester))
    return pd.DataFrame(rows, columns=["tester_id", *columns], dtype=object)


def _names(scope: Scope, name: Any) -> dict[int, str | None]:
    """The account's values of a column of names, by id."""
    members = name.table.c
    asked = select(members.id, name).where(members.account_id == scope.account)
    return {row[0]: row[1] for row in scope.fact_rows(asked)}


def _of_testers(found: pd.DataFrame, counts: Sequence[Any]) -> pd.DataFrame:
    """The rows of testers, by their id, with whole counts."""
    own = found[found["tester_id"].notna()].astype(dict.fromkeys(["tester_id", *counts], int))
    return own.set_index("tester_id")


def count_by_day(scope: Scope, *, selection: BugSelection) -> pd.DataFrame:
    """Bug reports by the day of their cycle's end, status, and the reason of a rejection.

    One row for each day (None for bugs without one), status and reason: day, status, reason,
    bugs.
    """
    reason = case((BUG.c.status == "rejected", BUG.c.rejection_reason), else_=null())
    keys = [CYCLE.c.end_day.label("day"), BUG.c.status, reason.label("reason")]
    counts = (
        select(*keys, func.count().label("bugs"))
        .outerjoin_from(BUG, CYCLE, OF_CYCLE)
        .where(selection.where(scope.account))
        .group_by(*keys)
    )
    columns = ["day", "status", "reason", "bugs"]
    return pd.DataFrame(scope.fact_rows(counts), columns=columns, dtype=object)


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
        .join_from(BUG, CYCLE, OF_CYCLE)
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
    rows = [(month, who, int(amount)) for month, who, amount in scope.fact_rows(counts)]
    return pd.DataFrame(rows, columns=["month", "who", "amount"])


def count_by_value(scope: Scope, *, selection: BugSelection, of: str) -> pd.DataFrame:
    """Bug reports by severity, product or feature, the most frequent first.

    Columns key (None for bugs without one), label (None where it has no name), reported, decided,
    accepted.
    """
    column, name = OF[of]
    key = without_index(column)
    counts = select(key, *REPORTED.values()).where(selection.where(scope.account)).group_by(key)
    rows = sorted(scope.fact_rows(counts), key=lambda row: (-row[1], str(row[0])))
    keys = [row[0] for row in rows]
    known = dict(zip(keys, keys, strict=True)) if name is None else _names(scope, name)
    frame = pd.DataFrame(rows, columns=["key", *REPORTED], dtype=object)
    frame.insert(1, "label", pd.Series([known.get(key) for key in keys], dtype=object))
    return frame.astype(dict.fromkeys(REPORTED, int))


def count_maturing(scope: Scope, *, selection: BugSelection, since: date) -> tuple[int, int]:
    """The bugs of cycles that ended after a day, and how many of them are not decided yet."""
    late = select(CYCLE.c.id).where(CYCLE.c.account_id == scope.account, CYCLE.c.end_day > since)
    is_open = or_(BUG.c.status.is_(None), BUG.c.status.not_in(BUG_DECIDED))
    counts = select(func.count(), func.count().filter(is_open))
    counts = counts.where(selection.where(scope.account), BUG.c.cycle_id.in_(late))
    ((number, undecided),) = scope.fact_rows(counts)
    return number, undecided


def bug_reports(
    scope: Scope, *, selection: BugSelection, limit: int | None = MOST_REPORTS
) -> pd.DataFrame:
    """The bug reports in a selection, the latest first, those without a day last.

    Columns id, day (the last of their cycle), title, severity, status, known, reason (the key),
    product and feature (names); None where it is not known.
    """
    product, feature = table(Product), table(Feature)
    of_product = (product.c.account_id == BUG.c.account_id) & (product.c.id == BUG.c.product_id)
    of_feature = (feature.c.account_id == BUG.c.account_id) & (feature.c.id == BUG.c.feature_id)
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
        .outerjoin_from(BUG, CYCLE, OF_CYCLE)
        .outerjoin(product, of_product)
        .outerjoin(feature, of_feature)
        .where(selection.where(scope.account))
        .order_by(CYCLE.c.end_day.is_(None), CYCLE.c.end_day.desc(), BUG.c.id.desc())
        .limit(limit)
    )
    frame = pd.DataFrame(scope.fact_rows(found), columns=list(chosen), dtype=object)
    # Titles are in the store alone, not among the facts.
    titled = select(BUG.c.id, BUG.c.title).where(BUG.c.account_id == scope.account)
    parts = (scope.rows(titled.where(BUG.c.id.in_(ids))) for ids in chunks(list(frame["id"])))
    titles = {row.id: row.title for rows in parts for row in rows}
    frame.insert(2, "title", pd.Series(map(titles.get, frame["id"]), dtype=object))
    return frame
