"""The feedback page's results and the survey under AppTest: figures, invitations, answers."""

import pytest

from core.feedback import cast_vote
from core.feedback.surveys import invitations, invite, send_answers
from core.store import Enhancement, Scope
from tests.pages.conftest import _fresh_caches, run_page  # noqa: F401  # fixtures
from tests.shown import close_stores
from tests.stores import open_store


@pytest.fixture
def scope(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    store.ensure_account("a", "Account a")
    yield Scope(store, "a", "Ann")
    close_stores()
    store.close()


def said(app):
    kinds = (app.markdown, app.caption, app.subheader, app.info)
    return [element.value.replace("\\", "") for kind in kinds for element in kind]


def test_votes_are_shown_with_their_bounds(scope, run_page):  # noqa: F811
    at = cast_vote(scope, subject="enhancement:r0", rater="Ann", thumb="up", rating=4).updated_at
    with scope.write() as unit:
        runs = [{"id": f"r{n}", "status": "completed", "created_at": at} for n in range(2)]
        unit.upsert(Enhancement, runs)
    app = run_page("feedback", feedback_view="What they say")
    assert not app.exception
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Stars"], shown["Thumbs up"]) == ("4", "100 %")
    assert "50 % of 2 completed runs got ratings; if all had, this would be 2.5 to 4.5." in said(
        app
    )


def test_the_survey_is_invited_to_answered_and_shown(scope, run_page):  # noqa: F811
    invite(scope, "bob@x.org\neve@x.org")
    link = {one.respondent: one.id for one in invitations(scope)}["bob@x.org"]
    app = run_page("survey", invitation=link)
    assert any("Hello bob@x.org" in text for text in said(app))
    app.segmented_control(key="survey_overall").set_value(4).run()
    app.button(key="survey_send").click().run()
    assert not app.exception
    assert "Thank you, your answers are in" in said(app)
    for n in range(4):
        send_answers(scope, f"k{n}", {"overall": 5, "what_helps": "**bold**"}, respondent=None)
    app = run_page("feedback", feedback_view="Survey")
    assert not app.exception
    assert "**5 responses in this period; 1 of 2 invited people answered (50 %)**" in said(app)
    assert "**bold**" in [text.value for text in app.text]
    (reminders,) = (frame.value for frame in app.dataframe if "Link" in frame.value)
    assert reminders["Who"].tolist() == ["eve@x.org"]


def test_a_wrong_link_is_refused(scope, run_page):  # noqa: F811
    app = run_page("survey", invitation="nothing")
    assert not app.exception
    assert any("not valid for this account" in text for text in said(app))
