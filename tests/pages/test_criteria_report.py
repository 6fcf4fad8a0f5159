"""The report that is taken away from the criteria page."""

import pytest
from streamlit.testing.v1 import AppTest

from core.analytics.dates import last_complete_week
from core.base import clock
from core.criteria.baselines import baselines, plan_baseline, window_of
from core.report import FORMATS
from core.store import Scope
from pages.criteria import baseline as baseline_page
from tests.draws import FULL, within
from tests.once import of_the_first
from tests.stores import open_store


def page_of_the_report():
    from core.criteria.baselines import baselines
    from pages import ui
    from pages.criteria import baseline as baseline_page

    ui.run_page(
        "criteria",
        "The report",
        lambda page: baseline_page.report_downloads(page, baselines(page.scope)[0]),
    )


def test_every_format_is_offered_and_none_is_made_before_it_is_asked_for(demo_url, monkeypatch):
    monkeypatch.setattr(baseline_page, "_written", lambda *_: pytest.fail("made too early"))
    app = AppTest.from_function(page_of_the_report, default_timeout=30).run()
    assert not app.exception
    assert not app.error
    buttons = app.get("download_button")
    assert [button.proto.label for button in buttons] == [
        f"Download {made.label}" for made in FORMATS.values()
    ]


SAME_REPORT = of_the_first(baseline_page.baseline_report)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_is_made_within_ten_seconds(demo_url, monkeypatch, kind):
    if not FULL:
        monkeypatch.setattr(baseline_page, "baseline_report", SAME_REPORT)
    store = open_store(demo_url)
    week = last_complete_week(clock.now().date())
    plan_baseline(Scope(store, "demo", "Ann"), name="Autumn", first_day=week.start)
    baseline = next(b for b in baselines(Scope(store, "demo")) if b.name == "Autumn")
    chosen = baseline_page.ReportWindow(window_of(baseline), baseline, "complete")
    with within(10):
        data = baseline_page._written(Scope(store, "demo"), chosen, True, kind)
    assert len(data) > 5_000
    store.close()
