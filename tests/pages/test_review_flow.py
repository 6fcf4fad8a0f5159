"""The weekly review as a flow: its steps, its clock, its slides, its end and the way back."""

from datetime import timedelta

import pytest

from core.base import clock
from core.review.actions import Escalation, add_action, close_action, record_sent
from core.review.agenda import SECTIONS
from core.review.meeting import close_review, meeting_of, open_review, save_note
from core.store import Scope
from tests.pages.criteria import WEEK, button, field, runs, said, save

RAIL = [section.name for section in SECTIONS.values()]


@pytest.fixture
def bob(acme):
    save(acme, runs(80, 20))
    add_action(
        Scope(acme, "acme", "Bob"),
        week="2026-W40",
        text="Warm the cache",
        owner="Eve",
        due=clock.now().date() + timedelta(days=3),
    )
    return Scope(acme, "acme", "Bob")


def rail(app):
    """The labels of the steps, without Markdown."""
    labels = [one.label for one in app.button if (one.key or "").startswith("review_step_")]
    return [
        one.replace("\N{NO-BREAK SPACE}", "").replace(":small[", "").strip("]") for one in labels
    ]


def notes(app):
    """What is in the boxes for notes."""
    return [box.value for box in app.text_area if box.label == "Notes"]


def test_the_steps_follow_one_another_and_stand_in_the_address(bob, run_page):
    app = run_page("weekly_review")
    assert not app.exception
    titles = [app.header[-1].value]
    assert rail(app)[:2] == ["1 Actions 3 min", "2 Criteria 7 min"]
    for name in RAIL[1:]:
        button(app, f"Next: {name}").click().run()
        assert app.query_params["step"] in (name, [name])
        titles.append(app.header[-1].value)
    assert titles == [section.title for section in SECTIONS.values()]
    button(app, "Back: Roadmap").click().run()
    assert app.header[-1].value == "Opportunities"
    # Nothing is ticked before the meeting begins, and nothing can be written.
    assert not any("\N{CHECK MARK}" in label for label in rail(app))
    assert notes(app) == []
    app.button(key="review_step_trends").click().run()
    assert app.header[-1].value == "Signals"
    other = run_page("weekly_review", step="Voices")
    assert other.header[-1].value == "What people say"
    wrong = run_page("weekly_review", step="Votes")
    assert "The link asks for the step “Votes”" in said(wrong)


def test_begin_starts_the_clock_and_the_steps_count_down(bob, run_page, monkeypatch):
    app = run_page("weekly_review")
    button(app, "Begin the review").click().run()
    assert meeting_of(bob, WEEK.label) is not None
    assert notes(app) == [""]
    for minutes, clock_said, steps in (
        (0, "30:00 left", ["1 Actions 3 min", "2 Criteria 7 min", "3 Signals 5 min"]),
        (4.5, "25:30 left", ["1 Actions 2 min over", "2 Criteria 6 min", "3 Signals 5 min"]),
        (9.5, "20:30 left", ["1 Actions 7 min over", "2 Criteria 1 min"]),
        (32, "2:00 over", []),
    ):
        at = meeting_of(bob, WEEK.label).opened_at + timedelta(minutes=minutes)
        with monkeypatch.context() as shifted:
            shifted.setattr(clock, "now", lambda at=at: at)
            app.run()
        assert f"**{clock_said}**" in said(app)
        assert rail(app)[: len(steps)] == steps
    button(app, "Next: Criteria").click().run()
    button(app, "Next: Signals").click().run()
    assert rail(app)[:2] == ["\N{CHECK MARK} Actions", "\N{CHECK MARK} Criteria"]
    # The day after it is no clock any more.
    later = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    app = run_page("weekly_review", review_week=WEEK.label)
    assert "left" not in said(app)
    button(app, "Start the clock").click().run()
    assert "**30:00 left**" in said(app)


def test_criteria_come_worst_first_with_their_words_and_escalations(bob, run_page):
    app = run_page("weekly_review", step="Criteria")
    assert app.metric[0].label == "Enhancement success rate"
    assert app.metric[0].value == "80 %"
    assert "Target over 95 %" in said(app)
    assert "Enhancement success rate: only 80 % of the runs succeeded" in said(app)
    # The wide table, guardrails and all, is one of figures to unfold.
    table = app.expander[0].dataframe[0].value
    assert {"95 % interval", "Four weeks"} <= set(table)
    assert any("(guardrail)" in name for name in table["Criterion"])
    assert "2026-" not in " ".join(one.value for one in app.markdown if "due" in one.value)


def test_actions_are_told_with_days_as_people_write_them(bob, run_page):
    open_review(bob, WEEK.label)
    app = run_page("weekly_review")
    due = clock.now().date() + timedelta(days=3)
    day = f"{due.day} {due:%b %Y}"
    assert f"**Warm the cache**, Eve, due {day}, agreed in 2026-W40" in said(app)
    field(app.text_input, "What will be done").set_value("Roll back")
    field(app.text_input, "Who does it").set_value("Ann")
    button(app, "Agree on it").click().run()
    due = clock.now().date() + timedelta(days=7)
    assert f"**Roll back**, Ann, due {due.day} {due:%b %Y}" in said(app)


def slides(app, run_page):
    """The titles of all slides, by the button that leads on."""
    titles = []
    while True:
        titles.append(app.header[-1].value.replace("\\", ""))
        (place,) = [
            one.value for one in app.caption if " of " in one.value and one.value[0].isdigit()
        ]
        number, last = place.split(" of ")
        assert int(number) == len(titles)
        if number == last:
            return titles
        app.button(key="review_next").click().run()


def test_a_presentation_has_one_thing_on_a_slide(bob, run_page):
    open_review(bob, WEEK.label)
    app = run_page("weekly_review", present="1")
    assert not app.exception
    # Notes and a new action stay beside.
    assert notes(app) == [""]
    assert button(app, "Agree on it")
    titles = slides(app, run_page)
    assert titles[0] == "What we agreed on"
    assert titles[1].startswith("None of the five criteria is met") or "missed" in titles[1]
    assert titles[2] == "To escalate"
    assert titles[-3:] == ["What people say", "Opportunities", "What we do now"]
    assert len(app.metric) == len(app.get("vega_lite_chart")) == 0
    app = run_page("weekly_review", present="1", step="Criteria")
    assert len(app.metric) == 5
    app.button(key="review_stop").click().run()
    assert app.header[-1].value == "Success criteria"
    assert "present" not in app.query_params


def test_a_television_turns_its_slides_by_itself_and_shows_new_data(
    bob, acme, run_page, monkeypatch
):
    now = clock.now()
    start = now - timedelta(seconds=now.timestamp() % 20)
    at = [start]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    app = run_page("weekly_review", tv="1")
    known = {app.header[-1].value}
    assert [one.label for one in app.button if one.key == "review_next"] == []
    assert notes(app) == []
    for n in range(1, 12):
        at[0] = start + timedelta(seconds=20 * n)
        app.run()
        known.add(app.header[-1].value)
    assert {"What we agreed on", "To escalate", "Opportunities"} <= known
    add_action(bob, week="2026-W41", text="Rewrite it", owner="Zoe", due=clock.now().date())
    at[0] += timedelta(seconds=20)
    while app.run().header[-1].value != "What we agreed on":
        at[0] += timedelta(seconds=20)
    assert "Rewrite it" in said(app)
    app.button(key="review_stop").click().run()
    assert not {"tv", "present"} & set(app.query_params)


def test_a_closed_review_names_what_was_not_done_and_can_be_undone(bob, run_page, monkeypatch):
    open_review(bob, WEEK.label)
    save_note(bob, WEEK.label, "carried", "Roll back", seen=0)
    close_review(bob, WEEK.label, left_open=["escalations are not sent (p95 latency)"])
    app = run_page("weekly_review", review_week=WEEK.label)
    assert "Closed by Bob" in said(app)
    assert "Not done: escalations are not sent (p95 latency)." in said(app)
    assert "Roll back" in [one.value for one in app.text]
    assert all("\N{CHECK MARK}" in label for label in rail(app))
    button(app, "Undo").click().run()
    assert meeting_of(bob, WEEK.label).closed_at is None
    assert notes(app) == ["Roll back"]
    close_review(bob, WEEK.label)
    later = clock.now() + timedelta(hours=1, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    app = run_page("weekly_review", review_week=WEEK.label)
    assert "Closed by Bob" in said(app)
    assert "Undo" not in [one.label for one in app.button]


def page_of_a_panel():
    from pages import ui
    from pages.ui import comments

    ui.run_page("review", "A panel", lambda page: comments.show(page, "p95 latency"))


def test_a_figure_is_commented_on_and_the_review_collects_it(bob, run_page):
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_function(page_of_a_panel, default_timeout=30).run()
    for words in ("Why so *slow*?", "Never mind"):
        field(app.text_input, "Comment").set_value(words)
        button(app, "Add comment").click().run()
    assert [one.value for one in app.get("text")] == ["Why so *slow*?", "Never mind"]
    [one for one in app.button if one.label == "Remove"][-1].click().run()
    assert [one.value for one in app.get("text")] == ["Why so *slow*?"]
    review = run_page("weekly_review", step="Signals")
    assert not review.exception
    assert "“Why so *slow*?”" in [one.value for one in review.get("text")]


def page_of_the_checklist():
    from core.analytics.dates import last_complete_week
    from core.review.agenda import agenda
    from core.review.meeting import meeting_of
    from pages import ui
    from pages.review import actions

    def show(page):
        week = last_complete_week(page.today)
        meeting = meeting_of(page.scope, week.label)
        if meeting.closed_at is None:
            actions.checklist(page, agenda(page.scope, week), meeting)

    ui.run_page("review", "The end", show)


@pytest.mark.parametrize("is_done", [False, True])
def test_the_checklist_says_what_is_missing_and_closes_all_the_same(bob, is_done):
    from streamlit.testing.v1 import AppTest

    open_review(bob, WEEK.label)
    if is_done:
        close_action(bob, 1, seen={}, status="done", outcome="It is warm")
        one = Escalation("critical", "success_rate", "why", "text")
        record_sent(bob, one, week=WEEK.label, sent_to="Zoe")
    app = AppTest.from_function(page_of_the_checklist, default_timeout=30).run()
    assert not app.exception
    assert [(box.label, box.value) for box in app.checkbox] == [
        ("Actions of earlier weeks are answered", is_done),
        ("Escalations are sent", is_done),
    ]
    assert ("Not yet: Warm the cache." in said(app)) != is_done
    assert ("Not yet: Enhancement success rate." in said(app)) != is_done
    if is_done:
        field(app.text_input, "Product manager").set_value("Ann")
    button(app, "Close it").click().run()
    closed = meeting_of(bob, WEEK.label)
    assert closed.attendees == ([["Product manager", "Ann"]] if is_done else [])
    assert closed.content["left_open"] == (
        []
        if is_done
        else [
            "attendees are not named",
            "actions of earlier weeks are not answered (Warm the cache)",
            "escalations are not sent (Enhancement success rate)",
        ]
    )
