"""The themes of the feedback page under AppTest: figures, editing, and comments as text."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.analytics.account_settings import changes
from core.analytics.dates import Window
from core.base import clock
from core.feedback import cast_vote
from core.feedback.themes.figures import theme_report
from core.review.roadmap import opportunities
from core.store import Scope
from tests.pages.conftest import _fresh_caches  # noqa: F401  # caches of a test's own
from tests.shown import close_stores
from tests.stores import open_store

ALL = Window(None, None, "All time")


def script():
    from core.analytics.dates import Window
    from pages import ui
    from pages.feedback import themes as _feedback_themes
    from pages.ui.filters import Filters

    ui.run_page(
        "feedback",
        "What do people say?",
        lambda page: _feedback_themes.show(Filters(page, "", Window(None, None, "All time"))),
    )


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """A store with comments of an account, and the page over it."""
    url = f"sqlite:///{tmp_path}/touchstone.db"
    store = open_store(url, timezone="UTC")
    store.ensure_account("a", "Account a")
    now = clock.now()

    def write(texts):
        for n, text in enumerate(texts):
            cast_vote(
                Scope(store, "a"),
                subject=f"enhancement:e{n}",
                rater=f"rater {n % 7}",
                thumb="down" if n % 3 else "up",
                comment=text,
                at=now - timedelta(days=n % 40, minutes=n),
            )
        return store, AppTest.from_function(script, default_timeout=60)

    yield write
    close_stores()
    store.close()


def many():
    topics = (
        "Loading takes forever on {}",
        "The summary of {} is too long",
        "Wrong customer for {}",
    )
    places = (
        "printer",
        "server",
        "mailbox",
        "scanner",
        "router",
        "phone",
        "laptop",
        "monitor",
        "badge",
        "camera",
        "tablet",
        "projector",
        "switch",
    )
    return [topic.format(place) for place in places for topic in topics]


def said(app):
    return [
        element.value.replace("\\", "")
        for kind in (app.markdown, app.caption, app.subheader, app.text)
        for element in kind
    ]


def pressed(app, prefix, label):
    (button,) = [b for b in app.button if (b.key or "").startswith(prefix) and b.label == label]
    return button.click().run()


def test_few_comments_are_said_to_have_themes_by_hand_only(opened):
    _, app = opened(["Too slow", "Wrong article", "**bold** <b>x</b>"])
    app.run()
    assert not app.exception
    assert any("they can only be made by hand" in text for text in said(app))
    assert any("none of them is in a theme yet" in text for text in said(app))


def test_themes_are_named_counted_quoted_and_can_be_taken_away(opened):
    store, app = opened(many())
    app.run()
    assert not app.exception
    found = theme_report(Scope(store, "a"), window=ALL, today=clock.now().date())
    assert len(found.themes) >= 2
    quotes = {text.value for text in app.text}
    assert all(quote.text in quotes for one in found.themes[:10] for quote in one.figures.quotes)
    assert any("fit no theme" in text for text in said(app))
    assert not any("rater 3" in text for text in said(app))


def test_markup_in_a_comment_is_shown_as_text(opened):
    text = "<img src=x onerror=alert(1)> **loud** $x$ :material/home: [a](javascript:b)"
    _, app = opened([text])
    app.session_state["themes_unassigned"] = True
    app.run()
    assert text in [element.value for element in app.text]
    assert not any("onerror" in element.value for element in app.markdown)


def test_an_editor_makes_a_theme_rules_it_and_takes_it_to_the_roadmap(opened):
    store, app = opened(["Too slow today", "slow again", "fine"])
    app.session_state["themes_make_0"] = True
    app.run()
    app.text_input(key="themes_make_0_name").set_value("Speed").run()
    pressed(app, "themes_make_0", "Make it")
    assert not app.exception
    app.session_state["themes_change_1_0"] = True
    app.run()
    app.text_input(key="themes_change_1_0_any").set_value("slow, took ages").run()
    pressed(app, "themes_change_1_0", "Add rule")
    assert any("2 comments by 2 people" in text for text in said(app))
    app.session_state["themes_opportunity_1_0"] = True
    app.run()
    app.text_input(key="themes_opportunity_1_0_title").set_value("Speed").run()
    pressed(app, "themes_opportunity_1_0", "Enter it into the roadmap")
    assert app.session_state["round_themes_opportunity_1"] == 1
    (entered,) = opportunities(Scope(store, "a"))
    assert (entered.title, entered.theme_id, entered.reach_comments) == ("Speed", 1, 2)
    assert [c.by for c in changes(Scope(store, "a"), subject="theme 1")] == [
        "someone on this machine"
    ] * 2


def test_a_search_finds_comments_and_an_editor_moves_one(opened):
    store, app = opened(["Too slow today", "slow again", "fine"])
    from core.feedback.themes.edit import make_theme

    make_theme(Scope(store, "a", "Ann"), "Speed")
    app.run()
    app.text_input(key="themes_search").set_value("AGAIN").run()
    assert [text.value for text in app.text] == ["slow again"]
    (box,) = [key for key in _open_keys(store) if key.endswith("_0")]
    app.session_state[box] = True
    app.run()
    app.selectbox(key=f"{box}_to").set_value("1").run()
    pressed(app, box, "Move it")
    assert not app.exception
    found = theme_report(Scope(store, "a"), window=ALL, today=clock.now().date())
    assert [c.text for c in found.themes[0].figures.comments] == ["slow again"]


def _open_keys(store):
    found = theme_report(Scope(store, "a"), window=ALL, today=clock.now().date())
    return [
        f"themes_move_{comment.key}_0"
        for comment in found.unassigned.comments
        if comment.text == "slow again"
    ]


def test_who_is_no_editor_reads_only(opened, tmp_path):
    (tmp_path / "secrets.toml").write_text('[auth]\neditors = ["ann@example.org"]\n')
    _, app = opened(many())
    app.run()
    assert not app.exception
    assert not any(button.label in {"Make it", "Delete"} for button in app.button)
