"""Two people at one form: what others change meanwhile is told, and what is typed is kept."""

import pytest

from core.base import clock
from core.criteria.ledger import change_criterion
from core.criteria.verdicts import criteria_of
from core.review.actions import actions, add_action, close_action
from core.review.meeting import close_review, meeting_of, notes_of, open_review
from core.store import Scope
from tests.pages.criteria import WEEK, button, field, runs, said, save


@pytest.fixture
def bob(acme):
    return Scope(acme, "acme", "Bob")


def decide(scope, **changed):
    (form,) = [one for one in criteria_of(scope) if one.key == "success_rate"]
    fields = form.model_dump(include={"direction", "target", "owner", "rationale"})
    change_criterion(scope, "success_rate", seen={}, **fields | changed)


def kept(scope):
    (one,) = [one for one in criteria_of(scope) if one.key == "success_rate"]
    return one.target, one.owner


def test_a_form_keeps_what_is_typed_and_saves_beside_on_top_or_not_at_all(acme, opened, bob):
    save(acme, runs(96, 4))
    app = opened("All criteria")
    decide(bob, target=0.97)
    field(app.text_input, "Owner").set_value("Eve")
    button(app, "Save").click().run()
    assert (kept(bob), list(app.error), list(app.warning)) == ((0.97, "Eve"), [], [])
    assert field(app.number_input, "Target, %").value == 97.0
    decide(bob, target=0.98, owner="Zoe")
    field(app.number_input, "Target, %").set_value(96.0)
    button(app, "Save").click().run()
    assert app.error[0].value.replace("\\", "").startswith("Not saved: Bob changed this at")
    assert "Bob changed this since you opened it" in said(app)
    assert "target over 97 % to over 98 %; owner: Eve to Zoe" in said(app)
    assert field(app.number_input, "Target, %").value == 96.0
    assert kept(bob) == (0.98, "Zoe")
    button(app, "Save").click().run()
    assert (kept(bob), list(app.error), list(app.warning)) == ((0.96, "Zoe"), [], [])
    decide(bob, target=0.9)
    field(app.number_input, "Target, %").set_value(91.0)
    button(app, "Save").click().run()
    button(app, "Take theirs over").click().run()
    assert (kept(bob), list(app.warning)) == ((0.9, "Zoe"), [])
    assert field(app.number_input, "Target, %").value == 90.0


def test_what_is_sent_to_a_review_that_was_closed_is_refused_and_shown(acme, run_page, bob):
    save(acme, runs(96, 4))
    open_review(bob, WEEK.label)
    app = run_page("weekly_review", review_week=WEEK.label)
    close_review(bob, WEEK.label)
    field(app.text_input, "What will be done").set_value("Roll it back")
    button(app, "Agree on it").click().run()
    assert not app.exception
    assert "Not saved: someone has just changed or closed this" in said(app)
    assert "You had typed: Roll it back" in said(app)
    assert actions(bob) == []


def test_a_note_that_comes_too_late_stands_beside_the_closed_review(acme, run_page, bob):
    save(acme, runs(96, 4))
    open_review(bob, WEEK.label)
    app = run_page("weekly_review", review_week=WEEK.label)
    close_review(bob, WEEK.label)
    field(app.text_area, "Notes").set_value("DECISION: roll back").run()
    assert "Bob has closed the review" in app.error[0].value
    assert "It is not in it" in said(app)
    assert "DECISION: roll back" in [code.value for code in app.code]
    assert notes_of(bob, WEEK.label) == {}
    assert meeting_of(bob, WEEK.label).content["notes"] == {}


def test_an_action_that_was_closed_meanwhile_keeps_its_first_outcome(acme, run_page, bob):
    save(acme, runs(96, 4))
    due = clock.now().date()
    number = add_action(bob, week="2026-W40", text="Warm it", owner="Bob", due=due)
    open_review(bob, WEEK.label)
    app = run_page("weekly_review", review_week=WEEK.label)
    seen = {"status": "open", "outcome": None}
    close_action(bob, number, seen=seen, status="done", outcome="It is warm")
    field(app.text_input, "Outcome").set_value("They left")
    button(app, "Save").click().run()
    assert not app.exception
    assert "it is now status done, outcome It is warm" in said(app)
    assert field(app.text_input, "Outcome").value == "They left"
    assert actions(bob)[0].outcome == "It is warm"
