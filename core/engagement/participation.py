"""Participation of customer users in test cycles: shared statements, and their latest cycles."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Subquery, func, select, union_all

from core.store import Product, Scope, TestCycle, User, chunks, table

CYCLE = table(TestCycle).c


LAST_CYCLE = ["customer_id", "cycle_id", "title", "status", "day", "product", "part"]
# Databases take some 32,000 bound values in one statement.
IDS_AT_ONCE = 10_000


def of_products(account: str, product_ids: Sequence[int]) -> list[ColumnElement[bool]]:
    """The test cycles of an account, and of these products where there are any."""
    scope = [CYCLE.account_id == account]
    return [*scope, CYCLE.product_id.in_(product_ids)] if product_ids else scope


def participations(
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
                *of_products(account, product_ids), column.is_not(None), dated
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


def last_seen(scope: Scope, *, product_ids: Sequence[int] = ()) -> pd.DataFrame:
    """The cycle that ended, or ends, last of those that each customer user had a part in.

    Columns: customer_id, cycle_id, title, status, day, product (None where unknown), and part:
    created, submitted, or created and submitted. Of cycles of one day it is that with the highest
    id. Who has no cycle with a date is not listed.
    """
    # One state of the store for both: titles are not among the facts.
    with scope.read() as session, scope.store.read_facts(session) as copy:
        stored = session.connection()
        latest = _latest(stored if copy is None else copy, scope.account, product_ids)
        cycles = _cycles(stored, scope.account, sorted({cycle for _, cycle in latest}))
    rows = [
        {"customer_id": person, "part": _part(person, cycles[cycle]), **cycles[cycle]}
        for person, cycle in latest
    ]
    return pd.DataFrame(rows, columns=LAST_CYCLE)


def _latest(facts: Connection, account: str, product_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Each person with their latest cycle."""
    part = participations(account, product_ids, whole=True)
    place = func.row_number().over(
        partition_by=part.c.person, order_by=(part.c.day.desc(), part.c.cycle_id.desc())
    )
    ranked = select(part.c.person, part.c.cycle_id, place.label("place")).subquery()
    latest = select(ranked.c.person, ranked.c.cycle_id).where(ranked.c.place == 1)
    return [(person, cycle) for person, cycle in sorted(facts.execute(latest).all())]


def _cycles(stored: Connection, account: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    product = table(Product).c
    asked = (
        select(
            CYCLE.id.label("cycle_id"),
            CYCLE.title,
            CYCLE.status,
            CYCLE.end_day.label("day"),
            product.name.label("product"),
            CYCLE.created_by_id,
            CYCLE.submitted_by_id,
        )
        .outerjoin(
            table(Product),
            (product.account_id == CYCLE.account_id) & (product.id == CYCLE.product_id),
        )
        .where(CYCLE.account_id == account)
    )
    return {
        row["cycle_id"]: dict(row)
        for some in chunks(ids, IDS_AT_ONCE)
        for row in stored.execute(asked.where(CYCLE.id.in_(some))).mappings()
    }


def _part(person: int, cycle: dict[str, Any]) -> str:
    parts = {"created": cycle["created_by_id"], "submitted": cycle["submitted_by_id"]}
    return " and ".join(part for part, who in parts.items() if who == person)
