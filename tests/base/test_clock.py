"""The clock: the machine's, or shifted by TOUCHSTONE_NOW and running on."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.base import clock
from core.base.errors import ConfigError


@pytest.fixture
def at(monkeypatch):
    def shifted(instant):
        clock._shift.cache_clear()
        monkeypatch.setenv("TOUCHSTONE_NOW", instant)

    yield shifted
    clock._shift.cache_clear()


def test_the_clock_runs_on_from_the_instant_that_is_set(at):
    at("2026-10-25T02:59:59.9+02:00")
    first, second = clock.now(), clock.now()
    assert first.tzinfo is UTC
    assert timedelta() <= first - datetime(2026, 10, 25, 0, 59, 59, 900_000, UTC) < timedelta(0, 5)
    assert first <= second


def test_an_instant_without_a_zone_is_in_utc(at):
    at("2026-12-31T23:30:00")
    assert clock.now() - datetime(2026, 12, 31, 23, 30, tzinfo=UTC) < timedelta(0, 5)
    assert clock.today(ZoneInfo("UTC")) == date(2026, 12, 31)
    assert clock.today(ZoneInfo("Europe/Berlin")) == date(2027, 1, 1)


def test_without_a_setting_it_is_the_machines_clock(monkeypatch):
    monkeypatch.delenv("TOUCHSTONE_NOW", raising=False)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(0, 5)  # noqa: TID251


@pytest.mark.parametrize("instant", ["soon", "2026-11-25T25:00", "0001-01-01T00:00:00+02:00"])
def test_an_instant_that_is_none_is_told(at, instant):
    at(instant)
    with pytest.raises(ConfigError, match=r"TOUCHSTONE_NOW is .*, which is no instant"):
        clock.now()
