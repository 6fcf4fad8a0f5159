"""Opportunities: what people decide about them, with its history."""

from datetime import date, timedelta

import pytest

from core.analytics.account_settings import changes
from core.base.errors import InputError
from core.review.roadmap import change_opportunity, create_opportunity, opportunities
from core.store import Scope

TODAY = date(2026, 11, 22)


@pytest.fixture
def store(any_store):
    any_store.ensure_account("a", "Account a")
    any_store.ensure_account("b", "Account b")
    return any_store


def test_an_opportunity_is_decided_with_its_history(store):
    number = create_opportunity(Scope(store, "a", "Ann"), title="Faster", problem="Slow")
    change_opportunity(
        Scope(store, "a", "Bob"),
        number,
        seen={},
        criterion_key="latency_p95",
        impact=2.0,
        confidence=0.5,
        effort=3.0,
        metric="latency_p95",
        direction="down",
        due_from=TODAY,
        due_to=TODAY + timedelta(days=28),
        status="planned",
    )
    (now,) = opportunities(Scope(store, "a"))
    assert (now.status, now.decided_by, now.impact, now.due_from) == ("planned", "Bob", 2.0, TODAY)
    assert [
        change.by for change in changes(Scope(store, "a"), subject=f"opportunity {number}")
    ] == ["Bob", "Ann"]
    for wrong in (
        {"status": "who knows"},
        {"direction": "left"},
        {"impact": -1.0},
        {"effort": float("nan")},
        {"criterion_key": "none"},
        {"due_from": TODAY + timedelta(days=60)},
        {"title": " "},
        {"created_by": "Eve"},
    ):
        with pytest.raises(InputError):
            change_opportunity(Scope(store, "a", "Bob"), number, seen={}, **wrong)
    assert opportunities(Scope(store, "a")) == [now]
    with pytest.raises(InputError):
        change_opportunity(Scope(store, "b", "Bob"), number, seen={}, status="done")
