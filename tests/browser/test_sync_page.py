"""Syncing from the data page: press the button, watch it, and find the rows counted."""

import time

from tests.ingest.conftest import shop
from tests.testio_server import Fault, TestioServer


def settings(api):
    return {
        "TESTIO_CUSTOMER_API_BASE_URL": api.url,
        "TESTIO_CUSTOMER_API_TOKEN": api.token,
        "TESTIO_CUSTOMER_ID": "acme",
        "TESTIO_CUSTOMER_NAME": "Acme",
        "TOUCHSTONE_SYNC_INTERVAL_SECONDS": "0",
    }


def test_sync_now_brings_the_account_in(start, visit):
    with TestioServer(shop()) as api:
        api.faults.append(Fault(path="/bugs?", times=1, delay=4))
        visitor = visit(start(**settings(api)))
        visitor.opens("data")
        visitor.page.get_by_text("Nothing has been synced yet").wait_for()
        visitor.page.get_by_role("button", name="Sync now").click()
        visitor.page.get_by_role("progressbar").first.wait_for(timeout=10_000)
        read = "Read 2 products, 3 features, 3 test cycles and 4 bugs"
        visitor.page.get_by_text(read).first.wait_for(timeout=20_000)
        visitor.page.wait_for_function(
            "document.body.innerText.includes('The last sync ended at')", timeout=10_000
        )
        visitor.opens("customer_engagement?engagement_period=All+time")
        assert visitor.figure("Created") == "3"


def test_a_refused_token_is_told_on_the_page(start, visit):
    with TestioServer(shop()) as api:
        server = start(**settings(api) | {"TESTIO_CUSTOMER_API_TOKEN": "wr0ng-t0ken"})
        visitor = visit(server)
        visitor.opens("data")
        visitor.page.get_by_role("button", name="Sync now").click()
        visitor.page.get_by_text("refused").first.wait_for(timeout=20_000)
        time.sleep(1)
        assert "wr0ng-t0ken" not in visitor.page.content()
        assert "wr0ng-t0ken" not in server.settled_log()
