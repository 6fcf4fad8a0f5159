"""One customer user: the cycles that they had a part in, and what these were about and found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, and_, case, func, or_, select

from core.analytics.account_settings import EngagementSettings, settings_of
from core.analytics.dates import Window, every_period
from core.analytics.query import metric_rows
from core.analytics.series import TREND_DAYS, people_query
from core.engagement.participation import CYCLE, of_products
from core.engagement.segments import activity_of, lifecycle_of
from core.store import BUG_ACCEPTED, BUG_DECIDED, Bug, Product, Scope, TestFeature, table

HISTORY = (
    *("cycle_id", "title", "product", "status", "testing_type", "start_day", "end_day", "part"),
    *("features", "bugs", "decided", "accepted"),
)
SERIES = {"Created": "created_by_id", "Submitted": "submitted_by_id"}
Bugs = Mapping[int, tuple[int, ...]]
_LINK = table(TestFeature).c


@dataclass(frozen=True)
class Customer:
    """A customer user over a window.

    `history` has a row for each cycle that they created or submitted, the latest first, with the
    columns of `HISTORY`: `part` is what they did, `features` and `bugs` are numbers. `undated` of
    their cycles have no date, and stand in no window but all time. `trend` has period (month),
    series (Created, Submitted) and value over the window or the last year where that is longer;
    `products`, `features` (name, cycles, bugs) and `severities` (severity, bugs) are about the
    cycles that they created. `first` and `last` are the days on which their first and latest cycle
    ended or ends, whatever the window; see `core.engagement.segments` for the rest.
    """

    history: pd.DataFrame
    undated: int
    trend: pd.DataFrame
    products: pd.DataFrame
    features: pd.DataFrame
    severities: pd.DataFrame
    first: date | None
    last: date | None
    activity: str
    lifecycle: str | None

    @property
    def created(self) -> int:
        """The cycles of the window that they created."""
        return _with(self.history, "created")

    @property
    def submitted(self) -> int:
        """The cycles of the window that they submitted, including those created by others."""
        return _with(self.history, "submitted")


def customer(
    scope: Scope,
    *,
    person: int,
    window: Window,
    product_ids: Sequence[int] = (),
    today: date,
    settings: EngagementSettings | None = None,
) -> Customer:
    """What a customer user did in the window; `settings` as for `engagement`."""
    settings = settings or settings_of(scope, EngagementSettings)
    mine = [
        *of_products(scope.account, product_ids),
        or_(CYCLE.created_by_id == person, CYCLE.submitted_by_id == person),
    ]
    span = window.at_least(TREND_DAYS, today)
    longest = window if window.days is None else span
    with scope.read() as session, scope.store.read_facts(session) as copy:
        stored = session.connection()
        facts = stored if copy is None else copy
        first, last, undated = facts.execute(
            select(
                *(func.min(CYCLE.end_day), func.max(CYCLE.end_day)),
                func.count(case((CYCLE.end_day.is_(None), 1))),
            ).where(*mine)
        ).one()
        cycles = _cycles(stored, [*mine, longest.contains(CYCLE.end_day)], person)
        seen = [*mine, window.contains(CYCLE.end_day)]
        bugs = _bugs(facts, seen)
        severities = _severities(facts, [*seen, CYCLE.created_by_id == person])
    inside = [cycle for cycle in cycles if window.takes(cycle["end_day"])]
    history = _history(inside, bugs)
    of_person = people_query(window, product_ids)
    of_person["filters"] = (of_person["filters"] or {}) | {"customer_id": [person]}
    return Customer(
        history=history,
        undated=undated,
        trend=_trend(cycles, person, span, today),
        products=_products(history),
        features=_features(scope, of_person),
        severities=severities,
        first=first,
        last=last,
        activity=activity_of(_with(history, "created"), settings),
        lifecycle=lifecycle_of(first, last, today=today, settings=settings),
    )


def _cycles(stored: Connection, seen: Sequence[Any], person: int) -> list[dict[str, Any]]:
    """The person's cycles, the latest first, those without a date last."""
    product = table(Product).c
    features = (
        select(func.count())
        .where(_LINK.account_id == CYCLE.account_id, _LINK.cycle_id == CYCLE.id)
        .scalar_subquery()
    )
    asked = (
        select(
            *(CYCLE.id.label("cycle_id"), CYCLE.title, product.name.label("product")),
            *(CYCLE.product_id, CYCLE.status, CYCLE.testing_type, CYCLE.start_day, CYCLE.end_day),
            *(CYCLE.created_by_id, CYCLE.submitted_by_id, features.label("features")),
        )
        .outerjoin(
            table(Product),
            and_(product.account_id == CYCLE.account_id, product.id == CYCLE.product_id),
        )
        .where(*seen)
        .order_by(CYCLE.end_day.is_(None), CYCLE.end_day.desc(), CYCLE.id.desc())
    )
    found = []
    for row in stored.execute(asked).mappings().all():
        parts = {"created": row["created_by_id"], "submitted": row["submitted_by_id"]}
        said = " and ".join(part for part, who in parts.items() if who == person)
        found.append(dict(row) | {"part": said})
    return found


def _bugs(facts: Connection, seen: Sequence[Any]) -> Bugs:
    """By cycle: bugs, decided, accepted; each bug is of one cycle, and counted once."""
    bug = table(Bug).c
    asked = (
        select(
            *(bug.cycle_id, func.count()),
            func.count(case((bug.status.in_(BUG_DECIDED), 1))),
            func.count(case((bug.status.in_(BUG_ACCEPTED), 1))),
        )
        .where(bug.account_id == CYCLE.account_id, bug.cycle_id == CYCLE.id, *seen)
        .group_by(bug.cycle_id)
    )
    return {cycle: tuple(counts) for cycle, *counts in facts.execute(asked).all()}


def _severities(facts: Connection, seen: Sequence[Any]) -> pd.DataFrame:
    """The bugs of these cycles: severity, bugs; the most first."""
    bug = table(Bug).c
    asked = (
        select(bug.severity, func.count())
        .where(bug.account_id == CYCLE.account_id, bug.cycle_id == CYCLE.id, *seen)
        .group_by(bug.severity)
    )
    rows = [tuple(row) for row in facts.execute(asked).all()]
    rows.sort(key=lambda row: (-row[1], row[0] or ""))
    return pd.DataFrame(rows, columns=["severity", "bugs"])


def _history(cycles: Sequence[Mapping[str, Any]], bugs: Bugs) -> pd.DataFrame:
    of_cycle, none = HISTORY[:-3], (0, 0, 0)
    rows = [
        (*(cycle[name] for name in of_cycle), *bugs.get(cycle["cycle_id"], none))
        for cycle in cycles
    ]
    return pd.DataFrame(rows, columns=list(HISTORY))


def _with(history: pd.DataFrame, part: str) -> int:
    return sum(_is(part, parts) for parts in history["part"])


def _is(part: str, parts: str) -> bool:
    return part in parts.split(" and ")


def _trend(
    cycles: Sequence[Mapping[str, Any]], person: int, span: Window, today: date
) -> pd.DataFrame:
    days = Counter(
        (cycle["end_day"], series)
        for cycle in cycles
        if cycle["end_day"] is not None and span.takes(cycle["end_day"])
        for series, role in SERIES.items()
        if cycle[role] == person
    )
    amounts = Counter[tuple[str, str]]()
    for (day, series), count in days.items():
        amounts[f"{day:%Y-%m}", series] += count
    known = {month for month, _ in amounts}
    months = (
        every_period("month", min(known), _last_month(max(known), span, today)) if known else []
    )
    rows = [(month, series, amounts[month, series]) for series in SERIES for month in months]
    return pd.DataFrame(rows, columns=["period", "series", "value"])


def _last_month(last: str, span: Window, today: date) -> str:
    """Up to the present month, or a year of nothing: one who stopped is seen to have stopped."""
    present = f"{min(span.end or today, today):%Y-%m}"
    year_on = f"{int(last[:4]) + 1}{last[4:]}"
    return max(last, min(present, year_on))


def _products(history: pd.DataFrame) -> pd.DataFrame:
    """By product of the cycles that they created: name, cycles, bugs."""
    created = history[history["part"].isin(["created", "created and submitted"])]
    counted = created.groupby("product", dropna=False)
    found = counted.agg(cycles=("cycle_id", "size"), bugs=("bugs", "sum")).reset_index()
    return _most_first(found.rename(columns={"product": "name"}))


def _features(scope: Scope, asked: Mapping[str, Any]) -> pd.DataFrame:
    """By feature of the cycles that they created: name, cycles, bugs."""
    rows = metric_rows(
        scope, metrics=["tests_created", "bug_count"], dimensions=["feature"], **asked
    )
    found = pd.DataFrame(
        [
            (
                row["feature"] or (row["feature_id"] and f"Feature {row['feature_id']}"),
                *(row["tests_created"], row["bug_count"]),
            )
            for row in rows
        ],
        columns=["name", "cycles", "bugs"],
    )
    return _most_first(found)


def _most_first(found: pd.DataFrame) -> pd.DataFrame:
    """Most cycles first, what has no product or feature last."""
    found = found.assign(none=found["name"].isna()).sort_values(
        ["none", "cycles", "bugs", "name"], ascending=[True, False, False, True], ignore_index=True
    )
    return found[["name", "cycles", "bugs"]]
