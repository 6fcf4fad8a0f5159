import pytest

from core.analytics import query_metrics
from tests.analytics.worlds import Builder, fill, prepare
from tests.stores import open_store


def _opened(url, zone="UTC"):
    store = open_store(url, timezone=zone)
    prepare(store)
    return store


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory):
    store = _opened(f"sqlite:///{tmp_path_factory.mktemp('analytics')}/store.db")
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgres_store(postgres_server):
    store = _opened(postgres_server())
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def each_store(request):
    """The store on each database in turn; its accounts are a and b, its zone UTC."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
def world():
    return Builder()


@pytest.fixture
def ask(each_store, world):
    """Ask the store that holds the test's world."""

    def asked(*metrics, **more):
        fill(each_store, world.world)
        return query_metrics(each_store, metrics=metrics, **more)

    return asked
