"""The tester leaderboard in a browser: a row, a link to one tester, a trial that is in its link."""

import re

from playwright.sync_api import expect

ROW = 33


def clicks_row(visitor, number):
    """The name in a row; the table is a canvas, so by place."""
    table = visitor.page.locator('[data-testid="stDataFrame"]').first
    table.wait_for()
    place = table.bounding_box()
    visitor.page.mouse.click(place["x"] + 90, place["y"] + ROW * (number + 0.5))
    visitor.settles()


def turns_the_pages_of_the_rows_behind_a_figure(visitor):
    visitor.page.get_by_role("button", name="About bugs").click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_text("200 rows a page").wait_for()
    first = dialog.locator('[data-testid="stDataFrame"] canvas').first.screenshot()
    dialog.get_by_role("button", name="Page 2").click()
    visitor.settles()
    dialog.get_by_text("the number shown: yes").wait_for()
    assert dialog.locator('[data-testid="stDataFrame"] canvas').first.screenshot() != first
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    visitor.settles()


def test_a_row_opens_a_panel_as_often_as_it_is_pressed_a_link_the_page_and_a_figure_its_rows(
    demo_server, visit
):
    visitor = visit(demo_server, viewport={"width": 1440, "height": 1600})
    visitor.opens("tester_leaderboard")
    panel = visitor.page.get_by_role("dialog")
    for _ in range(2):
        clicks_row(visitor, 3)
        expect(panel.get_by_text(re.compile(r"has rank 3=? of"))).to_be_visible()
        assert visitor.faults() == []
        visitor.page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        visitor.settles()
    # The box beside the table explains the same one.
    visitor.page.get_by_text(re.compile(r"^Rank 3=? of")).wait_for()
    clicks_row(visitor, 3)
    panel.get_by_role("button", name="Open page").click()
    visitor.page.wait_for_url("**person=*")
    expect(panel).to_have_count(0)
    visitor.page.get_by_text(re.compile(r"has rank 3=? of")).wait_for()
    visitor.page.reload()
    visitor.page.get_by_text(re.compile(r"has rank 3=? of")).wait_for()
    visitor.settles()
    visitor.page.get_by_role("button", name="Back to everyone").click()
    visitor.page.get_by_role("tab", name="Ranking").wait_for()
    visitor.page.wait_for_url(lambda url: "person" not in url)
    visitor.settles()
    turns_the_pages_of_the_rows_behind_a_figure(visitor)
    assert visitor.errors == []


def test_a_trial_stands_in_the_link_until_it_ends(demo_server, visit):
    visitor = visit(demo_server)
    visitor.opens("tester_leaderboard?testers_tab=Weights")
    box = visitor.page.get_by_label("critical", exact=True)
    box.fill("9")
    box.press("Tab")
    visitor.page.get_by_role("button", name="Try", exact=True).click()
    visitor.page.wait_for_url("**trial=*")
    visitor.settles()
    link = visitor.page.url
    other = visit(demo_server)
    other.page.goto(link)
    other.page.get_by_text("Critical weighs 9 instead of 5").wait_for()
    other.settles()
    expect(other.page.get_by_label("critical", exact=True)).to_have_value("9")
    other.page.get_by_role("button", name="End the trial").click()
    other.page.get_by_text("Critical weighs 9").wait_for(state="detached")
    other.page.wait_for_url(lambda url: "trial" not in url)
    assert visitor.errors == other.errors == []
