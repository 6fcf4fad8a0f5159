"""The explorer in a browser: a question is chosen, shown, taken away, kept and found again."""

import csv
import io
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError  # noqa: A004  # as Playwright calls it

from core.analytics import query_metrics
from core.base import text
from core.ingest.parse.testio import parse_cycle, parse_product
from core.ingest.save.testio import save_cycles, save_products
from tests.pages.test_shown_figures import cycle
from tests.stores import open_store


def choose(visitor, box, option, *, shows):
    """Add an option to a box with several choices, and wait for what the page then shows."""
    control = visitor.page.locator(f".st-key-{box}")
    for _ in range(5):
        # An answer that comes in meanwhile closes the list.
        with suppress(TimeoutError):
            control.get_by_role("combobox").fill(option)
            visitor.page.get_by_role("option", name=option, exact=True).click(timeout=3_000)
            break
    visitor.page.keyboard.press("Escape")
    visitor.page.locator(shows).first.wait_for()
    visitor.settles()


def taken(visitor):
    """The download as the lines of its stamp, and its rows by column."""
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    stamp = [line for line in lines if line.startswith(("#", '"#'))]
    return stamp, list(csv.DictReader(io.StringIO("\n".join(lines[len(stamp) :]))))


def test_a_question_is_charted_counted_and_taken_away(demo_server, visit, demo_url):
    visitor = visit(demo_server)
    visitor.opens("explore?explore_metrics=&explore_dimensions=")
    visitor.page.get_by_text("Choose a metric to begin.").wait_for()
    choose(visitor, "explore_metrics", "Bugs", shows="text='Bugs, total'")
    choose(visitor, "explore_metrics", "Rejection rate", shows="text='Rejection rate, total'")
    choose(visitor, "explore_dimensions", "Tester", shows="text=Rejection rate by tester")
    visitor.page.get_by_role("combobox", name="Period").click()
    visitor.page.get_by_role("option", name="All time").click()
    visitor.page.wait_for_url("**period=All*")
    visitor.settles()
    visitor.page.get_by_text("The first 25 of 1").wait_for()  # a long list
    asked = {"metrics": ["bug_count", "rejection_rate"], "account": "demo"}
    store = open_store(demo_url)
    expected = query_metrics(store, **asked, dimensions=["tester"], limit=10_000)
    store.close()
    totals = expected["totals"]
    assert visitor.figure("Bugs, total") == f"{totals['bug_count']:,}"
    assert visitor.figure("Rejection rate, total") == text.share(totals["rejection_rate"])
    stamp, rows = taken(visitor)
    assert any("Bugs and Rejection rate by tester" in line for line in stamp)
    found = [(r["tester_id"], r["tester"], r["bug_count"], r["rejection_rate"]) for r in rows]
    assert found == [
        tuple("" if row[key] is None else str(row[key]) for key in keys)
        for keys in [("tester_id", "tester", "bug_count", "rejection_rate")]
        for row in expected["data"]
    ]
    other = visit(demo_server)
    other.page.goto(visitor.page.url)
    other.settles()
    assert other.figure("Bugs, total") == f"{totals['bug_count']:,}"
    other.opens("explore?explore_metrics=Bugs&explore_period=All+time")
    other.page.locator('[data-testid="stVegaLiteChart"] canvas, svg.marks').first.wait_for()
    assert visitor.errors == other.errors == []


def test_a_filter_comes_and_goes_without_a_trace(demo_server, visit):
    visitor = visit(demo_server)
    visitor.opens("explore?explore_metrics=Bugs&explore_dimensions=Severity")
    before = visitor.figure("Bugs, total")
    box = ".st-key-explore_only_known_bug"
    choose(visitor, "explore_where", "Known bug", shows=box)
    choose(visitor, "explore_only_known_bug", "true", shows="text=where known bug is true")
    assert visitor.figure("Bugs, total") != before
    visitor.page.locator(".st-key-explore_where").get_by_role("button", name="Clear all").click()
    visitor.page.locator(box).wait_for(state="detached")
    visitor.settles()
    assert visitor.figure("Bugs, total") == before
    assert visitor.page.get_by_text("Left out").count() == 0


def test_a_saved_view_comes_back_whatever_is_shown_meanwhile(own_demo_server, visit):
    visitor = visit(own_demo_server)
    visitor.opens("explore?explore_metrics=Bugs&explore_dimensions=Severity")
    before = visitor.figure("Bugs, total")
    visitor.page.get_by_text("Saved views (0)").click()
    visitor.page.get_by_role("textbox", name="Name of this view").fill("Bugs *by* severity")
    visitor.page.get_by_role("button", name="Save view").click()
    visitor.page.get_by_text("Saved views (1)").wait_for()
    visitor.page.get_by_role("button", name="Reset").click()
    visitor.settles()
    assert visitor.page.locator('[data-testid="stMetric"]').inner_text().startswith("Tests created")
    visitor.page.get_by_role("link", name="Bugs *by* severity").click()
    visitor.settles()
    assert visitor.figure("Bugs, total") == before
    assert visitor.page.get_by_text("Bugs by severity", exact=True).is_visible()


@pytest.fixture
def two_accounts(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    for number, account in enumerate("ab", 1):
        store.ensure_account(account, f"Account {account}")
        with store.write(account) as unit:
            save_products(unit, [parse_product({"id": 1, "name": "Shop"})])
            save_cycles(
                unit, [parse_cycle(cycle(n, "Ann", "Bob", 5)) for n in range(1, number + 1)]
            )
    store.close()


def test_a_link_keeps_its_account(two_accounts, start, visit):
    server = start()
    visitor = visit(server)
    visitor.opens("explore")
    assert visitor.figure("Tests created, total") == "1"
    visitor.page.get_by_role("combobox", name="Account").click()
    visitor.page.get_by_role("option", name="Account b").click()
    visitor.page.wait_for_url("**account=b*")
    visitor.settles()
    assert visitor.figure("Tests created, total") == "2"
    other = visit(server)
    other.page.goto(visitor.page.url)
    other.settles()
    assert other.figure("Tests created, total") == "2"
