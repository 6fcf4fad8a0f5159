"""What is typed and sent under AppTest: carried out once, kept beside what others wrote."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.feedback.surveys import draft_of, sent_answers
from core.review.actions import actions, close_action
from core.review.meeting import notes_of, open_review, save_note
from core.store import Scope, SurveyDraft, SurveyResponse
from pages.ui import actions as page_actions
from tests.pages.conftest import PAGES, SCRIPTS
from tests.pages.criteria import WEEK, button, field, runs, said, save


@pytest.fixture
def bob(acme):
    return Scope(acme, "acme", "Bob")


@pytest.fixture
def review(acme, bob, run_page):
    save(acme, runs(96, 4))
    open_review(bob, WEEK.label)
    return run_page("weekly_review", review_week=WEEK.label, step="Criteria")


def fill(app, text):
    field(app.text_input, "What will be done").set_value(text)
    field(app.text_input, "Who does it").set_value("Ann")


def test_a_submission_is_carried_out_once_also_where_its_drawing_is_broken_off(
    review, bob, monkeypatch
):
    key, submit_action = f"review_action_acme_{WEEK.label}_0", page_actions.submit_action

    def broken_off(*_, **__):
        monkeypatch.setattr(page_actions, "submit_action", submit_action)
        st.rerun()  # as for another event, after the press and before the action

    monkeypatch.setattr(page_actions, "submit_action", broken_off)
    fill(review, "Warm it")
    button(review, "Agree on it").click().run()
    assert page_actions.submit_action is submit_action
    assert [one.text for one in actions(bob)] == ["Warm it"]
    assert [one.value for one in review.toast] == [r"Agreed\: it comes back next week\."]
    assert field(review.text_input, "What will be done").value == ""
    fill(review, "Warm it twice")
    button(review, "Agree on it").click().run()
    assert [one.text for one in actions(bob)] == ["Warm it", "Warm it twice"]
    assert list(review.error) == []
    # The browser forgets what was typed in the earlier rounds; their buttons do nothing any more.
    assert review.session_state[f"round_{key.removesuffix('_0')}"] == 2


def test_what_was_entered_without_an_answer_is_entered_once(review, bob, run_page):
    def agree():
        app = run_page("weekly_review", review_week=WEEK.label)  # a server that was started again
        fill(app, "Warm it")
        button(app, "Agree on it").click().run()
        assert [one.value for one in app.toast] == [r"Agreed\: it comes back next week\."]
        return actions(bob)

    agree()
    (one,) = agree()
    outcome = {"status": "done", "outcome": "It is warm"}
    close_action(bob, one.id, seen={"status": "open", "outcome": None}, **outcome)
    assert [one.status for one in agree()] == ["done", "open"]  # another one, after all


def test_a_note_typed_on_before_the_lines_of_others_were_shown_keeps_them(review, bob):
    field(review.text_area, "Notes").set_value("half").run()
    save_note(bob, WEEK.label, "metrics", "half\nBob's line", seen=1)
    review.run()
    assert field(review.text_area, "Notes").value == "half\nBob's line"
    field(review.text_area, "Notes").set_value("half a sentence").run()
    kept = notes_of(bob, WEEK.label)["metrics"].text.split("\n")
    assert {"half a sentence", "Bob's line"} <= set(kept)
    # Once they were shown, they can be taken out.
    field(review.text_area, "Notes").set_value("half a sentence").run()
    field(review.text_area, "Notes").set_value("Bob's line").run()
    assert notes_of(bob, WEEK.label)["metrics"].text == "Bob's line"


def test_a_note_that_is_refused_is_told_to_the_browser_as_not_saved(review, bob):
    field(review.text_area, "Notes").set_value("x" * 20_001).run()
    state = review.session_state["keeper_state"]
    key = f"review_note_acme_{WEEK.label}_metrics"
    assert (state["failed"], state["stored"][key]["taken"]) == (key, "")
    field(review.text_area, "Notes").set_value("x").run()
    state = review.session_state["keeper_state"]
    assert (state["failed"], state["stored"][key]["taken"]) == ("", "x")
    assert state["stored"][key]["said"].startswith("Saved, someone on this machine, ")


def test_a_browser_answers_the_survey_once_and_sees_what_it_sent(acme, bob, run_page):
    app = run_page("survey")
    app.segmented_control(key="survey_overall").set_value(4).run()
    app.text_area(key="survey_what_helps").set_value("The links").run()
    visit = app.session_state["visit"]
    (key,) = (one.id for one in bob.objects(SurveyDraft))
    assert draft_of(bob, key) == {"overall": 4, "what_helps": "The links"}
    for overall in (None, 5):
        app = AppTest.from_file(str(PAGES / "_frame.py"), default_timeout=30)
        app.switch_page(SCRIPTS["survey"])
        app.session_state["visit"] = visit  # a reload, in the same browser
        app.run()
        assert app.text_area(key="survey_what_helps").value == "The links"
        assert app.segmented_control(key="survey_overall").value == 4
        assert ("your answers are in" in said(app)) == (overall is not None)
        app.segmented_control(key="survey_overall").set_value(overall or 4).run()
        app.button(key="survey_send").click().run()
        assert not app.exception
    assert [one.overall for one in bob.objects(SurveyResponse)] == [5]
    assert (draft_of(bob, key), sent_answers(bob, key)["what_helps"]) == ({}, "The links")
