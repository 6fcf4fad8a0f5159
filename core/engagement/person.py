"""One customer user: the cycles that they had a part in, and what these were about and found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, case, func, or_, select

from core.analytics.account_settings import EngagementSettings, settings_of
from core.analytics.dates import Window, every_period
from core.analytics.explore import feature_names
from core.analytics.query import metric_rows
from core.analytics.series import TREND_DAYS, people_query
from core.engagement.participation import CYCLE, cycles_statement, of_products, part_in
from core.engagement.segments import activity_of, lifecycle_of
from core.store import BUG_ACCEPTED, BUG_DECIDED, Bug, FactReader, Scope, TestFeature, table

HISTORY = (
    *("cycle_id", "title", "product", "status", "testing_type", "start_day", "end_day", "part"),
    *("features", "bugs", "decided", "accepted"),
)
OF_BUGS = HISTORY[-3:]
SERIES = {"Created": "created_by_id", "Submitted": "submitted_by_id"}
BUG = table(Bug).c
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
    with scope.facts() as facts:
        first, last, undated = facts.execute(
            select(
                *(func.min(CYCLE.end_day), func.max(CYCLE.end_day)),
                func.count(case((CYCLE.end_day.is_(None), 1))),
            ).where(*mine)
        ).one()
        cycles = _cycles(facts.stored, [*mine, longest.contains(CYCLE.end_day)], person)
        seen = [*mine, window.contains(CYCLE.end_day)]
        outcomes = [func.count(case((BUG.status.in_(of), 1))) for of in (BUG_DECIDED, BUG_ACCEPTED)]
        bugs = {row[0]: row[1:] for row in _bugs_by(BUG.cycle_id, facts, seen, *outcomes)}
        severities = _bugs_by(BUG.severity, facts, [*seen, CYCLE.created_by_id == person])
    history = pd.DataFrame(
        [
            cycle | dict(zip(OF_BUGS, bugs.get(cycle["cycle_id"], (0, 0, 0)), strict=True))
            for cycle in cycles
            if window.takes(cycle["end_day"])
        ],
        columns=list(HISTORY),
    )
    of_person = people_query(window, product_ids)
    of_person["filters"] = (of_person["filters"] or {}) | {"customer_id": [person]}
    return Customer(
        history=history,
        undated=undated,
        trend=_trend(cycles, person, span, today),
        products=_products(history),
        features=_features(scope, of_person),
        severities=pd.DataFrame(severities, columns=["severity", "bugs"]).sort_values(
            ["bugs", "severity"], ascending=[False, True], na_position="first", ignore_index=True
        ),
        first=first,
        last=last,
        activity=activity_of(_with(history, "created"), settings),
        lifecycle=lifecycle_of(first, last, today=today, settings=settings),
    )


def _with(history: pd.DataFrame, part: str) -> int:
    return int(history["part"].str.contains(part).sum())


def _cycles(stored: Connection, seen: Sequence[Any], person: int) -> list[dict[str, Any]]:
    """The person's cycles, the latest first, those without a date last."""
    features = (
        select(func.count())
        .where(_LINK.account_id == CYCLE.account_id, _LINK.cycle_id == CYCLE.id)
        .scalar_subquery()
    )
    asked = (
        cycles_statement(CYCLE.testing_type, CYCLE.start_day, features.label("features"))
        .where(*seen)
        .order_by(CYCLE.end_day.is_(None), CYCLE.end_day.desc(), CYCLE.id.desc())
    )
    found = [dict(row) for row in stored.execute(asked).mappings()]
    return [cycle | {"part": part_in(cycle, person)} for cycle in found]


def _bugs_by(key: Any, facts: FactReader, seen: Sequence[Any], *more: Any) -> list[Any]:
    """The number of bugs by a key, and `more` counts; each bug is of one cycle."""
    asked = (
        select(key, func.count(), *more)
        .where(BUG.account_id == CYCLE.account_id, BUG.cycle_id == CYCLE.id, *seen)
        .group_by(key)
    )
    return [tuple(row) for row in facts.execute(asked)]


def _trend(
    cycles: Sequence[Mapping[str, Any]], person: int, span: Window, today: date
) -> pd.DataFrame:
    amounts = Counter(
        (f"{cycle['end_day']:%Y-%m}", series)
        for cycle in cycles
        if cycle["end_day"] is not None and span.takes(cycle["end_day"])
        for series, role in SERIES.items()
        if cycle[role] == person
    )
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
    names = feature_names(scope)
    found = [
        (
            names.get(key := row["feature_id"]) or (key and f"Feature {key}"),
            *(row["tests_created"], row["bug_count"]),
        )
        for row in rows
    ]
    return _most_first(pd.DataFrame(found, columns=["name", "cycles", "bugs"]))


def _most_first(found: pd.DataFrame) -> pd.DataFrame:
    """Most cycles first, what has no product or feature last."""
    found = found.assign(none=found["name"].isna()).sort_values(
        ["none", "cycles", "bugs", "name"], ascending=[True, False, False, True], ignore_index=True
    )
    return found[["name", "cycles", "bugs"]]
