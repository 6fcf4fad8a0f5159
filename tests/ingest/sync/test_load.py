"""A sync that writes while people vote and read: nobody is refused, and no vote is lost."""

import threading
import time

from sqlalchemy import func, select

from core.analytics import query_metrics
from core.base.settings import TestioAccount
from core.demo.world import Size
from core.feedback import cast_vote
from core.ingest.sync.testio import sync_account
from core.store import Feedback, FeedbackVote, Scope, table
from tests.bench.sync import customer_of
from tests.testio_server import SteadyServer

THREADS = 20
VOTES = 12
LONGEST_WAIT = 15.0


def count(store, model):
    with store.read() as session:
        return session.connection().execute(select(func.count()).select_from(table(model))).scalar()


def test_twenty_people_vote_and_read_while_everything_is_synchronised(store):
    size = Size(customers=40, testers=100, products=4, features=30, cycles=400, bugs=8_000)
    errors, waits, reports = [], [], []
    with SteadyServer(customer_of(size)) as server:
        account = TestioAccount(id="acme", name="Acme", base_url=server.url, token=server.token)
        store.ensure_account("acme", "Acme")

        def synchronise():
            reports.extend(sync_account(store, account, full=True) for _ in range(2))

        def visits(person):
            try:
                for n in range(VOTES):
                    started = time.monotonic()
                    cast_vote(
                        Scope(store, "acme"),
                        subject=f"ticket:{n}",
                        rater=f"p{person}",
                        rating=n % 5 + 1,
                    )
                    waits.append(time.monotonic() - started)
                    query_metrics(store, metrics=["bug_count"], account="acme")
            except Exception as error:  # noqa: BLE001 (whatever it is, the test says it)
                errors.append(error)

        threads = [threading.Thread(target=synchronise)]
        threads += [threading.Thread(target=visits, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert [report.status for report in reports] == ["done", "done"]
    assert count(store, FeedbackVote) == count(store, Feedback) == THREADS * VOTES
    assert max(waits) < LONGEST_WAIT
    totals = query_metrics(store, metrics=["bug_count"], account="acme")["totals"]
    assert totals == {"bug_count": 8_000}
