"""The dashboard in a browser: pages open, a vote lands in the store, a link keeps its view."""

import sqlite3

import httpx
from playwright.sync_api import expect

PAGES = {
    "": "How are we doing?",
    "customer_engagement": "Who drives engagement, and who is slipping away?",
    "tester_leaderboard": "Who finds the bugs that matter?",
    "success_criteria": "Are we meeting our success criteria?",
    "feedback": "What do people say about the enhancements?",
    "weekly_review": "What changed, and what do we do about it?",
    "roadmap": "What should we improve next?",
    "survey": "How well does the enhancement help you?",
    "explore": "What do you want to know?",
    "data": "Where do the numbers come from, and how fresh are they?",
    "import_data": "What do you want to bring in?",
    "definitions": "What does each number mean?",
}
PHONE = {"width": 390, "height": 844}
TROUBLE = ("Traceback", "Error", "Warning", "WARNING", "deprecated")


def test_every_page_opens_is_for_everyone_stands_still_and_asks_no_other_host(demo_server, visit):
    visitor = visit(demo_server, viewport=PHONE)
    for path, question in PAGES.items():
        visitor.page.set_viewport_size(PHONE)
        visitor.opens(path)
        assert visitor.shift() < 0.1, path
        assert visitor.page.get_by_role("heading", level=1).inner_text() == question
        badge = visitor.page.get_by_text("Demo data", exact=True).filter(visible=True)
        if path != "survey":  # which asks, and shows nothing
            expect(badge.first).to_be_visible()
        assert visitor.page.locator('[data-testid="stException"]').count() == 0
        assert visitor.page.locator('[data-testid="stAlertContentError"]').count() == 0
        assert visitor.faults() == [], path
        assert visitor.widths() == [390, 390], path
        if path == "feedback":
            visitor.page.get_by_role("button", name="How sure").first.click()
        # Now in the other of the two themes.
        assert visitor.faults(width=1440) == [], path
    assert visitor.outside == []
    assert visitor.errors == []
    log = demo_server.settled_log()
    assert not [line for line in log.splitlines() if any(word in line for word in TROUBLE)]


def test_a_vote_lands_in_the_store(own_demo_server, visit, tmp_path):
    visitor = visit(own_demo_server)
    visitor.opens("feedback?tab=Rate")
    row = visitor.page.locator('[class*="st-key-feedback_thumb_"]').first
    key = next(
        k for k in row.get_attribute("class").split() if k.startswith("st-key-feedback_thumb_")
    )
    row.get_by_role("radio", name="Thumbs up").click()
    visitor.page.get_by_text("Vote saved.").wait_for()
    subject = f"enhancement:{key.removeprefix('st-key-feedback_thumb_')}"
    assert votes(tmp_path, subject) == [("up", None, 1)]
    visitor.settles()
    visitor.page.locator(f".{key}").get_by_role("radio", name="Thumbs down").click()
    visitor.page.wait_for_function(
        "document.body.innerText.includes('Vote saved.')", timeout=10_000
    )
    visitor.settles()
    assert votes(tmp_path, subject) == [("down", None, 2)]


def votes(folder, subject):
    """Thumb, stars and the number of votes cast, as the store has them."""
    connection = sqlite3.connect(folder / "touchstone-demo.db")
    found = connection.execute(
        "SELECT thumb, rating, (SELECT count(*) FROM feedback_vote v WHERE v.feedback_id = f.id)"
        " FROM feedback f WHERE subject = ? AND rater LIKE 'anonymous:%'",
        (subject,),
    ).fetchall()
    connection.close()
    return found


def test_a_link_shows_the_same_view(demo_server, visit):
    visitor = visit(demo_server)
    visitor.opens("customer_engagement")
    assert visitor.shift() < 0.1
    before = visitor.figure("Created")
    visitor.page.get_by_role("combobox", name="Period").click()
    visitor.page.get_by_role("option", name="Last 24 months").click()
    visitor.page.wait_for_url("**period=Last+24*")
    visitor.settles()
    after = visitor.figure("Created")
    assert after != before
    other = visit(demo_server)
    other.page.goto(visitor.page.url)
    other.settles()
    assert other.figure("Created") == after
    other.page.get_by_role("button", name="Reset").click()
    other.settles()
    assert other.figure("Created") == before


def test_unknown_addresses_below_the_api_are_told_in_json(demo_server):
    for method in ("GET", "POST", "DELETE"):
        answer = httpx.request(method, f"{demo_server.url}/api/v9/nothing")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
    assert httpx.get(f"{demo_server.url}/_stcore/health").text == "ok"


def test_a_table_and_the_rows_behind_a_figure_can_be_taken_away(demo_server, visit):
    visitor = visit(demo_server)
    visitor.opens("tester_leaderboard")
    assert visitor.shift() < 0.1
    with visitor.page.expect_download() as taken:
        visitor.page.get_by_role("button", name="Download CSV").click()
    table = taken.value.path().read_text(encoding="utf-8-sig")
    assert table.startswith("# Touchstone: Tester leaderboard")
    bugs = int(visitor.figure("Bugs").replace(",", ""))
    visitor.page.get_by_role("button", name="About bugs").click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_text("the number shown: yes").wait_for()
    assert visitor.faults() + visitor.faults(scheme="dark") == []
    with visitor.page.expect_download() as taken:
        dialog.get_by_role("button", name="Download CSV").click()
    rows = taken.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len([line for line in rows if not line.startswith("# ")]) == bugs + 1
