"""Freezing a baseline: who may, what is kept, and what is later said to be otherwise, and why."""

import json
import math
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from core.account_settings import BaselineSettings, RoiSettings, changes, save_settings
from core.analytics.criteria import evaluate
from core.baseline import frozen as frozen_module
from core.baseline.edit import CriterionEdit, change_criterion
from core.baseline.entries import exclude, exclusions, withdraw_exclusion
from core.baseline.frozen import freeze_baseline, restatement
from core.baseline.windows import baselines, plan_baseline, restart_baseline
from core.errors import InputError
from core.feedback import CLEAR, cast_vote
from core.save import save_enhancements, save_surveys, save_tickets
from core.sources.records import parse_enhancement, parse_ticket
from core.sources.survey import parse_survey
from core.store import BaselineWindow, Enhancement, table

MONDAY = date(2026, 11, 2)
NEXT_MONDAY = datetime(2026, 11, 9, 9, tzinfo=UTC)
START = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERYTHING = {
    *("as_of", "zone", "first_day", "last_day", "criteria", "rows", "exclusions", "findings"),
    *("days", "opinions", "comparison", "roi", "survey"),
}


def run(number, status="completed", hours=1.0, seconds=20.0):
    return {
        "id": f"run-{number}",
        "ticket_id": f"T{number}",
        "status": status,
        "processing_time_ms": None if status == "pending" else round(seconds * 1_000),
        "created_at": (START + hours * HOUR).isoformat(),
    }


def save(store, *found, account="a"):
    with store.write(account) as unit:
        save_enhancements(unit, [parse_enhancement(one) for one in found])


def vote(store, number, hours=2, **said):
    cast_vote(
        store,
        "a",
        subject=f"enhancement:run-{number}",
        rater=f"Ann {number}",
        at=START + hours * HOUR,
        **said,
    )


def ticket(number, *, is_enhanced, minutes):
    opened = START + number * HOUR
    return {
        "id": f"T{number}",
        "opened_at": opened.isoformat(),
        "resolved_at": (opened + timedelta(minutes=minutes)).isoformat(),
        "category": "mail",
        "priority": "3",
        "enhanced": is_enhanced,
    }


def answer(number, minutes=10):
    return {
        "id": f"s{number}",
        "respondent": f"Tech {number}",
        "answered_at": (START + number * HOUR).isoformat(),
        "overall": 4,
        "minutes_saved": minutes,
    }


@pytest.fixture
def world(any_store):
    """An account of which every kind of row is known: 100 runs, four of them pending."""
    any_store.ensure_account("a", "Account a")
    any_store.ensure_account("b", "Account b")
    save(
        any_store,
        *(run(n, hours=n) for n in range(90)),
        *(run(n, "failed", hours=n) for n in range(90, 96)),
        *(run(n, "pending", hours=n) for n in range(96, 100)),
    )
    with any_store.write("a") as unit:
        rows = [ticket(n, is_enhanced=n % 2 == 0, minutes=60 + n % 7) for n in range(80)]
        save_tickets(unit, [parse_ticket(row) for row in rows])
        save_surveys(unit, [parse_survey(answer(n, 10 + n)) for n in range(8)])
    for n in range(12):
        vote(any_store, n, thumb="down" if n < 3 else "up", rating=1 + n % 5)
    return any_store


def planned(store, first_day=MONDAY, **more):
    return plan_baseline(
        store,
        account="a",
        name="Autumn",
        first_day=first_day,
        by="Ann",
        today=NEXT_MONDAY.date(),
        **more,
    )


def freeze(store, number, account="a", by="Ann", now=NEXT_MONDAY):
    freeze_baseline(store, number, account=account, by=by, now=now)


def frozen(store):
    number = planned(store)
    freeze(store, number)
    return the(store, number)


def the(store, number):
    return next(b for b in baselines(store, account="a") if b.id == number)


def raw(store, number):
    """The content as the database has it, letter by letter."""
    with store.engine.connect() as connection:
        text = "SELECT CAST(content AS TEXT) FROM baseline_window WHERE account_id = 'a' AND id = "
        return connection.exec_driver_sql(f"{text}{number}").scalar_one()


def restated(store, baseline):
    return {one.label: one for one in restatement(store, baseline, account="a")}


def test_only_a_complete_window_is_frozen_and_only_once(world):
    number = planned(world)
    sunday = datetime(2026, 11, 8, 23, 59, 59, tzinfo=UTC)
    with pytest.raises(InputError, match="this one is collecting"):
        freeze(world, number, now=sunday)
    with pytest.raises(InputError, match="this one is planned"):
        freeze(world, number, now=START - HOUR)
    with pytest.raises(InputError, match="no such baseline"):
        freeze(world, number, account="b")
    with pytest.raises(InputError, match="no such baseline"):
        freeze(world, number + 1)
    assert the(world, number).content is None
    freeze(world, number, now=sunday + timedelta(seconds=1))
    with pytest.raises(InputError, match="frozen already"):
        freeze(world, number)
    with pytest.raises(InputError, match="stays as it is"):
        restart_baseline(world, number, account="a", first_day=MONDAY + 14 * (HOUR * 24), by="Bob")
    other = planned(world, MONDAY - timedelta(days=7))
    restart_baseline(world, other, account="a", first_day=MONDAY, by="Bob")
    with pytest.raises(InputError, match="this one is given up"):
        freeze(world, other)


def test_the_state_follows_the_days_of_the_zone(store):
    """Sunday is not over in Los Angeles when it is Monday in UTC."""
    del store
    from core.store import open_store  # noqa: PLC0415

    west = open_store("sqlite://", timezone="America/Los_Angeles")
    west.ensure_account("a", "Account a")
    number = planned(west)
    with pytest.raises(InputError, match="collecting"):
        freeze(west, number, now=datetime(2026, 11, 9, 7, 59, tzinfo=UTC))
    freeze(west, number, now=datetime(2026, 11, 9, 8, 0, tzinfo=UTC))
    west.close()


def test_everything_that_is_said_is_kept_as_plain_json(world):
    exclude(
        world,
        account="a",
        from_at=START + 90 * HOUR,
        to_at=START + 93 * HOUR,
        kind="outage",
        reason="Down <b>",
        by="Ann",
    )
    save_settings(
        world,
        RoiSettings(hourly_rate=60.0, operating_cost_per_week=10.0, minutes_source="survey"),
        account="a",
        by="Ann",
    )
    baseline = frozen(world)
    content = baseline.content
    assert set(content) == EVERYTHING
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    by_key = {one["key"]: one for one in content["criteria"]}
    now = {r.criterion.key: r for r in evaluate(world, account="a", window=baseline.window)}
    assert list(by_key) == list(now)
    for key, result in now.items():
        assert by_key[key]["verdict"] == str(result.verdict)
        for name in ("value", "low", "high", "n", "method"):
            assert by_key[key][name] == getattr(result.estimate, name), (key, name)
        everything = by_key[key]["with_excluded"]
        assert everything["value"] == result.with_excluded.estimate.value
    assert (by_key["success_rate"]["n"], by_key["success_rate"]["with_excluded"]["n"]) == (93, 96)
    assert by_key["success_rate"]["definition_version"] >= 1
    assert content["rows"] == {
        **{"runs": 96, "pending": 4, "thumbs": 12, "ratings": 12, "surveys": 8, "tickets": 80}
    }
    (entry,) = content["exclusions"]
    assert (entry["reason"], entry["kind"], entry["by"]) == ("Down <b>", "outage", "Ann")
    assert [day["day"] for day in content["days"]] == [f"2026-11-0{n}" for n in range(2, 9)]
    assert sum(day["finished"] for day in content["days"]) == 93
    assert content["comparison"]["naive"]["estimate"]["n"] == 40
    assert content["roi"]["net_per_week"]["middle"] == pytest.approx(
        by_key["roi"]["value"], abs=1e-6
    )
    assert content["survey"]
    assert sum(content["opinions"]["survey"].values()) == 8


def test_what_is_infinite_or_no_number_does_not_reach_the_database(world, monkeypatch):
    monkeypatch.setattr(
        frozen_module, "_beside", lambda *_: {"odd": [math.inf, math.nan, {"x": -math.inf}]}
    )
    assert frozen(world).content["odd"] == [None, None, {"x": None}]


def test_nothing_changes_what_is_frozen(world):
    baseline = frozen(world)
    before = raw(world, baseline.id)
    save(world, run(1, "failed"), *(run(n, hours=n) for n in range(96, 150)))
    vote(world, 1, rating=5, thumb="up")
    number = exclude(
        world, account="a", from_at=START, to_at=START + HOUR, kind="other", reason="x", by="Ann"
    )
    edit = CriterionEdit(target=0.5, direction="above", owner="Bob", rationale="Because")
    change_criterion(world, "success_rate", edit, account="a", by="Bob")
    save_settings(world, BaselineSettings(go_live="2026-11-04"), account="a", by="Bob")
    withdraw_exclusion(world, number, account="a", by="Ann")
    with world.engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(table(Enhancement)))
    with pytest.raises(InputError):
        freeze(world, baseline.id, by="Eve")
    world.ensure_account("a", "Renamed")
    assert raw(world, baseline.id) == before
    assert the(world, baseline.id) == baseline
    assert [c.by for c in changes(world, account="a", subject=f"baseline {baseline.id}")] == [
        *("Ann", "Ann")
    ]


def test_without_a_change_nothing_is_restated(world):
    assert restated(world, frozen(world)) == {}


def test_runs_that_were_pending_finished_late(world):
    baseline = frozen(world)
    save(world, run(96, hours=96), run(97, "failed", hours=97))
    found = restated(world, baseline)
    success = found["Enhancement success rate"]
    assert (success.frozen, success.now) == ("93.8 %, not proven", "92.9 %, not proven")
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
    assert success.now == "95.7 %, not proven"
    assert success.reasons == ("2 runs no longer there",)


def test_runs_that_finished_late_and_those_that_are_new_are_told_apart(world):
    baseline = frozen(world)
    late = [run(n, "failed", hours=n) for n in range(96, 99)]
    save(world, *late, *(run(n, "failed", hours=50) for n in range(200, 205)))
    success = restated(world, baseline)["Enhancement success rate"]
    assert success.reasons == ("3 runs finished late", "5 runs came in later")


def test_an_exclusion_added_and_withdrawn_is_told_by_its_reason(world):
    old = exclude(
        world,
        account="a",
        from_at=START + 90 * HOUR,
        to_at=START + 92 * HOUR,
        kind="outage",
        reason="First",
        by="Ann",
    )
    baseline = frozen(world)
    withdraw_exclusion(world, old, account="a", by="Bob")
    exclude(
        world,
        account="a",
        from_at=START + 93 * HOUR,
        to_at=START + 94 * HOUR,
        kind="external",
        reason="Second",
        by="Bob",
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
        world,
        account="a",
        from_at=START + day * 24 * HOUR,
        to_at=START + (day + 1) * 24 * HOUR,
        kind="other",
        reason="Elsewhere",
        by="Bob",
        subject=subject,
    )
    save(world, *(run(n, "failed", hours=50) for n in range(200, 205)))
    success = restated(world, baseline)["Enhancement success rate"]
    assert success.reasons == ("5 runs came in later",)


def test_a_target_that_was_changed_is_told_though_the_figure_is_the_same(world):
    baseline = frozen(world)
    edit = CriterionEdit(target=0.90, direction="above", owner="Bob", rationale="Because")
    change_criterion(world, "success_rate", edit, account="a", by="Bob")
    (found,) = restated(world, baseline).values()
    assert found.frozen == "93.8 %, not proven"
    assert found.reasons == ("the target was over 95 %",)


def test_a_vote_that_was_changed_and_one_on_a_page(world):
    baseline = frozen(world)
    vote(world, 0, hours=3, thumb="up")
    cast_vote(world, "a", subject="page:/x", rater="Eve", thumb="up", rating=5, at=START + HOUR)
    positive = restated(world, baseline)["Positive feedback"]
    assert (positive.frozen, positive.now) == ("75 %, not proven", "83.3 %, not proven")
    assert positive.reasons == ("rows that were there have changed",)
    vote(world, 5, hours=4, thumb=CLEAR)
    positive = restated(world, baseline)["Positive feedback"]
    assert positive.reasons == ("1 thumb no longer there",)


def test_inputs_that_people_changed_are_the_reason_and_no_rows(world):
    save_settings(
        world,
        RoiSettings(hourly_rate=60.0, operating_cost_per_week=10.0, minutes_source="survey"),
        account="a",
        by="Ann",
    )
    baseline = frozen(world)
    save_settings(
        world,
        RoiSettings(
            hourly_rate=90.0,
            operating_cost_per_week=10.0,
            minutes_source="survey",
            tickets_per_week=30.0,
        ),
        account="a",
        by="Bob",
    )
    (found,) = restated(world, baseline).values()
    assert found.label == "Return on investment"
    assert found.reasons == ("hourly rate was 60", "enhanced tickets per week was 40")
    save_settings(world, BaselineSettings(go_live="2026-11-05"), account="a", by="Bob")
    reasons = {reason for one in restated(world, baseline).values() for reason in one.reasons}
    assert "rows that were there have changed" not in reasons


def test_a_write_between_computing_and_freezing_is_in_what_is_frozen(world, monkeypatch):
    number = planned(world)
    computed, calls = frozen_module.content_of, []

    def slow(*args, **kwargs):
        content = computed(*args, **kwargs)
        calls.append(1)
        if len(calls) == 1:
            writer = threading.Thread(
                target=save, args=(world, *(run(n, "failed") for n in range(200, 205)))
            )
            writer.start()
            writer.join()
        return content

    monkeypatch.setattr(frozen_module, "content_of", slow)
    freeze(world, number)
    assert len(calls) == 2
    content = the(world, number).content
    by_key = {one["key"]: one for one in content["criteria"]}
    assert content["rows"]["runs"] == by_key["success_rate"]["n"] == 101
    assert restated(world, the(world, number)) == {}


def test_writes_that_do_not_stop_are_told(world, monkeypatch):
    number = planned(world)
    computed, runs = frozen_module.content_of, iter(range(300, 400))

    def busy(*args, **kwargs):
        save(world, run(next(runs)))
        return computed(*args, **kwargs)

    monkeypatch.setattr(frozen_module, "content_of", busy)
    with pytest.raises(InputError, match="freeze again when"):
        freeze(world, number)
    assert the(world, number).frozen_at is None


def test_of_two_people_one_freezes_and_the_other_is_told(world, monkeypatch):
    number = planned(world)
    computed, both = frozen_module.content_of, threading.Barrier(2, timeout=20)
    waited = threading.local()

    def together(*args, **kwargs):
        content = computed(*args, **kwargs)
        if not getattr(waited, "done", False):
            waited.done = True
            both.wait()
        return content

    monkeypatch.setattr(frozen_module, "content_of", together)
    said = {}

    def freezes(who):
        try:
            freeze(world, number, by=who)
            said[who] = "frozen"
        except InputError as error:
            said[who] = str(error)

    people = [threading.Thread(target=freezes, args=(who,)) for who in ("Ann", "Bob")]
    for one in people:
        one.start()
    for one in people:
        one.join(timeout=60)
    assert sorted(said.values()) == [
        "Someone else has just frozen this baseline: reload the page.",
        "frozen",
    ]
    assert said[the(world, number).frozen_by] == "frozen"


def test_a_window_that_is_given_up_meanwhile_is_not_frozen(world, monkeypatch):
    number = planned(world)
    computed, calls = frozen_module.content_of, []

    def slow(*args, **kwargs):
        if not calls:
            calls.append(1)
            restart_baseline(world, number, account="a", first_day=NEXT_MONDAY.date(), by="Bob")
        return computed(*args, **kwargs)

    monkeypatch.setattr(frozen_module, "content_of", slow)
    with pytest.raises(InputError, match="given this window up"):
        freeze(world, number)
    assert the(world, number).state(NEXT_MONDAY.date()) == "given up"


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
    assert exclusions(world, account="a") == []
