"""Rating, answering and meeting in a browser: saved at once, by one person, and for good."""

import re
from functools import partial

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from core.demo import DEMO_ACCOUNT
from core.store import Feedback, SurveyResponse, table
from tests.browser.test_snippet import other_site  # noqa: F401
from tests.stores import open_store

RUN = "3f2b8c1e-0000-4000-8000-000000000001"
LINK = f"feedback?ticket=TKT-001&enhancement={RUN}"


@pytest.fixture
def stored(module_server):
    """Rows of the demo store that the running server writes to."""
    return partial(rows_in, module_server)


def rows_in(server, model, *columns, **equal):
    store = open_store(f"sqlite:///{server.demo}")
    rows = table(model).c
    asked = select(*(rows[name] for name in columns)).where(
        rows.account_id == DEMO_ACCOUNT, *(rows[name] == v for name, v in equal.items())
    )
    with store.read() as session:
        known = [tuple(row) for row in session.connection().execute(asked)]
    store.close()
    return known


def test_a_technician_rates_in_one_click_from_a_link_and_comes_back_as_the_same(
    module_server, visit, stored
):
    visitor = visit(module_server, viewport={"width": 390, "height": 844})
    visitor.opens(LINK)
    page = visitor.page
    # Nothing of the app stands around the question.
    expect(page.get_by_role("heading", level=1)).to_have_text("Did this help with TKT-001?")
    assert page.get_by_role("link").all_inner_texts() == ["Skip to main content"]
    expect(page.get_by_role("button", name="Share")).to_be_hidden()
    expect(page.get_by_text("Filters")).to_be_hidden()
    yes, no = (page.get_by_role("radio", name=name) for name in ("Yes", "No"))
    boxes = [answer.bounding_box() for answer in (yes, no)]
    assert [box["height"] for box in boxes] == [56, 56]
    assert boxes[1]["x"] + boxes[1]["width"] - boxes[0]["x"] >= 350
    no.click()
    visitor.settles()
    subject = f"enhancement:{RUN}"
    ((rater, thumb),) = stored(Feedback, "rater", "thumb", subject=subject)
    assert re.fullmatch("anonymous:[0-9a-f]{40}", rater)
    assert thumb == "down"
    page.get_by_text("Wrong article").click()
    visitor.settles()
    page.get_by_label("Comment").fill("<b>Wrong</b> customer")
    page.get_by_role("button", name="Save comment").click()
    visitor.settles()
    # Another visit of the same browser changes the vote, also by keyboard; another is someone else.
    visitor.opens(LINK)
    expect(no).to_be_checked()
    expect(page.get_by_label("Comment")).to_have_value("<b>Wrong</b> customer")
    assert visitor.widths() == [390, 390]
    yes.focus()
    page.keyboard.press("Enter")
    visitor.settles()
    wanted = ("rater", "thumb", "comment", "ticket_id")
    assert stored(Feedback, *wanted, subject=subject) == [
        (rater, "up", "Wrong article. <b>Wrong</b> customer", "TKT-001")
    ]
    other = visit(module_server)
    other.opens(LINK)
    other.page.get_by_role("radio", name="Yes").click()
    other.settles()
    assert len(stored(Feedback, "rater", subject=subject)) == 2
    # The other pages have their navigation.
    other.opens("feedback")
    expect(other.page.get_by_role("link", name="Overview").first).to_be_visible()
    assert visitor.errors == other.errors == []
    assert visitor.outside == other.outside == []


def test_in_a_frame_of_another_site_one_browser_is_one_rater(
    other_site,  # noqa: F811
    start,
    demo_url,
    visit,
):
    folder, origin = other_site
    # Another port would be the same site; another name of this machine is not.
    desk = origin.replace("127.0.0.1", "localhost")
    server = start(TOUCHSTONE_CORS_ORIGINS=desk)
    stored = partial(rows_in, server)
    framed = f"<iframe width=1300 height=800 src='{server.url}/{LINK}'></iframe>"
    (folder / "index.html").write_text(framed, encoding="utf-8")
    visitor = visit(server)
    visitor.page.goto(origin)
    assert visitor.page.frames[1].url.startswith("chrome-error:")
    visitor.errors.clear()
    frame = visitor.page.frame_locator("iframe")
    before = len(stored(Feedback, "rater"))
    for answer, thanks in {"Yes": "Is anything missing?", "No": "What was missing?"}.items():
        visitor.page.goto(desk)
        frame.get_by_role("radio", name=answer).click()
        expect(frame.get_by_role("heading", name=f"Thank you. {thanks}")).to_be_visible()
        assert len(stored(Feedback, "rater")) == before + 1
    # Where nothing can be kept, each visit would be another rater.
    closed = "Object.defineProperty(window, 'localStorage', { get() { throw new Error() } })"
    visitor.page.add_init_script(closed)
    visitor.page.goto(desk)
    frame.get_by_role("radio", name="Yes").click()
    expect(frame.get_by_text("this browser keeps nothing here").first).to_be_visible()
    assert len(stored(Feedback, "rater")) == before + 1
    assert visitor.errors == []


def test_every_page_asks_whether_it_was_useful(module_server, visit, stored):
    visitor = visit(module_server)
    visitor.opens("customer_engagement")
    foot = visitor.page.locator(".st-key-useful_engagement_demo")
    foot.get_by_role("radio", name="Thumbs up").click()
    visitor.settles()
    assert stored(Feedback, "thumb", subject="page:/engagement") == [("up",)]
    visitor.opens("feedback?feedback_view=Comments")
    assert visitor.errors == []


def test_the_survey_keeps_a_draft_and_counts_once_it_is_sent(module_server, visit, stored):
    visitor = visit(module_server)
    visitor.opens("survey")
    page = visitor.page
    before = len(stored(SurveyResponse, "id"))
    satisfied = page.get_by_role("radiogroup", name=re.compile("satisfied")).or_(
        page.locator(".st-key-survey_overall")
    )
    satisfied.get_by_text("4", exact=True).click()
    visitor.settles()
    page.get_by_label("What helps?").fill("The <i>links</i>")
    page.get_by_label("What helps?").blur()
    visitor.settles()
    assert len(stored(SurveyResponse, "id")) == before
    page.get_by_role("button", name="Send").click()
    visitor.settles()
    page.get_by_text("your answers are in").first.wait_for()
    assert stored(SurveyResponse, "overall", "respondent", what_helps="The <i>links</i>") == [
        (4, None)
    ]
    assert visitor.errors == []


def slides(visitor, slide, height):
    """The titles of the slides after the one of the criteria; nothing lies below the fold."""
    page, titles = visitor.page, []
    visitor.settles()
    value = slide.locator('[data-testid="stMetricValue"] p').first
    assert value.evaluate("e => getComputedStyle(e).fontSize") == "56px"
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        visitor.settles()
        titles.append(slide.get_by_role("heading").inner_text())
        assert slide.evaluate("e => e.getBoundingClientRect().bottom") < height - 40
        assert page.locator(".stMain").evaluate("e => e.scrollHeight <= e.clientHeight")
        chart = slide.locator('[class*="review_chart_"] svg.marks')
        if chart.count():
            box = chart.bounding_box()
            assert (box["height"], box["width"]) >= (0.69 * height, 0.69 * height)
            assert chart.locator("text").first.bounding_box()["height"] >= 17
    return titles


def closes(visitor):
    """Close a review at the second opening of its dialog, which shows what stood in the first."""
    page = visitor.page
    page.get_by_role("button", name="Close the review").click()
    dialog = page.get_by_role("dialog")
    assert visitor.faults() + visitor.faults(scheme="dark") == []
    dialog.get_by_label("Product manager").fill("Ann")
    expect(dialog.get_by_label("Escalations are sent")).not_to_be_checked()
    answered = "Actions of earlier weeks are answered"
    dialog.get_by_text(answered).click()
    expect(dialog.locator(".typed-state", has_text="Not saved yet")).to_have_count(2)
    dialog.get_by_label("Close", exact=True).click()
    visitor.settles()
    page.get_by_role("button", name="Close the review").click()
    expect(dialog.get_by_label(answered)).to_be_checked()
    expect(dialog.get_by_label("Product manager")).to_have_value("Ann")
    dialog.get_by_role("button", name="Close it").click()


def test_a_whole_meeting_is_played_and_opens_later_as_it_was(module_server, visit):
    visitor = visit(module_server)
    visitor.opens("weekly_review")
    page, slide = visitor.page, visitor.page.locator(".st-key-review_slide")
    page.get_by_role("button", name="Begin the review").click()
    expect(page.get_by_text(re.compile("^(30:00|29:..) left$"))).to_be_visible(timeout=20_000)
    visitor.settles()
    page.get_by_label("Notes").fill("We roll back <b>today</b>")
    page.get_by_label("Notes").blur()
    page.get_by_text(re.compile("^Saved, ")).first.wait_for()
    visitor.settles()
    page.get_by_label("What will be done").fill("Roll back")
    page.get_by_label("Who does it").fill("Ann")
    page.get_by_role("button", name="Agree on it").click()
    visitor.settles()
    # Another person, who has had the page open, does not write over it.
    other = visit(module_server)
    other.opens("weekly_review#metrics")
    expect(other.page.get_by_role("heading", name="Success criteria")).to_be_visible()
    expect(other.page).to_have_url(re.compile("step=Criteria$"))
    other.page.locator(".st-key-review_step_carried button").click()
    other.settles()
    expect(other.page.get_by_label("Notes")).to_have_value("We roll back <b>today</b>")
    page.locator(".st-key-review_step_metrics button").click()
    expect(page.get_by_role("heading", name="Success criteria")).to_be_visible()
    expect(page).to_have_url(re.compile("step=Criteria$"))
    page.get_by_role("button", name="Present").click()
    expect(slide).to_be_visible()
    assert slides(visitor, slide, 900)[::9] == ["To escalate", "What we do now"]
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(re.sub("step=[^&]*", "step=Criteria", page.url))
    assert slides(visitor, slide, 1080)[::9] == ["To escalate", "What we do now"]
    page.keyboard.press("Escape")
    page.locator(".st-key-review_step_actions button").click()
    closes(visitor)
    page.get_by_text(re.compile("Closed by")).first.wait_for()
    expect(page.get_by_text(re.compile("^Not done: escalations are not sent"))).to_be_visible()
    other.opens("weekly_review")
    expect(other.page.get_by_text("We roll back <b>today</b>")).to_be_visible()
    assert other.page.get_by_label("Notes").count() == 0
    # It was too early: it goes on as it was.
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Close the review").wait_for()
    expect(page.get_by_text("Roll back")).to_be_visible()
    assert visitor.errors == other.errors == []
    assert visitor.outside == other.outside == []
