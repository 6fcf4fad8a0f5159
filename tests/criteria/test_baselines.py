"""Freezing a baseline: who may, what is kept, and what is later said to be otherwise, and why."""

import json
import math
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from core.analytics.account_settings import BaselineSettings, RoiSettings, changes, save_settings
from core.base.errors import InputError
from core.criteria import baselines as baselines_module
from core.criteria.baselines import restart_baseline, window_of
from core.criteria.ledger import change_criterion, exclude, withdraw
from core.criteria.verdicts import evaluate
from core.store import Enhancement, Exclusion, Scope, table
from tests.criteria.weeks import (
    HOUR,
    MONDAY,
    NEXT_MONDAY,
    START,
    freeze,
    frozen,
    planned,
    raw,
    restated,
    run,
    save,
    the,
    vote,
)
from tests.stores import open_store

EVERYTHING = {
    *("as_of", "zone", "first_day", "last_day", "criteria", "rows", "exclusions", "findings"),
    *("days", "opinions", "comparison", "roi", "survey"),
}


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
        restart_baseline(Scope(world, "a", "Bob"), number, first_day=MONDAY + 14 * (HOUR * 24))
    other = planned(world, MONDAY - timedelta(days=7))
    restart_baseline(Scope(world, "a", "Bob"), other, first_day=MONDAY)
    with pytest.raises(InputError, match="this one is given up"):
        freeze(world, other)


def test_the_state_follows_the_days_of_the_zone():
    """Sunday is not over in Los Angeles when it is Monday in UTC."""
    west = open_store("sqlite://", timezone="America/Los_Angeles")
    west.ensure_account("a", "Account a")
    number = planned(west)
    with pytest.raises(InputError, match="collecting"):
        freeze(west, number, now=datetime(2026, 11, 9, 7, 59, tzinfo=UTC))
    freeze(west, number, now=datetime(2026, 11, 9, 8, 0, tzinfo=UTC))
    west.close()


def test_everything_that_is_said_is_kept_as_plain_json(world):
    exclude(
        Scope(world, "a", "Ann"),
        from_at=START + 90 * HOUR,
        to_at=START + 93 * HOUR,
        kind="outage",
        reason="Down <b>",
    )
    save_settings(
        Scope(world, "a", "Ann"),
        RoiSettings(hourly_rate=60.0, operating_cost_per_week=10.0, minutes_source="survey"),
        seen={},
    )
    baseline = frozen(world)
    content = baseline.content
    assert set(content) == EVERYTHING
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    by_key = {one["key"]: one for one in content["criteria"]}
    now = {r.criterion.key: r for r in evaluate(Scope(world, "a"), window=window_of(baseline))}
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
        "runs": 96,
        "pending": 4,
        "thumbs": 12,
        "ratings": 12,
        "surveys": 8,
        "tickets": 80,
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
    odd = [math.inf, math.nan, {"x": -math.inf}]
    monkeypatch.setattr(baselines_module, "opinions", lambda *_, **__: odd)
    assert frozen(world).content["opinions"] == [None, None, {"x": None}]


def test_nothing_changes_what_is_frozen(world):
    baseline = frozen(world)
    before = raw(world, baseline.id)
    save(world, run(1, "failed"), *(run(n, hours=n) for n in range(96, 150)))
    vote(world, 1, rating=5, thumb="up")
    number = exclude(
        Scope(world, "a", "Ann"), from_at=START, to_at=START + HOUR, kind="other", reason="x"
    )
    edit = {"target": 0.5, "direction": "above", "owner": "Bob", "rationale": "Because"}
    change_criterion(Scope(world, "a", "Bob"), "success_rate", seen={}, **edit)
    save_settings(Scope(world, "a", "Bob"), BaselineSettings(go_live="2026-11-04"), seen={})
    withdraw(Scope(world, "a", "Ann"), Exclusion, number)
    with world.engine.execution_options(writes=True).begin() as connection:
        connection.execute(delete(table(Enhancement)))
    with pytest.raises(InputError):
        freeze(world, baseline.id, by="Eve")
    world.ensure_account("a", "Renamed")
    assert raw(world, baseline.id) == before
    assert the(world, baseline.id) == baseline
    assert [c.by for c in changes(Scope(world, "a"), subject=f"baseline {baseline.id}")] == [
        *("Ann", "Ann")
    ]


def test_a_write_between_computing_and_freezing_is_in_what_is_frozen(world, monkeypatch):
    number = planned(world)
    computed, calls = baselines_module.content_of, []

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

    monkeypatch.setattr(baselines_module, "content_of", slow)
    freeze(world, number)
    assert len(calls) == 2
    content = the(world, number).content
    by_key = {one["key"]: one for one in content["criteria"]}
    assert content["rows"]["runs"] == by_key["success_rate"]["n"] == 101
    assert restated(world, the(world, number)) == {}


def test_writes_that_do_not_stop_are_told(world, monkeypatch):
    number = planned(world)
    computed, runs = baselines_module.content_of, iter(range(300, 400))

    def busy(*args, **kwargs):
        save(world, run(next(runs)))
        return computed(*args, **kwargs)

    monkeypatch.setattr(baselines_module, "content_of", busy)
    with pytest.raises(InputError, match="try again when"):
        freeze(world, number)
    assert the(world, number).frozen_at is None


def test_of_two_people_one_freezes_and_the_other_is_told(world, monkeypatch):
    number = planned(world)
    computed, both = baselines_module.content_of, threading.Barrier(2, timeout=20)
    waited = threading.local()

    def together(*args, **kwargs):
        content = computed(*args, **kwargs)
        if not getattr(waited, "done", False):
            waited.done = True
            both.wait()
        return content

    monkeypatch.setattr(baselines_module, "content_of", together)
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
    computed, calls = baselines_module.content_of, []

    def slow(*args, **kwargs):
        if not calls:
            calls.append(1)
            restart_baseline(Scope(world, "a", "Bob"), number, first_day=NEXT_MONDAY.date())
        return computed(*args, **kwargs)

    monkeypatch.setattr(baselines_module, "content_of", slow)
    with pytest.raises(InputError, match="given this window up"):
        freeze(world, number)
    assert the(world, number).state(NEXT_MONDAY.date()) == "given up"
