"""Participation of customer users in test cycles: shared statements, and their latest cycles."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Select, Subquery, func, select, union_all

from core.store import FactReader, Product, Scope, TestCycle, chunks, table

CYCLE = table(TestCycle).c
LAST_CYCLE = ["customer_id", "cycle_id", "title", "status", "day", "product", "part"]
# Databases take some 32,000 bound values in one statement.
IDS_AT_ONCE = 10_000


def of_products(account: str, product_ids: Sequence[int]) -> list[ColumnElement[bool]]:
    """The test cycles of an account, and of these products where there are any."""
    scope = [CYCLE.account_id == account]
    return [*scope, CYCLE.product_id.in_(product_ids)] if product_ids else scope


def participations(
    account: str, product_ids: Sequence[int], *, until: date | None = None
) -> Subquery:
    """Each part that someone had in a cycle with a date: person, day, cycle_id.

    Who created a cycle and submitted it had two parts. `until` is the last day that counts.
    """
    dated = CYCLE.end_day.is_not(None) if until is None else CYCLE.end_day <= until
    return union_all(
        *(
            select(
                person.label("person"), CYCLE.end_day.label("day"), CYCLE.id.label("cycle_id")
            ).where(*of_products(account, product_ids), person.is_not(None), dated)
            for person in (CYCLE.created_by_id, CYCLE.submitted_by_id)
        )
    ).subquery("part")


def last_seen(scope: Scope, *, product_ids: Sequence[int] = ()) -> pd.DataFrame:
    """The cycle that ended, or ends, last of those that each customer user had a part in.

    Columns: customer_id, cycle_id, title, status, day, product (None where unknown), and part:
    created, submitted, or created and submitted. Of cycles of one day it is that with the highest
    id. Who has no cycle with a date is not listed.
    """
    # One state of the store for both: titles are not among the facts.
    with scope.facts() as facts:
        latest = _latest(facts, scope.account, product_ids)
        asked = cycles_statement().where(CYCLE.account_id == scope.account)
        cycles = {
            row["cycle_id"]: dict(row)
            for some in chunks(sorted({cycle for _, cycle in latest}), IDS_AT_ONCE)
            for row in facts.stored.execute(asked.where(CYCLE.id.in_(some))).mappings()
        }
    rows = []
    for person, cycle_id in latest:
        cycle = cycles[cycle_id]
        told = {"customer_id": person, "day": cycle["end_day"], "part": part_in(cycle, person)}
        rows.append(cycle | told)
    return pd.DataFrame(rows, columns=LAST_CYCLE)


def _latest(facts: FactReader, account: str, product_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Each person with their latest cycle."""
    part = participations(account, product_ids)
    place = func.row_number().over(
        partition_by=part.c.person, order_by=(part.c.day.desc(), part.c.cycle_id.desc())
    )
    ranked = select(part.c.person, part.c.cycle_id, place.label("place")).subquery()
    latest = select(ranked.c.person, ranked.c.cycle_id).where(ranked.c.place == 1)
    return [(person, cycle) for person, cycle in sorted(facts.execute(latest).all())]


def cycles_statement(*more: Any) -> Select[Any]:
    """Cycles with their product's name, and with `more` columns."""
    product = table(Product)
    of_cycle = (product.c.account_id == CYCLE.account_id) & (product.c.id == CYCLE.product_id)
    return select(
        CYCLE.id.label("cycle_id"),
        *(CYCLE.title, CYCLE.status, CYCLE.end_day, product.c.name.label("product")),
        *(CYCLE.created_by_id, CYCLE.submitted_by_id, *more),
    ).outerjoin(product, of_cycle)


def part_in(cycle: Mapping[str, Any], person: int) -> str:
    """What someone did in a cycle: created, submitted, created and submitted."""
    parts = {"created": cycle["created_by_id"], "submitted": cycle["submitted_by_id"]}
    return " and ".join(part for part, who in parts.items() if who == person)
