from functools import partial

import pytest

from core.base.settings import TestioAccount
from core.ingest.clients.http import RetryPolicy
from core.ingest.sync.testio import sync_account
from core.store import table
from tests.payloads import payload
from tests.stores import open_store
from tests.testio_server import Customer, TestioServer

FAST = RetryPolicy(
    attempts=2, wait_initial=0, wait_max=0, wait_jitter=0, connect_timeout=5, read_timeout=5
)


def shop():
    """A small customer: two products, features in and out of sections, three cycles, four bugs."""
    desk = {"id": 813, "name": "Help desk", "type": "mobile", "sections": []}
    return Customer(
        products=[payload("product"), desk],
        features=[
            payload("feature", product_id=812),
            payload("feature", id=3302, title="Basket", product_id=812, section_id=92),
            payload("feature", id=3400, title="Chat", product_id=813),
        ],
        cycles=[
            payload("cycle"),
            payload("cycle", id=50118, status="initialized", end_at=None, submitted_by=None),
            payload("cycle", id=50200, product=desk, features=[], requirements=None),
        ],
        bugs=[
            payload("bug"),
            payload("rejected_bug"),
            payload("bug", id=990003, auto_accepted=True, severity="low"),
            payload("bug", id=990004, test={"id": 50200}, author=None, test_feature=None),
        ],
        reasons=payload("reject_reasons"),
    )


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/store.db", timezone="UTC")
    yield opened
    opened.close()


@pytest.fixture
def server():
    with TestioServer(shop()) as running:
        yield running


@pytest.fixture
def account(server):
    return TestioAccount(id="acme", name="Acme", base_url=server.url, token=server.token)


@pytest.fixture
def sync(store, account):
    return partial(sync_account, store, account, retry=FAST)


@pytest.fixture
def rows(store):
    """The stored rows of a model by their keys, without the account."""

    def read(model, account_id="acme"):
        target = table(model)
        keys = [column.name for column in target.primary_key if column.name != "account_id"]
        with store.read() as session:
            found = session.connection().execute(
                target.select().where(target.c.account_id == account_id)
            )
            plain = [dict(row) for row in found.mappings()]
        for row in plain:
            del row["account_id"]
        return {
            tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in plain
        }

    return read


@pytest.fixture
def everything(store, rows):
    """All data of an account: every table that a figure could show."""
    from core import store as models

    names = (
        *("Product", "Feature", "User", "TestCycle", "TestFeature", "CyclePlatform", "Bug"),
        *("BugDevice", "RejectionReason", "CalendarDay"),
    )
    return lambda account_id="acme": {
        name: rows(getattr(models, name), account_id) for name in names
    }
