"""The address as a browser has it: history, sharing, and marks that go with people."""

import re
from urllib.parse import quote_plus

from playwright.sync_api import expect

PERIODS = ("Last 30 days", "All time")


def choose(page, label, option):
    box = page.get_by_role("combobox", name=label).first
    box.scroll_into_view_if_needed()
    box.click()
    box.fill(option)
    page.keyboard.press("Enter")


def shows(page, path, period):
    written = re.escape(f"period={period.replace(' ', '+')}")
    expect(page).to_have_url(re.compile(rf"/{path}\?.*{written}"))
    expect(page.get_by_role("combobox", name="Period").first).to_have_value(period)


def test_back_and_forward_undo_and_redo_share_copies_and_a_row_opens_who_is_seen(
    demo_server, visit
):
    visitor = visit(demo_server, permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    visitor.opens("customer_engagement")
    shows(page, "customer_engagement", "Last 90 days")
    steps = page.evaluate("history.length")
    for period in PERIODS:
        choose(page, "Period", period)
        shows(page, "customer_engagement", period)
    page.get_by_test_id("stTopNavLink").filter(has_text="Testers").click()
    shows(page, "tester_leaderboard", "All time")  # the period goes along
    assert page.evaluate("history.length") == steps + 3  # what is filled in is no step
    for path, period in (
        ("customer_engagement", "All time"),
        ("customer_engagement", "Last 30 days"),
        ("customer_engagement", "Last 90 days"),
    ):
        page.go_back()
        shows(page, path, period)
    page.go_forward()
    shows(page, "customer_engagement", "Last 30 days")
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copied").click()  # as without HTTPS
    expect(page.get_by_label("Address")).to_have_value(page.url)
    page.keyboard.press("Escape")
    opens_who_is_seen_in_a_sorted_table(visitor)
    assert not visitor.errors


def opens_who_is_seen_in_a_sorted_table(visitor):
    page, table = visitor.page, first_table(visitor)
    table.click(position={"x": 130, "y": 17})  # the head: nobody is opened
    visitor.settles()
    name = rows_of(table)[1][1]
    assert "person=" not in page.url
    table.click(position={"x": 130, "y": 17 + 35 * 2})
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("heading").first).to_have_text(name)
    assert visitor.faults() + visitor.faults(scheme="dark") == []
    panel.get_by_role("button", name="Open page").click()
    expect(page.get_by_role("button", name="Back to everyone")).to_be_visible()
    expect(page.get_by_role("heading", name=f"{name} created")).to_be_visible()


def rows_of(table):
    """The rows of a grid with what is marked in them, from its text for screen readers."""
    return table.locator("canvas").first.evaluate(
        "c => [...c.querySelectorAll('tr')].slice(1).map(r => [...r.querySelectorAll('td')]"
        ".map(d => d.innerText + (d.getAttribute('aria-selected') === 'true' ? ' *' : '')))"
    )


def marked(table):
    return [
        row[1].rstrip(" *") for row in rows_of(table) if any(cell.endswith(" *") for cell in row)
    ]


def first_table(visitor):
    table = visitor.page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    visitor.settles()
    return table


def test_the_marked_row_is_the_one_explained(demo_server, visit):
    visitor = visit(demo_server)
    visitor.opens("tester_leaderboard")
    page, table = visitor.page, first_table(visitor)
    name = rows_of(table)[2][1]
    table.click(position={"x": 100, "y": 17 + 35 * 3})
    expect(page.get_by_role("dialog").get_by_role("heading").first).to_have_text(name)
    page.keyboard.press("Escape")
    own = page.get_by_role("button", name=re.compile("own page"))
    expect(own).to_contain_text(name)
    expect(page).to_have_url(re.compile(re.escape(f"why={quote_plus(name)}")))
    visitor.settles()
    choose(page, "Period", "Last 12 months")
    shows(page, "tester_leaderboard", "Last 12 months")
    visitor.settles()
    assert marked(page.get_by_test_id("stDataFrame").first) in ([], [name])
    expect(own).to_contain_text(name)
