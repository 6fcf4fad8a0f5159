"""What is said of a frozen baseline when today's data gives it otherwise, and why."""

import pytest
from sqlalchemy import delete, select, update

from core.analytics.account_settings import BaselineSettings, RoiSettings, save_settings
from core.criteria.ledger import change_criterion, exclude, exclusions, withdraw
from core.feedback import CLEAR, cast_vote
from core.store import BaselineWindow, Enhancement, Exclusion, Scope, table
from tests.criteria.weeks import HOUR, START, frozen, restated, run, save, the, vote


def test_without_a_change_nothing_is_restated(world):
    assert restated(world, frozen(world)) == {}


def test_runs_that_were_pending_finished_late(world):
    baseline = frozen(world)
    save(world, run(96, hours=96), run(97, "failed", hours=97))
    found = restated(world, baseline)
    success = found["Enhancement success rate"]
    assert success.frozen == "93.8 %, too close to call"
    assert success.now == "92.9 %, too close to call"
    assert success.reasons == ("2 runs finished late",)
    assert "p95 latency" not in found  # it is 20 s with them as without


def test_rows_that_came_in_later_and_rows_that_are_gone(world):
    baseline = frozen(world)
    save(world, *(run(n, "failed", hours=50) for n in range(200, 205)))
    success = restated(world, baseline)["Enhancement success rate"]
    assert success.reasons == ("5 runs came in later",)
    with world.engine.execution_options(writes=True).begin() as connection:
        runs = table(Enhancement)
        connection.execute(delete(runs).where(runs.c.id.like("run-2%"), runs.c.status == "failed"))
        connection.execute(delete(runs).where(runs.c.id.in_(["run-90", "run-91"])))
    success = restated(world, baseline)["Enhancement success rate"]
    assert success.now == "95.7 %, too close to call"
    assert success.reasons == ("2 runs no longer there",)


def test_runs_that_finished_late_and_those_that_are_new_are_told_apart(world):
    baseline = frozen(world)
    late = [run(n, "failed", hours=n) for n in range(96, 99)]
    save(world, *late, *(run(n, "failed", hours=50) for n in range(200, 205)))
    success = restated(world, baseline)["Enhancement success rate"]
    assert success.reasons == ("3 runs finished late", "5 runs came in later")


def test_an_exclusion_added_and_withdrawn_is_told_by_its_reason(world):
    old = exclude(
        Scope(world, "a", "Ann"),
        from_at=START + 90 * HOUR,
        to_at=START + 92 * HOUR,
        kind="outage",
        reason="First",
    )
    baseline = frozen(world)
    withdraw(Scope(world, "a", "Bob"), Exclusion, old)
    exclude(
        Scope(world, "a", "Bob"),
        from_at=START + 93 * HOUR,
        to_at=START + 94 * HOUR,
        kind="external",
        reason="Second",
    )
    success = restated(world, baseline)["Enhancement success rate"]
    assert sorted(success.reasons) == [
        "exclusion added: external failure, Second",
        "exclusion withdrawn: First",
    ]


@pytest.mark.parametrize(
    ("day", "subject"), [(-20, None), (30, None), (0, "rater:Ann 1"), (0, "ticket:T1")]
)
def test_an_exclusion_of_other_days_or_other_rows_is_no_reason(world, day, subject):
    baseline = frozen(world)
    exclude(
        Scope(world, "a", "Bob"),
        from_at=START + day * 24 * HOUR,
        to_at=START + (day + 1) * 24 * HOUR,
        kind="other",
        reason="Elsewhere",
        subject=subject,
    )
    save(world, *(run(n, "failed", hours=50) for n in range(200, 205)))
    success = restated(world, baseline)["Enhancement success rate"]
    assert success.reasons == ("5 runs came in later",)


def test_a_target_that_was_changed_is_told_though_the_figure_is_the_same(world):
    baseline = frozen(world)
    edit = {"target": 0.90, "direction": "above", "owner": "Bob", "rationale": "Because"}
    change_criterion(Scope(world, "a", "Bob"), "success_rate", seen={}, **edit)
    (found,) = restated(world, baseline).values()
    assert found.frozen == "93.8 %, too close to call"
    assert found.reasons == ("the target was over 95 %",)


def test_a_vote_that_was_changed_and_one_on_a_page(world):
    baseline = frozen(world)
    vote(world, 0, hours=3, thumb="up")
    cast_vote(
        Scope(world, "a"), subject="page:/x", rater="Eve", thumb="up", rating=5, at=START + HOUR
    )
    positive = restated(world, baseline)["Positive feedback"]
    assert positive.frozen == "75 %, too close to call"
    assert positive.now == "83.3 %, too close to call"
    assert positive.reasons == ("rows that were already stored have changed",)
    vote(world, 5, hours=4, thumb=CLEAR)
    positive = restated(world, baseline)["Positive feedback"]
    assert positive.reasons == ("1 thumb no longer there",)


def test_inputs_that_people_changed_are_the_reason_and_no_rows(world):
    save_settings(
        Scope(world, "a", "Ann"),
        RoiSettings(hourly_rate=60.0, operating_cost_per_week=10.0, minutes_source="survey"),
        seen={},
    )
    baseline = frozen(world)
    save_settings(
        Scope(world, "a", "Bob"),
        RoiSettings(
            hourly_rate=90.0,
            operating_cost_per_week=10.0,
            minutes_source="survey",
            tickets_per_week=30.0,
        ),
        seen={},
    )
    (found,) = restated(world, baseline).values()
    assert found.label == "Return on investment"
    assert found.reasons == ("hourly rate was 60", "enhanced tickets per week was 40")
    save_settings(Scope(world, "a", "Bob"), BaselineSettings(go_live="2026-11-05"), seen={})
    reasons = {reason for one in restated(world, baseline).values() for reason in one.reasons}
    assert "rows that were already stored have changed" not in reasons


def test_a_window_without_any_row_is_frozen_and_later_restated(any_store):
    any_store.ensure_account("a", "Account a")
    baseline = frozen(any_store)
    assert {one["verdict"] for one in baseline.content["criteria"]} == {"No data"}
    save(any_store, *(run(n) for n in range(100)))
    success = restated(any_store, baseline)["Enhancement success rate"]
    assert (success.frozen, success.now) == ("\N{EN DASH}, no data", "100 %, met")
    assert success.reasons == ("100 runs came in later",)


def test_a_criterion_that_is_gone_is_not_restated(world):
    baseline = frozen(world)
    with world.engine.execution_options(writes=True).begin() as connection:
        row = table(BaselineWindow)
        (content,) = connection.execute(select(row.c.content).where(row.c.id == baseline.id)).one()
        content["criteria"].append(content["criteria"][0] | {"key": "gone", "label": "Gone"})
        connection.execute(update(row).values(content=content))
    assert restated(world, the(world, baseline.id)) == {}
    assert exclusions(Scope(world, "a")) == []
