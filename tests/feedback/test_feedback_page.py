"""The feedback page's results and the survey under AppTest: figures, invitations, answers."""

import pytest
from sqlalchemy import select

from core.base import clock
from core.feedback import cast_vote
from core.feedback.missing import MISSING, comment_of, parts_of
from core.feedback.surveys import invitations, invite, send_answers
from core.store import Enhancement, Feedback, Scope, table
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
    kinds = (app.markdown, app.caption, app.header, app.subheader, app.info)
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


def vote(scope):
    parts = [table(Feedback).c[name] for name in ("subject", "thumb", "rating", "comment")]
    with scope.read() as session:
        return [tuple(row) for row in session.execute(select(*parts))]


@pytest.fixture
def run(scope):
    at = clock.now()
    with scope.write() as unit:
        unit.upsert(
            Enhancement, [{"id": "r1", "ticket_id": "T-1", "status": "completed", "created_at": at}]
        )


@pytest.mark.parametrize(
    ("link", "title"),
    [
        ({"ticket": "T-1"}, "Did this help with T-1?"),
        ({"feedback_ticket": "T-1", "feedback_enhancement": "r1"}, "Did this help with T-1?"),
        ({"enhancement": "r1"}, "Did this help?"),
    ],
)
def test_a_ticket_is_answered_changed_and_taken_back(scope, run, run_page, link, title):  # noqa: F811
    app = run_page("feedback", **link)
    assert [one.value.replace("\\", "") for one in app.title] == [title]
    assert not [*app.header, *app.tabs, *app.metric]
    app.text_input(key="feedback_rater").set_value("Ann@x.org").run()
    app.segmented_control(key="feedback_answer_r1").set_value("down").run()
    assert [one.value for one in app.header] == ["Thank you. What was missing?"]
    app.pills(key="feedback_missing_r1").set_value(["Too long", "Wrong article"]).run()
    assert vote(scope) == [("enhancement:r1", "down", None, "Wrong article. Too long.")]
    app.text_area(key="feedback_words_r1").set_value("**Half** of it.")
    app.button(key="FormSubmitter:feedback_ticket_r1-Save comment").click().run()
    app.feedback(key="feedback_stars_r1").set_value(0).run()
    kept = "Wrong article. Too long. **Half** of it."
    assert vote(scope) == [("enhancement:r1", "down", 1, kept)]
    # Another visit of the same person shows all of it.
    app = run_page("feedback", **link)
    app.text_input(key="feedback_rater").set_value("ann@x.org").run()
    assert "You rate as ann@x.org" in [one.label.replace("\\", "") for one in app.expander]
    assert app.segmented_control(key="feedback_answer_r1").value == "down"
    assert app.pills(key="feedback_missing_r1").value == ["Wrong article", "Too long"]
    assert app.text_area(key="feedback_words_r1").value == "**Half** of it."
    app.segmented_control(key="feedback_answer_r1").set_value("up").run()
    app.pills(key="feedback_missing_r1").set_value([]).run()
    assert vote(scope) == [("enhancement:r1", "up", 1, "**Half** of it.")]
    next(one for one in app.button if one.label == "Take it back").click().run()
    assert vote(scope) == [("enhancement:r1", None, None, None)]
    assert not app.header
    assert not app.exception


def test_an_answer_that_is_refused_is_not_shown_as_given(scope, run, run_page, monkeypatch):  # noqa: F811
    monkeypatch.setattr("pages.ui.rate.MOST_VOTES", 1)
    app = run_page("feedback", ticket="T-1")
    app.segmented_control(key="feedback_answer_r1").set_value("down").run()
    app.segmented_control(key="feedback_answer_r1").set_value("up").run()
    assert "votes in a minute" in app.error[0].value
    assert app.segmented_control(key="feedback_answer_r1").value == "down"


def test_an_unknown_ticket_is_said_and_an_unknown_run_is_rated(scope, run_page):  # noqa: F811
    app = run_page("feedback", ticket="T-*9*")
    assert "**No enhancement of ticket T-*9* is known here, so nothing can be rated yet.**" in said(
        app
    )
    assert not app.segmented_control
    app = run_page("feedback", ticket="T-9", enhancement="r9")
    app.segmented_control(key="feedback_answer_r9").set_value("up").run()
    assert vote(scope) == [("enhancement:r9", "up", None, None)]


def test_without_a_ticket_the_page_opens_on_what_people_say(scope, run, run_page):  # noqa: F811
    app = run_page("feedback")
    assert not app.exception
    assert app.tabs[0].label == "What they say"
    assert "Stars" in [metric.label for metric in app.metric]
    app = run_page("feedback", feedback_view="Rate")  # as old links say it
    assert "Rate an enhancement" in said(app)


@pytest.mark.parametrize("words", ["", "Half of it.", "Too long", "Too late.And more"])
def test_what_was_missing_is_read_back_from_the_comment(words):
    for missing in ([], [MISSING[0]], [*MISSING]):
        assert parts_of(comment_of(missing, words)) == (missing, words)
