"""Who took part in which test cycle: statements that the pages about customer users share."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Subquery, select, union_all

from core.analytics.dates import Window
from core.analytics.definitions.measures import MEASURES
from core.store import Scope, TestCycle, User, table

CYCLE = table(TestCycle).c
EXECUTED = MEASURES["cycles_executed"].conditions[0].values


def in_scope(account: str, product_ids: Sequence[int]) -> list[ColumnElement[bool]]:
    """The test cycles of an account, and of these products where there are any."""
    scope = [CYCLE.account_id == account]
    return [*scope, CYCLE.product_id.in_(product_ids)] if product_ids else scope


def days_in(window: Window, column: Any) -> list[ColumnElement[bool]]:
    """The days of a window; all time takes rows without a day as well."""
    found = [] if window.start is None else [column >= window.start]
    return found if window.end is None else [*found, column <= window.end]


def part_taken(
    account: str, product_ids: Sequence[int], *, until: date | None = None, whole: bool = False
) -> Subquery:
    """A row with `person` and `day` for each part that someone had in a cycle with a date.

    Who created a cycle and submitted it had two parts. `until` is the last day that counts; with
    the `whole` cycle its id stands in `cycle_id`.
    """
    dated = CYCLE.end_day.is_not(None) if until is None else CYCLE.end_day <= until
    more = [CYCLE.id.label("cycle_id")] if whole else []
    return union_all(
        *(
            select(column.label("person"), CYCLE.end_day.label("day"), *more).where(
                *in_scope(account, product_ids), column.is_not(None), dated
            )
            for column in (CYCLE.created_by_id, CYCLE.submitted_by_id)
        )
    ).subquery("part")


def customer_names(scope: Scope) -> dict[int, str]:
    """The account's customer users by id, in the order of their names; no two share one."""
    users = table(User).c
    found = select(users.id, users.name).where(
        users.account_id == scope.account, users.kind == "customer"
    )
    with scope.facts() as connection:
        names: list[tuple[int, str]] = [
            (row.id, row.name) for row in connection.execute(found).all()
        ]
    return dict(sorted(names, key=lambda one: (one[1].casefold(), one[1])))
