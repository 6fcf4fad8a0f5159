"""What stands in a page's address, and what a link opens, in vain or not."""

from urllib.parse import parse_qs

import pytest

from core.analytics.explore import user_names
from core.ingest.parse.testio import parse_cycle, parse_product
from core.ingest.save.testio import save_cycles, save_products
from core.store import Scope
from tests.pages.conftest import SCRIPTS
from tests.pages.test_shown_figures import cycle
from tests.stores import open_store


@pytest.fixture
def two(tmp_path):
    """Two accounts, whose products have the same ids and other names but for one."""
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    for account, name, products in (
        ("acme", "Acme", ("Shop", "App", "Till")),
        ("zz", "Zeta & Co", ("App", "Shop", "Desk")),
    ):
        store.ensure_account(account, name)
        with store.write(account) as unit:
            known = [{"id": n, "name": one} for n, one in enumerate(products, 1)]
            save_products(unit, [parse_product(one) for one in known])
            cycles = [cycle(n, who, who, 5) for n, who in enumerate(("Ann", "Bob"), 1)]
            save_cycles(unit, [parse_cycle(one) for one in cycles])
    yield store
    store.close()


def written(app):
    """The address that the browser gets."""
    assert not app.exception
    return parse_qs(app.session_state["address"].written, keep_blank_values=True)


def told(app):
    return " ".join(one.value for one in app.warning).replace("\\", "")


def moved(app, script):
    """Another page by the navigation, which takes nothing of the address with it."""
    app.query_params.clear()
    return app.switch_page(script).run()


def test_what_equals_a_default_stands_in_the_address_too(two, run_page):
    app = run_page("customer_engagement")
    assert written(app) == {
        "account": ["acme"],
        "period": ["Last 90 days"],
        "products": [""],
        "versus": ["vs previous"],
        "tab": ["Leaderboard"],
    }
    assert not app.warning


def test_the_link_of_a_view_opens_it(two, run_page):
    app = run_page("customer_engagement", account="zz")
    app.selectbox(key="engagement_period").select("All time").run()
    app.multiselect(key="engagement_products").select(2).run()
    address = written(app)
    assert address["products"] == ["Shop"]
    assert app.query_params == {name: words[0] for name, words in address.items()}
    other = run_page("customer_engagement", **address)
    assert other.multiselect(key="engagement_products").value == [2]
    assert written(other) == address


@pytest.mark.parametrize(
    "old",
    [
        {"engagement_period": "All time", "engagement_products": "App", "account": "Zeta & Co"},
        {"customer_engagement_period": "All time", "products": ["1"], "account": "zz"},
    ],
)
def test_links_of_old_are_still_opened(two, run_page, old):
    app = run_page("customer_engagement", **old)
    assert not app.warning
    address = written(app)
    assert (address["account"], address["period"]) == (["zz"], ["All time"])
    assert address["products"] == ["App"]
    assert not set(address) & {"engagement_period", "customer_engagement_period"}


def test_an_unknown_account_shows_no_figure_until_one_is_chosen(two, run_page):
    app = run_page("customer_engagement", account="gone", period="All time")
    assert not app.metric
    assert "asks for the account “gone”, not found in this store." in told(app)
    app.run()
    assert not app.metric
    app.selectbox(key="account").select("acme").run()
    assert app.metric
    assert not app.warning
    assert written(app)["account"] == ["acme"]
    assert written(app)["period"] == ["All time"]


def test_the_comparison_goes_to_the_next_page(two, run_page):
    app = run_page("customer_engagement", versus="vs last year")
    assert app.selectbox(key="engagement_versus").value == "year"
    app = moved(app, SCRIPTS["tester_leaderboard"])
    assert written(app)["versus"] == ["vs last year"]
    assert "the comparison “vs baseline”" in told(run_page("overview", versus="vs baseline"))


def test_an_unknown_account_is_told_on_the_next_page_too(two, run_page):
    app = moved(run_page("customer_engagement", account="gone"), SCRIPTS["tester_leaderboard"])
    assert not app.metric
    assert "the account “gone”, not found in this store." in told(app)
    app.selectbox(key="account").select("zz").run()
    assert written(app)["account"] == ["zz"]
    assert written(moved(app, SCRIPTS["customer_engagement"]))["account"] == ["zz"]


def test_what_is_asked_in_vain_is_said_until_the_address_changes(two, run_page):
    link = {
        "period": "Soon",
        "products": ["Shop", "Nix"],
        "tab": "Nope",
        "person": "Cy",
        "foo": "1",
    }
    app = run_page("customer_engagement", **link)
    said = told(app)
    assert "the period “Soon”, not found here. Shown instead: Last 90 days." in said
    assert "the product “Nix”, not found in Acme. Shown instead: Shop." in said
    assert "the tab “Nope”" in said
    assert "the customer user “Cy”, not found in Acme. Shown instead: everyone." in said
    assert "Not used here: “foo”." in said
    assert written(app)["products"] == ["Shop"]
    assert told(app.run()) == said
    app.selectbox(key="engagement_period").select("All time").run()
    assert not app.warning


def test_what_is_chosen_goes_from_page_to_page_and_reset_ends_it(two, run_page):
    app = run_page("customer_engagement", account="zz")
    app.selectbox(key="engagement_period").select("All time").run()
    app.multiselect(key="engagement_products").select(2).run()
    app = moved(app, "testers/tester_leaderboard.py")
    address = written(app)
    assert (address["account"], address["period"], address["products"]) == (
        *(["zz"], ["All time"], ["Shop"]),
    )
    app.button(key="testers_reset").click().run()
    address = written(moved(app, "engagement/customer_engagement.py"))
    assert (address["account"], address["period"], address["products"]) == (
        *(["zz"], ["Last 90 days"], [""]),
    )


def test_a_page_opens_with_its_own_period_until_one_is_chosen(two, run_page):
    app = run_page("customer_engagement")
    assert written(app)["period"] == ["Last 90 days"]
    assert written(moved(app, "explore.py"))["period"] == ["Last 12 months"]


def test_another_account_has_other_products_by_the_same_ids(two, run_page):
    app = run_page("customer_engagement", products=["Shop", "Till"])
    assert app.multiselect(key="engagement_products").value == [1, 3]
    app.selectbox(key="account").select("zz").run()
    assert app.multiselect(key="engagement_products").value == [2]
    assert "No longer shown: the product “Till”, not found in Zeta & Co." in told(app)


def test_an_address_that_changes_on_the_page_counts(two, run_page):
    app = run_page("customer_engagement", person="Ann")
    assert app.selectbox(key="engagement_person").value is not None
    app.query_params.clear()
    app.query_params["tab"] = "Weekdays"
    app.run()
    assert written(app)["tab"] == ["Weekdays"]
    assert "person" not in written(app)


def test_a_tab_is_left_and_found_again_as_it_was(two, run_page):
    app = run_page("customer_engagement", tab="Slipping away", slipping="Fading")
    people = user_names(Scope(two, "acme"), kind="customer")
    ann = next(person for person, name in people.items() if name == "Ann")
    app.selectbox(key="engagement_person").select(ann).run()
    assert written(app)["person"] == ["Ann"]
    app.button(key="engagement_leave").click().run()
    assert written(app)["slipping"] == ["Fading"]


def test_a_presentation_that_was_left_leaves_other_pages_as_they_are(demo_url, run_page):
    app = run_page("weekly_review", present="1", step="Criteria")
    assert (written(app)["present"], written(app)["step"]) == (["1"], ["Criteria"])
    asked = "Was this page useful?"
    assert asked not in [one.value for one in app.caption]
    assert asked in [one.value for one in moved(app, SCRIPTS["definitions"]).caption]
