"""How customer users get going: from their first draft to the first cycle that testers ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import case, func, select

from core.analytics.dates import Window
from core.analytics.definitions.testio import EXECUTED
from core.analytics.explore import user_names
from core.engagement.participation import CYCLE, of_products
from core.store import Scope

COLUMNS = [
    *("customer_id", "customer", "created", "submitted", "executed", "first_draft"),
    *("first_submission", "first_execution", "to_submission", "to_execution"),
]


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
    from the first draft, None without both days). `steps` are draft, submission and execution.
    """

    people: pd.DataFrame
    steps: tuple[Step, ...]


def onboarding(scope: Scope, *, window: Window, product_ids: Sequence[int] = ()) -> Onboarding:
    """The first steps of those whose first created cycle ended, or ends, in the window.

    The source has no instant of creation, so each step stands on the day its cycle ended: the first
    that someone created, the first of these that was submitted, the first of these that ran
    (running, locked or archived; some run without a known submitter). All time takes in those whose
    cycles have no date.
    """
    people = pd.DataFrame(_firsts(scope, product_ids), columns=COLUMNS)
    people["customer"] = people["customer_id"].map(user_names(scope, kind="customer"))
    is_inside = people["first_draft"].map(window.takes).astype(bool)
    people = people[people["customer"].notna() & is_inside].copy()
    began = pd.to_datetime(people["first_draft"])
    for step in ("submission", "execution"):
        reached = pd.to_datetime(people[f"first_{step}"])
        people[f"to_{step}"] = (reached - began).dt.days.astype("Int64")
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
    return [row._asdict() for row in scope.fact_rows(asked)]


def _step(key: str, people: pd.DataFrame, count: str, days: str) -> Step:
    known = people[days].dropna()
    return Step(
        key=key,
        reached=int((people[count] > 0).sum()),
        median_days=None if known.empty else float(known.median()),
        n=len(known),
        at_once=int((known == 0).sum()),
    )
