"""The report that is taken away from the criteria page."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from core.analytics.dates import last_complete_week
from core.base import clock
from core.criteria.baselines import baselines, plan_baseline
from core.report import FORMATS
from core.store import Scope
from pages.criteria import report as _criteria_report
from tests.stores import open_store


def page_of_the_report():
    from core.analytics.dates import last_complete_week
    from pages import ui
    from pages.criteria import report as _criteria_report

    ui.run_page(
        "criteria",
        "The report",
        lambda page: _criteria_report.show(page, last_complete_week(page.today)),
    )


def test_every_format_is_offered_and_none_is_made_before_it_is_asked_for(demo_url, monkeypatch):
    monkeypatch.setattr(_criteria_report, "_made", lambda *_: pytest.fail("made too early"))
    app = AppTest.from_function(page_of_the_report, default_timeout=30).run()
    assert not app.exception
    assert not app.error
    buttons = app.get("download_button")
    assert [button.proto.label for button in buttons] == [
        f"Download {made.label}" for made in FORMATS.values()
    ]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_is_made_within_ten_seconds(demo_url, kind):
    store = open_store(demo_url)
    week = last_complete_week(clock.now().date())
    plan_baseline(Scope(store, "demo"), name="Autumn", first_day=week.start, by="Ann")
    baseline = next(b for b in baselines(Scope(store, "demo")) if b.name == "Autumn")
    begun = time.perf_counter()
    chosen = _criteria_report.Chosen(baseline.window, baseline, "complete")
    data = _criteria_report._made(Scope(store, "demo"), chosen, True, kind)
    assert time.perf_counter() - begun < 10
    assert len(data) > 5_000
    store.close()
