"""The engagement page: every tab, one user's own view, and the thresholds."""

import json

import pytest

from core.analytics.account_settings import EngagementSettings, changes, save_settings, settings_of
from core.analytics.dates import preset
from core.analytics.explore import user_names
from core.base import clock
from core.engagement.people import engagement
from core.ingest.parse.testio import parse_cycle
from core.ingest.save.testio import save_cycles
from core.store import Scope
from tests.pages.test_shown_figures import HOSTILE, acme, cycle  # noqa: F401  # a fixture
from tests.stores import open_store

TABS = (
    *("Leaderboard", "Slipping away", "Cohorts", "Onboarding", "Weekdays", "What they find"),
    "Segments",
)


@pytest.fixture
def demo(demo_url):
    store = open_store(demo_url)
    yield store
    store.close()


def now(store):
    """The customer users as the page opens."""
    today = clock.now().date()
    window = preset("Last 90 days", today)
    return engagement(Scope(store, "demo"), window=window, today=today)


def on_tab(run_page, tab, **query):
    app = run_page("customer_engagement", **query)
    app.session_state["engagement_view"] = tab
    return app.run()


def test_each_tab_on_demo_data(demo_url, run_page):
    for tab in TABS:
        app = on_tab(run_page, tab)
        assert not app.exception, tab
        assert not app.error, tab


def shown(app):
    return {metric.label: metric.value for metric in app.metric}


def answer(app):
    return app.header[0].value.replace("\\", "")


def leaders(app):
    (people,) = (d.value for d in app.dataframe if "activity" in d.value)
    return people


def test_only_the_open_tab_is_drawn(demo_url, run_page):
    headings = {tab: {s.value for s in on_tab(run_page, tab).subheader} for tab in TABS[:2]}
    assert not headings["Leaderboard"] & headings["Slipping away"]


def test_the_cards_and_the_sentence_say_the_same(demo, run_page):
    app = run_page("customer_engagement")
    found = now(demo)
    assert shown(app)["New, 30 days"] == str(found.count("new"))
    assert shown(app)["Silent, 90 days"] == str(found.count("silent"))
    assert f"{found.active} of 75 customer users" in answer(app)
    people = leaders(app)
    assert len(people) == 75
    figures = [*zip(people["created"], people["submitted"], strict=True)]
    for place, own in zip(people["place"], figures, strict=True):
        tie = "=" if figures.count(own) > 1 else ""
        assert place.strip() == f"{1 + sum(other > own for other in figures)}{tie}"


def test_created_of_these_submitted_and_submitted_by_them_are_three_columns(demo_url, run_page):
    columns = customer_engagement_columns(run_page)
    heads = [columns[name]["label"] for name in ("created", "completion", "submitted")]
    assert heads == ["Created", "Of these submitted, %", "Submitted by them"]
    assert columns["last_active"]["label"] == "Last cycle ended"


def customer_engagement_columns(run_page):
    app = run_page("customer_engagement")
    (table,) = (d for d in app.dataframe if "activity" in d.value)
    return json.loads(table.proto.columns)


def test_segments_choose_who_is_listed(demo_url, run_page):
    app = run_page("customer_engagement")
    app.button_group(key="engagement_shown").set_value(["Silent", "Fading", "Low"]).run()
    assert not app.exception
    people = leaders(app)
    assert set(people["lifecycle"]) <= {"Silent", "Fading"}
    assert set(people["activity"]) == {"Low"}
    app.button(key="engagement_reset").click().run()
    people = leaders(app)
    assert len(people) == 75


def test_one_users_view_and_the_way_back(demo, run_page):
    names = user_names(Scope(demo, "demo"), kind="customer")
    board = run_page("customer_engagement")
    first = leaders(board)
    person = next(key for key, name in names.items() if name == first["customer"].iloc[0])
    app = board.selectbox(key="engagement_person").select(person).run()
    assert not app.exception
    assert answer(app).startswith(f"{names[person]} created ")
    assert shown(app)["Created"] == str(first["created"].iloc[0])
    assert shown(app)["Submitted"] == str(first["submitted"].iloc[0])
    (history,) = (d.value for d in app.dataframe if "part" in d.value)
    assert history["part"].str.contains("created").sum() == first["created"].iloc[0]
    app = app.button(key="engagement_leave").click().run()
    assert "customer users created a cycle" in answer(app)


def test_what_is_this_of_one_user_proves_the_figure(demo, run_page):
    names = user_names(Scope(demo, "demo"), kind="customer")
    app = run_page("customer_engagement")
    app.selectbox(key="engagement_person").select(min(names)).run()
    app.selectbox(key="engagement_period").select("All time").run()
    app.button(key="engagement_what_tests_submitted").click().run()
    assert not app.exception
    assert any("the number shown: yes" in m.value.replace("\\", "") for m in app.success)


def test_a_user_without_a_cycle_in_the_period(demo, run_page):
    found = now(demo)
    gone = found.people[found.people["lifecycle"] == "silent"].iloc[0]
    app = run_page("customer_engagement")
    app.selectbox(key="engagement_person").select(int(gone["customer_id"])).run()
    assert not app.exception
    assert any("no part in a test cycle in this period" in m.value for m in app.markdown)


def test_a_link_to_nobody_gets_a_sentence(demo_url, run_page):
    app = run_page("customer_engagement", engagement_person="Nobody [x](y) at all")
    assert not app.exception
    (warning,) = app.warning
    said = "asks for the customer user “Nobody [x](y) at all”, not found in Demo account."
    assert said in warning.value.replace("\\", "")
    assert "[x](y)" not in warning.value  # nothing in it is a link
    assert "customer users created a cycle" in answer(app)


LABELS = {"silent_days": "Silent after so many days", "high_activity": "High from so many cycles"}


def threshold(app, name):
    return next(box for box in app.number_input if box.label == LABELS[name])


def settings_form(app, **thresholds):
    for name, value in thresholds.items():
        threshold(app, name).set_value(value)
    return app


def button(app, label):
    return next(button for button in app.button if button.label == label)


def submit(app, label):
    return button(app, label).click().run()


def test_thresholds_are_tried_and_saved(demo, run_page):
    app = on_tab(run_page, "Segments")
    app = submit(settings_form(app, silent_days=60), "Try")
    assert not app.exception
    assert "Silent, 60 days" in shown(app)
    assert settings_of(Scope(demo, "demo"), EngagementSettings) == EngagementSettings()
    # The browser forgets what was typed for the trial: it is no draft once the trial has ended.
    assert app.session_state["round_engagement_settings_demo"] == 1
    app = app.button(key="engagement_untry").click().run()
    assert "Silent, 90 days" in shown(app)
    assert threshold(app, "silent_days").value == 90
    app = submit(settings_form(app, silent_days=70, high_activity=20), "Save for the account")
    assert settings_of(Scope(demo, "demo"), EngagementSettings) == EngagementSettings(
        silent_days=70, high_activity=20
    )
    assert "Silent, 70 days" in shown(app)
    assert not any(button.key == "engagement_untry" for button in app.button)
    history = next(d.value for d in app.dataframe if "What" in d.value)
    assert history["What"].tolist() == ["high from 10 → 20; silent, days 90 → 70"]
    assert history["Who"].tolist() == ["someone on this machine"]


def test_thresholds_without_sense_change_nothing(demo, run_page):
    app = on_tab(run_page, "Segments")
    app = submit(settings_form(app, silent_days=20), "Save for the account")
    assert "Silent begins after fading" in app.error[0].value
    assert changes(Scope(demo, "demo"), subject="settings of engagement") == []
    assert "Silent, 90 days" in shown(app)


def test_who_may_not_change_may_try(demo_url, run_page, monkeypatch):
    monkeypatch.setattr("pages.ui.page._editor", lambda settings: None)
    app = on_tab(run_page, "Segments")
    assert button(app, "Save for the account").disabled
    app = submit(settings_form(app, silent_days=60), "Try")
    assert "Silent, 60 days" in shown(app)


def test_saved_thresholds_are_those_of_every_page(demo, demo_url, run_page):
    save_settings(Scope(demo, "demo", "Ann"), EngagementSettings(silent_days=46), seen={})
    assert now(demo).settings.silent_days == 46
    assert "Silent, 46 days" in shown(run_page("customer_engagement"))


def test_slipping_lists_who_is_silent_or_fading(demo, run_page):
    found = now(demo)
    app = on_tab(run_page, "Slipping away")
    for kind in ("silent", "fading"):
        app.button_group(key="engagement_slipping").set_value(kind.capitalize()).run()
        (people,) = (d.value for d in app.dataframe if "days" in d.value)
        assert len(people) == found.count(kind)
        assert people["title"].notna().all()
        assert list(people["days"]) == sorted(people["days"])


def test_weekdays_say_which_day_is_meant(demo_url, run_page):
    app = on_tab(run_page, "Weekdays")
    assert any("most often end on" in s.value.replace("\\", "") for s in app.subheader)
    app.button_group(key="engagement_clock").set_value("Start").run()
    assert any("most often start on" in s.value.replace("\\", "") for s in app.subheader)


@pytest.mark.usefixtures("acme")
def test_each_tab_with_names_that_are_markup(run_page):
    for tab in TABS:
        app = on_tab(run_page, tab)
        app.selectbox(key="engagement_period").select("All time").run()
        assert not app.exception, tab
        assert not app.error, tab


def person_called(store, name):
    names = user_names(Scope(store, "acme"), kind="customer")
    return next(person for person, known in names.items() if known == name)


def test_a_name_that_is_markup_is_shown_as_it_is(request, run_page):
    person = person_called(request.getfixturevalue("acme"), HOSTILE)
    app = run_page("customer_engagement")
    app = app.selectbox(key="engagement_person").select(person).run()
    assert not app.exception
    assert answer(app).startswith(f"{HOSTILE} created 1 cycle and submitted 1 ")


def test_another_account_is_another_person(request, run_page):
    store = request.getfixturevalue("acme")
    ann = person_called(store, "Ann")
    store.ensure_account("zeta", "Zeta")
    with store.write("zeta") as unit:
        cycles = [cycle(n, name, name, 5) for n, name in enumerate(("Ann", "Flo", "Gil"), 1)]
        save_cycles(unit, [parse_cycle(obj) for obj in cycles])
    app = run_page("customer_engagement")
    app = app.selectbox(key="engagement_person").select(ann).run()
    assert answer(app).startswith("Ann created 2 cycles")
    app = app.selectbox(key="account").select("zeta").run()
    assert not app.exception
    assert "3 of 3 customer users created a cycle" in answer(app)
