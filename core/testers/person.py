"""One tester: their latest bug reports, beside what `tester_counts` counts of them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import and_, select

from core.store import Feature, Product, Scope, table
from core.testers.counts import BUG, CYCLE, BugSelection

MOST_REPORTS = 500
AT_ONCE = 5_000


def reports(
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
