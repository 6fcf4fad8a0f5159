"""What people take away from the pages, in a browser: images of charts, trends as CSV."""

import re

from playwright.sync_api import expect

from core.analytics.explore import product_names
from core.store import Scope
from tests.stores import open_store


def taken(visitor, label):
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name=label).first.click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_a_chart_is_taken_away_as_an_image_and_reset_brings_the_first_view_back(demo_server, visit):
    visitor = visit(demo_server, viewport={"width": 1440, "height": 2000})
    visitor.opens("tester_leaderboard?testers_period=Last+12+months")
    visitor.page.get_by_role("button", name="Download image").first.click()
    name, png = taken(visitor, "Download PNG")
    assert re.fullmatch(r"touchstone-ranks-[\d-]+\.png", name)
    assert png.startswith(b"\x89PNG")
    name, svg = taken(visitor, "Download SVG")
    assert name.endswith(".svg")
    assert "Filters: Last 12 months" in svg.decode()
    assert "Demo data: made up" in svg.decode()
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("button", name="Reset", exact=True).click()
    visitor.page.wait_for_url("**period=Last+90*")
    visitor.settles()
    assert "default value" not in demo_server.settled_log()
    assert visitor.outside == visitor.errors == []


def test_trends_are_stamped_with_the_names_of_products(demo_server, visit, demo_url):
    store = open_store(demo_url)
    product = next(iter(product_names(Scope(store, "demo")).values()))
    store.close()
    visitor = visit(demo_server)
    visitor.opens(f"customer_engagement?engagement_view=Signals&engagement_products={product}")
    _, csv = taken(visitor, "Download CSV")
    assert f"# Filters: Last 90 days, {product}" in csv.decode("utf-8-sig").replace('"', "")


def test_dates_that_are_none_are_told_and_no_file_is_offered_without_a_stamp(demo_server, visit):
    visitor = visit(demo_server, viewport={"width": 1440, "height": 2000})
    link = "explore?explore_period=Custom+dates&explore_dates={}&explore_dates=2026-10-20"
    visitor.opens(link.format("2026-13-01"))
    visitor.page.get_by_text("“2026-13-01” and “2026-10-20”, which are no period").wait_for()
    visitor.opens(link.format("2026-10-01"))
    page = visitor.page
    assert page.get_by_text("are no period").count() == 0
    for kind in ("stVegaLiteChart", "stDataFrame"):
        page.get_by_test_id(kind).first.hover()
        expect(page.get_by_role("button", name=re.compile("^Fullscreen")).first).to_be_visible()
    assert page.get_by_role("button", name="Download CSV").first.is_visible()
    assert page.get_by_role("button", name=re.compile("^Download as")).all() == []
    assert visitor.outside == visitor.errors == []
