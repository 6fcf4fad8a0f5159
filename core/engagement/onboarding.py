"""How customer users get going: from their first draft to the first cycle that testers ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import case, func, select

from core.analytics.dates import Window
from core.analytics.definitions.testio import EXECUTED
from core.engagement.participation import CYCLE, customer_names, of_products
from core.store import Scope

STEPS = ("draft", "submission", "execution")


@dataclass(frozen=True)
class Step:
    """How far people got: those who reached the step, and their days from the first draft.

    `median_days` is None where no one has both days; `n` have them, `at_once` of these on the same
    day.
    """

    key: str
    reached: int
    median_days: float | None
    n: int
    at_once: int


@dataclass(frozen=True)
class Onboarding:
    """The customer users who created their first cycle in a window.

    `people` has one row for each: customer_id, customer, created, submitted, executed (cycles),
    first_draft, first_submission, first_execution (date or None), to_submission, to_execution (days
    from the first draft, None without both days). `steps` are those of `STEPS`.
    """

    people: pd.DataFrame
    steps: tuple[Step, ...]


def onboarding(scope: Scope, *, window: Window, product_ids: Sequence[int] = ()) -> Onboarding:
    """The first steps of those whose first created cycle ended, or ends, in the window.

    The source has no instant of creation, so each step stands on the day its cycle ended: the first
    that someone created, the first of these that anybody submitted, the first of these that ran
    (running, locked or archived; some run without a known submitter). All time takes in those whose
    cycles have no date.
    """
    names = customer_names(scope)
    rows = [
        row
        for row in _firsts(scope, product_ids)
        if row["customer_id"] in names and window.takes(row["first_draft"])
    ]
    for row in rows:
        row["customer"] = names[row["customer_id"]]
        row["to_submission"] = _days(row["first_draft"], row["first_submission"])
        row["to_execution"] = _days(row["first_draft"], row["first_execution"])
    columns = [
        *("customer_id", "customer", "created", "submitted", "executed", "first_draft"),
        *("first_submission", "first_execution", "to_submission", "to_execution"),
    ]
    people = pd.DataFrame(rows, columns=columns)
    people = people.astype({"to_submission": "Int64", "to_execution": "Int64"})
    people = people.sort_values(
        ["first_draft", "customer"], ascending=[False, True], ignore_index=True
    )
    return Onboarding(
        people,
        (
            Step("draft", len(people), None, 0, 0),
            _step("submission", people, "submitted", "to_submission"),
            _step("execution", people, "executed", "to_execution"),
        ),
    )


def _firsts(scope: Scope, product_ids: Sequence[int]) -> list[dict[str, Any]]:
    """For each creator the cycles that got as far as each step, and the first day of these."""
    submitted = CYCLE.submitted_by_id.is_not(None)
    executed = CYCLE.status.in_(EXECUTED)
    asked = (
        select(
            CYCLE.created_by_id.label("customer_id"),
            func.count().label("created"),
            func.count(case((submitted, 1))).label("submitted"),
            func.count(case((executed, 1))).label("executed"),
            func.min(CYCLE.end_day).label("first_draft"),
            func.min(case((submitted, CYCLE.end_day))).label("first_submission"),
            func.min(case((executed, CYCLE.end_day))).label("first_execution"),
        )
        .where(*of_products(scope.account, product_ids), CYCLE.created_by_id.is_not(None))
        .group_by(CYCLE.created_by_id)
    )
    with scope.facts() as connection:
        return [dict(row) for row in connection.execute(asked).mappings().all()]


def _days(since: date | None, until: date | None) -> int | None:
    return None if since is None or until is None else (until - since).days


def _step(key: str, people: pd.DataFrame, count: str, days: str) -> Step:
    known = people[days].dropna()
    return Step(
        key=key,
        reached=int((people[count] > 0).sum()),
        median_days=None if known.empty else float(known.median()),
        n=len(known),
        at_once=int((known == 0).sum()),
    )
