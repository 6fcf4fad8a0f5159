"""The criteria page: figures counted by hand, and words that are no Markdown."""

import json
import re
from datetime import timedelta

import pytest

from core.analytics.dates import Window, iso_week
from core.criteria.baselines import freeze_baseline, plan_baseline
from core.criteria.ledger import annotate, annotations, change_criterion, exclude
from core.criteria.verdicts import criteria_of
from core.store import Scope
from pages.ui import plain
from tests.pages.criteria import (
    HOSTILE,
    HOUR,
    NOW,
    START,
    TABS,
    TODAY,
    WEEK,
    answer,
    answers,
    clopper_pearson,
    field,
    frame,
    runs,
    said,
    save,
    share,
    texts,
)


def test_each_tab_on_demo_data(opened, demo_url):
    for tab in TABS:
        app = opened(tab)
        assert not app.error, tab
        assert answer(app).endswith("."), tab
        assert app.subheader, tab


@pytest.mark.parametrize(
    "rows",
    [
        {"found": list(runs(100, 4))},
        {"surveys": list(answers(9))},
        {"found": list(runs(3, start=START - 70 * 24 * HOUR))},
    ],
    ids=["runs only", "surveys only", "nothing in the week"],
)
def test_each_tab_with_little_data(acme, opened, rows):
    save(acme, **rows)
    for tab in TABS:
        app = opened(tab)
        assert not app.error, tab
        assert "nan" not in said(app).lower().split(), tab
        assert not re.search(r"\bNone\b(?! of the)", said(app)), tab


def test_each_tab_in_the_week_that_is_not_over(acme, opened):
    save(acme, runs(5, start=NOW - 5 * 24 * HOUR))
    save(acme, [next(runs(1, name="now", start=NOW - HOUR))])
    for tab in TABS:
        app = opened(tab)
        field(app.selectbox, "Window").select(iso_week(TODAY).label).run()
        assert not app.exception, tab
        assert not app.error, tab
        assert "this window is not over" in said(app), tab
        assert iso_week(TODAY).label in answer(app), tab


def test_an_account_without_data_has_a_way_out_and_no_tabs(acme, opened):
    app = opened("Baseline")
    assert "No data yet" in said(app)
    assert not app.tabs
    assert not app.metric


def test_a_figure_with_its_interval_sample_and_verdict(acme, opened):
    save(acme, runs(96, 4), answers(12))
    app = opened("All criteria")
    low, high = clopper_pearson(96, 100)
    row = frame(app, "Verdict").set_index("Criterion").loc["Enhancement success rate"]
    assert row["Value"] == "96 %"
    assert row["95 % interval"] == f"{share(low)} to {share(high)}"
    assert row["Verdict"].endswith("Not proven")
    assert (row["Sample"], row["Source"]) == ("100 runs", "records")
    metrics = {one.label: one.value for one in app.metric}
    assert metrics["Enhancement success rate"] == "96 %"
    assert metrics["p95 latency"] == "20 s"
    assert metrics["Technician satisfaction"] == "4.5"
    text = said(app)
    assert f"Target over 95 %; 95 % interval {share(low)} to {share(high)}; 100 runs" in text
    latency = frame(app, "Verdict").set_index("Criterion").loc["p95 latency"]
    assert latency["Verdict"].endswith("Met")  # 96 of 96 took 20 s
    assert latency["95 % interval"] == "20 s to 20 s"


def test_both_figures_where_something_is_excluded(acme, opened):
    save(acme, runs(96, 4))
    exclude(
        Scope(acme, "acme", "Ann"),
        from_at=START + 104 * HOUR,
        to_at=START + 105 * HOUR,
        kind="outage",
        reason="The knowledge base was down",
    )
    app = opened("Data quality")
    assert {one.label: one.value for one in app.metric}["Enhancement success rate"] == "100 %"
    everything = "With the excluded rows 96 %, too close to call"
    assert f"{everything}: met by the exclusions alone" in said(app)
    row = frame(app, "Without").set_index("Criterion").loc["Enhancement success rate"]
    assert (row["Without"], row["Sample without"]) == ("100 %", 96)
    assert (row["With"], row["Sample with"]) == ("96 %", 100)
    assert row["Verdict without"].endswith("Met")
    assert row["Verdict with"].endswith("Not proven")
    assert "Enhancement success rate: met only because of exclusions" in said(app)


def test_hostile_words_stand_as_they_are(acme, opened):
    text = (HOSTILE * 9)[:500]
    tickets = [
        {
            "id": f"{text[:40]}{n}",
            "opened_at": START.isoformat(),
            "resolved_at": (START + HOUR + n * HOUR / 60).isoformat(),
            "category": text,
            "priority": ":red[1]",
            "enhanced": n % 2 == 0,
        }
        for n in range(90)
    ]
    save(acme, runs(96, 4), answers(9), tickets)
    scope = Scope(acme, "acme", text)
    annotate(scope, from_at=START, kind="other", text=text)
    exclude(scope, from_at=START, to_at=START + HOUR, kind="outage", reason=text)
    edit = {"target": 0.9, "direction": "above", "owner": text, "rationale": text}
    change_criterion(scope, "success_rate", seen={}, **edit)
    name = text[:100].strip()
    number = plan_baseline(scope, name=name, first_day=WEEK.start)
    apps = {tab: opened(tab) for tab in TABS}
    for app in apps.values():
        assert answer(app).endswith(f"{WEEK.label}.") or WEEK.label in answer(app)
        field(app.selectbox, "Window").select(name)
    for frozen in (False, True):
        if frozen:
            freeze_baseline(scope, number)
        for tab, app in apps.items():
            app.run()
            assert not app.exception, tab
            assert not app.error, tab
            assert name in answer(app), tab
            # What nobody escaped would be bold, red or a link.
            raw = [t for t in texts(app) if text[:40] in t or ":red[a]" in t or "](java" in t]
            assert raw == [], tab
            assert any(plain(text)[:40] in t for t in texts(app)), tab


def test_a_word_that_a_column_has_is_a_name_too(acme, opened):
    save(acme, runs(96, 4))
    plan_baseline(Scope(acme, "acme", "Ann"), name="Change", first_day=WEEK.start)
    app = opened("Compare")
    field(app.selectbox, "To").select("Change").run()
    assert not app.exception
    row = frame(app, "Difference").set_index("Criterion").loc["Enhancement success rate"]
    assert row["Value, Change"] == "96 %"


def test_baselines_of_one_name_and_one_that_is_called_like_a_week(acme, opened):
    save(acme, runs(96, 4))
    save(acme, runs(50, name="before", start=START - 7 * 24 * HOUR))
    before = WEEK.start - timedelta(days=7)
    plan_baseline(Scope(acme, "acme", "Ann"), name="Autumn", first_day=WEEK.start)
    plan_baseline(Scope(acme, "acme", "Ann"), name="Autumn", first_day=before)
    plan_baseline(Scope(acme, "acme", "Ann"), name=WEEK.label, first_day=before - timedelta(days=7))
    app = opened()
    samples = {}
    for label in (WEEK.label, f"{WEEK.label} (3)", "Autumn", "Autumn (2)"):
        window = field(app.selectbox, "Window")
        window.select(label).run()
        assert not app.exception
        assert label in answer(app)
        values = {one.label: one.value for one in app.metric}
        samples[label] = values.get("Enhancement success rate")
    assert samples == {
        WEEK.label: "96 %",
        f"{WEEK.label} (3)": None,
        "Autumn": "96 %",
        "Autumn (2)": "100 %",
    }


@pytest.mark.parametrize(
    "query",
    [
        {"criteria_week": "1999-W01"},
        {"criteria_week": "'; DROP TABLE criterion; --"},
        {"criteria_week": ""},
        {"criteria_view": "Nothing"},
        {"criteria_view": "Compare", "criteria_from": "x", "criteria_to": "<b>"},
    ],
    ids=json.dumps,
)
def test_a_link_to_what_is_not_there_shows_the_last_week(acme, run_page, query):
    save(acme, runs(96, 4))
    app = run_page("success_criteria", **query)
    assert not app.exception
    assert not app.error
    assert WEEK.label in answer(app)
    assert criteria_of(Scope(acme, "acme"))
    assert annotations(Scope(acme, "acme"), window=Window(WEEK.start, NOW.date())) == []


def test_what_is_this_proves_the_figure_by_its_rows(acme, opened):
    save(acme, runs(96, 4), answers(9))
    app = opened("Baseline")
    app.button(key="criteria_what_success_rate").click().run()
    assert not app.exception
    assert "re-aggregate to 96 %, the number shown: yes." in said(app)
