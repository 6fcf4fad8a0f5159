"""The API's routes on a store of the test's own, with two accounts and a token of one."""

import warnings

import pytest
from starlette.applications import Starlette

from core.access.tokens import create_token
from core.api import ROUTES, access
from core.base.settings import load_settings
from core.demo.active_store import configured_store
from core.store import Scope
from tests.shown import close_stores
from tests.stores import open_store

with warnings.catch_warnings():
    # It would rather have a successor of httpx.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


def forget():
    """Make the API read settings, tokens and limits anew."""
    access._served = None
    access.forget_tokens()
    access.LIMITS._left.clear()


@pytest.fixture(autouse=True)
def _fresh():
    forget()
    yield
    forget()
    close_stores()


@pytest.fixture
def store():
    """The store that the API of this test works with."""
    settings = load_settings()
    open_store(settings.database_url).close()
    opened = configured_store(settings)
    opened.ensure_account("acme", "Acme")
    opened.ensure_account("other", "Other")
    return opened


@pytest.fixture
def token(store):
    return create_token(Scope(store, "acme"), "test")


@pytest.fixture
def anyone(store):
    """A client without a token."""
    # Not entered: a second one over the same routes would hang.
    return TestClient(Starlette(routes=ROUTES), raise_server_exceptions=True)


@pytest.fixture
def client(anyone, token):
    """A client that bears the account's token."""
    anyone.headers["Authorization"] = f"Bearer {token}"
    return anyone


@pytest.fixture
def vote():
    """A valid vote, with changes."""

    def made(**changes):
        whole = {
            "tenant_id": "acme",
            "ticket_id": "T-1",
            "technician_email": "ann@example.org",
            "feedback_type": "thumbs_up",
        } | changes
        return {name: value for name, value in whole.items() if value is not ...}

    return made
