"""Stores that reports are made of: a demo with all that people decide, and one full of traps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.analytics.account_settings import BaselineSettings, RoiSettings, save_settings
from core.analytics.dates import last_complete_week
from core.base import clock
from core.criteria.baselines import freeze_baseline, plan_baseline
from core.criteria.ledger import annotate, exclude
from core.store import Scope
from tests.report.hostile import fill
from tests.stores import closed, copied, lent, open_store

NOW = clock.now()


@pytest.fixture
def demo(demo_url):
    opened = open_store(demo_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def decided_file(demo_file, tmp_path_factory):
    """The demo with inputs of the return, a go-live date, an exclusion and an annotation."""
    demo = copied(demo_file, tmp_path_factory.mktemp("decided"))
    week = last_complete_week(NOW.date())
    wednesday = datetime.combine(week.start + timedelta(days=2), datetime.min.time(), UTC)
    inputs = {"hourly_rate": 45.0, "operating_cost_per_week": 1_500.0, "setup_cost": 9_000.0}
    save_settings(Scope(demo, "demo", "Ann"), RoiSettings(**inputs), seen={})
    go_live = str(week.start - timedelta(weeks=3))
    save_settings(Scope(demo, "demo", "Ann"), BaselineSettings(go_live=go_live), seen={})
    annotate(
        Scope(demo, "demo", "Bob"),
        from_at=wednesday + timedelta(hours=10),
        kind="deployment",
        text="Release 4",
    )
    exclude(
        Scope(demo, "demo", "Bob"),
        from_at=wednesday + timedelta(hours=10),
        to_at=wednesday + timedelta(hours=15),
        kind="outage",
        reason="The knowledge base was down",
    )
    return closed(demo, Path(demo.engine.url.database))


@pytest.fixture
def decided(decided_file, tmp_path):
    yield from lent(decided_file, tmp_path)


def freeze_autumn(store):
    """Freeze the last complete week."""
    scope = Scope(store, "demo", "Ann")
    first_day = last_complete_week(NOW.date()).start
    freeze_baseline(scope, plan_baseline(scope, name="Autumn", first_day=first_day))
    return store


@pytest.fixture
def frozen(decided):
    return freeze_autumn(decided)


@pytest.fixture(scope="session")
def hostile_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "hostile.db"
    return closed(fill(open_store(f"sqlite:///{path}")), path)


@pytest.fixture
def hostile(hostile_file, tmp_path):
    yield from lent(hostile_file, tmp_path)
